"""`corewar-eval qd`: what the archives of searches are worth, and who made them."""

import argparse
import os
import sys
from pathlib import Path

from coreenv.hill import Hill, open_hill
from eval.files import write_whole
from eval.lineage import Ancestry, tree
from eval.run_files import Search, open_search


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand ``qd``. ``run`` of the parsed arguments takes these and returns the exit
    code: 0 done, 2 bad input."""
    text = "quality-diversity of searches: claimed, corrected, on a common scale, and by whom"
    parser = commands.add_parser("qd", help=text, description=text)
    parser.set_defaults(run=command)
    add = parser.add_argument
    add("runs", nargs="+", type=Path, metavar="RUN", help="a run folder, or an archive.json alone")
    add("--hill", help="of the common opponents; default: the run's own, v1 for an archive")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="threads; default: one a core")
    add("--csv", type=Path, metavar="FILE", help="write every final elite as CSV")
    add("--html", type=Path, metavar="FILE", help="write a page with plots")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="print JSON instead of tables")
    kind.add_argument(
        "--lineage",
        metavar="ID",
        help="print only the line of parents of the warrior whose id begins so",
    )


def command(arguments: argparse.Namespace) -> int:
    """Run ``qd``; bad input is told on stderr, and ends with 2."""
    try:
        _check(arguments)
        searches = [open_search(path) for path in arguments.runs]
        if arguments.lineage is not None:
            sys.stdout.write(lineage(searches, arguments.lineage))
        else:
            _report(arguments, searches)
    except (OSError, ValueError) as error:
        for line in str(error).splitlines():
            print(f"corewar-eval: {line}", file=sys.stderr)
        return 2
    return 0


def lineage(searches: list[Search], prefix: str) -> str:
    """Trees of the warrior whose canonical id begins with ``prefix``, one for each time it was
    written.

    Raises:
        ValueError: no warrior's id begins so, or those of several do.
    """
    trees = []
    found = set()
    for search in searches:
        if search.record is None:
            raise ValueError(f"{search.name} is an archive alone; a line of parents needs its run")
        ancestry = Ancestry(search.record.events)
        for elite in ancestry.written(prefix):
            found.add(elite.id)
            trees.append(f"{search.name}\n{tree(ancestry.line(elite))}")
    if not found:
        raise ValueError(f"--lineage is {prefix!r}; no warrior that fought has such an id")
    if len(found) > 1:
        ids = ", ".join(id_[:16] for id_ in sorted(found)[:4])
        raise ValueError(f"--lineage is {prefix!r}; {len(found)} ids begin so, such as {ids}")
    return "\n".join(trees)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.jobs < 1:
        raise ValueError(f"--jobs is {arguments.jobs}; it must be at least 1")
    for option in ("csv", "html"):
        file = getattr(arguments, option)
        if file is None:
            continue
        if arguments.lineage is not None:
            raise ValueError(f"--lineage prints a line of parents alone; leave out --{option}")
        if not file.parent.is_dir():
            raise ValueError(f"{file}: there is no folder {file.parent}; make it first")
        if file.is_dir():
            raise ValueError(f"{file} is a folder; name a file")


def _report(arguments: argparse.Namespace, searches: list[Search]) -> None:
    from eval.qd_report import Measured, QdReport

    measured = [
        Measured.of(search, _hill(arguments.hill, search), threads=arguments.jobs)
        for search in searches
    ]
    report = QdReport.of(measured)
    if arguments.csv:
        from eval.qd_export import to_csv

        write_whole(arguments.csv, to_csv(measured))
    if arguments.html:
        from eval.qd_page import qd_page

        write_whole(arguments.html, qd_page(report))
    if arguments.json:
        print(report.model_dump_json(indent=1))
    else:
        from rich.console import Console

        from eval.qd_table import qd_table

        Console().print(qd_table(report))


def _hill(name: str | None, search: Search) -> Hill:
    own = "v1" if search.record is None else search.record.hill
    hill = open_hill(name or own)
    hill.verify()
    return hill
