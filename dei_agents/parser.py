"""The command line of `dei`."""

import argparse
from pathlib import Path, PurePath
from typing import Any

RUN_FLAGS = (
    "Nearly every key of the configuration is a flag too, such as --search.rounds 7 or "
    "--nodes.0.policy scanner; list them with: dei run CONFIG --settings"
)
RESUME_FLAGS = (
    "Budgets and how a provider is reached may be changed by flags, such as --budget.usd 20 or "
    "--nodes.0.deadline 300."
)
ADDRESS = "of the Ray cluster: HOST:PORT, or auto for the one that this machine belongs to"
GOES_ON = "Stop it at any time; the same command goes on where it stopped."


def command_line() -> argparse.ArgumentParser:
    """The parser; ``command`` is the name of the command that was given."""
    parser = argparse.ArgumentParser(
        prog="dei", description="Run a search, go on with one, look at one."
    )
    parser.set_defaults(overridable=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_run_folders(commands)
    _add_collect(commands)
    _add_arena(commands)
    _add_compare(commands)
    champion = commands.add_parser(
        "champion",
        help="search, then find the most general warrior of all rounds; report on it",
        epilog=GOES_ON,
    )
    champion.add_argument("config", type=Path, metavar="CONFIG", help="see champion.toml")
    champion.add_argument("--out", type=Path, help="folder; default runs/NAME")
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="run a search from a configuration", epilog=RUN_FLAGS)
    run.set_defaults(overridable=True)
    run.add_argument("config", type=Path, metavar="CONFIG", help="such as quick.toml")
    run.add_argument("--out", type=Path, help="run folder; default runs/NAME-NNN")
    run.add_argument(
        "--dry-run",
        action="store_true",
        help="print calls, cost and every node's first prompt, and spend nothing",
    )
    _add_engine(run)
    _add_metrics(run)
    _add_json(run)


def _add_run_folders(commands: Any) -> None:
    """The commands about a run that is there."""
    resume = commands.add_parser(
        "resume", help="go on with a run that was stopped, killed or halted", epilog=RESUME_FLAGS
    )
    resume.set_defaults(overridable=True)
    _add_engine(resume)
    replay = commands.add_parser(
        "replay", help="run a recorded search once more, offline, and compare"
    )
    show = commands.add_parser("show", help="show the result of a run")
    for command in (resume, replay, show):
        command.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    show.add_argument(
        "--follow",
        action="store_true",
        help="show the progress first, until there is a result, wherever the run is at work",
    )
    for command in (resume, show):
        _add_metrics(command)
        _add_json(command)


def _add_collect(commands: Any) -> None:
    collect = commands.add_parser(
        "collect", help="copy a run from a Ray cluster to this machine, finished or at work"
    )
    collect.add_argument(
        "run", type=PurePath, metavar="RUN", help="its folder, as on the machine that has it"
    )
    collect.add_argument("--out", type=Path, help="folder; default runs/ and the run's own name")
    collect.add_argument("--address", default="auto", help=ADDRESS + " (default: %(default)s)")


def _add_arena(commands: Any) -> None:
    arena = commands.add_parser(
        "arena", help="let operators play one another in the PettingZoo environment"
    )
    arena.add_argument(
        "--agents",
        default="bomber,scanner,replicator,tinkerer",
        help="built-in operators, with commas between (default: %(default)s)",
    )
    arena.add_argument("--steps", type=int, default=20, help="default %(default)s")
    arena.add_argument("--seed", type=int, default=1, help="default %(default)s")
    arena.add_argument("--ruleset", default="nop94", help="default %(default)s")
    arena.add_argument("--out", type=Path, help="folder for the warriors at the end")
    _add_json(arena)


def _add_compare(commands: Any) -> None:
    compare = commands.add_parser(
        "compare",
        help="run one, equal and different models, and baselines, at equal calls; report",
        epilog=GOES_ON,
    )
    compare.add_argument("config", type=Path, metavar="CONFIG", help="such as compare.toml")
    compare.add_argument("--out", type=Path, help="folder; default runs/NAME")
    compare.add_argument(
        "--results", type=Path, help="folder for the result of every run; default OUT/results"
    )
    compare.add_argument("--jobs", type=int, help="runs at once; default one a core")
    _add_json(compare)


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where nodes run: processes on this machine (default), or actors on a Ray cluster",
    )
    command.add_argument(
        "--address", help=ADDRESS + "; default: one that is started here for this run"
    )


def _add_metrics(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--metrics",
        metavar="PORT",
        help="serve figures for Prometheus at http://127.0.0.1:PORT/metrics meanwhile; HOST:PORT "
        "serves other machines too",
    )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the result as JSON")
