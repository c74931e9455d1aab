"""The command `dei`: run a search, go on with one, look at one."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from coreenv.hill import Hill
from coreenv.redcode import Warrior
from dei_agents.config import ConfigError, RunConfig, load_config, parse_overrides
from dei_agents.engine import OpenEngine, engine
from dei_agents.ensemble import Observer
from dei_agents.parser import command_line
from eval.summary import Summary

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it; SIGTERM gives 143."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 failed, 2 bad input, 130 stopped."""
    arguments, overrides = command_line().parse_known_args(argv)
    try:
        if overrides and not arguments.overridable:
            raise ConfigError(f"unknown argument {overrides[0]}")
        arguments.overrides = overrides
        return COMMANDS[arguments.command](arguments)
    except ConfigError as error:
        print(f"dei: {error}", file=sys.stderr)
        return 2
    except (OSError, RuntimeError) as error:
        print(f"dei: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dei: stopped", file=sys.stderr)
        return STOPPED


def run(arguments: argparse.Namespace) -> int:
    """Search, evaluate, report. Nothing is written before the whole input was found good."""
    from dei_agents.run_folder import create_folder
    from dei_agents.search import check

    config = parse_overrides(
        load_config(arguments.config), arguments.overrides, f"dei run {arguments.config}"
    )
    hill, initial = check(config, keys=not arguments.dry_run)
    if arguments.dry_run:
        from rich.console import Console

        from dei_agents.preview import preview

        Console().print(preview(config, initial))
        return 0
    open_engine = engine(arguments.engine, arguments.address)
    with _metrics(arguments) as observe:
        folder = create_folder(arguments.out, config)
        return _search(config, hill, initial, folder, open_engine, observe, as_json=arguments.json)


def resume(arguments: argparse.Namespace) -> int:
    """Go on from the record of a run; what was answered is never asked again."""
    from dei_agents.run_folder import discard_results, load_run, write_json
    from dei_agents.search import check

    folder = arguments.run
    before = load_run(folder)
    config = parse_overrides(before, arguments.overrides, f"dei resume {folder}")
    if changed := before.search_difference(config):
        raise ConfigError(
            f"{changed} is part of the search and cannot change in the middle of it; start "
            "another with dei run"
        )
    hill, initial = check(config)
    open_engine = engine(arguments.engine, arguments.address)
    with _metrics(arguments) as observe:
        discard_results(folder)
        write_json(folder / "config.json", config)
        return _search(config, hill, initial, folder, open_engine, observe, as_json=arguments.json)


def _metrics(arguments: argparse.Namespace) -> AbstractContextManager[Observer | None]:
    """Serve the figures of a run while it is at work, if that is asked for."""
    if arguments.metrics is None:
        return nullcontext()
    try:
        from dei_agents.metrics import serve
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise ConfigError(
            "--metrics needs the library prometheus-client, which is not installed: "
            "pip install 'corewar-dei[metrics]'"
        ) from None
    return serve(arguments.metrics)


def _search(
    config: RunConfig,
    hill: Hill,
    initial: tuple[Warrior, ...],
    folder: Path,
    open_engine: OpenEngine,
    observe: Observer | None,
    *,
    as_json: bool,
) -> int:
    from dei_agents.search import search

    try:
        summary = search(config, hill, initial, folder, open_engine, observe)
    except KeyboardInterrupt:
        print(f"dei: stopped; go on with: dei resume {folder}", file=sys.stderr)
        return STOPPED
    except OSError as error:
        raise RuntimeError(
            f"{error.filename or folder}: {error.strerror or error}; once that is put right, go on "
            f"with: dei resume {folder}"
        ) from None
    return _report(summary, as_json=as_json)


def replay(arguments: argparse.Namespace) -> int:
    """Run every node once more from its record, and compare the archives byte for byte."""
    from dei_agents.ensemble import Ensemble
    from dei_agents.replay import replay as replay_nodes
    from dei_agents.run_folder import archive_files, load_run
    from dei_agents.search import check, evaluate

    folder = arguments.run
    config = load_run(folder)
    hill, initial = check(config, keys=False)
    ensemble = Ensemble(config, folder)
    try:
        ensemble.refresh()
        replay_nodes(config, folder, initial, os.cpu_count() or 1, _tell_replayed)
        summary, common = evaluate(config, hill, ensemble.views)
    except ValueError as error:
        raise RuntimeError(f"{folder}: {error}") from None
    for name, text in archive_files(config, summary.made_by, ensemble.views, common).items():
        path = folder / name
        if not path.exists():
            print(f"{name}: not written yet", file=sys.stderr)
        elif path.read_text(encoding="utf-8") != text:
            raise RuntimeError(f"{path} is not what the record gives")
        else:
            print(f"{name}: identical")
    return 0


def _tell_replayed(node: int, calls: int) -> None:
    print(f"node {node}: {calls} calls as recorded", file=sys.stderr)


def show(arguments: argparse.Namespace) -> int:
    """Print the result of a run, once it has finished."""
    from dei_agents.follow import follow
    from dei_agents.run_folder import load_run

    folder = arguments.run
    config = load_run(folder)
    path = folder / "summary.json"
    if arguments.follow:
        with _metrics(arguments) as observe:
            try:
                follow(config, folder, observe)
            except ValueError as error:
                raise RuntimeError(str(error)) from None
    elif arguments.metrics is not None:
        raise ConfigError("--metrics tells of a run at work; give --follow too")
    if not path.exists():
        raise ConfigError(
            f"{folder} has no summary.json yet: the search has not finished; watch it with: "
            f"dei show {folder} --follow; if it was stopped, go on with: dei resume {folder}"
        )
    summary = Summary.model_validate_json(path.read_text(encoding="utf-8"))
    return _report(summary, as_json=arguments.json)


def collect(arguments: argparse.Namespace) -> int:
    """Copy a run from whichever machine of a cluster has it."""
    from dei_agents.collect import collect as copy

    out = arguments.out or Path("runs") / arguments.run.name
    try:
        machine = copy(arguments.run, out, arguments.address)
    except ImportError as error:
        raise ConfigError(str(error)) from None
    except ConnectionError as error:
        raise ConfigError(f"--address: {error}") from None
    print(f"{out}: copied from {machine}; check it with: dei replay {out}", file=sys.stderr)
    return 0


def arena(arguments: argparse.Namespace) -> int:
    """Mutation policies as agents of ``corewar_v0``, for some steps."""
    from dei_agents.arena_command import command

    return command(
        arguments.agents,
        steps=arguments.steps,
        seed=arguments.seed,
        rules=arguments.ruleset,
        out=arguments.out,
        as_json=arguments.json,
    )


def compare(arguments: argparse.Namespace) -> int:
    """The conditions of a comparison, each with every seed."""
    from dei_agents.compare_command import command

    return command(
        arguments.config,
        out=arguments.out,
        results=arguments.results,
        jobs=arguments.jobs,
        as_json=arguments.json,
    )


def champion(arguments: argparse.Namespace) -> int:
    """The most general warrior of a search."""
    from rich.console import Console

    from dei_agents.champion import find_champion
    from eval.score_table import results_table

    config = load_config(arguments.config)
    out = arguments.out or Path("runs") / config.name
    results = find_champion(config, out)
    Console().print(results_table(results))
    print(f"champion: {out / 'champion.red'}; report: {out / 'report.html'}", file=sys.stderr)
    return 0


def _report(summary: Summary, *, as_json: bool) -> int:
    """Print the result; 1 if a node died or its provider stopped answering."""
    from rich.console import Console

    from eval.report import summary_table

    if as_json:
        print(summary.model_dump_json(indent=1))
    else:
        Console().print(summary_table(summary))
    return int(any(node.failed for node in summary.nodes))


COMMANDS = {
    "run": run,
    "resume": resume,
    "replay": replay,
    "show": show,
    "collect": collect,
    "arena": arena,
    "compare": compare,
    "champion": champion,
}


if __name__ == "__main__":
    sys.exit(main())
