"""The live picture of a search: a line a node, and the merged archive filling up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from coreenv.measures import GRID
from dei_agents.config import RunConfig
from eval.record import NodeView
from eval.summary import merged_archive

NODE_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red", "bright_cyan", "bright_yellow")


def node_colour(node: int) -> str:
    return NODE_COLOURS[node % len(NODE_COLOURS)]


@contextmanager
def live_display(terminal: Console) -> Iterator[Live]:
    """Where there is no terminal, only what was shown last is printed, as lines of their own."""
    try:
        with Live(console=terminal, auto_refresh=False) as live:
            yield live
    finally:
        if not terminal.is_terminal:
            terminal.line()


def progress_view(config: RunConfig, views: Sequence[NodeView]) -> RenderableType:
    """The display as of now, for a terminal of 80 columns."""
    view = Table.grid(padding=(0, 2))
    view.add_row(node_table(config, views), archive_panel(views))
    return view


def node_table(config: RunConfig, views: Sequence[NodeView]) -> Table:
    total = config.search.rounds * config.search.calls
    title = f"{config.name}: {len(views)} nodes, seed {config.seed}{_cost(views)}"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_style="bold", padding=(0, 1, 0, 0))
    for heading in ("", "operator", "round", "calls"):
        table.add_column(heading, no_wrap=True)
    for heading in ("best", "cells", "heard"):
        table.add_column(heading, justify="right", no_wrap=True)
    for view in views:
        style = node_colour(view.node)
        bar = ProgressBar(total, view.calls, width=9, complete_style=style, finished_style=style)
        calls = Table.grid(padding=(0, 1))
        calls.add_row(bar, f"{view.calls:>{len(str(total))}}")
        table.add_row(
            Text(str(view.node), style),
            Text(view.operator or config.nodes[view.node].label, style),
            _round(view, config),
            calls,
            f"{view.best:.2f}",
            str(len(view.archive) or len(view.completed)),
            str(len(view.received)),
        )
    return table


def _round(view: NodeView, config: RunConfig) -> str | Text:
    if view.state in ("dead", "halted", "spent"):
        return Text(view.state, "bold red")
    done = " ✓" if view.state == "finished" else ""
    return f"{view.round}/{config.search.rounds}{done}"


def _cost(views: Sequence[NodeView]) -> str:
    """What the language models have cost so far."""
    tallies = [tally for view in views for tally in view.models.values()]
    if not tallies:
        return ""
    tokens = sum(tally.usage.tokens for tally in tallies)
    usd = sum(tally.micro_usd for tally in tallies) / 1e6
    more = "" if all(tally.priced for tally in tallies) else " and more"
    return f", {tokens:,} tokens, ${usd:.2f}{more}"


def archive_panel(views: Sequence[NodeView]) -> Panel:
    """The merged archive: a mark in each occupied cell, coloured by the node that found it."""
    merged = merged_archive(views)
    rows = []
    for tsp in reversed(range(GRID[0])):
        row = Text()
        for mc in range(GRID[1]):
            if (tsp, mc) in merged:
                row.append("■ ", node_colour(merged[tsp, mc].origin.node))
            else:
                row.append("· ", "dim")
        rows.append(row)
    title = f"{len(merged)} cells"
    return Panel(Text("\n").join(rows), title=title, subtitle="visited →", expand=False)
