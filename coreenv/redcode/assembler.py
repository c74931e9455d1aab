"""`assemble`: source text to `Warrior`."""

from coreenv.config import CoreConfig
from coreenv.redcode.faults import Fault, Faults, Stop, closest, quoted
from coreenv.redcode.grammar import (
    IMPLIED_B,
    MODES,
    MODES_88,
    MODIFIERS,
    MODIFIERS_ANY_CASE,
    OPCODES,
    PSPACE,
    WORDS_88,
    Directive,
    default_modifier,
)
from coreenv.redcode.instruction import Instruction, Mode, Modifier, Opcode
from coreenv.redcode.lines import Encoding, Line, read
from coreenv.redcode.preprocess import Statement, nameless_equ, preprocess
from coreenv.redcode.symbols import MAX_CANDIDATES, Symbols
from coreenv.redcode.warrior import MAX_NAME, MAX_PIN, Warrior, name_fault

_DIRECT = Mode.DIRECT  # looking members up is slow, and this one is looked up for every operand


def assemble(
    text: str | bytes,
    config: CoreConfig,
    warriors: int = 1,
    rounds: int = 1,
    *,
    encoding: Encoding = "utf-8",
) -> Warrior:
    """Assemble Redcode: ICWS'94 with the extensions of pMARS, or ICWS'88 (see docs/REDCODE.md).

    Args:
        text: the source; bytes are decoded with ``encoding``.
        config: the rules the warrior is meant for.
        warriors: value of the constant WARRIORS.
        rounds: value of the constant ROUNDS.
        encoding: ``"utf-8"`` or ``"latin-1"``; without meaning for a ``str``.

    Raises:
        AssemblyError: the source does not assemble; it lists every fault, in source order.
    """
    source = read(text, encoding)
    faults = Faults()
    for field, line in source.named.items():
        if message := name_fault(field, getattr(source, field)):
            faults.add(Fault("E_NAME", message, hint=f"1 to {MAX_NAME} printable characters"), line)
    symbols = Symbols(config, warriors, rounds)
    statements = preprocess(source.lines, symbols, config.max_length, faults)
    program = _Program(config, symbols)
    try:
        for statement in statements:
            program.add(statement, faults)
        for name, line in symbols.misplaced.items():
            if name not in symbols.missed:  # or else the missing name tells of it
                faults.add(nameless_equ(), line)
    except Stop:
        pass
    faults.check()
    program.check_whole(faults)
    faults.check()
    return Warrior(
        tuple(program.instructions),
        program.start,
        config.core_size,
        program.pin,
        source.name,
        source.author,
        source.strategy,
        source.text,
    )


class _Program:
    """The program as it grows, statement by statement, once every label has its address."""

    def __init__(self, config: CoreConfig, symbols: Symbols) -> None:
        self.instructions: list[Instruction] = []
        self.start = 0
        self.pin: int | None = None
        self._core_size, self._pspace_size = config.core_size, config.pspace_size
        self._is_88 = config.standard == "88"
        self._symbols = symbols
        self._start_line: Line | None = None

    def add(self, statement: Statement, faults: Faults) -> None:
        """Raises: Stop: there were too many faults, or too much work."""
        try:
            self._add(statement)
        except Fault as fault:
            faults.add(fault, statement.line)

    def _add(self, statement: Statement) -> None:
        tokens = statement.tokens
        if self._symbols.expands(tokens):
            tokens, *more = self._symbols.expand(tokens, statement.indices)
            if more:
                hint = "define the text above this line"
                raise Fault("E_EQU", "an EQU text of several lines stands below its use", "", hint)
        kind = statement.kind
        if isinstance(kind, Opcode):
            self.instructions.append(self._instruction(kind, tokens, statement))
        elif kind == ";assert":
            self._assert(tokens, statement)
        else:
            self._directive(kind, tokens, statement)

    def check_whole(self, faults: Faults) -> None:
        """Look for E_EMPTY and E_ORG, once the program is known to have no other faults."""
        if not self.instructions:
            hint = _what_was_meant(self._symbols.dangling)
            faults.add(Fault("E_EMPTY", "the source has no instructions", hint=hint))
        elif not 0 <= self.start < len(self.instructions):
            message = f"the start {self.start} lies outside the program"
            hint = f"it must lie in 0..{len(self.instructions) - 1}"
            faults.add(Fault("E_ORG", message, hint=hint), self._start_line)

    def _instruction(self, opcode: Opcode, tokens: list[str], at: Statement) -> Instruction:
        if self._is_88:
            _refuse_word_94(at.word)
        if opcode in PSPACE and not self._pspace_size:
            hint = "the rules have no p-space; do without it"
            raise Fault("E_PSPACE", f"{at.word.upper()} needs p-space", at.word, hint)
        modifier = None
        if tokens and tokens[0] == ".":
            modifier = _modifier(tokens, at.word)
            tokens = tokens[2:]
        a_tokens, b_tokens = _operands(opcode, tokens, at.word)
        a_mode, a_field = self._operand(a_tokens, at.address)
        b_mode, b_field = self._operand(b_tokens, at.address)
        if self._is_88:
            _refuse_94(opcode, modifier, a_mode, b_mode, at.word)
        if modifier is None:
            modifier = default_modifier(opcode, a_mode, b_mode)
        return Instruction(opcode, modifier, a_mode, a_field, b_mode, b_field)

    def _operand(self, tokens: list[str], address: int) -> tuple[Mode, int]:
        mode = MODES.get(tokens[0])
        if mode is None:
            mode = _DIRECT
        elif len(tokens) == 1:
            return mode, 0
        else:
            tokens = tokens[1:]
        return mode, self._symbols.value(tokens, address, address) % self._core_size

    def _assert(self, tokens: list[str], at: Statement) -> None:
        """A condition that cannot be read is a comment that happens to begin with the word."""
        if not tokens:
            return
        try:
            value = self._symbols.value(tokens, at.address, at.address)
        except Fault as fault:
            if fault.culprit == "=":
                raise
            return
        if not value:
            hint = f"the core has {self._core_size} cells; other rules may fit"
            raise Fault("E_ASSERT", "the condition is false", hint=hint)

    def _directive(self, kind: Directive, tokens: list[str], at: Statement) -> None:
        if self._is_88:
            _refuse_word_94(at.word)
        value = self._symbols.value(tokens, at.address, 0) if tokens else 0
        if kind == "PIN":
            if not tokens or abs(value) > MAX_PIN:
                raise Fault("E_EXPR", "PIN needs a number", at.word, f"at most {MAX_PIN}")
            self.pin = value
        elif kind == "ORG" or self.start == 0:
            self.start, self._start_line = value, at.line


def _what_was_meant(words: list[str]) -> str:
    """A hint for a source of labels only: one of them may be a misspelt opcode."""
    for word in words[:MAX_CANDIDATES]:
        if meant := closest(word, OPCODES.keys()):
            return f"did you mean {meant} by {quoted(word)}?"
    return "an instruction is an opcode and its operands, such as MOV 0, 1"


def _modifier(tokens: list[str], word: str) -> Modifier:
    name = tokens[1] if len(tokens) > 1 else ""
    modifier = MODIFIERS_ANY_CASE.get(name)
    if modifier is None:
        hint = f"modifiers are {' '.join(MODIFIERS)}; without one the default holds"
        culprit = name or "."
        raise Fault("E_SYNTAX", f"{quoted(name)} is no modifier of {word}", culprit, hint)
    return modifier


def _operands(opcode: Opcode, tokens: list[str], word: str) -> tuple[list[str], list[str]]:
    if "," in tokens:
        comma = tokens.index(",")
        a, b = tokens[:comma], tokens[comma + 1 :]
        if "," in b:
            raise Fault("E_SYNTAX", f"{word} has more than two operands", ",", "write: A, B")
        if a and b:
            return a, b
        missing = "B" if a else "A"
        raise Fault("E_SYNTAX", f"the {missing} operand of {word} is empty", ",", "write: A, B")
    if tokens and opcode is Opcode.DAT:
        return ["#", "0"], tokens
    if tokens and opcode in IMPLIED_B:
        return tokens, ["$", "0"]
    if tokens:
        hint = "separate A and B with a comma"
        raise Fault("E_SYNTAX", f"{word} lacks its B operand", word, hint)
    raise Fault("E_SYNTAX", f"{word} lacks its operands", word, f"write: {word} A, B")


def _refuse_word_94(word: str) -> None:
    if word.upper() not in WORDS_88:
        hint = "ICWS'88 has " + " ".join(sorted(WORDS_88 - {"FOR", "ROF", "EQU"}))
        raise Fault("E_OPCODE", f"{word.upper()} is not in ICWS'88", word, hint)


def _refuse_94(
    opcode: Opcode, modifier: Modifier | None, a_mode: Mode, b_mode: Mode, word: str
) -> None:
    if modifier is not None:
        hint = "leave it out"
        raise Fault("E_SYNTAX", "ICWS'88 has no modifiers", modifier.name, hint)
    for operand, mode, allowed in zip("AB", (a_mode, b_mode), MODES_88[opcode], strict=True):
        if mode.symbol not in allowed:
            message = f"ICWS'88 does not allow {mode.symbol} for the {operand} operand of {word}"
            raise Fault("E_SYNTAX", message, word, f"allowed are {' '.join(allowed)}")
