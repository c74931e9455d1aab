"""How two warriors are compared: how many rounds, at which placements."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from coreenv.config import CoreConfig
from coreenv.placement import Placement, exact
from coreenv.seeds import Domain, generator


@dataclass(frozen=True, slots=True)
class Protocol:
    """A profile of the evaluation.

    Attributes:
        name: what results call it.
        rounds: rounds a pair, even: every offset is fought with both warriors moving first.
    """

    name: str
    rounds: int

    def placement(self, config: CoreConfig, seed: int, opponent: int) -> Placement:
        """Placements of a duel, shape (rounds, 2), the warrior under test at address 0.

        Offsets are drawn without replacement, one from each of ``rounds / 2`` equal strata of
        the allowed range. A core with fewer distinct duels than ``rounds`` gets all of them.

        Args:
            config: core size and distance.
            seed: seed of the evaluation.
            opponent: number of the opponent in its split; each has its own offsets.
        """
        offsets = config.core_size + 1 - 2 * config.min_distance
        strata = self.rounds // 2
        if strata >= offsets:
            return exact(config)
        bounds = np.arange(strata + 1) * offsets // strata
        drawn = generator(seed, Domain.EVALUATION, opponent).integers(bounds[:-1], bounds[1:])
        positions = np.zeros((2 * strata, 2), dtype=np.int32)
        positions[:, 1] = config.min_distance + np.repeat(drawn, 2)
        return Placement(positions, np.tile(np.array([0, 1], dtype=np.int32), strata))


QUICK: Final = Protocol("quick", 60)
"""Good enough to watch a search: the standard error of a pair is some 14 of 300 points."""
