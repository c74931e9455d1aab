"""Whom a node listens to, and that a search keeps to it."""

from collections import Counter
from pathlib import Path

import pytest

from dei_agents.config import RunConfig
from dei_agents.topology import peers
from tests.dei_agents.test_search import search, small


def wired(topology: str, nodes: int = 5, **exchange: object) -> RunConfig:
    config = small(nodes=nodes).model_dump()
    config["exchange"] = {"mode": "lockstep", "topology": topology} | exchange
    return RunConfig.model_validate(config)


def test_everybody_is_heard_unless_told_otherwise() -> None:
    assert small().exchange.topology == "all"
    assert peers(small(nodes=4), 2, 1) == (0, 1, 3)


def test_in_a_ring_the_node_before_is_heard() -> None:
    config = wired("ring", nodes=3)
    assert [peers(config, node, 7) for node in range(3)] == [(2,), (0,), (1,)]


@pytest.mark.parametrize("topology", ["all", "ring", "gossip"])
def test_a_node_alone_hears_nobody(topology: str) -> None:
    assert peers(wired(topology, nodes=1), 0, 1) == ()


def test_gossip_hears_so_many_others_and_in_the_end_everybody_alike() -> None:
    config = wired("gossip", nodes=6, fanout=2)
    heard = Counter[int]()
    for round_ in range(1, 501):
        drawn = peers(config, 3, round_)
        assert len(drawn) == 2
        heard.update(drawn)
    assert set(heard) == {0, 1, 2, 4, 5}
    assert all(150 < times < 250 for times in heard.values()), "each 200 times of 500"


def test_gossip_is_drawn_from_the_seed_and_the_node() -> None:
    config = wired("gossip", nodes=20)
    drawn = [peers(config, 0, round_) for round_ in range(1, 20)]
    assert drawn == [peers(config, 0, round_) for round_ in range(1, 20)]
    assert drawn != [peers(config, 1, round_) for round_ in range(1, 20)]
    other = config.model_copy(update={"seed": 6})
    assert drawn != [peers(other, 0, round_) for round_ in range(1, 20)]


def test_a_fanout_beyond_the_ensemble_hears_everybody() -> None:
    assert peers(wired("gossip", nodes=3, fanout=9), 0, 1) == (1, 2)


@pytest.mark.parametrize("topology", ["ring", "gossip"])
def test_a_search_in_lockstep_reads_exactly_those(tmp_path: Path, topology: str) -> None:
    config = wired(topology)
    for view in search(config, tmp_path / "run"):
        assert view.state == "finished"
        assert [(received.node, received.round) for received in view.received] == [
            (peer, round_ - 1) for round_ in (2, 3) for peer in peers(config, view.node, round_)
        ]


def test_a_search_that_waits_for_nobody_keeps_to_them_too(tmp_path: Path) -> None:
    config = wired("ring", nodes=3, mode="async")
    for view in search(config, tmp_path / "run"):
        assert {received.node for received in view.received} <= {(view.node - 1) % 3}
