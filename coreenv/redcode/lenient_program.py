"""The second half of `assemble_leniently`: statements to instructions, with pMARS's notes."""

from collections.abc import Iterable
from typing import NamedTuple

from coreenv.config import CoreConfig
from coreenv.redcode.expression import DIVISION_BY_ZERO, unreadable
from coreenv.redcode.faults import Fault
from coreenv.redcode.grammar import (
    IMPLIED_B,
    MODES,
    MODES_88,
    MODIFIERS_ANY_CASE,
    WORDS_88,
    default_modifier,
)
from coreenv.redcode.instruction import Instruction, Mode, Modifier, Opcode
from coreenv.redcode.notes import Note, Notes, warning
from coreenv.redcode.preprocess import Statement
from coreenv.redcode.symbols import Symbols

_BAD_88 = "Bad '88 format at token '{}'"
_MISPLACED = "Improper placement of '{}'"
_SYNTAX = ("Syntax error", "")

Words = tuple[str, str]
"""Template and argument of a `Note`."""


class _Operands(NamedTuple):
    modifier: Modifier | None
    a: list[str]
    b: list[str]


class _Malformed(Exception):  # noqa: N818  never leaves this file
    """What follows the opcode has not the form of operands; ``notes`` is what there is to say."""

    def __init__(self, *notes: Words) -> None:
        super().__init__()
        self.notes = notes


class LenientProgram:
    """The program as it grows. Behind the first error nothing is valued any more, only checked.

    Attributes:
        instructions, opcodes, pin: as in `LoadedProgram`.
        start: as it was written; it may lie anywhere.
    """

    def __init__(self, config: CoreConfig, symbols: Symbols, notes: Notes) -> None:
        self.instructions: list[Instruction] = []
        self.opcodes: list[str] = []
        self.start = 0
        self.pin: int | None = None
        self._config = config
        self._is_88 = config.standard == "88"
        self._symbols = symbols
        self._notes = notes

    def add(self, statement: Statement) -> None:
        """
        Raises:
            TooManyNotes: there is too much to say.
        """
        self._at = statement
        try:
            (tokens, *more) = self._symbols.expand(statement.tokens, statement.indices)
        except Fault as fault:
            self._errors([("{}", fault.advice)])
            return
        if more:
            self._errors([("{}", "an EQU text of several lines stands below its use")])
        elif isinstance(statement.kind, Opcode):
            self._instruction(statement.kind, tokens)
        else:
            self._directive(tokens)

    def _errors(self, notes: Iterable[Words]) -> None:
        for template, argument in notes:
            self._notes.add(Note(template, argument, self._at.line))

    def _instruction(self, opcode: Opcode, tokens: list[str]) -> None:
        try:
            operands = self._operands(opcode, tokens)
        except _Malformed as malformed:
            operands = None
            self._errors(malformed.notes)
        if self._is_88:
            self._check_88(opcode, operands, tokens[:1] == ["."])
        if operands is None or self._notes.errors:
            return
        overflows: list[str] = []
        try:
            a_mode, a_field = self._valued(operands.a, overflows)
            b_mode, b_field = self._valued(operands.b, overflows)
        except Fault as fault:
            self._bad_expression(fault)
            return
        self._warn_of_overflow(overflows)
        modifier = operands.modifier
        if modifier is None:
            modifier = default_modifier(opcode, a_mode, b_mode)
        self.instructions.append(Instruction(opcode, modifier, a_mode, a_field, b_mode, b_field))
        self.opcodes.append(self._at.word.upper())

    def _operands(self, opcode: Opcode, tokens: list[str]) -> _Operands:
        """
        Raises:
            _Malformed: they are not well-formed.
        """
        needs_two = opcode not in IMPLIED_B and opcode is not Opcode.DAT
        word = self._at.word.upper()
        incomplete = [("Incomplete operand at instruction '{}'", word)] if needs_two else []
        modifier, tokens = _modifier(tokens, incomplete)
        comma = tokens.index(",") if "," in tokens else len(tokens)
        a, b = tokens[:comma], tokens[comma + 1 :]
        self._check_operand(a, incomplete)
        if comma == len(tokens) and needs_two:
            raise _Malformed(*incomplete)
        if comma < len(tokens):
            if not b:
                raise _Malformed(_SYNTAX)
            self._check_operand(b, incomplete)
        if len(b or a) == 1 and tokens[-1] in MODES:
            raise _Malformed(_SYNTAX)
        if b:
            return _Operands(modifier, a, b)
        zero = ["0"]
        return _Operands(modifier, *((["#", *zero], a) if opcode is Opcode.DAT else (a, zero)))

    def _check_operand(self, tokens: list[str], incomplete: list[Words]) -> None:
        """
        Raises:
            _Malformed: the operand is not well-formed.
        """
        if not tokens:
            raise _Malformed((_MISPLACED, ","), *incomplete)
        if self._is_88 and tokens[0] in "*{}":
            self._errors([(_BAD_88, "[*{}]")])
        if fault := self._expression_fault(tokens[1:] if tokens[0] in MODES else tokens):
            is_third = fault == (_MISPLACED, ",")
            raise _Malformed(fault, *[] if is_third else incomplete)

    def _expression_fault(self, tokens: list[str]) -> Words | None:
        try:
            text = self._symbols.numerals(tokens, self._at.address, self._at.address)
        except Fault as fault:
            undefined = "Undefined label or symbol: '{}'"
            return undefined if fault.reason == "E_LABEL" else _MISPLACED, fault.culprit
        stranger = unreadable(text)
        return (_MISPLACED, stranger) if stranger else None

    def _valued(self, tokens: list[str], overflows: list[str]) -> tuple[Mode, int]:
        mode = MODES.get(tokens[0])
        if mode is None:
            mode = Mode.DIRECT
        else:
            tokens = tokens[1:] or ["0"]
        at = self._at.address
        return mode, self._symbols.value(tokens, at, at, overflows) % self._config.core_size

    def _check_88(self, opcode: Opcode, operands: _Operands | None, is_dotted: bool) -> None:
        name = self._at.word.upper()
        if name not in WORDS_88:
            self._errors([(_BAD_88, name)])
        if operands is None:
            return
        modes = [tokens[0] if tokens[0] in MODES else "$" for tokens in (operands.a, operands.b)]
        if name in WORDS_88 and any(map(_is_wrong_88, [opcode] * 2, modes, MODES_88[opcode])):
            proper = " ".join([name, *(f"[{allowed}]" for allowed in MODES_88[opcode])])
            self._errors([("Invalid '88 format. Proper format: '{}'", proper)])
        if is_dotted:
            self._errors([(_BAD_88, ".")])
        if ">" in modes:
            self._errors([(_BAD_88, ">")])

    def _directive(self, tokens: list[str]) -> None:
        kind = self._at.kind
        overflows: list[str] = []
        if tokens and (fault := self._expression_fault(tokens)):
            self._errors([fault])
        if self._notes.errors:
            return
        try:
            value = self._symbols.value(tokens, self._at.address, 0, overflows) if tokens else 0
        except Fault as fault:
            self._bad_expression(fault)
            return
        self._warn_of_overflow(overflows)
        if self._is_88 and kind != "END":
            self._errors([(_BAD_88, self._at.word.upper())])
        if kind == "PIN":
            self.pin = value
        elif kind == "END" and self.start and value:
            note = "Both opcodes ORG and END are used. Ignoring END"
            self._notes.add(warning(note, line=self._at.line))
        elif kind == "ORG" or value:
            self.start = value

    def _bad_expression(self, fault: Fault) -> None:
        is_division = fault.message == DIVISION_BY_ZERO
        self._errors([("Division by zero" if is_division else "Bad expression", "")])

    def _warn_of_overflow(self, overflows: list[str]) -> None:
        if overflows:
            self._notes.add(warning("Arithmetic overflow detected", line=self._at.line))


def _modifier(tokens: list[str], incomplete: list[Words]) -> tuple[Modifier | None, list[str]]:
    """The modifier if there is one, and what follows it.

    Raises:
        _Malformed: there is no such modifier, or nothing follows.
    """
    is_dotted, modifier = tokens[:1] == ["."], None
    if is_dotted and len(tokens) > 1:
        modifier = MODIFIERS_ANY_CASE.get(tokens[1])
        if modifier is None:
            raise _Malformed(("Missing '{}'", "modifier"), *incomplete)
    rest = tokens[2:] if is_dotted else tokens
    if not rest:
        missing = [("Missing '{}'", "A-term"), *incomplete]
        raise _Malformed(*missing if is_dotted and incomplete else [_SYNTAX])
    return modifier, rest


def _is_wrong_88(opcode: Opcode, mode: str, allowed: str) -> bool:
    """pMARS looks closely at DAT, else only at immediate operands, and not at those of SLT."""
    if opcode is Opcode.DAT:
        return mode not in allowed
    return mode == "#" and "#" not in allowed and opcode is not Opcode.SLT
