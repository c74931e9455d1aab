"""A folder of somebody's Redcode files becomes a `Hill`: see `collect`."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Final

from coreenv import ENGINE_VERSION
from coreenv.config import CoreConfig, ruleset
from coreenv.hill import Hill, full_name
from coreenv.hill_rows import CONTROL, Member, Rejected
from coreenv.redcode import AssemblyError, Warrior, assemble
from coreenv.redcode.lines import Encoding
from coreenv.redcode.warrior import name_fault

UNCLASSIFIED: Final = "unclassified"
"""Class of a member until somebody writes a better one into the manifest."""


def collect(folder: Path, *, name: str, rules: str, encoding: Encoding = "utf-8") -> Hill:
    """A hill of all Redcode files below ``folder``. Nothing is written: see `Hill.to_toml`.

    Members stand in the order of their paths, all in the split ``test`` and unclassified. Their
    family is the file name without its ending and a number at the end, so that paper1.red and
    paper2.red are kin. Files that do not assemble and second copies of a program are in
    `Hill.rejected`. Where several share a ``;name``, each is called by its `full_name`.

    Args:
        folder: looked through with all folders below.
        name: name of the hill.
        rules: name of the ruleset the files are written for.
        encoding: of the files.

    Raises:
        ValueError: no such ruleset, a name that cannot be printed, or no file that assembles.
    """
    config = ruleset(rules)
    if fault := name_fault("the hill's name", name):
        raise ValueError(fault)
    programs, rejected = _sorted_out(folder, config, encoding)
    if not programs:
        raise ValueError("\n".join([f"{folder} holds no warrior", *map(str, rejected)]))
    names = Counter(warrior.name for warrior in programs.values())
    members = [_member(file, w, names[w.name] > 1, name) for file, w in programs.items()]
    return Hill(
        folder=folder,
        name=name,
        version="v1",
        ruleset=rules,
        engine=ENGINE_VERSION,
        initial_opponents=(),
        quick_opponents=(),
        common_opponents=(),
        members=tuple(members),
        encoding=encoding,
        rejected=tuple(rejected),
    )


def strangers(hill: Hill) -> tuple[str, ...]:
    """Redcode files below a hill's folder that its manifest does not mention."""
    known = {member.file for member in hill.members} | {row.file for row in hill.rejected}
    return tuple(file for file in _redcode_files(hill.folder) if file not in known)


def _sorted_out(
    folder: Path, config: CoreConfig, encoding: Encoding
) -> tuple[dict[str, Warrior], list[Rejected]]:
    """Programs by file, each only once, and the files that give none."""
    programs: dict[str, Warrior] = {}
    rejected: list[Rejected] = []
    homes: dict[str, str] = {}
    for file in _redcode_files(folder):
        if CONTROL.search(file):
            raise ValueError(f"the file name {file!r} cannot be printed: rename it")
        try:
            warrior = assemble((folder / file).read_bytes(), config, encoding=encoding)
        except OSError as error:
            rejected.append(Rejected(file, f"cannot be read: {error.strerror}"))
        except AssemblyError as error:
            reason = "; ".join(map(str, error.rejections))
            rejected.append(Rejected(file, CONTROL.sub("?", reason)))
        else:
            home = homes.setdefault(warrior.id, file)
            if home == file:
                programs[file] = warrior
            else:
                rejected.append(Rejected(file, f"the same program as {home}"))
    return programs, rejected


def _redcode_files(folder: Traversable, prefix: str = "") -> Iterator[str]:
    """Names of all ``*.red`` files below ``folder``, in order, folders parted by ``/``."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _redcode_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.lower().endswith(".red"):
            yield prefix + entry.name


def _member(file: str, warrior: Warrior, shared: bool, source: str) -> Member:
    stem = PurePosixPath(file).stem.lower()
    return Member(
        file=file,
        name=full_name(warrior, file) if shared else warrior.name,
        warrior_class=UNCLASSIFIED,
        family=re.sub(r"[\W\d_]+$", "", stem) or stem,
        author=warrior.author,
        source=source,
        split="test",
        id=warrior.id,
    )
