"""The default engine: one process a node, champions through shared memory."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from hashlib import sha256
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from coreenv.redcode import Warrior
from dei_agents.config import RunConfig
from dei_agents.engine import GRACE_SECONDS, slot_size
from dei_agents.exchange import Exchange, Status
from dei_agents.exchange.shared_memory import SharedMemoryBlock
from dei_agents.logs import file_handler, log_file, node_logging
from dei_agents.signals import held, leave
from dei_agents.worker import open_book, open_desk, work


class LocalEngine:
    """Runs every node in a process of its own on this machine.

    Args:
        config: the search.
        folder: its run folder; nodes write their events there.
        initial: opponents of every round.
    """

    def __init__(self, config: RunConfig, folder: Path, initial: tuple[Warrior, ...]) -> None:
        self._config, self._folder, self._initial = config, folder, initial
        self._processes: dict[int, SpawnProcess] = {}
        self._exchange = ExitStack()

    def __enter__(self) -> "LocalEngine":
        """
        Raises:
            ConfigError: money was spent at an unknown price, and is capped now.
        """
        (self._folder / "logs").mkdir(exist_ok=True)
        open_book(self._folder, self._config)
        # All rounds of a node fit, so that no peer misses one, however far it lags behind.
        block = SharedMemoryBlock(
            len(self._config.nodes),
            depth=self._config.search.rounds + 1,
            slot_size=slot_size(self._config),
            name=block_name(self._folder),
        )
        self._block = self._exchange.enter_context(block)
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._stop()
        finally:
            self._exchange.close()

    def start(self, nodes: Iterable[int]) -> None:
        # Spawned, not forked: a node inherits no threads and no locks in an unknown state.
        spawn = multiprocessing.get_context("spawn")
        for node in nodes:
            recipe = self._block.recipe(node)
            arguments = (node, self._config, self._folder, self._initial, recipe)
            process = spawn.Process(target=run_node, args=arguments, name=f"dei-node-{node}")
            with held(signal.SIGINT):  # Else Ctrl-C meets a node before it can ignore it.
                process.start()
                self._processes[node] = process

    @property
    def running(self) -> bool:
        return bool(self._processes)

    @property
    def pids(self) -> dict[int, int]:
        """Process ids of the nodes at work."""
        return {node: p.pid for node, p in self._processes.items() if p.pid is not None}

    def poll(self) -> dict[int, int]:
        ended = {n: p.exitcode for n, p in self._processes.items() if p.exitcode is not None}
        for node in ended:
            del self._processes[node]
        return ended

    def abandon(self, node: int) -> None:
        self._block.mark(node, Status.DEAD)

    def _stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.join(GRACE_SECONDS)
            if process.exitcode is None:
                process.kill()
                process.join()
        self._processes.clear()


def block_name(folder: Path) -> str:
    """What the shared memory of a run is called: so a resumed run finds what a kill left behind."""
    return f"dei-{sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}"


def run_node(
    node: int,
    config: RunConfig,
    folder: Path,
    initial: tuple[Warrior, ...],
    recipe: Callable[[], AbstractContextManager[Exchange]],
) -> None:
    """A node's whole life, in its own process."""
    # Ctrl-C reaches the whole terminal group: the ensemble decides, and ends nodes by SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Told to end, it begins nothing new, and waits for calls under way while the engine does.
    signal.signal(signal.SIGTERM, leave)
    _print_to(log_file(folder, node))
    try:
        with node_logging(file_handler(folder, node), folder.resolve().name, node):
            _end_with_parent()
            with open_desk(node, config, folder) as desk, recipe() as exchange:
                work(node, config, initial, exchange, desk)
    except Exception:
        sys.exit(1)  # It is in the log; multiprocessing would print it there once more.


def _print_to(path: Path) -> None:
    """Send everything this process prints, tracebacks too, to a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _end_with_parent() -> None:
    """End this process when the ensemble's ends, even by SIGKILL."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a node runs in a process started by the ensemble"

    def watch() -> None:
        wait([parent.sentinel])
        logging.getLogger(__name__).warning("ends, for the ensemble is gone")
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
