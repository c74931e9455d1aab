"""Whole searches on a Ray cluster of several machines, each of them a raylet on this one."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dei_agents.config import RunConfig
from dei_agents.engine.local import LocalEngine
from dei_agents.ensemble import Ensemble
from dei_agents.replay import replay
from dei_agents.run_folder import write_json
from eval.record import EventReader, NodeDied, NodeView
from tests.dei_agents.test_engine_contract import pids
from tests.dei_agents.test_search import finals, opponents, small
from tests.loopback import loopback

TITLES = (b"ray::Mailbox", b"ray::dei-mailbox")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Its first machine has the driver and the office; `grow` adds more."""
    from ray.cluster_utils import Cluster

    with loopback():
        cluster: Any = Cluster(initialize_head=True, head_node_args={"include_dashboard": False})
        try:
            yield cluster
        finally:
            cluster.shutdown()


def grow(cluster: Any, machines: int) -> list[Any]:
    while len(cluster.list_all_nodes()) < machines:
        cluster.add_node()
    cluster.wait_for_nodes()
    found: list[Any] = cluster.list_all_nodes()
    return found


def search(
    cluster: Any,
    config: RunConfig,
    folder: Path,
    on_update: Callable[[Ensemble], None] = lambda _ensemble: None,
) -> tuple[list[NodeView], Any]:
    """A search to its end: its nodes, and its mailbox's traffic."""
    from dei_agents.engine.ray import RayEngine

    folder.mkdir(exist_ok=True)
    write_json(folder / "config.json", config)
    ensemble = Ensemble(config, folder)
    with RayEngine(config, folder, opponents(config), cluster.address) as engine:
        ensemble.run(engine, lambda _views: on_update(ensemble))
        return ensemble.views, engine._mailbox.traffic()


def undisturbed(config: RunConfig, folder: Path) -> list[NodeView]:
    """What a search in lockstep comes to where nothing breaks."""
    folder.mkdir()
    ensemble = Ensemble(config, folder)
    with LocalEngine(config, folder, opponents(config)) as engine:
        ensemble.run(engine, lambda _views: None)
    return ensemble.views


def processes(machine: Any) -> list[int]:
    """Those that a machine's raylet started."""
    raylet = machine.all_processes["raylet"][0].process.pid
    return list(map(int, Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()))


def nodes_on(machine: Any, folder: Path, nodes: int) -> set[int]:
    """Whose process is there, by their logs."""
    there = set(processes(machine))
    return {node for node in range(nodes) if there.intersection(pids(folder, node))}


def title(pid: int) -> bytes:
    """Ray names its processes; one that has just ended has no name."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def mailbox(cluster: Any) -> int:
    """The mailbox's process; its title is its name or what it is doing."""
    (pid,) = (
        pid
        for machine in cluster.list_all_nodes()
        for pid in processes(machine)
        if title(pid).startswith(TITLES)
    )
    return pid


def dead(folder: Path) -> list[int]:
    events = EventReader(folder / "events" / "ensemble.jsonl").read()
    return sorted(event.node for event in events if isinstance(event, NodeDied))


@pytest.mark.parametrize(
    ("nodes", "machines"),
    [
        pytest.param(12, 3, marks=pytest.mark.full),
        pytest.param(64, 4, marks=pytest.mark.soak),
    ],
)
def test_champions_reach_everybody_and_the_mailbox_stays_small(
    cluster: Any, tmp_path: Path, nodes: int, machines: int
) -> None:
    there = grow(cluster, machines)
    shape = {"rounds": 2, "calls": 4, "n_init": 2, "placements": 2, "last_k": 4}
    config = RunConfig.model_validate(
        small("lockstep", nodes=nodes, **shape).model_dump()
        | {"core": {"ruleset": "nop94", "max_cycles": 500}}
    )
    homes: dict[int, int] = {}

    def look(_ensemble: Ensemble) -> None:
        for index, machine in enumerate(there):
            homes.update(dict.fromkeys(nodes_on(machine, tmp_path, nodes), index))

    began = time.monotonic()
    views, traffic = search(cluster, config, tmp_path, look)
    seconds = time.monotonic() - began
    for view in views:
        assert (view.state, view.calls, view.lost) == ("finished", 8, 0)
        heard = [(received.node, received.round) for received in view.received]
        assert heard == [(peer, 1) for peer in range(nodes) if peer != view.node]
    assert set(homes) == set(range(nodes))
    assert max(map(list(homes.values()).count, range(machines))) <= nodes / machines + 2
    stays_small(traffic, views, seconds)


def stays_small(traffic: Any, views: list[NodeView], seconds: float) -> None:
    """Is what went through a mailbox, in two rounds and so many seconds, what it had to be?

    A node's end tells what it had published once more when it first meets the mailbox, which in
    lockstep is after the first round. It asks again and again for what is missing, at most every
    quarter of a second in the end.
    """
    sizes = [
        [len(published.elite.model_dump_json().encode()) for published in view.published]
        for view in views
    ]
    nodes, first = len(views), sum(size[0] for size in sizes)
    every = sum(map(sum, sizes))
    assert 2 * nodes <= traffic.received <= 3 * nodes
    assert every <= traffic.received_bytes <= every + first
    peers = nodes - 1
    assert nodes * peers <= traffic.sent <= 2 * nodes * peers
    assert first * peers <= traffic.sent_bytes <= every * peers
    looks, told = 10 + 4 * seconds, 2
    assert traffic.calls - traffic.received <= nodes * (looks + told)


@pytest.mark.full
def test_the_nodes_of_a_machine_that_left_go_on_elsewhere(cluster: Any, tmp_path: Path) -> None:
    there = grow(cluster, 3)
    config = small("lockstep", nodes=6, restarts=2, rounds=5, calls=20)
    whole = undisturbed(config, tmp_path / "whole")
    folder = tmp_path / "run"
    left: list[set[int]] = []

    def leave(ensemble: Ensemble) -> None:
        on_it = nodes_on(there[2], folder, 6) if not left else set()
        if on_it and all(ensemble.views[node].published for node in on_it):
            left.append(on_it)
            cluster.remove_node(there[2], allow_graceful=False)

    views, _ = search(cluster, config, folder, leave)
    (gone,) = left
    assert dead(folder) == sorted(gone)
    assert [(view.state, view.calls, view.lost) for view in views] == [("finished", 100, 0)] * 6
    assert [finals(view) for view in views] == [finals(view) for view in whole]
    replay(config, folder, opponents(config), 2)


@pytest.mark.full
@pytest.mark.parametrize("mode", ["lockstep", "async"])
def test_a_search_goes_on_when_its_mailbox_is_killed(
    cluster: Any, tmp_path: Path, mode: str
) -> None:
    there = grow(cluster, 3)
    config = small(mode, rounds=6, calls=20)
    folder = tmp_path / "run"
    killed: list[int] = []

    def kill(ensemble: Ensemble) -> None:
        if not killed and len(ensemble.views[1].published) == 2:
            killed.append(mailbox(cluster))
            assert killed[0] in processes(there[0]), "it is on the driver's machine"
            os.kill(killed[0], signal.SIGKILL)

    views, _ = search(cluster, config, folder, kill)
    assert len(killed) == 1
    assert dead(folder) == []
    assert [(view.state, view.calls) for view in views] == [("finished", 120)] * 3
    for view in views:
        heard = [(received.node, received.round) for received in view.received]
        assert len(set(heard)) == len(heard), "no champion arrives twice"
    if mode == "lockstep":
        whole = undisturbed(config, tmp_path / "whole")
        assert [finals(view) for view in views] == [finals(view) for view in whole]
    replay(config, folder, opponents(config), 2)
