"""Estimates with their errors: over opponents, over placements, over seeds of runs.

No sampling of samples stands behind any figure but `bootstrap`: an interval is a closed form, so
the same rounds always give the same interval.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, fmean, variance
from typing import Final, TypeVar

import numpy as np

CONFIDENCE: Final = 0.95
"""What every interval covers unless told otherwise."""

_ROUNDING: Final = 1e-9
"""Means and errors below are what rounding leaves of 0."""

Interval = tuple[float, float]
"""Lower and upper end."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, and how far it may be off.

    Attributes:
        mean: the estimate.
        error: its standard error, 0 if nothing was left to chance.
        freedom: degrees of freedom of that error, infinite for a normal one.
    """

    mean: float
    error: float
    freedom: float = math.inf

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """The central interval that covers the truth with a probability of ``confidence``."""
        reach = self.error * t_quantile(0.5 + confidence / 2, self.freedom)
        return self.mean - reach, self.mean + reach

    @property
    def p_greater(self) -> float:
        """One-sided p-value of a mean above 0: small if it is surely above."""
        if self.error < _ROUNDING:
            return 0.0 if self.mean > _ROUNDING else 1.0
        return t_tail(self.mean / self.error, self.freedom)

    @property
    def p_different(self) -> float:
        """Two-sided p-value of a mean other than 0."""
        if self.error < _ROUNDING:
            return 0.0 if abs(self.mean) > _ROUNDING else 1.0
        return 2 * t_tail(abs(self.mean) / self.error, self.freedom)


def stratified(strata: Iterable[Sequence[float]]) -> Estimate | None:
    """The mean of the strata's means, every stratum a sample from a large population of its own.

    Each stratum's variance is estimated with n/(n-1), and the degrees of freedom are Welch's and
    Satterthwaite's, so that strata may spread unequally.

    Returns:
        None if a stratum has a single value: its spread is unknown.

    Raises:
        ValueError: no strata, or an empty one.
    """
    strata = list(strata)
    if not strata or not all(strata):
        raise ValueError(f"{len(strata)} strata; every one needs a value, and there must be one")
    if any(len(values) == 1 for values in strata):
        return None
    mean = fmean(fmean(values) for values in strata)
    parts = [variance(values) / len(values) / len(strata) ** 2 for values in strata]
    total = math.fsum(parts)
    if total == 0:
        return Estimate(mean, 0.0)
    spread = math.fsum(p * p / (len(values) - 1) for p, values in zip(parts, strata, strict=True))
    return Estimate(mean, math.sqrt(total), total * total / spread)


def paired_t(differences: Sequence[float]) -> Estimate:
    """The mean of paired differences, such as those of two conditions over seeds of runs.

    Raises:
        ValueError: fewer than two differences.
    """
    estimate = stratified([differences]) if differences else None
    if estimate is None:
        raise ValueError(f"{len(differences)} differences; a paired test needs at least 2")
    return estimate


def bootstrap(differences: Sequence[float], *, seed: int, resamples: int = 10_000) -> Interval:
    """The percentile bootstrap interval of the mean: too short for few differences (10 give some
    91% for 95%), to be shown beside `paired_t`.

    Args:
        differences: at least one.
        seed: of the resamples.
        resamples: how many.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.choice(np.asarray(differences, float), (resamples, len(differences)))
    low, high = np.quantile(drawn.mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def sampling_error(series: Sequence[float], population: int) -> float:
    """Standard error of the mean of a sample that takes two elements from each equal stretch of a
    population, without replacement.

    The variance is that within the stretches, with the finite-population correction.

    Args:
        series: the sample, stretch by stretch; where its length is odd, the last one has three.
        population: how many elements there are; as many as in the series leave no error.

    Raises:
        ValueError: a single element of several, or more elements than there are.
    """
    n = len(series)
    if n > population:
        raise ValueError(f"a sample of {n} from a population of {population}")
    if n == population:
        return 0.0
    if n < 2:
        raise ValueError(f"a sample of {n}; an error needs at least 2")
    values = np.asarray(series, float)
    pairs = values[: n - 3 * (n % 2)].reshape(-1, 2)
    spread = float(np.square(pairs[:, 0] - pairs[:, 1]).sum())
    if n % 2:
        spread += 3 * float(values[-3:].var(ddof=1))
    return math.sqrt(spread * (1 - n / population)) / n


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """Holm's adjusted p-values: all those at most 0.05 hold together with 95% confidence."""
    adjusted, floor = {}, 0.0
    for rank, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[key]))
        adjusted[key] = floor
    return {key: adjusted[key] for key in p_values}


def t_tail(t: float, freedom: float) -> float:
    """Probability that Student's t is greater than ``t``; the normal one for infinite freedom."""
    if freedom == math.inf:
        return NormalDist().cdf(-t)
    square = t * t
    tail = _beta(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square)) / 2
    return tail if t >= 0 else 1 - tail


@cache
def t_quantile(p: float, freedom: float) -> float:
    """The t that Student's t exceeds with probability 1 - ``p``.

    Raises:
        ValueError: p outside 0.5..1 (excluded).
    """
    if not 0.5 <= p < 1:
        raise ValueError(f"p is {p}; it must lie in 0.5..1")
    if freedom == math.inf:
        return NormalDist().inv_cdf(p)
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > 1 - p:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > 1 - p else (low, middle)
    return (low + high) / 2


def _beta(a: float, b: float, x: float, y: float) -> float:
    """The regularised incomplete beta function, for 0 < x <= 1 and y = 1 - x, exact when small."""
    if y == 0:
        return 1.0
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log + a * math.log(x) + b * math.log(y))
    if x < (a + 1) / (a + b + 2):
        return front / a * _beta_fraction(a, b, x)
    return 1 - front / b * _beta_fraction(b, a, y)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Its continued fraction, summed from the front by Lentz's method."""
    numerator, denominator = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            denominator = 1 / (1 + term * denominator)
            numerator = 1 + term / numerator
            value *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-15:
            break
    return value
