"""A node that is slow, or says nothing at all, holds no other up. Figures: tests/benchmarks."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from dei_agents.config import RunConfig
from dei_agents.ensemble import Ensemble
from tests.dei_agents.fake_protocols import Reply
from tests.dei_agents.fake_servers import FakeProvider, Hang, by_model
from tests.dei_agents.model_search import CHAT, configuration, model
from tests.dei_agents.test_engine_contract import ENGINES, Open, pids, search


@pytest.fixture(params=["local", "ray"])
def open_engine(request: pytest.FixtureRequest) -> Open:
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
    return ENGINES[request.param]


@pytest.fixture
def provider(open_engine: Open) -> Iterator[FakeProvider]:  # noqa: ARG001
    """In the network of the engine's nodes."""
    with FakeProvider(by_model({"fast": lambda _ask: Reply(), "mute": lambda _ask: Hang()})) as it:
        yield it


@pytest.mark.full
def test_the_others_finish_while_one_still_waits_for_its_first_answer(
    open_engine: Open, provider: FakeProvider, tmp_path: Path
) -> None:
    names = ("fast", "fast", "fast", "mute")
    nodes = [model(provider.url, name, CHAT, key_env=None, deadline=60) for name in names]
    config = configuration(nodes, rounds=3, calls=4) | {"restarts": 0}
    asked: list[int] = []

    def kill(ensemble: Ensemble) -> None:
        """The one that waits, so that the search ends, as soon as the others finished."""
        mute = sum(ask.model == "mute" for ask in provider.log)
        if mute and not asked and all(view.state == "finished" for view in ensemble.views[:3]):
            asked.append(mute)
            for pid in pids(tmp_path, 3):
                os.kill(pid, signal.SIGKILL)

    views = search(open_engine, RunConfig.model_validate(config), tmp_path, kill)
    assert asked == [1], "it waits for the answer to its first request"
    assert [(view.state, view.calls, view.rounds) for view in views] == [
        *[("finished", 12, 3)] * 3,
        ("dead", 0, 0),
    ]
