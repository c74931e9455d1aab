"""The command `corewar-eval`: score warriors against a hill, compare them, and see to hills."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

from coreenv.battle import Engine, battle_batch
from coreenv.config import CoreConfig, ruleset
from coreenv.hill import Hill, Split, open_hill
from coreenv.play import Play
from coreenv.redcode import AssemblyError, Warrior, assemble
from eval import hill_commands, qd_command
from eval.cluster import cluster
from eval.comparison import compare_all
from eval.files import write_whole
from eval.generality import generality
from eval.progress import progress_bar
from eval.protocol import Profile, Protocol
from eval.results import Results
from eval.units import UnitStore

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""

JOBS = 16
"""Jobs for each CPU of a cluster: with few of them, one CPU waits for the last one of another."""

INTERPRETERS: dict[str, Engine] = {"kernel": "cython", "reference": "reference"}


class InputError(ValueError):
    """Bad input; the text is what the user reads, one fault a line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 failed, 2 bad input, 130 stopped."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except InputError as error:
        for line in str(error).splitlines():
            print(f"corewar-eval: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("corewar-eval: stopped", file=sys.stderr)
        return STOPPED
    return code


def score(arguments: argparse.Namespace) -> int:
    """Score warriors one against one with every member of a split."""
    return _print(arguments, _results(arguments))


def compare(arguments: argparse.Namespace) -> int:
    """Score warriors, and compare every two of them."""
    if len(arguments.files) < 2:
        raise InputError(f"compare needs at least two Redcode files; {arguments.files[0]} is alone")
    results = _results(arguments)
    compared = replace(results, comparisons=tuple(compare_all(results.scores)))
    return _print(arguments, compared)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="corewar-eval", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run in (score, compare):
        command = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        _add_options(command)
    qd_command.add_parser(commands)
    hill = commands.add_parser("hill", help="look at a hill, check it, make one")
    hill_commands.add_parsers(hill.add_subparsers(required=True, metavar="COMMAND"))
    return parser


def _add_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="Redcode")
    add("--profile", choices=get_args(Profile), default="quick", help="rounds; default quick")
    add("--hill", default="v1", help="a bundled hill, or a folder with a hill.toml; default v1")
    add("--split", choices=get_args(Split), default="test", help="of the hill; default test")
    add("--latin-1", action="store_true", help="the files are latin-1, not UTF-8")
    add("--address", help="fight on a Ray cluster: HOST:PORT; auto finds one, local starts one")
    add("--jobs", type=int, help=f"threads, or tasks of a cluster; default 1 a core, there {JOBS}")
    add("--out", type=Path, metavar="DIR", help="keep rounds here to go on from, and scores.json")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--csv", type=Path, metavar="FILE", help="write every pair as CSV")
    add("--html", type=Path, metavar="FILE", help="write a page with plots")
    same = "reference is to be read, and slow; both give the same bytes; default kernel"
    add("--interpreter", choices=INTERPRETERS, default="kernel", help=same)


def _results(arguments: argparse.Namespace) -> Results:
    """Nothing is fought or written before the whole input was found good."""
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InputError(f"--jobs is {arguments.jobs}; it must be at least 1")
    for file in filter(None, (arguments.csv, arguments.html)):
        if not file.parent.is_dir():
            raise InputError(f"{file}: there is no folder {file.parent}; make it first")
        if file.is_dir():
            raise InputError(f"{file} is a folder; name a file")
    hill = _hill(arguments.hill)
    if not hill.split(arguments.split):
        raise InputError(f"--split is {arguments.split}; hill {hill.name} has no such members")
    config = ruleset(hill.ruleset)
    warriors = _warriors(arguments.files, config, latin_1=arguments.latin_1)
    protocol = Protocol(arguments.profile)
    with (
        _player(arguments) as (play, jobs),
        _store(arguments.out) as store,
        progress_bar("fighting") as progress,
    ):
        scores = generality(
            warriors,
            hill,
            config,
            protocol,
            split=arguments.split,
            threads=jobs,
            engine=INTERPRETERS[arguments.interpreter],
            play=play,
            store=store,
            progress=progress,
        )
    return Results(hill, arguments.split, config, protocol, tuple(scores))


@contextmanager
def _player(arguments: argparse.Namespace) -> Iterator[tuple[Play, int]]:
    """Who fights, and how many battles at once."""
    if arguments.address is None:
        yield battle_batch, arguments.jobs or os.cpu_count() or 1
        return
    with ExitStack() as stack:
        try:
            play = stack.enter_context(cluster(arguments.address))
        except (ConnectionError, ImportError) as error:
            raise InputError(f"--address: {error}") from None
        yield play, arguments.jobs or JOBS * play.cpus


def _hill(name: str) -> Hill:
    try:
        found = open_hill(name)
        found.verify()
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None
    return found


def _warriors(files: Sequence[Path], config: CoreConfig, *, latin_1: bool) -> list[Warrior]:
    warriors, faults = [], []
    for file in files:
        try:
            text = file.read_bytes()
            warriors.append(assemble(text, config, encoding="latin-1" if latin_1 else "utf-8"))
        except OSError as error:
            faults.append(f"{file}: {error.strerror}")
        except AssemblyError as error:
            faults.extend(f"{file}: {rejection}" for rejection in error.rejections)
    if faults:
        raise InputError("\n".join(faults))
    return warriors


@contextmanager
def _store(folder: Path | None) -> Iterator[UnitStore]:
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        store = UnitStore(None if folder is None else folder / "units.jsonl")
    except BlockingIOError:
        raise InputError(f"--out: another process is using {folder}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"--out: {error}") from None
    with store:
        yield store


def _print(arguments: argparse.Namespace, results: Results) -> int:
    text = results.to_json()
    if arguments.out:
        _write(arguments.out / "scores.json", text)
    if arguments.csv:
        _write(arguments.csv, results.to_csv())
    if arguments.html:
        from eval.score_page import score_page

        _write(arguments.html, score_page(results))
    if arguments.json:
        sys.stdout.write(text)
    else:
        from rich.console import Console

        from eval.score_table import results_table

        Console().print(results_table(results))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
