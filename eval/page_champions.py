"""The champions' part of the report page: the Redcode listing, and the held-out scores."""

from html import escape

from eval import plots
from eval.generality import Generality
from eval.markup import chip, figure, name, percent, row, side_by_side, table
from eval.summary import Summary


def champion_listing(summary: Summary) -> str:
    """What the fittest warrior is, where it comes from, and its program."""
    elite = summary.champion
    if elite is None:
        return "<p>No node placed a warrior in its archive, so there is no champion.</p>"
    origin = elite.origin
    parent = (
        f"It was made from warrior <code>{escape(origin.parent[:12])}</code>."
        if origin.parent
        else "It was written anew."
    )
    return (
        f"<p>{chip(origin.node)} The fittest warrior of the common archive: fitness "
        f"{elite.fitness:.2f}, {elite.tsp:.1f} spawned processes, {elite.mc:.1f} cells visited. "
        f"Found by {name(origin.operator)} on node {origin.node}, round {origin.round}, call "
        f"{origin.call}. {parent}</p>\n"
        f'<pre tabindex="0" aria-label="Redcode of the champion">{escape(elite.redcode)}</pre>\n'
        f"<p>Canonical id <code>{escape(elite.id)}</code></p>"
    )


def held_out_scores(summary: Summary) -> str:
    """Every champion against every opponent of the held-out split."""
    if not summary.generality:
        return "<p>No node had a champion to score.</p>"
    note = (
        "Every champion meets every held-out opponent alone, one against one. A won round is worth "
        "three points and a tied one a point, per hundred rounds; the headline is the mean over "
        "classes. In the bars, solid is won, hatched is tied, and the rest is lost."
    )
    scores = (_score(summary, i, result) for i, result in enumerate(summary.generality))
    return f"<p>{note}</p>\n" + "\n".join(scores)


def _score(summary: Summary, index: int, result: Generality) -> str:
    """One champion: a bar chart by class, and the table of opponents; the first one is open."""
    role = ["champion of the search"] if index == 0 else []
    role += [
        f"last champion of node {chip(node.node)}"
        for node in summary.nodes
        if node.champion == result.warrior
    ]
    classes = ", ".join(f"{c} {points:.0f}" for c, points in result.class_points().items())
    bars = figure(
        plots.class_bars(result),
        f"classes-{index}",
        f"KOTH points by class of opponents: {classes}",
        "By class.",
        f"{percent(result.win_share)} won, {percent(result.tie_share)} tied.",
    )
    return (
        f"<details{' open' if index == 0 else ''}>\n<summary><b>{result.points:.1f}</b> "
        f"{name(result.name)}, {', '.join(role)}</summary>\n"
        f"{side_by_side(bars, _opponents(result))}\n</details>"
    )


def _opponents(result: Generality) -> str:
    """Every opponent, in groups by class."""
    groups: dict[str, list[str]] = {
        class_: [
            f'<tr class="group"><th scope="rowgroup" colspan="4">{name(class_)}</th>'
            f"<td>{points:.1f}</td></tr>\n"
        ]
        for class_, points in result.class_points().items()
    }
    for pair in result.pairs:
        counts = map(str, (pair.wins, pair.losses, pair.ties))
        line = row(name(pair.opponent), *counts, f"{pair.points:.1f}")
        groups[pair.opponent_class].append(line)
    caption = "Rounds won, lost and tied against each opponent"
    return table(caption, ("Opponent", "W", "L", "T", "Points"), *groups.values())
