"""Whoever plays battles, and how a battle is divided so that several cores play it at once."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from coreenv.battle import Battle, BattleResult, Engine
from coreenv.placement import Placement


class Play(Protocol):
    """Plays battles as `coreenv.battle.battle_batch` does, which is the one on this machine.

    Results come in the order of the battles, and depend on nothing but them. ``threads`` is how
    many battles are played at once, wherever that is.
    """

    def __call__(
        self,
        battles: Sequence[Battle],
        *,
        threads: int = 1,
        measures: bool = True,
        engine: Engine = "cython",
    ) -> list[BattleResult]: ...


def divided(battle: Battle, size: int) -> Iterator[Battle]:
    """The battle in parts of ``size`` rounds, the last may have fewer.

    Where p-space carries over from round to round, it is one part.
    """
    places = battle.placement
    size = places.rounds if battle.config.pspace_size else size
    for i in range(0, places.rounds, size):
        part = Placement(places.positions[i : i + size], places.first[i : i + size])
        yield Battle(battle.warriors, battle.config, part, battle.stop)


def joined(battle: Battle, results: Sequence[BattleResult]) -> BattleResult:
    """The result of a battle, from those of all its parts in their order."""
    death_turn, death_cycle, spawned, coverage, turns = (
        np.concatenate(counts) for counts in zip(*(r.counts for r in results), strict=True)
    )
    return BattleResult.of(battle, (death_turn, death_cycle, spawned, coverage, turns))
