"""One Redcode instruction: opcode, modifier, and two operands."""

from enum import IntEnum
from typing import Final, NamedTuple


class Opcode(IntEnum):
    """The 18 opcodes, in the order of the ICWS'94 draft. `CMP` is `SEQ` under its older name."""

    DAT = 0
    MOV = 1
    ADD = 2
    SUB = 3
    MUL = 4
    DIV = 5
    MOD = 6
    JMP = 7
    JMZ = 8
    JMN = 9
    DJN = 10
    SEQ = 11
    CMP = 11
    SNE = 12
    SLT = 13
    SPL = 14
    NOP = 15
    LDP = 16
    STP = 17


class Modifier(IntEnum):
    """Which fields of the operands an instruction works on."""

    A = 0
    B = 1
    AB = 2
    BA = 3
    F = 4
    X = 5
    I = 6  # noqa: E741  the standard's own name


class Mode(IntEnum):
    """Addressing modes; `symbol` is how Redcode writes them."""

    IMMEDIATE = 0
    DIRECT = 1
    A_INDIRECT = 2
    B_INDIRECT = 3
    A_PREDECREMENT = 4
    A_POSTINCREMENT = 5
    B_PREDECREMENT = 6
    B_POSTINCREMENT = 7

    @property
    def symbol(self) -> str:
        return MODE_SYMBOLS[self]


MODE_SYMBOLS = "#$*@{}<>"
"""Symbol of each `Mode`, by value."""


_OPERATIONS: Final = {(o, m): f"{o.name}.{m.name}" for o in Opcode for m in Modifier}


class Instruction(NamedTuple):
    """A core cell. Fields lie in 0..core_size-1 once it is part of a `Warrior` or a core."""

    opcode: Opcode
    modifier: Modifier
    a_mode: Mode
    a_field: int
    b_mode: Mode
    b_field: int

    @property
    def operation(self) -> str:
        """Opcode and modifier, such as ``MOV.I``."""
        return _OPERATIONS[self.opcode, self.modifier]

    def __str__(self) -> str:
        """Canonical text such as ``MOV.I $0,$1``."""
        return (
            f"{self.operation} "
            f"{MODE_SYMBOLS[self.a_mode]}{self.a_field},{MODE_SYMBOLS[self.b_mode]}{self.b_field}"
        )

    def reduced(self, core_size: int) -> "Instruction":
        """The same instruction with both fields taken modulo ``core_size``."""
        return self._replace(a_field=self.a_field % core_size, b_field=self.b_field % core_size)


EMPTY = Instruction(Opcode.DAT, Modifier.F, Mode.DIRECT, 0, Mode.DIRECT, 0)
"""What an unused core cell holds."""
