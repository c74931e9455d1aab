"""Where randomness comes from: one seed per run, split by domain and key.

Every random choice is drawn from a generator named by what it is for, such as (run seed,
`Domain.CALL`, node, round, call). So neither order nor thread count changes a result, and no
two purposes ever share a stream.
"""

from enum import IntEnum

import numpy as np


class Domain(IntEnum):
    """What a random stream is for. Values are part of recorded results and never change."""

    CALL = 1  # a mutation policy's choices; key: node, round, call
    PLACEMENT = 2  # battles of a search round; key: node, round
    CHAMPION = 3  # battles that re-score a round's champion; key: node, round
    COMMON = 4  # battles of the common re-score; key: unit
    EVALUATION = 5  # battles against a hill; key: opponent
    CORRECTED = 6  # battles that re-score final elites; key: node, round
    GOSSIP = 7  # whom a node listens to; key: node, round


def generator(seed: int, domain: Domain, *key: int) -> np.random.Generator:
    """The generator of one purpose. ``seed`` and every part of ``key`` are at least 0."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, domain, *key])))


def position_seed(seed: int, domain: Domain, *key: int) -> int:
    """A seed in 1..2**31-2 for pMARS's position generator, drawn from the same streams."""
    return int(generator(seed, domain, *key).integers(1, 2**31 - 1))
