"""The second tab: the best entries against one another, and what their round robin tells.

Diagnostics, no ranks: who is in the field changes every figure here.
"""

import json
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from coreenv.hill import Hill
from eval.diagnostics import bradley_terry, nash_weights
from leaderboard import jobs, seasons
from leaderboard.board import Board
from leaderboard.conditions import conditions_hash, duel_setting, official_for
from leaderboard.evaluation import in_order
from leaderboard.models import Evaluation


@dataclass(frozen=True, slots=True)
class Field:
    """Entries that have all met.

    Attributes:
        entries: ids, by points against the hill.
        shares: shape (entries, entries); share of a round that the row takes from the column,
            0..1, a tie being half a round to each. 0.5 on the diagonal.
        strengths: Bradley-Terry, on the logistic scale.
        nash: how often to play each so that no answer does better than even.
        waiting: ids of the best entries whose duels are not all fought yet.
    """

    entries: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    strengths: tuple[float, ...]
    nash: tuple[float, ...]
    waiting: tuple[str, ...]


def field(board: Board, session: Session, hill: Hill) -> Field:
    """The round robin of a hill's entrants in the newest season."""
    setting = official_for(board, seasons.current(session), hill, "warrior")
    conditions = conditions_hash(setting.conditions)
    best = jobs.best(session, conditions, board.settings.field)
    shares = _shares(session, hill)
    known: dict[tuple[str, str], float] = {}
    for one, two in combinations(best, 2):
        first, second = in_order(one, two)
        share = shares.get((first.id, second.id))
        if share is not None:
            known[first.id, second.id], known[second.id, first.id] = share, 1 - share
    ids = _met([entry.id for entry in best], known)
    matrix = [[known.get((a, b), 0.5) for b in ids] for a in ids]
    return Field(
        entries=tuple(ids),
        shares=tuple(map(tuple, matrix)),
        strengths=tuple(map(float, bradley_terry(matrix))) if ids else (),
        nash=tuple(map(float, nash_weights(matrix))) if ids else (),
        waiting=tuple(entry.id for entry in best if entry.id not in ids),
    )


def _shares(session: Session, hill: Hill) -> dict[tuple[str, str], float]:
    """What the first takes of a round from the second, by ids, of all duels that are done."""
    conditions = conditions_hash(duel_setting(hill).conditions)
    done = (Evaluation.conditions == conditions) & (Evaluation.status == "done")
    shares = {}
    for row in session.scalars(select(Evaluation).where(done)):
        found = json.loads(row.document)["signed"]["result"]
        won, tied = found["wins"], found["ties"]
        rounds = won + tied + found["losses"]
        shares[row.entry, str(row.other)] = (won + tied / 2) / rounds
    return shares


def _met(ids: list[str], known: dict[tuple[str, str], float]) -> list[str]:
    """The entries that have all met, leaving out who lacks most first, of equals the last."""
    while ids:
        missing = [sum((a, b) not in known for b in ids if b != a) for a in ids]
        if not any(missing):
            break
        worst = max(range(len(ids)), key=lambda i: (missing[i], i))
        ids = [*ids[:worst], *ids[worst + 1 :]]
    return ids
