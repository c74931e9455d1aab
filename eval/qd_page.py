"""Figures of archives as one HTML page that needs nothing but itself.

Names of runs and mutation policies are somebody else's: every one passes through `name`.
"""

from collections.abc import Iterable
from html import escape

from eval import plots
from eval.contribution import Contribution
from eval.markup import (
    NOTHING,
    chip,
    document,
    figure,
    name,
    percent,
    row,
    section,
    side_by_side,
    table,
)
from eval.qd_metrics import ArchiveFigures
from eval.qd_report import NodeFigures, QdReport, SearchReport
from eval.qd_table import by_operator_differs, lineage_text


def qd_page(report: QdReport) -> str:
    """The whole page; it loads nothing from anywhere."""
    body = [_header(report), section("QD-scores", _overview(report))]
    for number, search in enumerate(report.searches, start=1):
        body.append(section(f"Search {number}", _search(search, number)))
    body.append(section("How this was measured", _method(report)))
    return document("Quality-diversity of Core War searches", body, _RULES)


def _header(report: QdReport) -> str:
    count = len(report.searches)
    return (
        f"<header>\n<p>Quality-diversity</p>\n<h1>Archives of {count} "
        f"Core War search{'es' if count > 1 else ''}</h1>\n"
        f"<p>Common opponents of hill {name(report.hill)}.</p>\n</header>"
    )


def _overview(report: QdReport) -> str:
    note = (
        "A QD-score is the summed fitness of an archive's elites. Claimed is what the nodes "
        "measured when they chose them; corrected is what is left of the same elites on "
        "placements nobody was chosen on. Common is the figure to compare searches by: all final "
        "elites against the same opponents at the same placements."
    )
    head = ("Search", "Claimed", "Corrected", "Lost", "Common", "Coverage", "Maximum")
    rows = [_overview_row(search) for search in report.searches]
    if len(report.searches) > 1:
        rows.append(row("<b>all merged</b>", *(NOTHING,) * 3, *_common(report.together)))
    caption = "QD-scores; coverage and maximum of the common archive"
    return f"<p>{note}</p>\n{table(caption, head, rows)}"


def _overview_row(search: SearchReport) -> str:
    corrected = NOTHING if search.corrected is None else f"{search.corrected.qd_score:.2f}"
    lost = NOTHING if search.loss is None else percent(search.loss.qd_share)
    claimed = f"{search.claimed.qd_score:.2f}"
    return row(name(search.name), claimed, corrected, lost, *_common(search.common))


def _common(figures: ArchiveFigures) -> tuple[str, ...]:
    score, top = f"<b>{figures.qd_score:.2f}</b>", f"{figures.maximum:.2f}"
    return score, percent(figures.coverage), top


def _search(search: SearchReport, number: int) -> str:
    parts = [f"<p>{name(search.name)}, seed {search.seed}</p>", _figures(search)]
    if search.common.profile:
        parts.append(side_by_side(_profile(search, number), _bars(search, number)))
    if search.nodes:
        parts.append(_nodes(search))
    parts.append(_makers("Node", "What each node gave", search.by_node, chips=True))
    if by_operator_differs(search):
        parts.append(_makers("Operator", "What each operator gave", search.by_operator))
    if search.lineage is not None:
        parts.append(f"<p>Lineage of the common archive: {lineage_text(search.lineage)}.</p>")
    return "\n".join(parts)


def _figures(search: SearchReport) -> str:
    def line(label: str, figures: ArchiveFigures) -> str:
        cells = f"{figures.cells} ({percent(figures.coverage)})"
        return row(label, f"{figures.qd_score:.2f}", cells, f"{figures.maximum:.2f}")

    rows = [line("Claimed", search.claimed)]
    if search.corrected is not None and search.loss is not None:
        rows.append(line("Corrected", search.corrected))
        loss = search.loss
        score = f"{loss.qd_score:.2f} ({percent(loss.qd_share)})"
        cells = search.claimed.cells - search.corrected.cells
        rows.append(row("Lost", score, str(cells), f"{loss.maximum:.2f}"))
    rows.append(line("<b>Common</b>", search.common))
    return table("The merged archive", ("Archive", "QD-score", "Cells", "Maximum"), rows)


def _profile(search: SearchReport, number: int) -> str:
    profiles = {"claimed": search.claimed.profile, "common": search.common.profile}
    if search.corrected is not None:
        corrected = search.corrected.profile
        profiles = {"claimed": profiles["claimed"], "corrected": corrected, **profiles}
    scores = ", ".join(f"{key} {sum(profile):.2f}" for key, profile in profiles.items())
    return figure(
        plots.archive_profile(profiles),
        f"profile-{number}",
        f"Archive profiles; QD-scores: {scores}",
        "Archive profile.",
        "Cells whose elite has at least so much fitness; the area below a line is its QD-score. "
        "Common fitness is against other opponents, and so on a scale of its own.",
    )


def _bars(search: SearchReport, number: int) -> str:
    labels = {str(node.node): f"{node.node} {node.operator}" for node in search.nodes}
    parts = [
        (
            labels.get(part.maker, part.maker),
            plots.node_colour(int(part.maker)),
            part.qd_score,
            part.qd_score if part.line_qd_score is None else part.line_qd_score,
        )
        for part in search.by_node
    ]
    told = ", ".join(f"node {part.maker} {part.qd_score:.2f}" for part in search.by_node)
    return figure(
        plots.part_bars(parts),
        f"parts-{number}",
        f"QD-score of the common archive by node: {told or 'nobody'}",
        "Who found it.",
        "Solid: by the node that wrote the elite. Hatched: by lineage, every elite cut equally "
        "among the calls that led to it.",
    )


def _nodes(search: SearchReport) -> str:
    head = ("Node", "Claimed", "Corrected", "Lost", "Cells", "Received", "Fills", "Niche novelty")
    rows = map(_node, search.nodes)
    return table("The nodes' own final archives", head, rows)


def _node(node: NodeFigures) -> str:
    return row(
        f"{chip(node.node)} {name(node.operator)}",
        f"{node.claimed.qd_score:.2f}",
        f"{node.corrected.qd_score:.2f}",
        percent(node.loss.qd_share),
        f"{node.claimed.cells} → {node.corrected.cells}",
        str(node.received),
        str(node.fills),
        NOTHING if node.novelty is None else percent(node.novelty),
    )


def _makers(first: str, caption: str, parts: Iterable[Contribution], *, chips: bool = False) -> str:
    head = (first, "Cells", "QD-score", "Cells by lineage", "QD-score by lineage", "Only here")
    rows = [
        row(
            chip(int(part.maker)) if chips else name(part.maker),
            str(part.cells),
            f"{part.qd_score:.2f}",
            NOTHING if part.line_cells is None else f"{part.line_cells:.1f}",
            NOTHING if part.line_qd_score is None else f"{part.line_qd_score:.2f}",
            str(part.only),
        )
        for part in parts
    ]
    return table(f"{caption} to the common archive", head, rows)


def _method(report: QdReport) -> str:
    facts = [
        (
            "Claimed",
            "The final archives of all nodes, merged, best per cell, by the fitness each node "
            "measured against its own opponents (raw).",
        ),
        (
            "Corrected",
            "The elites of that archive at placements of a seed domain of their own, against the "
            "opponents their node's round had, sorted into an empty archive. An elite whose "
            "behaviour changes may fall into another's cell, so cells can be lost too.",
        ),
        (
            "Common",
            "All final elites, each alone in one core with the hill's common opponents at 20 "
            "placements, sorted into an empty archive.",
        ),
        (
            "Niche novelty",
            "The share of the champions received whose cell was empty in the receiver's previous "
            "archive.",
        ),
        (
            "Lineage",
            "An elite descends from its parent, and so on to a warrior that was written anew. By "
            "lineage, each call in that line gets an equal part of the elite.",
        ),
        (
            "Only here",
            "Cells that none but this maker's elites reached when all were measured, the best "
            "and the beaten.",
        ),
        ("Hill", f"{name(report.hill)}, <code>{escape(report.hill_hash)}</code>"),
        ("Made by", name(report.made_by)),
    ]
    return "<dl>\n" + "\n".join(f"<dt>{t}</dt><dd>{text}</dd>" for t, text in facts) + "\n</dl>"


_RULES = """\
.scroll,.figures{margin:0 0 24px}
"""
