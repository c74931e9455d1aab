"""Verbose assembly: what pMARS's -V shows of its passes, as far as ours has the same."""

import re
from collections.abc import Iterable

from coreenv.redcode.faults import Fault
from coreenv.redcode.lines import Line, Source
from coreenv.redcode.preprocess import Statement, leading
from coreenv.redcode.symbols import NEWLINE, Symbols, substitute

_HEAD = "After pass {}\nInstruction (physical line, instr):\n\n"
_END = "\n***END*OF*{}***\n\n"


def reading(source: Source, statements: list[Statement], symbols: Symbols) -> str:
    """The lines as they were read, then the conditions and counts with their names put in."""
    rows = [_row(line, line.text if line.is_assert else _code(line)) for line in source.lines]
    conditions = [
        (each.line.number, f"Current parameter for ';assert': {_condition(each, symbols)}\n")
        for each in statements
        if each.kind == ";assert"
    ]
    counts = [(number, f"Current parameter for FOR: {count}\n") for number, count in symbols.counts]
    checked = [text for _, text in sorted(conditions + counts)]
    head = [_HEAD.format(0), *rows, _END.format("PASS"), "Parameter checking:\n"]
    return "".join([*head, *checked])


def expanded(code: Iterable[Statement], symbols: Symbols) -> str:
    """The program with loops written out and the names known so far put in, then all names."""
    rows = [_row(each.line, _instruction(each, symbols)) for each in code]
    groups: dict[str, list[str]] = {}
    for name, address in symbols.labels.items():
        groups.setdefault(f"(LABEL):{address:5}", []).insert(0, name)
    references = [(names, reference) for reference, names in reversed(groups.items())]
    references += [
        ([name], "(TEXT):\n" + "\n".join(f" {line}" for line in "".join(text).split(NEWLINE)))
        for name, text in reversed(symbols.texts.items())
    ]
    references += [
        ([name], f"(TEXT):\n{value}") for name, value in reversed(symbols.constants.items())
    ]
    chart = [
        f"Group label(s):\n{' '.join(names)} \nReference:\n{reference}\n\n"
        for names, reference in references
    ]
    head = ["\n", _HEAD.format(1), *rows, _END.format("PASS"), "Label references:\n"]
    return "".join([*head, *chart, _END.format("CHART").lstrip()])


def _row(line: Line, text: str) -> str:
    return f"({line.number:5}) {text}\n"


def _code(line: Line) -> str:
    return line.text.partition(";")[0]


def _condition(statement: Statement, symbols: Symbols) -> str:
    """Blanks vanish, but for those before < and >, which might be modes."""
    text = _put_in(statement.tokens, statement, symbols)
    spaced = iter(re.findall(r"\s?[<>]", statement.line.text))
    return re.sub("[<>]", lambda found: next(spaced, found[0]), text)


def _instruction(statement: Statement, symbols: Symbols) -> str:
    at, _ = leading(statement.line)
    tokens = statement.line.tokens[at + 1 :]
    modifier = ""
    if tokens[:1] == ["."]:
        modifier, tokens = "".join(tokens[:2]), tokens[2:]
    operands = _put_in(tokens, statement, symbols)
    return f"{statement.word.upper()}{modifier} {operands}".rstrip()


def _put_in(tokens: list[str], statement: Statement, symbols: Symbols) -> str:
    """The tokens as one text. Labels further down keep their names: they have no address yet.
    So does all that cannot be put in; what is wrong with it is told elsewhere."""
    indices = {name: value.zfill(2) for name, value in statement.indices.items()}
    origin = 0 if statement.kind in ("ORG", "END", "PIN") else statement.address
    known = {name: at - origin for name, at in symbols.labels.items() if at < statement.address}
    known |= {**symbols.constants, "CURLINE": statement.address}
    try:
        lines = symbols.expand(substitute(tokens, indices), indices)
    except Fault:
        return "".join(tokens)
    return "".join(str(known.get(token, token)) for line in lines for token in line)
