"""The tables of a comparison as plain text, for the page and for RESULTS.md alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from eval.comparison_report import (
    ComparisonReport,
    Difference,
    Estimated,
    Setup,
    Side,
)
from eval.markup import NOTHING, percent
from eval.trial import TOPOLOGIES, Condition
from eval.trial_figures import HEADLINE, MEASURES, Measure


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: every cell is plain text, the first of a row is its heading."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


ON_SETTINGS: Final = (
    "The paper is arXiv 2605.27130. [S] marks what it or notes on it state, [C] what is in DRQ's "
    "public code, on which it builds, and [I] what is inferred."
)
ON_FINDINGS: Final = (
    "Differences are taken seed by seed, at the same number of calls. Where an interval contains "
    "0, these runs do not show a difference; that is not to say there is none."
)
ON_INTERVALS: Final = (
    "Differences are taken seed by seed. The interval to go by is Student's; the bootstrap is too "
    "short for so few seeds. The effect is Cohen's d_z: the mean difference over the standard "
    "deviation of differences. Intervals are not adjusted for their number: of every twenty, one "
    "may miss."
)
"""What a reader has to know."""


def all_figures(report: ComparisonReport) -> Sheet:
    """Every measure of every side."""
    rows = [
        (
            capital(side_words(row.side, report.setup)),
            *(mean_cell(row.figures, key) for key in MEASURES),
        )
        for row in report.rows
    ]
    head = ("Condition", *(measure.title for measure in MEASURES.values()))
    return Sheet("Means over the seeds, with 95% intervals", head, tuple(rows))


def answers(report: ComparisonReport) -> Iterator[tuple[Difference, Sheet]]:
    """Every difference of whole conditions with its table, in order of the questions."""
    for difference in report.differences:
        if difference.first.member is None:
            yield difference, _difference(difference, report.setup)


def by_model(report: ComparisonReport) -> Sheet:
    """The differences of single models, in the headline figures."""
    rows = [
        (less(d, report.setup), *(_signed(d.figures.get(key), MEASURES[key]) for key in HEADLINE))
        for d in report.differences
        if d.first.member is not None
    ]
    head = ("Difference", *(MEASURES[key].title for key in HEADLINE))
    return filled(Sheet("Paired differences by model, with 95% intervals", head, tuple(rows)))


def scaled_down(report: ComparisonReport) -> Sheet:
    """What differs from the published experiment."""
    setup = report.setup
    core, initial = setup.core, ", ".join(setup.initial_opponents)
    rows = (
        ("Models", "four language models [S]", ", ".join(setup.models)),
        ("Calls a round, all nodes together", "250 [S]", f"{setup.calls // setup.rounds}"),
        ("Rounds", "not published; 10 in DRQ's code [C]", f"{setup.rounds}"),
        ("Core, cells", "8,000 [S]", f"{core['core_size']:,}"),
        ("Cycles a battle", "80,000 [S]", f"{core['max_cycles']:,}"),
        ("Battles an evaluation", "20 [S]", f"{setup.placements}"),
        ("Champions among the opponents, at most", "20 in DRQ's README [C]", f"{setup.last_k}"),
        ("Other opponents", "an Imp [C]", initial or "none"),
        ("New warriors of a node as a round begins", "8 in DRQ's code [C]", f"{setup.n_init}"),
        ("Share of new warriors after them", "10% [S]", percent(setup.p_new)),
        ("Exchange", "asynchronous, all to all [S]", _exchange(setup)),
        *((("Peers a node hears in gossip", NOTHING, f"{setup.fanout}"),) if setup.fanout else ()),
        ("Runs of each condition", "2 to 4 [I]", f"{len(setup.seeds)}"),
    )
    return Sheet("Settings beside the published ones", ("Setting", "Paper", "Here"), rows)


def _exchange(setup: Setup) -> str:
    if setup.exchange == "none":
        return "none"
    topology = {"all": "all to all", "ring": "in a ring", "gossip": "gossip"}[setup.topology]
    others = " and ".join(c for c in setup.conditions if c in TOPOLOGIES)
    return f"{setup.exchange}, {topology}{f' except in {others}' if others else ''}"


def verdict(difference: Difference, key: str) -> str:
    """A sentence on what a difference shows in one measure."""
    found, measure = difference.figures[key], MEASURES[key]
    if found.t is None:
        return f"{measure.title}: {measure.difference(found.mean)} with a single seed."
    shown = {1: "more", -1: "less", 0: "no difference shown"}[found.sign]
    return f"{measure.title}: {shown}, {_signed(found, measure)}."


def side_words(side: Side, setup: Setup) -> str:
    """A side as people call it."""
    words = condition_words(side.condition)
    return words if side.member is None else f"{words}: {setup.models[side.member]}"


def less(difference: Difference, setup: Setup) -> str:
    """What is taken from what."""
    first, second = (side_words(side, setup) for side in (difference.first, difference.second))
    return capital(f"{first} less {second}")


def condition_words(condition: Condition) -> str:
    """A condition as people call it."""
    return condition.replace("_", " ").replace("of n", "of N")


def mean_cell(figures: dict[str, Estimated], key: str) -> str:
    """The mean of a measure and the half width of its interval."""
    if key not in figures:
        return NOTHING
    found, measure = figures[key], MEASURES[key]
    mean = measure.text(found.mean)
    return mean if found.t is None else f"{mean} ± {measure.text(found.t[1] - found.mean)}"


def filled(sheet: Sheet) -> Sheet:
    """Without the columns in which nothing stands."""
    columns = list(zip(sheet.head, *sheet.rows, strict=True))
    kept = [columns[0], *(c for c in columns[1:] if any(cell != NOTHING for cell in c[1:]))]
    head, *rows = zip(*kept, strict=True)
    return Sheet(sheet.caption, head, tuple(rows))


def capital(text: str) -> str:
    """With a capital as its first letter."""
    return text[0].upper() + text[1:]


def _difference(difference: Difference, setup: Setup) -> Sheet:
    rows = []
    for key, found in difference.figures.items():
        measure = MEASURES[key]
        effect = NOTHING if found.effect is None else f"{found.effect:+.2f}"
        mean = measure.difference(found.mean)
        intervals = (_ends(found.t, measure), _ends(found.bootstrap, measure))
        rows.append((measure.title, mean, *intervals, effect, str(found.seeds)))
    head = ("Figure", "Difference", "95%, paired t", "95%, bootstrap", "Effect", "Seeds")
    return Sheet(less(difference, setup), head, tuple(rows))


def _signed(found: Estimated | None, measure: Measure) -> str:
    if found is None:
        return NOTHING
    mean = measure.difference(found.mean)
    return mean if found.t is None else f"{mean} ({_ends(found.t, measure)})"


def _ends(interval: Sequence[float] | None, measure: Measure) -> str:
    if interval is None:
        return NOTHING
    return " to ".join(measure.difference(end) for end in interval)
