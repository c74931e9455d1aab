"""What a comparison of conditions came to: every figure, and every paired difference."""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from eval.statistics import Interval, bootstrap, paired_t
from eval.trial import Condition, CurvePoint

RESAMPLES_SEED: Final = 1
"""Of the bootstrap intervals."""


class Question(NamedTuple):
    """What a difference is the answer to.

    Attributes:
        asks: in words.
        first, second: the conditions.
        by_model: also asked of every model.
    """

    asks: str
    first: Condition
    second: Condition
    by_model: bool


QUESTIONS: Final[dict[str, Question]] = {
    "heterogeneity": Question(
        "Do different models do better than copies of one?", "heterogeneous", "homogeneous", True
    ),
    "ensemble": Question(
        "Does the ensemble do better than one node with all the calls?",
        "heterogeneous",
        "solo",
        True,
    ),
    "nodes": Question(
        "Do several nodes of a model do better than one with all the calls?",
        "homogeneous",
        "solo",
        True,
    ),
    "exchange": Question("Does the exchange help?", "heterogeneous", "no_exchange", True),
    "ring": Question(
        "Is it better to hear all peers than one, always the same?", "heterogeneous", "ring", True
    ),
    "gossip": Question(
        "Is it better to hear all peers than a few, drawn anew every round?",
        "heterogeneous",
        "gossip",
        True,
    ),
    "archive": Question("Does keeping an archive help?", "random_search", "best_of_n", False),
    "mutation": Question(
        "Does mutating elites do better than writing anew?", "heterogeneous", "random_search", False
    ),
    "search": Question(
        "Does the search do better than the best of as many attempts?",
        "heterogeneous",
        "best_of_n",
        False,
    ),
}
"""By key in JSON."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Setup(_Model):
    """What all runs of a comparison have in common.

    Attributes:
        name: of the comparison.
        models: the label of every model, in order; no two are the same.
        rounds: of every run.
        calls: of a whole run.
        n_init: new warriors at the start of a round, of every node.
        p_new: chance that a later call asks for a new warrior.
        placements: battles an evaluation.
        last_k: most champions among the opponents.
        initial_opponents: the other opponents.
        exchange: ``async``, ``lockstep`` or ``none``.
        topology: of the conditions that are not called like one: ``all``, ``ring`` or ``gossip``.
        fanout: peers that a node hears in a round of gossip; None where nobody gossips.
        core: the rules.
        seeds: those that were asked for.
        conditions: likewise.
    """

    name: str
    models: tuple[str, ...]
    rounds: int
    calls: int
    n_init: int
    p_new: float
    placements: int
    last_k: int
    initial_opponents: tuple[str, ...]
    exchange: str
    topology: Literal["all", "ring", "gossip"] = "all"
    fanout: int | None = None
    core: dict[str, int | str]
    seeds: tuple[int, ...]
    conditions: tuple[Condition, ...]


class Estimated(_Model):
    """The mean over seeds of a figure, or of a paired difference.

    Attributes:
        seeds: how many.
        mean: over them.
        t: 95% interval by Student's t; None for a single seed.
        bootstrap: 95% percentile bootstrap interval, too short for few seeds; None likewise.
        effect: mean over standard deviation, of differences Cohen's d_z; None if nothing varies.
    """

    seeds: int
    mean: float
    t: Interval | None
    bootstrap: Interval | None
    effect: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimated":
        if len(values) < 2:
            return cls(seeds=1, mean=values[0], t=None, bootstrap=None, effect=None)
        spread = stdev(values)
        return cls(
            seeds=len(values),
            mean=fmean(values),
            t=paired_t(values).interval(),
            bootstrap=bootstrap(values, seed=RESAMPLES_SEED),
            effect=fmean(values) / spread if spread else None,
        )

    @property
    def sign(self) -> int:
        """1 or -1 if the whole interval lies above or below 0, else 0."""
        if self.t is None:
            return 0
        return (self.t[0] > 0) - (self.t[1] < 0)


class Side(_Model):
    """A condition, or its part that belongs to one model.

    Attributes:
        condition: which.
        member: index of the model: the runs of it alone, or in runs of all models its node; None
            for the whole, which is the mean over the models where each is run alone.
    """

    condition: Condition
    member: int | None = None


class Row(_Model):
    """A side's figures by measure; a measure that does not apply is left out."""

    side: Side
    figures: dict[str, Estimated]


class Difference(_Model):
    """One side less another, seed by seed.

    Attributes:
        question: key of `QUESTIONS`.
        figures: by measure; one that either side lacks is left out.
    """

    question: str
    first: Side
    second: Side
    figures: dict[str, Estimated]


class MeanCurve(_Model):
    """A condition's curves, the mean over its runs; see `Trial`."""

    condition: Condition
    raw: tuple[CurvePoint, ...]
    common: tuple[CurvePoint, ...]


class MeanArchive(_Model):
    """A condition's re-scored archives, the mean over its runs, row by row of the grid.

    Attributes:
        fitness: mean fitness in a cell; a run that leaves it empty counts as 0.
        occupied: share of the runs that fill it.
    """

    condition: Condition
    fitness: tuple[tuple[float, ...], ...]
    occupied: tuple[tuple[float, ...], ...]


class ComparisonReport(_Model):
    """The whole comparison. It depends on nothing but the trials.

    Attributes:
        made_by: what measured the trials, hill and protocol included.
        setup: what they have in common.
        finished: how many runs there are of how many.
        rows: every condition, and every model in it.
        differences: the questions of the comparison.
        curves, archives: by condition.
    """

    schema_version: Literal["corewar-dei/comparison/1"] = "corewar-dei/comparison/1"
    made_by: str
    setup: Setup
    finished: tuple[int, int]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    curves: tuple[MeanCurve, ...]
    archives: tuple[MeanArchive, ...]

    def row(self, condition: Condition, member: int | None = None) -> dict[str, Estimated]:
        """The figures of a side, empty if it was not run."""
        side = Side(condition=condition, member=member)
        return next((row.figures for row in self.rows if row.side == side), {})
