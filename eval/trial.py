"""One run of a comparison: a condition with one seed, measured, as a small JSON file."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from coreenv.measures import Cell
from eval.archive import EliteRecord
from eval.generality import Generality

Condition = Literal[
    "solo",
    "homogeneous",
    "heterogeneous",
    "no_exchange",
    "random_search",
    "best_of_n",
    "ring",
    "gossip",
]

CONDITIONS: Final[dict[Condition, str]] = {
    "solo": "one node with all the calls, once for each model",
    "homogeneous": "as many nodes as there are models, all of one model, once for each model",
    "heterogeneous": "a node for each model",
    "no_exchange": "heterogeneous, but no node hears of another",
    "random_search": "heterogeneous, but every call asks for a new warrior",
    "best_of_n": "the same calls as random search, of which only the fittest warrior is kept",
    "ring": "heterogeneous, but a node hears only the one before it in the order of the models",
    "gossip": "heterogeneous, but a node hears only some peers, drawn anew every round",
}
"""What is compared, at the same number of calls; the first three are the paper's [S]."""

TOPOLOGIES: Final[tuple[Condition, ...]] = ("ring", "gossip")
"""Conditions that are called like the topology of their exchange; they run only if asked for."""

BY_MODEL: Final[frozenset[Condition]] = frozenset({"solo", "homogeneous"})
"""Conditions that are run once for each model."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(_Model):
    """A champion against the held-out split.

    Attributes:
        points: KOTH points, 0..300, every class weighing the same.
        win_rate: share of opponents beaten, 0..1: DEI's generality [S].
        defeat_or_tie: share of opponents not lost to, 0..1: DRQ's generality [S].
    """

    points: float
    win_rate: float
    defeat_or_tie: float

    @classmethod
    def of(cls, result: Generality) -> "Score":
        return cls(
            points=round(result.points, 3),
            win_rate=round(result.win_rate, 6),
            defeat_or_tie=round(result.defeat_or_tie, 6),
        )


class TrialNode(_Model):
    """One node of a run.

    Attributes:
        model: index of its model in the comparison.
        calls: of its model.
        received: champions of peers that it took in.
        fills: how many of them filled a cell that was empty here.
        champions: the held-out score of every champion it published, round by round.
    """

    model: int
    calls: int
    received: int
    fills: int
    champions: tuple[Score, ...]

    @property
    def novelty(self) -> float | None:
        """Niche novelty, 0..1 [S]; None if it received nothing."""
        return self.fills / self.received if self.received else None


class CurvePoint(_Model):
    """The nodes' archives together, after so many calls of the whole run.

    They start afresh every round; the last point of a round has those it ends with.
    """

    round: int
    calls: int
    qd_score: float
    coverage: float


class CellFitness(_Model):
    """A cell of an archive and the fitness of its elite."""

    cell: Cell
    fitness: float


class TrialRun(_Model):
    """Which run a trial is, and where it was measured.

    Attributes:
        condition: what it is an example of.
        member: index of the only model; None for a condition that has them all.
        seed: of the run; runs of one seed are compared with one another.
        digest: SHA-256 of all settings that the result depends on.
        finished: UTC date of the last event of the search, such as 2026-11-24.
        machine: on which it was measured.
    """

    condition: Condition
    member: int | None
    seed: int
    digest: str
    finished: str
    machine: str


class Trial(_Model):
    """What a run came to. The last two entries of ``run`` aside, it can be had again to the byte,
    unless language models or the order of arrivals came into it.

    Attributes:
        made_by: what measured it, hill and protocol included.
        run: which one it is.
        calls: over all nodes.
        qd_score_raw, coverage_raw: of the archive merged by claimed fitness [S].
        qd_score_common, coverage_common: after the common re-score.
        archive: the cells of the re-scored archive.
        champion: the fittest warrior of the re-scored archive; None if there is none.
        score: of the champion.
        nodes: every node; none for `best_of_n`.
        curve_raw: merged by claimed fitness, some points a round.
        curve_common: after the common re-score, one point a round.
    """

    schema_version: Literal["corewar-dei/trial/1"] = "corewar-dei/trial/1"
    made_by: str
    run: TrialRun
    calls: int
    qd_score_raw: float
    coverage_raw: float
    qd_score_common: float
    coverage_common: float
    archive: tuple[CellFitness, ...]
    champion: EliteRecord | None
    score: Score | None
    nodes: tuple[TrialNode, ...]
    curve_raw: tuple[CurvePoint, ...]
    curve_common: tuple[CurvePoint, ...]
