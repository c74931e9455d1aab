"""The words of Redcode: keywords, modes, modifiers, their defaults, and what ICWS'88 allows."""

from collections.abc import Mapping
from itertools import product
from typing import Final, Literal

from coreenv.redcode.instruction import MODE_SYMBOLS, Mode, Modifier, Opcode

Directive = Literal["FOR", "ROF", "EQU", "ORG", "END", "PIN", ";assert"]
"""What leads a line but makes no instruction."""

OPCODES: Final[Mapping[str, Opcode]] = dict(Opcode.__members__)
KEYWORDS: Final[Mapping[str, Opcode | Directive]] = {
    **OPCODES,
    "FOR": "FOR",
    "ROF": "ROF",
    "EQU": "EQU",
    "ORG": "ORG",
    "END": "END",
    "PIN": "PIN",
}
MODIFIERS: Final[Mapping[str, Modifier]] = dict(Modifier.__members__)
MODES: Final[Mapping[str, Mode]] = dict(zip(MODE_SYMBOLS, Mode, strict=True))


MODIFIERS_ANY_CASE: Final[Mapping[str, Modifier]] = {
    spelling: modifier
    for name, modifier in MODIFIERS.items()
    for spelling in map("".join, product(*zip(name, name.lower(), strict=True)))
}


IMPLIED_B: Final = frozenset({Opcode.JMP, Opcode.SPL, Opcode.NOP})
"""Opcodes that may be written with one operand; B is then ``$0``."""

PSPACE: Final = frozenset({Opcode.LDP, Opcode.STP})

# Default modifier by opcode, for: an immediate A, else an immediate B, else neither.
_A, _B, _AB, _F, _I = Modifier.A, Modifier.B, Modifier.AB, Modifier.F, Modifier.I
_IMMEDIATE = Mode.IMMEDIATE
_WHOLE = (_AB, _B, _I)
_FIELDS = (_AB, _B, _F)
_SINGLE = (_AB, _B, _B)
_DEFAULTS: Final[tuple[tuple[Modifier, Modifier, Modifier], ...]] = tuple(
    _WHOLE
    if opcode.name in ("MOV", "SEQ", "SNE")
    else _FIELDS
    if opcode.name in ("ADD", "SUB", "MUL", "DIV", "MOD")
    else _SINGLE
    if opcode.name in ("SLT", "LDP", "STP")
    else (_F,) * 3
    if opcode.name in ("DAT", "NOP")
    else (_B,) * 3
    for opcode in Opcode
)


def default_modifier(opcode: Opcode, a_mode: Mode, b_mode: Mode) -> Modifier:
    """The modifier that an instruction written without one has (ICWS'94 draft, A.2.1)."""
    immediate_a, immediate_b, neither = _DEFAULTS[opcode]
    if a_mode is _IMMEDIATE:
        return immediate_a
    return immediate_b if b_mode is _IMMEDIATE else neither


# ICWS'88: opcode -> the modes its A operand and its B operand may have.
_ANY, _TARGET, _DATA = "#$@<", "$@<", "#<"
MODES_88: Final[Mapping[Opcode, tuple[str, str]]] = {
    Opcode.DAT: (_DATA, _DATA),
    Opcode.MOV: (_ANY, _TARGET),
    Opcode.ADD: (_ANY, _TARGET),
    Opcode.SUB: (_ANY, _TARGET),
    Opcode.CMP: (_ANY, _TARGET),
    Opcode.SLT: (_ANY, _TARGET),
    Opcode.JMP: (_TARGET, _ANY),
    Opcode.JMZ: (_TARGET, _ANY),
    Opcode.JMN: (_TARGET, _ANY),
    Opcode.DJN: (_TARGET, _ANY),
    Opcode.SPL: (_TARGET, _ANY),
}
WORDS_88: Final = frozenset({"CMP", "END", "FOR", "ROF", "EQU"}) | {
    opcode.name for opcode in MODES_88 if opcode is not Opcode.CMP
}
