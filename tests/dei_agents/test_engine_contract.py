"""What every engine must do, wherever its nodes run. A new one is one more entry in `ENGINES`."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from dei_agents.config import RunConfig
from dei_agents.engine import Engine
from dei_agents.engine.local import LocalEngine, block_name
from dei_agents.ensemble import Ensemble
from dei_agents.replay import replay
from dei_agents.run_folder import write_json
from eval.record import EventReader, NodeDied, NodeView
from tests.dei_agents.test_search import finals, opponents, small

CALLS = 100
"""A round: it takes longer than the ensemble needs to see that the one before has ended."""

Open = Callable[[RunConfig, Path], AbstractContextManager[Engine]]


def local(config: RunConfig, folder: Path) -> AbstractContextManager[Engine]:
    return LocalEngine(config, folder, opponents(config))


def on_ray(config: RunConfig, folder: Path) -> AbstractContextManager[Engine]:
    from dei_agents.engine.ray import RayEngine

    return RayEngine(config, folder, opponents(config))


ENGINES = {"local": local, "ray": on_ray}


@pytest.fixture(scope="module", params=["local", pytest.param("ray", marks=pytest.mark.full)])
def open_engine(request: pytest.FixtureRequest) -> Open:
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
    return ENGINES[request.param]


def search(
    open_engine: Open,
    config: RunConfig,
    folder: Path,
    on_update: Callable[[Ensemble], None] = lambda _ensemble: None,
) -> list[NodeView]:
    folder.mkdir(exist_ok=True)
    write_json(folder / "config.json", config)
    ensemble = Ensemble(config, folder)
    try:
        with open_engine(config, folder) as engine:
            ensemble.run(engine, lambda _views: on_update(ensemble))
            assert not engine.running
    finally:
        assert not Path("/dev/shm", block_name(folder)).exists()
    return ensemble.views


def pids(folder: Path, node: int) -> list[int]:
    """Of every process that was started for a node, by its log."""
    log = folder / "logs" / f"node-{node}.log"
    lines = log.read_text().splitlines() if log.exists() else []
    started = [m for m in (json.loads(x)["message"] for x in lines) if m.startswith("started: ")]
    return [int(message.split()[2].rstrip(",")) for message in started]


def deaths(folder: Path) -> list[int]:
    events = EventReader(folder / "events" / "ensemble.jsonl").read()
    return [event.node for event in events if isinstance(event, NodeDied)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[NodeView]:
    """What a lockstep search comes to, on any engine."""
    return search(local, small("lockstep", rounds=5, calls=CALLS), tmp_path_factory.mktemp("run"))


def test_a_search_in_lockstep_is_the_same_on_every_engine(
    open_engine: Open, tmp_path: Path, undisturbed: list[NodeView]
) -> None:
    views = search(open_engine, small("lockstep", rounds=5, calls=CALLS), tmp_path)
    assert [finals(view) for view in views] == [finals(view) for view in undisturbed]
    assert [view.state for view in views] == ["finished"] * 3


def test_a_search_that_waits_for_nobody_hears_of_its_peers(
    open_engine: Open, tmp_path: Path
) -> None:
    views = search(open_engine, small(rounds=8, calls=25), tmp_path)
    for view in views:
        assert (view.state, view.calls, view.lost) == ("finished", 200, 0)
    assert sum(len(view.received) for view in views) > 0


def test_a_node_is_killed_twice_and_goes_on_from_its_record(
    open_engine: Open, tmp_path: Path, undisturbed: list[NodeView]
) -> None:
    config = small("lockstep", restarts=2, rounds=5, calls=CALLS)
    killed: list[int] = []

    def kill(ensemble: Ensemble) -> None:
        """As soon as it is there, and once it has published."""
        due = len(killed) == 0 or (len(killed) == 1 and ensemble.views[1].published)
        for pid in set(pids(tmp_path, 1)) - set(killed) if due else ():
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    views = search(open_engine, config, tmp_path, kill)
    assert deaths(tmp_path) == [1, 1]
    assert [finals(view) for view in views] == [finals(view) for view in undisturbed]
    kept = [(view.state, view.calls, view.lost) for view in views]
    assert kept == [("finished", 5 * CALLS, 0)] * 3
    replay(config, tmp_path, opponents(config), 2)


def test_a_node_that_dies_too_often_is_given_up(open_engine: Open, tmp_path: Path) -> None:
    killed: set[int] = set()

    def kill(_ensemble: Ensemble) -> None:
        for pid in set(pids(tmp_path, 1)) - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    config = small("lockstep", restarts=1, rounds=5, calls=CALLS)
    views = search(open_engine, config, tmp_path, kill)
    assert [view.state for view in views] == ["finished", "dead", "finished"]
    assert deaths(tmp_path) == [1, 1]


def test_a_budget_of_the_whole_run_holds_to_the_call(open_engine: Open, tmp_path: Path) -> None:
    config = small(calls=50).model_dump() | {"budget": {"calls": 40}}
    views = search(open_engine, RunConfig.model_validate(config), tmp_path)
    assert sum(view.calls for view in views) == 40
    assert {view.state for view in views} == {"spent"}


def test_what_was_stopped_leaves_no_process_and_goes_on_from_its_record(
    open_engine: Open, tmp_path: Path, undisturbed: list[NodeView]
) -> None:
    class EnoughError(Exception):
        pass

    def stop(ensemble: Ensemble) -> None:
        if ensemble.views[0].rounds >= 2:
            raise EnoughError

    config = small("lockstep", rounds=5, calls=CALLS)
    with pytest.raises(EnoughError):
        search(open_engine, config, tmp_path, stop)
    for node in range(3):
        for pid in pids(tmp_path, node):
            assert gone(pid), f"node {node}"
    views = search(open_engine, config, tmp_path)
    assert [finals(view) for view in views] == [finals(view) for view in undisturbed]


def gone(pid: int, seconds: float = 30) -> bool:
    patience = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and not zombie(pid):
        if time.monotonic() > patience:
            return False
        time.sleep(0.05)
    return True


def zombie(pid: int) -> bool:
    """Has it ended, though its parent has not asked for its exit code yet?"""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def test_a_node_that_fails_says_why_in_its_log(open_engine: Open, tmp_path: Path) -> None:
    """A record that this program did not write ends the node that reads it."""
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "node-1.jsonl").write_text(
        '{"event": "node_started", "node": 1, "operator": "somebody else"}\n'
    )
    views = search(open_engine, small("lockstep"), tmp_path)
    assert [view.state for view in views] == ["finished", "dead", "finished"]
    assert "made by another version" in (tmp_path / "logs" / "node-1.log").read_text()
