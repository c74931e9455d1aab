"""A comparison as one HTML page that needs nothing but itself.

Names come from configurations and models, and are hostile: every one passes through `name`.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from coreenv.measures import GRID
from eval import comparison_plots as plots
from eval.comparison_overview import overview
from eval.comparison_report import QUESTIONS, ComparisonReport, Difference
from eval.comparison_tables import (
    ON_FINDINGS,
    ON_INTERVALS,
    ON_SETTINGS,
    Sheet,
    all_figures,
    answers,
    by_model,
    condition_words,
    scaled_down,
    verdict,
)
from eval.markup import (
    document,
    figure,
    legend,
    name,
    percent,
    row,
    section,
    side_by_side,
    table,
)
from eval.trial import CONDITIONS, CurvePoint
from eval.trial_figures import HEADLINE, MEASURES


def comparison_page(report: ComparisonReport) -> str:
    """The whole page; it loads nothing from anywhere."""
    body = [
        _header(report),
        section("What it shows", _findings(report)),
        _overview(report),
        section("Course of the search", _curves(report)),
        section("Archives", _archives(report)),
        section("Every difference", _differences(report)),
        section("Every figure", _sheet(all_figures(report))),
        section("How this was measured", _method(report)),
    ]
    return document(f"{report.setup.name}: searches at equal calls", body, _RULES)


def _header(report: ComparisonReport) -> str:
    setup, (done, planned) = report.setup, report.finished
    models = ", ".join(map(name, setup.models))
    return (
        "<header>\n<p>A comparison of Core War searches at equal calls</p>\n"
        f"<h1>{name(setup.name)}</h1>\n<p>{setup.calls:,} calls in every run, models: {models}. "
        f"{done} of {planned} results are in, for {len(setup.seeds)} seeds."
        f"<br>Made by {name(report.made_by)}.</p>\n</header>"
    )


def _findings(report: ComparisonReport) -> str:
    found = list(answers(report))
    if not found:
        return "<p>Nothing can be compared yet.</p>"
    drawings = [_forest(found, key) for key in HEADLINE]
    items = "".join(
        f"<dt>{QUESTIONS[d.question].asks} <i>{d.question}: {name(sheet.caption)}</i></dt>\n"
        + "".join(f"<dd>{verdict(d, key)}</dd>\n" for key in HEADLINE if key in d.figures)
        for d, sheet in found
    )
    drawn = side_by_side(*filter(None, drawings))
    return f"<p>{ON_FINDINGS}</p>\n{drawn}\n<dl class='findings'>\n{items}</dl>"


def _forest(found: Sequence[tuple[Difference, Sheet]], key: str) -> str:
    """All differences in one measure; empty if there are none."""
    differences = [difference for difference, _ in found if key in difference.figures]
    if not differences:
        return ""
    measure = MEASURES[key]
    scale, label = (100, "percentage points") if measure.unit == "share" else (1, "difference")
    rows = [(d.question, d.figures[key]) for d in differences]
    return figure(
        plots.forest(rows, scale, label),
        f"forest-{key.replace('_', '-')}",
        "; ".join(f"{d.question}: {verdict(d, key)}" for d in differences),
        f"{measure.title}.",
        "Differences, 95% intervals.",
    )


def _overview(report: ComparisonReport) -> str:
    first = overview(report)
    tables = "\n".join(map(_sheet, first.sheets))
    return section(first.title, f"<p>{first.note}</p>\n{tables}")


def _curves(report: ComparisonReport) -> str:
    numbers = {curve.condition: list(CONDITIONS).index(curve.condition) for curve in report.curves}
    common = {numbers[curve.condition]: curve.common for curve in report.curves}
    raw = {numbers[curve.condition]: curve.raw for curve in report.curves}
    note = (
        "The nodes' archives at the end of each round, the mean over all runs of a condition. "
        "Every round begins new archives against other opponents. What is claimed is on different "
        "scales in different conditions, and in different rounds; what is common is not."
    )
    drawings = [
        figure(
            plots.mean_curves(curves, value),
            f"{what}-{scale}",
            f"{title}, {words}, over the calls of a run, by condition",
            f"{title}, {words}.",
            "",
        )
        for scale, words, curves in (("common", "common", common), ("raw", "as claimed", raw))
        for what, title, value in _CURVES
    ]
    names = legend((number, condition_words(c)) for c, number in numbers.items())
    return f"<p>{note}</p>\n{names}\n{side_by_side(*drawings)}"


def _archives(report: ComparisonReport) -> str:
    note = (
        "Mean fitness in each cell of the re-scored archives; a run that leaves a cell empty "
        "counts as 0 there. Cells that no run filled are blank. Each map has its own colours."
    )
    maps = []
    for archive in report.archives:
        words = condition_words(archive.condition)
        coverage = percent(sum(map(sum, archive.occupied)) / (GRID[0] * GRID[1]))
        total = f"{sum(map(sum, archive.fitness)):.2f}"
        maps.append(
            figure(
                plots.mean_heatmap(archive),
                f"archive-{archive.condition.replace('_', '-')}",
                f"Mean re-scored archive of {words}: QD-score {total}, coverage {coverage}",
                f"{words[0].upper()}{words[1:]}.",
                f"QD-score {total}, coverage {coverage}.",
            )
        )
    return f"<p>{note}</p>\n{side_by_side(*maps)}"


def _differences(report: ComparisonReport) -> str:
    sheets = "\n".join(
        f"<h3>{QUESTIONS[difference.question].asks}</h3>\n{_sheet(sheet)}"
        for difference, sheet in answers(report)
    )
    models = by_model(report)
    by_models = f"<h3>By model</h3>\n{_sheet(models)}" if models.rows else ""
    return f"<p>{ON_INTERVALS}</p>\n{sheets}\n{by_models}"


def _method(report: ComparisonReport) -> str:
    items = "\n".join(
        f"<dt>{condition_words(condition)}</dt><dd>{CONDITIONS[condition]}.</dd>"
        for condition in report.setup.conditions
    )
    return f"<dl>\n{items}\n</dl>\n<p>{ON_SETTINGS}</p>\n{_sheet(scaled_down(report))}"


def _sheet(sheet: Sheet) -> str:
    rows = (row(*map(name, cells)) for cells in sheet.rows)
    return table(escape(sheet.caption), map(name, sheet.head), rows)


_CURVES: Final[tuple[tuple[str, str, Callable[[CurvePoint], float]], ...]] = (
    ("coverage", "Coverage, %", lambda point: 100 * point.coverage),
    ("qd", "QD-score", lambda point: point.qd_score),
)

_RULES = """\
h3{margin:32px 0 8px;font-size:1.05rem}
.scroll+.scroll{margin-top:24px}
.findings dt{margin-top:14px}
dl.findings:not(.tiles) dd{margin:0}
dt i{color:var(--muted);font-weight:400}
"""
