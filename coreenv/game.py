"""The rules of the game behind both environments, apart from either API.

Each agent owns a warrior. A step edits it; then the warriors fight a seeded set of battles, the
same set throughout an episode. What a warrior made of them is an `Outcome`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from coreenv.battle import BattleResult, check_warrior
from coreenv.config import CoreConfig, ruleset
from coreenv.edits import OPCODES, Edit, Edits
from coreenv.hill import Split, bundled
from coreenv.measures import cell, fitness
from coreenv.redcode import AssemblyError, Mode, Modifier, Warrior, assemble
from coreenv.redcode.warrior import signed

Opponent = Warrior | Callable[[Warrior, np.random.Generator], Warrior]
"""A warrior, or a function that answers the agent's warrior with one, each step anew."""

Score = Literal["fitness", "points"]

HILL: Final = "v1"
"""The hill whose warriors an agent meets unless told otherwise."""

STATS: Final = ("win", "tie", "loss", "survival", "spawned", "coverage", "length", "budget")
"""What the entries of the observation ``stats`` are, each in 0..1."""


def rules(name: str | CoreConfig) -> CoreConfig:
    """
    Raises:
        ValueError: ``name`` is no ruleset; the message lists them.
    """
    return name if isinstance(name, CoreConfig) else ruleset(name)


def checked(name: str, value: int, least: int = 1) -> int:
    """
    Raises:
        ValueError: ``value`` is less than ``least``.
    """
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}")
    return value


def start_warrior(start: Warrior | str | Path | None, edits: Edits) -> Warrior:
    """What an agent begins with: a warrior, a Redcode file, or our Imp.

    Raises:
        ValueError: it does not assemble, or does not suit what edits may make.
    """
    if start is None:
        return assemble(bundled(HILL).warrior("Imp").source, edits.source_rules)
    warrior = start if isinstance(start, Warrior) else _from_file(start, edits.source_rules)
    check_warrior(warrior, edits.source_rules)
    return warrior


def opponents(
    choice: str | Sequence[Opponent | str | Path], config: CoreConfig
) -> tuple[Opponent, ...]:
    """The opponents that ``choice`` names.

    Args:
        choice: a split of the bundled hill, or a sequence of warriors, Redcode files and
            callables. Of a split with members that re-score archives (``common_opponents``, 8 of
            ``"dev"``) it is these, of another all members.
        config: the rules they must suit.

    Raises:
        ValueError: an unknown or empty split, a file that does not assemble, or a warrior that
            does not suit the rules.
    """
    if isinstance(choice, str):
        found: Sequence[Opponent] = _of_split(choice, config)
    else:
        found = [_from_file(o, config) if isinstance(o, str | Path) else o for o in choice]
    if not found:
        raise ValueError(f"opponents is {choice!r}, and so there are none; name at least one")
    for opponent in found:
        if isinstance(opponent, Warrior):
            check_warrior(opponent, config)
        elif not callable(opponent):
            raise ValueError(
                f"opponent {opponent!r} is neither a Warrior, nor a path, nor a callable"
            )
    return tuple(found)


def _of_split(split: str, config: CoreConfig) -> tuple[Warrior, ...]:
    hill = bundled(HILL)
    written_for = ruleset(hill.ruleset)
    splits = [s for s in get_args(Split) if hill.split(s)]
    if split not in splits:
        raise ValueError(
            f"opponents is {split!r}; it must be one of {', '.join(splits)}, or a sequence of "
            "warriors, files and callables"
        )
    if config.core_size != written_for.core_size:
        raise ValueError(
            f"the ruleset has core_size {config.core_size}; hill {hill.version} is written for "
            f"{written_for.core_size}: give opponents as a sequence of your own"
        )
    names = [member.name for member in hill.split(split)]  # type: ignore[arg-type]
    common = [name for name in names if name in hill.common_opponents]
    return hill.warriors(common or names)


def _from_file(path: str | Path, config: CoreConfig) -> Warrior:
    try:
        return assemble(Path(path).read_bytes(), config)
    except AssemblyError as error:
        raise ValueError(f"{path} does not assemble:\n{error}") from error


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one warrior made of a set of battles. All rates lie in 0..1.

    Attributes:
        score: mean over all rounds; what it counts is told where it is computed.
        win, tie, loss: share of rounds it survived alone, survived with others, or died in.
        survival: mean share of max_cycles that it lived; 1 if it survived.
        tsp: mean of processes spawned in a round.
        mc: mean of distinct addresses queued in a round (memory coverage), in cells.
        against: float32, shape (opponents, 3): shares of rounds it outlived this opponent, lived
            equally long, or was outlived by it.
    """

    score: float
    win: float
    tie: float
    loss: float
    survival: float
    tsp: float
    mc: float
    against: NDArray[np.float32]


def duels(results: Sequence[BattleResult]) -> Outcome:
    """The outcome of warrior 0 in duels, one battle an opponent.

    The score of a round is pMARS's points as a share of 3: 1 for a win, 1/3 for a tie.
    """
    rows = [_row(result, 0) for result in results]
    scores = [float(result.points[:, 0].mean()) / 3 for result in results]
    return _outcome(float(np.mean(scores)), rows)


def melee(result: BattleResult, seat: int, score: Score) -> Outcome:
    """The outcome of one warrior in a battle of all against all.

    The score of a round is its DRQ fitness, in 0..N, or its pMARS points.
    """
    counted = fitness(result) if score == "fitness" else result.points
    return _outcome(float(counted[:, seat].mean()), [_row(result, seat)])


_Row = tuple[NDArray[np.float64], NDArray[np.float64]]


def _row(result: BattleResult, seat: int) -> _Row:
    """The means over the rounds of one battle: six numbers, and the shares against each other."""
    alive, horizon = result.alive, result.config.max_cycles
    alone = alive[:, seat] & (alive.sum(axis=1) == 1)
    lived = np.where(alive, horizon, result.death_cycle - 1)
    mine, others = lived[:, [seat]], np.delete(lived, seat, axis=1)
    numbers = np.array(
        [
            alone.mean(),
            (alive[:, seat] & ~alone).mean(),
            1 - alive[:, seat].mean(),
            lived[:, seat].mean() / horizon,
            result.spawned[:, seat].mean(),
            result.coverage[:, seat].mean(),
        ]
    )
    against = [(mine > others).mean(axis=0), (mine == others).mean(axis=0)]
    return numbers, np.stack([*against, (mine < others).mean(axis=0)], axis=1)


def _outcome(score: float, rows: Sequence[_Row]) -> Outcome:
    win, tie, loss, survival, tsp, mc = np.mean([n for n, _ in rows], axis=0).tolist()
    against = np.concatenate([a for _, a in rows]).astype(np.float32)
    return Outcome(score, win, tie, loss, survival, tsp, mc, against)


class View:
    """How an agent sees the game: the observation and the info that go with a warrior.

    Args:
        edits: the actions.
        config: the rules.
        others: how many opponents there are.
    """

    def __init__(self, edits: Edits, config: CoreConfig, others: int) -> None:
        self._edits, self._config, self._others = edits, config, others

    def space(self) -> spaces.Dict:
        """A new observation space, with L slots and K opponents:

        - ``code``: MultiDiscrete([17, 7, 8, 8, 2] * L), int64: opcode + 1 (0 for no instruction),
          modifier, A mode, B mode, and 1 where execution starts.
        - ``fields``: Box(-1, 1, (2 L,), float32): A and B field of each slot, signed, as a share
          of half the core.
        - ``stats``: Box(0, 1, (8,), float32): see `STATS`.
        - ``opponents``: Box(0, 1, (3 K,), float32): for each opponent the shares of rounds that the
          warrior outlived it, lived equally long, and was outlived.
        """
        slots = self._edits.max_length
        cell_nvec = [len(OPCODES) + 1, len(Modifier), len(Mode), len(Mode), 2]
        return spaces.Dict(
            code=spaces.MultiDiscrete(np.array(cell_nvec * slots, np.int64)),
            fields=spaces.Box(-1.0, 1.0, (2 * slots,), np.float32),
            stats=spaces.Box(0.0, 1.0, (len(STATS),), np.float32),
            opponents=spaces.Box(0.0, 1.0, (3 * self._others,), np.float32),
        )

    def observation(self, warrior: Warrior, outcome: Outcome, budget: float) -> dict[str, Any]:
        """A new member of `space`. ``budget`` is the share of steps that are left."""
        size, slots = self._config.core_size, self._edits.max_length
        code = np.zeros((slots, 5), np.int64)
        fields = np.zeros((slots, 2), np.float32)
        for slot, i in enumerate(warrior.instructions):
            code[slot] = i.opcode + 1, i.modifier, i.a_mode, i.b_mode, slot == warrior.start
            fields[slot] = signed(i.a_field, size), signed(i.b_field, size)
        return {
            "code": code.ravel(),
            "fields": np.clip(fields.ravel() / np.float32(size / 2), -1, 1),
            "stats": np.array(
                [
                    outcome.win,
                    outcome.tie,
                    outcome.loss,
                    outcome.survival,
                    np.log1p(outcome.tsp) / np.log1p(self._config.max_cycles),
                    outcome.mc / size,
                    len(warrior) / slots,
                    budget,
                ],
                np.float32,
            ).clip(0, 1),
            "opponents": outcome.against.flatten(),
        }

    def info(self, edit: Edit, outcome: Outcome, seeds: NDArray[np.int64]) -> dict[str, Any]:
        """What an observation has no room for, as new objects:

        - ``redcode``: the warrior as load-file text.
        - ``errors``: tuple of str, why the last edit changed nothing.
        - ``score``: of all battles; ``scores``: against each opponent, 1 for every round it was
          outlived and 1/3 for equal lives, float32 of shape (K,).
        - ``phenotype``: ``tsp``, ``mc`` (means of a round) and ``cell`` of the archive's grid.
        - ``seeds``: int64, position seeds of `coreenv.measures.seated`, one a battle.
        """
        return {
            "redcode": str(edit.warrior),
            "errors": edit.errors,
            "score": outcome.score,
            "scores": outcome.against @ np.array([1, 1 / 3, 0], np.float32),
            "phenotype": {
                "tsp": outcome.tsp,
                "mc": outcome.mc,
                "cell": np.array(cell(outcome.tsp, outcome.mc), np.int64),
            },
            "seeds": seeds.copy(),
        }


def draw_seeds(generator: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Position seeds in 1..2**31-2."""
    return generator.integers(1, 2**31 - 1, size=count, dtype=np.int64)
