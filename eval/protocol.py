"""How two warriors are compared: how many rounds, at which placements.

Placements come from a season's secret, the hill and the opponent, never from the warrior under
test: all warriors meet an opponent at the same ones, and can be compared round by round.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import numpy as np

from coreenv.config import CoreConfig
from coreenv.hill import Hill
from coreenv.placement import Placement, exact

Profile = Literal["quick", "standard", "certify", "exact"]

ROUNDS: Final[dict[Profile, int | None]] = {
    "quick": 60,
    "standard": 250,
    "certify": 1000,
    "exact": None,
}
"""Rounds a pair; None fights all there are. On nop94, the standard error of one pair's points is
some 14, 7 and 3 of 300."""

ALWAYS_EXACT: Final = 2000
"""Where there are at most so many different rounds (tiny, nano), every profile fights them all."""

MIN_SECRET: Final = 16


@dataclass(frozen=True, slots=True)
class Season:
    """What the placements of official scores derive from.

    Args:
        number: 0 is permanent, and its secret public.
        secret: at least 16 bytes; kept until the season closes.

    Raises:
        ValueError: a negative number, or a secret that could be guessed.
    """

    number: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError(f"season is {self.number}; it must be at least 0")
        if len(self.secret) < MIN_SECRET:
            raise ValueError(
                f"the secret of season {self.number} has {len(self.secret)} bytes; "
                f"it must have at least {MIN_SECRET}: use secrets.token_bytes(32)"
            )

    @property
    def commitment(self) -> str:
        """SHA-256 (64 hex digits) that is published when the season opens, and that only the
        secret fits when it is revealed."""
        return hashlib.sha256(f"season {self.number}\n".encode() + self.secret).hexdigest()

    def numbers(self, purpose: str, count: int) -> list[int]:
        """``count`` numbers in 0..2**64-1 for one purpose, the same on every machine."""
        key = hmac.digest(self.secret, purpose.encode(), "sha256")
        stream = hashlib.shake_256(key).digest(8 * count)
        return [int.from_bytes(stream[i : i + 8], "big") for i in range(0, 8 * count, 8)]


SEASON_0: Final = Season(0, b"corewar-dei, season 0: a secret for everybody to know")
"""The season of `corewar-eval`: anybody can compute its scores again."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A profile of the evaluation in a season.

    Raises:
        ValueError: an unknown profile; the message lists them.
    """

    profile: Profile
    season: Season = SEASON_0

    def __post_init__(self) -> None:
        if self.profile not in ROUNDS:
            raise ValueError(
                f"profile is {self.profile!r}; it must be one of {', '.join(get_args(Profile))}"
            )

    def placement(self, config: CoreConfig, hill: Hill, opponent: str) -> Placement:
        """Placements of a duel, shape (rounds, 2), the warrior under test at address 0.

        Offsets are drawn without replacement, see `stratified_placement`; at each of them the
        warrior begins, then the opponent.

        Args:
            config: core size and distance.
            hill: the opponent's.
            opponent: its canonical id; each has offsets of its own.
        """
        everything, rounds = 2 * offsets(config), ROUNDS[self.profile]
        if rounds is None or rounds >= everything or everything <= ALWAYS_EXACT:
            return exact(config)
        drawn = self.season.numbers(f"placement\n{hill.hash}\n{opponent}\n{rounds}", rounds // 2)
        return stratified_placement(config, drawn)


def offsets(config: CoreConfig) -> int:
    """How many places the opponent can be loaded at."""
    return config.core_size + 1 - 2 * config.min_distance


def stratified_placement(config: CoreConfig, numbers: Sequence[int]) -> Placement:
    """Duels at as many different offsets as there are numbers, two from each equal stretch of the
    range and in its order. Two of a stretch tell how much they differ, and so how much a sample
    may be off; an odd number of offsets has three in the last.

    Args:
        config: core size and distance.
        numbers: at least two, not more than `offsets`; each picks one of those offsets that are
            left in its stretch, counted round and round.
    """
    n, places = len(numbers), list[int]()
    for start in range(0, n - 1, 2):
        end = start + 2 if n - start > 3 else n
        left = list(range(offsets(config) * start // n, offsets(config) * end // n))
        places += sorted(left.pop(number % len(left)) for number in numbers[start:end])
    positions = np.zeros((2 * n, 2), np.int32)
    positions[:, 1] = config.min_distance + np.repeat(places, 2)
    return Placement(positions, np.tile(np.array([0, 1], np.int32), n))


def digest(placements: Iterable[Placement]) -> str:
    """SHA-256 (64 hex digits) of placements, by which results can be told to share them."""
    sha = hashlib.sha256()
    for placement in placements:
        sha.update(f"{placement.rounds} {placement.warriors}\n".encode())
        sha.update(placement.positions.astype("<i4").tobytes())
        sha.update(placement.first.astype("<i4").tobytes())
    return sha.hexdigest()


QUICK: Final = Protocol("quick")
"""Good enough to watch a search."""
