"""The event log: everything that happened on a board, each event chained to the one before."""

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from leaderboard.models import Event
from leaderboard.signing import canonical

GENESIS: Final = "0" * 64
"""What the first event has for the hash of the one before."""


def append(session: Session, kind: str, entry: str | None = None, **body: Any) -> Event:
    """Add an event to the log, in the same transaction as what it tells of.

    Args:
        session: one that may write.
        kind: what happened, such as ``submitted``.
        entry: id of the entry it happened to.
        body: plain values that tell more.
    """
    last = session.scalars(select(Event).order_by(Event.number.desc()).limit(1)).first()
    event = Event(
        number=1 if last is None else last.number + 1,
        at=int(time.time()),
        kind=kind,
        entry=entry,
        body=canonical(body),
        previous=GENESIS if last is None else last.hash,
    )
    event.hash = event_hash(event)
    session.add(event)
    session.flush()
    return event


def event_hash(event: Event) -> str:
    """SHA-256 (64 hex digits) of everything an event says, and of the hash of the one before."""
    told = [event.number, event.at, event.kind, event.entry, event.body, event.previous]
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def chain_faults(session: Session) -> Iterator[str]:
    """Where the log is not what was written: one line for each event that does not fit."""
    previous, expected = GENESIS, 1
    for event in session.scalars(select(Event).order_by(Event.number)):
        if event.number != expected:
            yield f"event {expected}: it is missing"
        elif event.previous != previous:
            yield f"event {event.number}: it does not follow event {event.number - 1}"
        if event_hash(event) != event.hash:
            yield f"event {event.number}: it was altered"
        previous, expected = event.hash, event.number + 1


def feed(session: Session, *, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Events in the order they happened, as plain values.

    Args:
        session: any.
        after: number of the last event that is known already.
        limit: the most to give.
    """
    rows = session.scalars(
        select(Event).where(Event.number > after).order_by(Event.number).limit(limit)
    )
    return [
        {
            "number": event.number,
            "at": event.at,
            "kind": event.kind,
            "entry": event.entry,
            "body": json.loads(event.body),
            "hash": event.hash,
        }
        for event in rows
    ]


def told(session: Session, kind: str, entry: str | None = None) -> list[dict[str, Any]]:
    """What the events of a kind tell: all of them, or those of an entry."""
    query = select(Event).where(Event.kind == kind).order_by(Event.number)
    if entry is not None:
        query = query.where(Event.entry == entry)
    return list(map(body_of, session.scalars(query)))


def body_of(event: Event) -> dict[str, Any]:
    """What an event tells; nothing if it was altered beyond reading, which the chain shows."""
    try:
        body = json.loads(event.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
