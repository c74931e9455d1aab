"""Where nodes run: the `Engine` protocol."""

from typing import Protocol


class Engine(Protocol):
    """Runs the nodes of a search and notices when one dies.

    A context manager: on leaving, however it is left, no process and no shared memory remain.
    """

    def start(self) -> None:
        """Start every node."""
        ...

    def poll(self) -> dict[int, int]:
        """Exit codes of the nodes that ended since the last call; never waits.

        A node that ended without finishing is marked as dead in the exchange first.
        """
        ...

    @property
    def running(self) -> bool:
        """Is any node still at work?"""
        ...
