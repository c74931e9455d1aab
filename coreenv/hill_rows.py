"""Rows of a hill's manifest, and their written form."""

import json
import re
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

Split = Literal["dev", "test", "holdout"]
"""dev: a search may fight it; test: the official score; holdout: kept by a board's operator."""

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no text of a manifest may hold: it is printed in terminals."""


@dataclass(frozen=True, slots=True)
class Member:
    """One row of a manifest.

    Attributes:
        file: file name inside the hill's folder.
        name: the warrior's ``;name``, or `full_name` of it; unique in the hill.
        warrior_class: how it fights, such as ``"paper"``; scores are balanced over classes.
            Called ``class`` in the manifest.
        family: near-clones share one; a family never straddles splits.
        author: the warrior's ``;author``.
        source: where it comes from: ``"own"``, or a citation.
        split: see `Split`.
        id: ``Warrior.id`` of the program, 64 hex digits.
    """

    file: str
    name: str
    warrior_class: str
    family: str
    author: str
    source: str
    split: Split
    id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A Redcode file of the folder that is no member.

    Attributes:
        file: file name inside the hill's folder.
        reason: what is wrong with it, or which member it is a double of.
    """

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


def from_row(row: dict[str, Any]) -> Member:
    """The member of a row of the manifest."""
    return Member(**{"warrior_class" if k == "class" else k: v for k, v in row.items()})


def to_row(member: Member) -> dict[str, str]:
    """A member's row of the manifest."""
    return {
        "class" if f.name == "warrior_class" else f.name: getattr(member, f.name)
        for f in fields(member)
    }


def toml_lines(table: dict[str, Any]) -> str:
    """A flat TOML table. JSON is TOML here, as long as it does not escape in UTF-16."""
    return "\n".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in table.items())
