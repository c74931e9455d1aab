"""How champions travel between nodes: the `Exchange` and `Hub` protocols.

An exchange never makes anybody wait, unless a node asks for lockstep. A champion is opaque bytes
here; the node knows its schema.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

LOCKSTEP_TIMEOUT: Final = 6 * 3600.0
"""Seconds a node waits in lockstep unless told otherwise: 250 calls of a minute and a half."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A published champion as it arrives.

    Attributes:
        node: who published it.
        round: in which of that node's rounds, from 1.
        payload: what was published, byte for byte.
    """

    node: int
    round: int
    payload: bytes


class Status(IntEnum):
    """Whether a node will publish again; `FINISHED` and `DEAD` nodes are retired."""

    RUNNING = 0
    FINISHED = 1
    DEAD = 2


def check_parcel(round_: int, payload: bytes, slot_size: int) -> None:
    """What every exchange asks of a champion.

    Raises:
        ValueError: the payload is larger than a slot, or the round is below 1.
    """
    if len(payload) > slot_size:
        raise ValueError(
            f"the champion of round {round_} has {len(payload)} bytes; a slot holds "
            f"{slot_size}: create the exchange with a larger slot_size"
        )
    if round_ < 1:
        raise ValueError(f"round is {round_}; rounds count from 1")


def check_node(node: int, nodes: int) -> None:
    """
    Raises:
        ValueError: there is no such node.
    """
    if not 0 <= node < nodes:
        raise ValueError(f"node is {node}; it must lie in 0..{nodes - 1}")


def check_size(nodes: int, depth: int, slot_size: int) -> None:
    """
    Raises:
        ValueError: a size of the exchange is too small; the message names it.
    """
    for what, value, least in (
        ("nodes", nodes, 1),
        ("depth", depth, 2),
        ("slot_size", slot_size, 1),
    ):
        if value < least:
            raise ValueError(f"{what} is {value}; it must be at least {least}")


def missing(node: int, round_: int, peers: Collection[int], timeout: float) -> TimeoutError:
    """The error of a node that waited in vain."""
    return TimeoutError(
        f"node {node} waited {timeout:g} s for round {round_} of node "
        f"{', '.join(map(str, peers))}; mark a dead node to go on"
    )


def left_behind(node: int, round_: int, newer: Parcel) -> RuntimeError:
    """The error of a node for which a peer's round came too late."""
    return RuntimeError(
        f"node {node} needs round {round_} of node {newer.node}, which is in round "
        f"{newer.round} already: one of them was taken for dead and left behind"
    )


class Exchange(Protocol):
    """One node's end of the exchange."""

    @property
    def node(self) -> int:
        """The node this end belongs to."""
        ...

    @property
    def lost(self) -> int:
        """Champions of peers that were overwritten before this end collected them."""
        ...

    def publish(self, round_: int, payload: bytes) -> None:
        """Offer a champion to all peers, at once and without waiting.

        Rounds count from 1, one after the other. A node that was restarted tells its rounds over
        again: those that its peers have been offered already are not offered once more.

        Raises:
            ValueError: the payload is larger than a slot; the message names both sizes.
        """
        ...

    def collect(self, peers: Collection[int] | None = None) -> list[Parcel]:
        """The champions that arrived since they were last collected; never waits.

        Args:
            peers: whose; None takes everybody's. What others publish stays for later calls.

        Returns:
            Oldest first per peer.
        """
        ...

    def collect_round(
        self,
        round_: int,
        peers: Collection[int] | None = None,
        timeout: float = LOCKSTEP_TIMEOUT,
    ) -> list[Parcel]:
        """Lockstep: wait for the peers' champions of ``round_``, and return them by node.

        A peer that retired without publishing that round is left out. Champions of earlier rounds
        are dropped, those of later rounds stay for later calls.

        Args:
            round_: from 1, and never lower than at an earlier call. A node that is resumed may
                begin at any round.
            peers: whose; None waits for everybody's.
            timeout: seconds to wait; a safeguard, since dead nodes are marked.

        Raises:
            TimeoutError: time is up; the message names the peers that are missing. The call may be
                repeated.
            RuntimeError: a peer is past ``round_`` and its champion of that round is gone.
        """
        ...

    def retired(self, node: int) -> bool:
        """True once ``node`` will publish no more: it finished, or the ensemble found it dead."""
        ...

    def finish(self) -> None:
        """Tell all peers that this node will publish no more."""
        ...


class Hub(Protocol):
    """The ensemble's end of the exchange: it hands out the nodes' ends and says who is dead."""

    def recipe(self, node: int) -> Callable[[], AbstractContextManager[Exchange]]:
        """What to call in the node's own process for its end; picklable.

        An end knows no earlier end of the same node: it collects whatever is still there, and
        carries on publishing where the last one stopped, even in the middle of a write.

        Raises:
            ValueError: there is no such node.
        """
        ...

    def status(self, node: int) -> Status:
        """What is known of ``node``."""
        ...

    def mark(self, node: int, status: Status) -> None:
        """Record that ``node`` died, or that it runs again. Only when no process acts for it."""
        ...
