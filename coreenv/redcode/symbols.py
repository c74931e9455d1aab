"""The names of one source: EQU texts, labels, predefined constants, registers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from coreenv.config import CoreConfig
from coreenv.redcode.expression import DIGITS, evaluate, evaluate_lexemes, number
from coreenv.redcode.faults import Fault, Lapse, Stop, quoted
from coreenv.redcode.grammar import KEYWORDS
from coreenv.redcode.lines import STARTS_WORD, Line

MAX_NAMES = 10_000
"""Most labels, and most EQU names."""

MAX_EXPANSION = 10_000
"""Most tokens, and most replacements, that EQU may make of one line."""

MAX_EXPANSIONS = 100_000
"""Most tokens and replacements together over the whole source."""

MAX_CANDIDATES = 200
"""Names that a spelling suggestion looks through; among more there is none."""

_LONGEST = f"at most {MAX_EXPANSION} tokens and {MAX_EXPANSION} replacements"

NEWLINE = "\n"
"""Parts the lines of an EQU text of several lines."""

Indices = Mapping[str, str]
"""Loop index -> its value in this round, as text."""

_SHORT = 500
"""Highest cost of a text that is kept ready; far below what `Symbols.expand` refuses."""


class _Ready(NamedTuple):
    """Tokens with all EQU texts put in. The cost is what `Symbols.expand` counts: one for each
    token, two for each text, as it goes into it and out of it."""

    tokens: list[str]
    cost: int


class Symbols:
    """What names stand for. An expression is read as text: names become numbers, then it is valued.

    Attributes:
        texts: EQU name -> its tokens, lines parted by `NEWLINE`.
        labels: label -> address.
        constants: predefined name -> value; ``CURLINE`` is not among them.
        registers: a..z -> value.
        misplaced: ``EQU name text`` was written; name -> that line.
        missed: names that were asked for and not found.
        dangling: labels behind the last instruction, which have no address.
        counts: read leniently: the line of each FOR loop and its count, names put in.
        complete: False if reading stopped early, so that missing labels are nobody's fault.
    """

    def __init__(
        self,
        config: CoreConfig,
        warriors: int,
        rounds: int,
        registers: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.texts: dict[str, list[str]] = {}
        self.labels: dict[str, int] = {}
        self.registers = dict(registers)
        self.misplaced: dict[str, Line] = {}
        self.missed: set[str] = set()
        self.dangling: list[str] = []
        self.counts: list[tuple[int, str]] = []
        self.complete = True
        self.constants = {
            "CORESIZE": config.core_size,
            "MAXPROCESSES": config.max_processes,
            "MAXCYCLES": config.max_cycles,
            "MAXLENGTH": config.max_length,
            "MINDISTANCE": config.min_distance,
            "VERSION": 94,
            "WARRIORS": warriors,
            "ROUNDS": rounds,
            "READLIMIT": config.read_limit,
            "WRITELIMIT": config.write_limit,
            "PSPACESIZE": config.pspace_size,
        }
        self._ready: dict[str, _Ready] = {}
        self._expanded = 0

    def define_label(self, name: str, address: int) -> None:
        """Raises: Fault E_LABEL: the name is taken; Stop E_LABEL: too many."""
        self._refuse_reserved("E_LABEL", name)
        self.refuse_repeated(name)
        if len(self.labels) >= MAX_NAMES:
            raise Stop("E_LABEL", "too many labels", name, f"at most {MAX_NAMES}")
        self.labels[name] = address

    def refuse_repeated(self, name: str) -> None:
        """Raises: Lapse: E_LABEL, there is such a label."""
        if name in self.labels:
            raise Lapse("E_LABEL", f"label {quoted(name)} is defined twice", name, "rename one")

    def define_text(self, name: str, tokens: list[str]) -> None:
        """Raises: Fault E_EQU or E_LABEL: the name is taken; Stop E_EQU: too many."""
        self._refuse_reserved("E_EQU", name)
        if name in self.labels:
            raise Lapse("E_LABEL", f"{quoted(name)} is a label already", name, "rename one")
        if name in self.texts:
            raise Fault("E_EQU", f"EQU {quoted(name)} is defined twice", name, "rename one")
        if len(self.texts) >= MAX_NAMES:
            raise Stop("E_EQU", "too many EQU names", name, f"at most {MAX_NAMES}")
        self.texts[name] = tokens

    def _refuse_reserved(self, reason: str, name: str) -> None:
        if name in self.constants or name == "CURLINE":
            hint = "choose another name"
            raise Fault(reason, f"{quoted(name)} is a predefined constant", name, hint)

    def settle(self) -> None:
        """To be called once all texts are known: those that are one line and name only texts above
        them get ready for use, so that `expand` need not walk through them every time."""
        for name, text in self.texts.items():
            if NEWLINE not in text and (ready := self._put_in(text)):
                self._ready[name] = ready

    def expands(self, tokens: list[str]) -> bool:
        """Whether an EQU text stands in for one of ``tokens``."""
        return bool(self.texts) and not self.texts.keys().isdisjoint(tokens)

    def expand(self, tokens: list[str], indices: Indices) -> list[list[str]]:
        """``tokens`` with every EQU text and loop index put in, line by line.

        Raises:
            Fault: E_EQU, a text names itself or makes too much; E_FOR, & with no loop index.
            Stop: E_EQU, all texts together have made too much.
        """
        if self._expanded > MAX_EXPANSIONS:
            hint = f"at most {MAX_EXPANSIONS} tokens and replacements in all"
            raise Stop("E_EQU", "the EQU texts of this source make too much", hint=hint)
        if self._ready and not indices and (ready := self._put_in(tokens)):
            self._expanded += ready.cost + 1
            return [ready.tokens]
        return self._walk(tokens, indices)

    def _walk(self, tokens: list[str], indices: Indices) -> list[list[str]]:
        """What `expand` gives, by going through every text at every place where it is named."""
        line: list[str] = []
        lines = [line]
        texts, stack = self.texts, [("", iter(tokens))]
        open_names: set[str] = set()
        last, made, replaced = "", 0, 0
        while stack and made <= MAX_EXPANSION and replaced <= MAX_EXPANSION:
            name, rest = stack[-1]
            seam, before, inner = last.isdigit(), made, ""
            for token in rest:
                if last != ".":  # behind a dot stands a modifier
                    if indices:
                        token = _substitute_one(token, indices)
                    if token in texts:
                        inner = token
                        break
                if token == NEWLINE:
                    line = []
                    lines.append(line)
                else:
                    if seam and token.isdigit():
                        line.append(" ")  # digits of two texts are two numbers
                    line.append(token)
                last, seam = token, False
                made += 1
            self._expanded += made - before + 1
            if inner in open_names:
                raise Fault("E_EQU", f"EQU {quoted(inner)} names itself", inner)
            if inner:
                replaced += 1
                open_names.add(inner)
                stack.append((inner, iter(texts[inner])))
            else:
                stack.pop()
                open_names.discard(name)
        if stack:
            raise Fault("E_EQU", "the EQU texts of this line make too much", tokens[0], _LONGEST)
        return lines

    def _put_in(self, tokens: list[str]) -> _Ready | None:
        """What `_walk` gives without loop indices, if all texts that occur are ready, and short."""
        line: list[str] = []
        texts, last, seam, cost = self.texts, "", False, 0
        for token in tokens:
            if token not in texts or last == ".":
                if seam and token.isdigit():
                    line.append(" ")
                line.append(token)
                last, seam = token, False
                cost += 1
                continue
            text = self._ready.get(token)
            if text is None or cost > _SHORT:
                return None
            if text.tokens:
                if last.isdigit() and text.tokens[0].isdigit():
                    line.append(" ")
                line += text.tokens
                last = line[-1]
            seam = last.isdigit()
            cost += text.cost + 2
        return _Ready(line, cost) if cost <= _SHORT else None

    def value(
        self, tokens: list[str], address: int, origin: int, overflows: list[str] | None = None
    ) -> int:
        """The value of an expression.

        Args:
            tokens: the expression, EQU texts and loop indices put in.
            address: where it stands, the value of CURLINE.
            origin: the address from which labels are counted.
            overflows: see `evaluate`.

        Raises:
            Fault: E_LABEL, an undefined name; E_EXPR or E_SYNTAX, not an expression.
        """
        if len(tokens) == 1:
            token = tokens[0]
            if token in self.labels:
                return self.labels[token] - origin
            if token[0] in DIGITS:
                return number(token)
        elif len(tokens) == 2 and tokens[0] == "-" and tokens[1][0] in DIGITS:
            return -number(tokens[1])
        numerals = self._numerals(tokens, address, origin)
        if overflows is None:
            try:
                return evaluate_lexemes(numerals, self.registers)
            except Fault:
                pass  # tokens that only make sense side by side, or a fault: the text will tell
        return evaluate("".join(numerals), self.registers, overflows)

    def numerals(self, tokens: list[str], address: int, origin: int) -> str:
        """The expression as text, with numbers in the place of names; arguments as for `value`.

        Raises:
            Fault: E_LABEL, an undefined name; E_SYNTAX, a keyword, or a name with a colon.
        """
        return "".join(self._numerals(tokens, address, origin))

    def _numerals(self, tokens: list[str], address: int, origin: int) -> list[str]:
        return [
            self._numeral(token, address, origin) if token[0] in STARTS_WORD else token
            for token in tokens
        ]

    def _numeral(self, name: str, address: int, origin: int) -> str:
        if name in self.labels:
            return str(self.labels[name] - origin)
        if name in self.constants:
            return str(self.constants[name])
        if name == "CURLINE":
            return str(address)
        if len(name) == 1 and name != "_":
            return name
        _refuse_operand_word(name)
        if self.complete:
            raise self._undefined(name)
        return "0"

    def _undefined(self, name: str) -> Fault:
        self.missed.add(name)
        hint = "labels and EQU names tell capitals from small letters"
        if line := self.misplaced.get(name):
            hint = f"line {line.number} names it behind EQU; write {name} EQU ..."
        if name in self.dangling:
            hint = "this label stands behind the last instruction, so it has no address"
        few = len(self.labels) + len(self.texts) <= MAX_CANDIDATES
        near = [*self.labels, *self.texts, *self.constants, "CURLINE"] if few else []
        return Fault("E_LABEL", f"{quoted(name)} is not defined", name, hint, near)


def substitute(tokens: list[str], indices: Indices) -> list[str]:
    """``tokens`` with loop indices put in: ``i`` is the round, ``x&i`` is x and two digits of it.

    A word behind a dot is a modifier, whatever the indices are called.

    Raises:
        Fault: E_FOR, what follows & is no loop index.
    """
    put_in = [_substitute_one(token, indices) for token in tokens]
    if "." in tokens:
        dot = tokens.index(".")
        put_in[dot + 1 : dot + 2] = tokens[dot + 1 : dot + 2]
    return put_in


def _substitute_one(token: str, indices: Indices) -> str:
    if token == "&":  # half of an operator
        return token
    return glue(token, indices) if "&" in token else indices.get(token, token)


def glue(token: str, indices: Indices) -> str:
    """``token`` with two digits (or more) of the index in the place of each ``&index``.

    Raises:
        Fault: E_FOR, what follows & is no loop index.
    """
    if "&" not in token:
        return token
    name, *glued = token.removesuffix(":").split("&")
    for index in glued:
        if index not in indices:
            hint = "& glues the index of an enclosing FOR to a name"
            raise Fault("E_FOR", f"{quoted(index)} is no loop index here", token, hint)
        name += indices[index].zfill(2)
    return name + ":" if token.endswith(":") else name


def _refuse_operand_word(token: str) -> None:
    glue(token, {})
    if token.endswith(":"):
        raise Fault("E_SYNTAX", f"{quoted(token)} in an operand", token, "leave out the colon")
    if token.upper() in KEYWORDS:
        hint = "one instruction a line; opcodes and keywords cannot be labels"
        raise Fault("E_SYNTAX", f"{quoted(token)} in an operand", token, hint)
