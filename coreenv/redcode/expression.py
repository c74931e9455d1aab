"""Integer expressions, evaluated with two explicit stacks: nesting never deepens Python's own."""

import re
from collections.abc import Callable
from typing import Final

from coreenv.redcode.faults import Fault, quoted

LARGEST: Final = 2**63 - 1
"""Values lie in -LARGEST-1 .. LARGEST, as in a signed 64-bit C integer."""

DIVISION_BY_ZERO: Final = "division by zero"

_LEXEME = re.compile(
    r"(\d+)|([A-Za-z])(=(?!=))?|(&&|\|\||[=!<>]=|[-+*/%<>()!])|\s+|(.)", re.ASCII | re.DOTALL
)

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


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_UNARY: Final[dict[str, Callable[[int], int]]] = {
    "neg": lambda right: -right,
    "pos": lambda right: right,
    "not": lambda right: int(not right),
}
_BINARY: Final[dict[str, Callable[[int, int], int]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
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
    values: list[int] = []
    pending: list[str] = []
    wants_value = True
    for digits, register, assigns, operator, other in _LEXEME.findall(text):
        if operator:
            if wants_value:
                pending.append(_prefix(operator))
                continue
            _open(operator, pending, values, registers, overflows)
            wants_value = operator != ")"
        elif other:
            raise _unreadable(other)
        elif digits or register:
            if not wants_value:
                raise _no_operator(digits or register)
            if assigns:
                pending.append(register.lower() + "=")
                continue
            values.append(number(digits) if digits else registers.get(register.lower(), 0))
            wants_value = False
    if wants_value:
        raise Fault("E_EXPR", "the expression ends where a value should stand", text[-1:])
    while pending:
        _apply(pending.pop(), values, registers, overflows)
    return values[0]


def _prefix(operator: str) -> str:
    if operator not in _PREFIX:
        raise Fault("E_EXPR", f"a value is missing before {quoted(operator)}", operator)
    return _PREFIX[operator]


def unreadable(text: str) -> str:
    """The first character of ``text`` that no expression has, if there is one. A single ``=`` is
    only misplaced."""
    others = (other for *_, other in _LEXEME.findall(text))
    return next((other for other in others if other not in ("", "=")), "")


def _open(
    operator: str,
    pending: list[str],
    values: list[int],
    registers: dict[str, int],
    overflows: list[str] | None,
) -> None:
    """Apply what binds at least as tight as ``operator``, then let it wait for its right side."""
    if operator == ")":
        _close(pending, values, registers, overflows)
        return
    rank = _RANK.get(operator)
    if rank is None:
        raise _no_operator(operator)
    while pending and _RANK.get(pending[-1], 0) >= rank:
        _apply(pending.pop(), values, registers, overflows)
    pending.append(operator)


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


def _close(
    pending: list[str],
    values: list[int],
    registers: dict[str, int],
    overflows: list[str] | None,
) -> None:
    while pending and pending[-1] != "(":
        _apply(pending.pop(), values, registers, overflows)
    if not pending:
        raise Fault("E_EXPR", "')' closes nothing", ")")
    pending.pop()


def _apply(
    operator: str, values: list[int], registers: dict[str, int], overflows: list[str] | None
) -> None:
    right = values.pop()
    if right == 0 and operator in ("/", "%"):
        raise Fault("E_EXPR", DIVISION_BY_ZERO, operator)
    if binary := _BINARY.get(operator):
        value = binary(values.pop(), right)
    elif unary := _UNARY.get(operator):
        value = unary(right)
    elif operator == "(":
        raise Fault("E_EXPR", "'(' is never closed", "(")
    else:
        value = registers[operator[0]] = right
    if not -LARGEST - 1 <= value <= LARGEST:
        if overflows is None:
            raise _overflow(str(value))
        overflows.append(str(value))
        value = (value + LARGEST + 1) % (2 * LARGEST + 2) - LARGEST - 1
    values.append(value)


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
