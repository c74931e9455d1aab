"""Who made an elite out of what: its line of parents, across rounds and nodes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from pydantic import BaseModel, ConfigDict

from eval.archive import EliteRecord, Origin
from eval.record import Called, Event, Seeded


@dataclass(frozen=True, slots=True)
class Line:
    """An elite and its ancestors.

    Attributes:
        steps: the elite first, then its parent, and so on to the warrior that was written anew;
            each as it was measured when it was written.
    """

    steps: tuple[EliteRecord, ...]

    @property
    def origins(self) -> tuple[Origin, ...]:
        return tuple(step.origin for step in self.steps)

    @property
    def depth(self) -> int:
        """Number of ancestors; 0 if it was written anew."""
        return len(self.steps) - 1

    @property
    def nodes(self) -> int:
        """How many nodes had a part in it."""
        return len({origin.node for origin in self.origins})

    @property
    def operators(self) -> int:
        """How many mutation policies had a part in it."""
        return len({origin.operator for origin in self.origins})

    @property
    def crossings(self) -> int:
        """How often a node went on from another node's warrior."""
        return sum(child.node != parent.node for child, parent in pairwise(self.origins))


class Ancestry:
    """All warriors of a search, by who wrote them.

    A parent is named by its canonical id, and one program can be written several times, by several
    nodes. Whom the id means is told by the child's own round: there every program occurs once.

    Args:
        events: of every node, by its number.
    """

    def __init__(self, events: Sequence[Iterable[Event]]) -> None:
        self._written: dict[tuple[int, int, int], EliteRecord] = {}
        self._met: dict[tuple[int, int, str], Origin] = {}
        for node, told in enumerate(events):
            for event in told:
                match event:
                    case Called(elite=EliteRecord() as elite):
                        self._written[node, event.round, event.call] = elite
                        self._met[node, event.round, elite.id] = elite.origin
                    case Seeded(elite=elite):
                        self._met[node, event.round, elite.id] = elite.origin

    def written(self, prefix: str) -> list[EliteRecord]:
        """All warriors whose id begins with ``prefix``, by node, round and call."""
        keys = sorted(self._written)
        return [self._written[key] for key in keys if self._written[key].id.startswith(prefix)]

    def line(self, elite: EliteRecord) -> Line:
        """The elite's line of parents.

        Raises:
            ValueError: the record lacks an ancestor, or has it descend from itself.
        """
        steps: list[EliteRecord] = []
        origin: Origin | None = elite.origin
        while origin is not None:
            where = origin.node, origin.round, origin.call
            if where not in self._written or self._written[where] in steps:
                fault = "descends from itself" if where in self._written else "is not in the record"
                raise ValueError(
                    f"elite {elite.id[:12]}: its ancestor of node {where[0]}, round {where[1]}, "
                    f"call {where[2]} {fault}"
                )
            steps.append(self._written[where])
            origin = self._parent(elite, origin)
        return Line(tuple(steps))

    def _parent(self, elite: EliteRecord, origin: Origin) -> Origin | None:
        if origin.parent is None:
            return None
        where = origin.node, origin.round, origin.parent
        if where not in self._met:
            raise ValueError(
                f"elite {elite.id[:12]}: its ancestor {origin.parent[:12]} is not in the record of "
                f"node {origin.node}, round {origin.round}"
            )
        return self._met[where]


class LineageFigures(BaseModel):
    """Lines of an archive's elites in figures.

    Attributes:
        elites: how many there are.
        depth_median, depth_max: ancestors of an elite.
        crossed: how many elites a node made, directly or not, from another node's warrior.
        nodes_mean, operators_mean: how many had a part in an elite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    elites: int
    depth_median: float
    depth_max: int
    crossed: int
    nodes_mean: float
    operators_mean: float

    @classmethod
    def of(cls, lines: Sequence[Line]) -> "LineageFigures":
        """Figures of no line are 0."""
        return cls(
            elites=len(lines),
            depth_median=float(median([line.depth for line in lines] or [0])),
            depth_max=max((line.depth for line in lines), default=0),
            crossed=sum(line.crossings > 0 for line in lines),
            nodes_mean=fmean([line.nodes for line in lines] or [0]),
            operators_mean=fmean([line.operators for line in lines] or [0]),
        )


def tree(line: Line) -> str:
    """The line as text, the oldest first: an arrow where a node went on from another's warrior,
    and what follows moved in below it."""
    rows: list[str] = []
    indent, stem, before = "", "", line.steps[-1].origin.node
    for step in reversed(line.steps):
        origin = step.origin
        if rows:
            stem = indent + ("├─ " if origin.node == before else "└─> ")
        if origin.node != before:
            indent += "    "
        before = origin.node
        rows.append(
            f"{stem}{step.id[:12]}  node {origin.node}, round {origin.round}, call {origin.call}: "
            f"{origin.operator}, fitness {step.fitness:.2f} in cell {step.cell}\n"
        )
    return "".join(rows)
