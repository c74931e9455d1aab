"""The MAP-Elites archive: the best warrior found in every cell of the behaviour grid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from coreenv.config import CoreConfig
from coreenv.measures import GRID, Cell, Evaluation
from coreenv.redcode import Warrior, assemble

Placed = Literal["new_cell", "improved"]

MAX_STRATEGY = 1000
"""Characters of a warrior's own description that records and parcels keep."""


class Origin(BaseModel):
    """Where a warrior was first written. It travels with the warrior across nodes and rounds.

    Attributes:
        node: index of the node.
        round: the search round, from 1.
        call: the call within that round, from 1.
        operator: name of the mutation policy.
        parent: canonical id of the warrior it was made from, None if written anew.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: int
    round: int
    call: int
    operator: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Elite:
    """A warrior with what its last evaluation found."""

    warrior: Warrior
    evaluation: Evaluation
    origin: Origin

    @property
    def fitness(self) -> float:
        return self.evaluation.fitness

    @property
    def cell(self) -> Cell:
        return self.evaluation.cell

    def rescored(self, evaluation: Evaluation) -> "Elite":
        """The same warrior under another evaluation."""
        return replace(self, evaluation=evaluation)


class EliteRecord(BaseModel):
    """An `Elite` as JSON: in archives, in run records, and on the wire between nodes.

    ``redcode`` is load-file text; `to_elite` assembles it and compares ``id``, so a record that
    was cut or altered is found out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    cell: Cell
    fitness: float
    tsp: float
    mc: float
    origin: Origin
    redcode: str

    @classmethod
    def of(cls, elite: Elite) -> "EliteRecord":
        e = elite.evaluation
        warrior = replace(elite.warrior, strategy=elite.warrior.strategy[:MAX_STRATEGY].strip())
        return cls(
            id=warrior.id,
            cell=e.cell,
            fitness=e.fitness,
            tsp=e.tsp,
            mc=e.mc,
            origin=elite.origin,
            redcode=str(warrior),
        )

    @property
    def evaluation(self) -> Evaluation:
        """What its last evaluation found; how it fared against each opponent is not kept here."""
        return Evaluation(self.fitness, self.tsp, self.mc)

    def to_elite(self, config: CoreConfig) -> Elite:
        """The elite again.

        Raises:
            AssemblyError: ``redcode`` does not assemble under ``config``.
            ValueError: it assembles to another warrior than ``id`` says.
        """
        # Load files are in the notation of ICWS'94 under every standard.
        warrior = assemble(self.redcode, replace(config, standard="94"))
        if warrior.id != self.id:
            raise ValueError(f"elite {self.id[:12]} assembles to {warrior.id[:12]}")
        return Elite(warrior, self.evaluation, self.origin)


class Scored(Protocol):
    """What an archive holds: an `Elite`, or its record."""

    @property
    def cell(self) -> Cell: ...

    @property
    def fitness(self) -> float: ...


E = TypeVar("E", bound=Scored)


class Archive(Generic[E]):
    """At most one elite a cell of the 6 x 6 grid; a newcomer must be strictly fitter to replace.

    Args:
        elites: inserted in this order.
    """

    def __init__(self, elites: Iterable[E] = ()) -> None:
        self._elites: dict[Cell, E] = {}
        for elite in elites:
            self.insert(elite)

    def insert(self, elite: E) -> Placed | None:
        """Place an elite if its cell is empty or its fitness strictly higher."""
        holder = self._elites.get(elite.cell)
        if holder is not None and elite.fitness <= holder.fitness:
            return None
        self._elites[elite.cell] = elite
        return "new_cell" if holder is None else "improved"

    def put(self, elite: E) -> None:
        """Set a cell without asking: for rebuilding an archive from its record."""
        self._elites[elite.cell] = elite

    def __len__(self) -> int:
        return len(self._elites)

    def __iter__(self) -> Iterator[E]:
        """The elites in order of their cells."""
        return iter([self._elites[cell] for cell in sorted(self._elites)])

    def __contains__(self, cell: object) -> bool:
        return cell in self._elites

    def __getitem__(self, cell: Cell) -> E:
        return self._elites[cell]

    @property
    def champion(self) -> E | None:
        """The fittest elite (of equals the one in the first cell), None if there is none."""
        return max(self, key=lambda elite: elite.fitness, default=None)

    @property
    def qd_score(self) -> float:
        """Sum of the elites' fitness [S]."""
        return sum(elite.fitness for elite in self)

    @property
    def coverage(self) -> float:
        """Occupied share of the 36 cells, 0..1 [I]."""
        return len(self) / (GRID[0] * GRID[1])

    @classmethod
    def merged(cls, archives: "Iterable[Archive[E]]") -> "Archive[E]":
        """Best per cell over several archives; of equals the earlier archive's stays [S]."""
        return cls(elite for archive in archives for elite in archive)


class ArchiveRecord(BaseModel):
    """An archive as JSON, with the rules it was measured under and what measured it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal["corewar-dei/archive/1"] = "corewar-dei/archive/1"
    made_by: str
    core: dict[str, int | str]
    elites: tuple[EliteRecord, ...]
