"""The short ways through `Symbols` against the long ones: both must give the same answers."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.config import RULESETS
from coreenv.redcode.expression import evaluate
from coreenv.redcode.faults import Fault, Stop
from coreenv.redcode.symbols import NEWLINE, Symbols

NAMES = ["step", "gap", "far"]
TOKENS = st.lists(st.sampled_from([*NAMES, *NAMES, "1", "23", ".", "+", "i", "x&i"]), max_size=6)
TEXTS = st.fixed_dictionaries(dict.fromkeys(NAMES, TOKENS))
INDICES = st.sampled_from([{}, {}, {"i": "7"}])
LEXEMES = [*"07+-*/%()<>=!&|a# é", "12", "here", "9" * 20]


def with_texts(texts: dict[str, list[str]]) -> Symbols:
    symbols = Symbols(RULESETS["nop94"], 1, 1)
    for name, text in texts.items():
        symbols.define_text(name, text)
    return symbols


def expansion(symbols: Symbols, tokens: list[str], indices: dict[str, str]) -> object:
    try:
        return symbols.expand(tokens, indices)
    except Fault as fault:
        return type(fault), fault.reason, fault.message, fault.culprit, fault.hint


@settings(max_examples=1000)
@given(TEXTS, TOKENS, INDICES)
def test_settled_texts_expand_the_same(
    texts: dict[str, list[str]], tokens: list[str], indices: dict[str, str]
) -> None:
    plain, settled = with_texts(texts), with_texts(texts)
    settled.settle()
    assert expansion(settled, tokens, indices) == expansion(plain, tokens, indices)


@pytest.mark.parametrize(
    ("texts", "tokens"),
    [
        ({"far": [], "step": ["1"] * 90, "gap": ["far", "step", "far"]}, ["gap", "+", "far"]),
        ({"step": ["1"] * 90, "gap": ["step"] * 5, "far": ["gap"] * 9}, ["far"]),
        ({"gap": ["step"] * 9, "step": ["1"] * 90}, ["gap"]),
        ({"gap": ["1", NEWLINE, "2"], "step": ["gap"]}, ["step"]),
    ],
)
def test_settled_texts_count_the_same(texts: dict[str, list[str]], tokens: list[str]) -> None:
    """The total over a source is used up by the same line."""

    def lines_before_the_limit(symbols: Symbols) -> int:
        for lines in count():
            try:
                symbols.expand(tokens, {})
            except Stop:
                return lines
        raise AssertionError

    plain, settled = with_texts(texts), with_texts(texts)
    settled.settle()
    assert expansion(settled, tokens, {}) == expansion(plain, tokens, {})
    assert lines_before_the_limit(settled) == lines_before_the_limit(plain)


@given(st.lists(st.sampled_from(LEXEMES), max_size=9), st.integers(-3, 3))
def test_value_of_tokens_is_that_of_their_text(tokens: list[str], address: int) -> None:
    """However tokens are read one by one, the text they make together decides."""
    symbols = Symbols(RULESETS["nop94"], 1, 1)
    symbols.define_label("here", 0)
    registers: dict[str, int] = {}
    try:
        expected: object = evaluate(symbols.numerals(tokens, 0, address), registers)
    except Fault as fault:
        expected = fault.message
    try:
        value: object = symbols.value(tokens, 0, address)
    except Fault as fault:
        value = fault.message
    assert (value, symbols.registers) == (expected, registers)
