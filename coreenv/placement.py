"""Where warriors are loaded and who begins: the named schemes, each a pure function."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.redcode.instruction import Instruction, Mode, Modifier, Opcode
from coreenv.redcode.warrior import Warrior

SEED_LIMIT = 2**31 - 1
"""Seeds of `pmars` and `exact_order` lie in 0..SEED_LIMIT-1. Seed 0 repeats one position."""

Series = Iterator[tuple[list[int], int]]
"""Endless rounds, one by one: positions of the warriors, and the number of the one that begins."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Positions and beginners of all rounds of a battle. Read-only.

    Args:
        positions: int32, shape (rounds, warriors): address of each warrior's first cell.
        first: int32, shape (rounds,): number of the warrior that executes first; the others
            follow in cyclic order.

    Raises:
        ValueError: the shapes do not match, or a beginner is no warrior.
    """

    positions: NDArray[np.int32]
    first: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name, dimensions in (("positions", 2), ("first", 1)):
            array = np.array(getattr(self, name), dtype=np.int32)
            if array.ndim != dimensions:
                raise ValueError(f"{name} has {array.ndim} dimensions; it must have {dimensions}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if len(self.first) != self.rounds:
            raise ValueError(
                f"first has {len(self.first)} entries; it must have one for each of the "
                f"{self.rounds} rounds of positions"
            )
        if self.rounds and not 0 <= self.first.min() <= self.first.max() < self.warriors:
            raise ValueError(f"first names warriors outside 0..{self.warriors - 1}")

    @property
    def rounds(self) -> int:
        return int(self.positions.shape[0])

    @property
    def warriors(self) -> int:
        return int(self.positions.shape[1])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Placement):
            return NotImplemented
        return np.array_equal(self.positions, other.positions) and np.array_equal(
            self.first, other.first
        )

    def __hash__(self) -> int:
        return hash((self.positions.shape, self.positions.tobytes(), self.first.tobytes()))


def pmars(config: CoreConfig, warriors: int, rounds: int, seed: int) -> Placement:
    """The positions of pMARS 0.9. Warrior 0 lies at 0; round r is begun by warrior r mod warriors.

    Args:
        seed: the generator before the first round, 0..SEED_LIMIT-1: see `seed_of_number` and
            `checksum_seed`.

    Raises:
        ValueError: the seed lies outside its range, or the warriors need more room than there is.
    """
    return take(pmars_series(config, warriors, seed), warriors, rounds)


def pmars_series(config: CoreConfig, warriors: int, seed: int) -> Series:
    """The rounds of `pmars`, without an end."""
    _check_room(config, warriors)
    _check_seed(seed)
    return _pmars_rounds(config, warriors, seed)


def take(series: Series, warriors: int, rounds: int) -> Placement:
    """The next ``rounds`` rounds of a series."""
    taken = list(islice(series, rounds))
    positions = np.array([row for row, _ in taken], np.int32).reshape(-1, warriors)
    return Placement(positions, np.array([first for _, first in taken], np.int32))


def drq(config: CoreConfig, lengths: Sequence[int], rounds: int) -> Placement:
    """Digital Red Queen's positions: each warrior somewhere in its own equal share of the core.

    Args:
        lengths: of the warriors in seat order, the candidate first. It begins every round.

    Raises:
        ValueError: the warriors need more room than there is.
    """
    _check_room(config, len(lengths))
    share = config.core_size // len(lengths)
    slack = [max(0, share - length - config.min_distance) for length in lengths]
    rows = []
    for k in range(rounds):
        generator = random.Random(k)
        rows.append([i * share + generator.randint(0, s) for i, s in enumerate(slack)])
    positions = np.array(rows, np.int32).reshape(rounds, len(lengths))
    return Placement(positions, np.zeros(rounds, np.int32))


def exact(config: CoreConfig) -> Placement:
    """Every duel there is: all positions of warrior 1, each begun by 0, then by 1.

    Raises:
        ValueError: two warriors need more room than there is.
    """
    _check_room(config, 2)
    places = np.arange(config.min_distance, config.core_size - config.min_distance + 1)
    positions = np.zeros((2 * len(places), 2), np.int32)
    positions[:, 1] = np.repeat(places, 2)
    return Placement(positions, np.tile(np.array([0, 1], np.int32), len(places)))


def exact_order(config: CoreConfig, rounds: int, seed: int) -> Placement:
    """The duels of `exact` in the order of pMARS's exact series; again from the full set when all
    have been drawn.

    Raises:
        ValueError: as for `pmars`.
    """
    return take(exact_series(config, seed), 2, rounds)


def exact_series(config: CoreConfig, seed: int) -> Series:
    """The rounds of `exact_order`, without an end."""
    _check_room(config, 2)
    _check_seed(seed)
    return _exact_rounds(config, seed)


def seed_of_number(config: CoreConfig, number: int) -> int:
    """Seed of the series whose first duel has warrior 1 at ``number`` (pMARS's ``-F``).

    Raises:
        ValueError: the number lies below ``min_distance``.
    """
    if number < config.min_distance:
        raise ValueError(
            f"position number is {number}; it must be at least min_distance {config.min_distance}"
        )
    return number - config.min_distance


# The checksum counts in pMARS's own numbers for opcodes and modes.
_PMARS_OPCODES = ("MOV", "ADD", "SUB", "MUL", "DIV", "MOD", "JMZ", "JMN", "DJN", "CMP", "SLT",
                  "SPL", "DAT", "JMP", "SEQ", "SNE", "NOP", "LDP", "STP")  # fmt: skip
_PMARS_MODES = {"#": 0, "$": 1, "@": 2, "<": 3, ">": 4, "*": 130, "{": 131, "}": 132}


def checksum_seed(warriors: Sequence[Warrior]) -> int:
    """The seed that pMARS derives from the warriors themselves.

    It tells CMP from SEQ, where a `Warrior` has only SEQ: the seed is pMARS's for sources that
    write SEQ. `checksum` can do better.
    """
    code = (Instruction(*i) for warrior in warriors for i in warrior.instructions)
    return checksum((Opcode(i.opcode).name, i) for i in code)


def checksum(listed: Iterable[tuple[str, Instruction]]) -> int:
    """The seed for the instructions of all warriors, each with the name of its opcode in the
    source: CMP and SEQ count differently."""
    values: list[int] = []
    for name, (_, modifier, a_mode, a_field, b_mode, b_field) in listed:
        action = _PMARS_OPCODES.index(name) * 8 + Modifier(modifier)
        modes = (_PMARS_MODES[Mode(mode).symbol] for mode in (a_mode, b_mode))
        values += [action, *modes, a_field, b_field]
    return _next(sum(value ^ k for k, value in enumerate(values)))


def _check_room(config: CoreConfig, warriors: int) -> None:
    if warriors < 1:
        raise ValueError(f"{warriors} warriors; a placement needs at least one")
    if warriors * config.min_distance > config.core_size:
        raise ValueError(
            f"{warriors} warriors at min_distance {config.min_distance} need "
            f"{warriors * config.min_distance} cells; core_size is {config.core_size}: "
            "use fewer warriors or a smaller min_distance"
        )


def _check_seed(seed: int) -> None:
    if not 0 <= seed < SEED_LIMIT:
        raise ValueError(f"seed is {seed}; it must lie in 0..{SEED_LIMIT - 1}")


def _next(seed: int) -> int:
    """Park and Miller's minimal standard generator, in Schrage's form."""
    seed = 16807 * (seed % 127773) - 2836 * (seed // 127773)
    return seed if seed >= 0 else seed + 2147483647


def _pmars_rounds(config: CoreConfig, warriors: int, seed: int) -> Series:
    for number in count():
        if warriors == 1:
            row = [0]
        elif warriors == 2:
            row, seed = [0, _draw(config, seed)], _next(seed)
        else:
            row, seed = _scatter(config, warriors, seed)
            if len(row) < warriors:
                row, seed = _spread(config, warriors, seed)
        yield row, number % warriors


def _exact_rounds(config: CoreConfig, seed: int) -> Series:
    state, full = 2 * seed, 2 * (config.core_size + 1 - 2 * config.min_distance)
    entries: list[int] = []
    while True:
        entries = entries or list(range(full))
        number = state % len(entries)
        entry = entries[number]
        entries[number] = entries[-1]
        entries.pop()
        state = _next(state)
        yield [0, config.min_distance + entry // 2], entry % 2


def _draw(config: CoreConfig, seed: int) -> int:
    return config.min_distance + seed % (config.core_size + 1 - 2 * config.min_distance)


def _scatter(config: CoreConfig, warriors: int, seed: int) -> tuple[list[int], int]:
    """Draws until all keep their distance. An incomplete row means that patience ran out."""
    row = [0]
    retries, backtracks = 20, 4
    while len(row) < warriors:
        seed = _next(seed)
        place = _draw(config, seed)
        clashes = (i for i in range(1, len(row)) if abs(place - row[i]) < config.min_distance)
        clash = next(clashes, None)
        if clash is None:
            row.append(place)
        elif backtracks == 0:
            break
        elif retries:
            retries -= 1
        else:
            del row[clash:]
            retries, backtracks = 20, backtracks - 1
    return row, seed


def _spread(config: CoreConfig, warriors: int, seed: int) -> tuple[list[int], int]:
    """Divides the room that is left over among the gaps, then shuffles."""
    gaps = []
    for _ in range(warriors - 1):
        seed = _next(seed)
        gaps.append(seed % (config.core_size - warriors * config.min_distance + 1))
    row = [gap + i * config.min_distance for i, gap in enumerate(sorted(gaps), start=1)]
    for i in range(warriors - 1):
        seed = _next(seed)
        j = i + seed % (warriors - 1 - i)
        row[i], row[j] = row[j], row[i]
    return [0, *row], seed
