"""Views of a whole field of warriors that no headline uses: Nash support, Bradley-Terry.

Both read a matrix of points: entry (i, j) is the share of a round, 0..1, that warrior i takes
from warrior j, a tie being half a round to each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def nash_weights(shares: Sequence[Sequence[float]]) -> Matrix:
    """How often to play each warrior so that no answer does better than even on average.

    Where there are several such mixtures, as among clones, it is one of them. Solved as a linear
    programme: of the game with all payoffs made positive, maximise sum(x) with A x <= 1, x >= 0.

    Args:
        shares: shape (n, n); only ``shares[i][j] - shares[j][i]`` counts.

    Returns:
        float64, shape (n,), at least 0, with sum 1.

    Raises:
        ValueError: no warriors, or not a square.
    """
    points = _square(shares)
    edge = points - points.T
    n = len(edge)
    payoff = edge - edge.min() + 1
    # One column a variable and one for the right-hand side; last row: reduced costs. Right-hand
    # sides differ by a hair, so that no two rows tie and the simplex cannot run round in circles.
    table = np.zeros((n + 1, n + 1))
    table[:n, :n] = payoff
    table[:n, n] = 1 + 1e-9 * np.arange(1, n + 1) / n
    table[n, :n] = -1
    free, basis = np.arange(n), np.arange(n, 2 * n)
    while table[n, :n].min() < -1e-10:
        column = int(table[n, :n].argmin())
        ratios = np.full(n, np.inf)
        np.divide(table[:n, n], table[:n, column], out=ratios, where=table[:n, column] > 1e-10)
        row = int(ratios.argmin())
        _pivot(table, row, column)
        free[column], basis[row] = basis[row], free[column]
    weights = np.zeros(2 * n)
    weights[basis] = np.maximum(table[:n, n], 0)
    return np.asarray(weights[:n] / weights[:n].sum())


def bradley_terry(shares: Sequence[Sequence[float]], *, prior: float = 1.0) -> Matrix:
    """Strengths on the logistic scale: i takes 1 / (1 + exp(s[j] - s[i])) of a round from j.

    The likeliest strengths given a round between each two, by Newton's method with short steps.

    Args:
        shares: shape (n, n); the diagonal does not count.
        prior: rounds that every warrior ties with a warrior of strength 0; more than 0, so that
            one that never loses has a finite strength.

    Returns:
        float64, shape (n,).

    Raises:
        ValueError: no warriors, not a square, or a prior that is not positive.
    """
    if prior <= 0:
        raise ValueError(f"prior is {prior}; it must be more than 0")
    points = _square(shares)
    np.fill_diagonal(points, 0)
    rounds = points + points.T
    won = points.sum(axis=1) + prior / 2
    strength = np.zeros(len(points))
    step = np.ones(1)
    while np.abs(step).max() > 1e-7:
        share = _logistic(strength[:, None] - strength)
        even = _logistic(strength)
        slope = won - (rounds * share).sum(axis=1) - prior * even
        pull = rounds * share * (1 - share)
        bend = np.diag(pull.sum(axis=1) + prior * even * (1 - even)) - pull
        step = np.linalg.solve(bend, slope)
        strength += step / max(1, float(np.abs(step).max()))
    return strength


def _logistic(x: Matrix) -> Matrix:
    return np.asarray((1 + np.tanh(x / 2)) / 2)


def _pivot(table: Matrix, row: int, column: int) -> None:
    """Swap the variables of a row and a column of a simplex table, in place."""
    pivot = table[row, column]
    rest = table[:, column].copy()
    table[row] /= pivot
    rest[row] = 0
    table -= np.outer(rest, table[row])
    table[:, column] = -rest / pivot
    table[row, column] = 1 / pivot


def _square(shares: Sequence[Sequence[float]]) -> Matrix:
    points = np.array(shares, np.float64)
    if points.ndim != 2 or points.shape[0] != points.shape[1] or not points.size:
        raise ValueError(f"shares have shape {points.shape}; it must be (n, n) with n at least 1")
    return points
