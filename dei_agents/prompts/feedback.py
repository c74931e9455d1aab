"""What a prompt tells of results: the parent's battles, the archive, and a cell to aim for.

Nothing in here was written by another model but listings of programs: names, comments and
strategies of warriors may hold instructions to whoever reads them, so opponents are numbered.
"""

import re
from itertools import pairwise, product

import numpy as np

from coreenv.config import CoreConfig, Standard
from coreenv.measures import GRID, MC_EDGES, TSP_EDGES, Cell, Versus
from coreenv.redcode import Warrior, disassemble
from dei_agents.policy import Context, Opponent
from dei_agents.prompts.templates import fill, read
from eval.archive import Elite

MAX_ROWS = 20
"""Opponents that the table shows, the worst ones."""

MAX_INSTRUCTIONS = 100
"""Instructions that a listing shows."""

_GAP = re.compile(r"([#$*@{}<>]) +")


def listing(warrior: Warrior, standard: Standard) -> str:
    """A warrior's program alone: no name, no author, no strategy, no labels, no comments.

    It assembles to an equal warrior, unless it is longer than `MAX_INSTRUCTIONS`.
    """
    bare = Warrior(warrior.instructions, warrior.start, warrior.core_size, warrior.pin)
    code = [row for row in disassemble(bare, standard).splitlines() if not row.startswith(";")]
    rows = [_GAP.sub(r"\1", " ".join(row.split())) for row in code]
    if len(warrior) > MAX_INSTRUCTIONS:
        rows[MAX_INSTRUCTIONS + 1 :] = ["; the rest is left out"]
    return "\n".join(rows)


def bins(edges: tuple[int, ...]) -> list[str]:
    """The six bins of an axis in words."""
    inner = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"under {edges[0]}", *inner, f"{edges[-1]} and over"]


def _in_words(cell: Cell) -> str:
    tsp, mc = cell
    return f"{bins(TSP_EDGES)[tsp]} processes spawned, {bins(MC_EDGES)[mc]} cells visited"


def results(parent: Elite, opponents: tuple[Opponent, ...], standard: Standard) -> str:
    """How the parent fared: its measures, a row for each opponent, and the program of the worst.

    An opponent of which nothing is known (``versus`` is None) has no row.
    """
    met = [(i, o.warrior, o.versus) for i, o in enumerate(opponents, 1) if o.versus is not None]
    met.sort(key=lambda row: _margin(row[2]))
    beaten = [number for number, _, versus in met if _margin(versus) < 0]
    text = fill(
        "results",
        fitness=f"{parent.fitness:.3f}",
        warriors=len(opponents) + 1,
        tsp=f"{parent.evaluation.tsp:.1f}",
        mc=f"{parent.evaluation.mc:.1f}",
        cell=_in_words(parent.cell),
        rows="\n".join(_row(*row) for row in met[:MAX_ROWS]) or "(not known)",
        beaten=f"Beat the parent more often than not: {', '.join(map(str, beaten)) or 'none'}.",
    )
    if not beaten:
        return text
    number, worst, _ = met[0]
    return f"{text}\n{fill('nemesis', number=number, listing=listing(worst, standard))}"


def _margin(versus: Versus) -> int:
    won, lost, _ = versus
    return won - lost


def _row(number: int, warrior: Warrior, versus: Versus) -> str:
    won, lost, both = versus
    return f"{number:8}  {len(warrior):6}  {lost:11}  {won:14}  {both:10}"


def archive(context: Context, rng: np.random.Generator) -> str:
    """The grid as it is, which cells are empty, and one of them to aim for, drawn from ``rng``.

    A new warrior aims for any of them, a variant for one of those nearest to its parent's.
    """
    best = {elite.cell: elite.fitness for elite in context.elites}
    empty = [cell for cell in _reachable(context.config) if cell not in best]
    thoughts = read("thoughts.txt").splitlines()
    return fill(
        "archive",
        grid=_grid(best),
        empty=_by_row(empty),
        aim=_aim(context, empty, rng),
        thought=thoughts[rng.integers(len(thoughts))],
    )


def _reachable(config: CoreConfig) -> list[Cell]:
    """The cells that these rules leave room for: a core of 800 cells has no 1000 to visit."""
    spawned = [0, *TSP_EDGES]
    visited = [0, *MC_EDGES]
    return [
        (t, m)
        for t, m in product(*map(range, GRID))
        if spawned[t] <= config.max_cycles and visited[m] <= config.core_size
    ]


def _grid(best: dict[Cell, float]) -> str:
    heads = [f"<{edges[0]}" for edges in (TSP_EDGES, MC_EDGES)]
    rows = [heads[0], *(f"{edge}+" for edge in TSP_EDGES)]
    columns = [heads[1], *(f"{edge}+" for edge in MC_EDGES)]
    lines = [" " * 8 + "".join(f"{column:>7}" for column in columns)]
    for t, row in enumerate(rows):
        values = [f"{best[t, m]:.2f}" if (t, m) in best else "-" for m in range(GRID[1])]
        lines.append(f"{row:>8}" + "".join(f"{value:>7}" for value in values))
    return "\n".join(lines)


def _by_row(cells: list[Cell]) -> str:
    rows = []
    for t, spawned in enumerate(bins(TSP_EDGES)):
        visited = [bins(MC_EDGES)[m] for row, m in cells if row == t]
        if visited:
            rows.append(f"{spawned}: {', '.join(visited)}")
    return "\n".join(rows) or "none"


def _aim(context: Context, empty: list[Cell], rng: np.random.Generator) -> str:
    if not empty:
        return "No cell is empty: be fitter than the elite of a weak one."
    parent = context.parent
    if parent is not None:
        away = [abs(t - parent.cell[0]) + abs(m - parent.cell[1]) for t, m in empty]
        empty = [cell for cell, steps in zip(empty, away, strict=True) if steps == min(away)]
    where = _in_words(empty[rng.integers(len(empty))])
    if parent is None:
        return f"Aim for this empty cell: {where}."
    return f"Make it fitter where it is, or move it to an empty cell near by, such as: {where}."
