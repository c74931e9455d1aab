"""The report of a search: a table for the terminal, and a page for the browser."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.archive import Archive, Elite, EliteRecord
from eval.files import write_whole
from eval.generality import Generality
from eval.markup import NOTHING, percent
from eval.page import best, node_points, page
from eval.record import NodeView
from eval.summary import ModelSummary, NodeSummary, Summary

MODEL_NOTES = (
    "cost: ? where no price is known; rej, dup, refd, cut: share of the model's calls that",
    "did not assemble, were known already, were refused, or were cut off",
)

BAR = 24
"""Characters of the champion's bar of rounds."""


def write_report(
    folder: Path,
    summary: Summary,
    views: Sequence[NodeView],
    merged: Archive[EliteRecord],
    common: Archive[Elite],
) -> Path:
    """Write ``report.html``, whole or not at all.

    Args:
        folder: of the run; it must exist.
        summary: the final figures.
        views: every node, for the curves.
        merged: the nodes' archives merged by claimed fitness.
        common: the archive re-scored under equal conditions.

    Returns:
        The path of the page.
    """
    path = folder / "report.html"
    write_whole(path, page(summary, views, merged, common))
    return path


def summary_table(summary: Summary) -> RenderableType:
    """The figures a search ends with, for a terminal of 80 columns, with or without colour."""
    notes = (
        "common: final elites measured anew under equal conditions; raw: as claimed",
        "best: fitness as claimed → on fresh placements",
        "points: KOTH, of 300, against held-out opponents, every class weighing the same",
    )
    return Group(
        _headline(summary),
        _nodes(summary),
        *([_models(summary)] if summary.models else []),
        *(
            Text(f" {note}", style="dim")
            for note in (*notes, *(MODEL_NOTES * bool(summary.models)))
        ),
    )


def _headline(summary: Summary) -> Table:
    table = Table.grid(padding=(0, 2))
    table.title = Text(f"{summary.name}, seed {summary.seed}", style="bold")
    table.title_justify = "left"
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row(
        " QD-score", f"{summary.qd_score_common:.2f} common, {summary.qd_score_raw:.2f} raw"
    )
    table.add_row(
        " coverage",
        f"{percent(summary.coverage_common)} common, {percent(summary.coverage_raw)} raw",
    )
    champion = summary.champion_generality
    table.add_row(" champion", _champion(champion) if champion else "none: no warrior was placed")
    table.add_row(
        " calls",
        f"{summary.calls}, {summary.rejected} rejected, {summary.duplicates} duplicates",
    )
    table.add_row(" exchange", f"{summary.exchanged} champions received from peers")
    table.add_row(" time", f"{summary.seconds:.1f} s")
    return table


def _champion(result: Generality) -> Text:
    """The champion's points, and its rounds as a bar."""
    won, tied = round(BAR * result.win_share), round(BAR * result.tie_share)
    lost = 1 - result.win_share - result.tie_share
    return Text.assemble(
        (result.name, "bold"),
        f", {result.points:.1f} of 300 points\n",
        ("█" * won, "green"),
        ("▒" * tied, "yellow"),
        ("·" * (BAR - won - tied), "dim"),
        f"  won {percent(result.win_share)}, tied {percent(result.tie_share)}, "
        f"lost {percent(lost)}",
    )


def _nodes(summary: Summary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", justify="right")
    table.add_column("operator", overflow="fold", min_width=10)
    for heading in ("calls", "placed", "rej", "dup", "recv", "cells", "QD"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("best", justify="right", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    for node in summary.nodes:
        table.add_row(*_node(summary, node))
    return table


def _models(summary: Summary) -> Table:
    """A line a language model: calls, tokens, money, time, and what went wrong."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("model", overflow="fold", min_width=10)
    for heading in ("calls", "tokens", "cost", "p50 s", "p99 s", "rej", "dup", "refd", "cut"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("failed", overflow="fold")
    for model in summary.models:
        table.add_row(*map(Text, _model(model)))
    return table


def _model(model: ModelSummary) -> list[str]:
    def share(count: int) -> str:
        return f"{count / model.calls:.0%}" if model.calls else NOTHING

    faults = ", ".join(f"{count} {fault}" for fault, count in model.faults.items())
    return [
        model.model,
        str(model.calls),
        str(model.input_tokens + model.output_tokens),
        "?" if model.usd is None else f"${model.usd:.2f}",
        f"{model.seconds[0]:.1f}",
        f"{model.seconds[2]:.1f}",
        *map(share, (model.rejected, model.duplicates, model.refused, model.truncated)),
        faults or "0",
    ]


def _node(summary: Summary, node: NodeSummary) -> list[Text]:
    operator = Text(node.operator)
    if node.state != "finished":
        operator.append(f" ({node.state})", style="bold red")
    counts = (node.calls, node.placed, node.rejected, node.duplicates, node.received)
    figures = (str(node.cells), f"{node.qd_score:.2f}" if node.cells else NOTHING)
    rest = (*map(str, counts), *figures, best(node), node_points(summary, node))
    return [Text(str(node.node)), operator, *map(Text, rest)]
