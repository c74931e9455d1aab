"""Battles played on a Ray cluster, many to a task and one CPU a task.

Every machine of the cluster needs this package. A task whose worker dies is played again by Ray,
and gives the same.
"""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from signal import SIGTERM, getsignal, signal
from threading import current_thread, main_thread
from typing import Any, Final

from coreenv import ENGINE_VERSION, mars
from coreenv.battle import Battle, BattleResult, Engine, battle_batch
from coreenv.redcode import Warrior

TURNS: Final = 100_000_000
"""Most turns of a task, unless it is one battle: about a second's. Few battles take all theirs."""

NAMED: Final = ("auto", "local")
"""Addresses that are no machine's."""

PATIENCE: Final = 5.0
"""Seconds in which a machine has to answer."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Plays battles as tasks of the cluster that this process is connected to.

    It is a `coreenv.play.Play`, whose ``threads`` are tasks: at most so many are under way. Each
    needs a free CPU: an actor that plays its battles here must hold none.

    Args:
        cpus: of the whole cluster at the time of connecting, at least 1.
    """

    cpus: int

    def __call__(
        self,
        battles: Sequence[Battle],
        *,
        threads: int = 1,
        measures: bool = True,
        engine: Engine = "cython",
    ) -> list[BattleResult]:
        """
        Raises:
            ValueError: fewer than one thread, or an unknown engine.
            ImportError: a machine of the cluster lacks this package, or has another version.
            KeyboardInterrupt: no task is left to begin.
        """
        if threads < 1:
            raise ValueError(f"threads is {threads}; it must be at least 1")
        played = _played(list(_chunks(battles, threads)), threads, (measures, engine))
        counts = (counts for chunk in played for counts in chunk)
        return [BattleResult.of(b, count) for b, count in zip(battles, counts, strict=True)]


@contextmanager
def cluster(address: str | None = None, *, namespace: str = "corewar-dei") -> Iterator[Cluster]:
    """Connects this process to a cluster, and yields who plays battles there.

    A process that is connected already, as each of Ray's own is, stays as it is.

    Args:
        address: ``HOST:PORT`` of a cluster's head, ``"auto"`` for the cluster that this machine
            belongs to, None or ``"local"`` for one that is started here and ends with the block.
        namespace: of the actors that are started meanwhile.

    Raises:
        ConnectionError: no cluster answers at the address.
        ImportError: Ray is missing; the message says how to install it.
    """
    ray = library()
    connected = ray.is_initialized()
    if not connected:
        check_answers(address or "local")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else a start tells Ray's makers
        on_sigterm = getsignal(SIGTERM)
        try:
            ray.init(
                address=address or "local",
                namespace=namespace,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.WARNING,
            )
        except (ConnectionError, ray.exceptions.AuthenticationError) as error:
            raise ConnectionError(
                f"no Ray cluster lets us in at {address}: start one with `ray start --head`; where "
                "it asks for a token, set RAY_AUTH_MODE=token and copy its ~/.ray/auth_token"
            ) from error
        if current_thread() is main_thread():
            signal(SIGTERM, on_sigterm)  # Ray took it for itself.
    try:
        yield Cluster(max(1, int(ray.cluster_resources().get("CPU", 0))))
    finally:
        if not connected:
            ray.shutdown()


def library() -> Any:
    """The module `ray`, imported only once it is asked for.

    Raises:
        ImportError: it is missing; the message says how to install it.
    """
    try:
        import ray
    except ImportError as error:
        raise ImportError(
            f"Ray is missing ({error}): run `pip install 'corewar-dei[ray]'`"
        ) from error
    return ray


def check_answers(address: str) -> None:
    """Ray itself would try for minutes."""
    if address in NAMED:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) >= 2**16:
        raise ConnectionError(
            f"{address!r} is no address of a Ray cluster; it must be HOST:PORT, "
            f"{' or '.join(map(repr, NAMED))}"
        )
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        raise ConnectionError(
            f"no Ray cluster answers at {address} ({error.strerror or error}): "
            f"start one there with `ray start --head --port {port}`"
        ) from None


def _chunks(battles: Sequence[Battle], threads: int) -> Iterator[list[Battle]]:
    """The battles in their order, divided among tasks: as many as may be under way, or more."""
    chunk, turns = list[Battle](), 0
    for battle in battles:
        own = battle.placement.rounds * len(battle.warriors) * battle.config.max_cycles
        if chunk and (len(chunk) * threads >= len(battles) or turns + own > TURNS):
            yield chunk
            chunk, turns = [], 0
        chunk.append(battle)
        turns += own
    if chunk:
        yield chunk


Counted = list[mars.Rounds]


def _played(
    chunks: Sequence[Sequence[Battle]], threads: int, options: tuple[bool, Engine]
) -> list[Counted]:
    """What came of all chunks, in their order, whichever ended first."""
    ray = library()
    task = _task()
    played: list[Counted] = [[] for _ in chunks]
    todo, under_way = iter(enumerate(chunks)), dict[Any, int]()
    try:
        while True:
            for i, chunk in islice(todo, threads - len(under_way)):
                under_way[task.remote(_bare(chunk), *options, ENGINE_VERSION)] = i
            if not under_way:
                return played
            (ready, *_), _ = ray.wait(list(under_way))
            played[under_way.pop(ready)] = ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    finally:
        for begun in under_way:
            ray.cancel(begun)


@cache
def _task() -> Any:
    """The same for all battles of this process: the cluster keeps every one that is made."""
    return library().remote(num_cpus=1)(_play)


def _bare(battles: Sequence[Battle]) -> list[Battle]:
    """The same battles to be sent: equal programs once, without their texts."""
    programs: dict[tuple[Warrior, int], Warrior] = {}
    sent = []
    for battle in battles:
        warriors = []
        for each in battle.warriors:
            bare = Warrior(each.instructions, each.start, each.core_size, each.pin)
            warriors.append(programs.setdefault((each, each.core_size), bare))
        sent.append(replace(battle, warriors=tuple(warriors)))
    return sent


def _play(battles: Sequence[Battle], measures: bool, engine: Engine, version: int) -> Counted:
    """A task: of the results only what their battles do not tell."""
    if version != ENGINE_VERSION:
        raise ImportError(
            f"the cluster plays battles by engine {ENGINE_VERSION}, this machine by {version}: "
            "install the same corewar-dei on both"
        )
    results = battle_batch(battles, measures=measures, engine=engine)
    return [result.counts for result in results]
