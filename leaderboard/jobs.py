"""The queue of evaluations: what is due, who works on it, and until when.

A worker takes an evaluation for a while (a lease) and renews it with every block it keeps. If it
dies, the lease runs out and another goes on after the last block. A worker whose lease ran out
can keep nothing more.
"""

import time
from itertools import combinations
from typing import Final, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, defer

from leaderboard import seasons
from leaderboard.blocks import Place
from leaderboard.board import Board
from leaderboard.conditions import Setting, conditions_hash, duel_setting, official
from leaderboard.evaluation import in_order
from leaderboard.events import append
from leaderboard.models import Block, Entry, Evaluation, Standing

PRIORITIES: Final = {"score": 0, "search": 0, "holdout": 1, "duel": 2}
"""Lower ones first: what an entry waits for comes before what a second tab shows."""

LEASE_SECONDS: Final = 60

MAX_TRIES: Final = 3
"""Workers that may fail on an evaluation, one after another, without keeping a block."""


class Waiting(NamedTuple):
    """An evaluation that is not done: how many of its blocks are kept, and why it waits."""

    entry: str
    kind: str
    status: str
    blocks: int
    tries: int
    reason: str


class LeaseLost(Exception):  # noqa: N818  nobody's error: the worker was too slow
    """Another worker may have taken the evaluation; what this one has found is dropped."""


def enqueue(session: Session, setting: Setting, entry: Entry, other: Entry | None = None) -> str:
    """Make an evaluation due, unless it is known already. Returns its key."""
    key = setting.key(entry.canonical, other.canonical if other else None)
    if session.get(Evaluation, key) is None:
        conditions = setting.conditions
        session.add(
            Evaluation(
                key=key,
                kind=setting.kind,
                entry=entry.id,
                other=other.id if other else None,
                season=setting.protocol.season.number,
                engine=conditions["engine"],
                conditions=conditions_hash(conditions),
                priority=PRIORITIES[setting.kind],
                at=int(time.time()),
                status="queued",
                reason="",
                tries=0,
                worker="",
                lease=0,
                document="",
            )
        )
        session.flush()
    return key


def enqueue_missing(board: Board, session: Session) -> None:
    """Make due what this season, hill and machine have not scored: all of it after a change."""
    row = seasons.current(session)
    settings: dict[tuple[str, str], Setting] = {}
    known = set(session.scalars(select(Evaluation.key)))
    light = select(Entry).options(defer(Entry.source), defer(Entry.program))
    for entry in session.scalars(light.order_by(Entry.number)).all():
        if entry.ruleset not in board.hills:
            continue
        what = (entry.track, entry.ruleset)
        if what not in settings:
            settings[what] = official(board, row, entry)
        if settings[what].key(entry.canonical) not in known:
            enqueue(session, settings[what], entry)


def enqueue_duels(board: Board, session: Session, conditions: str, rules: str) -> None:
    """Make due the duels among the best entries that have not been fought yet."""
    setting = duel_setting(board.hills[rules])
    entries = best(session, conditions, board.settings.field)
    for one, two in combinations(entries, 2):
        enqueue(session, setting, *in_order(one, two))


def best(session: Session, conditions: str, count: int) -> list[Entry]:
    """The warriors with the most points; of near-clones only the one that leads them."""
    ranked = session.execute(
        select(Entry.id, Entry.clone_of)
        .join(Standing, Standing.entry == Entry.id)
        .where(Standing.conditions == conditions)
        .order_by(Standing.points.desc(), Entry.number)
    )
    groups: dict[str, str] = {}
    for id_, clone_of in ranked:
        groups.setdefault(clone_of or id_, id_)
    return [session.get_one(Entry, id_) for id_ in list(groups.values())[:count]]


def claim(session: Session, worker: str, lease_seconds: int) -> Evaluation | None:
    """Take the next evaluation that is due and that nobody works on; None if there is none.

    One that has failed `MAX_TRIES` workers is given up.
    """
    now = int(time.time())
    due = or_(
        Evaluation.status == "queued",
        (Evaluation.status == "running") & (Evaluation.lease < now),
    )
    order = (Evaluation.priority, Evaluation.at, Evaluation.key)
    for evaluation in session.scalars(select(Evaluation).where(due).order_by(*order).limit(100)):
        if evaluation.tries >= MAX_TRIES:
            died = f"{MAX_TRIES} workers died while they were at it"
            _fail(session, evaluation, evaluation.reason or died)
            continue
        evaluation.status, evaluation.worker = "running", worker
        evaluation.tries, evaluation.lease = evaluation.tries + 1, now + lease_seconds
        return evaluation
    return None


def keep(
    session: Session,
    key: str,
    worker: str,
    outcomes: dict[Place, str],
    lease_seconds: int,
) -> None:
    """Store blocks and renew the lease.

    Raises:
        LeaseLost: the evaluation is not this worker's any more.
    """
    renewed = session.execute(
        update(Evaluation)
        .where(
            Evaluation.key == key,
            Evaluation.worker == worker,
            Evaluation.status == "running",
        )
        .values(lease=int(time.time()) + lease_seconds, tries=1, reason="")
        .returning(Evaluation.key)
    )
    if renewed.first() is None:
        raise LeaseLost(key)
    session.add_all(
        Block(evaluation=key, opponent=p.opponent, block=p.block, outcomes=o)
        for p, o in outcomes.items()
    )


def kept(session: Session, key: str) -> dict[Place, str]:
    """The blocks of an evaluation."""
    rows = session.scalars(select(Block).where(Block.evaluation == key))
    return {Place(row.opponent, row.block): row.outcomes for row in rows}


def give_back(session: Session, key: str, worker: str, reason: str) -> None:
    """Let go of an evaluation that could not be finished. After `MAX_TRIES` it has failed."""
    evaluation = session.get_one(Evaluation, key)
    if (evaluation.status, evaluation.worker) != ("running", worker):
        return
    if evaluation.tries >= MAX_TRIES:
        _fail(session, evaluation, reason)
    else:
        evaluation.status, evaluation.worker, evaluation.reason = "queued", "", reason


def retry(session: Session, entry: str) -> int:
    """Make failed evaluations of an entry due again. Returns how many."""
    failed = (Evaluation.entry == entry) & (Evaluation.status == "failed")
    rows = session.scalars(select(Evaluation).where(failed)).all()
    for row in rows:
        row.status, row.tries, row.reason = "queued", 0, ""
    return len(rows)


def waiting(session: Session, limit: int = 20) -> list[Waiting]:
    """Evaluations that are not done, in the order in which they are worked on."""
    kept_blocks = select(func.count()).where(Block.evaluation == Evaluation.key).scalar_subquery()
    rows = session.execute(
        select(
            Evaluation.entry,
            Evaluation.kind,
            Evaluation.status,
            kept_blocks,
            Evaluation.tries,
            Evaluation.reason,
        )
        .where(Evaluation.status != "done")
        .order_by(Evaluation.priority, Evaluation.at, Evaluation.key)
        .limit(limit)
    )
    return [Waiting(*row) for row in rows]


def counts(session: Session) -> dict[str, int]:
    """How many evaluations there are of each status."""
    rows = session.execute(select(Evaluation.status, func.count()).group_by(Evaluation.status))
    return {str(status): int(count) for status, count in rows}


def _fail(session: Session, evaluation: Evaluation, reason: str) -> None:
    evaluation.status, evaluation.worker, evaluation.reason = "failed", "", reason
    append(session, "failed", evaluation.entry, key=evaluation.key, reason=reason)
