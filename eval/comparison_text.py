"""A comparison as Markdown: RESULTS.md."""

from collections.abc import Iterable, Sequence

from eval.comparison_overview import overview
from eval.comparison_report import QUESTIONS, ComparisonReport
from eval.comparison_tables import (
    ON_FINDINGS,
    ON_INTERVALS,
    ON_SETTINGS,
    Sheet,
    all_figures,
    answers,
    by_model,
    scaled_down,
    verdict,
)
from eval.trial import CONDITIONS, Trial
from eval.trial_figures import HEADLINE


def results_text(report: ComparisonReport, trials: Sequence[Trial]) -> str:
    """The whole text.

    Args:
        report: of the comparison.
        trials: it was made from; they say when and where they were measured.
    """
    first, models = overview(report), by_model(report)
    parts = [
        _opening(report),
        "## What it shows",
        _findings(report),
        f"## {first.title}",
        first.note,
        *map(_table, first.sheets),
        "## Every difference",
        ON_INTERVALS,
        *(
            f"### {QUESTIONS[difference.question].asks}\n\n{_table(sheet)}"
            for difference, sheet in answers(report)
        ),
        *(("### By model", _table(models)) if models.rows else ()),
        "## Every figure",
        _table(all_figures(report)),
        "## Settings, and how it was measured",
        ON_SETTINGS,
        _table(scaled_down(report)),
        _conditions(report),
        _provenance(report, trials),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(report: ComparisonReport) -> str:
    setup, (done, planned) = report.setup, report.finished
    return (
        f"# Searches at equal calls: {_plain(setup.name)}\n\n"
        "Written by `dei compare`; every figure comes from the files in `results/`. "
        f"{done} of {planned} results are in: {len(setup.conditions)} conditions, "
        f"{len(setup.seeds)} seeds, {setup.calls:,} calls in every run. "
        f"An ensemble has {len(setup.models)} nodes."
    )


def _findings(report: ComparisonReport) -> str:
    lines = []
    for difference, sheet in answers(report):
        lines.append(f"- **{QUESTIONS[difference.question].asks}** ({_plain(sheet.caption)})")
        lines += [
            f"  - {verdict(difference, key)}" for key in HEADLINE if key in difference.figures
        ]
    if not lines:
        return "Nothing can be compared yet."
    picture = "![Differences in common QD-score, with 95% intervals](RESULTS.png)"
    return "\n".join((ON_FINDINGS, "", picture, "", *lines))


def _conditions(report: ComparisonReport) -> str:
    return "\n".join(
        f"- **{condition}**: {CONDITIONS[condition]}" for condition in report.setup.conditions
    )


def _provenance(report: ComparisonReport, trials: Sequence[Trial]) -> str:
    days = sorted({trial.run.finished for trial in trials})
    machines = sorted({trial.run.machine for trial in trials})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return (
        f"Measured {when} on {_plain('; '.join(machines))}. Made by {_plain(report.made_by)}. "
        "Runs whose result is there are not run again; remove the results to do it all anew."
    )


def _table(sheet: Sheet) -> str:
    lines = [_line(sheet.head), _line(["---"] + ["---:"] * (len(sheet.head) - 1))]
    lines += [_line(map(_plain, row)) for row in sheet.rows]
    return f"{_plain(sheet.caption)}:\n\n" + "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Somebody else's text, without a meaning in Markdown."""
    kept = text.replace("\n", " ").replace("|", "/")
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#$" else sign for sign in kept)
