"""The command `dei`: run a search, go on with one, look at one."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from coreenv.hill import Hill
from coreenv.redcode import Warrior
from dei_agents.config import ConfigError, RunConfig, load_config, parse_overrides
from eval.summary import Summary

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it; SIGTERM gives 143."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 failed, 2 bad input, 130 stopped."""
    arguments, overrides = _parser().parse_known_args(argv)
    try:
        if overrides and not arguments.overridable:
            raise ConfigError(f"unknown argument {overrides[0]}")
        arguments.overrides = overrides
        return int(arguments.command(arguments))
    except ConfigError as error:
        print(f"dei: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"dei: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dei: stopped", file=sys.stderr)
        return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dei", description=__doc__)
    parser.set_defaults(overridable=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run_parser = commands.add_parser(
        "run",
        help="run a search from a configuration",
        epilog="Nearly every key of the configuration is a flag too, such as --search.rounds 7 "
        "or --nodes.0.policy scanner; list them with: dei run CONFIG --settings",
    )
    run_parser.set_defaults(command=run, overridable=True)
    run_parser.add_argument("config", type=Path, metavar="CONFIG", help="such as quick.toml")
    run_parser.add_argument("--out", type=Path, help="run folder; default runs/NAME-NNN")
    run_parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print calls, cost and every node's first prompt, and spend nothing",
    )

    resume_parser = commands.add_parser(
        "resume",
        help="go on with a run that was stopped, killed or halted",
        epilog="Budgets and how a provider is reached may be changed by flags, such as "
        "--budget.usd 20 or --nodes.0.deadline 300.",
    )
    resume_parser.set_defaults(command=resume, overridable=True)
    replay_parser = commands.add_parser(
        "replay", help="run a recorded search once more, offline, and compare"
    )
    replay_parser.set_defaults(command=replay)
    show_parser = commands.add_parser("show", help="show the result of a run")
    show_parser.set_defaults(command=show)
    arena_parser = commands.add_parser(
        "arena", help="let operators play one another in the PettingZoo environment"
    )
    arena_parser.set_defaults(command=arena)
    arena_parser.add_argument(
        "--agents",
        default="bomber,scanner,replicator,tinkerer",
        help="built-in operators, with commas between (default: %(default)s)",
    )
    arena_parser.add_argument("--steps", type=int, default=20, help="default %(default)s")
    arena_parser.add_argument("--seed", type=int, default=1, help="default %(default)s")
    arena_parser.add_argument("--ruleset", default="nop94", help="default %(default)s")
    arena_parser.add_argument("--out", type=Path, help="folder for the warriors at the end")
    compare_parser = commands.add_parser(
        "compare",
        help="run one, equal and different models, and baselines, at equal calls; report",
        epilog="Stop it at any time; the same command goes on where it stopped.",
    )
    compare_parser.set_defaults(command=compare)
    compare_parser.add_argument("config", type=Path, metavar="CONFIG", help="such as compare.toml")
    compare_parser.add_argument("--out", type=Path, help="folder; default runs/NAME")
    compare_parser.add_argument(
        "--results", type=Path, help="folder for the result of every run; default OUT/results"
    )
    compare_parser.add_argument("--jobs", type=int, help="runs at once; default one a core")
    champion_parser = commands.add_parser(
        "champion",
        help="search, then find the most general warrior of all rounds; report on it",
        epilog="Stop it at any time; the same command goes on where it stopped.",
    )
    champion_parser.set_defaults(command=champion)
    champion_parser.add_argument("config", type=Path, metavar="CONFIG", help="see champion.toml")
    champion_parser.add_argument("--out", type=Path, help="folder; default runs/NAME")
    for command in (resume_parser, replay_parser, show_parser):
        command.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    for command in (run_parser, resume_parser, show_parser, arena_parser, compare_parser):
        command.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


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
    folder = create_folder(arguments.out, config)
    return _search(config, hill, initial, folder, as_json=arguments.json)


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
    discard_results(folder)
    write_json(folder / "config.json", config)
    return _search(config, hill, initial, folder, as_json=arguments.json)


def _search(
    config: RunConfig, hill: Hill, initial: tuple[Warrior, ...], folder: Path, *, as_json: bool
) -> int:
    from dei_agents.search import search

    try:
        summary = search(config, hill, initial, folder)
    except KeyboardInterrupt:
        print(f"dei: stopped; go on with: dei resume {folder}", file=sys.stderr)
        return STOPPED
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
    """Print the result of a finished run."""
    from dei_agents.run_folder import load_run

    folder = arguments.run
    load_run(folder)
    path = folder / "summary.json"
    if not path.exists():
        raise ConfigError(
            f"{folder} has no summary.json yet: the search has not finished; go on with: "
            f"dei resume {folder}"
        )
    summary = Summary.model_validate_json(path.read_text(encoding="utf-8"))
    return _report(summary, as_json=arguments.json)


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


if __name__ == "__main__":
    sys.exit(main())
