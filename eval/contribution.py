"""What each node, and each mutation policy, gave to an archive."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import fsum

from pydantic import BaseModel, ConfigDict

from coreenv.measures import Cell
from eval.archive import Archive, Elite, Origin
from eval.lineage import Line


class Contribution(BaseModel):
    """One maker's part in an archive; a maker is a node or a mutation policy.

    The first way of counting gives an elite to the one who wrote it. The second, by lineage, cuts
    it into equal parts, one for each call that led to it: the elite's own and its ancestors'. So
    either way the parts of all makers add up to the archive.

    Attributes:
        maker: number of the node, or name of the policy.
        cells, qd_score: by who wrote the elite.
        line_cells, line_qd_score: by lineage; None if there is no record of it.
        only: cells in which all elites that were measured, not only the best, are this maker's:
            without it they would be empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    maker: str
    cells: int
    qd_score: float
    line_cells: float | None
    line_qd_score: float | None
    only: int


def contributions(
    makers: Sequence[str],
    maker_of: Callable[[Origin], str],
    measured: Sequence[Elite],
    lines: Mapping[str, Line] | None,
) -> tuple[Contribution, ...]:
    """Divide an archive among its makers.

    Args:
        makers: all of them, also those who gave nothing; others found in ``measured`` come after.
        maker_of: who wrote a warrior.
        measured: all elites of which the archive holds the best, in order of insertion.
        lines: of these elites, by warrior id; None if there is no record of them.
    """
    archive = Archive(measured)
    others = sorted({maker_of(elite.origin) for elite in measured} - set(makers))
    lone = _reached_by_one(measured, maker_of)
    result = []
    for maker in (*makers, *others):
        own = [elite for elite in archive if maker_of(elite.origin) == maker]
        parts = None
        if lines is not None:
            parts = [(_share(lines[e.warrior.id], maker, maker_of), e.fitness) for e in archive]
        result.append(
            Contribution(
                maker=maker,
                cells=len(own),
                qd_score=fsum(elite.fitness for elite in own),
                line_cells=None if parts is None else fsum(part for part, _ in parts),
                line_qd_score=None if parts is None else fsum(p * fitness for p, fitness in parts),
                only=sum(who == maker for who in lone.values()),
            )
        )
    return tuple(result)


def _reached_by_one(
    measured: Sequence[Elite], maker_of: Callable[[Origin], str]
) -> dict[Cell, str]:
    """Cells that one maker alone reached, and that maker."""
    makers: dict[Cell, set[str]] = defaultdict(set)
    for elite in measured:
        makers[elite.cell].add(maker_of(elite.origin))
    return {cell: min(names) for cell, names in makers.items() if len(names) == 1}


def _share(line: Line, maker: str, maker_of: Callable[[Origin], str]) -> float:
    """A maker's part in one elite by lineage, 0..1."""
    return sum(maker_of(origin) == maker for origin in line.origins) / len(line.steps)
