"""The tables as the terminal shows them. Names are shown as they are, never as markup."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from eval.statistics import Interval
from leaderboard.field import Field
from leaderboard.figures import percent, points
from leaderboard.problem import printable
from leaderboard.views import Row


def leaderboard_table(rows: Sequence[Row], track: str) -> Table:
    """One row an entry; both intervals beside the points."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    measures = ("QD-score", "coverage", "claimed\nQD-score") if track == "search" else ()
    intervals = ("placement\ninterval", "opponent\ninterval")
    for name in ("rank", *measures, "points", *intervals, "won", "tied"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("worst", max_width=8, overflow="fold")
    table.add_column("entry", no_wrap=True)
    table.add_column("name", overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, _cells(row, track)))
    return table


def field_table(field: Field, names: Mapping[str, str]) -> Table:
    """One row an entry: strength, Nash weight, and the shares it takes from each other."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "strength", "Nash", *map(str, range(1, len(field.entries) + 1))):
        table.add_column(name, justify="right")
    table.add_column("name", overflow="fold")
    for i, id_ in enumerate(field.entries):
        shares = (f"{100 * share:.0f}" for share in field.shares[i])
        strength, weight = f"{field.strengths[i]:+.2f}", f"{field.nash[i]:.0%}"
        table.add_row(str(i + 1), strength, weight, *shares, _cell(names.get(id_, id_)))
    return table


def _cells(row: Row, track: str) -> list[str]:
    cells = ["" if row.rank is None else str(row.rank)]
    if track == "search":
        cells += [points(row.qd_score), percent(row.coverage)]
        cells += [points(row.claimed.get("qd_score"))]
    cells += [
        points(row.points) if row.points is not None else row.status,
        _interval(row.placement),
        _interval(row.opponents),
        percent(row.win_share),
        percent(row.tie_share),
        row.worst_class,
        row.id,
        f"{row.name} by {row.author}" + (" (near-clone)" if row.clone_of else ""),
    ]
    return cells


def _cell(text: str) -> Text:
    return Text(printable(text))


def _interval(ends: Interval | None) -> str:
    return "" if ends is None else f"{ends[0]:.0f}..{ends[1]:.0f}"
