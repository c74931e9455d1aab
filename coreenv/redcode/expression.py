"""Integer expressions, evaluated with two explicit stacks: nesting never deepens Python's own."""

import re
from typing import Final

from coreenv.redcode.faults import Fault, quoted

LARGEST: Final = 2**63 - 1
"""Values lie in -LARGEST-1 .. LARGEST, as in a signed 64-bit C integer."""

_LEXEME = re.compile(
    r"(\d+)|([A-Za-z])(=(?!=))?|(&&|\|\||[=!<>]=|[-+*/%<>()!])|\s+|(.)", re.ASCII | re.DOTALL
)
_NUMBER, _REGISTER, _ASSIGNMENT, _OPERATOR = 1, 2, 3, 4

# An assignment ("a=") ranks lowest and is a prefix, so it takes everything to its right.
_RANK: Final = {
    **dict.fromkeys(["||"], 1),
    **dict.fromkeys(["&&"], 2),
    **dict.fromkeys(["==", "!=", "<", ">", "<=", ">="], 3),
    **dict.fromkeys(["+", "-"], 4),
    **dict.fromkeys(["*", "/", "%"], 5),
    **dict.fromkeys(["neg", "pos", "not"], 6),
}
_PREFIX: Final = {"-": "neg", "+": "pos", "!": "not", "(": "("}


def evaluate(text: str, registers: dict[str, int]) -> int:
    """The value of ``text``.

    Ranks from high to low: unary ``- + !``, ``* / %``, ``+ -``, comparisons, ``&&``, ``||``, and
    ``=``, each level from left to right. Both sides of ``&&`` and ``||`` are always evaluated.
    ``/`` and ``%`` cut towards zero, as in C.

    Args:
        text: numbers, operators, parentheses and the registers a..z, in either case.
        registers: their values by small letter, 0 where missing. Assignments change it.

    Raises:
        Fault: E_SYNTAX for a character that no expression has, E_EXPR for everything else.
    """
    values: list[int] = []
    pending: list[str] = []
    wants_value = True
    for match in _LEXEME.finditer(text):
        kind, lexeme = match.lastindex, match[0]
        if kind == _OPERATOR and wants_value:
            if lexeme not in _PREFIX:
                raise Fault("E_EXPR", f"a value is missing before {quoted(lexeme)}", lexeme)
            pending.append(_PREFIX[lexeme])
        elif kind == _OPERATOR:
            if lexeme in "(!":
                raise _no_operator(lexeme)
            rank = _RANK.get(lexeme, 0)
            while pending and _RANK.get(pending[-1], 0) >= (rank or 1):
                _apply(pending.pop(), values, registers)
            if lexeme == ")":
                _close(pending, values, registers)
            else:
                pending.append(lexeme)
                wants_value = True
        elif kind is None:
            continue
        elif kind > _OPERATOR:
            raise _unreadable(lexeme)
        elif not wants_value:
            raise _no_operator(lexeme)
        elif kind == _ASSIGNMENT:
            pending.append(match[_REGISTER].lower() + "=")
        else:
            wants_value = False
            values.append(registers.get(lexeme.lower(), 0) if kind == _REGISTER else number(lexeme))
    if wants_value:
        raise Fault("E_EXPR", "the expression ends where a value should stand", text[-1:])
    while pending:
        _apply(pending.pop(), values, registers)
    return values[0]


def number(digits: str) -> int:
    """The value of a decimal number.

    Raises:
        Fault: E_EXPR, it exceeds `LARGEST`.
    """
    if len(digits) > 18:
        digits = digits.lstrip("0") or "0"
        if len(digits) > 19:
            raise _overflow(digits)
    return _bounded(int(digits))


def _close(pending: list[str], values: list[int], registers: dict[str, int]) -> None:
    while pending and pending[-1] != "(":
        _apply(pending.pop(), values, registers)
    if not pending:
        raise Fault("E_EXPR", "')' closes nothing", ")")
    pending.pop()


def _apply(operator: str, values: list[int], registers: dict[str, int]) -> None:
    right = values.pop()
    if operator == "(":
        raise Fault("E_EXPR", "'(' is never closed", "(")
    if operator == "neg":
        values.append(_bounded(-right))
    elif operator == "not":
        values.append(int(not right))
    elif operator == "pos":
        values.append(right)
    elif operator[0].isalpha():
        registers[operator[0]] = right
        values.append(right)
    else:
        values.append(_bounded(_binary(values.pop(), operator, right)))


def _binary(left: int, operator: str, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" | "%":
            return _divide(left, operator, right)
        case "==":
            return int(left == right)
        case "!=":
            return int(left != right)
        case "<":
            return int(left < right)
        case ">":
            return int(left > right)
        case "<=":
            return int(left <= right)
        case ">=":
            return int(left >= right)
        case "&&":
            return int(bool(left) and bool(right))
        case _:
            return int(bool(left) or bool(right))


def _divide(left: int, operator: str, right: int) -> int:
    if right == 0:
        raise Fault("E_EXPR", "division by zero", operator)
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return quotient if operator == "/" else left - quotient * right


def _bounded(value: int) -> int:
    if not -LARGEST - 1 <= value <= LARGEST:
        raise _overflow(str(value))
    return value


def _overflow(value: str) -> Fault:
    return Fault("E_EXPR", f"{quoted(value)} does not fit in 63 bits", value, f"at most {LARGEST}")


def _no_operator(lexeme: str) -> Fault:
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
