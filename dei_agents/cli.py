"""The command `dei`: run a search, and look at one."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from coreenv.hill import Hill, open_hill
from coreenv.redcode import Warrior
from dei_agents.config import ConfigError, RunConfig, load_config

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it; SIGTERM gives 143."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 failed, 2 bad input, 130 stopped."""
    arguments, overrides = _parser().parse_known_args(argv)
    try:
        if arguments.command == "run":
            return run(arguments.config, overrides, out=arguments.out, as_json=arguments.json)
        if overrides:
            raise ConfigError(f"unknown argument {overrides[0]}")
        return show(arguments.run, as_json=arguments.json)
    except ConfigError as error:
        print(f"dei: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dei: stopped", file=sys.stderr)
        return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dei", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run_parser = commands.add_parser(
        "run",
        help="run a search from a configuration",
        epilog="Every key of the configuration is a flag too, such as --search.rounds 7 or "
        "--nodes.0.policy scanner; list them with: dei run CONFIG --settings",
    )
    run_parser.add_argument("config", type=Path, metavar="CONFIG", help="such as quick.toml")
    run_parser.add_argument("--out", type=Path, help="run folder; default runs/NAME-NNN")
    show_parser = commands.add_parser("show", help="show the result of a run")
    show_parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    for command in (run_parser, show_parser):
        command.add_argument("--json", action="store_true", help="print the summary as JSON")
    return parser


def run(path: Path, overrides: Sequence[str], *, out: Path | None, as_json: bool) -> int:
    """Search, evaluate, report. Nothing is written before the whole input was found good."""
    from dei_agents.opponents import initial_opponents
    from dei_agents.policies import builtin

    config = _overridden(path, overrides)
    hill = _hill(config)
    for index, node in enumerate(config.nodes):
        try:
            builtin(node.policy).check(config.core.config)
        except ValueError as error:
            raise ConfigError(f"nodes.{index}.policy: {error}") from None
    initial = initial_opponents(config.search.initial_opponents, hill, config.core.config)
    return _search(config, hill, initial, out=out, as_json=as_json)


def _overridden(path: Path, overrides: Sequence[str]) -> RunConfig:
    config = load_config(path)
    if not overrides:
        return config
    import tyro

    args = ["--help" if arg == "--settings" else arg for arg in overrides]
    return tyro.cli(RunConfig, default=config, args=args, prog=f"dei run {path}")


def _hill(config: RunConfig) -> Hill:
    try:
        hill = open_hill(config.evaluation.hill)
        hill.verify()
    except (OSError, ValueError) as error:
        raise ConfigError(f"evaluation.hill: {str(error).splitlines()[0]}") from None
    return hill


def _search(
    config: RunConfig,
    hill: Hill,
    initial: tuple[Warrior, ...],
    *,
    out: Path | None,
    as_json: bool,
) -> int:
    from rich.console import Console
    from rich.live import Live

    from dei_agents.engine.local import LocalEngine
    from dei_agents.ensemble import Ensemble
    from dei_agents.progress import progress_view
    from dei_agents.run_folder import create_folder, write_results
    from eval.report import summary_table
    from eval.summary import summarise

    folder = create_folder(out, config)
    ensemble = Ensemble(config, folder)
    terminal = Console(stderr=True)
    began = time.monotonic()
    with (
        LocalEngine(config, folder, initial) as engine,
        Live(console=terminal, auto_refresh=False) as live,
    ):
        ensemble.run(engine, lambda views: live.update(progress_view(config, views), refresh=True))
    seconds = time.monotonic() - began
    with terminal.status("measuring the result against the held-out hill"):
        summary, common = summarise(
            ensemble.views,
            name=config.name,
            seed=config.seed,
            config=config.core.config,
            hill=hill,
            seconds=seconds,
            threads=os.cpu_count() or 1,
        )
        write_results(folder, config, summary, ensemble.views, common)
    if as_json:
        print(summary.model_dump_json(indent=1))
    else:
        Console().print(summary_table(summary))
    terminal.print(f"report: {folder / 'report.html'}", highlight=False)
    return 0


def show(folder: Path, *, as_json: bool) -> int:
    """Print the result of a finished run."""
    from rich.console import Console

    from dei_agents.run_folder import load_run
    from eval.report import summary_table
    from eval.summary import Summary

    load_run(folder)
    path = folder / "summary.json"
    if not path.exists():
        raise ConfigError(f"{folder} has no summary.json yet: the search has not finished")
    summary = Summary.model_validate_json(path.read_text(encoding="utf-8"))
    if as_json:
        print(summary.model_dump_json(indent=1))
    else:
        Console().print(summary_table(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
