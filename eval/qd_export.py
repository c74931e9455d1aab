"""Archives for other programs: CSV for pandas and spreadsheets, arrays for pyribs."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.measures import GRID, Evaluation
from eval.archive import Archive, Elite
from eval.qd_report import Measured
from eval.run_files import Claim

_EVALUATION: Final = ("fitness", "tsp", "mc", "tsp_bin", "mc_bin")

COLUMNS: Final = (
    "search",  # path of the run or archive
    "node",  # whose final archive holds the elite; empty for an archive alone
    "round",  # whose opponents it met there; likewise
    "id",  # canonical SHA-256 of the program
    "length",  # instructions
    "written_node",  # the call that wrote it: node, round, call, policy, and parent's id
    "written_round",
    "written_call",
    "operator",
    "parent",  # empty if it was written anew
    "depth",  # ancestors; this and the next three are empty for an archive alone
    "line_nodes",  # nodes and policies that had a part in it or an ancestor
    "line_operators",
    "crossings",  # how often a node went on from another node's warrior
    *(f"claimed_{key}" for key in _EVALUATION),  # as the node measured it
    "in_claimed",  # 1: holds its cell of the archive merged by claimed fitness, else 0
    *(f"corrected_{key}" for key in _EVALUATION),  # on fresh placements, same opponents
    "in_corrected",  # 1: in_claimed, and holds its cell after correction
    *(f"common_{key}" for key in _EVALUATION),  # against the common opponents
    "in_common",  # 1: holds its cell of the common archive; of equal programs the first row
)
"""Columns of the CSV. Bins count from 0 along the fixed edges; an empty field is unknown."""


def to_csv(measured: Sequence[Measured]) -> str:
    """A row for every elite of every node's final archive.

    So the QD-score, such as the common one, is the sum of ``common_fitness`` over the rows with
    ``in_common`` 1.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in measured:
        writer.writerows(_rows(each))
    return text.getvalue()


def _rows(measured: Measured) -> Iterator[list[object]]:
    claimed = set(measured.search.claimed)
    fresh = measured.corrected_archive(measured.search.claimed)
    kept = None if fresh is None else set(fresh)
    common = {elite.warrior.id: elite.evaluation for elite in measured.common}
    places = {elite.warrior.id for elite in Archive(measured.common)}
    corrected = measured.corrected or (None,) * len(measured.elites)
    rows = zip(measured.search.claims, measured.elites, corrected, strict=True)
    for claim, elite, again in rows:
        yield [
            measured.search.name,
            *_origin(measured, claim, elite),
            *_evaluation(elite.evaluation),
            int(claim in claimed),
            *_evaluation(again.evaluation if again else None),
            None if kept is None else int(again in kept),
            *_evaluation(common[claim.record.id]),
            int(claim.record.id in places),
        ]
        places.discard(claim.record.id)


def _origin(measured: Measured, claim: Claim, elite: Elite) -> list[object]:
    """Where the elite was found, what it is, and where it comes from."""
    origin = claim.record.origin
    line = measured.lines[claim.record.id] if measured.lines else None
    return [
        claim.node,
        claim.round,
        claim.record.id,
        len(elite.warrior),
        origin.node,
        origin.round,
        origin.call,
        origin.operator,
        origin.parent,
        *((line.depth, line.nodes, line.operators, line.crossings) if line else (None,) * 4),
    ]


def _evaluation(evaluation: Evaluation | None) -> list[object]:
    if evaluation is None:
        return [None] * len(_EVALUATION)
    return [evaluation.fitness, evaluation.tsp, evaluation.mc, *evaluation.cell]


def to_ribs(elites: Iterable[Elite], config: CoreConfig) -> dict[str, NDArray[Any]]:
    """Elites as the arguments of ``add`` of a pyribs archive.

    pyribs' grid is uniform and ours has fixed uneven edges, so the measures are bins: bin b is
    b + 0.5, the middle of b..b + 1. The archive they belong to is
    ``GridArchive(solution_dim=2 + 6 * config.max_length, dims=GRID, ranges=RIBS_RANGES)``.

    Args:
        elites: an archive, or any insertions.
        config: their rules; ``max_length`` gives the width of a solution.

    Returns:
        ``solution``, int32 of shape (n, 2 + 6 * max_length): start, length, and the program as in
        ``Warrior.code`` row by row, then zeros; ``objective``, float64 of shape (n,): fitness;
        ``measures``, float64 of shape (n, 2): tsp and mc bins.
    """
    inserted = list(elites)
    solution = np.zeros((len(inserted), 2 + 6 * config.max_length), np.int32)
    for row, elite in zip(solution, inserted, strict=True):
        code = elite.warrior.code.ravel()
        row[:2] = elite.warrior.start, len(elite.warrior)
        row[2 : 2 + len(code)] = code
    return {
        "solution": solution,
        "objective": np.array([elite.fitness for elite in inserted], np.float64),
        "measures": np.array([e.cell for e in inserted], np.float64).reshape(-1, 2) + 0.5,
    }


RIBS_RANGES: Final = tuple((0, bins) for bins in GRID)
"""Ranges of the measures of `to_ribs`, for a pyribs archive."""
