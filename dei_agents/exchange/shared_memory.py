"""The default exchange: one block of shared memory for the whole ensemble, without locks.

The block, in native 8-byte words::

    header   magic, version, nodes, depth, slot size in bytes
    status   one word per node
    rings    one `Ring` per node, which only that node writes
"""

import sys
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from typing import Final, Self

from dei_agents.exchange import (
    LOCKSTEP_TIMEOUT,
    Parcel,
    Status,
    check_node,
    check_size,
    left_behind,
    missing,
)
from dei_agents.exchange.ring import Ring, ring_size
from dei_agents.signals import ended_in_order

MAGIC: Final = int.from_bytes(b"DEIRINGS", sys.byteorder)
VERSION: Final = 1
HEADER: Final = 5
NAP: Final = 0.002
"""Seconds between two looks of a node that waits in lockstep."""


class SharedMemoryBlock:
    """The ensemble's end: creates the block, marks nodes, and removes the block when done.

    A context manager, to be entered by the main thread: the block is removed on return, on an
    exception and on Ctrl-C; SIGTERM and SIGHUP, unless handled already, end the program by
    `SystemExit` meanwhile, so that it is removed then too. After SIGKILL, Python's resource
    tracker removes it once the last node has ended.

    Args:
        nodes: number of nodes, from 1.
        depth: champions of each node that are kept, from 2. A lockstep node publishes round r + 1
            after it has seen round r of all peers, who then have collected round r - 1: two rounds
            per ring are all that can be awaited, so lockstep never overwrites.
        slot_size: largest champion, in bytes.
        name: of the block; one of that name that was left behind is removed. None draws a name.

    Raises:
        ValueError: a value is too small; the message names it.
    """

    def __init__(
        self, nodes: int, depth: int = 8, slot_size: int = 16 * 1024, name: str | None = None
    ) -> None:
        check_size(nodes, depth, slot_size)
        self._nodes = nodes
        size = 8 * (HEADER + nodes) + nodes * ring_size(depth, slot_size)
        if name is not None:
            _remove(name)
        self._memory = SharedMemory(name, create=True, size=size)
        self._words = _bytes(self._memory).cast("Q")
        for i, word in enumerate((MAGIC, VERSION, nodes, depth, slot_size)):
            self._words[i] = word
        self._signals = ExitStack()

    @property
    def name(self) -> str:
        """What the operating system calls the block."""
        return self._memory.name

    def recipe(self, node: int) -> Callable[[], "SharedMemoryExchange"]:
        """What to call in the node's own process for its end; picklable."""
        _status_word(node, self._nodes)
        return partial(SharedMemoryExchange, self.name, node)

    def status(self, node: int) -> Status:
        """What is known of ``node``."""
        return Status(self._words[_status_word(node, self._nodes)])

    def mark(self, node: int, status: Status) -> None:
        """Record that ``node`` died, or that it runs again. Only when no process acts for it."""
        self._words[_status_word(node, self._nodes)] = status

    def __enter__(self) -> Self:
        self._signals.enter_context(ended_in_order())
        return self

    def __exit__(self, *exc: object) -> None:
        self._memory.unlink()
        self._words.release()
        self._memory.close()
        self._signals.close()


class SharedMemoryExchange:
    """One node's end; see `Exchange`. Use it as a context manager, in the node's own process.

    Args:
        name: of a block that exists.
        node: the node this end belongs to. At any time, one end at most may act for a node.

    Raises:
        FileNotFoundError: there is no such block; its ensemble has ended.
        ValueError: the block is not an exchange of this version, or has no such node.
    """

    def __init__(self, name: str, node: int) -> None:
        self.node: Final = node
        self._memory = _attach(name)
        self._words = _bytes(self._memory).cast("Q")
        self._rings: list[Ring] = []
        try:
            self._nodes, depth, slot_size = _read_header(name, self._words)
            _status_word(node, self._nodes)
        except ValueError:
            self.close()
            raise
        size = ring_size(depth, slot_size)
        for peer in range(self._nodes):
            start = 8 * (HEADER + self._nodes) + peer * size
            memory = _bytes(self._memory)[start : start + size]
            self._rings.append(Ring(peer, memory, depth, slot_size))
        self._peers = [ring for ring in self._rings if ring.node != node]

    @property
    def lost(self) -> int:
        """Champions of peers that were overwritten before this end collected them."""
        return sum(ring.lost for ring in self._peers)

    def publish(self, round_: int, payload: bytes) -> None:
        """Offer a champion to all peers, at once and without waiting; see `Exchange`.

        Raises:
            ValueError: the payload is larger than a slot, or the round is below 1.
        """
        own = self._rings[self.node]
        if not 1 <= round_ <= own.last_round():
            own.write(round_, payload)

    def collect(self, peers: Collection[int] | None = None) -> list[Parcel]:
        """Champions that arrived since they were last collected; see `Exchange`."""
        return [parcel for ring in self._of(peers) for parcel in ring.arrived()]

    def collect_round(
        self,
        round_: int,
        peers: Collection[int] | None = None,
        timeout: float = LOCKSTEP_TIMEOUT,
    ) -> list[Parcel]:
        """Lockstep: wait for the peers' champions of ``round_``; see `Exchange`."""
        deadline = time.monotonic() + timeout
        found: dict[int, Parcel] = {}
        awaited = self._of(peers)
        while True:
            # Read before the rings: a node that retires has written its last champion already.
            retired = {ring.node for ring in awaited if self.retired(ring.node)}
            for ring in awaited:
                if parcel := self._seek(ring, round_):
                    found[ring.node] = parcel
            awaited = [r for r in awaited if r.node not in found and r.node not in retired]
            if not awaited:
                break
            if time.monotonic() >= deadline:
                raise missing(self.node, round_, [ring.node for ring in awaited], timeout)
            time.sleep(NAP)
        for peer in found:
            self._rings[peer].take()
        return [found[peer] for peer in sorted(found)]

    def retired(self, node: int) -> bool:
        """True once ``node`` will publish no more: it finished, or the ensemble found it dead."""
        return self._words[_status_word(node, self._nodes)] != Status.RUNNING

    def finish(self) -> None:
        """Tell all peers that this node will publish no more."""
        self._words[_status_word(self.node, self._nodes)] = Status.FINISHED

    def close(self) -> None:
        """Let go of the block; the end cannot be used afterwards."""
        for ring in self._rings:
            ring.release()
        self._words.release()
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _of(self, peers: Collection[int] | None) -> list[Ring]:
        return [ring for ring in self._peers if peers is None or ring.node in peers]

    def _seek(self, ring: Ring, round_: int) -> Parcel | None:
        """The champion of ``round_`` if it is there yet, left in place; drops older ones."""
        while (parcel := ring.peek()) and parcel.round < round_:
            ring.take()
        if parcel and parcel.round > round_:
            raise left_behind(self.node, round_, parcel)
        return parcel


def _status_word(node: int, nodes: int) -> int:
    check_node(node, nodes)
    return HEADER + node


def _read_header(name: str, words: memoryview) -> tuple[int, int, int]:
    """Nodes, depth and slot size."""
    magic, version, nodes, depth, slot_size = words[:HEADER]
    if magic != MAGIC:
        raise ValueError(f"shared memory {name!r} is not an exchange; give the name of a block")
    if version != VERSION:
        raise ValueError(
            f"exchange {name!r} has version {version}, this program knows {VERSION}; "
            "run the ensemble and its nodes from the same installation"
        )
    return nodes, depth, slot_size


def _bytes(memory: SharedMemory) -> memoryview:
    buffer = memory.buf
    assert buffer is not None, "only a closed block has no buffer"
    return buffer


def _attach(name: str) -> SharedMemory:
    """Open a block without telling the resource tracker, for only the owner may remove it.

    Before ``track=False`` came with Python 3.13, opening a block registered it. A process that
    Python's multiprocessing did not start has a tracker of its own, which would remove the block
    when that process ends. One that it did start shares the owner's tracker: to unregister there
    would cancel the owner's entry, and to register just after the owner has gone would leave an
    entry to complain about.
    """
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    register = resource_tracker.register
    resource_tracker.register = lambda *_: None
    try:
        return SharedMemory(name)
    finally:
        resource_tracker.register = register


def _remove(name: str) -> None:
    """Remove a block whose owner was killed together with Python's resource tracker."""
    try:
        memory = SharedMemory(name)
    except FileNotFoundError:
        return
    memory.unlink()
    memory.close()
