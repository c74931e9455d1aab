"""A hill against itself: every member against every other."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coreenv.battle import Battle, battle_batch
from coreenv.config import CoreConfig, ruleset
from coreenv.hill import Hill
from coreenv.placement import Placement

ROUNDS: Final = 200
"""Rounds of a pair: even, each distance is fought twice."""


class Triples(NamedTuple):
    """Threesomes of members in which every pair is decided.

    Attributes:
        decided: how many there are.
        circles: those without a best one, as indices (a, b, c): a beats b beats c beats a.
    """

    decided: int
    circles: list[tuple[int, int, int]]


@dataclass(frozen=True, eq=False)
class RoundRobin:
    """Results of all pairs of a hill.

    Attributes:
        hill: whose members fought; rows and columns are in its order.
        rounds: rounds of a pair.
        wins: int64, shape (members, members): rounds the row won against the column; the
            diagonal is 0.
    """

    hill: Hill
    rounds: int
    wins: NDArray[np.int64]

    @property
    def points(self) -> NDArray[np.float64]:
        """Shape (members, members), 0..300: three a won round and one a tied one, per hundred
        rounds, of the row against the column. NaN on the diagonal."""
        ties = self.rounds - self.wins - self.wins.T
        points: NDArray[np.float64] = 100 * (3 * self.wins + ties) / self.rounds
        np.fill_diagonal(points, np.nan)
        return points

    @property
    def means(self) -> NDArray[np.float64]:
        """Shape (members,): mean points against all others, 0..300."""
        means: NDArray[np.float64] = np.nanmean(self.points, axis=1)
        return means

    @property
    def order(self) -> list[int]:
        """Members from most points to fewest; equals in the hill's order."""
        return [int(i) for i in np.argsort(-self.means, kind="stable")]

    @property
    def beats(self) -> NDArray[np.bool_]:
        """Shape (members, members): the row won more rounds than the column, by more than two
        standard errors of the difference between equals."""
        lead = self.wins - self.wins.T
        decided: NDArray[np.bool_] = lead > 2 * np.sqrt(self.wins + self.wins.T)
        return decided

    def triples(self) -> Triples:
        """The threesomes among the better half of the members."""
        top = self.order[: len(self.hill.members) // 2]
        beats = self.beats
        decided, circles = 0, []
        for a, b, c in combinations(top, 3):
            if all(beats[i, j] or beats[j, i] for i, j in ((a, b), (b, c), (a, c))):
                decided += 1
                if beats[a, b] == beats[b, c] == beats[c, a]:
                    circles.append((a, b, c) if beats[a, b] else (a, c, b))
        return Triples(decided, circles)

    def class_points(self) -> tuple[list[str], NDArray[np.float64]]:
        """The classes, and their mean points against each other, shape (classes, classes). A
        class of one has NaN against itself."""
        members = self.hill.members
        classes = list(dict.fromkeys(member.warrior_class for member in members))
        of = np.array([[member.warrior_class == name for member in members] for name in classes])
        sums = of @ np.nan_to_num(self.points) @ of.T
        pairs = of @ (1.0 - np.eye(len(members))) @ of.T
        return classes, np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)


def round_robin(hill: Hill, *, rounds: int = ROUNDS, threads: int = 1) -> RoundRobin:
    """Let every pair of members fight: ``rounds / 2`` different distances, begun by either side.

    Raises:
        HillError: a member is not the program of the manifest.
        ValueError: there is no pair.
    """
    if len(hill.members) < 2:
        raise ValueError(f"hill {hill.name} has {len(hill.members)} member; a round robin needs 2")
    config = ruleset(hill.ruleset)
    warriors = hill.warriors(member.name for member in hill.members)
    pairs = list(combinations(range(len(warriors)), 2))
    battles = [
        Battle((warriors[i], warriors[j]), config, _placement(config, rounds, i, j))
        for i, j in pairs
    ]
    wins = np.zeros((len(warriors), len(warriors)), np.int64)
    results = battle_batch(battles, threads=threads, measures=False)
    for (i, j), result in zip(pairs, results, strict=True):
        wins[i, j], wins[j, i] = result.wins
    return RoundRobin(hill, rounds, wins)


def _placement(config: CoreConfig, rounds: int, i: int, j: int) -> Placement:
    allowed = np.arange(config.min_distance, config.core_size - config.min_distance + 1)
    chosen = np.random.default_rng([i, j]).choice(allowed, rounds // 2, replace=False)
    positions = np.zeros((rounds, 2), np.int32)
    positions[:, 1] = np.repeat(chosen, 2)
    return Placement(positions, np.tile(np.array([0, 1], np.int32), rounds // 2))
