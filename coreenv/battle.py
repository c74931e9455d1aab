"""Battles: warriors, rules and placements in, exact integer results out."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from threading import Lock
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from coreenv import mars, placement
from coreenv.config import CoreConfig
from coreenv.placement import Placement
from coreenv.redcode.instruction import Opcode
from coreenv.redcode.warrior import Warrior

try:
    from coreenv import _mars
except ImportError as error:
    raise ImportError(
        "coreenv._mars is not built: run `python setup.py build_ext --inplace` in a checkout, "
        f"or `pip install -e .` ({error})"
    ) from error

Stop = Literal["last_standing", "all_dead"]
"""When a round ends: pMARS's rule, or after max_cycles full cycles unless all are dead."""

Engine = Literal["cython", "reference"]
Scheme = Literal["pmars", "drq", "exact"]

_PSPACE_OPCODES = frozenset({Opcode.LDP, Opcode.STP})
_OPCODES_94 = frozenset(Opcode)
_OPCODES_88 = _OPCODES_94 - _PSPACE_OPCODES - {
    Opcode.MUL, Opcode.DIV, Opcode.MOD, Opcode.SNE, Opcode.NOP
}  # fmt: skip


@dataclass(frozen=True)
class Battle:
    """One battle, complete: playing it again gives the same result.

    Args:
        warriors: in seat order, 1 to 256.
        config: the rules; all warriors must have been assembled for its core size.
        placement: positions and beginners, for as many warriors.
        stop: ``"last_standing"``: two warriors fight until the first death, several until one is
            left or pMARS's count of cycles runs out, one until it dies. ``"all_dead"``: in every
            one of max_cycles cycles each living warrior takes one turn, in seat order from the
            round's beginner; a sole survivor still has to live.

    Raises:
        ValueError: a warrior does not suit the rules, or the placement does not suit the warriors;
            the message names it.
    """

    warriors: tuple[Warrior, ...]
    config: CoreConfig
    placement: Placement
    stop: Stop = "last_standing"

    def __post_init__(self) -> None:
        object.__setattr__(self, "warriors", tuple(self.warriors))
        if not 1 <= len(self.warriors) <= _mars.MAX_WARRIORS:
            raise ValueError(
                f"{len(self.warriors)} warriors; a battle takes 1..{_mars.MAX_WARRIORS}"
            )
        if self.stop not in ("last_standing", "all_dead"):
            raise ValueError(f"stop is {self.stop!r}; it must be 'last_standing' or 'all_dead'")
        for warrior in self.warriors:
            check_warrior(warrior, self.config)
        positions, count = self.placement.positions, self.placement.warriors
        if count != len(self.warriors):
            raise ValueError(f"the placement is for {count} warriors, not {len(self.warriors)}")
        if positions.size and not 0 <= positions.min() <= positions.max() < self.config.core_size:
            raise ValueError(f"a position lies outside 0..{self.config.core_size - 1}")


def check_warrior(warrior: Warrior, config: CoreConfig) -> None:
    """
    Raises:
        ValueError: ``warrior`` cannot fight under ``config``: wrong core size, too long, or an
            opcode that the rules do not know.
    """
    if warrior.core_size != config.core_size:
        raise ValueError(
            f"{warrior!r} was assembled for core_size {warrior.core_size}; "
            f"the battle's is {config.core_size}: assemble it again"
        )
    if len(warrior) > config.max_length:
        raise ValueError(f"{warrior!r} is longer than max_length {config.max_length}")
    allowed = _OPCODES_94 if config.standard == "94" else _OPCODES_88
    if config.pspace_size == 0:
        allowed -= _PSPACE_OPCODES
    strangers = {instruction.opcode for instruction in warrior.instructions} - allowed
    if strangers:
        names = ", ".join(sorted(opcode.name for opcode in strangers))
        raise ValueError(
            f"{warrior!r} uses {names}; standard {config.standard!r} with "
            f"pspace_size {config.pspace_size} has no such opcode"
        )


@dataclass(frozen=True, eq=False)
class BattleResult:
    """What happened in a `Battle`. All arrays are int64 and read-only.

    Played without measures, `spawned` and `coverage` have shape (0, warriors): nothing measured.

    Attributes:
        config, placement, stop: as in the battle.
        warrior_ids, pins: `Warrior.id` and `Warrior.pin` of the warriors, in seat order. With
            these programs the result can be replayed.
        death_turn: shape (rounds, warriors); the turn, counted from 1 over all warriors, in which
            the last process died; 0 if the warrior survived.
        death_cycle: likewise, counted in the warrior's own turns.
        spawned: shape (rounds, warriors); turns on which its queue grew (SPL with room).
        coverage: shape (rounds, warriors); distinct addresses ever appended to its queue. The
            address it was loaded with counts only if queued again, a process that a full queue
            refuses does not.
        turns: shape (rounds,); all turns of the round.
    """

    config: CoreConfig
    warrior_ids: tuple[str, ...]
    pins: tuple[int | None, ...]
    placement: Placement
    stop: Stop
    death_turn: NDArray[np.int64]
    death_cycle: NDArray[np.int64]
    spawned: NDArray[np.int64]
    coverage: NDArray[np.int64]
    turns: NDArray[np.int64]

    def __post_init__(self) -> None:
        for counts in self.counts:
            counts.flags.writeable = False

    @classmethod
    def of(cls, battle: Battle, counts: mars.Rounds) -> "BattleResult":
        """The result of a battle whose rounds were counted by a `Machine`."""
        return cls(
            battle.config,
            tuple([warrior.id for warrior in battle.warriors]),
            tuple([warrior.pin for warrior in battle.warriors]),
            battle.placement,
            battle.stop,
            *counts,
        )

    @property
    def counts(self) -> mars.Rounds:
        """The arrays, as a `Machine` returns them."""
        return self.death_turn, self.death_cycle, self.spawned, self.coverage, self.turns

    @property
    def alive(self) -> NDArray[np.bool_]:
        """bool, shape (rounds, warriors): who survived."""
        return np.equal(self.death_turn, 0)

    @property
    def points(self) -> NDArray[np.int64]:
        """int64, shape (rounds, warriors): pMARS's score, (W*W - 1) // S to each of S survivors
        of W warriors. In a duel 3 for a win, 1 for a tie."""
        warriors = len(self.warrior_ids)
        survivors = self.alive.sum(axis=1, keepdims=True)
        share: NDArray[np.int64] = (warriors * warriors - 1) // np.maximum(survivors, 1)
        return share * self.alive

    @property
    def wins(self) -> tuple[int, int]:
        """Rounds of a duel that one warrior alone survived, for each warrior."""
        self._expect_duel()
        alone = self.alive & ~self.alive[:, ::-1]
        return int(alone[:, 0].sum()), int(alone[:, 1].sum())

    @property
    def losses(self) -> tuple[int, int]:
        """Rounds of a duel that the other warrior alone survived, for each warrior."""
        return self.wins[::-1]

    @property
    def ties(self) -> int:
        """Rounds of a duel that both survived, or (``stop="all_dead"``) neither."""
        return len(self.turns) - sum(self.wins)

    def _expect_duel(self) -> None:
        if len(self.warrior_ids) != 2:
            raise ValueError(
                "wins, losses and ties are those of a duel; this battle has "
                f"{len(self.warrior_ids)} warriors: use alive or points"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BattleResult):
            return NotImplemented
        return all(
            np.array_equal(mine, yours) if isinstance(mine, np.ndarray) else mine == yours
            for mine, yours in (
                (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)
            )
        )

    def __hash__(self) -> int:
        return hash((self.config, self.warrior_ids, self.placement, self.stop))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, such that ``BattleResult.from_dict(r.to_dict()) == r``."""
        return {
            "config": self.config.to_dict(),
            "warrior_ids": list(self.warrior_ids),
            "pins": list(self.pins),
            "positions": self.placement.positions.tolist(),
            "first": self.placement.first.tolist(),
            "stop": self.stop,
            **{name: getattr(self, name).tolist() for name in _ARRAYS},
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "BattleResult":
        """The result that `to_dict` described."""
        columns = (-1, len(data["warrior_ids"]))
        counts = {name: np.array(data[name], np.int64) for name in _ARRAYS}
        for name in _ARRAYS[:-1]:
            counts[name] = counts[name].reshape(columns)
        positions = np.array(data["positions"], np.int32).reshape(columns)
        return cls(
            config=CoreConfig(**data["config"]),
            warrior_ids=tuple(data["warrior_ids"]),
            pins=tuple(data["pins"]),
            placement=Placement(positions, np.array(data["first"], np.int32)),
            stop=data["stop"],
            **counts,
        )


_ARRAYS = ("death_turn", "death_cycle", "spawned", "coverage", "turns")


def battle(
    warriors: Sequence[Warrior],
    config: CoreConfig,
    *,
    rounds: int = 1,
    seed: int = 0,
    scheme: Scheme = "pmars",
    stop: Stop = "last_standing",
    engine: Engine = "cython",
) -> BattleResult:
    """Plays one battle.

    Args:
        warriors: in seat order.
        config: the rules.
        rounds: how many; scheme ``"exact"`` has its own number and ignores it.
        seed: of scheme ``"pmars"``; the other schemes have none.
        scheme: a function of `coreenv.placement`.
        stop: see `Battle`.
        engine: ``"reference"`` is `coreenv.mars`, slow, with the same results.

    Raises:
        ValueError: see `Battle` and the schemes.
    """
    if scheme == "pmars":
        places = placement.pmars(config, len(warriors), rounds, seed)
    elif scheme == "drq":
        places = placement.drq(config, [len(warrior) for warrior in warriors], rounds)
    elif scheme == "exact":
        places = placement.exact(config)
    else:
        raise ValueError(f"scheme is {scheme!r}; it must be 'pmars', 'drq' or 'exact'")
    return battle_batch([Battle(tuple(warriors), config, places, stop)], engine=engine)[0]


def battle_batch(
    battles: Sequence[Battle],
    *,
    threads: int = 1,
    measures: bool = True,
    engine: Engine = "cython",
) -> list[BattleResult]:
    """Plays battles, in as many threads as told. Results do not depend on ``threads``.

    Args:
        battles: any mixture of rules and sizes.
        threads: plain threads; the kernel runs without the GIL.
        measures: count `BattleResult.spawned` and `BattleResult.coverage`.
        engine: see `battle`.

    Raises:
        ValueError: fewer than one thread, or an unknown engine.
        KeyboardInterrupt: all threads have stopped.
    """
    if engine not in _MACHINES:
        raise ValueError(f"engine is {engine!r}; it must be one of {', '.join(_MACHINES)}")
    if threads < 1:
        raise ValueError(f"threads is {threads}; it must be at least 1")
    results: list[BattleResult | None] = [None] * len(battles)
    todo, lock, cancel = iter(enumerate(battles)), Lock(), bytearray(1)

    def work() -> None:
        config: CoreConfig | None = None
        for i, each in _take_turns(todo, lock):
            if each.config != config:
                config = each.config
                machine = _MACHINES[engine](config)
            results[i] = _play(each, machine, measures, cancel)

    if threads == 1:
        work()
    else:
        with ThreadPoolExecutor(threads) as pool:
            try:
                workers = [pool.submit(work) for _ in range(min(threads, len(battles)))]
                for worker in workers:
                    worker.result()
            except BaseException:  # above all KeyboardInterrupt: the pool waits for its threads
                cancel[0] = 1
                raise
    return [result for result in results if result is not None]


class Machine(Protocol):
    """What `coreenv._mars.Machine` and `coreenv.mars.Machine` have in common."""

    def enter(self, warriors: Sequence[mars.Program]) -> None: ...

    def play(
        self,
        positions: NDArray[np.int32],
        first: NDArray[np.int32],
        last_standing: bool,
        measures: bool,
        cancel: bytearray | None = None,
    ) -> mars.Rounds: ...

    def core(self) -> NDArray[np.int32]: ...

    def queue(self, warrior: int) -> list[int]: ...

    def pspace(self, warrior: int) -> list[int]: ...


_MACHINES: dict[str, Callable[[CoreConfig], Machine]] = {
    "cython": _mars.Machine,
    "reference": mars.Machine,
}


def _take_turns(todo: Iterator[tuple[int, Battle]], lock: Lock) -> Iterator[tuple[int, Battle]]:
    """The items of ``todo``, shared among all threads that call this."""
    while True:
        with lock:
            item = next(todo, None)
        if item is None:
            return
        yield item


def _play(each: Battle, machine: Machine, measures: bool, cancel: bytearray) -> BattleResult:
    machine.enter(each.warriors)
    places = each.placement
    last_standing = each.stop == "last_standing"
    counts = machine.play(places.positions, places.first, last_standing, measures, cancel)
    return BattleResult.of(each, counts)
