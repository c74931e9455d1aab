"""`verify`: is everything in the store what was submitted, fought and signed?

Sources are assembled again, results fought again, and all of it compared with the rows, the
documents and the event log. What was made under other rules than the board's present ones is
checked by its signature alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from coreenv.redcode.lines import Encoding
from leaderboard import jobs, views
from leaderboard.board import Board
from leaderboard.conditions import setting_of
from leaderboard.events import body_of, chain_faults, told
from leaderboard.models import Entry, Evaluation, Event, SeasonRow, Standing
from leaderboard.problem import BoardError, Problem
from leaderboard.replay import document_faults, replay_faults
from leaderboard.sandbox import Job as Assembly
from leaderboard.sandbox import examine
from leaderboard.seasons import season
from leaderboard.standings import classes_of, ranks_of
from leaderboard.submission import entry_hash, entry_id


@dataclass
class Report:
    """What `verify` found.

    Attributes:
        faults: one line for each thing that does not match.
        entries, replayed, stale: how many were looked at, fought again, and not.
    """

    faults: list[str] = field(default_factory=list)
    entries: int = 0
    replayed: int = 0
    stale: int = 0


def verify(board: Board, session: Session, id_: str | None = None, threads: int = 1) -> Report:
    """Check one entry, or everything.

    Args:
        board: whose.
        session: any.
        id_: of an entry; None for the whole store.
        threads: fight at once.

    Raises:
        Problem: E_UNKNOWN, there is no such entry.
    """
    report = Report()
    report.faults += chain_faults(session)
    entries = [views.known(session, id_)] if id_ else list(session.scalars(select(Entry)))
    for entry in sorted(entries, key=lambda entry: entry.number):
        report.entries += 1
        report.faults += _entry_faults(board, session, entry)
        owned = select(Evaluation).where(Evaluation.entry == entry.id).order_by(Evaluation.key)
        for evaluation in session.scalars(owned):
            _check(board, session, entry, evaluation, report, threads)
    if id_ is None:
        report.faults += _missing(session)
        report.faults += _season_faults(board, session)
        report.faults += _rank_faults(session)
    return report


def _entry_faults(board: Board, session: Session, entry: Entry) -> Iterator[str]:
    """Where an entry is not what its event says, or its source not what its hashes say."""
    submitted = told(session, "submitted", entry.id)
    if [body.get("hash") for body in submitted] != [entry_hash(entry)]:
        yield f"entry {entry.id}: its manifest is not what was submitted"
    whole = isinstance(entry.source, bytes) and isinstance(entry.encoding, str)
    if not whole or sha256(entry.source).hexdigest() != entry.source_hash:
        yield f"entry {entry.id}: its source is not what was submitted"
        return
    encoding: Encoding = "latin-1" if entry.encoding == "latin-1" else "utf-8"
    job = Assembly(entry.track, entry.ruleset, encoding, board.settings.assembly_seconds)
    try:
        found = examine(job, entry.source)
    except (Problem, RuntimeError) as error:
        yield f"entry {entry.id}: its source does not assemble: {error}"[:500]
        return
    same = (found.canonical, found.program) == (entry.canonical, entry.program)
    if not same or entry.id != entry_id(entry.canonical, entry.ruleset):
        yield f"entry {entry.id}: its canonical hash is not that of its source"


def _check(
    board: Board,
    session: Session,
    entry: Entry,
    evaluation: Evaluation,
    report: Report,
    threads: int,
) -> None:
    """Check an evaluation. Whatever keeps it from being fought again is a fault like others."""
    name = f"entry {entry.id}: {evaluation.kind} {evaluation.key[:16]}"
    done = evaluation.status == "done"
    if done:
        report.faults += (
            f"{name}: {fault}" for fault in document_faults(board, session, evaluation)
        )
    try:
        setting = setting_of(board, session, evaluation)
        if setting is None:
            report.stale += done
        elif done or jobs.kept(session, evaluation.key):
            found = replay_faults(session, setting, entry, evaluation, threads)
            report.faults += [f"{name}: {fault}" for fault in found]
            report.replayed += 1
    except Exception as error:  # stored values may have become anything
        why = type(error).__name__ if evaluation.kind == "holdout" else repr(error)[:300]
        report.faults.append(f"{name}: it cannot be fought again: {why}")


def _missing(session: Session) -> Iterator[str]:
    """Events that tell of rows that are not there any more."""
    ids = set(session.scalars(select(Entry.id)))
    done = set(session.scalars(select(Evaluation.key).where(Evaluation.status == "done")))
    for event in session.scalars(select(Event).order_by(Event.number)):
        key = body_of(event).get("key")
        if event.kind == "submitted" and event.entry not in ids:
            yield f"event {event.number}: entry {event.entry} is gone"
        elif event.kind == "scored" and key not in done:
            yield f"event {event.number}: the result {str(key)[:16]} is gone"


def _season_faults(board: Board, session: Session) -> Iterator[str]:
    opened_ = {body.get("season"): body for body in told(session, "season_opened")}
    closed = {body.get("season"): body for body in told(session, "season_closed")}
    for row in session.scalars(select(SeasonRow).order_by(SeasonRow.number)):
        if opened_.get(row.number, {}).get("commitment") != row.commitment:
            yield f"season {row.number}: its commitment is not the one that was published"
        if row.number and closed.get(row.number, {}).get("secret") != row.secret:
            yield f"season {row.number}: its secret is not the one that was published"
        try:
            season(board.folder, row)
        except BoardError as error:
            yield str(error)


def _rank_faults(session: Session) -> Iterator[str]:
    for conditions in session.scalars(select(Standing.conditions).distinct()):
        rows = list(session.scalars(select(Standing).where(Standing.conditions == conditions)))
        document = session.get_one(Evaluation, rows[0].evaluation).document
        try:
            expected = ranks_of(rows, classes_of(json.loads(document)["signed"]["result"]))
        except (KeyError, TypeError, ValueError) as error:
            yield f"ranks of conditions {conditions[:16]} cannot be computed again: {error!r}"
            continue
        for row, rank in zip(rows, expected, strict=True):
            if row.rank != rank:
                yield f"entry {row.entry}: rank of the table does not match"
