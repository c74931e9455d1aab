"""The `corewar` command: one function for each subcommand. Bad input exits with 2."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import tyro
from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from coreenv.battle import BattleResult
    from coreenv.config import CoreConfig
    from coreenv.redcode import AssemblyError, Warrior


def asm(
    files: Positional[tuple[Path, ...]],
    ruleset: str = "nop94",
    latin_1: bool = False,
    format: Literal["load", "json"] = "load",  # noqa: A002  the name of the option
) -> None:
    """Assemble Redcode files and print load-file text, or one JSON object a line for each file.

    Args:
        files: sources to assemble.
        ruleset: rules to assemble for: nop94, draft94, icws88, tiny or nano.
        latin_1: read the files as latin-1 instead of UTF-8.
        format: what to print; with json, rejections are printed as JSON as well.
    """
    from coreenv.redcode import AssemblyError, disassemble

    if not files:
        _fail("no FILE to assemble; write: corewar asm FILE...")
    config = _config(ruleset)
    texts, failed = [], False
    for file in files:
        try:
            warrior = _assemble(file, config, latin_1)
        except AssemblyError as error:
            failed = True
            if format == "json":
                rejections = [rejection.to_dict() for rejection in error.rejections]
                texts.append(json.dumps({"file": str(file), "rejections": rejections}) + "\n")
            else:
                _complain(file, error)
        else:
            if format == "json":
                texts.append(json.dumps({"file": str(file), "warrior": warrior.to_dict()}) + "\n")
            else:
                texts.append(disassemble(warrior, config.standard))
    if format == "json" or not failed:
        sys.stdout.write("".join(texts))
    if failed:
        sys.exit(2)


def disasm(file: Positional[Path], ruleset: str = "nop94", latin_1: bool = False) -> None:
    """Print the load-file text of a warrior given as JSON (see `corewar asm`) or as source.

    Args:
        file: a JSON record of a warrior, or Redcode.
        ruleset: rules of the output; icws88 prints ICWS'88.
        latin_1: read a source as latin-1 instead of UTF-8.
    """
    from coreenv.redcode import AssemblyError, Warrior, disassemble

    config = _config(ruleset)
    try:
        if _read(file).lstrip().startswith(b"{"):
            record = json.loads(_read(file))
            warrior = Warrior.from_dict(record.get("warrior", record))
        else:
            warrior = _assemble(file, config, latin_1)
        sys.stdout.write(disassemble(warrior, config.standard))
    except AssemblyError as error:
        _complain(file, error)
        sys.exit(2)
    except ValueError as error:
        _fail(f"{file}: {error}")


def battle(
    files: Positional[tuple[Path, ...]],
    ruleset: str = "nop94",
    rounds: int = 100,
    seed: int = 1,
    as_json: Annotated[bool, arg(name="json")] = False,
) -> None:
    """Let warriors fight in one core, and print how each of them did.

    Args:
        files: Redcode files, one a warrior; a file may be named more than once.
        ruleset: rules of the battle: nop94, draft94, icws88, tiny or nano.
        rounds: how many, each at another placement.
        seed: of the placements; equal seeds give equal battles.
        as_json: print everything that was counted, and what replays it, as JSON.
    """
    from coreenv.battle import battle as fight

    if not files:
        _fail("no FILE to let fight; write: corewar battle FILE...")
    config = _config(ruleset)
    warriors = _assemble_all(files, config)
    try:
        result = fight(warriors, config, rounds=rounds, seed=seed)
    except ValueError as error:
        _fail(str(error))
    if as_json:
        print(json.dumps(result.to_dict()))
    else:
        _print_scores(warriors, result)


def _print_scores(warriors: "list[Warrior]", result: "BattleResult") -> None:
    survivors = result.alive.sum(axis=1)
    for i, warrior in enumerate(warriors):
        alone = int((result.alive[:, i] & (survivors == 1)).sum())
        shared = int(result.alive[:, i].sum()) - alone
        died = len(survivors) - alone - shared
        print(
            f"{warrior.name}: {alone} won, {shared} tied, {died} lost, "
            f"{int(result.points[:, i].sum())} points"
        )


def replay(
    files: Positional[tuple[Path, ...]],
    ruleset: str = "nop94",
    seed: int = 1,
    round_: Annotated[int, arg(name="round")] = 0,
    gif: Annotated[Path | None, arg(metavar="FILE")] = None,
    mp4: Annotated[Path | None, arg(metavar="FILE")] = None,
    png: Annotated[Path | None, arg(metavar="FILE")] = None,
    frames: int = 200,
) -> None:
    """Show one round of a battle: a GIF, a film, a picture of the end, or that end as text.

    Args:
        files: Redcode files, one a warrior, as for `corewar battle`.
        ruleset: rules of the battle: nop94, draft94, icws88, tiny or nano.
        seed: of the placements, as for `corewar battle`.
        round_: which round of that battle, counted from 0.
        gif: write an animation to this file.
        mp4: write a film to this file; needs ffmpeg.
        png: write a picture of the last turn to this file.
        frames: at most so many pictures in an animation.
    """
    from coreenv import placement, render
    from coreenv.battle import Battle
    from coreenv.replay import CoreView, frame_turns, round_turns
    from coreenv.replay import replay as run

    if not files:
        _fail("no FILE to replay; write: corewar replay FILE...")
    if sum(file is not None for file in (gif, mp4, png)) > 1:
        _fail("more than one of --gif, --mp4 and --png; name one")
    config = _config(ruleset)
    warriors = _assemble_all(files, config)
    try:
        places = placement.pmars(config, len(warriors), max(round_ + 1, 1), seed)
        battle = Battle(tuple(warriors), config, places)
        turns = frame_turns(round_turns(battle, round_), frames)
        if gif:
            render.save_gif(run(battle, turns, round_), gif)
        elif mp4:
            render.save_mp4(run(battle, turns, round_), mp4)
        elif png:
            render.save_png(CoreView.of_battle(battle, round_), png)
        else:
            colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
            sys.stdout.write(render.ansi(CoreView.of_battle(battle, round_), colour))
    except (OSError, RuntimeError, ValueError) as error:
        _fail(str(error))


def main() -> None:
    """Entry point of the `corewar` command."""
    if sys.argv[1:2] == ["pmars"]:  # its words follow rules of their own
        from coreenv import pmars

        sys.exit(pmars.main(sys.argv[2:]))
    tyro.extras.subcommand_cli_from_dict(
        {"asm": asm, "battle": battle, "disasm": disasm, "replay": replay},
        prog="corewar",
        description="Core War: assemble warriors and let them fight. "
        "`corewar pmars` takes the command line of pMARS.",
    )


def _assemble(file: Path, config: "CoreConfig", latin_1: bool) -> "Warrior":
    from coreenv.redcode import assemble

    return assemble(_read(file), config, encoding="latin-1" if latin_1 else "utf-8")


def _assemble_all(files: tuple[Path, ...], config: "CoreConfig") -> "list[Warrior]":
    """The warriors of all files; if any does not assemble, complains about each that does not."""
    from coreenv.redcode import AssemblyError

    warriors, failed = [], False
    for file in files:
        try:
            warriors.append(_assemble(file, config, latin_1=False))
        except AssemblyError as error:
            _complain(file, error)
            failed = True
    if failed:
        sys.exit(2)
    return warriors


def _config(name: str) -> "CoreConfig":
    from coreenv.config import ruleset

    try:
        return ruleset(name)
    except ValueError as error:
        _fail(str(error))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        _fail(f"{file}: {error.strerror}")


def _complain(file: Path, error: "AssemblyError") -> None:
    """One line of stderr for each rejection, in the form that editors jump to."""
    for fault in error.rejections:
        hint = f" ({fault.hint})" if fault.hint else ""
        place = f"{file}:{fault.line}:{fault.column}"
        print(f"{place}: {fault.reason}: {fault.message}{hint}", file=sys.stderr)


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
