"""The random choices of one proposal, scaled to the core it is written for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd, log
from typing import NamedTuple, TypeVar

import numpy as np

from coreenv.config import CoreConfig
from coreenv.redcode import assemble
from dei_agents.policies.program import Program

T = TypeVar("T")


class Lattice(NamedTuple):
    """A pattern of cells that a pointer walks without ever touching the program that moves it.

    Attributes:
        step: from one cell to the next.
        first: the first cell, from the program's first line.
        size: how many cells before the pattern repeats.
    """

    step: int
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Chooses numbers, steps and distances.

    Args:
        rng: where every choice comes from.
        config: the rules; distances scale with ``core_size``.
        others: programs to cross with.
    """

    rng: np.random.Generator
    config: CoreConfig
    others: tuple[Program, ...] = ()

    @property
    def room(self) -> int:
        """The longest program allowed, in cells."""
        return self.config.max_length

    def between(self, low: int, high: int) -> int:
        """A whole number in low..high, all alike."""
        return int(self.rng.integers(low, high + 1))

    def scale(self, low: int, high: int) -> int:
        """A whole number in low..high, every order of magnitude alike."""
        return round(float(np.exp(self.rng.uniform(log(low), log(max(low, high))))))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.between(0, len(choices) - 1)]

    def order(self, weights: Mapping[T, float]) -> list[T]:
        """All keys in random order, the heavier the sooner."""
        keys, total = list(weights), sum(weights.values())
        shares = [weight / total for weight in weights.values()]
        drawn = self.rng.choice(len(keys), size=len(keys), replace=False, p=shares)
        return [keys[i] for i in drawn]

    def odds(self, weights: Mapping[T, float]) -> T:
        """One key, the heavier the likelier."""
        return self.order(weights)[0]

    def far(self) -> int:
        """A distance that keeps an eighth of the core on both sides."""
        eighth = self.config.core_size // 8
        return self.between(eighth, self.config.core_size - eighth)

    def below(self) -> int:
        """A short way down, past the start of the longest program: a stream from there lasts."""
        return -self.config.max_length - self.between(1, 1 + self.config.core_size // 16)

    def step(self, gap: int = 1) -> int:
        """A step that visits every ``gap``-th cell of the core before it repeats.

        ``gap`` must divide the core size and be less.
        """
        places = self.config.core_size // gap
        turns = self.between(1, places - 1)
        while gcd(turns, places) > 1:
            turns = self.between(1, places - 1)
        return gap * turns

    def hop(self, length: int) -> int:
        """A step on which programs of ``length`` cells do not overlap, over 2 places or many."""
        return self.step(self.pick(self._divisors(length) or [1]))

    def lattice(self, length: int, width: int = 1) -> Lattice:
        """A pattern for a program of ``length`` lines, with ``width`` adjacent cells at each point.

        Where the core size has no fitting divisor the pattern covers the whole core.
        """
        core = self.config.core_size
        gaps = [gap for gap in self._divisors(length + width) if gap < core // 4][:4]
        if not gaps:
            return Lattice(self.step(), length + self.between(0, core // 2), core)
        gap = min(self.pick(gaps), self.pick(gaps))
        first = length + self.between(0, gap - length - width)
        return Lattice(self.step(gap), first + gap * self.between(0, core // gap - 1), core // gap)

    def _divisors(self, least: int) -> list[int]:
        """Divisors of the core size from ``least`` up to half of it."""
        core = self.config.core_size
        return [gap for gap in range(least, core // 2 + 1) if core % gap == 0]

    def lines(self, lines: Iterable[str]) -> Program:
        """Assemble a list of lines that starts at the first."""
        return self.program("\n".join(lines))

    def program(self, text: str) -> Program:
        """Assemble a template; it may turn out longer than the rules allow."""
        core = self.config.core_size
        return Program.of(assemble(text, replace(self.config, max_length=core, min_distance=core)))
