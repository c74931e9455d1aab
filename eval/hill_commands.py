"""`corewar-eval hill`: look at a hill, check it, make one of a folder, measure one."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any

from coreenv.config import RULESETS
from coreenv.hill import MANIFEST, Hill, HillError, open_hill
from coreenv.hill_rows import Member, to_row
from coreenv.redcode.lines import Encoding
from eval.files import write_whole

Command = Callable[[argparse.Namespace], int]

_A_HILL = "a bundled hill, or a folder with a hill.toml; default %(default)s"


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of ``corewar-eval hill``. ``run`` of the parsed arguments takes these
    and returns the exit code: 0 done, 1 the hill has faults or differs, 2 bad input."""
    a_list = _parser(commands, "list", list_members, "list the members of a hill")
    a_list.add_argument("hill", nargs="?", default="v1", metavar="HILL", help=_A_HILL)
    a_list.add_argument("--json", action="store_true", help="print the whole manifest as JSON")
    show = _parser(commands, "show", show_member, "show the source of a member")
    show.add_argument("name", metavar="NAME", help="name of the member")
    show.add_argument("--hill", default="v1", metavar="HILL", help=_A_HILL)
    verify = _parser(
        commands,
        "verify",
        verify_hill,
        "assemble all members and compare them with the manifest",
    )
    verify.add_argument("hill", nargs="?", default="v1", metavar="HILL", help=_A_HILL)
    _add_parser(commands)
    diff = _parser(commands, "diff", diff_hills, "list what differs between two hills (exit 1)")
    for side in ("a", "b"):
        diff.add_argument(side, metavar=side.upper(), help="as for list")
    measure = _parser(
        commands, "measure", measure_hill, "let every pair of a hill fight, and print the tables"
    )
    measure.add_argument("hill", nargs="?", default="v1", metavar="HILL", help=_A_HILL)
    measure.add_argument(
        "--update", type=Path, metavar="README", help="put the tables into this file instead"
    )
    measure.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="threads")


def _parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Command,
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=_told(run))
    return parser


def _add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add = _parser(commands, "add", add_folder, "make a hill of all *.red files below a folder")
    add.add_argument("folder", type=Path, metavar="DIR", help=f"gets a {MANIFEST}")
    add.add_argument("--name", required=True, help="what to call the hill")
    add.add_argument("--ruleset", default="nop94", choices=RULESETS, help="default %(default)s")
    add.add_argument("--latin-1", action="store_true", help="the files are latin-1, not UTF-8")
    add.add_argument(
        "--partial",
        action="store_true",
        help="leave out what cannot be a member, and say so in the manifest",
    )


def _told(run: Command) -> Command:
    """Bad input is told on stderr, and ends with 2."""

    @wraps(run)
    def told(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except (OSError, ValueError) as error:
            _complain(str(error))
        return 2

    return told


def _complain(text: str) -> None:
    for line in text.splitlines():
        print(f"corewar-eval: {line}", file=sys.stderr)


def list_members(arguments: argparse.Namespace) -> int:
    hill = open_hill(arguments.hill)
    if arguments.json:
        print(json.dumps(_manifest(hill), indent=1))
        return 0
    rows = [(m.split, m.warrior_class, m.family, m.id[:12], m.name) for m in hill.members]
    table = [("split", "class", "family", "hash", "name"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip())
    print(f"{_title(hill)}: {len(hill.members)} warriors, hash {hill.hash[:16]}")
    return 0


def _manifest(hill: Hill) -> dict[str, Any]:
    return {
        "hill": hill.name,
        "version": hill.version,
        "hash": hill.hash,
        "ruleset": hill.ruleset,
        "engine": hill.engine,
        "members": [to_row(member) for member in hill.members],
        "rejected": [asdict(rejected) for rejected in hill.rejected],
    }


def _title(hill: Hill) -> str:
    return f"{hill.name} {hill.version}"


def show_member(arguments: argparse.Namespace) -> int:
    hill = open_hill(arguments.hill)
    try:
        member = hill.member(arguments.name)
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    warrior = hill.warrior(member.name)
    for key, value in to_row(member).items():
        print(f"{key:<7} {value}")
    print(f"length  {len(warrior)}\n\n{warrior.source.rstrip()}")
    return 0


def verify_hill(arguments: argparse.Namespace) -> int:
    try:
        hill = open_hill(arguments.hill)
        faults = list(_faults(hill))
    except HillError as error:  # the manifest contradicts itself
        faults = list(error.faults)
    if faults:
        _complain("\n".join(faults))
        return 1
    print(f"{_title(hill)}: {len(hill.members)} warriors are those of the manifest")
    return 0


def _faults(hill: Hill) -> Iterator[str]:
    from coreenv.collection import strangers

    try:
        hill.verify()
    except HillError as error:
        yield from error.faults
    for file in strangers(hill):
        yield f"{file} is in the folder, but not in the manifest"


def add_folder(arguments: argparse.Namespace) -> int:
    from coreenv.collection import collect

    manifest: Path = arguments.folder / MANIFEST
    if manifest.exists():
        raise ValueError(f"{manifest} exists: delete it to make the hill anew")
    encoding: Encoding = "latin-1" if arguments.latin_1 else "utf-8"
    hill = collect(
        arguments.folder, name=arguments.name, rules=arguments.ruleset, encoding=encoding
    )
    _complain("\n".join(map(str, hill.rejected)))
    if hill.rejected and not arguments.partial:
        _complain(
            f"{len(hill.rejected)} files cannot be members, {len(hill.members)} can; nothing was "
            "written: mend or remove them, or go on without them with --partial"
        )
        return 1
    write_whole(manifest, hill.to_toml())
    left_out = f", {len(hill.rejected)} files left out" if hill.rejected else ""
    print(f"{_title(hill)}: {len(hill.members)} warriors{left_out}, written to {manifest}")
    return 0


def diff_hills(arguments: argparse.Namespace) -> int:
    lines = list(_differences(open_hill(arguments.a), open_hill(arguments.b)))
    print("\n".join(lines) if lines else "no difference")
    return 1 if lines else 0


def _differences(a: Hill, b: Hill) -> Iterator[str]:
    """What distinguishes ``b`` from ``a``: rules first, then members by name."""
    for key in ("ruleset", "engine", "initial_opponents", "quick_opponents", "common_opponents"):
        before, after = getattr(a, key), getattr(b, key)
        if before != after:
            yield f"~ {key}: {before} -> {after}"
    old = {member.name: member for member in a.members}
    new = {member.name: member for member in b.members}
    yield from (f"- {_summary(old[name])}" for name in old if name not in new)
    yield from (f"+ {_summary(new[name])}" for name in new if name not in old)
    for name in old:
        if name in new:
            yield from _changes(old[name], new[name])
    if old.keys() == new.keys() and list(old) != list(new):
        yield "~ the order of the members"


def _changes(old: Member, new: Member) -> Iterator[str]:
    for key, before in to_row(old).items():
        after = to_row(new)[key]
        if key in ("class", "family", "split", "id") and before != after:
            yield f"~ {old.name}: {key}: {before} -> {after}"


def _summary(member: Member) -> str:
    return f"{member.name} ({member.warrior_class}, {member.split}, {member.id[:12]})"


def measure_hill(arguments: argparse.Namespace) -> int:
    from eval.hill_readme import section, updated
    from eval.round_robin import round_robin

    readme: Path | None = arguments.update
    before = readme.read_text(encoding="utf-8") if readme else ""
    result = round_robin(open_hill(arguments.hill), threads=arguments.jobs)
    if readme:
        write_whole(readme, updated(before, result))
    else:
        print(section(result), end="")
    return 0
