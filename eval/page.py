"""The report of a search as one HTML page that needs nothing but itself.

Names come from warriors, hills and models, and are hostile: every one passes through `name` or
`html.escape`.
"""

from collections import Counter
from collections.abc import Sequence
from html import escape

from coreenv.measures import GRID
from eval import plots
from eval.archive import Archive, Elite, EliteRecord
from eval.generality import Generality
from eval.markup import (
    NOTHING,
    chip,
    document,
    figure,
    legend,
    name,
    percent,
    row,
    section,
    side_by_side,
    table,
)
from eval.page_champions import champion_listing, held_out_scores
from eval.page_models import language_models
from eval.record import NodeView
from eval.summary import NodeSummary, Summary


def novelty(node: NodeSummary) -> str:
    """Niche novelty: the share of received champions that filled a cell empty here [S]."""
    return percent(node.fills / node.received) if node.received else NOTHING


def best(node: NodeSummary) -> str:
    """Fitness of a node's last champion: as claimed, and corrected on fresh placements."""
    if node.best_corrected is None:
        return f"{node.best:.2f}" if node.cells else NOTHING
    return f"{node.best:.2f} → {node.best_corrected:.2f}"


def node_points(summary: Summary, node: NodeSummary) -> str:
    """KOTH points of a node's last champion against the held-out split."""
    points = [g.points for g in summary.generality if g.warrior == node.champion]
    return f"{points[0]:.1f}" if points else NOTHING


def page(
    summary: Summary,
    views: Sequence[NodeView],
    merged: Archive[EliteRecord],
    common: Archive[Elite],
) -> str:
    """The whole page; it loads nothing from anywhere."""
    body = [
        _header(summary),
        section("Result", _tiles(summary)),
        section("Nodes", _nodes(summary)),
        section("Archives", _archives(summary, merged, common)),
        section("Course of the search", _curves(views)),
        section("Exchange", _exchange(summary)),
        section("Champion", champion_listing(summary)),
        section("Generality", held_out_scores(summary)),
        section("Rejected proposals", _rejections(summary)),
        section("Language models", language_models(summary)),
        section("How this was measured", _method(summary)),
    ]
    return document(f"{summary.name}: report of a Core War search", body)


def _header(summary: Summary) -> str:
    operators = Counter(node.operator for node in summary.nodes)
    makers = ", ".join(f"{n} &times; {name(op)}" for op, n in operators.items())
    return (
        f"<header>\n<p>Report of a Core War search</p>\n<h1>{name(summary.name)}</h1>\n"
        f"<p>Seed {summary.seed}, {summary.seconds:.1f} s, nodes: {makers}."
        f"<br>Made by {escape(summary.made_by)}.</p>\n</header>"
    )


def _tiles(summary: Summary) -> str:
    cells = GRID[0] * GRID[1]
    rejected = percent(summary.rejected / summary.calls) if summary.calls else NOTHING
    fills = sum(node.fills for node in summary.nodes)
    tiles = [
        (
            "QD-score",
            f"{summary.qd_score_common:.2f}",
            "The summed fitness of all elites, measured anew under equal conditions. The nodes "
            f"claimed {summary.qd_score_raw:.2f}.",
        ),
        (
            "Coverage",
            percent(summary.coverage_common),
            f"After that measurement {round(summary.coverage_common * cells)} of {cells} cells of "
            f"the behaviour grid are occupied; {percent(summary.coverage_raw)} before it.",
        ),
        *_champion_tiles(summary),
        (
            "Calls",
            str(summary.calls),
            f"So often a mutation policy was asked: {summary.rejected} proposals ({rejected}) did "
            f"not assemble, {summary.duplicates} were known already.",
        ),
        (
            "Champions exchanged",
            str(summary.exchanged),
            f"So many were taken in from peers; {fills} of them filled a cell that was empty "
            "in the receiver's archive.",
        ),
    ]
    items = (f"<div><dt>{t}</dt><dd><b>{f}</b><span>{why}</span></dd></div>" for t, f, why in tiles)
    return f'<dl class="tiles">\n{chr(10).join(items)}\n</dl>'


def _champion_tiles(summary: Summary) -> list[tuple[str, str, str]]:
    champion = summary.champion_generality
    if champion is None:
        return [("Champion", NOTHING, "No node placed a warrior in its archive.")]
    return [
        (
            "Champion",
            f"{champion.points:.1f}",
            f"KOTH points, of 300, that {name(champion.name)} makes against opponents the search "
            "never met, every class of them weighing the same.",
        ),
        (
            "Strict wins",
            percent(champion.win_share),
            f"The share of those rounds it won outright. {percent(champion.tie_share)} were ties, "
            "which are no wins.",
        ),
    ]


def _node(node: NodeSummary) -> str:
    return f"{chip(node.node)} {name(node.operator)}"


def _nodes(summary: Summary) -> str:
    head = ["Node", "State", "Rounds", "Calls", "Placed", "Beaten", "Duplicates", "Rejected"]
    head += ["Cells", "QD-score", "Best → corrected", "KOTH points"]
    rows = [
        row(
            _node(node),
            f'<span class="{escape(node.state)}">{escape(node.state)}</span>',
            *map(str, (node.rounds, node.calls, node.placed, node.beaten)),
            *map(str, (node.duplicates, node.rejected, node.cells)),
            f"{node.qd_score:.2f}",
            best(node),
            node_points(summary, node),
        )
        for node in summary.nodes
    ]
    note = (
        "Best is the fitness of the node's last champion: first as its archive claims it, then on "
        "fresh placements. The best of many is partly luck, and the second figure is without it. "
        "Points are that champion's against the held-out opponents."
    )
    return f"{table('What every node did', head, rows)}\n<p>{note}</p>"


def _archives(summary: Summary, merged: Archive[EliteRecord], common: Archive[Elite]) -> str:
    found = Counter(elite.origin.node for elite in common)
    finders = ", ".join(f"node {node} found {found[node]}" for node in sorted(found)) or "nobody"
    note = (
        "A cell holds the fittest warrior with that behaviour: how many processes it spawns, and "
        "how many different addresses its processes visit, both averaged over the placements. "
        "Edges never move. Each map has its own colours, up to its own best."
    )
    maps = side_by_side(
        figure(
            plots.archive_heatmap(common),
            "common",
            f"Common archive: {len(common)} cells, QD-score {summary.qd_score_common:.2f}",
            "Common.",
            "Fitness in every cell after all final elites were measured anew.",
        ),
        figure(
            plots.archive_heatmap(merged),
            "raw",
            f"Merged archive: {len(merged)} cells, QD-score {summary.qd_score_raw:.2f}",
            "Raw.",
            "The nodes' final archives merged by the fitness they claim.",
        ),
        figure(
            plots.finder_map(common),
            "finders",
            f"Who found which cell of the common archive: {finders}",
            "Who found it.",
            "The node that first wrote each elite of the common archive.",
        ),
    )
    counts = legend((n.node, f"{name(n.operator)}: {found[n.node]}") for n in summary.nodes)
    return f"<p>{note}</p>\n{maps}\n<p>Cells of the common archive by node of origin:</p>\n{counts}"


def _curves(views: Sequence[NodeView]) -> str:
    note = (
        "Every round starts a new archive against other opponents, so the lines break off at the "
        "dotted marks, and rounds are not on one scale. The number at a line's end is its node's."
    )
    curves = side_by_side(
        figure(
            plots.curve(views, lambda point: point.qd_score),
            "qd-curve",
            "QD-score of each node's archive over its calls",
            "QD-score.",
            "Summed fitness of the archive, as claimed.",
        ),
        figure(
            plots.curve(views, lambda point: point.cells),
            "cells-curve",
            "Occupied cells of each node's archive over its calls",
            "Occupied cells.",
            f"Of the {GRID[0] * GRID[1]} in the grid.",
        ),
        figure(
            plots.curve(views, lambda point: point.best),
            "best-curve",
            "Best fitness in each node's archive over its calls",
            "Best fitness.",
            "Of the fittest warrior in the archive, as claimed.",
        ),
    )
    nodes = legend((view.node, name(view.operator)) for view in views)
    return f"<p>{note}</p>\n{nodes}\n{curves}"


def _exchange(summary: Summary) -> str:
    rows = [
        row(
            _node(node),
            *map(str, (node.rounds, node.received, node.fills)),
            novelty(node),
            str(node.lost),
        )
        for node in summary.nodes
    ]
    note = (
        "A node publishes the champion of every round it completes, and takes in what peers have "
        "published, without waiting for anybody. A received champion fills a niche if its cell was "
        "empty in the node's previous archive; niche novelty is the share that did. Lost champions "
        "were overwritten before the node came to collect them."
    )
    head = ("Node", "Published", "Received", "Fills", "Niche novelty", "Lost")
    return f"{table('Champions between the nodes', head, rows)}\n<p>{note}</p>"


def _rejections(summary: Summary) -> str:
    reasons = sorted({reason for node in summary.nodes for reason in node.rejections})
    if not reasons:
        return "<p>Every proposal assembled.</p>"
    rows = []
    for reason in reasons:
        counts = [node.rejections.get(reason, 0) for node in summary.nodes]
        rows.append(row(f"<code>{escape(reason)}</code>", *map(str, (*counts, sum(counts)))))
    head = ("Reason", *(chip(node.node) for node in summary.nodes), "All")
    note = "A proposal counts once, by its first fault. It costs its call like any other."
    return f"{table('Proposals that did not assemble, by node', head, rows)}\n<p>{note}</p>"


def _method(summary: Summary) -> str:
    facts = [
        (
            "Raw",
            "The final archives of all nodes are merged, best per cell, by the fitness each node "
            "measured against its own opponents. Fitness grows with the number of warriors in the "
            "core, and nodes of an ensemble meet more of them, so raw figures of different "
            "searches are on different scales.",
        ),
        (
            "Common",
            "Every elite of every final archive fights alone with the hill's common opponents in "
            "one core, at 20 placements no search has seen, and is sorted into an empty archive "
            "by what it did there. Searches on one hill can be compared by these figures.",
        ),
        (
            "Fitness",
            "The warriors alive at the end of a cycle share one point. A warrior's points, times "
            "the number of warriors, over the number of cycles, averaged over the placements, are "
            "its fitness: 1 if nobody ever dies.",
        ),
        *_held_out_facts(summary.champion_generality),
        ("Seed of the search", str(summary.seed)),
        ("Made by", name(summary.made_by)),
    ]
    return "<dl>\n" + "\n".join(f"<dt>{t}</dt><dd>{text}</dd>" for t, text in facts) + "\n</dl>"


def _held_out_facts(result: Generality | None) -> list[tuple[str, str]]:
    if result is None:
        return []
    rounds = " or ".join(map(str, sorted({pair.rounds for pair in result.pairs})))
    return [
        (
            "Held-out score",
            f"Protocol {name(result.protocol)}: {rounds} rounds with each of {len(result.pairs)} "
            "opponents, every offset with both sides moving first, at the same placements for "
            "every champion.",
        ),
        (
            "Opponents",
            f"Split {name(result.split)} of hill {name(result.hill)}, "
            f"<code>{escape(result.hill_hash)}</code>.",
        ),
    ]
