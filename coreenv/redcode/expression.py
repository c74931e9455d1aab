"""Integer expressions, evaluated with an explicit stack: nesting never deepens Python's own."""

import re
from collections.abc import Callable, Iterable
from operator import add, mul, neg, pos, sub
from typing import Final

from coreenv.redcode.faults import Fault, quoted

LARGEST: Final = 2**63 - 1
"""Values lie in -LARGEST-1 .. LARGEST, as in a signed 64-bit C integer."""

DIVISION_BY_ZERO: Final = "division by zero"

_LEAST: Final = -LARGEST - 1
_LEXEME: Final = re.compile(r"\d+|[A-Za-z]=(?!=)|&&|\|\||[=!<>]=|\S", re.ASCII)
DIGITS: Final = frozenset("0123456789")
"""What numbers are made of; `str.isdigit` knows more of them."""

# An assignment ("a=") ranks lowest and is a prefix, so it takes everything to its right; ")" is
# read after all that has a rank. "(" and the bottom of the stack have none.
_NONE, _ASSIGNMENT, _HIGHEST = 0, 1, 7
_RANK: Final = {
    **dict.fromkeys([")"], _ASSIGNMENT),
    **dict.fromkeys(["||"], 2),
    **dict.fromkeys(["&&"], 3),
    **dict.fromkeys(["==", "!=", "<", ">", "<=", ">="], 4),
    **dict.fromkeys(["+", "-"], 5),
    **dict.fromkeys(["*", "/", "%"], 6),
}
_BOTTOM: Final = (_NONE, "", 0)
_PREFIX: Final = {
    "-": (_HIGHEST, "neg", 0),
    "+": (_HIGHEST, "pos", 0),
    "!": (_HIGHEST, "not", 0),
    "(": (_NONE, "(", 0),
}


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_UNARY: Final[dict[str, Callable[[int], int]]] = {
    "neg": neg,
    "pos": pos,
    "not": lambda right: int(not right),
}
_BINARY: Final[dict[str, Callable[[int, int], int]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": _divide,
    "%": lambda left, right: left - _divide(left, right) * right,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<": lambda left, right: int(left < right),
    ">": lambda left, right: int(left > right),
    "<=": lambda left, right: int(left <= right),
    ">=": lambda left, right: int(left >= right),
    "&&": lambda left, right: int(bool(left and right)),
    "||": lambda left, right: int(bool(left or right)),
}


def evaluate(text: str, registers: dict[str, int], overflows: list[str] | None = None) -> int:
    """The value of ``text``.

    Ranks from high to low: unary ``- + !``, ``* / %``, ``+ -``, comparisons, ``&&``, ``||``, and
    ``=``, each level from left to right. Both sides of ``&&`` and ``||`` are always evaluated.
    ``/`` and ``%`` cut towards zero, as in C.

    Args:
        text: numbers, operators, parentheses and the registers a..z, in either case.
        registers: their values by small letter, 0 where missing. Assignments change it.
        overflows: if given, a result past 63 bits wraps as in C, and what it was is noted here.

    Raises:
        Fault: E_SYNTAX for a character that no expression has, E_EXPR for everything else.
    """
    return evaluate_lexemes(_LEXEME.findall(text), registers, overflows)


def evaluate_lexemes(
    lexemes: Iterable[str], registers: dict[str, int], overflows: list[str] | None = None
) -> int:
    """As `evaluate`, for a text already taken apart. A number may have a sign here."""
    waiting = [_BOTTOM]  # operators that lack their right side: rank, name and left side
    lexeme, value, wants_value = "", 0, True
    for lexeme in lexemes:
        if wants_value:
            if lexeme[-1] in DIGITS:
                value, wants_value = number(lexeme), False
            elif lexeme in _PREFIX:
                waiting.append(_PREFIX[lexeme])
            elif not _is_register(lexeme):
                raise _no_value(lexeme)
            elif lexeme[-1] == "=":
                waiting.append((_ASSIGNMENT, lexeme.lower(), 0))
            else:
                value, wants_value = registers.get(lexeme.lower(), 0), False
        elif lexeme in _RANK:
            rank = _RANK[lexeme]
            while waiting[-1][0] >= rank:
                _, operator, left = waiting.pop()
                value = _apply(operator, left, value, registers, overflows)
            if lexeme != ")":
                waiting.append((rank, lexeme, value))
                wants_value = True
            elif waiting.pop() is _BOTTOM:
                raise Fault("E_EXPR", "')' closes nothing", ")")
        else:
            raise _no_operator(lexeme)
    if wants_value:
        raise Fault("E_EXPR", "the expression ends where a value should stand", lexeme[-1:])
    while waiting[-1][0]:
        _, operator, left = waiting.pop()
        value = _apply(operator, left, value, registers, overflows)
    if waiting[-1] is not _BOTTOM:
        raise Fault("E_EXPR", "'(' is never closed", "(")
    return value


def _is_register(lexeme: str) -> bool:
    return lexeme[0].isalpha() and lexeme.isascii()


def _is_stranger(lexeme: str) -> bool:
    """Whether no expression has it as a lexeme."""
    is_known = lexeme in _RANK or lexeme in _PREFIX
    return not (is_known or lexeme[0] in DIGITS or _is_register(lexeme))


def unreadable(text: str) -> str:
    """The first character of ``text`` that no expression has, if there is one. A single ``=`` is
    only misplaced."""
    others = filter(_is_stranger, _LEXEME.findall(text))
    return next((other for other in others if other != "="), "")


def number(digits: str) -> int:
    """The value of a decimal number.

    Raises:
        Fault: E_EXPR, it exceeds `LARGEST`.
    """
    if len(digits) <= 18:
        return int(digits)
    digits = digits.lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > LARGEST:
        raise _overflow(digits)
    return int(digits)


def _apply(
    operator: str, left: int, right: int, registers: dict[str, int], overflows: list[str] | None
) -> int:
    if operator in _BINARY:
        if right == 0 and operator in ("/", "%"):
            raise Fault("E_EXPR", DIVISION_BY_ZERO, operator)
        value = _BINARY[operator](left, right)
    elif operator in _UNARY:
        value = _UNARY[operator](right)
    else:
        value = registers[operator[0]] = right
    if not _LEAST <= value <= LARGEST:
        if overflows is None:
            raise _overflow(str(value))
        overflows.append(str(value))
        value = (value - _LEAST) % (2 * LARGEST + 2) + _LEAST
    return value


def _overflow(value: str) -> Fault:
    return Fault("E_EXPR", f"{quoted(value)} does not fit in 63 bits", value, f"at most {LARGEST}")


def _no_value(lexeme: str) -> Fault:
    if _is_stranger(lexeme):
        return _unreadable(lexeme)
    return Fault("E_EXPR", f"a value is missing before {quoted(lexeme)}", lexeme)


def _no_operator(lexeme: str) -> Fault:
    if _is_stranger(lexeme):
        return _unreadable(lexeme)
    lexeme = lexeme[0] if _is_register(lexeme) else lexeme
    return Fault(
        "E_EXPR",
        f"{quoted(lexeme)} follows a value",
        lexeme,
        "put a comma between the operands, or an operator between the values",
    )


def _unreadable(lexeme: str) -> Fault:
    if lexeme == "=":
        hint = "to compare, write =="
        return Fault("E_EXPR", "= assigns, but only to a register a..z", lexeme, hint)
    hint = "operators are + - * / % == != < > <= >= && || ! ="
    if lexeme in "#$@{}":
        hint = "a mode stands once, before the number"
    return Fault("E_SYNTAX", f"{quoted(lexeme)} does not belong in an expression", lexeme, hint)
