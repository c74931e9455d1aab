"""Seasons: the placements of official scores are secret while a season is open.

What is published when a season opens is a commitment to its secret; the secret follows when it
closes, and everybody can then fight every round again.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from eval.protocol import SEASON_0, Season
from leaderboard.events import append
from leaderboard.models import SeasonRow
from leaderboard.problem import BoardError, Problem
from leaderboard.signing import write_secret

SECRET_BYTES: Final = 32

Transaction = Callable[[], AbstractContextManager[Session]]


def ensure_first(reading: Transaction, writing: Transaction) -> None:
    """Open season 0 on a new board. Its secret is public, and it never closes."""
    with reading() as session:
        if session.get(SeasonRow, SEASON_0.number):
            return
    with writing() as session:
        if not session.get(SeasonRow, SEASON_0.number):
            _add(session, SEASON_0)


def current(session: Session) -> SeasonRow:
    """The season that is open, or was the last to be."""
    row = session.scalars(select(SeasonRow).order_by(SeasonRow.number.desc()).limit(1)).first()
    assert row is not None, "`ensure_first` comes first"
    return row


def require_open(session: Session) -> SeasonRow:
    """The season that is open.

    Raises:
        Problem: E_CLOSED, there is none.
    """
    row = current(session)
    if row.closed is not None:
        hint = "wait for the next one; the operator opens it with: corewar-board season open"
        raise Problem.of("E_CLOSED", f"season {row.number} is closed", hint)
    return row


def season(folder: Path, row: SeasonRow) -> Season:
    """A season with its secret.

    Raises:
        BoardError: the secret is lost, or not the one that was committed to.
    """
    if row.number == SEASON_0.number:
        found = SEASON_0
    elif row.secret is not None:
        found = Season(row.number, bytes.fromhex(row.secret))
    else:
        path = _secret_file(folder, row.number)
        try:
            found = Season(row.number, path.read_bytes())
        except FileNotFoundError:
            raise BoardError(f"the secret of season {row.number} is lost: restore {path}") from None
    if found.commitment != row.commitment:
        raise BoardError(f"season {row.number}: the secret is not the one committed to")
    return found


def open_season(session: Session, folder: Path) -> SeasonRow:
    """Open the next season, with a new secret in the board's folder.

    Raises:
        Problem: E_OPEN, the last one has to be closed first.
    """
    last = current(session)
    if last.closed is None and last.number != SEASON_0.number:
        raise Problem.of("E_OPEN", f"season {last.number} is open", "close it first")
    opened = Season(last.number + 1, secrets.token_bytes(SECRET_BYTES))
    path = _secret_file(folder, opened.number)
    path.unlink(missing_ok=True)  # of an opening that was cut off before it was recorded
    write_secret(path, opened.secret)
    return _add(session, opened)


def close_season(session: Session, folder: Path) -> SeasonRow:
    """Close the season and publish its secret.

    Raises:
        Problem: E_CLOSED, none is open; season 0 is permanent.
        BoardError: the secret is lost.
    """
    row = require_open(session)
    if row.number == SEASON_0.number:
        raise Problem.of("E_CLOSED", "season 0 is permanent", "open the next one instead")
    row.secret, row.closed = season(folder, row).secret.hex(), int(time.time())
    append(session, "season_closed", season=row.number, secret=row.secret)
    return row


def _add(session: Session, opened: Season) -> SeasonRow:
    known = opened.secret.hex() if opened.number == SEASON_0.number else None
    row = SeasonRow(
        number=opened.number,
        commitment=opened.commitment,
        opened=int(time.time()),
        secret=known,
    )
    session.add(row)
    append(session, "season_opened", season=row.number, commitment=row.commitment)
    return row


def _secret_file(folder: Path, number: int) -> Path:
    return folder / f"season-{number}.secret"
