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
from eval.markup import NOTHING
from eval.trial import Condition
from eval.trial_figures import HEADLINE, MEASURES, Measure


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: every cell is plain text, the first of a row is its heading."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


ON_SCALES: Final = (
    "Raw scores of different conditions are on different scales, because fitness grows with the "
    "number of champions met. Figures called common are measured anew under equal conditions, and "
    "are the ones to compare. Ours are means over the seeds ± half a 95% interval. Generality is "
    "the share of held-out opponents beaten one against one; a tie is not a win. The models are "
    "not the paper's unless they have the same names, so it is the order of the conditions that "
    "can be compared, not the figures."
)
ON_INTERVALS: Final = (
    "Differences are taken seed by seed. The interval to go by is Student's; the bootstrap is too "
    "short for so few seeds. The effect is Cohen's d_z: the mean difference over the standard "
    "deviation of differences. Intervals are not adjusted for their number: of every twenty, one "
    "may miss."
)
"""What a reader has to know."""

PAPER_CONDITIONS: Final[dict[Condition, tuple[str, str]]] = {
    "solo": ("63.0%", "20.46"),
    "homogeneous": ("59.0%", "29.85"),
    "heterogeneous": ("80.6%", "45.90"),
}
"""Published coverage and QD-score (arXiv 2605.27130) [S]."""

PAPER_MODELS: Final = Sheet(
    "Published: generality and niche novelty, by model",
    ("Model", "Solo", "Homogeneous", "Heterogeneous", "Novelty, homog.", "Novelty, heterog."),
    (
        ("Claude Sonnet 4.6", "77.5% ± 3.5%", "82.5% ± 10.6%", "85.0% ± 8.7%", "34.8%", "48.3%"),
        ("GPT-5.4-mini", "?", "72.5% ± 2.9%", "76.7% ± 7.6%", "11.9%", "42.2%"),
        ("Claude Haiku 4.5", "65.0%", "53.8% ± 6.3%", "70.0% ± 5.0%", "?", "44.3%"),
        ("GPT-5.2", "65.0%", "?", "76.7%", "?", "?"),
    ),
)
"""[S]; a question mark stands for a figure we do not know."""


def beside_paper(report: ComparisonReport) -> Sheet:
    """Coverage and QD-score: the published ones, ours as claimed, ours on the common scale."""
    rows = []
    for condition in report.setup.conditions:
        if not (figures := report.row(condition)):
            continue
        coverage, score = PAPER_CONDITIONS.get(condition, (NOTHING, NOTHING))
        cells = [_cell(figures, f"coverage_{scale}") for scale in ("raw", "common")]
        sums = [_cell(figures, f"qd_score_{scale}") for scale in ("raw", "common")]
        rows.append((_capital(condition_words(condition)), coverage, *cells, score, *sums))
    head = ("Condition", "Coverage, paper", "claimed", "common", "QD-score, paper", "claimed")
    return Sheet("Coverage and QD-score beside the published ones", (*head, "common"), tuple(rows))


def common_only(sheet: Sheet) -> Sheet:
    """`beside_paper` without what was claimed: narrow enough for a terminal."""
    kept = (0, 1, 3, 4, 6)
    rows = tuple(tuple(cells[i] for i in kept) for cells in sheet.rows)
    return Sheet(sheet.caption, ("Condition", "Coverage, paper", "here", "QD, paper", "here"), rows)


def our_models(report: ComparisonReport) -> Sheet:
    """Every model's champions as the paper counts: opponents beaten, and niches filled."""
    return _models(
        report,
        "Here: generality and niche novelty, by model",
        (
            *_columns("node_win_rate", "node_peak_win_rate"),
            ("homogeneous", "novelty", "Novelty, homog."),
            ("heterogeneous", "novelty", "Novelty, heterog."),
        ),
    )


def our_points(report: ComparisonReport) -> Sheet:
    """Every model's champions in KOTH points."""
    columns = _columns("node_points", "node_peak_points")
    return _models(report, "Here: KOTH points of 300, by model", columns)


Column = tuple[Condition, str, str]
"""A condition, a measure, and the heading."""


def _columns(last: str, peak: str) -> tuple[Column, ...]:
    """A measure in the conditions of the paper, at the end and at its best."""
    return (
        *((condition, last, _capital(condition)) for condition in PAPER_CONDITIONS),
        *((condition, peak, f"Peak, {condition}") for condition in PAPER_CONDITIONS),
    )


def _models(report: ComparisonReport, caption: str, columns: Sequence[Column]) -> Sheet:
    rows = [
        (label, *(_cell(report.row(condition, i), key) for condition, key, _ in columns))
        for i, label in enumerate(report.setup.models)
    ]
    return Sheet(caption, ("Model", *(title for _, _, title in columns)), tuple(rows))


def all_figures(report: ComparisonReport) -> Sheet:
    """Every measure of every side."""
    rows = [
        (
            _capital(side_words(row.side, report.setup)),
            *(_cell(row.figures, key) for key in MEASURES),
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
    return Sheet("Paired differences by model, with 95% intervals", head, tuple(rows))


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
        ("Exchange", "asynchronous [S]", setup.exchange),
        ("Runs of each condition", "2 to 4 [I]", f"{len(setup.seeds)}"),
    )
    return Sheet("Settings beside the published ones", ("Setting", "Paper", "Here"), rows)


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
    return _capital(f"{first} less {second}")


def condition_words(condition: Condition) -> str:
    """A condition as people call it."""
    return condition.replace("_", " ").replace("of n", "of N")


def _capital(text: str) -> str:
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


def _cell(figures: dict[str, Estimated], key: str) -> str:
    """A mean and the half width of its interval."""
    if key not in figures:
        return NOTHING
    found, measure = figures[key], MEASURES[key]
    mean = measure.text(found.mean)
    return mean if found.t is None else f"{mean} ± {measure.text(found.t[1] - found.mean)}"


def _signed(found: Estimated | None, measure: Measure) -> str:
    if found is None:
        return NOTHING
    mean = measure.difference(found.mean)
    return mean if found.t is None else f"{mean} ({_ends(found.t, measure)})"


def _ends(interval: Sequence[float] | None, measure: Measure) -> str:
    if interval is None:
        return NOTHING
    return " to ".join(measure.difference(end) for end in interval)
