"""Quality-diversity figures, and a scale for them that different searches share."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from coreenv.config import CoreConfig
from coreenv.hill import Hill
from coreenv.measures import evaluate
from coreenv.seeds import Domain, position_seed
from eval.archive import Archive, E, Elite


def common_elites(
    elites: Sequence[Elite], hill: Hill, config: CoreConfig, *, seed: int, threads: int = 1
) -> list[Elite]:
    """Measure elites anew under equal conditions.

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

    Returns:
        The distinct elites, in their order, as they were measured here.
    """
    distinct = list({elite.warrior.id: elite for elite in reversed(elites)}.values())[::-1]
    evaluations = evaluate(
        [elite.warrior for elite in distinct],
        hill.warriors(hill.common_opponents),
        config,
        seed=position_seed(seed, Domain.COMMON),
        threads=threads,
    )
    return [e.rescored(new) for e, new in zip(distinct, evaluations, strict=True)]


def common_archive(
    elites: Sequence[Elite], hill: Hill, config: CoreConfig, *, seed: int, threads: int = 1
) -> Archive[Elite]:
    """`common_elites`, sorted into an empty archive."""
    return Archive(common_elites(elites, hill, config, seed=seed, threads=threads))


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArchiveFigures(_Model):
    """An archive in figures.

    Attributes:
        qd_score: sum of the elites' fitness [S].
        coverage: occupied share of the 36 cells, 0..1 [I].
        maximum: fitness of the fittest elite; 0 if there is none.
        profile: fitness of all elites, falling. For a fitness f, the number of entries of at
            least f is the archive profile, the complementary cumulative distribution over cells;
            the area below it is the QD-score.
    """

    qd_score: float
    coverage: float
    maximum: float
    profile: tuple[float, ...]

    @property
    def cells(self) -> int:
        """Occupied cells."""
        return len(self.profile)

    @classmethod
    def of(cls, archive: Archive[E]) -> "ArchiveFigures":
        profile = tuple(sorted((elite.fitness for elite in archive), reverse=True))
        return cls(
            qd_score=archive.qd_score,
            coverage=archive.coverage,
            maximum=max(profile, default=0.0),
            profile=profile,
        )

    def reached(self, fitness: float) -> int:
        """The archive profile: how many cells hold an elite of at least this fitness."""
        return sum(elite >= fitness for elite in self.profile)


class Loss(_Model):
    """What an archive claims beyond what is left of it on fresh placements.

    Attributes:
        qd_score, coverage, maximum: claimed less corrected, in the units of `ArchiveFigures`;
            below 0 where fresh placements were kinder.
        qd_share: of the claimed QD-score that is lost; 0 if nothing was claimed.
    """

    qd_score: float
    coverage: float
    maximum: float
    qd_share: float

    @classmethod
    def between(cls, claimed: ArchiveFigures, corrected: ArchiveFigures) -> "Loss":
        lost = claimed.qd_score - corrected.qd_score
        return cls(
            qd_score=lost,
            coverage=claimed.coverage - corrected.coverage,
            maximum=claimed.maximum - corrected.maximum,
            qd_share=lost / claimed.qd_score if claimed.qd_score else 0.0,
        )
