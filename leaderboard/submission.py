"""Submissions: what comes in is examined, and either becomes an entry or a `Problem`."""

import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coreenv.redcode.lines import MAX_BYTES, Encoding
from leaderboard import clones, jobs, seasons, tokens
from leaderboard.board import Board
from leaderboard.conditions import official
from leaderboard.events import append
from leaderboard.manifest import Manifest, check_manifest, no_parent
from leaderboard.models import Entry
from leaderboard.problem import Problem
from leaderboard.sandbox import Examined, examine
from leaderboard.sandbox import Job as Assembly
from leaderboard.signing import canonical

MAX_ARCHIVE: Final = 4 * 2**20
"""Bytes of an archive."""

MAX_CLAIMS: Final = 2**18
"""Bytes of what a search claims, as JSON."""

HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Upload:
    """A submission as it comes in.

    Attributes:
        content: a Redcode source, or an archive as JSON.
        manifest: see there.
        encoding: of a source.
        claimed: of a search; what nobody can compute again.
        token: of the submitter; empty if there is none.
        submitter: whom the limit of submissions counts, where there are no tokens.
    """

    content: bytes
    manifest: Manifest
    encoding: Encoding = "utf-8"
    claimed: dict[str, Any] | None = None
    token: str = ""
    submitter: str = "local"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a submitter gets.

    Attributes:
        id: the entry's, 16 hex digits.
        source_hash: SHA-256 of the bytes that came.
        canonical_hash: of the program itself, however it is written.
        evaluation: key of the result to come.
        season: in which it is scored.
        clone_of: id of the entry it is a near-clone of, or None.
        event: hash of its event in the log.
    """

    id: str
    source_hash: str
    canonical_hash: str
    evaluation: str
    season: int
    clone_of: str | None
    event: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def submit(board: Board, upload: Upload) -> Receipt:
    """Make a submission an entry, and its evaluation due.

    Raises:
        Problem: it was turned away, and nothing was written.
    """
    _check_size(upload)
    submitter = upload.submitter
    with board.reading() as session:
        if board.settings.tokens:
            submitter = tokens.holder(session, upload.token)
        seasons.require_open(session)
        _check_rate(board, session, submitter)
    check_manifest(upload.manifest, board.hills)
    examined = _examine(board, upload)
    with board.writing() as session:
        return _enter(board, session, upload, examined, submitter)


def _check_size(upload: Upload) -> None:
    """Before anything is parsed."""
    most = MAX_BYTES if upload.manifest.track == "warrior" else MAX_ARCHIVE
    if len(upload.content) > most:
        raise Problem.of("E_SIZE", f"the file has more than {most} bytes", f"at most {most} bytes")
    if upload.claimed and len(canonical(upload.claimed)) > MAX_CLAIMS:
        raise Problem.of("E_SIZE", f"the run claims more than {MAX_CLAIMS} bytes")


def _examine(board: Board, upload: Upload) -> Examined:
    manifest, seconds = upload.manifest, board.settings.assembly_seconds
    job = Assembly(manifest.track, manifest.ruleset, upload.encoding, seconds)
    return examine(job, upload.content)


def _enter(
    board: Board, session: Session, upload: Upload, examined: Examined, submitter: str
) -> Receipt:
    row = seasons.require_open(session)
    manifest = upload.manifest
    _check_new(session, examined.canonical, manifest.ruleset)
    _check_rate(board, session, submitter)
    entry = _entry(session, upload, examined, submitter)
    session.add(entry)
    session.flush()
    key = jobs.enqueue(session, official(board, row, entry), entry)
    event = append(session, "submitted", entry.id, hash=entry_hash(entry), season=row.number)
    return Receipt(
        id=entry.id,
        source_hash=entry.source_hash,
        canonical_hash=entry.canonical,
        evaluation=key,
        season=row.number,
        clone_of=entry.clone_of,
        event=event.hash,
    )


def _check_new(session: Session, found: str, ruleset: str) -> None:
    same = select(Entry.id).where(Entry.canonical == found, Entry.ruleset == ruleset)
    if existing := session.scalar(same):
        hint = "labels, comments and names do not make another warrior"
        raise Problem.of("E_DUPLICATE", f"it is entry {existing} already", hint, existing)


def _check_rate(board: Board, session: Session, submitter: str) -> None:
    most, now = board.settings.per_hour, int(time.time())
    mine = select(Entry.at).where(Entry.submitter == submitter, Entry.at > now - HOUR)
    last = session.scalars(mine.order_by(Entry.at.desc()).limit(most)).all()
    if len(last) == most:
        oldest = last[-1] if last else now
        raise Problem.too_many(f"{most} entries came in the last hour", oldest + HOUR - now)


def _entry(session: Session, upload: Upload, examined: Examined, submitter: str) -> Entry:
    manifest, program = upload.manifest, examined.program
    if manifest.parent and session.get(Entry, manifest.parent) is None:
        raise no_parent(manifest.parent)
    claims = {
        "qd_score": examined.qd_score,
        "cells": examined.cells,
        **(upload.claimed or {}),
    }
    return Entry(
        id=entry_id(examined.canonical, manifest.ruleset),
        number=1 + (session.scalar(select(func.max(Entry.number))) or 0),
        at=int(time.time()),
        track=manifest.track,
        ruleset=manifest.ruleset,
        canonical=examined.canonical,
        source_hash=sha256(upload.content).hexdigest(),
        source=upload.content,
        encoding=upload.encoding,
        name=manifest.name or examined.name or "Unknown",
        author=manifest.author or examined.author or "Anonymous",
        method=manifest.method,
        link=manifest.link,
        parent=manifest.parent or None,
        claimed=canonical(claims if manifest.track == "search" else {}),
        program=program,
        shape=clones.shape(program),
        clone_of=clones.original(session, program, manifest.ruleset) if program else None,
        submitter=submitter,
    )


def entry_id(found: str, ruleset: str) -> str:
    """Id of an entry: 16 hex digits, the same on every board."""
    return sha256(f"{ruleset}\n{found}".encode()).hexdigest()[:16]


def entry_hash(entry: Entry) -> str:
    """SHA-256 (64 hex digits) of an entry as it came in."""
    told = {name: getattr(entry, name) for name in _TOLD}
    return sha256(canonical(told).encode()).hexdigest()


_TOLD: Final = (
    *(
        "id",
        "number",
        "track",
        "ruleset",
        "canonical",
        "source_hash",
        "encoding",
        "name",
        "author",
    ),
    *("method", "link", "parent", "claimed", "program", "clone_of"),
)
