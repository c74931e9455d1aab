"""Redcode as language models spell it: which rows are code, and how to spell them for `assemble`.

Respellings are for programs that do not assemble as they stand. None drops a row that looks like
an instruction: a program that is wrong stays wrong, and its errors can be sent back.
"""

import re
from collections.abc import Callable, Collection
from html import unescape
from itertools import groupby
from typing import Final

from coreenv.redcode.grammar import IMPLIED_B, KEYWORDS, MODIFIERS, OPCODES
from coreenv.redcode.instruction import MODE_SYMBOLS
from coreenv.redcode.lines import MAX_LINE, MAX_LINES
from coreenv.redcode.warrior import MAX_NAME, UNSAFE

MAX_LABELS: Final = 3
"""Words before an opcode that may be labels."""

MAX_ROW: Final = MAX_LINE + 60
"""A longer row is prose; the margin is for markup that a respelling takes out."""

_BARE: Final = {"DAT": "#0, #0", "NOP": "0"}
"""Opcodes that models write without operands, and what they mean by it."""

_ONE_OPERAND: Final = {"DAT", *(opcode.name for opcode in IMPLIED_B)}

_CHARACTERS: Final = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u00a0\u2000\u2002\u2003\u2007\u2009\u202f\u3000\t", " ")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff`\u2018\u2019\u201c\u201d", "")
    | {"\u00d7": "*", "\uff0c": ",", "\uff1b": ";", "\uff1a": ":", "\uff03": "#", "\uff20": "@"}
)
_ENTITY = re.compile(r"&(?:lt|gt|amp|nbsp|quot|#\d{1,5});")
_ESCAPE = re.compile(r"\\([^\w\s])")
_NUMBER = re.compile(r"\s*\d+\s?[:.)|]?\s+(?=\S)")
_BULLET = re.compile(r"\s*[-*>]+\s*")
_MARKUP = re.compile(r"\s*(?:[-#*>=/`~]|</?[A-Za-z][\w-]*>)")
_HASH = re.compile(r"(?<=[\w)])[ ]+#[ ]+(?=[A-Za-z])")
_GAP_BEHIND_MODE = re.compile(r"([#$*@{}<>])[ ]+")
_GAPS_AROUND_OPERATOR = re.compile(r"[ ]*([-+*/%,()])[ ]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_SPOKEN = re.compile(r"[A-Za-z]+(?:['\u2019-][A-Za-z]+)*")
_EMPTY_FIELD = re.compile(r"\s*;\s*(?:name|author)\s*", re.IGNORECASE)
_FIELD = re.compile(r"\s*;\s*(?:name|author)\s", re.IGNORECASE)


def is_code(row: str) -> bool:
    """Whether a row is an instruction or a directive, though perhaps a faulty one.

    Prose that begins with an opcode ("Add a bomb, then jump") is none.
    """
    parts = _parts(row)
    if parts is None or row.rstrip().endswith(":"):
        return False
    labels, operation, operands = parts
    word = opcode(operation)
    glued = _GAPS_AROUND_OPERATOR.sub(r"\1", " ".join(operands)).split()
    if word == "EQU":
        return bool(labels)
    if word not in OPCODES:
        return len(glued) <= 1
    if len(glued) == 1:
        return "," in glued[0] or word in _ONE_OPERAND
    if len(glued) == 2:
        signs = MODE_SYMBOLS + "+-(0123456789"
        return glued[-1][-1] not in ".!?" or all(operand[0] in signs for operand in glued)
    return not glued and word in _BARE


def is_prose(row: str) -> bool:
    """Whether a row cannot have been meant as code: a bullet, a heading, a tag, a very long row,
    four words on end, or a few words that end as a sentence does."""
    code = row.partition(";")[0].strip()
    if not code or is_code(code):
        return False
    if _MARKUP.match(code) or len(code) > MAX_ROW:
        return True
    words = [bool(_SPOKEN.fullmatch(word.rstrip(",.:!?"))) for word in code.split()]
    on_end = max((len(list(run)) for plain, run in groupby(words) if plain), default=0)
    return on_end >= 4 or (len(words) > 1 and all(words) and code[-1] in ".:!?")


def opcode(operation: str) -> str:
    """The opcode of ``mov.i`` in capitals."""
    return operation.upper().partition(".")[0]


def operation(row: str) -> str:
    """The opcode or directive of a row of code, in capitals; empty if it has none."""
    parts = _parts(row)
    return opcode(parts[1]) if parts else ""


def respelt(source: str, constants: Collection[str]) -> str:
    """``source`` with every row respelt, up to the END.

    Args:
        source: its rows end in LF, CR LF or CR.
        constants: the names that keep their capitals.
    """
    rows = []
    for row in re.split(r"\r\n|\r|\n", source)[: MAX_LINES + 1]:
        for respelling in RESPELLINGS:
            row = respelling(row)
        code, comment, rest = row.partition(";")
        rows.append(_same_case(code, constants) + comment + rest)
        if operation(row) == "END":
            break
    return "\n".join(rows)


def characters(row: str) -> str:
    """Typographic dashes, blanks and commas become ASCII; quotes and invisible marks vanish."""
    return UNSAFE.sub("", row.translate(_CHARACTERS))


def markup(row: str) -> str:
    """``&lt;`` becomes ``<``, and ``\\*`` becomes ``*``."""
    return _ESCAPE.sub(r"\1", _ENTITY.sub(lambda entity: unescape(entity[0]), row))


def numbering(row: str) -> str:
    """``12: mov 0, 1`` loses its line number, and ``- mov 0, 1`` its bullet."""
    number = _NUMBER.match(row)
    row = row[number.end() :] if number else row
    bullet = _BULLET.match(row)
    return row[bullet.end() :] if bullet and is_code(row[bullet.end() :]) else row


def comments(row: str) -> str:
    """``//`` and ``#`` begin comments, as other languages have it."""
    code, semicolon, rest = row.partition(";")
    if "//" in code:
        return row.replace("//", ";", 1)
    for mark in _HASH.finditer(code):
        parts = _parts(code[: mark.start()])
        if parts and parts[2]:
            return f"{code[: mark.start()]} ;{code[mark.end() :]}{semicolon}{rest}"
    return row


def colons(row: str) -> str:
    """``loop : mov 0, 1`` has its colon moved to the label."""
    label, colon, rest = row.partition(":")
    return f"{label.strip()}: {rest}" if colon and _WORD.fullmatch(label.strip()) else row


def commas(row: str) -> str:
    """``mov 0 1`` gets its comma, and a bare ``nop`` or ``dat`` its operands."""
    code, semicolon, rest = row.partition(";")
    parts = _parts(code)
    if parts is None or "," in code or opcode(parts[1]) not in OPCODES:
        return row
    labels, operation, operands = parts
    if not operands and opcode(operation) in _BARE:
        operands = [_BARE[opcode(operation)]]
    elif len(operands) != 2 or (opcode(operation) in _ONE_OPERAND and operands[1][0] in "+-*<>"):
        return row  # or it may be one operand that calculates
    code = f"{' '.join([*labels, operation])} {', '.join(operands)}"
    return f"{code} {semicolon}{rest}" if semicolon else code


def prose(row: str) -> str:
    """Prose becomes a comment."""
    return f"; {row}" if is_prose(row) else row


def limits(row: str) -> str:
    """Names without text vanish, long ones and long comments are cut."""
    if _EMPTY_FIELD.fullmatch(row):
        return ""
    if field := _FIELD.match(row):
        return row[: field.end()] + row[field.end() :].strip()[:MAX_NAME]
    return row[:MAX_LINE] if ";" in row[:MAX_LINE] else row


RESPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    characters,
    markup,
    numbering,
    comments,
    colons,
    commas,
    prose,
    limits,
)
"""Row by row, in this order; labels are brought to one case at the end."""


def _same_case(code: str, constants: Collection[str]) -> str:
    def one(word: re.Match[str]) -> str:
        return word[0].upper() if word[0].upper() in constants else word[0].lower()

    return _WORD.sub(one, code)


def _parts(row: str) -> tuple[list[str], str, list[str]] | None:
    """Labels, operation and operands of a row, None if it has no opcode and no directive."""
    if len(row) > MAX_ROW:
        return None
    code = _GAP_BEHIND_MODE.sub(r"\1", row.translate(_CHARACTERS).partition(";")[0])
    words = code.split()
    for at, word in enumerate(words[: MAX_LABELS + 1]):
        base, dot, modifier = word.upper().partition(".")
        if base in KEYWORDS and (not dot or modifier in MODIFIERS):
            return words[:at], word, words[at + 1 :]
    return None
