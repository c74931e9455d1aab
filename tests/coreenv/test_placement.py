"""Placement schemes beyond the recorded positions of test_machine_golden."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv import placement
from coreenv.config import CoreConfig, ruleset
from coreenv.placement import SEED_LIMIT, Placement

NANO = ruleset("nano")


@st.composite
def crowded(draw: st.DrawFn) -> tuple[CoreConfig, int]:
    """A configuration, and a number of warriors for which it has room."""
    warriors = draw(st.integers(1, 12))
    distance = draw(st.integers(1, 30))
    core = draw(st.integers(max(2, warriors * distance), warriors * distance + 200))
    return CoreConfig(core_size=core, max_length=1, min_distance=distance), warriors


@given(crowded(), st.integers(0, SEED_LIMIT - 1), st.integers(0, 8))
def test_pmars_keeps_the_distance_round_the_core(
    case: tuple[CoreConfig, int], seed: int, rounds: int
) -> None:
    config, warriors = case
    places = placement.pmars(config, warriors, rounds, seed)
    assert places.positions.shape == (rounds, warriors)
    assert places.first.tolist() == [r % warriors for r in range(rounds)]
    for row in places.positions.tolist():
        assert row[0] == 0
        ring = sorted(row)
        gaps = [b - a for a, b in zip(ring, [*ring[1:], config.core_size], strict=True)]
        assert min(gaps) >= config.min_distance


@given(crowded(), st.integers(0, 5))
def test_drq_draws_in_warrior_order(case: tuple[CoreConfig, int], rounds: int) -> None:
    config, warriors = case
    lengths = [1 + i % 3 for i in range(warriors)]
    places = placement.drq(config, lengths, rounds)
    share = config.core_size // warriors
    for k, row in enumerate(places.positions.tolist()):
        generator = random.Random(k)
        slack = [max(0, share - length - config.min_distance) for length in lengths]
        assert row == [i * share + generator.randint(0, s) for i, s in enumerate(slack)]
    assert not places.first.any()


def test_exact_has_every_duel_once() -> None:
    places = placement.exact(NANO)
    assert places.rounds == 2 * (80 - 2 * 5 + 1)
    seen = set(zip(places.positions[:, 1].tolist(), places.first.tolist(), strict=True))
    assert seen == {(position, first) for position in range(5, 76) for first in (0, 1)}


def test_exact_order_draws_every_duel_before_it_repeats_one() -> None:
    full = placement.exact(NANO).rounds
    places = placement.exact_order(NANO, 2 * full, seed=7)
    for part in (slice(0, full), slice(full, None)):
        duels = zip(places.positions[part, 1].tolist(), places.first[part].tolist(), strict=True)
        assert len(set(duels)) == full


@pytest.mark.parametrize(
    "place",
    [
        lambda config: placement.pmars(config, 17, 1, 0),
        lambda config: placement.drq(config, [5] * 17, 1),
    ],
)
def test_too_many_warriors_name_what_they_need(place) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"17 warriors at min_distance 5 need 85.*core_size is 80"):
        place(NANO)


@pytest.mark.parametrize("seed", [-1, SEED_LIMIT])
def test_a_seed_outside_its_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=rf"seed is {seed}; it must lie in 0\.\."):
        placement.pmars(NANO, 2, 1, seed)
    with pytest.raises(ValueError, match=rf"seed is {seed}; it must lie in 0\.\."):
        placement.exact_order(NANO, 1, seed)


def test_a_position_number_below_the_distance_is_refused() -> None:
    assert placement.seed_of_number(NANO, 5) == 0
    with pytest.raises(ValueError, match=r"position number is 4; .* min_distance 5"):
        placement.seed_of_number(NANO, 4)


def test_placements_are_read_only_values() -> None:
    places = placement.pmars(NANO, 2, 3, 1)
    same = placement.pmars(NANO, 2, 3, 1)
    assert places == same
    assert hash(places) == hash(same)
    assert places != placement.pmars(NANO, 2, 3, 2)
    with pytest.raises(ValueError, match="read-only"):
        places.positions[0, 0] = 1


@pytest.mark.parametrize(
    ("positions", "first", "message"),
    [
        ([0, 5], [0], "positions has 1 dimensions"),
        ([[0, 5]], [0, 1], "first has 2 entries"),
        ([[0, 5]], [2], r"outside 0\.\.1"),
        ([[0, 5]], [-1], r"outside 0\.\.1"),
    ],
)
def test_a_placement_that_does_not_fit_is_refused(
    positions: list[list[int]], first: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Placement(np.array(positions), np.array(first))
