"""Held-out generality: how a warrior does one against one with a split of a hill."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from coreenv import MADE_BY
from coreenv.battle import Battle, Engine, battle_batch
from coreenv.config import CoreConfig
from coreenv.hill import Hill, Member, Split
from coreenv.play import Play
from coreenv.redcode import Warrior
from eval.protocol import Protocol, offsets
from eval.statistics import Estimate, sampling_error, stratified
from eval.units import Progress, UnitStore, fight

POINTS: Final = {"W": 3, "T": 1, "L": 0}
"""KOTH points of a round."""

MAX_POINTS: Final = 300
"""Of a hundred rounds."""


class Sample(BaseModel):
    """The rounds of a pair that were not all there are.

    Attributes:
        outcomes: one letter a round, W, L or T, in the order of
            `eval.protocol.stratified_placement`; two by two they share an offset.
        offsets: how many different offsets there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcomes: str = Field(pattern="^[WLT]+$")
    offsets: int

    @property
    def points(self) -> list[float]:
        """KOTH points, 0..300, at each offset."""
        values = [POINTS[outcome] for outcome in self.outcomes]
        return [50 * (a + b) for a, b in zip(values[::2], values[1::2], strict=True)]


class PairScore(BaseModel):
    """Rounds of a warrior against one opponent, as whole numbers.

    Attributes:
        opponent, opponent_class: name and class.
        wins, losses, ties: rounds.
        sample: the rounds one by one; None if there are no others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    opponent: str
    opponent_class: str
    wins: int
    losses: int
    ties: int
    sample: Sample | None = None

    @property
    def rounds(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def points(self) -> float:
        """KOTH points, 0..300: three a won round and one a tied one, per hundred rounds."""
        return 100 * (3 * self.wins + self.ties) / self.rounds

    @property
    def error(self) -> float:
        """Standard error of the points that comes from the choice of placements."""
        return sampling_error(self.sample.points, self.sample.offsets) if self.sample else 0.0


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
        classes = by_class(self.pairs, (pair.points for pair in self.pairs))
        return {name: fmean(points) for name, points in classes.items()}

    @property
    def worst_class(self) -> str:
        """The class against which it makes the fewest points; of equals the first."""
        points = self.class_points()
        return min(points, key=lambda name: points[name])

    @property
    def points(self) -> float:
        """The headline: KOTH points, 0..300, every class of opponents weighing the same."""
        return fmean(self.class_points().values())

    @property
    def placement(self) -> Estimate:
        """The headline, to be told from what all placements would give against these opponents."""
        return Estimate(self.points, balanced_error(self.pairs, [p.error for p in self.pairs]))

    @property
    def opponents(self) -> Estimate | None:
        """The headline, to be told from what all opponents of these classes would give.

        None where a class has one member only.
        """
        return stratified(by_class(self.pairs, (pair.points for pair in self.pairs)).values())

    @property
    def win_rate(self) -> float:
        """DEI's generality, 0..1: the share of opponents beaten [S], that is, against which it
        won more rounds than it lost [I]."""
        return fmean(pair.wins > pair.losses for pair in self.pairs)

    @property
    def defeat_or_tie(self) -> float:
        """DRQ's generality, 0..1: the share of opponents not lost to [S], that is, against which
        it won at least as many rounds as it lost [I]. It saturates: ties are easy to come by."""
        return fmean(pair.wins >= pair.losses for pair in self.pairs)


def by_class(pairs: Sequence[PairScore], values: Iterable[float]) -> dict[str, list[float]]:
    """A value for each pair, gathered by the opponents' classes in order of appearance."""
    classes: dict[str, list[float]] = {}
    for pair, value in zip(pairs, values, strict=True):
        classes.setdefault(pair.opponent_class, []).append(value)
    return classes


def balanced_error(pairs: Sequence[PairScore], errors: Sequence[float]) -> float:
    """Standard error of a class-balanced mean of independent pairs."""
    sizes = Counter(pair.opponent_class for pair in pairs)
    shares = (error / sizes[pair.opponent_class] for pair, error in zip(pairs, errors, strict=True))
    return math.hypot(*shares) / len(sizes)


def generality(
    warriors: Sequence[Warrior],
    hill: Hill,
    config: CoreConfig,
    protocol: Protocol,
    *,
    split: Split = "test",
    threads: int = 1,
    engine: Engine = "cython",
    play: Play = battle_batch,
    store: UnitStore | None = None,
    progress: Progress | None = None,
) -> list[Generality]:
    """Score warriors against a split of a hill, one `Generality` each.

    A score does not depend on the other warriors, ``threads``, ``engine``, ``play``, or what
    ``store`` holds. Pins are taken off: nobody shares p-space with an opponent.

    Args:
        warriors: assembled for ``config``.
        hill: who the opponents are.
        config: the rules.
        protocol: how many rounds, at which placements.
        split: which members; there must be some.
        threads: fight at once.
        engine: see `coreenv.battle.battle`.
        play: who fights.
        store: keeps the rounds as they are fought.
        progress: is told about them.

    Raises:
        ValueError: the split is empty, or a warrior does not suit the rules.
    """
    members = hill.split(split)
    if not members:
        splits = ", ".join(sorted({member.split for member in hill.members}))
        raise ValueError(f"hill {hill.name} has no {split} split; it has {splits or 'no members'}")
    opponents = hill.warriors(member.name for member in members)
    duels = [
        Battle(
            (replace(warrior, pin=None), opponent),
            config,
            protocol.placement(config, hill, opponent.id),
        )
        for warrior in warriors
        for opponent in opponents
    ]
    outcomes = fight(
        duels,
        store or UnitStore(),
        threads=threads,
        engine=engine,
        play=play,
        progress=progress,
    )
    pairs = [
        _pair(members[i % len(members)], rounds, offsets(config))
        for i, rounds in enumerate(outcomes)
    ]
    return [
        Generality(
            warrior=warrior.id,
            name=warrior.name,
            hill=f"{hill.name} {hill.version}",
            hill_hash=hill.hash,
            split=split,
            protocol=protocol.profile,
            made_by=made_by(hill, protocol),
            pairs=tuple(pairs[w * len(members) : (w + 1) * len(members)]),
        )
        for w, warrior in enumerate(warriors)
    ]


def made_by(hill: Hill, protocol: Protocol) -> str:
    """What a score has to be cited with."""
    return (
        f"{MADE_BY} / hill {hill.name} {hill.version} / protocol {protocol.profile} "
        f"/ season {protocol.season.number}"
    )


def _pair(member: Member, outcomes: str, there_are: int) -> PairScore:
    complete = len(outcomes) == 2 * there_are
    return PairScore(
        opponent=member.name,
        opponent_class=member.warrior_class,
        wins=outcomes.count("W"),
        losses=outcomes.count("L"),
        ties=outcomes.count("T"),
        sample=None if complete else Sample(outcomes=outcomes, offsets=there_are),
    )
