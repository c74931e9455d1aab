"""Scores and comparisons as one HTML page that needs nothing but itself.

Names come from warriors and hills, and are hostile: every one passes through `name` or
`html.escape`.
"""

from collections.abc import Sequence
from html import escape

from eval import plots
from eval.comparison import Comparison, adjusted
from eval.generality import MAX_POINTS, Generality, PairScore
from eval.markup import (
    NOTHING,
    document,
    figure,
    name,
    percent,
    row,
    section,
    side_by_side,
    table,
)
from eval.results import Results, result_key
from eval.score_table import interval, p_value
from eval.statistics import Estimate

Axis = tuple[float, float]
"""Least and greatest value that a plot has room for."""


def score_page(results: Results) -> str:
    """The whole page; it loads nothing from anywhere. The best warrior comes first."""
    scores = sorted(results.scores, key=lambda score: -score.points)
    body = [_header(results), section("Scores", _scores(scores))]
    if results.comparisons:
        body.append(section("Comparisons", _comparisons(results.comparisons)))
    body.append(section("Opponents", _details(scores)))
    body.append(section("How this was measured", _method(results)))
    return document(f"Scores of {len(scores)} Core War warriors", body, _RULES)


def _header(results: Results) -> str:
    hill = results.hill
    return (
        f"<header>\n<p>Held-out generality</p>\n<h1>Scores against {name(hill.name)} "
        f"{name(hill.version)}</h1>\n<p>{len(hill.split(results.split))} {results.split} warriors, "
        f"protocol {results.protocol.profile}, season {results.protocol.season.number}.</p>\n"
        "</header>"
    )


def _scores(scores: Sequence[Generality]) -> str:
    note = (
        "KOTH points, of 300: three for a won round and one for a tied one, per hundred rounds, "
        "every class of opponents weighing the same. The thick bar is where all placements would "
        "put the score against these opponents, the thin line where more opponents of these "
        "classes would, both with 95% confidence."
    )
    rows = [
        row(
            name(s.name),
            f"<b>{s.points:.1f}</b>",
            _whisker(s.placement, s.opponents, (0, MAX_POINTS)),
            interval(s.placement),
            interval(s.opponents),
            f"{name(s.worst_class)} {s.class_points()[s.worst_class]:.1f}",
        )
        for s in scores
    ]
    head = ("Warrior", "Points", f"0 to {MAX_POINTS}", "Placements", "Opponents", "Worst class")
    shares = [
        row(
            name(s.name),
            *map(percent, (s.win_share, s.tie_share, s.losses / s.rounds)),
            *map(percent, (s.win_rate, s.defeat_or_tie)),
        )
        for s in scores
    ]
    papers = ("Warrior", "Won", "Tied", "Lost", "Win rate (DEI)", "Defeat or tie (DRQ)")
    return (
        f"<p>{note}</p>\n{table('Points with both intervals', head, rows)}\n"
        f"{table('Shares of rounds, and of opponents as the papers count them', papers, shares)}"
    )


def _comparisons(comparisons: Sequence[Comparison]) -> str:
    note = (
        "Both warriors of a comparison met the same opponents at the same placements, so their "
        "differences are taken pair by pair. p is two-sided, over opponents; Holm's is adjusted "
        "for the number of comparisons in this table."
    )
    ends = [end for c in comparisons for e in (c.placement, c.opponents) if e for end in _ends(e)]
    reach = max(map(abs, ends)) or 1.0
    rows = [
        row(
            f"{name(c.first.name)} &minus; {name(c.second.name)}",
            f"<b>{c.points:+.1f}</b>",
            _whisker(c.placement, c.opponents, (-reach, reach)),
            interval(c.placement),
            interval(c.opponents),
            p_value(c.opponents.p_different if c.opponents else None).replace("<", "&lt;"),
            p_value(p).replace("<", "&lt;"),
        )
        for c, p in zip(comparisons, adjusted(comparisons), strict=True)
    ]
    span = f"&minus;{reach:.0f} to {reach:.0f}"
    head = ("Warriors", "Difference", span, "Placements", "Opponents", "p", "p (Holm)")
    return f"<p>{note}</p>\n{table('Differences of KOTH points', head, rows)}"


def _ends(estimate: Estimate) -> tuple[float, float]:
    return estimate.interval()


def _whisker(thick: Estimate, thin: Estimate | None, axis: Axis) -> str:
    """Two intervals around one dot, in a strip of the page's own colours."""
    low, high = axis

    def x(value: float) -> float:
        return round(5 + 190 * (min(max(value, low), high) - low) / (high - low), 1)

    def bar(estimate: Estimate, width: float) -> str:
        a, b = map(x, _ends(estimate))
        return f'<path d="M{a} 9H{b}" stroke="var(--win)" stroke-width="{width}"/>'

    middle = '<path d="M100 1V17" stroke="var(--line)" stroke-dasharray="2 2"/>'
    ends = '<path d="M5 9H195M5 4V14M195 4V14" stroke="var(--line)"/>'
    bars = (bar(thin, 1.5) if thin else "") + bar(thick, 7)
    dot = f'<circle cx="{x(thick.mean)}" cy="9" r="3" fill="var(--ink)"/>'
    inside = f"{middle}{ends}{bars}{dot}"
    return f'<svg class="whisker" viewBox="0 0 200 18" aria-hidden="true">{inside}</svg>'


def _details(scores: Sequence[Generality]) -> str:
    note = (
        "In the bars, solid is won, hatched is tied, and the rest is lost. The error of a pair's "
        "points is the standard error that the choice of placements leaves."
    )
    return f"<p>{note}</p>\n" + "\n".join(_detail(i, score) for i, score in enumerate(scores))


def _detail(index: int, score: Generality) -> str:
    """One warrior: a bar chart by class, and the table of opponents; the first one is open."""
    classes = ", ".join(f"{c} {points:.0f}" for c, points in score.class_points().items())
    bars = figure(
        plots.class_bars(score),
        f"classes-{index}",
        f"KOTH points by class of opponents: {classes}",
        "By class.",
        f"{percent(score.win_share)} won, {percent(score.tie_share)} tied.",
    )
    return (
        f"<details{' open' if index == 0 else ''}>\n<summary><b>{score.points:.1f}</b> "
        f"{name(score.name)}</summary>\n{side_by_side(bars, _opponents(score))}\n</details>"
    )


def _opponents(score: Generality) -> str:
    groups = {
        class_: [
            f'<tr class="group"><th scope="rowgroup" colspan="4">{name(class_)}</th>'
            f"<td>{points:.1f}</td><td></td></tr>\n"
        ]
        for class_, points in score.class_points().items()
    }
    for pair in score.pairs:
        groups[pair.opponent_class].append(_opponent(pair))
    caption = "Rounds won, lost and tied against each opponent"
    return table(caption, ("Opponent", "W", "L", "T", "Points", "Error"), *groups.values())


def _opponent(pair: PairScore) -> str:
    counts = map(str, (pair.wins, pair.losses, pair.ties))
    error = f"{pair.error:.1f}" if pair.sample else NOTHING
    return row(name(pair.opponent), *counts, f"{pair.points:.1f}", error)


def _method(results: Results) -> str:
    rounds = sorted({pair.rounds for score in results.scores for pair in score.pairs})
    first = results.scores[0]
    conditions = results.conditions
    keys = "<br>".join(
        f"{name(s.name)}: <code>{result_key(s.warrior, conditions)}</code>" for s in results.scores
    )
    facts = [
        (
            "Rounds",
            f"{' or '.join(map(str, rounds))} with each opponent, two at every offset: each side "
            "moves first once. Offsets are drawn one from each of equal stretches of the core, "
            "from the season's secret, the hill and the opponent; they are the same for every "
            "warrior.",
        ),
        (
            "Win rate, defeat or tie",
            "The share of opponents against which the warrior won more rounds than it lost, and "
            "at least as many. Ties make the second one saturate; neither is the headline.",
        ),
        ("Hill", f"<code>{escape(first.hill_hash)}</code>"),
        ("Placements", f"<code>{conditions['placements']}</code>"),
        ("Result keys", keys),
        ("Made by", name(first.made_by)),
    ]
    return "<dl>\n" + "\n".join(f"<dt>{t}</dt><dd>{text}</dd>" for t, text in facts) + "\n</dl>"


_RULES = """\
.whisker{display:inline-block;width:200px;height:18px;vertical-align:middle}
.scroll+.scroll{margin-top:24px}
"""
