"""Ranks: how many others are better, beyond what chance among opponents would give.

An entry's rank is 1 plus the number of entries that are significantly better: by a one-sided
paired test over the opponents at 2.5%, as `eval.comparison` has it. So entries share a rank where
nobody can tell them apart.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eval.statistics import Estimate, t_quantile

LEVEL: Final = 0.025

STEP: Final = 8
"""Quantiles are tabled at every eighth of a degree of freedom; what lies between two of them is
tested one by one."""

CHUNK: Final = 32
"""Entries compared with all others at once: few enough for what they need to stay in a cache."""

Array = NDArray[np.float64]


def ranks(points: Array, classes: Sequence[str]) -> list[int]:
    """The rank of every entry, from 1.

    Args:
        points: shape (entries, opponents), KOTH points of each pair; of equal conditions.
        classes: of the opponents. Where one has a single member, no test can be made and all
            entries share rank 1.
    """
    names = list(dict.fromkeys(classes))
    of = [np.flatnonzero([c == name for c in classes]) for name in names]
    if len(points) < 2 or min(map(len, of)) < 2:
        return [1] * len(points)
    parts = [np.asarray(points, float)[:, columns] for columns in of]
    better = np.zeros(len(points), int)
    for start in range(0, len(points), CHUNK):
        rows = slice(start, start + CHUNK)
        better += _surely_positive(*_paired(parts, rows)).sum(axis=0)
    return [1 + int(count) for count in better]


def _paired(parts: list[Array], rows: slice) -> tuple[Array, Array, Array]:
    """Mean, standard error and degrees of freedom of the differences of some entries to all, as
    in `eval.statistics.stratified`; each of shape (rows, entries).

    Args:
        parts: points against each class, shape (entries, members).
        rows: which entries.
    """
    n = len(parts[0])
    headline, total = np.zeros(n), np.zeros((len(parts[0][rows]), n))
    spread = np.zeros_like(total)
    for part in parts:
        size = part.shape[1]
        headline += part.mean(axis=1) / len(parts)
        centred = part - part.mean(axis=1, keepdims=True)
        own = np.square(centred).sum(axis=1)
        squares = own[rows, None] + own - 2 * (centred[rows] @ centred.T)
        variance = np.maximum(squares, 0.0) / ((size - 1) * size * len(parts) ** 2)
        total += variance
        spread += variance * variance / (size - 1)
    freedom = np.divide(total * total, spread, out=np.full_like(total, np.inf), where=spread > 0)
    return headline[rows, None] - headline, np.sqrt(total), freedom


def _surely_positive(lead: Array, error: Array, freedom: Array) -> NDArray[np.bool_]:
    """Where a one-sided test finds the difference above 0."""
    most = int(np.ceil(freedom[np.isfinite(freedom)].max(initial=1.0)))
    grid = 1 + np.arange((most + 1) * STEP) / STEP
    table = np.array([t_quantile(1 - LEVEL, float(f)) for f in grid])
    at = np.minimum((np.nan_to_num(freedom, posinf=most) - 1) * STEP, len(table) - 2)
    low = np.maximum(at.astype(int), 0)
    found: NDArray[np.bool_] = lead > error * table[low] * (1 + 1e-9)
    open_ = ~found & (lead > error * table[low + 1] * (1 - 1e-9)) | (error < 1e-6)
    for i, j in np.argwhere(open_ & (lead > 0)):
        estimate = Estimate(float(lead[i, j]), float(error[i, j]), float(freedom[i, j]))
        found[i, j] = estimate.p_greater <= LEVEL
    return found & (lead > 0)
