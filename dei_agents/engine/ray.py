"""Nodes on a Ray cluster: every node an actor, champions through a mailbox, one run folder.

Two more actors make a run whole, both on the machine of the driver, which is the process that
started it. The `Mailbox` carries champions. The `Office` keeps the run folder: nodes on all
machines write their events there, and go on only once an event is on its disk. So a node whose
machine left goes on elsewhere, from its record, and nothing has to be gathered in the end. All
actors end with the driver; what it recorded can be resumed.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from coreenv.redcode import Warrior
from dei_agents.budget import Spending
from dei_agents.config import RunConfig
from dei_agents.engine import GRACE_SECONDS, slot_size
from dei_agents.exchange import Exchange, Status
from dei_agents.exchange.ray import RayMailbox, on_this_machine
from dei_agents.history import History
from dei_agents.logs import log_file, node_logging
from dei_agents.policy import HaltError
from dei_agents.signals import ended_in_order
from dei_agents.worker import Desk, open_book, open_desk, work
from eval.cluster import cluster
from eval.record import Event

KILLED: Final = -9
"""Exit code of an actor that is gone: Ray does not tell how its process ended."""

OFFICE_THREADS: Final = 16
"""Nodes that the office serves at once; most of its time it waits for the disk."""


class Office:
    """The actor that keeps the run folder, for nodes on all machines.

    Every start of a node gets a term of its own: what an earlier term still had under way when its
    process died is turned away.

    Args:
        config: the search.
        folder: its run folder, on the machine where this actor runs.
    """

    def __init__(self, config: RunConfig, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._terms: dict[int, int] = {}
        self._desks: dict[int, tuple[Desk, ExitStack]] = {}
        self._stopping = False

    def open(self, node: int) -> tuple[int, History]:
        """Begin a node's next term; returns it, and the node's past."""
        if node in self._desks:
            self._desks.pop(node)[1].close()
        with ExitStack() as stack:
            desk = stack.enter_context(open_desk(node, self._config, self._folder))
            self._desks[node] = desk, stack.pop_all()
        self._terms[node] = self._terms.get(node, 0) + 1
        return self._terms[node], desk.history

    def write(self, node: int, term: int, event: Event) -> None:
        self._desk(node, term).write(event)

    def reserve(self, node: int, term: int, charge: Spending) -> HaltError | SystemExit | None:
        """See `Purse`; an error is returned, for Ray would change its type."""
        if self._stopping:
            return SystemExit("the ensemble was told to stop")
        try:
            self._desk(node, term).account.reserve(charge)
        except HaltError as halt:
            return halt
        return None

    def settle(self, node: int, term: int, reserved: Spending, actual: Spending) -> None:
        self._desk(node, term).account.settle(reserved, actual)

    def log(self, node: int, line: str) -> None:
        """Append to a node's log."""
        with log_file(self._folder, node).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def stop(self) -> None:
        """No node begins another call from now on."""
        self._stopping = True

    def answer(self) -> None:
        """Whoever waits for this learns that the office is there, or that it died."""

    def _desk(self, node: int, term: int) -> Desk:
        if term != self._terms[node]:
            raise RuntimeError(f"node {node} was started again: its term {term} is over")
        return self._desks[node][0]


class NodeActor:
    """The actor that is a node, for one term."""

    def work(
        self,
        node: int,
        config: RunConfig,
        initial: tuple[Warrior, ...],
        recipe: Callable[[], AbstractContextManager[Exchange]],
        office: Any,
        run: str,
    ) -> None:
        """The node's whole life."""
        with node_logging(_OfficeLog(office, node), run, node):
            term, history = ray.get(office.open.remote(node))
            purse = _OfficePurse(office, node, term)
            desk = Desk(history, partial(_write, office, node, term), purse)
            with recipe() as exchange, cluster() as play:
                work(node, config, initial, exchange, desk, play=play)


class _OfficePurse:
    """A node's budget, kept by the office; a `Purse`."""

    def __init__(self, office: Any, node: int, term: int) -> None:
        self._office, self._of = office, (node, term)

    def reserve(self, charge: Spending) -> None:
        """See `Purse`."""
        halt: HaltError | SystemExit | None = ray.get(
            self._office.reserve.remote(*self._of, charge)
        )
        if halt is not None:
            raise halt

    def settle(self, reserved: Spending, actual: Spending) -> None:
        """See `Purse`."""
        ray.get(self._office.settle.remote(*self._of, reserved, actual))


def _write(office: Any, node: int, term: int, event: Event) -> None:
    ray.get(office.write.remote(node, term, event))


class _OfficeLog(logging.Handler):
    """Sends a node's log to the run folder."""

    def __init__(self, office: Any, node: int) -> None:
        super().__init__()
        self._office, self._node = office, node

    def emit(self, record: logging.LogRecord) -> None:
        sent = self._office.log.remote(self._node, self.format(record))
        if record.levelno >= logging.WARNING:  # Its process may end at any moment.
            ray.wait([sent], timeout=1.0)


class RayEngine:
    """Runs every node as an actor of a cluster; see `Engine`.

    Nodes are spread over the machines. They ask for no CPU: how many there are is a matter of the
    search, not of the cluster, and most wait for a model most of the time. What `cores` of a node
    asks for is taken by the tasks that play its battles.

    Args:
        config: the search.
        folder: its run folder, on this machine.
        initial: opponents of every round.
        address: of the cluster, see `cluster`; None starts one on this machine.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        initial: tuple[Warrior, ...],
        address: str | None = None,
    ) -> None:
        self._config, self._folder = config, folder.resolve()
        self._initial, self._address = initial, address
        self._actors: dict[int, Any] = {}
        self._lives: dict[Any, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "RayEngine":
        """
        Raises:
            ConfigError: money was spent at an unknown price, and is capped now.
            ConnectionError: no cluster answers at the address.
        """
        (self._folder / "logs").mkdir(exist_ok=True)
        open_book(self._folder, self._config)
        with ExitStack() as stack:
            stack.enter_context(cluster(self._address))
            stack.enter_context(ended_in_order())
            self._mailbox = stack.enter_context(
                RayMailbox(
                    len(self._config.nodes),
                    depth=self._config.search.rounds + 1,
                    slot_size=slot_size(self._config),
                    name=f"dei-mailbox-{self._folder.name}-{uuid4().hex[:8]}",
                )
            )
            office: Any = ray.remote(Office).options(
                num_cpus=0, max_concurrency=OFFICE_THREADS, scheduling_strategy=on_this_machine()
            )
            self._office: Any = office.remote(self._config, self._folder)
            stack.callback(ray.kill, self._office)
            self._asked = self._office.answer.remote()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._stop()
        finally:
            self._stack.close()

    def start(self, nodes: Iterable[int]) -> None:
        # Ray spreads only what asks for something: a byte. What was put on a machine that had just
        # left is put elsewhere only if it may restart; work under way is never begun again by Ray.
        actor: Any = ray.remote(NodeActor).options(
            num_cpus=0, memory=1, scheduling_strategy="SPREAD", max_restarts=1
        )
        for node in nodes:
            self._actors[node] = actor.remote()
            recipe = self._mailbox.recipe(node)
            life = self._actors[node].work.remote(
                node, self._config, self._initial, recipe, self._office, self._folder.name
            )
            self._lives[life] = node

    @property
    def running(self) -> bool:
        return bool(self._lives)

    def poll(self) -> dict[int, int]:
        """
        Raises:
            RuntimeError: the office died, without which no node can go on.
        """
        self._mailbox.refresh()
        self._check_office()
        over, _ = ray.wait(list(self._lives), num_returns=len(self._lives), timeout=0)
        ended = {}
        for life in over:
            node = self._lives.pop(life)
            ended[node] = self._exit_code(life, node)
            ray.kill(self._actors.pop(node))
        return ended

    def _check_office(self) -> None:
        """It is not started anew: what it had written when it died is for a resumed run to read."""
        answered, _ = ray.wait([self._asked], timeout=0)
        if not answered:
            return
        try:
            ray.get(self._asked)
        except RayActorError as error:
            raise RuntimeError(
                f"the office, the process that keeps {self._folder}, died: "
                f"{str(error).splitlines()[-1]}; go on with: dei resume {self._folder}"
            ) from None
        self._asked = self._office.answer.remote()

    def _exit_code(self, life: Any, node: int) -> int:
        try:
            ray.get(life)
        except RayActorError:
            return KILLED
        except RayTaskError:
            return 1  # It is in the node's log.
        self._mailbox.mark(node, Status.FINISHED)
        return 0

    def abandon(self, node: int) -> None:
        self._mailbox.mark(node, Status.DEAD)

    def _stop(self) -> None:
        """Let calls under way come to their end, as far as that takes no longer than the grace."""
        if not self._lives:
            return
        try:
            ray.get(self._office.stop.remote(), timeout=GRACE_SECONDS)
            lives = list(self._lives)
            ray.wait(lives, num_returns=len(lives), timeout=GRACE_SECONDS)
        except RayError:
            pass  # The office is gone, or the whole cluster.
        for actor in self._actors.values():
            ray.kill(actor)
