"""Where nodes run: the `Engine` protocol."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from coreenv.redcode import Warrior
from dei_agents.config import ConfigError, RunConfig
from eval.cluster import check_answers, library

GRACE_SECONDS: Final = 5.0
"""How long a node that is told to stop may take before it is killed: what is answered meanwhile is
kept."""


def slot_size(config: RunConfig) -> int:
    """Bytes for the largest champion: its listing, its strategy, and the figures beside them."""
    return 8192 + 64 * config.core.config.max_length


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


OpenEngine = Callable[[RunConfig, Path, tuple[Warrior, ...]], AbstractContextManager[Engine]]
"""Called with a search, its run folder and the opponents of every round."""


def engine(name: str, address: str | None = None) -> OpenEngine:
    """Where nodes are to run: ``local`` or ``ray``.

    Args:
        name: of the engine.
        address: of a Ray cluster; None starts one on this machine.

    Raises:
        ConfigError: Ray is missing, no cluster answers, or an address is given for another engine.
    """
    if name == "local":
        if address is not None:
            raise ConfigError("--address is of a Ray cluster; give --engine ray too")
        from dei_agents.engine.local import LocalEngine

        return LocalEngine
    try:
        library()
        check_answers(address or "local")
    except ImportError as error:
        raise ConfigError(f"--engine ray: {error}") from None
    except ConnectionError as error:
        raise ConfigError(f"--address: {error}") from None
    from dei_agents.engine.ray import RayEngine

    return partial(RayEngine, address=address)
