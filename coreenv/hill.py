"""`Hill`: a versioned set of warriors to measure others against, pinned by a manifest.

A hill is a folder of Redcode files and a `hill.toml`. The manifest is the truth: it says who is
a member and which program that is, and a file that says otherwise is an error.
"""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, get_args

from coreenv.config import ruleset
from coreenv.hill_rows import CONTROL, Member, Rejected, Split, from_row, to_row, toml_lines
from coreenv.redcode import AssemblyError, Warrior
from coreenv.redcode.assembler import assemble
from coreenv.redcode.lines import Encoding

__all__ = [
    "MANIFEST",
    "Hill",
    "HillError",
    "Member",
    "Rejected",
    "Split",
    "bundled",
    "full_name",
    "open_hill",
]

MANIFEST: Final = "hill.toml"


class HillError(ValueError):
    """A hill is not what its manifest says. ``faults`` holds one line for each fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[type["HillError"], tuple[tuple[str, ...]]]:
        return HillError, (self.faults,)


@dataclass(frozen=True)
class Hill:
    """A set of warriors under one ruleset. Members keep the order of the manifest.

    A file is read and assembled once, when it is first asked for.

    Attributes:
        folder: where the files are; takes no part in equality.
        name, version: what to cite, such as ``corewar-dei`` and ``v1``.
        ruleset: name of the `CoreConfig` its members are written for.
        engine: version of the machine's semantics its published figures were made with.
        initial_opponents: members a search with the paper's settings starts against.
        quick_opponents: likewise for the quick settings.
        common_opponents: members that re-score final archives on one scale.
        members: see `Member`.
        encoding: of the files.
        rejected: files of the folder that were found and left out, see `Rejected`.
    """

    folder: Traversable
    name: str
    version: str
    ruleset: str
    engine: int
    initial_opponents: tuple[str, ...]
    quick_opponents: tuple[str, ...]
    common_opponents: tuple[str, ...]
    members: tuple[Member, ...]
    encoding: Encoding = "utf-8"
    rejected: tuple[Rejected, ...] = ()

    def __post_init__(self) -> None:
        if faults := tuple(_manifest_faults(self)):
            raise HillError(faults)

    def __eq__(self, other: object) -> bool:
        return self.to_toml() == other.to_toml() if isinstance(other, Hill) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_toml())

    @classmethod
    def load(cls, folder: Traversable) -> "Hill":
        """Read the manifest in ``folder`` (a `pathlib.Path` will do). No file is assembled yet.

        Raises:
            HillError: the manifest lacks a key, has one too many, or contradicts itself.
            FileNotFoundError: there is no manifest.
        """
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        try:
            table: dict[str, Any] = tomllib.loads(text)
            table["members"] = tuple(from_row(row) for row in table["members"])
            table["rejected"] = tuple(Rejected(**row) for row in table.get("rejected", ()))
            for key in _OPPONENTS:
                table[key] = tuple(table[key])
            return cls(folder=folder, **table)
        except (KeyError, TypeError, tomllib.TOMLDecodeError) as fault:
            raise HillError([f"{folder / MANIFEST}: {fault}; see `Hill.to_toml`"]) from fault

    def split(self, split: Split) -> tuple[Member, ...]:
        """The members of one split, in the order of the manifest."""
        return tuple(member for member in self.members if member.split == split)

    def member(self, name: str) -> Member:
        """The member called ``name``.

        Raises:
            KeyError: nobody is called so; the message lists who there is.
        """
        for member in self.members:
            if member.name == name:
                return member
        names = ", ".join(member.name for member in self.members)
        raise KeyError(f"{name!r} is no member of hill {self.name} {self.version}; it has {names}")

    def warrior(self, name: str) -> Warrior:
        """The member ``name``, assembled and checked against the manifest.

        Raises:
            KeyError: nobody is called so.
            HillError: the file does not assemble, or to another program than the manifest's.
        """
        member = self.member(name)
        warrior = self._assembled(member)
        if faults := tuple(_differences(member, warrior)):
            raise HillError(faults)
        return warrior

    def warriors(self, names: Iterable[str]) -> tuple[Warrior, ...]:
        """`warrior` of each of ``names``."""
        return tuple(self.warrior(name) for name in names)

    def verify(self) -> None:
        """Assemble every member and compare it with the manifest.

        Raises:
            HillError: names every member that differs, with what was expected and found.
        """
        faults: list[str] = []
        for member in self.members:
            try:
                faults += _differences(member, self._assembled(member))
            except HillError as fault:
                faults += fault.faults
        if faults:
            raise HillError(faults)

    @property
    def hash(self) -> str:
        """SHA-256 (64 hex digits) of what can change a result: rules, programs, classes, splits.

        Names, authors, file names and families take no part; order does.
        """
        lines = [f"ruleset {self.ruleset}", f"engine {self.engine}"]
        lines += [f"{m.split} {m.warrior_class} {m.id}" for m in self.members]
        for key in _OPPONENTS:
            lines += [f"{key} {self.member(name).id}" for name in getattr(self, key)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def rehashed(self) -> "Hill":
        """The same hill with name, author and id of every member read from its file.

        For whoever maintains a hill: write `to_toml` of it after a member has changed.

        Raises:
            HillError: a file does not assemble.
        """
        members = []
        for member in self.members:
            warrior = self._assembled(member)
            full = full_name(warrior, member.file)
            name = full if member.name == full else warrior.name
            members.append(replace(member, name=name, author=warrior.author, id=warrior.id))
        return replace(self, members=tuple(members))

    def to_toml(self) -> str:
        """The manifest, such that `load` of it gives an equal hill."""
        head = {key: getattr(self, key) for key in _HEAD}
        tables = [toml_lines(head)]
        tables += [f"[[members]]\n{toml_lines(to_row(member))}" for member in self.members]
        tables += [f"[[rejected]]\n{toml_lines(asdict(rejected))}" for rejected in self.rejected]
        return "\n\n".join(tables) + "\n"

    @cached_property
    def _programs(self) -> dict[str, Warrior]:
        return {}

    def _assembled(self, member: Member) -> Warrior:
        if member.file not in self._programs:
            self._programs[member.file] = self._assemble(member)
        return self._programs[member.file]

    def _assemble(self, member: Member) -> Warrior:
        try:
            text = (self.folder / member.file).read_bytes()
            return assemble(text, ruleset(self.ruleset), encoding=self.encoding)
        except OSError as fault:
            raise HillError([f"{member.name}: cannot read {member.file}: {fault}"]) from fault
        except AssemblyError as fault:
            first = fault.rejections[0]
            raise HillError([f"{member.name}: {member.file} does not assemble: {first}"]) from fault


def bundled(version: str) -> Hill:
    """The hill of our own warriors that comes with the package, such as ``bundled("v1")``.

    Raises:
        ValueError: there is no such version; the message lists those there are.
    """
    hills = files("coreenv.hills")
    known = sorted(f.name for f in hills.iterdir() if (f / MANIFEST).is_file())
    if version not in known:
        raise ValueError(f"hill is {version!r}; it must be one of {', '.join(known)}")
    return Hill.load(hills / version)


def open_hill(name: str) -> Hill:
    """A hill by the name of a bundled version, or by its folder.

    Raises:
        ValueError: it is neither, or the manifest is wrong.
    """
    folder = Path(name)
    if (folder / MANIFEST).is_file():
        return Hill.load(folder)
    if folder.is_dir():
        raise ValueError(
            f"{name} has no {MANIFEST}; write one with: corewar-eval hill add {name} --name NAME"
        )
    return bundled(name)


def full_name(warrior: Warrior, file: str) -> str:
    """What a member is called if others of its hill have the same ``;name``."""
    return f"{warrior.name} ({file})"


_OPPONENTS: Final = ("initial_opponents", "quick_opponents", "common_opponents")
_HEAD: Final = ("name", "version", "ruleset", "engine", "encoding", *_OPPONENTS)


def _manifest_faults(hill: Hill) -> Iterator[str]:
    """Contradictions that need no look at the files."""
    ruleset(hill.ruleset)
    for key in ("name", "file", "id"):
        counts = Counter(getattr(member, key) for member in hill.members)
        yield from (f"{key} {value!r} occurs {n} times" for value, n in counts.items() if n > 1)
    if hill.encoding not in get_args(Encoding):
        allowed = ", ".join(get_args(Encoding))
        yield f"encoding is {hill.encoding!r}; it must be one of {allowed}"
    for member in hill.members:
        if member.split not in get_args(Split):
            allowed = ", ".join(get_args(Split))
            yield f"{member.name}: split is {member.split!r}; it must be one of {allowed}"
    for table in (*map(to_row, hill.members), *map(asdict, hill.rejected)):
        for key, text in table.items():
            if CONTROL.search(text):
                yield f"{table['file']!r}: {key} is {text!r}; no control characters, please"
    homes: dict[str, set[str]] = {}
    for member in hill.members:
        homes.setdefault(member.family, set()).add(member.split)
    for family, splits in homes.items():
        if len(splits) > 1:
            yield f"family {family!r} straddles the splits {', '.join(sorted(splits))}"
    dev = {member.name for member in hill.members if member.split == "dev"}
    for key in _OPPONENTS:
        for name in getattr(hill, key):
            if name not in dev:
                yield f"{key}: {name!r} is no member of the dev split"


def _differences(member: Member, warrior: Warrior) -> Iterator[str]:
    """Where the assembled file contradicts the manifest."""
    for key in ("name", "author", "id"):
        expected, found = getattr(member, key), getattr(warrior, key)
        if key == "name" and expected == full_name(warrior, member.file):
            continue
        if expected != found:
            yield f"{member.name}: {member.file}: {key} is {found}; the manifest has {expected}"
