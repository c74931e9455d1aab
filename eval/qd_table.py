"""Figures of archives for a terminal of 80 columns, with or without colour."""

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from eval.contribution import Contribution
from eval.lineage import LineageFigures
from eval.markup import NOTHING, percent
from eval.qd_metrics import ArchiveFigures, Loss
from eval.qd_report import NodeFigures, QdReport, SearchReport

NOTES = (
    "claimed: as the nodes measured their elites when they chose them",
    "corrected: the same elites, the same opponents, placements nobody was chosen on",
    "common: all final elites against the hill's common opponents",
    "lost: share of the claimed QD-score",
    "novelty: share of the champions received whose cell was empty here",
    "found, QD: cells and QD-score of the common archive, by who wrote the elite",
    "by line: that QD-score, every elite cut equally among the calls of its line",
    "only: cells nobody else reached",
)


def qd_table(report: QdReport) -> RenderableType:
    """Every search, and all of them side by side where there are several."""
    parts: list[RenderableType] = []
    for search in report.searches:
        parts += [_figures(search), _nodes(search)]
        if by_operator_differs(search):
            parts.append(_operators(search))
        if search.lineage is not None:
            parts += [Padding(f"lineage: {lineage_text(search.lineage)}", (0, 0, 1, 1))]
    if len(report.searches) > 1:
        parts.append(_overview(report))
    return Group(*parts, *(Text(f" {note}", style="dim") for note in NOTES))


def by_operator_differs(search: SearchReport) -> bool:
    """False where every node has a mutation policy of its own: then one table says it all."""
    nodes, operators = (
        [part.model_dump(exclude={"maker"}) for part in parts]
        for parts in (search.by_node, search.by_operator)
    )
    return nodes != operators


def lineage_text(figures: LineageFigures) -> str:
    """Lines of parents in a sentence."""
    return (
        f"ancestors: {figures.depth_median:g} in the median, {figures.depth_max} at most; "
        f"{figures.crossed} of {figures.elites} elites passed between nodes; "
        f"{figures.nodes_mean:.1f} nodes and {figures.operators_mean:.1f} operators each"
    )


def _figures(search: SearchReport) -> Table:
    table = _table(f"{search.name}, seed {search.seed}")
    table.add_column("archive", no_wrap=True)
    for heading in ("QD-score", "coverage", "maximum", "cells"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, figures in (("claimed", search.claimed), ("corrected", search.corrected)):
        table.add_row(label, *_archive(figures))
    table.add_row("  lost", *_loss(search.loss))
    table.add_row(Text("common", style="bold"), *_archive(search.common))
    return table


def _archive(figures: ArchiveFigures | None) -> tuple[str, ...]:
    if figures is None:
        return (NOTHING,) * 4
    score, top = f"{figures.qd_score:.2f}", f"{figures.maximum:.2f}"
    return score, percent(figures.coverage), top, str(figures.cells)


def _loss(loss: Loss | None) -> tuple[str, ...]:
    if loss is None:
        return (NOTHING,) * 3
    score = f"{loss.qd_score:.2f} ({percent(loss.qd_share)})"
    return score, percent(loss.coverage), f"{loss.maximum:.2f}"


def _nodes(search: SearchReport) -> Table:
    table = _table("")
    table.add_column("", justify="right")
    table.add_column("operator", overflow="fold", min_width=8)
    for heading in ("claimed", "corrected", "lost", "novelty", "found", "QD", "by line", "only"):
        table.add_column(heading, justify="right", no_wrap=True)
    figures = {str(node.node): node for node in search.nodes}
    for part in search.by_node:
        node = figures.get(part.maker)
        table.add_row(part.maker, *_node(node), *_part(part))
    return table


def _node(node: NodeFigures | None) -> tuple[Text | str, ...]:
    if node is None:
        return (NOTHING,) * 5
    scores = (f"{node.claimed.qd_score:.2f}", f"{node.corrected.qd_score:.2f}")
    novelty = NOTHING if node.novelty is None else percent(node.novelty)
    return Text(node.operator), *scores, percent(node.loss.qd_share), novelty


def _part(part: Contribution) -> tuple[str, ...]:
    by_line = NOTHING if part.line_qd_score is None else f"{part.line_qd_score:.2f}"
    return str(part.cells), f"{part.qd_score:.2f}", by_line, str(part.only)


def _operators(search: SearchReport) -> Table:
    table = _table("")
    table.add_column("operator", overflow="fold", min_width=8)
    for heading in ("found", "QD", "by line", "only"):
        table.add_column(heading, justify="right", no_wrap=True)
    for part in search.by_operator:
        table.add_row(Text(part.maker), *_part(part))
    return table


def _overview(report: QdReport) -> Table:
    table = _table("side by side")
    table.add_column("search", overflow="fold", min_width=10)
    for heading in ("claimed", "corrected", "lost", "common", "coverage", "maximum"):
        table.add_column(heading, justify="right", no_wrap=True)
    for search in report.searches:
        corrected = NOTHING if search.corrected is None else f"{search.corrected.qd_score:.2f}"
        lost = NOTHING if search.loss is None else percent(search.loss.qd_share)
        claimed = f"{search.claimed.qd_score:.2f}"
        common = _archive(search.common)[:3]
        table.add_row(Text(search.name), claimed, corrected, lost, *common)
    table.add_row("together", "", "", "", *_archive(report.together)[:3])
    return table


def _table(title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    if title:
        table.title, table.title_justify = Text(title, style="bold"), "left"
    return table
