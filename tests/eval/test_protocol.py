"""Placements of the evaluation."""

import numpy as np
import pytest

from coreenv.config import ruleset
from eval.protocol import QUICK, Protocol


@pytest.mark.parametrize("name", ["nop94", "tiny"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_offsets_are_distinct_stratified_and_fought_both_ways(name: str, seed: int) -> None:
    config = ruleset(name)
    placement = QUICK.placement(config, seed, 3)
    assert placement.positions.shape == (60, 2)
    assert not placement.positions[:, 0].any()
    for first in (0, 1):
        offsets = placement.positions[placement.first == first, 1]
        assert len(np.unique(offsets)) == 30
        span = config.core_size + 1 - 2 * config.min_distance
        strata = (offsets - config.min_distance) * 30 // span
        assert np.all(np.abs(strata - np.arange(30)) <= 1)
        assert offsets.min() >= config.min_distance
        assert offsets.max() <= config.core_size - config.min_distance
    assert set(placement.positions[placement.first == 0, 1]) == set(
        placement.positions[placement.first == 1, 1]
    )


def test_a_small_core_is_fought_out_completely() -> None:
    placement = Protocol("standard", 250).placement(ruleset("nano"), 7, 0)
    assert placement.positions.shape == (142, 2)


def test_opponents_and_seeds_have_offsets_of_their_own() -> None:
    config = ruleset("nop94")
    offsets = {
        QUICK.placement(config, seed, opponent).positions.tobytes()
        for seed in (0, 1)
        for opponent in (0, 1)
    }
    assert len(offsets) == 4
    assert (
        QUICK.placement(config, 1, 1).positions.tobytes()
        == QUICK.placement(config, 1, 1).positions.tobytes()
    )
