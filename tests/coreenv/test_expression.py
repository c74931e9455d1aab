"""Expressions against a recursive evaluator that follows the grammar rule by rule."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.redcode.expression import LARGEST, evaluate
from coreenv.redcode.faults import Fault

RANKS = [["||"], ["&&"], ["==", "!=", "<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"]]


class Descent:
    """The value of a well-formed expression, by recursive descent with exact arithmetic."""

    def __init__(self, text: str) -> None:
        self.tokens = [*re.findall(r"\d+|[a-z]|&&|\|\||[=!<>]=|\S", text), ""]
        self.at = 0
        self.registers: dict[str, int] = {}

    def value(self, rank: int = 0) -> int:
        if rank == len(RANKS):
            return self.unary()
        left = self.value(rank + 1)
        while self.tokens[self.at] in RANKS[rank]:
            operator = self.take()
            right = self.value(rank + 1)
            left = self.binary(left, operator, right)
        return left

    def unary(self) -> int:
        token = self.take()
        if token == "(":
            inner = self.value()
            assert self.take() == ")"
            return inner
        if token in "-+!":
            operand = self.unary()
            return {"-": -operand, "+": operand, "!": int(operand == 0)}[token]
        if token.isdigit():
            return int(token)
        if self.tokens[self.at] == "=":
            self.at += 1
            self.registers[token] = self.value()
        return self.registers.get(token, 0)

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    @staticmethod
    def binary(left: int, operator: str, right: int) -> int:
        if operator in ("/", "%"):
            quotient = abs(left) // abs(right) * (-1 if left * right < 0 else 1)
            return quotient if operator == "/" else left - right * quotient
        if operator in ("&&", "||"):
            both = [left != 0, right != 0]
            return int(all(both) if operator == "&&" else any(both))
        signs = {"+": left + right, "-": left - right, "*": left * right}
        order = {"==": left == right, "!=": left != right, "<": left < right}
        order |= {">": left > right, "<=": left <= right, ">=": left >= right}
        return signs[operator] if operator in signs else int(order[operator])


OPERATORS = [operator for rank in RANKS for operator in rank]
terms = st.integers(0, 30).map(str) | st.sampled_from("abz") | st.just("9223372036854775807")


def longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(" ".join),
        st.tuples(st.sampled_from("-+!"), inner).map("".join),
        inner.map("({})".format),
        st.tuples(st.sampled_from("abz"), inner).map("({0[0]}={0[1]})".format),
    )


@given(st.recursive(terms, longer, max_leaves=25))
@settings(max_examples=500)
def test_it_agrees_with_the_grammar(text: str) -> None:
    reference, registers = Descent(text), dict[str, int]()
    try:
        expected = reference.value()
    except ZeroDivisionError:
        expected = None
    fault = None
    try:
        value = evaluate(text, registers)
    except Fault as raised:
        fault = raised
    if fault is None:
        assert value == expected
        assert registers == reference.registers
    else:
        assert fault.reason == "E_EXPR"
        assert expected is None or "63 bits" in fault.message


@pytest.mark.parametrize(
    "text",
    ["", "1+", "*2", "(1", "1)", "()", "1 2", "a b", "1(2)", "2!", "1=2", "(a)=1", "--", "a="],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(Fault) as fault:
        evaluate(text, {})
    assert fault.value.reason == "E_EXPR"


@pytest.mark.parametrize("text", ["1&1", "1|1", "2^3", "#1", "1.5", "1,2", "[1]", "1٢"])
def test_characters_that_no_expression_has(text: str) -> None:
    with pytest.raises(Fault) as fault:
        evaluate(text, {})
    assert fault.value.reason == "E_SYNTAX"


def test_the_range_is_that_of_64_bits() -> None:
    smallest = f"(-{LARGEST}-1)"
    assert evaluate(f"{smallest}", {}) == -(2**63)
    assert evaluate(f"{smallest} % -1", {}) == 0
    for text in (f"{smallest}/-1", f"-{smallest}", f"{LARGEST}+1", "9" * 200):
        with pytest.raises(Fault, match="63 bits"):
            evaluate(text, {})
    assert evaluate("0" * 5000 + "7", {}) == 7


def test_nesting_is_no_deeper_than_the_list_it_is_kept_in() -> None:
    assert evaluate("(" * 100_000 + "1" + ")" * 100_000, {}) == 1
    assert evaluate("-" * 100_001 + "1", {}) == -1
    assert evaluate("a=" * 100_000 + "3", {}) == 3
