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
from eval.generality import Generality, PairScore
from eval.markup import chip, figure, name, section, style, table
from eval.record import NodeView
from eval.summary import NodeSummary, Summary

NOTHING = "-"
"""Stands for a figure that does not exist, such as the champion of a node that found nobody."""


def percent(share: float) -> str:
    """A share of 0..1 as people read it."""
    return f"{100 * share:.1f}%"


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
    champion = summary.champion_generality
    body = [
        _header(summary),
        section("Result", _tiles(summary, champion)),
        section("Nodes", _nodes(summary)),
        section("Archives", _archives(summary, merged, common)),
        section("Course of the search", _curves(views)),
        section("Exchange", _exchange(summary)),
        section("Champion", champion_listing(summary)),
        section("Generality", held_out_scores(summary)),
        section("Rejected proposals", _rejections(summary)),
        section("How this was measured", _method(summary, champion)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(summary.name)}: report of a Core War search</title>\n"
        f"<style>\n{style()}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _header(summary: Summary) -> str:
    operators = Counter(node.operator for node in summary.nodes)
    makers = ", ".join(f"{n} &times; {name(op)}" for op, n in operators.items())
    return (
        f"<header>\n<p>Report of a Core War search</p>\n<h1>{name(summary.name)}</h1>\n"
        f"<p>Seed {summary.seed}, {summary.seconds:.1f} s, nodes: {makers}."
        f"<br>Made by {escape(summary.made_by)}.</p>\n</header>"
    )


def _tiles(summary: Summary, champion: Generality | None) -> str:
    cells = GRID[0] * GRID[1]
    share = summary.rejected / summary.calls if summary.calls else 0.0
    fills = sum(node.fills for node in summary.nodes)
    tiles = [
        (
            "QD-score",
            f"{summary.qd_score_common:.2f}",
            f"Summed fitness of all elites, measured anew under equal conditions; the nodes "
            f"themselves claimed {summary.qd_score_raw:.2f}.",
        ),
        (
            "Coverage",
            percent(summary.coverage_common),
            f"{round(summary.coverage_common * cells)} of {cells} cells of the behaviour grid "
            f"are held after the new measurement; {percent(summary.coverage_raw)} before it.",
        ),
        (
            "Champion",
            f"{champion.points:.1f}" if champion else NOTHING,
            "KOTH points of 300 against opponents the search never met, every class of them "
            "weighing the same.",
        ),
        (
            "Strict wins",
            percent(champion.win_share) if champion else NOTHING,
            f"of the champion's held-out rounds were won outright; "
            f"{percent(champion.tie_share) if champion else NOTHING} were ties, which are no wins.",
        ),
        (
            "Calls",
            str(summary.calls),
            f"of the mutation policies: {summary.rejected} ({percent(share)}) gave no program "
            f"that assembles, {summary.duplicates} gave one already known.",
        ),
        (
            "Exchanged",
            str(summary.exchanged),
            f"champions of peers were taken in; {fills} of them filled a cell that was empty "
            f"in the receiver's archive.",
        ),
    ]
    items = (f"<div><dt>{t}</dt><dd><b>{f}</b><span>{why}</span></dd></div>" for t, f, why in tiles)
    return f'<dl class="tiles">\n{chr(10).join(items)}\n</dl>'


def _nodes(summary: Summary) -> str:
    head = [
        "Node",
        "State",
        "Rounds",
        "Calls",
        "Placed",
        "Beaten",
        "Duplicates",
        "Rejected",
        "Cells",
        "QD-score",
    ]
    head += ["Best → corrected", "KOTH points"]
    rows = (
        (
            f"{chip(node.node)} {name(node.operator)}",
            f'<span class="{escape(node.state)}">{escape(node.state)}</span>',
            *map(str, (node.rounds, node.calls, node.placed, node.beaten)),
            *map(str, (node.duplicates, node.rejected, node.cells)),
            f"{node.qd_score:.2f}",
            best(node),
            node_points(summary, node),
        )
        for node in summary.nodes
    )
    note = (
        "Best is the fitness of the node's last champion: first as its archive claims it, then on "
        "fresh placements. The best of many is partly luck, and the second figure is without it. "
        "Points are that champion's against the held-out opponents."
    )
    return f"{table('What every node did', head, rows)}\n<p>{note}</p>"


def _archives(summary: Summary, merged: Archive[EliteRecord], common: Archive[Elite]) -> str:
    found = Counter(elite.origin.node for elite in common)
    finders = ", ".join(f"node {node} found {found[node]}" for node in sorted(found)) or "nobody"
    figures = (
        figure(
            plots.svg(
                plots.archive_heatmap(common),
                "common",
                f"Heat map of the re-scored archive: {len(common)} cells held, "
                f"QD-score {summary.qd_score_common:.2f}",
            ),
            "Common.",
            "Fitness of every cell after all final elites were measured anew.",
        ),
        figure(
            plots.svg(
                plots.archive_heatmap(merged),
                "raw",
                f"Heat map of the merged archive: {len(merged)} cells held, "
                f"QD-score {summary.qd_score_raw:.2f}",
            ),
            "Raw.",
            "The nodes' final archives merged by the fitness they claim.",
        ),
        figure(
            plots.svg(plots.finder_map(common), "finders", f"Who found which cell: {finders}"),
            "Who found it.",
            "The node that first wrote each elite of the common archive.",
        ),
    )
    legend = "".join(
        f"<li>{chip(n.node)} {name(n.operator)}: {found[n.node]}</li>" for n in summary.nodes
    )
    note = (
        "A cell holds the fittest warrior with that behaviour: how many processes it spawns, and "
        "how many different addresses its processes visit, both averaged over the placements. "
        "Edges never move. Each map has its own colours, up to its own best."
    )
    return (
        f'<p>{note}</p>\n<div class="figures">\n{chr(10).join(figures)}\n</div>\n'
        f'<p>Cells of the common archive by node of origin:</p>\n<ul class="legend">{legend}</ul>'
    )


def _curves(views: Sequence[NodeView]) -> str:
    figures = (
        figure(
            plots.svg(plots.curve(views, lambda p: p.qd_score), "qd", "QD-score over calls"),
            "QD-score.",
            "Summed fitness of the archive, as claimed.",
        ),
        figure(
            plots.svg(plots.curve(views, lambda p: p.cells), "cells", "Held cells over calls"),
            "Cells held.",
            f"Of {GRID[0] * GRID[1]}.",
        ),
        figure(
            plots.svg(plots.curve(views, lambda p: p.best), "best", "Best fitness over calls"),
            "Best fitness.",
            "The fittest warrior in the archive, as claimed.",
        ),
    )
    note = (
        "Every round starts a new archive against stronger opponents, so the lines fall back at "
        "the dotted marks; rounds are not on one scale. The number at a line's end names its node."
    )
    legend = "".join(f"<li>{chip(v.node)} {name(v.operator)}</li>" for v in views)
    return (
        f'<p>{note}</p>\n<ul class="legend">{legend}</ul>\n'
        f'<div class="figures">\n{chr(10).join(figures)}\n</div>'
    )


def _exchange(summary: Summary) -> str:
    head = ("Node", "Published", "Received", "Fills", "Niche novelty", "Lost")
    rows = (
        (
            f"{chip(node.node)} {name(node.operator)}",
            *map(str, (node.rounds, node.received, node.fills)),
            novelty(node),
            str(node.lost),
        )
        for node in summary.nodes
    )
    note = (
        "A node publishes the champion of every round it completes and takes in what peers have "
        "published, without waiting for anybody. A received champion fills a niche if its cell was "
        "empty in the node's previous archive; niche novelty is the share that did. Lost champions "
        "were overwritten before the node came to collect them."
    )
    return f"{table('Champions between the nodes', head, rows)}\n<p>{note}</p>"


def _rejections(summary: Summary) -> str:
    reasons = sorted({reason for node in summary.nodes for reason in node.rejections})
    if not reasons:
        return "<p>Every proposal assembled.</p>"
    head = ("Reason", *(chip(node.node) for node in summary.nodes), "All")
    rows = (
        (
            f"<code>{escape(reason)}</code>",
            *(str(node.rejections.get(reason, 0)) for node in summary.nodes),
            str(sum(node.rejections.get(reason, 0) for node in summary.nodes)),
        )
        for reason in reasons
    )
    note = "A proposal counts once, by its first fault. It costs its call like any other."
    return f"{table('Why proposals did not assemble, by node', head, rows)}\n<p>{note}</p>"


def _method(summary: Summary, champion: Generality | None) -> str:
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
            "by what it did there. These figures can be compared between searches on one hill.",
        ),
        (
            "Fitness",
            "Each cycle shares one point among the warriors alive at its end; the sum over all "
            "cycles, times warriors over cycles, averaged over the placements. A draw of all is 1.",
        ),
        ("Seed of the search", str(summary.seed)),
        ("Made by", escape(summary.made_by)),
    ]
    if champion is not None:
        rounds = sorted({pair.rounds for pair in champion.pairs})
        facts[3:3] = [
            (
                "Held-out score",
                f"Protocol {name(champion.protocol)}: "
                f"{' or '.join(map(str, rounds))} rounds with each of {len(champion.pairs)} "
                f"opponents, each offset fought with both sides moving first, the same placements "
                f"for every champion.",
            ),
            (
                "Opponents",
                f"Split {name(champion.split)} of hill {name(champion.hill)}, "
                f"<code>{escape(champion.hill_hash)}</code>.",
            ),
        ]
    return "<dl>\n" + "\n".join(f"<dt>{t}</dt><dd>{text}</dd>" for t, text in facts) + "\n</dl>"
