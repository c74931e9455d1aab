"""A stored result fought again, and compared with everything that is kept of it."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from leaderboard import jobs
from leaderboard.blocks import Blocks
from leaderboard.board import Board
from leaderboard.conditions import Setting, conditions_hash
from leaderboard.evaluation import content, result
from leaderboard.events import told
from leaderboard.models import Entry, Evaluation, SeasonRow, Standing
from leaderboard.signing import canonical, opened
from leaderboard.standings import standing_of

DERIVED: Final = [c.name for c in Standing.__table__.columns if c.name != "rank"]
"""What a standing has from its document alone."""


def document_faults(board: Board, session: Session, evaluation: Evaluation) -> Iterator[str]:
    """Where a document is not the one that was signed and logged."""
    scored = told(session, "scored", evaluation.entry)
    hashes = [body.get("document") for body in scored if body.get("key") == evaluation.key]
    if hashes != [conditions_hash({"document": evaluation.document})]:
        yield "the document is not the one in the event log"
    try:
        opened(evaluation.document, board.signer.public_key)
    except ValueError as error:
        yield str(error)


def replay_faults(
    session: Session,
    setting: Setting,
    entry: Entry,
    evaluation: Evaluation,
    threads: int,
) -> Iterator[str]:
    """Fight an evaluation again, and compare everything that is kept of it."""
    other = session.get(Entry, evaluation.other) if evaluation.other else None
    blocks = Blocks()
    found = result(setting, entry, other, blocks, threads)
    kept, fought = jobs.kept(session, evaluation.key), blocks.outcomes
    for place, outcomes in kept.items():
        if fought.get(place) != outcomes:
            whom = "" if evaluation.kind == "holdout" else f" against {place.opponent[:16]}"
            yield f"block {place.block}{whom} does not replay"
    if evaluation.status != "done":
        return
    if missing := len(fought.keys() - kept.keys()):
        yield f"{missing} of {len(fought)} blocks are gone"
    if setting.key(entry.canonical, other.canonical if other else None) != evaluation.key:
        yield "the key is another's"
    row = session.get_one(SeasonRow, evaluation.season)
    expected = json.loads(canonical(content(evaluation, entry, other, row, found)))
    signed = json.loads(evaluation.document)["signed"]
    if signed != expected:
        yield f"{_difference(signed, expected)} does not match"
    if evaluation.kind in ("score", "search"):
        yield from _standing_faults(session, evaluation, entry, found)


def _standing_faults(
    session: Session, evaluation: Evaluation, entry: Entry, found: dict[str, Any]
) -> Iterator[str]:
    stored = session.get(Standing, evaluation.key)
    expected = standing_of(evaluation, entry.track, found)
    if stored is None:
        yield "it is missing from the table"
        return
    for column in DERIVED:
        if getattr(stored, column) != getattr(expected, column):
            yield f"{column} of the table does not match"


def _difference(a: Any, b: Any, path: str = "") -> str:
    """The first place where two documents differ, such as ``result.scores.0.points``."""
    if isinstance(a, dict) and isinstance(b, dict):
        steps = [(key, a.get(key), b.get(key)) for key in sorted(a.keys() | b.keys())]
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        steps = [(str(i), x, y) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    else:
        return path or "the document"
    key, x, y = next(step for step in steps if step[1] != step[2])
    return _difference(x, y, f"{path}.{key}" if path else key)
