"""What agents of the game see: the outcomes of their battles as observations and infos.

Everything is done for n agents at once: one, all in a core, or those of a vector environment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from coreenv.battle import BattleResult
from coreenv.config import CoreConfig
from coreenv.edits import OPCODES, Edit, Edits
from coreenv.measures import cell, fitness
from coreenv.redcode import Mode, Modifier, Warrior

Score = Literal["fitness", "points"]

STATS: Final = ("win", "tie", "loss", "survival", "spawned", "coverage", "length", "budget")
"""What the entries of the observation ``stats`` are, each in 0..1."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What n warriors made of their battles, all at once. All rates lie in 0..1.

    Attributes:
        score: float64, shape (n,): mean over all rounds; what it counts is told where it is
            computed.
        win, tie, loss: float64, shape (n,): share of rounds the warrior survived alone, survived
            with others, or died in.
        survival: float64, shape (n,): mean share of max_cycles that it lived; 1 if it survived.
        tsp: float64, shape (n,): mean of processes spawned in a round.
        mc: float64, shape (n,): mean of distinct addresses queued in a round, in cells.
        against: float32, shape (n, opponents, 3): shares of rounds it outlived this opponent,
            lived equally long, or was outlived by it.
    """

    score: NDArray[np.float64]
    win: NDArray[np.float64]
    tie: NDArray[np.float64]
    loss: NDArray[np.float64]
    survival: NDArray[np.float64]
    tsp: NDArray[np.float64]
    mc: NDArray[np.float64]
    against: NDArray[np.float32]


def duels(results: Sequence[BattleResult], warriors: int) -> Outcomes:
    """The outcomes of ``warriors`` agents, each warrior 0 in as many duels of equally many rounds.

    The score of a round is pMARS's points as a share of 3: 1 for a win, 1/3 for a tie.

    Args:
        results: all duels of the first agent, one an opponent, then all of the second...
    """

    shape = (warriors, len(results) // warriors, -1, 2)
    death_cycle = np.concatenate([result.death_cycle for result in results])
    spawned = np.concatenate([result.spawned for result in results])
    coverage = np.concatenate([result.coverage for result in results])
    return _outcomes(
        results[0].config.max_cycles,
        death_cycle.reshape(shape),
        spawned.reshape(shape)[..., 0],
        coverage.reshape(shape)[..., 0],
    )


def melee(result: BattleResult, score: Score) -> Outcomes:
    """The outcomes of all warriors in a battle of all against all.

    The score of a round is the warrior's DRQ fitness, in 0..N, or its pMARS points.
    """
    n = len(result.warrior_ids)
    others = [[seat, *(other for other in range(n) if other != seat)] for seat in range(n)]
    outcomes = _outcomes(
        result.config.max_cycles,
        result.death_cycle[:, others].swapaxes(0, 1)[:, None],
        result.spawned.T[:, None],
        result.coverage.T[:, None],
    )
    counted = fitness(result) if score == "fitness" else result.points
    return replace(outcomes, score=counted.mean(axis=0))


def _outcomes(
    horizon: int,
    death_cycle: NDArray[np.int64],
    spawned: NDArray[np.int64],
    coverage: NDArray[np.int64],
) -> Outcomes:
    """
    Everything is counted in integers and divided once: so no warrior's outcome depends, not even
    in its last bit, on how many others are counted with it.

    Args:
        horizon: cycles of a round.
        death_cycle: shape (n, battles, rounds, W): the warrior's own, then those of its opponents.
        spawned, coverage: shape (n, battles, rounds).
    """
    alive = death_cycle == 0
    mine, others = alive[..., 0], alive[..., 1:].any(axis=-1)
    lived = np.where(alive, horizon, death_cycle - 1)
    counts = np.empty((6, *spawned.shape), np.int64)
    counts[:3] = mine & ~others, mine & others, ~mine
    counts[3:] = lived[..., 0], spawned, coverage
    rounds = spawned.shape[1] * spawned.shape[2]
    win, tie, loss, cycles, tsp, mc = counts.sum(axis=(2, 3)) / rounds
    own, theirs = lived[..., :1], lived[..., 1:]
    order = np.stack([own > theirs, own == theirs, own < theirs], axis=-1)
    return Outcomes(
        score=win + tie / 3,
        win=win,
        tie=tie,
        loss=loss,
        survival=cycles / horizon,
        tsp=tsp,
        mc=mc,
        against=order.mean(axis=2, dtype=np.float32).reshape(len(spawned), -1, 3),
    )


class View:
    """How agents see the game: the observations and infos that go with their warriors.

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

    def observations(
        self, warriors: Sequence[Warrior], outcomes: Outcomes, budgets: Sequence[float]
    ) -> dict[str, NDArray[Any]]:
        """New observations of n agents: members of `space`, stacked along a first axis.

        ``budgets`` are the shares of steps that are left.
        """
        size, slots, n = self._config.core_size, self._edits.max_length, len(warriors)
        lengths = np.array([len(warrior) for warrior in warriors])
        used = np.arange(slots) < lengths[:, None]
        cells = np.zeros((n, slots, 6), np.int64)
        cells[used] = np.concatenate([warrior.code for warrior in warriors])
        code = np.zeros((n, slots, 5), np.int64)
        code[..., 0] = cells[..., 0] + used
        code[..., 1:3] = cells[..., 1:3]
        code[..., 3] = cells[..., 4]
        code[np.arange(n), [warrior.start for warrior in warriors], 4] = 1
        numbers = cells[..., 3::2]
        fields = np.where(numbers > size // 2, numbers - size, numbers) / (size / 2)
        stats = [
            outcomes.win,
            outcomes.tie,
            outcomes.loss,
            outcomes.survival,
            np.log1p(outcomes.tsp) / np.log1p(self._config.max_cycles),
            outcomes.mc / size,
            lengths / slots,
            budgets,
        ]
        return {
            "code": code.reshape(n, -1),
            "fields": fields.reshape(n, -1).astype(np.float32),
            "stats": np.array(stats).T.astype(np.float32, order="C").clip(0, 1),
            "opponents": outcomes.against.reshape(n, -1).copy(),
        }

    def infos(
        self, edits: Sequence[Edit], outcomes: Outcomes, seeds: Sequence[NDArray[np.int64]]
    ) -> dict[str, Any]:
        """What observations of n agents have no room for: new arrays, stacked along a first axis.
        `row` takes out one agent's:

        - ``redcode``: the warrior as load-file text.
        - ``errors``: tuple of str, why the last edit changed nothing.
        - ``score``: of all battles; ``scores``: against each opponent, 1 for every round it was
          outlived and 1/3 for equal lives, float32 of shape (K,).
        - ``phenotype``: ``tsp``, ``mc`` (means of a round) and ``cell`` of the archive's grid.
        - ``seeds``: int64, position seeds of `coreenv.measures.seated`, one a battle.
        """
        cells = [cell(*behaviour) for behaviour in zip(outcomes.tsp, outcomes.mc, strict=True)]
        return {
            "redcode": _objects([str(edit.warrior) for edit in edits]),
            "errors": _objects([edit.errors for edit in edits]),
            "score": outcomes.score,
            "scores": outcomes.against[..., 0] + outcomes.against[..., 1] / np.float32(3),
            "phenotype": {
                "tsp": outcomes.tsp,
                "mc": outcomes.mc,
                "cell": np.array(cells, np.int64),
            },
            "seeds": np.array(seeds),
        }


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    for i, value in enumerate(values):
        array[i] = value
    return array


def row(stacked: dict[str, Any], i: int) -> dict[str, Any]:
    """Entry ``i`` of all arrays, also of those in dictionaries; plain numbers become Python's."""
    entries = {}
    for key, value in stacked.items():
        if isinstance(value, dict):
            entries[key] = row(value, i)
        else:
            entry = value[i]
            entries[key] = entry.item() if isinstance(entry, np.generic) else entry
    return entries
