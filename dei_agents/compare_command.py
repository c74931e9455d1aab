"""`dei compare`: from its arguments to the table in the terminal."""

import os
import sys
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dei_agents.compare import Place, compare
from dei_agents.compare_config import load_comparison
from dei_agents.config import ConfigError
from dei_agents.run_folder import as_json as model_json
from dei_agents.signals import ended_in_order
from eval.comparison_overview import common_only, merged_archives
from eval.comparison_report import ComparisonReport
from eval.comparison_tables import Sheet, answers, verdict
from eval.trial_figures import HEADLINE


def command(
    path: Path, *, out: Path | None, results: Path | None, jobs: int | None, as_json: bool
) -> int:
    """Run, report, and print; returns the exit code.

    Raises:
        ConfigError: something is wrong with the input; nothing was run.
        RuntimeError: some runs did not come to their end.
    """
    config, runs = load_comparison(path)
    jobs = (os.cpu_count() or 1) if jobs is None else jobs
    if jobs < 1:
        raise ConfigError(f"--jobs is {jobs}; it must be at least 1")
    out = out or Path("runs") / config.name
    place = Place(out, results or out / "results")
    with ended_in_order():
        report = compare(config, runs, place, jobs=jobs, tell=_tell)
    if as_json:
        print(model_json(report), end="")
    else:
        Console().print(_table(report))
        print(f"report: {out / 'report.html'}", file=sys.stderr)
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _table(report: ComparisonReport) -> RenderableType:
    """The comparison for a terminal of 80 columns."""
    parts: list[RenderableType] = [_sheet(common_only(merged_archives(report)))]
    for difference, sheet in answers(report):
        parts.append(Text(sheet.caption, style="bold"))
        keys = (key for key in HEADLINE if key in difference.figures)
        parts += [Text(f"  {verdict(difference, key)}") for key in keys]
    return Group(*parts)


def _sheet(sheet: Sheet) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for i, heading in enumerate(sheet.head):
        table.add_column(heading, justify="right" if i else "left")
    for cells in sheet.rows:
        table.add_row(*map(Text, cells))
    return table
