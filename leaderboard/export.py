"""The table as CSV and JSON."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from leaderboard.views import Row

COLUMNS: Final = (
    *("rank", "id", "name", "author", "method", "link", "points"),
    *("placement_low", "placement_high", "opponents_low", "opponents_high"),
    *("win_share", "tie_share", "worst_class", "qd_score", "coverage"),
    *("status", "clone_of", "claimed"),
)

_STARTS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def to_csv(rows: Sequence[Row]) -> str:
    """The table. No text of a submitter's can be taken for a formula: see `inert`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([inert(_flat(row)[column]) for column in COLUMNS])
    return text.getvalue()


def to_json(rows: Sequence[Row]) -> str:
    """The table as a JSON list."""
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"


def opponents_to_csv(scores: dict[str, Any]) -> str:
    """Rounds against each opponent.

    Args:
        scores: of a result, see `leaderboard.views.scores`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("opponent", "opponent_class", "wins", "losses", "ties", "points")
    writer.writerow(columns)
    writer.writerows([inert(pair[column]) for column in columns] for pair in scores["pairs"])
    return text.getvalue()


def inert(value: Any) -> Any:
    """A text behind an apostrophe if a spreadsheet would compute it; all else as it is."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_STARTS_FORMULA):
        return "'" + value
    return value


def _flat(row: Row) -> dict[str, Any]:
    flat = asdict(row)
    for name in ("placement", "opponents"):
        flat[f"{name}_low"], flat[f"{name}_high"] = flat[name] or (None, None)
    flat["claimed"] = json.dumps(row.claimed) if row.claimed else ""
    return flat
