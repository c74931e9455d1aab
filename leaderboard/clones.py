"""Near-clones: entries that are one program with a few changes.

Two programs are near-clones if they have the same instructions but for their numbers, or share
nine tenths of their instructions. Such entries stand on the board, and in one group.
"""

import re
from collections import Counter
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from leaderboard.models import Entry

SHARED: Final = 0.9
"""Share of the longer program's instructions that near-clones have in common."""

FEWEST: Final = 4
"""Instructions from which on the same shape means anything: most imps look alike."""

_NUMBER = re.compile(r"\d+")


def shape(program: str) -> str:
    """SHA-256 (64 hex digits) of a canonical program without its numbers."""
    return sha256(_NUMBER.sub("", program).encode()).hexdigest()


def original(session: Session, program: str, ruleset: str) -> str | None:
    """Id of the first entry that a program is a near-clone of; None if it is of nobody."""
    mine, own_shape = _instructions(program), shape(program)
    rows = session.execute(
        select(Entry.id, Entry.clone_of, Entry.program, Entry.shape)
        .where(Entry.ruleset == ruleset, Entry.track == "warrior")
        .order_by(Entry.number)
    )
    for id_, clone_of, other, other_shape in rows:
        same_shape = other_shape == own_shape and mine.total() >= FEWEST
        if same_shape or _shared(mine, _instructions(other)) >= SHARED:
            return str(clone_of or id_)
    return None


def _instructions(program: str) -> Counter[str]:
    return Counter(program.split("\n")[1:])


def _shared(a: Counter[str], b: Counter[str]) -> float:
    return (a & b).total() / max(a.total(), b.total())
