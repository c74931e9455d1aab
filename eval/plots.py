"""Figures of a search, drawn with matplotlib for a page that may be light or dark.

Every function returns a bare `Figure`: save it as a PNG, or turn it into inline SVG with `svg`.
matplotlib is imported where it is used, because loading it takes longer than most commands run.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from coreenv.measures import GRID, MC_EDGES, TSP_EDGES, Cell
from eval.archive import Archive, E, Elite
from eval.generality import Generality
from eval.record import CurvePoint, NodeView

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LIGHT: Final = {
    "paper": "#fdfdfc",
    "panel": "#f4f5f7",
    "line": "#d5d9e0",
    "empty": "#e9ebef",
    "ink": "#1b2130",
    "muted": "#596273",
    "win": "#0b6e99",
    "tie": "#8fb8cc",
    "loss": "#e3e6eb",
    "on-node": "#fffffe",
    "node-0": "#0068a8",
    "node-1": "#c8500a",
    "node-2": "#00805d",
    "node-3": "#b04a86",
    "node-4": "#6b1414",
    "node-5": "#1d1a5c",
    "node-6": "#6f2bd0",
    "node-7": "#806040",
}
"""The page's colours by name. All differ: `svg` finds a name by its colour."""

DARK: Final = {
    "paper": "#12161e",
    "panel": "#1a202b",
    "line": "#333c4b",
    "empty": "#232a36",
    "ink": "#e8ebf1",
    "muted": "#a0a9b8",
    "win": "#4db2dd",
    "tie": "#2f6480",
    "loss": "#2a313d",
    "on-node": "#0d1017",
    "node-0": "#5cb0ee",
    "node-1": "#f5894a",
    "node-2": "#3cc79c",
    "node-3": "#e391c0",
    "node-4": "#f0e96a",
    "node-5": "#9b6bff",
    "node-6": "#c9f7ff",
    "node-7": "#e05555",
}
"""The same names on a dark page."""

_FONT: Final = "DejaVu Sans"  # comes with matplotlib, so every machine lays out alike
TEXT: Final[dict[str, Any]] = {"fontfamily": _FONT, "fontsize": 10}
_PROFILES: Final[dict[str, dict[str, Any]]] = {
    "claimed": {"color": LIGHT["muted"], "ls": (0, (1, 0.7))},
    "corrected": {"color": LIGHT["win"], "ls": (0, (7, 1.2))},
    "common": {"color": LIGHT["ink"], "ls": "-"},
}


def node_colour(node: int) -> str:
    """Name of a node's colour. After eight nodes they repeat: show the number beside it."""
    return f"node-{node % 8}"


def archive_heatmap(archive: Archive[E]) -> "Figure":
    """Fitness of every cell: tsp upwards, mc to the right, the bin edges on the axes."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    top = max((elite.fitness for elite in archive), default=0.0) or 1.0

    def look(cell: Cell) -> tuple[str, str, str]:
        red, green, blue, _ = colour = colormaps["viridis"](archive[cell].fitness / top)
        bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
        return to_hex(colour), "#101010" if bright else "#f7f7f7", f"{archive[cell].fitness:.2f}"

    return _grid({elite.cell for elite in archive}, look)


def finder_map(archive: Archive[Elite]) -> "Figure":
    """Which node first wrote each cell's elite, as colour and as number."""

    def look(cell: Cell) -> tuple[str, str, str]:
        node = archive[cell].origin.node
        return LIGHT[node_colour(node)], LIGHT["on-node"], str(node)

    return _grid({elite.cell for elite in archive}, look)


def _grid(occupied: set[Cell], look: Callable[[Cell], tuple[str, str, str]]) -> "Figure":
    """The behaviour grid; ``look`` gives an occupied cell its colour, text colour and text."""
    from matplotlib.patches import Rectangle

    figure, axes = drawing_axes(4.6, 4.3, left=0.72, bottom=0.62)
    for tsp in range(GRID[0]):
        for mc in range(GRID[1]):
            fill, ink, text = LIGHT["empty"], LIGHT["muted"], ""
            if (tsp, mc) in occupied:
                fill, ink, text = look((tsp, mc))
            axes.add_patch(Rectangle((mc + 0.03, tsp + 0.03), 0.94, 0.94, facecolor=fill, lw=0))
            style = {**TEXT, "fontsize": 11, "color": ink}
            axes.text(mc + 0.5, tsp + 0.48, text, ha="center", va="center", **style)
    axes.set(xlim=(0, GRID[1]), ylim=(0, GRID[0]))
    axes.set_xticks(range(GRID[1] + 1), ["0", *map(str, MC_EDGES), "∞"])
    axes.set_yticks(range(GRID[0] + 1), ["0", *map(str, TSP_EDGES), "∞"])
    axes.set_xlabel("memory coverage (mc), cells", **TEXT)
    axes.set_ylabel("spawned processes (tsp)", **TEXT)
    axes.spines[:].set_visible(False)
    restyle(axes)
    return figure


def curve(views: Sequence[NodeView], value: Callable[[CurvePoint], float]) -> "Figure":
    """A figure of every node's archive over that node's calls.

    The archive starts anew each round: there the line breaks, and a dotted line marks the call.
    """
    figure, axes = drawing_axes(4.6, 3.0, left=0.5, bottom=0.55, right=0.3)
    ends = {}
    marks = set()
    for view in views:
        starts = restarts(view.curve)
        marks |= {view.curve[start].calls - 1 for start in starts[1:]}
        for start, stop in pairwise([*starts, len(view.curve)]):
            points = view.curve[start:stop]
            x = [points[0].calls - 1, *(point.calls for point in points)]
            y = [value(points[0]), *map(value, points)]
            axes.plot(x, y, **draw_line(view.node), drawstyle="steps-pre")
        if view.curve:
            ends[view.node] = value(view.curve[-1])
    for mark in sorted(marks):
        axes.axvline(mark, color=LIGHT["muted"], lw=0.7, ls=":", zorder=0)
    axes.set(xlim=(0, max((view.calls for view in views), default=0) or 1), ylim=(0, None))
    axes.set_xlabel("calls of the node", **TEXT)
    axes.spines[["top", "right"]].set_visible(False)
    restyle(axes)
    label_ends(axes, ends)
    return figure


def restarts(points: Sequence[CurvePoint]) -> list[int]:
    """Indices of the points at which a round begins."""
    new = [i for i, (a, b) in enumerate(pairwise(points), start=1) if a.round != b.round]
    return [0, *new] if points else []


def draw_line(node: int) -> dict[str, Any]:
    """Nodes differ by colour and, for eyes that see none, by dashes."""
    dashes = ("-", (0, (7, 1.2)), (0, (3, 1)), (0, (1, 0.7)))[node % 4]
    return {"color": LIGHT[node_colour(node)], "ls": dashes, "lw": 1.5}


def label_ends(axes: "Axes", ends: dict[int, float]) -> None:
    """Write each node's number where its line ends, moved up where two would overlap."""
    gap = 0.075 * axes.get_ylim()[1]
    floor = float("-inf")
    for node, y in sorted(ends.items(), key=lambda end: end[1]):
        floor = max(y, floor + gap)
        place = axes.get_yaxis_transform()
        style = {**TEXT, "color": LIGHT[node_colour(node)], "fontweight": "bold"}
        axes.text(1.02, floor, str(node), transform=place, va="center", **style)


def class_bars(result: Generality) -> "Figure":
    """Rounds won, tied and lost against each class of opponents, as shares of a whole."""
    classes = result.class_points()
    figure, axes = drawing_axes(4.6, 0.75 + 0.34 * len(classes), left=1.1, bottom=0.5, right=0.42)
    for row, (name, points) in enumerate(classes.items()):
        pairs = [pair for pair in result.pairs if pair.opponent_class == name]
        rounds = sum(pair.rounds for pair in pairs)
        left = 0.0
        for colour, counts, hatch in (
            ("win", [pair.wins for pair in pairs], ""),
            ("tie", [pair.ties for pair in pairs], "////"),
            ("loss", [pair.losses for pair in pairs], ""),
        ):
            share = 100 * sum(counts) / rounds
            style: dict[str, Any] = {"color": LIGHT[colour], "hatch": hatch}
            axes.barh(row, share, left=left, height=0.72, lw=0.6, ec=LIGHT["paper"], **style)
            left += share
        axes.text(102, row, f"{points:.0f}", va="center", color=LIGHT["ink"], **TEXT)
    # Class names come from hills that anybody may write: "$" must not start a formula.
    axes.set_yticks(range(len(classes)), [name[:16] for name in classes], parse_math=False)
    axes.set(xlim=(0, 100), ylim=(len(classes) - 0.5, -0.5))
    axes.set_xlabel("rounds, %   (right: KOTH points)", **TEXT)
    axes.spines[:].set_visible(False)
    restyle(axes)
    return figure


def archive_profile(profiles: Mapping[str, Sequence[float]]) -> "Figure":
    """How many cells hold an elite of at least so much fitness; the area below is the QD-score.

    Args:
        profiles: fitness of all elites of each archive: `claimed`, `corrected`, `common`.
    """
    figure, axes = drawing_axes(4.6, 3.4, left=0.5, bottom=0.55)
    for name, profile in profiles.items():
        x = [*sorted(profile, reverse=True), 0.0]
        style = {**_PROFILES[name], "lw": 1.7, "label": name, "drawstyle": "steps-pre"}
        axes.plot(x, range(len(x)), **style)
    top = max((fitness for profile in profiles.values() for fitness in profile), default=0.0)
    room_for_names = 1.15 * max(map(len, profiles.values()), default=0)
    axes.set(xlim=(0, 1.03 * top or 1), ylim=(0, room_for_names or 1))
    axes.set_xlabel("fitness of at least", **TEXT)
    axes.set_ylabel("cells", **TEXT)
    axes.spines[["top", "right"]].set_visible(False)
    font = {"family": _FONT, "size": 9}
    where: dict[str, Any] = {"loc": "upper right", "ncols": len(profiles) or 1}
    axes.legend(frameon=False, labelcolor=LIGHT["ink"], prop=font, **where)
    restyle(axes)
    return figure


def part_bars(parts: Sequence[tuple[str, str, float, float]]) -> "Figure":
    """Who gave how much of an archive's QD-score: solid as written, hatched by lineage.

    Args:
        parts: label, name of a colour, and both parts of each maker.
    """
    figure, axes = drawing_axes(4.6, 0.75 + 0.5 * len(parts), left=1.25, bottom=0.5, right=0.5)
    longest = max((max(part[2:]) for part in parts), default=0.0) or 1.0
    for row, (_, colour, *both) in enumerate(parts):
        for part, offset, hatch in zip(both, (-0.19, 0.19), ("", "////"), strict=True):
            style: dict[str, Any] = {"color": LIGHT[colour], "hatch": hatch}
            axes.barh(row + offset, part, height=0.34, lw=0.6, ec=LIGHT["paper"], **style)
            place, text = 1.02 * part + 0.01 * longest, f"{part:.2f}"
            axes.text(place, row + offset, text, va="center", color=LIGHT["ink"], **TEXT)
    # Policies are named by whoever wrote the configuration: "$" must not start a formula.
    axes.set_yticks(range(len(parts)), [part[0][:18] for part in parts], parse_math=False)
    axes.set(xlim=(0, 1.02 * longest), ylim=(len(parts) - 0.5, -0.5))
    axes.set_xlabel("QD-score of the common archive", **TEXT)
    axes.spines[:].set_visible(False)
    restyle(axes)
    return figure


def drawing_axes(
    width: float, height: float, *, left: float, bottom: float, right: float = 0.12
) -> "tuple[Figure, Axes]":
    """A figure with one plot and fixed margins, all in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    top = 0.15
    box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    return figure, figure.add_axes(box)


def restyle(axes: "Axes") -> None:
    """Quiet axes in the page's colours."""
    axes.set_facecolor("none")
    axes.tick_params(color=LIGHT["line"], labelcolor=LIGHT["muted"], labelsize=9, length=3)
    axes.spines[:].set_color(LIGHT["line"])
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(LIGHT["muted"])
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontfamily(_FONT)


def svg(figure: "Figure", name: str, title: str) -> str:
    """The figure as an SVG element: as wide as its column, in the page's colours and font.

    Args:
        figure: drawn with the colours of `LIGHT`.
        name: unique in the page; starts every id inside.
        title: what it shows, for those who cannot see it.
    """
    import matplotlib

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    head, body = re.split(r"(?<=<svg)", buffer.getvalue(), maxsplit=1)
    attributes, body = body.split(">", maxsplit=1)
    box = re.search(r'viewBox="([^"]*)"', attributes)
    assert box is not None, f"matplotlib wrote an SVG without viewBox: {head}"
    body = re.sub(r'\b(id="|href="#)|(url\(#)', rf"\g<0>{name}-", body)
    body = body.replace(f"'{_FONT}'", "system-ui")
    for variable, colour in LIGHT.items():
        body = body.replace(colour, f"var(--{variable})")
    label = f'role="img" aria-labelledby="{name}-title"'
    heading = f'<title id="{name}-title">{escape(title)}</title>'
    return f'<svg viewBox="{box[1]}" {label}>{heading}{body}'
