"""A model without a service: docs/MODELS.md and the configurations are held to what they say."""

import random
import re
from pathlib import Path
from typing import get_args

import pytest

from dei_agents.config import NodeSettings, RunConfig, load_config
from dei_agents.prompts import grammar
from dei_agents.search import check
from eval.record import Called, Fault, Outcome
from tests.dei_agents.fake_protocols import CHAT, Reply
from tests.dei_agents.fake_servers import FakeProvider
from tests.dei_agents.model_search import dei, events, summary
from tests.dei_agents.test_grammar import sampler

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / "configs" / "local.toml"
PAGE = (ROOT / "docs" / "MODELS.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def load_block(folder: Path, block: str) -> RunConfig:
    path = folder / "block.toml"
    path.write_text(block, encoding="utf-8")
    return load_config(path)


def first_column(heading: str) -> list[str]:
    """The names in the first column of the page's table that ``heading`` begins."""
    table = PAGE[PAGE.index(f"| {heading} |") :].partition("\n\n")[0]
    columns = [row.split("|")[1] for row in table.split("\n")[2:]]
    return [name for column in columns for name in re.findall(r"`([^`]+)`", column)]


COMPARISONS = ("compare.toml", "topologies.toml")
SEARCHES = [p for p in sorted(ROOT.glob("configs/*.toml")) if p.name not in COMPARISONS]


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: path.name)
def test_every_ready_made_search_is_good_input(path: Path) -> None:
    check(load_config(path), keys=False)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_configuration_of_the_page_is_good_input(tmp_path: Path, block: str) -> None:
    check(load_block(tmp_path, block), keys=False)


def test_the_node_of_the_page_is_that_of_the_ready_made_search(tmp_path: Path) -> None:
    shown, local = load_block(tmp_path, BLOCKS[-1]), load_config(LOCAL)
    assert shown.nodes == local.nodes[:1]
    assert shown.prices == local.prices
    assert not any(node.is_model for node in local.nodes[1:])


def test_the_tables_of_the_page_are_complete() -> None:
    assert first_column("setting") == list(NodeSettings.model_fields)
    assert first_column("outcome") == list(get_args(Outcome))
    assert sorted(first_column("fault")) == sorted(get_args(Fault))


def test_a_model_that_is_held_to_the_grammar_is_never_rejected(tmp_path: Path) -> None:
    """Bare programs, without a fence or a word, as llama.cpp's server sends them."""
    config = load_config(LOCAL)
    rules = grammar(config.core.config)
    sentence = sampler(rules)

    def answer(prompt: str, _number: int) -> str:
        program = sentence(random.Random(prompt))
        assert len(program) < config.nodes[0].max_output_tokens, "a token is a byte at least"
        return program

    fast = ("--search.rounds", "2", "--search.calls", "15", "--core.max-cycles", "1000")
    run = tmp_path / "run"
    with FakeProvider(lambda _: Reply(), answer) as server:
        where = ("--nodes.0.base-url", f"{server.url}/v1")
        done = dei("run", LOCAL, "--out", run, *where, *fast, key=None)
        assert done.returncode == 0, done.stderr
    assert len(server.log) == 30
    for ask in server.log:
        assert ask.path == CHAT
        assert ask.body["grammar"] == rules
        assert ask.body["max_tokens"] == config.nodes[0].max_output_tokens
        assert ask.body["temperature"] == 1.0
    calls = [event for event in events(run, 0) if isinstance(event, Called)]
    assert [call.outcome for call in calls if call.rejections] == []
    assert {call.outcome for call in calls} <= {"placed", "beaten", "duplicate"}
    assert all(call.source.rstrip().rpartition("\n")[2].startswith("END") for call in calls)
    (spent,) = summary(run)["models"]
    assert (spent["calls"], spent["rejected"], spent["usd"]) == (30, 0, 0.0)
    heard = [node["received"] for node in summary(run)["nodes"]]
    assert heard == [3, 3, 3, 3], "in lockstep all have heard of all after the first round"
