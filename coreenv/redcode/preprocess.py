"""Lines to statements: EQU texts, FOR loops, and the addresses of labels."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from coreenv.redcode.faults import Fault, Faults, Lapse, Stop, quoted
from coreenv.redcode.grammar import KEYWORDS, OPCODES, Directive
from coreenv.redcode.instruction import Opcode
from coreenv.redcode.lines import STARTS_WORD, Line
from coreenv.redcode.symbols import MAX_NAMES, NEWLINE, Indices, Symbols, glue, substitute

MAX_ROUNDS = 10_000
"""Most rounds of all FOR loops together."""

MAX_DEPTH = 8
"""Most loops inside one another."""

MAX_WRITTEN_LINES = 100_000
MAX_WRITTEN_TOKENS = 300_000
"""Most lines and tokens that FOR loops may write out."""

_NOWHERE = 2**31  # where the ROF of an unclosed loop stands: behind all lines

MAX_WORDS = 7
"""Most labels on a line without an opcode: more than that is prose."""


class Statement(NamedTuple):
    """A line of the finished program: an instruction, or ORG, END, PIN, ;assert.

    Attributes:
        kind: what it is.
        word: the opcode or keyword as it was written.
        tokens: what stands behind the opcode or keyword; EQU texts may still have to be put in.
        line: where it was written.
        address: of this instruction, or of the next one.
        indices: the loop indices that held here.
    """

    kind: Opcode | Directive
    word: str
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
    lines: list[Line], symbols: Symbols, max_length: int, faults: Faults, *, lenient: bool = False
) -> list[Statement]:
    """The statements of the program, in the order of the finished program.

    Defines EQU texts and labels in ``symbols`` on the way. Reading stops early, with
    ``symbols.complete`` False, at a limit or at the first instruction past ``max_length``.

    ``lenient`` reads on behind a `Lapse` as pMARS does: a line that repeats a label is dropped,
    and a loop without ROF is written out once.
    """
    reader = _Reader(symbols, max_length, faults, lenient)
    try:
        reader.read(lines)
    except Stop:
        symbols.complete = False
    symbols.settle()
    symbols.dangling = [name for name, _ in reader.pending]
    return reader.statements


def nameless_equ() -> Lapse:
    return Lapse("E_EQU", "EQU without a name", "", "write: name EQU text")


class _Reader:
    def __init__(self, symbols: Symbols, max_length: int, faults: Faults, lenient: bool) -> None:
        self.statements: list[Statement] = []
        self.pending: list[tuple[str, Line]] = []  # labels that wait for the next address
        self._symbols = symbols
        self._max_length = max_length
        self._faults = faults
        self._lenient = lenient
        self._address = 0
        self._text: list[str] | None = None  # the EQU text that a bare EQU line continues
        self._names: list[str] = []  # and the names of that text
        self._blocks: set[str] = set()  # EQU names whose texts have several lines
        self._indices: Indices = {}
        self._depth = self._rounds = self._written_lines = self._written_tokens = 0
        self._ended = False

    def read(self, lines: list[Line]) -> None:
        """Read a block of lines: the source, or the lines of an EQU text."""
        leads = list(map(leading, lines))
        loops: list[_Loop] = []
        rofs: dict[int, int] | None = None
        at = 0
        while at < len(lines) and not self._ended:
            line = lines[at]
            here, at = at, at + 1
            try:
                if self._depth:
                    self._count_written(line)
                lead, keyword = leads[here]
                if keyword == "FOR":
                    rofs = _match_loops(leads) if rofs is None else rofs
                    at = self._enter(line, lead, here, rofs, loops)
                elif keyword == "ROF":
                    at = self._repeat(line, lead, here, loops)
                else:
                    self._statement(line, lead, keyword)
            except Fault as fault:
                self._faults.add(fault, line)

    def _statement(self, line: Line, lead: int, keyword: Opcode | Directive | None) -> None:
        tokens, indices = line.tokens, self._indices
        if indices:
            tokens = substitute(tokens, indices)
        labels, rest = tokens[:lead], tokens[lead + 1 :]
        if keyword == ";assert":
            self._add(keyword, ";assert", tokens, line)
        elif keyword == "EQU":
            self._label(labels, line)
            self._equ(rest, line)
        elif (labels and self._symbols.expands(labels)) or self._uses_block(rest):
            self._expand(tokens, line)
        else:
            self._text = None
            if labels:
                self._label(labels, line)
            if keyword is None:
                _refuse_prose(tokens, lead)
            else:
                self._add(keyword, tokens[lead], rest, line)

    def _uses_block(self, tokens: list[str]) -> bool:
        """Is an EQU text of several lines named? What stands behind a dot is a modifier."""
        if not self._blocks or self._blocks.isdisjoint(tokens):
            return False
        return any(a != "." and b in self._blocks for a, b in pairwise(["", *tokens]))

    def _label(self, words: list[str], line: Line) -> None:
        for word in words:
            name = _label_name(word)
            if self._lenient:
                self._symbols.refuse_repeated(name)
            self.pending.append((name, line))
        if len(self.pending) > MAX_NAMES:
            raise Stop("E_LABEL", "too many labels", hint=f"at most {MAX_NAMES}")

    def _add(self, kind: Opcode | Directive, word: str, tokens: list[str], line: Line) -> None:
        address = self._address
        statement = Statement(kind, word, tokens, line, address, self._indices)
        if isinstance(kind, Opcode):
            if address == self._max_length:
                message = f"more than {self._max_length} instructions"
                raise Stop("E_LENGTH", message, word, "this is the first one too many")
            self._address += 1
        self._ended = kind == "END"
        if self.pending and kind != ";assert":
            self._define(lambda name: self._symbols.define_label(name, address))
        self.statements.append(statement)

    def _define(self, define: Callable[[str], None]) -> None:
        pending, self.pending = self.pending, []
        for name, line in pending:
            try:
                define(name)
            except Fault as fault:
                self._faults.add(fault, line)

    def _equ(self, text: list[str], line: Line) -> None:
        """A text for the pending names, or one more line of the text above."""
        if self.pending:
            self._text, self._names = text, [name for name, _ in self.pending]
            self._define(lambda name: self._symbols.define_text(name, text))
        elif self._text is not None:
            self._text += [NEWLINE, *text]
            self._blocks.update(self._names)
        elif len(text) > 1 and text[0].isidentifier():
            self._symbols.misplaced.setdefault(text[0], line)
        else:
            raise nameless_equ()

    def _expand(self, tokens: list[str], line: Line) -> None:
        """Read the line again with its EQU texts put in; it may have become several lines."""
        texts = self._symbols.expand(tokens, self._indices)
        self.read([Line(line.number, line.text, text) for text in texts if text])

    def _enter(
        self, line: Line, lead: int, at: int, rofs: dict[int, int], loops: list[_Loop]
    ) -> int:
        """Begin the loop at ``at``, or skip it; the next position. A bad count counts as 1."""
        self._text = index = None
        unclosed = None if at in rofs else _unclosed(line.tokens[lead])
        if unclosed and not self._lenient:
            raise unclosed
        try:
            self._label([glue(word, self._indices) for word in line.tokens[:lead]], line)
            index = self.pending.pop()[0] if self.pending else None
            if index in self._indices or index in self._symbols.texts:
                raise Fault("E_FOR", f"loop index {quoted(str(index))} is taken", str(index))
            count = self._count(line.tokens[lead + 1 :], line)
        except Fault as fault:
            self._faults.add(fault, line)
            index, count = None, 1
        if count <= 0:
            return rofs.get(at, _NOWHERE) + 1
        if unclosed:
            self._faults.add(unclosed, line)
        self._rounds += count
        if self._depth == MAX_DEPTH or self._rounds > MAX_ROUNDS:
            hint = f"at most {MAX_DEPTH} levels, and {MAX_ROUNDS} rounds in all"
            raise Stop("E_FOR", "too many FOR loops or rounds", line.tokens[lead], hint)
        loops.append(_Loop(at, rofs.get(at, _NOWHERE), count, index, self._indices))
        self._depth += 1
        self._begin_round(loops[-1], 1)
        return at + 1

    def _begin_round(self, loop: _Loop, number: int) -> None:
        loop.round = number
        if loop.index is not None:
            self._indices = {**loop.outer, loop.index: str(number)}

    def _repeat(self, line: Line, lead: int, at: int, loops: list[_Loop]) -> int:
        self._text = None
        self._label([glue(word, self._indices) for word in line.tokens[:lead]], line)
        if not loops or loops[-1].rof != at:
            raise Fault("E_FOR", "ROF without FOR", line.tokens[lead])
        loop = loops[-1]
        if loop.round < loop.count:
            self._begin_round(loop, loop.round + 1)
            return loop.start + 1
        loops.pop()
        self._depth -= 1
        self._indices = loop.outer
        return at + 1

    def _count(self, tokens: list[str], line: Line) -> int:
        try:
            if not tokens:
                raise Fault("E_FOR", "FOR without a count", "", "write: index FOR count")
            (text, *more) = self._symbols.expand(tokens, self._indices)
            if more:
                raise Fault("E_FOR", "the count of FOR has several lines", tokens[0])
            if self._lenient:
                numerals = self._symbols.numerals(text, self._address, self._address)
                self._symbols.counts.append((line.number, numerals))
            return self._symbols.value(text, self._address, self._address)
        except Fault as fault:
            if fault.reason in ("E_LABEL", "E_SYNTAX"):
                hint = "FOR takes a number that is known here: no label from further down"
                raise Fault("E_FOR", fault.message, fault.culprit, hint) from None
            raise

    def _count_written(self, line: Line) -> None:
        self._written_lines += 1
        self._written_tokens += len(line.tokens)
        if self._written_lines > MAX_WRITTEN_LINES or self._written_tokens > MAX_WRITTEN_TOKENS:
            hint = f"at most {MAX_WRITTEN_LINES} lines and {MAX_WRITTEN_TOKENS} words"
            raise Stop("E_FOR", "FOR writes out too much", hint=hint)


def leading(line: Line) -> tuple[int, Opcode | Directive | None]:
    """How many words stand before the opcode or keyword, and which one it is.

    Without one: how many words the line begins with, and None.
    """
    if line.is_assert:
        return 0, ";assert"
    for at, token in enumerate(line.tokens):
        keyword = KEYWORDS.get(token.upper())
        if keyword is not None:
            return at, keyword
        if token[0] not in STARTS_WORD:
            return at, None
    return len(line.tokens), None


def _match_loops(leads: list[tuple[int, Opcode | Directive | None]]) -> dict[int, int]:
    """Position of each FOR -> position of its ROF."""
    rofs = {}
    opened = []
    for at, (_, keyword) in enumerate(leads):
        if keyword == "FOR":
            opened.append(at)
        elif keyword == "ROF" and opened:
            rofs[opened.pop()] = at
    return rofs


def _unclosed(word: str) -> Lapse:
    hint = "close the loop with ROF; a comment begins with ;"
    return Lapse("E_FOR", "FOR without ROF", word, hint)


def _label_name(word: str) -> str:
    """The name that a word before the opcode defines.

    Raises:
        Fault: E_SYNTAX, a keyword or no name at all; E_FOR, & with no loop index.
    """
    name = glue(word, {}).removesuffix(":")
    if name.upper() in KEYWORDS:
        raise Fault("E_SYNTAX", f"{quoted(name)} is a keyword", word, "choose another label")
    if not name.isidentifier():
        hint = "a line is labels, an opcode, operands; here a loop index stands for a label"
        raise Fault("E_SYNTAX", f"{quoted(name)} is no label", word, hint)
    return name


def _refuse_prose(tokens: list[str], lead: int) -> None:
    """Labels alone may make a line, but not a sentence, and nothing else."""
    if lead < len(tokens):
        raise _no_opcode(tokens, lead)
    if lead > MAX_WORDS:
        message = f"{lead} labels and no opcode"
        raise Fault("E_LABEL", message, tokens[0], "a comment begins with ;")


def _no_opcode(tokens: list[str], lead: int) -> Fault:
    culprit = tokens[lead]
    if culprit in (":", "="):
        hint = "a label takes its colon without a blank; a text is named by: name EQU text"
        return Fault("E_SYNTAX", f"{quoted(culprit)} is out of place", culprit, hint)
    if lead == 0:
        hint = "a line is labels, an opcode, operands; a comment begins with ;"
        return Fault("E_SYNTAX", f"a line cannot begin with {quoted(culprit)}", culprit, hint)
    word = tokens[lead - 1]
    hint = "names are letters, digits and _; a comment begins with ;"
    return Fault("E_SYNTAX", f"{quoted(word)} is no opcode", word, hint, OPCODES.keys())
