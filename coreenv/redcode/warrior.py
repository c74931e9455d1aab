"""`Warrior`: an assembled program, and its load-file text."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coreenv.redcode.instruction import MODE_SYMBOLS, Instruction, Mode, Modifier, Opcode

MAX_NAME = 80
"""Longest name and author, in characters."""

MAX_STRATEGY = 230
"""Longest line of a strategy, in characters."""

MAX_PIN = 2**63 - 1
"""A pin lies in -MAX_PIN..MAX_PIN."""

UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What no source may hold: C0 controls other than tab and line ends, and bidi controls."""

_NOT_ON_A_LINE = re.compile(UNSAFE.pattern[:-1] + r"\t\n\r\ud800-\udfff]")
_CONTROL = re.compile(r"[\x7f-\x9f]")


def name_fault(field: str, text: str) -> str:
    """What is wrong with a name or author, in words; empty if it may stand."""
    if not 1 <= len(text) <= MAX_NAME:
        return f"{field} has {len(text)} characters; it must have 1..{MAX_NAME}"
    if _NOT_ON_A_LINE.search(text) or _CONTROL.search(text):
        return f"{field} {text!r} holds a control character; use printable text"
    if text != text.strip():
        return f"{field} {text!r} begins or ends with a blank; trim it"
    return ""


def _strategy_fault(line: str) -> str:
    if len(line) > MAX_STRATEGY:
        return f"a line of strategy has {len(line)} characters; at most {MAX_STRATEGY}"
    if _NOT_ON_A_LINE.search(line):
        return f"strategy {line!r} holds a control character; use printable text"
    return ""


@dataclass(frozen=True, eq=False)
class Warrior:
    """An assembled Core War program.

    Two warriors are equal if they do the same: same canonical program (`id`) and same `pin`.
    Names, labels and comments take no part. ``str(warrior)`` is load-file text that assembles
    to an equal warrior, as long as it keeps to the limits of a source (2000 lines, 64 KiB).

    Args:
        instructions: at least one; fields are reduced modulo ``core_size``.
        start: offset of the first instruction to execute, 0..len-1.
        core_size: the core the fields are meant for, in cells.
        pin: warriors with equal pins share p-space; None shares with nobody.
        name: one line of at most 80 characters.
        author: likewise.
        strategy: the ``;strategy`` lines, joined by newlines.
        source: the text it was assembled from, empty if there was none.

    Raises:
        ValueError: no instructions, start outside them, or a name that is not one short line.
    """

    instructions: tuple[Instruction, ...]
    start: int
    core_size: int
    pin: int | None = None
    name: str = "Unknown"
    author: str = "Anonymous"
    strategy: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.instructions:
            raise ValueError("a warrior needs at least one instruction")
        if not 0 <= self.start < len(self.instructions):
            raise ValueError(f"start is {self.start}; it must lie in 0..{len(self) - 1}")
        if self.pin is not None and abs(self.pin) > MAX_PIN:
            raise ValueError(f"pin is {self.pin}; it must lie in {-MAX_PIN}..{MAX_PIN}")
        faults = [name_fault("name", self.name), name_fault("author", self.author)]
        faults += map(_strategy_fault, self.strategy.split("\n"))
        if fault := next(filter(None, faults), ""):
            raise ValueError(fault)
        size = self.core_size
        if not all(0 <= i[3] < size and 0 <= i[5] < size for i in self.instructions):
            reduced = tuple(i.reduced(size) for i in self.instructions)
            object.__setattr__(self, "instructions", reduced)

    def __len__(self) -> int:
        return len(self.instructions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Warrior):
            return NotImplemented
        return (self.id, self.pin) == (other.id, other.pin)

    def __hash__(self) -> int:
        return hash((self.id, self.pin))

    def __repr__(self) -> str:
        return f"<Warrior {self.name!r} by {self.author!r}, length {len(self)}, {self.id[:12]}>"

    @cached_property
    def id(self) -> str:
        """SHA-256 (64 hex digits) of the canonical program: start line, then the instructions."""
        lines = [f"start {self.start}", *map(str, self.instructions)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @cached_property
    def code(self) -> NDArray[np.int32]:
        """The program as an int32 array of shape (length, 6), columns as in `Instruction`.

        Read-only and shared by every battle of this warrior.
        """
        code = np.array(self.instructions, dtype=np.int32).reshape(len(self), 6)
        code.flags.writeable = False
        return code

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, such that ``Warrior.from_dict(w.to_dict()) == w``.

        An instruction is ``[opcode, modifier, A mode, A field, B mode, B field]``, such as
        ``["MOV", "I", "$", 0, "$", 1]``. ``id`` is there to be read; `from_dict` checks it.
        """
        return {
            "id": self.id,
            "name": self.name,
            "author": self.author,
            "strategy": self.strategy,
            "core_size": self.core_size,
            "start": self.start,
            "pin": self.pin,
            "instructions": [
                [i.opcode.name, i.modifier.name, i.a_mode.symbol, i[3], i.b_mode.symbol, i[5]]
                for i in self.instructions
            ],
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Warrior":
        """The warrior of a record made by `to_dict`.

        Raises:
            ValueError: the record is not one; the message says what is missing or wrong.
        """
        try:
            fields = {name: record[name] for name in record if name not in ("id", "instructions")}
            instructions = tuple(
                Instruction(
                    Opcode[opcode],
                    Modifier[modifier],
                    Mode(MODE_SYMBOLS.index(a_mode)),
                    int(a_field),
                    Mode(MODE_SYMBOLS.index(b_mode)),
                    int(b_field),
                )
                for opcode, modifier, a_mode, a_field, b_mode, b_field in record["instructions"]
            )
            warrior = cls(instructions, **fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a warrior record: {error}") from None
        if record.get("id", warrior.id) != warrior.id:
            raise ValueError(f"the record's id is {record['id']}, its program's is {warrior.id}")
        return warrior

    def __str__(self) -> str:
        start = f"       ORG    {self.start}"
        body = [f"       {listing(i, self.core_size)}" for i in self.instructions]
        return load_file(self, [start, *body], "       END")


def load_file(warrior: Warrior, body: list[str], end: str) -> str:
    """Load-file text: the comment directives of ``warrior``, its program, its pin, and END."""
    head = [";redcode", f";name {warrior.name}", f";author {warrior.author}"]
    if warrior.strategy:
        head += [f";strategy {line}" for line in warrior.strategy.split("\n")]
    pin = [] if warrior.pin is None else [f"       PIN    {warrior.pin}"]
    return "\n".join([*head, *body, *pin, end, ""])


def listing(instruction: Instruction, core_size: int) -> str:
    """One load-file line such as ``MOV.I  $     0, $     1``; fields are shown signed."""
    return f"{instruction.operation:<6} {operands(instruction, core_size)}"


def operands(instruction: Instruction, core_size: int) -> str:
    """Both operands as a load file shows them, such as ``$     0, $     1``."""
    _, _, a_mode, a_field, b_mode, b_field = instruction
    a, b = signed(a_field, core_size), signed(b_field, core_size)
    return f"{MODE_SYMBOLS[a_mode]}{a:>6}, {MODE_SYMBOLS[b_mode]}{b:>6}"


def signed(field: int, core_size: int) -> int:
    """``field`` as a human writes it: in -(core_size/2)+1 .. core_size/2."""
    return field - core_size if field > core_size // 2 else field
