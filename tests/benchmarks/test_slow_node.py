"""A slow node delays no other: the rounds a minute of three nodes, beside a slow fourth and alone.

Takes some five minutes, and means something only where nothing else runs.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any, Final

import pytest

from dei_agents.config import RunConfig
from eval.record import NodeFinished, RoundStarted
from tests.dei_agents.fake_protocols import Reply
from tests.dei_agents.fake_servers import FakeProvider, by_model
from tests.dei_agents.model_search import CHAT, configuration, events, model
from tests.dei_agents.test_engine_contract import ENGINES, search
from tests.loopback import loopback

SECONDS: Final = {"quick": 0.2, "slow": 2.0}
"""What a call of each model takes."""

ROUNDS: Final = 15
CALLS: Final = 12
SLOW_CALLS: Final = 25
"""Calls of the slow node, so that it is at work for as long as the others."""

MOST: Final = 0.05
"""How much of their pace the three may lose."""


@contextmanager
def ray_of_two() -> Iterator[None]:
    ray = pytest.importorskip("ray")
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.WARNING,
    )
    try:
        yield
    finally:
        ray.shutdown()


def pace(engine: str, url: str, names: tuple[str, ...], folder: Path) -> float:
    """Rounds a minute of the first three nodes, after the first: processes start in that one."""
    nodes: list[dict[str, Any]] = [model(url, name, CHAT, key_env=None) for name in names]
    for node in nodes[3:]:
        node["budget"] = {"calls": SLOW_CALLS}
    config = configuration(nodes, rounds=ROUNDS, calls=CALLS)
    search(ENGINES[engine], RunConfig.model_validate(config), folder)
    return mean((ROUNDS - 1) / minutes(folder, node) for node in range(3))


def minutes(folder: Path, node: int) -> float:
    """From its second round to its end."""
    past = events(folder, node)
    began = next(e.at for e in past if isinstance(e, RoundStarted) and e.round == 2)
    ended = next(e.at for e in past if isinstance(e, NodeFinished))
    return (ended - began) / 60


def paces(engine: str, folder: Path) -> tuple[float, float]:
    """Beside the slow node, and without it."""
    models = {name: lambda _ask, s=seconds: Reply(delay=s) for name, seconds in SECONDS.items()}
    three = ("quick",) * 3
    with FakeProvider(by_model(models)) as provider:
        alone = pace(engine, provider.url, three, folder / "alone")
        beside = pace(engine, provider.url, (*three, "slow"), folder / "beside")
    return beside, alone


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_a_slow_node_delays_no_other(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if engine == "ray":
        with loopback(), ray_of_two():
            beside, alone = paces(engine, tmp_path)
    else:
        beside, alone = paces(engine, tmp_path)
    with capsys.disabled():
        print(f"\n{engine}: rounds a minute of three nodes, mean")
        print(f"beside a node ten times slower: {beside:.3f}, without it: {alone:.3f}")
    assert beside >= (1 - MOST) * alone
