"""A round turn by turn: `replay` runs one on the reference machine and yields `CoreView`s."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coreenv import mars
from coreenv.battle import Battle, battle_batch
from coreenv.placement import Placement


@dataclass(frozen=True, eq=False)
class CoreView:
    """The core between two turns of a round. All arrays are read-only.

    Attributes:
        names: of the warriors, in seat order.
        turn: turns executed so far, over all warriors.
        turns: all turns of the round.
        owner: int16, shape (core_size,): the seat that wrote the cell last, -1 if nobody did.
            Loading a warrior writes its cells; so does changing one field, or a pointer.
        age: int64, shape (core_size,): turns since that write, -1 if there was none.
        processes: int32, shape (warriors, core_size): processes waiting at each address.
        upcoming: int32, shape (warriors,): the address executed next, -1 if the warrior is dead.
    """

    names: tuple[str, ...]
    turn: int
    turns: int
    owner: NDArray[np.int16]
    age: NDArray[np.int64]
    processes: NDArray[np.int32]
    upcoming: NDArray[np.int32]

    def __post_init__(self) -> None:
        for array in (self.owner, self.age, self.processes, self.upcoming):
            array.flags.writeable = False

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """bool, shape (core_size,): where processes wait."""
        occupied: NDArray[np.bool_] = np.greater(self.processes.sum(axis=0), 0)
        return occupied

    @classmethod
    def of_battle(cls, battle: Battle, round_: int = 0, turn: int | None = None) -> "CoreView":
        """The core after ``turn`` turns of round ``round_``, or at its end.

        Raises:
            ValueError: the battle has no such round, or the round no such turn.
        """
        return next(replay(battle, [round_turns(battle, round_) if turn is None else turn], round_))


def round_turns(battle: Battle, round_: int = 0) -> int:
    """How many turns round ``round_`` takes, over all warriors.

    Raises:
        ValueError: the battle has no such round.
    """
    if not 0 <= round_ < battle.placement.rounds:
        last = battle.placement.rounds - 1
        raise ValueError(f"round {round_} does not exist; the battle's are 0..{last}")
    rounds = slice(round_ + 1)
    shorter = Placement(battle.placement.positions[rounds], battle.placement.first[rounds])
    [result] = battle_batch([replace(battle, placement=shorter)], measures=False)
    return int(result.turns[round_])


class Run:
    """A round on the reference machine, one turn after the other.

    Attributes:
        machine: it has run `step` as often as that was called.
        turns: all turns of the round; there is no step beyond them.

    Raises:
        ValueError: the battle has no such round.
    """

    def __init__(self, battle: Battle, round_: int = 0) -> None:
        self.turns = round_turns(battle, round_)
        self.machine = _machine_before(battle, round_)
        self.machine.load(battle.placement.positions[round_].tolist())
        self._living = deque(range(len(battle.warriors)))
        self._living.rotate(-int(battle.placement.first[round_]))

    def step(self) -> int:
        """Runs the next turn, and returns the seat whose turn it was."""
        seat = self._living.popleft()
        self.machine.step(seat)
        if self.machine.queues[seat]:
            self._living.append(seat)
        return seat


def _machine_before(battle: Battle, round_: int) -> mars.Machine:
    """The machine before a round. Earlier rounds leave their mark in p-space alone."""
    machine = mars.Machine(battle.config)
    machine.enter(battle.warriors)
    if battle.config.pspace_size:
        positions, first = battle.placement.positions[:round_], battle.placement.first[:round_]
        machine.play(positions, first, battle.stop == "last_standing", measures=False)
    return machine


def replay(battle: Battle, turns: Iterable[int], round_: int = 0) -> Iterator[CoreView]:
    """Views after each of ``turns``, in one run of the reference machine.

    Args:
        turns: ascending, each in 0..`round_turns`.

    Raises:
        ValueError: the battle has no such round, or ``turns`` are not as said.
    """
    run = Run(battle, round_)
    machine, size = run.machine, battle.config.core_size
    owner, written = [-1] * size, [0] * size
    positions = battle.placement.positions[round_].tolist()
    for seat, (warrior, position) in enumerate(zip(battle.warriors, positions, strict=True)):
        for offset in range(len(warrior)):
            owner[(position + offset) % size] = seat
    for turn in turns:
        if not machine.turns <= turn <= run.turns:
            raise ValueError(
                f"turn {turn} is out of order or beyond the round's end, turn {run.turns}"
            )
        while machine.turns < turn:
            seat = run.step()
            for address in machine.touched:
                owner[address], written[address] = seat, machine.turns
        yield _view(battle, machine, run.turns, owner, written)


def frame_turns(turns: int, frames: int) -> list[int]:
    """At most ``frames`` different turns for an animation, from 0 to ``turns``. They lie densely
    at the beginning of the round, where most of a fight happens: as squares do.

    Raises:
        ValueError: fewer than two frames.
    """
    if frames < 2:
        raise ValueError(f"frames is {frames}; an animation needs at least 2")
    last = (frames - 1) ** 2
    return sorted({turns * k * k // last for k in range(frames)})


def _view(
    battle: Battle, machine: mars.Machine, end: int, owner: list[int], written: list[int]
) -> CoreView:
    owners = np.array(owner, np.int16)
    counts = [np.bincount(queue, minlength=len(owner)) for queue in map(_array, machine.queues)]
    return CoreView(
        names=tuple(warrior.name for warrior in battle.warriors),
        turn=machine.turns,
        turns=end,
        owner=owners,
        age=np.where(owners < 0, -1, machine.turns - np.array(written, np.int64)),
        processes=np.array(counts, np.int32),
        upcoming=np.array([queue[0] if queue else -1 for queue in machine.queues], np.int32),
    )


def _array(queue: deque[int]) -> NDArray[np.int64]:
    return np.array(queue, np.int64)
