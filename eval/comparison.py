"""Who is better: paired differences between warriors that met the same opponents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from eval.generality import Generality, PairScore, balanced_error, by_class
from eval.statistics import Estimate, holm, sampling_error, stratified


@dataclass(frozen=True, slots=True)
class Comparison:
    """The headline of one warrior less that of another, in KOTH points.

    Attributes:
        first, second: the scores.
        opponents: the difference, to be told from what all opponents of these classes would
            give; None where a class has one member only.
        placement: the difference, to be told from what all placements would give against these.
    """

    first: Generality
    second: Generality
    opponents: Estimate | None
    placement: Estimate

    @property
    def points(self) -> float:
        """The difference itself, -300..300."""
        return self.placement.mean


def compare(first: Generality, second: Generality) -> Comparison:
    """Pair two scores opponent by opponent, and placement by placement.

    Raises:
        ValueError: the scores are not of the same opponents at the same placements.
    """
    for key in ("hill_hash", "split", "protocol", "made_by"):
        a, b = getattr(first, key), getattr(second, key)
        if a != b:
            raise ValueError(
                f"{key} of {first.name} is {a}, of {second.name} {b}: score both the same way"
            )
    pairs = list(zip(first.pairs, second.pairs, strict=True))
    differences = [a.points - b.points for a, b in pairs]
    error = balanced_error(first.pairs, [_placement_error(a, b) for a, b in pairs])
    return Comparison(
        first=first,
        second=second,
        opponents=stratified(by_class(first.pairs, differences).values()),
        placement=Estimate(first.points - second.points, error),
    )


def compare_all(scores: Sequence[Generality]) -> list[Comparison]:
    """Every score with every later one."""
    return [compare(a, b) for a, b in combinations(scores, 2)]


def adjusted(comparisons: Sequence[Comparison]) -> list[float | None]:
    """Two-sided p-values over opponents, adjusted by Holm for their number; None where a
    comparison has none."""
    known = {i: c.opponents.p_different for i, c in enumerate(comparisons) if c.opponents}
    p_values = holm(known)
    return [p_values.get(i) for i in range(len(comparisons))]


def _placement_error(a: PairScore, b: PairScore) -> float:
    """Of the difference at equal placements: what both have in common leaves no error."""
    if a.sample is None or b.sample is None:
        return 0.0
    steps = [x - y for x, y in zip(a.sample.points, b.sample.points, strict=True)]
    return sampling_error(steps, a.sample.offsets)
