"""The figures of a comparison that a reader looks at first, beside the published ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eval.comparison_report import QUESTIONS, ComparisonReport
from eval.comparison_tables import Sheet, capital, condition_words, filled, mean_cell
from eval.markup import NOTHING
from eval.trial import Condition

ON_SCALES: Final = (
    "What archives claim themselves is on different scales in different conditions, because "
    "fitness grows with the number of champions met. Figures called common are measured anew under "
    "equal conditions, and are the ones to compare. What was measured here is the mean over the "
    "seeds ± half a 95% interval. Generality is the share of held-out opponents beaten one against "
    "one; a tie is not a win. A node's champion is the last one it published; its peak is the best "
    "of all it published, which is partly luck. Niche novelty is the share of the champions "
    "received that filled an empty cell."
)
ON_PAPER: Final = (
    "The published figures are those of arXiv 2605.27130. The models are not the paper's unless "
    "they have the same names, so it is the order of the conditions that can be compared, not the "
    "figures."
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


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures that a reader looks at first, in every condition.

    Attributes:
        title: of the section.
        note: what a reader has to know.
        sheets: the tables; the published ones are there if all their conditions are compared.
    """

    title: str
    note: str
    sheets: tuple[Sheet, ...]


def overview(report: ComparisonReport) -> Overview:
    """The archives, then every model's champions."""
    archives, models = merged_archives(report), (our_models(report), our_points(report))
    ours = tuple(sheet for sheet in models if len(sheet.head) > 1)
    if not _beside_paper(report):
        return Overview("Archives and champions", ON_SCALES, (archives, *ours))
    note = f"{ON_SCALES} {ON_PAPER}"
    return Overview("Beside the published figures", note, (archives, PAPER_MODELS, *ours))


def _beside_paper(report: ComparisonReport) -> bool:
    """Are all conditions compared of which there are published figures?"""
    return set(PAPER_CONDITIONS) <= set(report.setup.conditions)


def merged_archives(report: ComparisonReport) -> Sheet:
    """Coverage and QD-score, as claimed and on the common scale; the published ones beside them."""
    published = PAPER_CONDITIONS if _beside_paper(report) else {}
    rows = []
    for condition in report.setup.conditions:
        if not (figures := report.row(condition)):
            continue
        coverage, score = published.get(condition, (NOTHING, NOTHING))
        cells = [mean_cell(figures, f"coverage_{scale}") for scale in ("raw", "common")]
        sums = [mean_cell(figures, f"qd_score_{scale}") for scale in ("raw", "common")]
        rows.append((capital(condition_words(condition)), coverage, *cells, score, *sums))
    columns = [
        f"{what}, {of}"
        for what in ("Coverage", "QD-score")
        for of in ("paper", "claimed", "common")
    ]
    caption = f"Coverage and QD-score{' beside the published ones' if published else ''}"
    return filled(Sheet(caption, ("Condition", *columns), tuple(rows)))


def common_only(sheet: Sheet) -> Sheet:
    """`merged_archives` without what was claimed: narrow enough for a terminal."""
    kept = [i for i, title in enumerate(sheet.head) if not title.endswith(", claimed")]
    rows = tuple(tuple(cells[i] for i in kept) for cells in sheet.rows)
    head = tuple(sheet.head[i].removesuffix(", common") for i in kept)
    return Sheet(sheet.caption, head, rows)


def our_models(report: ComparisonReport) -> Sheet:
    """Every model's champions as the paper counts: opponents beaten, and niches filled."""
    headings = {"node_win_rate": "", "node_peak_win_rate": "Peak, ", "novelty": "Novelty, "}
    return _models(report, "generality and niche novelty, by model", headings)


def our_points(report: ComparisonReport) -> Sheet:
    """Every model's champions in KOTH points."""
    headings = {"node_points": "", "node_peak_points": "Peak, "}
    return _models(report, "KOTH points of 300, by model", headings)


def _models(report: ComparisonReport, caption: str, headings: Mapping[str, str]) -> Sheet:
    """Measures by model, in the conditions whose models are compared with one another.

    Args:
        report: of the comparison.
        caption: of the table.
        headings: what stands before the condition, by measure.
    """
    compared = {side for q in QUESTIONS.values() if q.by_model for side in (q.first, q.second)}
    conditions = [condition for condition in report.setup.conditions if condition in compared]
    columns = [(condition, key) for key in headings for condition in conditions]
    rows = [
        (label, *(mean_cell(report.row(condition, i), key) for condition, key in columns))
        for i, label in enumerate(report.setup.models)
    ]
    titles = (capital(f"{headings[key]}{condition_words(c)}") for c, key in columns)
    caption = f"Here: {caption}" if _beside_paper(report) else capital(caption)
    return filled(Sheet(caption, ("Model", *titles), tuple(rows)))
