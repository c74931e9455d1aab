"""The figures by which conditions are compared."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from eval.trial import Trial, TrialNode

Unit = Literal["score", "share", "points"]
"""How a figure is written: with two decimals, in percent, or with one decimal."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a run.

    Attributes:
        title: for people.
        unit: of the figure.
        value: the figure of a run, or of some of its nodes; None if there is none.
        of_nodes: True if it is a mean over the nodes it is given, False if it is the whole run's.
    """

    title: str
    unit: Unit
    value: Callable[[Trial, Sequence[TrialNode]], float | None]
    of_nodes: bool = False

    def text(self, value: float) -> str:
        """The figure as people read it."""
        match self.unit:
            case "share":
                return f"{100 * value:.1f}%"
            case "points":
                return f"{value:.1f}"
            case "score":
                return f"{value:.2f}"

    def difference(self, value: float) -> str:
        """The difference of two figures, with its sign; that of shares in percentage points."""
        match self.unit:
            case "share":
                return f"{100 * value:+z.1f} pp"
            case "points":
                return f"{value:+z.1f}"
            case "score":
                return f"{value:+z.2f}"


def _mean(values: Iterable[float | None]) -> float | None:
    """Of those that exist."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _last(nodes: Sequence[TrialNode], score: str) -> float | None:
    return _mean(getattr(n.champions[-1], score) if n.champions else None for n in nodes)


def _peak(nodes: Sequence[TrialNode], score: str) -> float | None:
    return _mean(max((getattr(c, score) for c in n.champions), default=None) for n in nodes)


MEASURES: Final[dict[str, Measure]] = {
    "qd_score_common": Measure("QD-score, common", "score", lambda t, _: t.qd_score_common),
    "coverage_common": Measure("Coverage, common", "share", lambda t, _: t.coverage_common),
    "qd_score_raw": Measure("QD-score, as claimed", "score", lambda t, _: t.qd_score_raw),
    "coverage_raw": Measure("Coverage, as claimed", "share", lambda t, _: t.coverage_raw),
    "points": Measure(
        "Champion's KOTH points", "points", lambda t, _: t.score.points if t.score else None
    ),
    "win_rate": Measure(
        "Champion's generality", "share", lambda t, _: t.score.win_rate if t.score else None
    ),
    "node_points": Measure(
        "Nodes' KOTH points", "points", lambda _, nodes: _last(nodes, "points"), of_nodes=True
    ),
    "node_win_rate": Measure(
        "Nodes' generality", "share", lambda _, nodes: _last(nodes, "win_rate"), of_nodes=True
    ),
    "node_peak_points": Measure(
        "Nodes' peak KOTH points", "points", lambda _, nodes: _peak(nodes, "points"), of_nodes=True
    ),
    "node_peak_win_rate": Measure(
        "Nodes' peak generality", "share", lambda _, nodes: _peak(nodes, "win_rate"), of_nodes=True
    ),
    "novelty": Measure(
        "Niche novelty", "share", lambda _, nodes: _mean(n.novelty for n in nodes), of_nodes=True
    ),
}
"""By key in JSON. The champion is the fittest warrior of the common re-score; a node's is the last
one it published, and its peak the best of all it published, which is partly luck [I]."""

HEADLINE: Final = ("qd_score_common", "coverage_common", "points", "node_points")
"""What a reader should look at first."""
