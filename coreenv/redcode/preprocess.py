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
    return reader.statements


class _Reader:
    def __init__(self, symbols: Symbols, max_length: int, faults: Faults) -> None:
        self.statements: list[Statement] = []
        self._symbols = symbols
        self._max_length = max_length
        self._faults = faults
        self._address = 0
        self._pending: list[str] = []  # labels that wait for the next address
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
            try:
                if self._depth:
                    self._count_written(line)
                keyword = self._lead(line)
                if keyword is Directive.FOR:
                    rofs = _match_loops(lines) if rofs is None else rofs
                    at = self._enter(line, at, rofs, loops)
                elif keyword is Directive.ROF:
                    at = self._repeat(at, loops)
                else:
                    self._statement(line)
            except Fault as fault:
                self._faults.add(fault, line)
                if isinstance(fault, Stop):
                    raise
            at += 1
