"""Held-out generality: how a warrior does one against one with a split of a hill."""

from collections.abc import Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from coreenv import MADE_BY
from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.config import CoreConfig
from coreenv.hill import Hill, Split
from coreenv.redcode import Warrior
from eval.protocol import Protocol


class PairScore(BaseModel):
    """Rounds of a warrior against one opponent, as whole numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opponent: str
    opponent_class: str
    wins: int
    losses: int
    ties: int

    @property
    def rounds(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def points(self) -> float:
        """KOTH points, 0..300: three a won round and one a tied one, per hundred rounds."""
        return 100 * (3 * self.wins + self.ties) / self.rounds


class Generality(BaseModel):
    """A warrior against every member of a split. Only whole numbers are stored.

    Attributes:
        warrior: its canonical id.
        name: its name.
        hill: name and version of the hill.
        hill_hash: what identifies that hill's members.
        split: which of its splits, ``test`` for a held-out score.
        protocol: name of the profile.
        made_by: what computed it.
        pairs: one entry an opponent, in the hill's order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    warrior: str
    name: str
    hill: str
    hill_hash: str
    split: str
    protocol: str
    made_by: str
    pairs: tuple[PairScore, ...]

    @property
    def rounds(self) -> int:
        return sum(pair.rounds for pair in self.pairs)

    @property
    def wins(self) -> int:
        return sum(pair.wins for pair in self.pairs)

    @property
    def losses(self) -> int:
        return sum(pair.losses for pair in self.pairs)

    @property
    def ties(self) -> int:
        return sum(pair.ties for pair in self.pairs)

    @property
    def win_share(self) -> float:
        """Share of rounds won outright, 0..1. Ties are no success."""
        return self.wins / self.rounds

    @property
    def tie_share(self) -> float:
        return self.ties / self.rounds

    def class_points(self) -> dict[str, float]:
        """Mean KOTH points against each class, in order of first appearance."""
        by_class: dict[str, list[float]] = {}
        for pair in self.pairs:
            by_class.setdefault(pair.opponent_class, []).append(pair.points)
        return {name: fmean(points) for name, points in by_class.items()}

    @property
    def points(self) -> float:
        """The headline: KOTH points, 0..300, every class of opponents weighing the same."""
        return fmean(self.class_points().values())


def generality(
    warriors: Sequence[Warrior],
    hill: Hill,
    config: CoreConfig,
    protocol: Protocol,
    *,
    split: Split = "test",
    seed: int = 0,
    threads: int = 1,
) -> list[Generality]:
    """Score warriors against a split of a hill, one `Generality` each.

    Every warrior meets an opponent at the same placements, so two of them can be compared pair
    by pair. Results do not depend on ``threads``.
    """
    members = hill.split(split)
    opponents = hill.warriors(member.name for member in members)
    placements = [protocol.placement(config, seed, i) for i in range(len(members))]
    battles = [
        Battle((warrior, opponent), config, placement)
        for warrior in warriors
        for opponent, placement in zip(opponents, placements, strict=True)
    ]
    results = battle_batch(battles, threads=threads, measures=False)

    def pair(opponent: int, result: BattleResult) -> PairScore:
        member = members[opponent]
        return PairScore(
            opponent=member.name,
            opponent_class=member.warrior_class,
            wins=int(result.wins[0]),
            losses=int(result.losses[0]),
            ties=result.ties,
        )

    return [
        Generality(
            warrior=warrior.id,
            name=warrior.name,
            hill=f"{hill.name} {hill.version}",
            hill_hash=hill.hash,
            split=split,
            protocol=protocol.name,
            made_by=MADE_BY,
            pairs=tuple(
                pair(i, result)
                for i, result in enumerate(results[w * len(members) : (w + 1) * len(members)])
            ),
        )
        for w, warrior in enumerate(warriors)
    ]
