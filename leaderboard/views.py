"""What a board shows: the table, an entry, a result. Plain values, computed from the store.

Nothing here reads blocks: what the holdout's members did to an entry stays in the store.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from coreenv.hill import Hill
from coreenv.redcode import disassemble
from eval.statistics import Interval
from leaderboard import seasons
from leaderboard.board import Board
from leaderboard.conditions import conditions_hash, official_for, setting_of
from leaderboard.evaluation import claims, facts, warrior_of
from leaderboard.models import Entry, Evaluation, SeasonRow, Standing
from leaderboard.problem import BoardError, Problem


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in the table.

    Attributes:
        rank: see `leaderboard.ranking`; None until it is scored under the season's conditions.
        points: the headline, 0..300; of a search its champion's.
        placement, opponents: 95% intervals of the points, see `eval.generality`.
        win_share, tie_share: of all rounds, 0..1.
        qd_score, coverage: of a search, measured anew on the common scale.
        status: ``done``, ``queued``, ``running`` or ``failed``; ``stale`` if there is a result,
            but of another machine, hill or profile, and none is due.
        reason: why it is not done.
        clone_of: the entry that leads its group of near-clones, None for who leads.
        claimed: what a search says of itself; nobody has verified it.
    """

    rank: int | None
    id: str
    name: str
    author: str
    method: str
    link: str
    points: float | None
    placement: Interval | None
    opponents: Interval | None
    win_share: float | None
    tie_share: float | None
    worst_class: str
    qd_score: float | None
    coverage: float | None
    status: str
    reason: str
    clone_of: str | None
    claimed: dict[str, Any]


def leaderboard(
    board: Board,
    session: Session,
    *,
    track: str = "warrior",
    ruleset: str | None = None,
    season: int | None = None,
) -> list[Row]:
    """The table: by points, or of searches by QD-score; those without a result at the end.

    Args:
        board: whose.
        session: any.
        track: ``warrior`` or ``search``.
        ruleset: one of the board's; its first by default.
        season: the newest by default.

    Raises:
        Problem: E_RULESET or E_UNKNOWN, there is no such ruleset or season.
    """
    hill, row = hill_of(board, ruleset), _season(session, season)
    conditions = conditions_hash(official_for(board, row, hill, track).conditions)
    entries = session.scalars(
        select(Entry)
        .options(defer(Entry.source), defer(Entry.program))
        .where(Entry.track == track, Entry.ruleset == hill.ruleset)
    )
    standings, evaluations = _results(session, conditions)
    rows = [_row(entry, standings.get(entry.id), evaluations.get(entry.id)) for entry in entries]
    return sorted(rows, key=_place)


def warrior(board: Board, session: Session, id_: str) -> dict[str, Any]:
    """All there is to show of an entry.

    Raises:
        Problem: E_UNKNOWN, there is no such entry.
    """
    entry = known(session, id_)
    rows = session.scalars(
        select(Evaluation)
        .where(Evaluation.entry == id_, Evaluation.kind != "duel")
        .order_by(Evaluation.season, Evaluation.engine, Evaluation.kind, Evaluation.key)
    )
    children = session.scalars(select(Entry.id).where(Entry.parent == id_).order_by(Entry.number))
    clones = session.scalars(select(Entry.id).where(Entry.clone_of == id_).order_by(Entry.number))
    return {
        **facts(entry),
        "number": entry.number,
        "at": entry.at,
        "claimed": claims(entry),
        "disassembly": disassemble(warrior_of(entry)) if entry.track == "warrior" else "",
        "clone_of": entry.clone_of,
        "clones": list(clones),
        "children": list(children),
        "evaluations": [_evaluation(board, session, row) for row in rows],
    }


def scores(shown: dict[str, Any]) -> dict[str, Any] | None:
    """The newest result against the hill's test split that still holds; of a search its champion's.

    Args:
        shown: an entry, see `warrior`.
    """
    result = _newest(shown, "score", "search")
    if result is None:
        return None
    [score] = result.get("champion", result)["scores"]
    return dict(score)


def archive(shown: dict[str, Any]) -> dict[tuple[int, int], float]:
    """Fitness by cell of a search's archive in its newest result that still holds, measured anew.

    Args:
        shown: an entry, see `warrior`.
    """
    result = _newest(shown, "search")
    elites = result["archive"]["elites"] if result else ()
    return {tuple(elite["cell"]): elite["fitness"] for elite in elites}


def _newest(shown: dict[str, Any], *kinds: str) -> dict[str, Any] | None:
    """The newest result of these kinds that is not stale."""
    for found in reversed(shown["evaluations"]):
        if found["result"] and not found["stale"] and found["kind"] in kinds:
            return dict(found["result"])
    return None


def document(session: Session, key: str) -> str:
    """A result as signed JSON.

    Raises:
        Problem: E_UNKNOWN, there is no such result.
    """
    row = session.get(Evaluation, key)
    if row is None or not row.document:
        raise Problem.of("E_UNKNOWN", f"there is no result {key[:80]!r}")
    return row.document


def known(session: Session, id_: str) -> Entry:
    """An entry by its id.

    Raises:
        Problem: E_UNKNOWN.
    """
    entry = session.get(Entry, id_)
    if entry is None:
        raise Problem.of("E_UNKNOWN", f"there is no entry {id_[:80]!r}", "ids have 16 hex digits")
    return entry


def hill_of(board: Board, ruleset: str | None) -> Hill:
    """The hill of a ruleset; by default the board's first.

    Raises:
        Problem: E_RULESET.
    """
    rules = ruleset or next(iter(board.hills))
    if rules not in board.hills:
        hint = f"it must be {', '.join(board.hills)}"
        raise Problem.of("E_RULESET", f"ruleset is {rules[:80]!r}", hint)
    return board.hills[rules]


def _season(session: Session, number: int | None) -> SeasonRow:
    row = seasons.current(session) if number is None else session.get(SeasonRow, number)
    if row is None:
        raise Problem.of("E_UNKNOWN", f"there is no season {number}")
    return row


def _results(
    session: Session, conditions: str
) -> tuple[dict[str, Standing], dict[str, Evaluation]]:
    """Standings and evaluations under the same conditions, by entry."""
    ranked = select(Standing).where(Standing.conditions == conditions)
    due = select(Evaluation).where(Evaluation.conditions == conditions)
    due = due.options(defer(Evaluation.document))
    return (
        {standing.entry: standing for standing in session.scalars(ranked)},
        {evaluation.entry: evaluation for evaluation in session.scalars(due)},
    )


def _row(entry: Entry, standing: Standing | None, evaluation: Evaluation | None) -> Row:
    s = standing
    return Row(
        rank=s.rank if s else None,
        id=entry.id,
        name=entry.name,
        author=entry.author,
        method=entry.method,
        link=entry.link,
        points=s.points if s else None,
        placement=(s.placement_low, s.placement_high) if s else None,
        opponents=_interval(s.opponent_low, s.opponent_high) if s else None,
        win_share=s.win_share if s else None,
        tie_share=s.tie_share if s else None,
        worst_class=s.worst_class if s else "",
        qd_score=s.qd_score if s else None,
        coverage=s.coverage if s else None,
        status=evaluation.status if evaluation else "stale",
        reason=evaluation.reason if evaluation else "",
        clone_of=entry.clone_of,
        claimed=json.loads(entry.claimed),
    )


def _interval(low: float | None, high: float | None) -> Interval | None:
    return None if low is None or high is None else (low, high)


def _place(row: Row) -> tuple[float, float, str]:
    return -(row.qd_score or 0), -1 if row.points is None else -1 - row.points, row.id


def _evaluation(board: Board, session: Session, row: Evaluation) -> dict[str, Any]:
    result = json.loads(row.document)["signed"]["result"] if row.document else None
    return {
        "key": row.key,
        "kind": row.kind,
        "season": row.season,
        "engine": row.engine,
        "stale": _is_stale(board, session, row),
        "status": row.status,
        "reason": row.reason,
        "result": result,
    }


def _is_stale(board: Board, session: Session, row: Evaluation) -> bool:
    """Whether a result was made under conditions that are not to be had any more."""
    try:
        return setting_of(board, session, row) is None
    except BoardError:  # a holdout or a secret is lost: `verify` says which
        return True
