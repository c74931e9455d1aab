"""The grammar of Redcode: a small reader of GBNF draws sentences from it, and all assemble."""

import random
import re
from collections.abc import Callable, Iterator

import pytest

from coreenv.config import RULESETS, CoreConfig
from coreenv.redcode import Opcode, assemble
from coreenv.redcode.grammar import MODES_88, PSPACE
from coreenv.redcode.instruction import MODE_SYMBOLS
from dei_agents.answers import best_source
from dei_agents.prompts import grammar

Draw = Callable[[random.Random], str]
TOKEN = re.compile(
    r'"(?P<literal>(?:\\.|[^"\\])*)"|\[(?P<one_of>[^\]]+)\]|(?P<name>[a-z][a-z-]*)'
    r"|\{(?P<low>\d+),(?P<high>\d+)\}|(?P<sign>[()|?])|(?P<space>\s+)"
)


def rules_of(text: str) -> dict[str, str]:
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    return dict(line.split(" ::= ", 1) for line in lines)


def sampler(text: str) -> Draw:
    rules: dict[str, Draw] = {}
    for name, body in rules_of(text).items():
        tokens = list(TOKEN.finditer(body))
        assert "".join(token[0] for token in tokens) == body
        stream = iter([token for token in tokens if not token["space"]])
        rules[name] = alternatives(stream, rules)
        assert next(stream, None) is None
    return rules["root"]


def alternatives(tokens: Iterator[re.Match[str]], rules: dict[str, Draw]) -> Draw:
    """Reads up to the closing parenthesis or the end."""
    options: list[list[Draw]] = [[]]
    for token in tokens:
        sequence = options[-1]
        if token["sign"] == ")":
            break
        if token["sign"] == "|":
            options.append([])
        elif token["sign"] == "(":
            sequence.append(alternatives(tokens, rules))
        elif token["sign"] == "?":
            sequence.append(repeated(sequence.pop(), 0, 1))
        elif token["low"]:
            sequence.append(repeated(sequence.pop(), int(token["low"]), int(token["high"])))
        else:
            sequence.append(terminal(token, rules))
    return lambda rng: "".join(draw(rng) for draw in rng.choice(options))


def repeated(draw: Draw, low: int, high: int) -> Draw:
    return lambda rng: "".join(draw(rng) for _ in range(rng.randint(low, high)))


def terminal(token: re.Match[str], rules: dict[str, Draw]) -> Draw:
    name, literal, one_of = token["name"], token["literal"], token["one_of"]
    if name:
        return lambda rng: rules[name](rng)
    if literal is not None:
        return lambda _: literal.replace("\\n", "\n")
    if re.fullmatch("[0-9]-[0-9]", one_of):
        return lambda rng: str(rng.randint(int(one_of[0]), int(one_of[2])))
    return lambda rng: rng.choice(one_of)


@pytest.mark.parametrize("ruleset", RULESETS)
def test_every_sentence_of_the_grammar_assembles(ruleset: str) -> None:
    config, rng = RULESETS[ruleset], random.Random(3)
    draw = sampler(grammar(config))
    sentences = [draw(rng) for _ in range(500)]
    warriors = [assemble(sentence, config) for sentence in sentences]
    lengths = {len(warrior) for warrior in warriors}
    assert (min(lengths), max(lengths)) == (1, config.max_length)
    assert len({warrior.start for warrior in warriors}) > 1
    used = {cell.opcode for warrior in warriors for cell in warrior.instructions}
    assert used == (set(MODES_88) if config.standard == "88" else set(Opcode) - PSPACE)
    modes = {cell.b_mode for warrior in warriors for cell in warrior.instructions}
    assert {mode.symbol for mode in modes} == set(
        "#$@<" if config.standard == "88" else MODE_SYMBOLS
    )
    for sentence in sentences[:20]:
        assert best_source(sentence, config) == sentence


def test_the_grammar_fits_the_rules_and_the_limits_of_llama_cpp() -> None:
    largest = CoreConfig("94", 65_536, 1, 1, 65_536, 65_536)
    assert grammar() == grammar(RULESETS["nop94"])
    assert grammar(RULESETS["nop94"]) == grammar(RULESETS["draft94"])
    for config in (*RULESETS.values(), largest):
        rules = rules_of(grammar(config))
        assert all(re.fullmatch("[a-z-]+", name) for name in rules)
        highest = [int(high) for high in re.findall(r",(\d+)}", rules["root"])]
        assert max(highest) == min(config.max_length, 1000) < 2000
        assert int("9" * (1 + int(re.findall(r"\{0,(\d)}", rules["number"])[0]))) >= (
            config.core_size // 2
        )
