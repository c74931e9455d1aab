"""Figures of a comparison, in the colours and manners of `eval.plots`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from coreenv.measures import Cell
from eval.archive import Archive
from eval.comparison_report import QUESTIONS, ComparisonReport, Estimated, MeanArchive
from eval.comparison_tables import answers
from eval.plots import LIGHT, TEXT, archive_heatmap, draw_line, drawing_axes, label_ends, restyle
from eval.trial import CurvePoint
from eval.trial_figures import HEADLINE, MEASURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def forest(
    rows: Sequence[tuple[str, Estimated]], scale: float, label: str, names: float = 1.15
) -> "Figure":
    """Differences with their 95% intervals around a line at 0.

    Args:
        rows: from above, each with a name.
        scale: by which figures are multiplied.
        label: what the differences are of.
        names: room for the names, in inches.
    """
    height = 0.75 + 0.36 * len(rows)
    figure, axes = drawing_axes(3.45 + names, height, left=names, bottom=0.5, right=0.2)
    axes.axvline(0, color=LIGHT["muted"], lw=0.8, ls=":")
    for y, (_, found) in enumerate(rows):
        low, high = (scale * end for end in found.t or (found.mean, found.mean))
        colour = LIGHT["win"] if found.sign else LIGHT["muted"]
        axes.plot((low, high), (y, y), color=colour, lw=2.2, solid_capstyle="butt")
        axes.plot((scale * found.mean,), (y,), color=colour, marker="o", ms=6)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set(ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel(label, **TEXT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    restyle(axes)
    return figure


def results_picture(report: ComparisonReport) -> bytes | None:
    """The differences in common QD-score as a PNG, beside RESULTS.md; None if there are none."""
    key = HEADLINE[0]
    rows = [
        (QUESTIONS[difference.question].asks, difference.figures[key])
        for difference, _ in answers(report)
        if key in difference.figures
    ]
    if not rows:
        return None
    figure = forest(rows, 1, f"{MEASURES[key].title}: difference, 95% interval", names=4.4)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def mean_curves(
    curves: Mapping[int, Sequence[CurvePoint]], value: Callable[[CurvePoint], float]
) -> "Figure":
    """A figure of every condition's archive at the end of each round, over the calls.

    Args:
        curves: by the number that gives each its colour.
        value: which figure.
    """
    figure, axes = drawing_axes(4.6, 3.2, left=0.55, bottom=0.55, right=0.3)
    ends, most = {}, 1
    for number, points in curves.items():
        last = {point.round: point for point in points}.values()
        x, y = [point.calls for point in last], [value(point) for point in last]
        style: dict[str, Any] = draw_line(number)
        axes.plot(x, y, **style, marker="o", ms=3)
        if y:
            ends[number], most = y[-1], max(most, x[-1])
    axes.set(xlim=(0, most), ylim=(0, None))
    axes.set_xlabel("calls of the whole run", **TEXT)
    axes.spines[["top", "right"]].set_visible(False)
    restyle(axes)
    label_ends(axes, ends)
    return figure


@dataclass(frozen=True, slots=True)
class _Mean:
    """Takes an elite's place in a heat map."""

    cell: Cell
    fitness: float


def mean_heatmap(archive: MeanArchive) -> "Figure":
    """Mean fitness of every cell that any run filled."""
    return archive_heatmap(
        Archive(
            _Mean((tsp, mc), fitness)
            for tsp, row in enumerate(archive.fitness)
            for mc, fitness in enumerate(row)
            if archive.occupied[tsp][mc]
        )
    )
