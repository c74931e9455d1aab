"""What every exchange must do, whatever carries it. A new one is one more entry in `CARRIERS`."""

import multiprocessing
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

import pytest

from dei_agents.exchange import Exchange, Hub, Parcel, Status
from dei_agents.exchange.shared_memory import SharedMemoryBlock

SLOT_SIZE = 1000
FULL = pytest.mark.full

DEPTH = 4
Recipe = Callable[[], AbstractContextManager[Exchange]]
Ends = list[Exchange]
Lives = list[list[list[Parcel]]]


class Carrier(Protocol):
    """An exchange, and processes such as its nodes live in."""

    def open(self, nodes: int, depth: int) -> AbstractContextManager[Hub]:
        """Slots hold `SLOT_SIZE` bytes."""
        ...

    def live(self, recipes: list[Recipe]) -> Lives:
        """Let every node `walk` at the same time."""
        ...


class SharedMemoryCarrier:
    def open(self, nodes: int, depth: int) -> SharedMemoryBlock:
        return SharedMemoryBlock(nodes, depth, SLOT_SIZE)

    def live(self, recipes: list[Recipe]) -> Lives:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(len(recipes), mp_context=spawn) as pool:
            return list(pool.map(walk, recipes))


class RayCarrier:
    def open(self, nodes: int, depth: int) -> AbstractContextManager[Hub]:
        from dei_agents.exchange.ray import RayMailbox

        return RayMailbox(nodes, depth, SLOT_SIZE)

    def live(self, recipes: list[Recipe]) -> Lives:
        import ray

        task = ray.remote(num_cpus=0)(walk)
        lives: Lives = ray.get([task.remote(recipe) for recipe in recipes])
        return lives


@pytest.fixture(scope="module", params=["shared_memory", pytest.param("ray", marks=[FULL])])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    if request.param == "shared_memory":
        return SharedMemoryCarrier()
    request.getfixturevalue("ray_cluster")
    return RayCarrier()


@pytest.fixture
def hub(carrier: Carrier) -> Iterator[Hub]:
    with carrier.open(3, DEPTH) as hub:
        yield hub


@pytest.fixture
def ends(hub: Hub) -> Iterator[Ends]:
    with ExitStack() as stack:
        yield [stack.enter_context(hub.recipe(node)()) for node in range(3)]


def test_every_peer_gets_what_was_published_byte_for_byte(ends: Ends) -> None:
    payloads = [b"", b"\0", bytes(range(256)), b"x" * SLOT_SIZE]
    for round_, payload in enumerate(payloads, start=1):
        ends[1].publish(round_, payload)
    expected = [Parcel(1, r, payload) for r, payload in enumerate(payloads, start=1)]
    assert ends[0].collect() == expected
    assert ends[2].collect() == expected
    assert ends[1].collect() == [], "a node does not receive its own champions"


def test_what_was_collected_does_not_come_again(ends: Ends) -> None:
    assert ends[0].collect() == []
    ends[1].publish(1, b"first")
    assert [p.payload for p in ends[0].collect()] == [b"first"]
    assert ends[0].collect() == []
    ends[1].publish(2, b"second")
    assert [p.payload for p in ends[0].collect()] == [b"second"]
    assert ends[0].lost == 0


def test_a_slow_reader_loses_the_oldest_and_counts_them(ends: Ends) -> None:
    for round_ in range(1, DEPTH + 4):
        ends[1].publish(round_, b"%d" % round_)
    ends[2].publish(1, b"of another node")
    assert [(p.node, p.round) for p in ends[0].collect()] == [
        *((1, round_) for round_ in range(4, DEPTH + 4)),
        (2, 1),
    ]
    assert [end.lost for end in ends] == [3, 0, 0], "counted by who reads, not by who waits"


def test_an_oversize_champion_is_refused_and_harms_nothing(ends: Ends) -> None:
    with pytest.raises(ValueError, match=rf"{SLOT_SIZE + 1}.* {SLOT_SIZE}\b"):
        ends[1].publish(1, b"x" * (SLOT_SIZE + 1))
    ends[1].publish(1, b"fits")
    assert ends[0].collect() == [Parcel(1, 1, b"fits")]


def test_rounds_count_from_one(ends: Ends) -> None:
    with pytest.raises(ValueError, match="round is 0"):
        ends[1].publish(0, b"")


def test_a_node_is_retired_when_it_finishes_or_dies_until_it_runs_again(
    hub: Hub, ends: Ends
) -> None:
    assert not any(ends[0].retired(node) for node in range(3))
    ends[1].finish()
    hub.mark(2, Status.DEAD)
    assert [ends[0].retired(node) for node in range(3)] == [False, True, True]
    assert [hub.status(node) for node in range(3)] == [
        Status.RUNNING,
        Status.FINISHED,
        Status.DEAD,
    ]
    hub.mark(2, Status.RUNNING)
    assert not ends[0].retired(2)


@pytest.mark.parametrize("node", [-1, 3])
def test_a_node_out_of_range_is_named(hub: Hub, ends: Ends, node: int) -> None:
    for call in (
        lambda: ends[0].retired(node),
        lambda: hub.recipe(node),
        lambda: hub.status(node),
        lambda: hub.mark(node, Status.DEAD),
    ):
        with pytest.raises(ValueError, match=rf"node is {node}; it must lie in 0\.\.2"):
            call()


def test_a_new_end_of_a_node_carries_on(hub: Hub, ends: Ends) -> None:
    ends[1].publish(1, b"before")
    assert len(ends[0].collect()) == 1
    with hub.recipe(1)() as again:
        again.publish(2, b"after")
    assert ends[0].collect() == [Parcel(1, 2, b"after")]
    assert ends[0].lost == 0


def test_a_node_that_starts_over_does_not_offer_its_rounds_again(hub: Hub, ends: Ends) -> None:
    for round_ in (1, 2):
        ends[1].publish(round_, b"%d" % round_)
    assert [p.round for p in ends[0].collect()] == [1, 2]
    with hub.recipe(1)() as again:
        for round_ in (1, 2, 3):
            again.publish(round_, b"%d" % round_)
    assert [p.round for p in ends[0].collect()] == [3]
    assert [p.round for p in ends[2].collect()] == [1, 2, 3]


def test_who_is_not_listened_to_can_be_heard_later(ends: Ends) -> None:
    ends[1].publish(1, b"b1")
    ends[2].publish(1, b"c1")
    assert ends[0].collect([2]) == [Parcel(2, 1, b"c1")]
    ends[1].publish(2, b"b2")
    assert ends[0].collect([]) == []
    assert ends[0].collect([1]) == [Parcel(1, 1, b"b1"), Parcel(1, 2, b"b2")]


def test_lockstep_waits_only_for_those_it_listens_to(ends: Ends) -> None:
    ends[2].publish(1, b"c1")
    assert ends[0].collect_round(1, [2], timeout=5) == [Parcel(2, 1, b"c1")]
    ends[1].publish(1, b"b1")
    ends[1].publish(2, b"b2")
    assert ends[0].collect_round(2, [1], timeout=5) == [Parcel(1, 2, b"b2")]


def test_a_late_end_collects_what_is_still_there(hub: Hub, ends: Ends) -> None:
    for round_ in range(1, DEPTH + 2):
        ends[1].publish(round_, b"%d" % round_)
    with hub.recipe(0)() as late:
        assert [p.round for p in late.collect()] == list(range(2, DEPTH + 2))
        assert late.lost == 1


def test_lockstep_returns_one_round_by_node_and_leaves_the_next(ends: Ends) -> None:
    ends[2].publish(1, b"c1")
    ends[1].publish(1, b"b1")
    ends[1].publish(2, b"b2")
    assert ends[0].collect_round(1, timeout=5) == [Parcel(1, 1, b"b1"), Parcel(2, 1, b"c1")]
    ends[2].publish(2, b"c2")
    assert ends[0].collect_round(2, timeout=5) == [Parcel(1, 2, b"b2"), Parcel(2, 2, b"c2")]
    assert ends[0].lost == 0


def test_lockstep_names_who_is_missing_and_can_be_repeated(ends: Ends) -> None:
    ends[1].publish(1, b"b1")
    with pytest.raises(TimeoutError, match=r"node 0 waited 0\.02 s for round 1 of node 2;"):
        ends[0].collect_round(1, timeout=0.02)
    ends[2].publish(1, b"c1")
    assert ends[0].collect_round(1, timeout=5) == [Parcel(1, 1, b"b1"), Parcel(2, 1, b"c1")]


def test_lockstep_takes_the_last_round_of_a_node_before_it_skips_it(hub: Hub, ends: Ends) -> None:
    ends[1].publish(1, b"b1")
    ends[2].publish(1, b"c1")
    ends[1].finish()
    hub.mark(2, Status.DEAD)
    assert [p.payload for p in ends[0].collect_round(1, timeout=5)] == [b"b1", b"c1"]
    assert ends[0].collect_round(2, timeout=5) == []


def test_lockstep_wakes_up_when_a_missing_node_is_marked_dead(hub: Hub, ends: Ends) -> None:
    ends[1].publish(1, b"b1")
    marking = threading.Timer(0.05, hub.mark, (2, Status.DEAD))
    marking.start()
    assert ends[0].collect_round(1, timeout=30) == [Parcel(1, 1, b"b1")]
    marking.join()


def test_lockstep_waits_without_spinning(ends: Ends) -> None:
    before = time.process_time()
    with pytest.raises(TimeoutError):
        ends[0].collect_round(1, timeout=0.5)
    assert time.process_time() - before < 0.25


def test_lockstep_drops_a_round_published_twice(hub: Hub, ends: Ends) -> None:
    hub.mark(2, Status.DEAD)
    ends[1].publish(1, b"b1")
    assert ends[0].collect_round(1, timeout=5) == [Parcel(1, 1, b"b1")]
    ends[1].publish(1, b"b1")
    ends[1].publish(2, b"b2")
    assert ends[0].collect_round(2, timeout=5) == [Parcel(1, 2, b"b2")]


def test_lockstep_refuses_to_go_on_without_a_round_that_is_gone(ends: Ends) -> None:
    for round_ in range(1, DEPTH + 2):
        ends[1].publish(round_, b"%d" % round_)
    with pytest.raises(RuntimeError, match="node 0 needs round 1 of node 1, which is in round 2"):
        ends[0].collect_round(1, timeout=5)


ROUNDS = 300


def walk(recipe: Recipe) -> list[list[Parcel]]:
    """A node's life in lockstep."""
    with recipe() as exchange:
        rounds = []
        for round_ in range(1, ROUNDS + 1):
            exchange.publish(round_, b"%d of %d" % (round_, exchange.node))
            rounds.append(exchange.collect_round(round_, timeout=60))
        assert exchange.lost == 0
        exchange.finish()
        return rounds


def test_lockstep_between_processes_is_exact_with_two_slots(carrier: Carrier) -> None:
    with carrier.open(3, 2) as hub:
        recipes = [hub.recipe(node) for node in range(3)]
        assert pickle.loads(pickle.dumps(recipes[0]))
        lives = carrier.live(recipes)
    for node, rounds in enumerate(lives):
        assert rounds == [
            [Parcel(k, r, b"%d of %d" % (r, k)) for k in range(3) if k != node]
            for r in range(1, ROUNDS + 1)
        ]
