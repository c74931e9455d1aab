"""Everything the evaluation says about the archives of searches, as one document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from coreenv import MADE_BY
from coreenv.hill import Hill
from coreenv.measures import Cell
from eval.archive import Archive, Elite, Origin
from eval.contribution import Contribution, contributions
from eval.corrected import corrected_evaluations
from eval.lineage import Ancestry, Line, LineageFigures
from eval.qd_metrics import ArchiveFigures, Loss, common_elites
from eval.run_files import Claim, Search


@dataclass(frozen=True)
class Measured:
    """A search with its final elites measured anew.

    Attributes:
        search: as it was read.
        hill: whose common opponents it met.
        elites: every claim as a warrior, with its claimed evaluation.
        corrected: every claim on fresh placements against the same opponents; None for an
            archive alone.
        common: the distinct elites against the common opponents, in order of insertion.
    """

    search: Search
    hill: Hill
    elites: tuple[Elite, ...]
    corrected: tuple[Elite, ...] | None
    common: tuple[Elite, ...]

    @classmethod
    def of(cls, search: Search, hill: Hill, *, threads: int = 1) -> "Measured":
        """Fight the battles.

        Raises:
            ValueError: an elite does not assemble to what its record says, or an opponent's
                program is not to be found.
        """
        elites = tuple(claim.record.to_elite(search.config) for claim in search.claims)
        fresh = None
        if search.record is not None:
            evaluations = corrected_evaluations(search, threads=threads)
            fresh = tuple(e.rescored(new) for e, new in zip(elites, evaluations, strict=True))
        common = common_elites(elites, hill, search.config, seed=search.seed, threads=threads)
        return cls(search, hill, elites, fresh, tuple(common))

    @cached_property
    def lines(self) -> dict[str, Line] | None:
        """Lineage of every common elite, by warrior id; None for an archive alone."""
        if self.search.record is None:
            return None
        ancestry = Ancestry(self.search.record.events)
        first = {claim.record.id: claim.record for claim in reversed(self.search.claims)}
        return {id_: ancestry.line(record) for id_, record in first.items()}

    def corrected_archive(self, claims: Archive[Claim]) -> Archive[Elite] | None:
        """The elites of an archive of claims, as corrected, sorted into an empty archive."""
        if self.corrected is None:
            return None
        held = set(claims)
        pairs = zip(self.search.claims, self.corrected, strict=True)
        return Archive(elite for claim, elite in pairs if claim in held)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeFigures(_Model):
    """One node's final archive.

    Attributes:
        node, operator: its number and its mutation policy.
        claimed, corrected, loss: of its own archive.
        received: champions of peers it took in.
        fills: how many of them had a cell that was empty in its previous archive.
        novelty: niche novelty, their share, 0..1 [S]; None if it received nobody.
    """

    node: int
    operator: str
    claimed: ArchiveFigures
    corrected: ArchiveFigures
    loss: Loss
    received: int
    fills: int
    novelty: float | None


class EliteLine(_Model):
    """An elite of the common archive, and where it comes from.

    Attributes:
        id, cell, fitness: of the elite, as measured there.
        line: the call that wrote it, then those of its ancestors, each the ``parent`` of the one
            before.
    """

    id: str
    cell: Cell
    fitness: float
    line: tuple[Origin, ...]


class SearchReport(_Model):
    """One search.

    Attributes:
        name: the path it was read from.
        seed: of the run.
        claimed: all final archives merged by claimed fitness: QD-score raw.
        corrected: its elites on fresh placements against the same opponents.
        loss: what it claimed too much. These two are None for an archive alone.
        common: all final elites under equal conditions: the headline.
        nodes: empty for an archive alone.
        by_node, by_operator: who gave what to the common archive.
        lineage: of the elites of the common archive; None for an archive alone.
        lines: of each of them; empty for an archive alone.
    """

    name: str
    seed: int
    claimed: ArchiveFigures
    corrected: ArchiveFigures | None
    loss: Loss | None
    common: ArchiveFigures
    nodes: tuple[NodeFigures, ...]
    by_node: tuple[Contribution, ...]
    by_operator: tuple[Contribution, ...]
    lineage: LineageFigures | None
    lines: tuple[EliteLine, ...]

    @classmethod
    def of(cls, measured: Measured) -> "SearchReport":
        search, common = measured.search, Archive(measured.common)
        claimed = ArchiveFigures.of(search.claimed)
        fresh = measured.corrected_archive(search.claimed)
        corrected = None if fresh is None else ArchiveFigures.of(fresh)
        lines = measured.lines
        operators = search.record.operators if search.record else ()
        return cls(
            name=search.name,
            seed=search.seed,
            claimed=claimed,
            corrected=corrected,
            loss=None if corrected is None else Loss.between(claimed, corrected),
            common=ArchiveFigures.of(common),
            nodes=_nodes(measured),
            by_node=contributions(
                [str(node) for node in range(len(operators))],
                lambda origin: str(origin.node),
                measured.common,
                lines,
            ),
            by_operator=contributions(
                list(dict.fromkeys(operators)),
                lambda origin: origin.operator,
                measured.common,
                lines,
            ),
            **_lineage(common, lines),
        )


class QdReport(_Model):
    """Searches under one set of rules and one hill.

    Attributes:
        made_by: what computed it.
        hill, hill_hash: name and version, and what can change a result.
        core: the rules.
        searches: in the order they were asked for.
        together: the common archives of all searches merged, best per cell.
    """

    schema_version: Literal["corewar-dei/qd/1"] = "corewar-dei/qd/1"
    made_by: str
    hill: str
    hill_hash: str
    core: dict[str, int | str]
    searches: tuple[SearchReport, ...]
    together: ArchiveFigures

    @classmethod
    def of(cls, measured: Sequence[Measured]) -> "QdReport":
        """Put searches side by side.

        Raises:
            ValueError: they have other rules or another hill, and so no common scale.
        """
        first = measured[0]
        for other in measured[1:]:
            if other.search.config != first.search.config:
                what = "rules"
            elif other.hill.hash != first.hill.hash:
                what = "hill"
            else:
                continue
            raise ValueError(
                f"{first.search.name} and {other.search.name} differ in their {what}: they have no "
                "common scale; ask for one at a time"
            )
        hill = f"{first.hill.name} {first.hill.version}"
        commons = [Archive(each.common) for each in measured]
        return cls(
            made_by=f"{MADE_BY} / hill {hill}",
            hill=hill,
            hill_hash=first.hill.hash,
            core=first.search.config.to_dict(),
            searches=tuple(map(SearchReport.of, measured)),
            together=ArchiveFigures.of(Archive.merged(commons)),
        )


def _lineage(common: Archive[Elite], lines: Mapping[str, Line] | None) -> dict[str, Any]:
    if lines is None:
        return {"lineage": None, "lines": ()}
    ids = [elite.warrior.id for elite in common]
    told = (
        EliteLine(id=id_, cell=elite.cell, fitness=elite.fitness, line=lines[id_].origins)
        for id_, elite in zip(ids, common, strict=True)
    )
    return {"lineage": LineageFigures.of([lines[id_] for id_ in ids]), "lines": tuple(told)}


def _nodes(measured: Measured) -> tuple[NodeFigures, ...]:
    record = measured.search.record
    if record is None:
        return ()
    figures = []
    for view, operator in zip(record.views, record.operators, strict=True):
        own = Archive(claim for claim in measured.search.claims if claim.node == view.node)
        fresh = measured.corrected_archive(own)
        assert fresh is not None, "there is a record"
        claimed, corrected = ArchiveFigures.of(own), ArchiveFigures.of(fresh)
        fills = sum(received.fills for received in view.received)
        figures.append(
            NodeFigures(
                node=view.node,
                operator=operator,
                claimed=claimed,
                corrected=corrected,
                loss=Loss.between(claimed, corrected),
                received=len(view.received),
                fills=fills,
                novelty=fills / len(view.received) if view.received else None,
            )
        )
    return tuple(figures)
