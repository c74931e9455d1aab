"""The exchange on a Ray cluster: one mailbox actor, written and read by nodes on any machine.

The mailbox keeps the newest ``depth`` champions of every node, and nothing about readers: each end
knows itself up to which round it has read each peer. Killed, it is started anew by Ray, empty; its
epoch, drawn at every start, tells. An end that meets a new epoch offers what it published once
more. So a lost mailbox costs arrivals, never correctness: rounds of a node are consecutive, none
is delivered twice, and what never came is counted.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self
from uuid import uuid4

import ray
from ray.exceptions import GetTimeoutError, RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dei_agents.exchange import (
    LOCKSTEP_TIMEOUT,
    Parcel,
    Status,
    check_node,
    check_parcel,
    check_size,
    left_behind,
    missing,
)

MOMENT: Final = 1.0
"""Seconds that an end gives a mailbox to answer. One that is gone costs so much once a round."""

NAPS: Final = (0.01, 0.25)
"""Seconds between two looks of a node that waits in lockstep: at first, and after many in vain."""


@dataclass(frozen=True, slots=True)
class News:
    """What a mailbox has to say.

    Attributes:
        epoch: of the mailbox.
        parcels: by peer, oldest first.
        retired: which of the peers will publish no more.
    """

    epoch: str
    parcels: Mapping[int, list[Parcel]]
    retired: frozenset[int]


NO_NEWS: Final = News("", {}, frozenset())


@dataclass(slots=True)
class Traffic:
    """What went through a mailbox since it was started.

    Attributes:
        calls: of nodes and ensemble.
        received, sent: champions.
        received_bytes, sent_bytes: of those.
    """

    calls: int = 0
    received: int = 0
    received_bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0


class Mailbox:
    """The actor: its methods are called one after the other, those of one node in order."""

    def __init__(self, nodes: int, depth: int) -> None:
        self._epoch = uuid4().hex
        self._depth = depth
        self._rounds: list[dict[int, bytes]] = [{} for _ in range(nodes)]
        self._status = [Status.RUNNING] * nodes
        self._traffic = Traffic()

    def publish(self, node: int, round_: int, payload: bytes) -> None:
        self._traffic.calls += 1
        self._traffic.received += 1
        self._traffic.received_bytes += len(payload)
        kept = self._rounds[node]
        if round_ in kept or self._gone(node, round_):
            return
        kept[round_] = payload
        if len(kept) > self._depth:
            del kept[min(kept)]

    def read(self, after: Mapping[int, int]) -> News:
        """What some peers published after the round up to which each has been read."""
        self._traffic.calls += 1
        parcels = {
            peer: [Parcel(peer, r, p) for r, p in sorted(self._rounds[peer].items()) if r > seen]
            for peer, seen in after.items()
        }
        sent = [len(parcel.payload) for found in parcels.values() for parcel in found]
        self._traffic.sent += len(sent)
        self._traffic.sent_bytes += sum(sent)
        retired = frozenset(peer for peer in after if self._status[peer] != Status.RUNNING)
        return News(self._epoch, parcels, retired)

    def _gone(self, node: int, round_: int) -> bool:
        """Was it overwritten? In a mailbox started anew, older rounds may come after newer ones."""
        kept = self._rounds[node]
        return len(kept) == self._depth and round_ < min(kept)

    def mark(self, node: int, status: Status) -> None:
        self._traffic.calls += 1
        self._status[node] = status

    def state(self) -> tuple[str, list[Status]]:
        """Epoch, and the status of every node."""
        return self._epoch, list(self._status)

    def traffic(self) -> Traffic:
        return self._traffic


def on_this_machine() -> NodeAffinitySchedulingStrategy:
    """Keeps an actor here: Ray would put one that asks for nothing on any machine, and machines
    leave."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


class RayMailbox:
    """The ensemble's end; see `Hub`. A context manager, where Ray is connected already.

    Args:
        nodes: number of nodes, from 1.
        depth: champions of each node that are kept, from 2.
        slot_size: largest champion, in bytes.
        name: of the mailbox in the cluster.

    Raises:
        ValueError: a size is too small, or the name is taken.
    """

    def __init__(
        self, nodes: int, depth: int = 8, slot_size: int = 16 * 1024, name: str | None = None
    ) -> None:
        check_size(nodes, depth, slot_size)
        self._nodes, self._depth, self._slot_size = nodes, depth, slot_size
        self.name: Final = name or f"dei-mailbox-{uuid4().hex}"
        self._namespace = ray.get_runtime_context().namespace
        actor: Any = ray.remote(Mailbox).options(
            name=self.name, num_cpus=0, max_restarts=-1, scheduling_strategy=on_this_machine()
        )
        self._actor: Any = actor.remote(nodes, depth)
        self._marks: dict[int, Status] = {}
        self._epoch, _ = ray.get(self._actor.state.remote())
        self._asked: Any = None

    def recipe(self, node: int) -> Callable[[], "RayExchange"]:
        """What to call for a node's end, anywhere in the cluster; picklable."""
        check_node(node, self._nodes)
        place = self.name, self._namespace
        return partial(RayExchange, place, node, self._nodes, self._depth, self._slot_size)

    def status(self, node: int) -> Status:
        """What is known of ``node``."""
        check_node(node, self._nodes)
        _, statuses = ray.get(self._actor.state.remote())
        return Status(statuses[node])

    def mark(self, node: int, status: Status) -> None:
        """Record that ``node`` died, finished, or runs again; never waits."""
        check_node(node, self._nodes)
        self._marks[node] = status
        self._actor.mark.remote(node, status)

    def refresh(self) -> None:
        """Tell a mailbox that was started anew what it was told before; never waits."""
        if self._asked is None:
            self._asked = self._actor.state.remote()
        ready, _ = ray.wait([self._asked], timeout=0)
        if not ready:
            return
        asked, self._asked = self._asked, None
        try:
            epoch, _ = ray.get(asked)
        except RayActorError:
            return
        if epoch != self._epoch:
            self._epoch = epoch
            for node, status in self._marks.items():
                self._actor.mark.remote(node, status)

    def traffic(self) -> Traffic:
        """What went through the mailbox since it was last started."""
        found: Traffic = ray.get(self._actor.traffic.remote())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        ray.kill(self._actor)


class RayExchange:
    """One node's end; see `Exchange`. Use it as a context manager.

    Args:
        place: name and namespace of the mailbox.
        node: the node this end belongs to.
        nodes, depth, slot_size: as of the mailbox.

    Raises:
        ValueError: there is no such mailbox; its ensemble has ended.
    """

    def __init__(
        self, place: tuple[str, str], node: int, nodes: int, depth: int, slot_size: int
    ) -> None:
        self.node: Final = node
        self.lost = 0
        self._mailbox: Any = ray.get_actor(*place)
        self._nodes, self._depth, self._slot_size = nodes, depth, slot_size
        self._seen = {peer: 0 for peer in range(nodes) if peer != node}
        self._published: dict[int, bytes] = {}
        self._epoch = ""

    def publish(self, round_: int, payload: bytes) -> None:
        """Offer a champion to all peers, at once and without waiting; see `Exchange`."""
        check_parcel(round_, payload, self._slot_size)
        self._published[round_] = payload
        if len(self._published) > self._depth:
            del self._published[min(self._published)]
        self._mailbox.publish.remote(self.node, round_, payload)

    def collect(self, peers: Collection[int] | None = None) -> list[Parcel]:
        """Champions that arrived since they were last collected; see `Exchange`.

        A mailbox that does not answer within a `MOMENT` has brought nothing this time.
        """
        after = {peer: self._seen[peer] for peer in self._of(peers)}
        news = self._read(after)
        parcels = [parcel for peer in after for parcel in news.parcels.get(peer, ())]
        for parcel in parcels:
            self.lost += parcel.round - self._seen[parcel.node] - 1
            self._seen[parcel.node] = parcel.round
        return parcels

    def collect_round(
        self,
        round_: int,
        peers: Collection[int] | None = None,
        timeout: float = LOCKSTEP_TIMEOUT,
    ) -> list[Parcel]:
        """Lockstep: wait for the peers' champions of ``round_``; see `Exchange`."""
        deadline = time.monotonic() + timeout
        awaited = self._of(peers)
        found: dict[int, Parcel] = {}
        nap, longest = NAPS
        while True:
            # An answer given up is asked for once more: here it is worth waiting for.
            news = self._read(dict.fromkeys(awaited, round_ - 1), patience=10 * MOMENT)
            for peer in list(awaited):
                arrived = news.parcels.get(peer, [])
                if arrived and arrived[0].round == round_:
                    found[peer] = arrived[0]
                elif len(arrived) == self._depth:
                    raise left_behind(self.node, round_, arrived[0])
                if peer in found or peer in news.retired:
                    awaited.remove(peer)
            if not awaited:
                break
            if time.monotonic() >= deadline:
                raise missing(self.node, round_, awaited, timeout)
            time.sleep(nap)
            nap = min(2 * nap, longest)
        for peer in found:
            self._seen[peer] = round_
        return [found[peer] for peer in sorted(found)]

    def retired(self, node: int) -> bool:
        """True once ``node`` will publish no more: it finished, or the ensemble found it dead."""
        check_node(node, self._nodes)
        _, statuses = ray.get(self._mailbox.state.remote())
        return Status(statuses[node]) is not Status.RUNNING

    def finish(self) -> None:
        """Tell all peers that this node will publish no more."""
        told = self._mailbox.mark.remote(self.node, Status.FINISHED)
        # A process that ends takes with it what it has not sent yet.
        ray.wait([told], timeout=MOMENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """There is nothing to let go of."""

    def _of(self, peers: Collection[int] | None) -> list[int]:
        return [peer for peer in self._seen if peers is None or peer in peers]

    def _read(self, after: Mapping[int, int], patience: float = MOMENT) -> News:
        """What the mailbox says; nothing if it does not answer."""
        try:
            news: News = ray.get(self._mailbox.read.remote(after), timeout=patience)
        except (GetTimeoutError, RayActorError):
            return NO_NEWS
        if news.epoch != self._epoch:
            self._epoch = news.epoch
            for round_, payload in self._published.items():
                self._mailbox.publish.remote(self.node, round_, payload)
        return news
