"""What a battle says about a warrior: DRQ fitness, and the behaviour descriptor of DEI's grid.

Fitness and both axes are those of Digital Red Queen (arXiv 2601.03335, read in its public code
[C]), which DEI (arXiv 2605.27130) runs unchanged on every node [S].
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.config import CoreConfig
from coreenv.placement import Placement, drq, pmars
from coreenv.play import Play, divided, joined
from coreenv.redcode import Warrior

TSP_EDGES = (1, 10, 100, 1000, 10_000)
"""Bin edges of total spawned processes, in processes: bin i holds edge[i-1] <= tsp < edge[i]."""

MC_EDGES = (10, 100, 500, 1000, 4000)
"""Bin edges of memory coverage, in cells; likewise."""

GRID = (len(TSP_EDGES) + 1, len(MC_EDGES) + 1)
"""Shape of the archive: 6 x 6 cells. Edges are fixed [C]: bins never move with the data."""

Cell = tuple[int, int]

Versus = tuple[int, int, int]
"""Battles in which a candidate outlived one opponent, was outlived by it, and neither."""


def cell(tsp: float, mc: float) -> Cell:
    """The grid cell (tsp bin, mc bin) of a behaviour, each 0..5."""
    return bisect_right(TSP_EDGES, tsp), bisect_right(MC_EDGES, mc)


def fitness(result: BattleResult) -> NDArray[np.float64]:
    """DRQ fitness of every round and warrior, shape (rounds, warriors), each in [0, N].

    The sum over cycles of (N / T) * alive_i / sum_j alive_j, with N warriors and T cycles, alive
    read at the end of each cycle [C]. A warrior that dies in cycle d was alive at the end of
    d - 1 cycles. A cycle at whose end nobody lives adds nothing.

    Raises:
        ValueError: the battle stopped at the last survivor, so later cycles are unknown.
    """
    if result.stop != "all_dead":
        raise ValueError(f"fitness needs stop='all_dead', not {result.stop!r}")
    horizon = result.config.max_cycles
    lived = np.where(result.death_cycle > 0, result.death_cycle - 1, horizon)
    rounds, n = lived.shape
    scores = np.empty((rounds, n))
    for r in range(rounds):
        # Between two deaths the share is constant: add it up stretch by stretch.
        order = np.argsort(lived[r], kind="stable")
        ends = lived[r][order]
        stretch = np.diff(ends, prepend=0)
        share = np.cumsum(stretch / np.arange(n, 0, -1))
        scores[r, order] = share * n / horizon
    return scores


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation found out about a candidate, averaged over its placements.

    Attributes:
        fitness: DRQ fitness, 0..N.
        tsp: total spawned processes a battle.
        mc: memory coverage, distinct addresses queued a battle.
        versus: one entry an opponent, summed over the placements; empty if it was not kept.
    """

    fitness: float
    tsp: float
    mc: float
    versus: tuple[Versus, ...] = ()

    @property
    def cell(self) -> Cell:
        return cell(self.tsp, self.mc)


def seated(config: CoreConfig, warriors: int, placements: int, seed: int) -> Placement:
    """Placements of a search: scheme `pmars`, the candidate's seat and the starter rotating.

    In battle k the candidate (warrior 0) sits in seat k mod N, the others follow it round the
    table, and seat (k div N) mod N moves first: over N * N battles everybody holds every place
    in every order of turns.
    """
    drawn = pmars(config, warriors, placements, seed)
    k = np.arange(placements)
    seats = (k[:, None] + np.arange(warriors)) % warriors
    first = (k // warriors - k) % warriors
    return Placement(np.take_along_axis(drawn.positions, seats, axis=1), first.astype(np.int32))


def search_placement(
    scheme: str, config: CoreConfig, warriors: Sequence[Warrior], placements: int, seed: int
) -> Placement:
    """Placements for an evaluation of ``warriors[0]``; scheme `pmars` (rotating) or `drq`."""
    if scheme == "drq":
        return drq(config, [len(w) for w in warriors], placements)
    return seated(config, len(warriors), placements, seed)


def evaluate(
    candidates: Sequence[Warrior],
    opponents: Sequence[Warrior],
    config: CoreConfig,
    *,
    placements: int = 20,
    seed: int = 1,
    scheme: str = "pmars",
    threads: int = 1,
    play: Play = battle_batch,
) -> list[Evaluation]:
    """Let each candidate fight all opponents in one core, and measure it.

    Candidates never meet one another: each has its own battles, at the same placements.

    Args:
        candidates: who is measured, one `Evaluation` each.
        opponents: who shares the core; none means a lone run.
        config: the rules; ``max_cycles`` is the T of the fitness.
        placements: battles a candidate; 20 [S].
        seed: position seed, from 1; equal seeds place equally many warriors equally. (Seed 0
            stands still: pMARS's generator maps it to itself.)
        scheme: `pmars` (seats and starter rotate) or `drq` (as published).
        threads: how many battles are played at once; results do not depend on it. Where the
            candidates are fewer, the placements of each are divided.
        play: who plays them.
    """
    battles = []
    for candidate in candidates:
        warriors = (candidate, *opponents)
        placement = search_placement(scheme, config, warriors, placements, seed)
        battles.append(Battle(warriors, config, placement, stop="all_dead"))
    return [
        Evaluation(
            fitness=float(fitness(result)[:, 0].mean()),
            tsp=float(result.spawned[:, 0].mean()),
            mc=float(result.coverage[:, 0].mean()),
            versus=_versus(result),
        )
        for result in _played(battles, threads, play)
    ]


def _played(battles: Sequence[Battle], threads: int, play: Play) -> list[BattleResult]:
    if threads <= len(battles) or not battles:
        return play(battles, threads=threads)
    shares = -(-threads // len(battles))
    divisions = [list(divided(b, -(-b.placement.rounds // shares))) for b in battles]
    results = iter(play([part for parts in divisions for part in parts], threads=threads))
    return [
        joined(battle, list(islice(results, len(parts))))
        for battle, parts in zip(battles, divisions, strict=True)
    ]


def _versus(result: BattleResult) -> tuple[Versus, ...]:
    """Who outlived whom: by turns over all warriors, so that no two die at once."""
    death = np.where(result.death_turn > 0, result.death_turn, np.inf)
    own, others = death[:, :1], death[:, 1:]
    won, lost = (own > others).sum(axis=0), (own < others).sum(axis=0)
    return tuple(
        (int(w), int(lo), len(own) - int(w) - int(lo)) for w, lo in zip(won, lost, strict=True)
    )
