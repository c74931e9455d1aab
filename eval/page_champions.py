"""The champions' part of the report page: the Redcode listing, and the held-out scores."""

from html import escape

from eval import plots
from eval.generality import Generality, PairScore
from eval.markup import chip, figure, name, percent, scroll
from eval.summary import Summary


def champion_listing(summary: Summary) -> str:
    elite = summary.champion
    if elite is None:
        return "<p>No node placed a warrior in its archive, so there is no champion.</p>"
    origin = elite.origin
    parent = f"from {origin.parent[:12]}" if origin.parent else "from nothing"
    return (
        f"<p>{chip(origin.node)} The fittest warrior of the common archive: fitness "
        f"{elite.fitness:.2f}, {elite.tsp:.1f} spawned processes, {elite.mc:.1f} cells visited. "
        f"{name(origin.operator)} wrote it on node {origin.node}, round {origin.round}, call "
        f"{origin.call}, {parent}.</p>\n"
        f'<pre tabindex="0" aria-label="Redcode of the champion">{escape(elite.redcode)}</pre>\n'
        f"<p>Canonical id <code>{elite.id}</code></p>"
    )


def held_out_scores(summary: Summary) -> str:
    if not summary.generality:
        return "<p>No node had a champion to score.</p>"
    note = (
        "Every champion meets every held-out opponent alone, one against one. A won round is worth "
        "three points and a tied one a point, per hundred rounds; the headline is the mean over "
        "classes. In the bars, solid is won, hatched is tied, pale is lost."
    )
    scores = (_score(summary, i, result) for i, result in enumerate(summary.generality))
    return f"<p>{note}</p>\n" + "\n".join(scores)


def _score(summary: Summary, index: int, result: Generality) -> str:
    """One champion: a bar chart by class, and the table of opponents; the first one is open."""
    of = [node.node for node in summary.nodes if node.champion == result.warrior]
    role = ["champion of the search"] if index == 0 else []
    role += [f"last champion of node {chip(node)}" for node in of]
    shares = ", ".join(f"{c} {points:.0f}" for c, points in result.class_points().items())
    chart = figure(
        plots.svg(plots.class_bars(result), f"classes-{index}", f"KOTH points by class: {shares}"),
        "By class.",
        f"{percent(result.win_share)} won, {percent(result.tie_share)} tied.",
    )
    return (
        f"<details{' open' if index == 0 else ''}>\n<summary><b>{result.points:.1f}</b> "
        f"{name(result.name)}, {', '.join(role)}</summary>\n"
        f'<div class="figures">\n{chart}\n{_pairs(result)}\n</div>\n</details>'
    )


def _pairs(result: Generality) -> str:
    """Every opponent, in groups by class."""
    groups: dict[str, list[PairScore]] = {}
    for pair in result.pairs:
        groups.setdefault(pair.opponent_class, []).append(pair)
    bodies = (
        f'<tbody><tr class="group"><th scope="rowgroup" colspan="4">{name(class_)}</th>'
        f"<td>{points:.1f}</td></tr>\n{''.join(map(_pair, groups[class_]))}</tbody>"
        for class_, points in result.class_points().items()
    )
    head = "".join(f'<th scope="col">{c}</th>' for c in ("Opponent", "W", "L", "T", "Points"))
    return (
        '<div class="scroll" role="region" tabindex="0" aria-label="Opponents">'
        "<table><caption>Rounds won, lost and tied against each opponent</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n{chr(10).join(bodies)}</table></div>"
    )


def _pair(pair: PairScore) -> str:
    counts = "".join(f"<td>{n}</td>" for n in (pair.wins, pair.losses, pair.ties))
    heading = f'<th scope="row">{name(pair.opponent)}</th>'
    return f"<tr>{heading}{counts}<td>{pair.points:.1f}</td></tr>\n"


