"""Quality-diversity figures on a scale that different searches share."""

from collections.abc import Sequence

from coreenv.config import CoreConfig
from coreenv.hill import Hill
from coreenv.measures import evaluate
from coreenv.seeds import Domain, position_seed
from eval.archive import Archive, Elite


def common_archive(
    elites: Sequence[Elite], hill: Hill, config: CoreConfig, *, seed: int, threads: int = 1
) -> Archive[Elite]:
    """Measure elites anew under equal conditions, and sort them into an empty archive.

    Raw fitness grows with the number of warriors in the core, and a node of an ensemble meets
    more champions than a lone one, so raw QD-scores of different searches are on different
    scales. Here every elite fights alone with the hill's common opponents, at 20 placements
    that no search has seen.

    Args:
        elites: all nodes' final elites; of equal warriors the first is measured.
        hill: names the common opponents.
        config: the rules of the search.
        seed: seed of the run; its domain is the re-score's own.
        threads: how many elites are measured at once; the result does not depend on it.
    """
    distinct = list({elite.warrior.id: elite for elite in reversed(elites)}.values())[::-1]
    evaluations = evaluate(
        [elite.warrior for elite in distinct],
        hill.warriors(hill.common_opponents),
        config,
        seed=position_seed(seed, Domain.COMMON),
        threads=threads,
    )
    return Archive(e.rescored(new) for e, new in zip(distinct, evaluations, strict=True))
