"""Scores and comparisons for a terminal of 80 columns, with or without colour."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.comparison import Comparison, adjusted
from eval.generality import Generality
from eval.markup import NOTHING, percent
from eval.results import Results
from eval.statistics import Estimate

NOTES = (
    "points: KOTH, of 300; every class of opponents weighs the same",
    "placements: 95% interval around what all placements would give",
    "opponents: 95% interval around what more opponents of these classes would give",
    "win rate (DEI): opponents beaten; defeat or tie (DRQ): opponents not lost to",
)


def results_table(results: Results) -> RenderableType:
    """All scores, the best first, then the comparisons, or a lone warrior's opponents."""
    scores = sorted(results.scores, key=lambda score: -score.points)
    parts: list[RenderableType] = [_headline(results), _points(scores), _shares(scores)]
    if results.comparisons:
        parts.append(_comparisons(results.comparisons))
    elif len(scores) == 1:
        parts.append(_opponents(scores[0]))
    return Group(*parts, *(Text(f" {note}", style="dim") for note in NOTES))


def interval(estimate: Estimate | None) -> str:
    """Both ends, such as ``98.2 to 105.9``; a dash for an estimate that does not exist."""
    if estimate is None:
        return NOTHING
    low, high = estimate.interval()
    return f"{low:.1f} to {high:.1f}"


def p_value(p: float | None) -> str:
    """A p-value to three digits."""
    if p is None:
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _headline(results: Results) -> Text:
    opponents = len(results.hill.split(results.split))
    return Text(
        f"{opponents} {results.split} warriors of hill {results.hill.name} "
        f"{results.hill.version}, protocol {results.protocol.profile}",
        style="bold",
    )


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(headings[0], overflow="fold", min_width=12)
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    return table


def _points(scores: Sequence[Generality]) -> Table:
    table = _table("warrior", "points", "placements", "opponents", "worst class")
    for s in scores:
        worst = f"{s.worst_class} {s.class_points()[s.worst_class]:.1f}"
        table.add_row(
            Text(s.name),
            Text(f"{s.points:.1f}", style="bold"),
            *map(Text, (interval(s.placement), interval(s.opponents), worst)),
        )
    return table


def _shares(scores: Sequence[Generality]) -> Table:
    table = _table("warrior", "won", "tied", "lost", "win rate", "defeat or tie")
    for s in scores:
        rounds = (s.win_share, s.tie_share, s.losses / s.rounds)
        table.add_row(Text(s.name), *(percent(x) for x in (*rounds, s.win_rate, s.defeat_or_tie)))
    return table


def _opponents(score: Generality) -> Table:
    table = _table("opponent", "class", "won", "tied", "lost", "points")
    for p in score.pairs:
        figures = (p.opponent_class, str(p.wins), str(p.ties), str(p.losses), f"{p.points:.1f}")
        table.add_row(Text(p.opponent), *map(Text, figures))
    return table


def _comparisons(comparisons: Sequence[Comparison]) -> Table:
    table = _table("comparison", "difference", "placements", "opponents", "p", "p (Holm)")
    for c, p in zip(comparisons, adjusted(comparisons), strict=True):
        alone = c.opponents.p_different if c.opponents else None
        table.add_row(
            Text(f"{c.first.name} - {c.second.name}"),
            f"{c.points:+.1f}",
            *map(Text, (interval(c.placement), interval(c.opponents), p_value(alone), p_value(p))),
        )
    return table
