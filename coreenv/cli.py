"""The `corewar` command: one function for each subcommand. Bad input exits with 2."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import tyro
from tyro.conf import Positional

if TYPE_CHECKING:
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


def main() -> None:
    """Entry point of the `corewar` command."""
    tyro.extras.subcommand_cli_from_dict(
        {"asm": asm, "disasm": disasm},
        prog="corewar",
        description="Core War: assemble and disassemble warriors.",
    )


def _assemble(file: Path, config: "CoreConfig", latin_1: bool) -> "Warrior":
    from coreenv.redcode import assemble

    return assemble(_read(file), config, encoding="latin-1" if latin_1 else "utf-8")


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
