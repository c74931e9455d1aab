"""How champions travel between nodes: the `Exchange` protocol.

An exchange never makes anybody wait. A champion is opaque bytes here; the node knows its schema.
"""

from dataclasses import dataclass
from typing import Protocol


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

        Raises:
            ValueError: the payload is larger than a slot; the message names both sizes.
        """
        ...

    def collect(self) -> list[Parcel]:
        """All champions that arrived since the last call, oldest first per peer; never waits."""
        ...

    def retired(self, node: int) -> bool:
        """True once ``node`` will publish no more: it finished, or the ensemble found it dead."""
        ...
