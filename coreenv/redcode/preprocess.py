"""Lines to statements: EQU texts, FOR loops, and the addresses of labels."""

from dataclasses import dataclass
from typing import NamedTuple

from coreenv.redcode.faults import Fault, Faults, Stop, quoted
from coreenv.redcode.grammar import KEYWORDS, OPCODES, Directive
from coreenv.redcode.instruction import Opcode
from coreenv.redcode.lines import Line
from coreenv.redcode.symbols import NEWLINE, Indices, Symbols, substitute

MAX_ROUNDS = 10_000
"""Most rounds of all FOR loops together."""

MAX_DEPTH = 8
"""Most loops inside one another."""

MAX_WRITTEN_LINES = 100_000
MAX_WRITTEN_TOKENS = 300_000
"""Most lines and tokens that FOR loops may write out."""

MAX_WORDS = 7
"""Most labels on a line without an opcode: more than that is prose."""


class Statement(NamedTuple):
    """A line of the finished program: an instruction, or ORG, END, PIN, ;assert.

    Attributes:
        kind: what it is.
        tokens: what stands behind the opcode or keyword; EQU texts may still have to be put in.
        line: where it was written.
        address: of this instruction, or of the next one.
        indices: the loop indices that held here.
    """

    kind: Opcode | Directive
    tokens: list[str]
    line: Line
    address: int
    indices: Indices


@dataclass(slots=True)
class _Loop:
    start: int
    rof: int
    count: int
    index: str | None
    outer: Indices
    round: int = 1


def preprocess(
    lines: list[Line], symbols: Symbols, max_length: int, faults: Faults
) -> list[Statement]:
    """The statements of the program, in the order of the finished program.

    Defines EQU texts and labels in ``symbols`` on the way. Reading stops early, with
    ``symbols.complete`` False, at a limit or at the first instruction past ``max_length``.
    """
    reader = _Reader(symbols, max_length, faults)
    try:
        reader.read(lines)
    except Stop:
        symbols.complete = False
    symbols.dangling = frozenset(name for name, _ in reader.pending)
    return reader.statements


class _Reader:
    def __init__(self, symbols: Symbols, max_length: int, faults: Faults) -> None:
        self.statements: list[Statement] = []
        self.pending: list[tuple[str, Line]] = []  # labels that wait for the next address
        self._symbols = symbols
        self._max_length = max_length
        self._faults = faults
        self._address = 0
        self._text: list[str] | None = None  # the EQU text that a bare EQU line continues
        self._blocks: set[str] = set()  # EQU names whose texts have several lines
        self._indices: Indices = {}
        self._depth = self._rounds = self._written_lines = self._written_tokens = 0
        self._ended = False

    def read(self, lines: list[Line]) -> None:
        """Read a block of lines: the source, or the lines of an EQU text."""
        loops: list[_Loop] = []
        rofs: dict[int, int] | None = None
        at = 0
        while at < len(lines) and not self._ended:
            line = lines[at]
            here, at = at, at + 1
            try:
                if self._depth:
                    self._count_written(line)
                lead, keyword = _lead(line)
                if keyword is Directive.FOR:
                    rofs = _match_loops(lines) if rofs is None else rofs
                    at = self._enter(line, lead, here, rofs, loops)
                elif keyword is Directive.ROF:
                    at = self._repeat(line, lead, here, loops)
                else:
                    self._statement(line, lead, keyword)
            except Fault as fault:
                self._faults.add(fault, line)
                if isinstance(fault, Stop):
                    raise

    def _statement(self, line: Line, lead: int, keyword: Opcode | Directive | None) -> None:
        tokens, indices, symbols = line.tokens, self._indices, self._symbols
        if indices:
            tokens = [substitute(token, indices) for token in tokens]
        if lead:
            head = tokens[:lead]
            if symbols.expands(head):
                self._expand(line, tokens, keyword)
                return
            self.pending += [(_label(word), line) for word in head]
        if keyword is Directive.EQU:
            self._equ(tokens[lead + 1 :], line)
            return
        if keyword is Directive.ASSERT:
            self._add(keyword, tokens, line)
            return
        self._text = None
        if keyword is None:
            if lead < len(tokens):
                raise _no_opcode(tokens, lead)
            if lead > MAX_WORDS:
                hint = "a comment begins with ;"
                raise Fault("E_LABEL", f"{lead} labels and no opcode", tokens[0], hint)
            return
        rest = tokens[lead + 1 :]
        if self._blocks and not self._blocks.isdisjoint(rest):
            del self.pending[len(self.pending) - lead :]
            self._expand(line, tokens, keyword)
            return
        self._add(keyword, rest, line)

    def _add(self, kind: Opcode | Directive, tokens: list[str], line: Line) -> None:
        if isinstance(kind, Opcode) or kind is Directive.END:
            self._define_pending()
        if isinstance(kind, Opcode) and self._address == self._max_length:
            message = f"more than {self._max_length} instructions"
            raise Stop("E_LENGTH", message, hint="this is the first one too many")
        self.statements.append(Statement(kind, tokens, line, self._address, self._indices))
        if isinstance(kind, Opcode):
            self._address += 1
        self._ended = kind is Directive.END

    def _define_pending(self) -> None:
        pending, self.pending = self.pending, []
        for name, line in pending:
            try:
                self._symbols.define_label(name, self._address)
            except Fault as fault:
                self._faults.add(fault, line)
                if isinstance(fault, Stop):
                    raise

    def _equ(self, text: list[str], line: Line) -> None:
        names, self.pending = self.pending, []
        if names:
            self._text = text
            for name, written in names:
                try:
                    self._symbols.define_text(name, text)
