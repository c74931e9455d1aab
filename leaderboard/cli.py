"""The command `corewar-board`: submit, evaluate, rank, verify."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from leaderboard import (
    events,
    export,
    jobs,
    operator_commands,
    serve_command,
    submit_command,
    views,
)
from leaderboard.board import Board, open_board
from leaderboard.documents import check_document
from leaderboard.field import field
from leaderboard.jobs import LEASE_SECONDS
from leaderboard.problem import BoardError, Problem, printable
from leaderboard.table import field_table, leaderboard_table
from leaderboard.verify import verify as look
from leaderboard.worker import Worker

STOPPED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""

Command = Callable[[argparse.Namespace, Board], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 something does not match, 2 bad input or
    no, 130 stopped."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.run == check:
            return check(arguments)
        run: Command = arguments.run
        with open_board(arguments.data, arguments.database_url) as board:
            return run(arguments, board)
    except Problem as problem:
        return _refuse(problem, as_json=getattr(arguments, "json", False))
    except (BoardError, OSError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        print("corewar-board: stopped", file=sys.stderr)
        return STOPPED


def work(arguments: argparse.Namespace, board: Board) -> int:
    """Evaluate what is due."""
    if arguments.jobs < 1 or arguments.lease < 1:
        return _complain("--jobs and --lease must be at least 1")
    worker = Worker.start(board, arguments.jobs, arguments.lease)
    finished = worker.run(until_idle=arguments.until_idle)
    print(f"{finished} evaluations done")
    return 0


def table(arguments: argparse.Namespace, board: Board) -> int:
    """Print the table."""
    with board.reading() as session:
        rows = views.leaderboard(
            board,
            session,
            track=arguments.track,
            ruleset=arguments.ruleset,
            season=arguments.season,
        )
    if arguments.format == "text":
        from rich.console import Console

        Console().print(leaderboard_table(rows, arguments.track))
    else:
        sys.stdout.write({"json": export.to_json, "csv": export.to_csv}[arguments.format](rows))
    return 0


def duels(arguments: argparse.Namespace, board: Board) -> int:
    """Print the round robin of the best entries."""
    with board.reading() as session:
        rows = views.leaderboard(board, session, ruleset=arguments.ruleset)
        found = field(board, session, views.hill_of(board, arguments.ruleset))
    from rich.console import Console

    Console().print(field_table(found, {row.id: row.name for row in rows}))
    return 0


def show(arguments: argparse.Namespace, board: Board) -> int:
    """Print all there is of an entry, as JSON."""
    with board.reading() as session:
        print(json.dumps(views.warrior(board, session, arguments.id), indent=1))
    return 0


def status(_arguments: argparse.Namespace, board: Board) -> int:
    """Print the board's key, how far its queue is, and what it waits for."""
    with board.reading() as session:
        found, waiting = jobs.counts(session), jobs.waiting(session)
    print(f"public key {board.signer.public_key}")
    for name in ("queued", "running", "done", "failed"):
        print(f"{name:<10} {found.get(name, 0)}")
    for row in waiting:
        told = f"{row.blocks} blocks, try {row.tries}" + f": {row.reason}" * bool(row.reason)
        print(printable(f"{row.entry} {row.kind} {row.status}, {told}"))
    return 0


def verify(arguments: argparse.Namespace, board: Board) -> int:
    """Assemble, fight and compare everything once more; exit 1 names what does not match."""
    with board.reading() as session:
        id_ = None if arguments.id == "all" else arguments.id
        report = look(board, session, id_, arguments.jobs)
    for fault in report.faults:
        print(printable(fault))
    told = f"{report.entries} entries, {report.replayed} evaluations fought again"
    print(f"{told}, {report.stale} of other rules not; {len(report.faults)} faults")
    return 1 if report.faults else 0


def check(arguments: argparse.Namespace) -> int:
    """Check a signed result, without a board."""
    try:
        for line in check_document(arguments.file.read_bytes(), arguments.key):
            print(printable(line))
    except OSError as error:
        return _complain(f"{arguments.file}: {error.strerror}")
    except ValueError as error:
        print(f"{arguments.file}: {printable(str(error))}")
        return 1
    return 0


def document(arguments: argparse.Namespace, board: Board) -> int:
    """Print a result as signed JSON."""
    with board.reading() as session:
        sys.stdout.write(views.document(session, arguments.key))
    return 0


def log(arguments: argparse.Namespace, board: Board) -> int:
    """Print the event log, one JSON object a line."""
    with board.reading() as session:
        for event in events.feed(session, after=arguments.after, limit=arguments.limit):
            print(json.dumps(event))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="corewar-board", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("board"), help="folder; default board")
    parser.add_argument("--database-url", metavar="URL", help="postgresql://..., else SQLite")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, add_options in (
        ("submit", submit_command.submit, submit_command.add_options),
        ("work", work, _work_options),
        ("serve", serve_command.serve, serve_command.add_options),
        ("table", table, _table_options),
        ("duels", duels, _ruleset_option),
        ("show", show, _id_option),
        ("status", status, _no_options),
        ("verify", verify, _verify_options),
        ("check", check, _check_options),
        ("document", document, _key_option),
        ("log", log, _log_options),
    ):
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        add_options(command)
    operator_commands.add_parsers(commands)
    return parser


def _work_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--until-idle", action="store_true", help="end when nothing is due")
    add(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="threads; default: one a core",
    )
    add("--lease", type=int, default=LEASE_SECONDS, help="seconds; default %(default)s")


def _table_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--track", choices=("warrior", "search"), default="warrior")
    _ruleset_option(command)
    add("--season", type=int, help="default: the newest")
    add("--format", choices=("text", "json", "csv"), default="text")


def _ruleset_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ruleset", help="default: that of the board's first hill")


def _id_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", metavar="ID", help="of the entry")


def _key_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("key", metavar="KEY", help="of the result, see show")


def _no_options(_command: argparse.ArgumentParser) -> None:
    pass


def _verify_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", nargs="?", default="all", metavar="ID", help="default: all")
    command.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="threads")


def _check_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help="a result, see document")
    command.add_argument("--key", default="", metavar="HEX", help="the board's, see status")


def _log_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--after", type=int, default=0, metavar="NUMBER", help="default: all")
    command.add_argument("--limit", type=int, default=1000, help="default %(default)s")


def _refuse(problem: Problem, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(problem.to_dict(), indent=1))
    for rejection in problem.rejections:
        _complain(str(rejection))
    return 2


def _complain(text: str) -> int:
    for line in text.splitlines():
        print(f"corewar-board: {printable(line)}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
