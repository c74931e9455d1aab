"""Placements of the evaluation."""

import hashlib
import secrets
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.hill import Hill
from coreenv.placement import exact
from eval.protocol import (
    QUICK,
    ROUNDS,
    SEASON_0,
    Profile,
    Protocol,
    Season,
    digest,
    offsets,
    stratified_placement,
)

NOP94 = ruleset("nop94")


@pytest.mark.parametrize("profile", ["quick", "standard", "certify"])
def test_offsets_are_distinct_stratified_and_fought_both_ways(
    simple: Hill, profile: Profile
) -> None:
    rounds = ROUNDS[profile]
    assert rounds is not None
    placement = Protocol(profile).placement(NOP94, simple, simple.members[0].id)
    assert placement.positions.shape == (rounds, 2)
    assert not placement.positions[:, 0].any()
    mine, yours = (placement.positions[placement.first == first, 1] for first in (0, 1))
    assert np.array_equal(mine, yours)
    assert np.all(np.diff(mine) > 0)
    assert NOP94.min_distance <= mine.min()
    assert mine.max() <= NOP94.core_size - NOP94.min_distance
    for pair in range(len(mine) // 2 - 1):
        stretch = mine[2 * pair : 2 * pair + 2] - NOP94.min_distance
        low, high = (offsets(NOP94) * end // len(mine) for end in (2 * pair, 2 * pair + 2))
        assert low <= stretch.min() < stretch.max() < high


@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=142 // 2))
def test_any_numbers_give_allowed_and_distinct_offsets(numbers: list[int]) -> None:
    nano = ruleset("nano")
    places = stratified_placement(nano, numbers).positions[::2, 1]
    assert set(places.tolist()) <= set(exact(nano).positions[:, 1].tolist())
    assert len(set(places.tolist())) == len(numbers)
    assert sorted(places.tolist()) == places.tolist()


def test_every_offset_of_a_stretch_is_as_likely() -> None:
    """Nano has 71 offsets; three of them are drawn from one stretch."""
    nano = ruleset("nano")
    random = np.random.default_rng(4)
    drawn = Counter[int]()
    for _ in range(20_000):
        numbers = random.integers(2**63, size=3).tolist()
        drawn.update(stratified_placement(nano, numbers).positions[::2, 1].tolist())
    assert set(drawn) == set(range(5, 76))
    assert max(drawn.values()) < 20_000 * 3 / 71 * 1.15
    assert min(drawn.values()) > 20_000 * 3 / 71 * 0.85


@pytest.mark.parametrize(
    ("profile", "rules", "rounds"),
    [
        ("quick", "nano", 142),
        ("quick", "tiny", 1522),
        ("certify", "tiny", 1522),
        ("exact", "nop94", 15602),
    ],
)
def test_small_cores_and_exact_profiles_are_fought_out(
    simple: Hill, profile: Profile, rules: str, rounds: int
) -> None:
    config = ruleset(rules)
    placement = Protocol(profile).placement(config, simple, "0" * 64)
    assert placement.rounds == rounds
    assert placement == exact(config)


def test_profile_season_hill_and_opponent_have_placements_of_their_own(simple: Hill) -> None:
    other = Season(1, b"sixteen bytes or more")
    grown = replace(simple, members=simple.members[:-2] + simple.members[-1:])
    one, two = (member.id for member in simple.members[:2])
    placements = {
        digest([protocol.placement(NOP94, hill, opponent)])
        for protocol in (QUICK, Protocol("quick", other), Protocol("standard"))
        for hill in (simple, grown)
        for opponent in (one, two)
    }
    assert len(placements) == 3 * 2 * 2


def test_season_0_never_changes() -> None:
    """Scores that people have published depend on these numbers."""
    assert SEASON_0.commitment.startswith("ac66882fed12eadf")
    assert SEASON_0.numbers("placement", 2) == [7436536601674137372, 16110596336429010487]
    places = stratified_placement(NOP94, SEASON_0.numbers("placement", 30))
    assert digest([places]).startswith("08f1489780d8c130")


def test_a_season_is_committed_to_and_revealed() -> None:
    secret = secrets.token_bytes(32)
    season = Season(3, secret)
    assert season.commitment == hashlib.sha256(b"season 3\n" + secret).hexdigest()
    assert season.commitment != Season(4, secret).commitment
    assert secret.hex() not in repr(season)
    assert repr(secret) not in repr(Protocol("quick", season))


@pytest.mark.parametrize(
    ("make", "culprit"),
    [
        (lambda: Season(-1, bytes(32)), "-1"),
        (lambda: Season(1, b"short"), "5 bytes"),
        (lambda: Protocol("sloppy"), "sloppy"),  # type: ignore[arg-type]
    ],
)
def test_bad_values_are_named(make: object, culprit: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=culprit):
        make()
