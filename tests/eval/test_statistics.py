"""Intervals against the truth they claim to cover, quantiles against printed tables."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.battle import Battle, battle_batch
from coreenv.config import ruleset
from coreenv.placement import exact
from coreenv.redcode import assemble
from eval.protocol import offsets, stratified_placement
from eval.statistics import (
    Estimate,
    bootstrap,
    holm,
    paired_t,
    sampling_error,
    stratified,
    t_quantile,
    t_tail,
)

RESAMPLES = 1000


@pytest.mark.parametrize(
    ("p", "freedom", "printed"),
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.95, 5, 2.015),
        (0.975, 10, 2.228),
        (0.975, 20, 2.086),
        (0.995, 30, 2.750),
        (0.9, 120, 1.289),
        (0.975, math.inf, 1.960),
    ],
)
def test_quantiles_are_those_of_the_printed_table(p: float, freedom: float, printed: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(printed, abs=5e-4)


@given(st.floats(-30, 30), st.floats(0.7, 500))
def test_tails_add_up_and_quantiles_undo_them(t: float, freedom: float) -> None:
    assert t_tail(t, freedom) + t_tail(-t, freedom) == pytest.approx(1)
    if t_tail(abs(t), freedom) > 1e-12:
        found = t_quantile(1 - t_tail(abs(t), freedom), freedom)
        assert t_tail(found, freedom) == pytest.approx(t_tail(abs(t), freedom), abs=1e-12)


def test_a_textbook_paired_test() -> None:
    """Mean 2, variance 10/4: t = 2 / sqrt(2.5 / 5) = 2.8284 on 4 degrees of freedom."""
    estimate = paired_t([0, 1, 2, 3, 4])
    assert (estimate.mean, estimate.freedom) == (2, 4)
    assert estimate.error == pytest.approx(math.sqrt(0.5))
    low, high = estimate.interval()
    assert (low, high) == pytest.approx((2 - 2.776 * 0.70711, 2 + 2.776 * 0.70711), abs=1e-3)
    assert estimate.p_different == pytest.approx(2 * estimate.p_greater)
    assert estimate.p_different == pytest.approx(0.0474, abs=1e-4)
    assert paired_t([0, -1, -2, -3, -4]).p_greater == pytest.approx(1 - estimate.p_greater)


def test_without_chance_there_is_no_doubt() -> None:
    assert (Estimate(3, 0).interval(), Estimate(3, 0).p_different) == ((3, 3), 0)
    assert (Estimate(-3, 0).p_greater, Estimate(-3, 0).p_different) == (1, 0)
    assert Estimate(0, 0).p_different == 1
    rounded = stratified([[0.1, 0.1], [0.2, 0.2], [-0.3, -0.3]])
    assert rounded is not None
    assert rounded.mean > 0, "0.1 + 0.2 - 0.3"
    assert rounded.p_different == rounded.p_greater == 1


def test_strata_weigh_the_same_and_a_lone_value_has_no_spread() -> None:
    estimate = stratified([[0, 2], [10, 10, 10, 10]])
    assert estimate is not None
    assert (estimate.mean, estimate.error, estimate.freedom) == (5.5, 0.5, 1)
    assert stratified([[1], [2, 3]]) is None
    for bad in ([], [[1, 2], []]):
        with pytest.raises(ValueError, match="strata"):
            stratified(bad)
    for too_few in ([], [1.0]):
        with pytest.raises(ValueError, match="at least 2"):
            paired_t(too_few)


@pytest.mark.parametrize(("classes", "members"), [(10, 3), (10, 5), (1, 30), (4, 4)])
def test_opponent_intervals_cover_synthetic_populations(classes: int, members: int) -> None:
    """Classes whose members score from 0 to 300 in many shapes, skewed to either end or not."""
    random = np.random.default_rng(classes * 100 + members)
    shapes = random.uniform(1, 4, (classes, 2))
    truth = float(np.mean(300 * shapes[:, 0] / shapes.sum(axis=1)))
    covered = 0
    for _ in range(RESAMPLES):
        values = [(300 * random.beta(a, b, members)).tolist() for a, b in shapes]
        estimate = stratified(values)
        assert estimate is not None
        low, high = estimate.interval()
        covered += low <= truth <= high
    assert 0.93 <= covered / RESAMPLES <= 0.97


def test_ten_seeds_are_covered_by_t_and_less_by_the_bootstrap() -> None:
    random = np.random.default_rng(10)
    covered = {"t": 0, "bootstrap": 0}
    for seed in range(RESAMPLES):
        differences = random.normal(5, 20, 10).tolist()
        intervals = {
            "t": paired_t(differences).interval(),
            "bootstrap": bootstrap(differences, seed=seed, resamples=400),
        }
        for name, (low, high) in intervals.items():
            covered[name] += low <= 5 <= high
    assert 0.93 <= covered["t"] / RESAMPLES <= 0.97
    assert covered["bootstrap"] / RESAMPLES < 0.93


BOMBER = "add #{step}, 3\nmov 2, @2\njmp -2\ndat #0, #0"
FIELD = (
    "mov 0, 1",
    BOMBER.format(step=3044),
    BOMBER.format(step=2365),
    "spl 2\njmp -1\nmov -1, 0\njmp -1, <-20",
    "spl 1\nspl 1\nspl @0, >1800\nmov }-1, >-1\nmov }-2, >-2\njmz -2, *0",
)


@pytest.fixture(scope="module")
def all_placements() -> np.ndarray:
    """Points of a bomber against five others at every offset there is, shape (5, 7801).

    Short rounds, so that all of them are a matter of a second; the offsets are those of nop94.
    """
    config = replace(ruleset("nop94"), max_cycles=1000, max_processes=100)
    bomber, *others = (assemble(code, config) for code in (BOMBER.format(step=3039), *FIELD))
    duels = [Battle((bomber, other), config, exact(config)) for other in others]
    results = battle_batch(duels, threads=2, measures=False)
    return np.array([50 * r.points[:, 0].reshape(-1, 2).sum(axis=1) for r in results], float)


@pytest.mark.parametrize("rounds", [60, 250, 1000])
def test_placement_intervals_cover_the_exact_result(
    all_placements: np.ndarray, rounds: int
) -> None:
    config = ruleset("nop94")
    truth = float(all_placements.mean())
    random = np.random.default_rng(rounds)
    covered = 0
    for _ in range(RESAMPLES):
        samples = []
        for row in all_placements:
            drawn = random.integers(2**63, size=rounds // 2).tolist()
            places = stratified_placement(config, drawn).positions[::2, 1]
            samples.append(row[places - config.min_distance])
        errors = [sampling_error(sample.tolist(), offsets(config)) for sample in samples]
        low, high = Estimate(float(np.mean(samples)), math.hypot(*errors) / 5).interval()
        covered += low <= truth <= high
    assert 0.93 <= covered / RESAMPLES <= 0.97


def test_a_trend_is_hardly_an_error_and_a_census_has_none() -> None:
    assert sampling_error(list(range(100)), 10_000) < 0.1, "the trend alone has 2.9"
    assert sampling_error([0, 1, 0, 1], 4) == 0
    assert sampling_error([0, 1, 1, 1], 8) == pytest.approx((1 * 0.5) ** 0.5 / 4)
    assert sampling_error([0, 2, 0, 0, 3], 10) == pytest.approx(((4 + 3 * 3) * 0.5) ** 0.5 / 5)
    for series, population in (([1.0], 2), ([1.0, 2.0, 3.0], 2)):
        with pytest.raises(ValueError, match="sample"):
            sampling_error(series, population)


@pytest.mark.parametrize("n", [2, 3, 7, 10])
def test_the_sampling_variance_is_unbiased(n: int) -> None:
    """Against the variance of the means of many samples, where half the offsets are drawn."""
    nano = ruleset("nano")
    random = np.random.default_rng(n)
    population = random.normal(0, 1, offsets(nano)) + np.sin(np.arange(offsets(nano)) / 3)
    means, variances = [], []
    for _ in range(8000):
        numbers = random.integers(2**63, size=n).tolist()
        places = stratified_placement(nano, numbers).positions[::2, 1] - nano.min_distance
        means.append(population[places].mean())
        variances.append(sampling_error(population[places].tolist(), offsets(nano)) ** 2)
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.06)


def test_holm_on_a_worked_example() -> None:
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    assert holm(p_values) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(holm(p_values)) == list(p_values)
    assert holm({}) == {}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1, "b": 1}


def test_holm_keeps_the_family_error() -> None:
    """Ten true nulls: at least one of them is rejected in 5% of the families."""
    random = np.random.default_rng(3)
    families = [min(holm(dict(enumerate(random.random(10)))).values()) for _ in range(4000)]
    assert np.mean(np.array(families) <= 0.05) == pytest.approx(0.05, abs=0.012)


def test_a_one_sided_test_at_its_level() -> None:
    """What ranks are made of: 2.5% of the comparisons of equals find the first one better."""
    random = np.random.default_rng(25)
    found = sum(paired_t(random.normal(0, 30, 30).tolist()).p_greater <= 0.025 for _ in range(4000))
    assert found / 4000 == pytest.approx(0.025, abs=0.008)


def test_the_bootstrap_is_a_function_of_its_seed() -> None:
    ends = [bootstrap([1, 5.31, 9, 2.2], seed=seed, resamples=100) for seed in (1, 1, 2)]
    assert ends[0] == ends[1] != ends[2]
    assert all(1 <= low < high <= 9 for low, high in ends)


def test_p_values_and_intervals_agree() -> None:
    """0 lies outside the 95% interval exactly if p is below 0.05."""
    for mean, error, freedom in product((0.5, 1.9, 2.1, 4.0), (1.0,), (3.0, 12.5, math.inf)):
        estimate = Estimate(mean, error, freedom)
        assert (estimate.interval()[0] > 0) == (estimate.p_different < 0.05)
