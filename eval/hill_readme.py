"""The section of a hill's README that says how its members do against each other."""

from collections.abc import Iterator
from textwrap import fill
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eval.round_robin import RoundRobin

HEADING: Final = "## How they do against each other"
"""First line of the section; it reaches to the end of the file."""

_WIDTH: Final = 98


def section(result: RoundRobin) -> str:
    """The section, with everything that was measured, as Markdown."""
    return "\n\n".join([HEADING, *_paragraphs(result)]) + "\n"


def updated(readme: str, result: RoundRobin) -> str:
    """``readme`` with everything from `HEADING` on written anew."""
    return readme.partition(HEADING)[0].rstrip("\n") + "\n\n" + section(result)


def _paragraphs(result: RoundRobin) -> Iterator[str]:
    hill, means = result.hill, result.means
    yield fill(
        f"Every pair fought {result.rounds} rounds: {result.rounds // 2} different distances, "
        "drawn without replacement, each begun once by either side. Points are 3 for a win and 1 "
        "for a tie, in percent of the rounds: 0 to 300. Means of a member run from "
        f"{means.min():.0f} to {means.max():.0f}. Hill hash `{hill.hash[:16]}`, engine "
        f"{hill.engine}.",
        width=_WIDTH,
    )
    yield _circles(result)
    yield _ranking(result)
    yield (
        "Mean points of a class (row) against a class (column). A class is beaten by the one that "
        "makes\nmost points more against it than it gets back."
    )
    yield _classes(result)
    yield "Points of the row against the column:"
    yield _matrix(result)


def _circles(result: RoundRobin) -> str:
    decided, circles = result.triples()
    share = len(circles) / decided if decided else 0
    text = fill(
        "Call a pair decided if the wins differ by more than two standard errors, twice the root "
        f"of the rounds that were not tied. Among the {len(result.hill.members) // 2} best there "
        f"are {decided} triples of three decided pairs, and {len(circles)} of them ({share:.0%}) "
        "go round in a circle. The clearest, with the points of each over the next:",
        width=_WIDTH,
    )
    points = result.points
    lines = [text, ""]
    for a, b, c in _clearest(circles, points):
        names = " > ".join(result.hill.members[i].name for i in (a, b, c))
        lines.append(f"- {names} ({points[a, b]:.0f}, {points[b, c]:.0f}, {points[c, a]:.0f})")
    return "\n".join(lines).rstrip()


def _clearest(
    circles: list[tuple[int, int, int]], points: NDArray[np.float64]
) -> list[tuple[int, int, int]]:
    """Up to five circles by their narrowest win, no two with two members in common."""

    def narrowest(circle: tuple[int, int, int]) -> float:
        a, b, c = circle
        return float(min(points[a, b], points[b, c], points[c, a]))

    chosen: list[tuple[int, int, int]] = []
    for circle in sorted(circles, key=narrowest, reverse=True):
        if all(len({*circle} & {*other}) < 2 for other in chosen):
            chosen.append(circle)
    return chosen[:5]


def _ranking(result: RoundRobin) -> str:
    members, points, order = result.hill.members, result.points, result.order
    fought = result.rounds * (len(members) - 1)
    lines = [
        "| # | name | class | split | points | win % | tie % | best against | worst against |",
        "|--:|---|---|---|--:|--:|--:|---|---|",
    ]
    for rank, i in enumerate(order, start=1):
        won, lost = result.wins[i].sum() / fought, result.wins[:, i].sum() / fought
        name, kind = _cell(members[i].name), _cell(members[i].warrior_class)
        best, worst = int(np.nanargmax(points[i])), int(np.nanargmin(points[i]))
        lines.append(
            f"| {rank} | {name} | {kind} | {members[i].split} "
            f"| {result.means[i]:.0f} | {100 * won:.0f} | {100 * (1 - won - lost):.0f} "
            f"| {_cell(members[best].name)} {points[i, best]:.0f} "
            f"| {_cell(members[worst].name)} {points[i, worst]:.0f} |"
        )
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _classes(result: RoundRobin) -> str:
    classes, points = result.class_points()
    lines = [
        f"| | {' | '.join(classes)} | beaten by |",
        f"|---|{'--:|' * len(classes)}---|",
    ]
    leads = np.nan_to_num(points.T - points)
    for i, name in enumerate(classes):
        cells = " | ".join("" if np.isnan(value) else f"{value:.0f}" for value in points[i])
        best = int(leads[i].argmax())
        master = f"{classes[best]} by {leads[i, best]:.0f}" if leads[i, best] > 0 else "none"
        lines.append(f"| {name} | {cells} | {master} |")
    return "\n".join(lines)


def _matrix(result: RoundRobin) -> str:
    order, points = result.order, result.points
    names = [result.hill.members[i].name for i in order]
    width = max(map(len, names))
    lines = [" " * width + "".join(f" {name[:4]:>4}" for name in names)]
    for name, i in zip(names, order, strict=True):
        cells = "".join("    ." if i == j else f" {points[i, j]:4.0f}" for j in order)
        lines.append(f"{name:<{width}}{cells}")
    return "\n".join(["```", *lines, "```"])
