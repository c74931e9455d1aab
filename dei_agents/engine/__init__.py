"""Where nodes run: the `Engine` protocol."""

from collections.abc import Iterable
from typing import Protocol


class Engine(Protocol):
    """Runs the nodes of a search and notices when one dies.

    A context manager: on leaving, however it is left, no process and no shared memory remain.
    """

    def start(self, nodes: Iterable[int]) -> None:
        """Start nodes, each from where its record ends; none of them may be at work."""
        ...

    def poll(self) -> dict[int, int]:
        """Exit codes of the nodes that ended since the last call; never waits."""
        ...

    def abandon(self, node: int) -> None:
        """Say to its peers that a node that ended will not come back."""
        ...

    @property
    def running(self) -> bool:
        """Is any node still at work?"""
        ...
