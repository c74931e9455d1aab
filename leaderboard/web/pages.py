"""Pages for people. They work without JavaScript, but for the replayer."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from coreenv.measures import MC_EDGES, TSP_EDGES
from eval import markup
from leaderboard import field as round_robin
from leaderboard import jobs, views
from leaderboard.board import Board
from leaderboard.models import Entry, Evaluation, SeasonRow
from leaderboard.problem import Problem
from leaderboard.submission import Receipt
from leaderboard.views import Row
from leaderboard.web.forms import EntryId, Ruleset, SubmittedForm, TrackName, enter
from leaderboard.web.rendering import page
from leaderboard.web.serving import board_of

router: Final = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ROWS: Final = 200
"""Entries on one page of the table."""

INFINITY: Final = "\N{INFINITY}"

Sort = Literal["rank", "name", "author", "points", "won", "tied", "qd_score", "coverage"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows of the table are shown, in which order; all of it stands in the address."""

    track: str
    ruleset: str
    season: int | None
    q: str
    sort: Sort
    down: bool
    part: int

    def but(self, **changes: Any) -> str:
        """The address of the same table with something changed."""
        other = replace(self, **{"part": 1, **changes})
        told = {"track": other.track, "ruleset": other.ruleset, "season": other.season}
        told |= {"q": other.q, "sort": other.sort, "down": int(other.down), "part": other.part}
        usual = {"track": "warrior", "sort": "rank", "down": 0, "part": 1, "q": "", "season": None}
        return "/?" + urlencode({k: v for k, v in told.items() if usual.get(k, "") != v})

    def sorted_by(self, sort: Sort) -> str:
        """The address of the table sorted by a column; once more turns it round."""
        down = not self.down if sort == self.sort else sort not in ("rank", "name", "author")
        return self.but(sort=sort, down=down)


@router.get("/")
def table(
    request: Request,
    track: TrackName = "warrior",
    ruleset: Ruleset = "",
    season: int | None = Query(None, ge=0, le=10**6),
    q: str = Query("", max_length=80),
    sort: Sort = "rank",
    down: bool = False,
    part: int = Query(1, ge=1, le=10**6),
) -> Response:
    """The leaderboard."""
    board = board_of(request)
    with board.reading() as session:
        hill = views.hill_of(board, ruleset or None)
        choice = Choice(track, hill.ruleset, season, q, sort, down, part)
        rows = views.leaderboard(board, session, track=track, ruleset=hill.ruleset, season=season)
        seasons = list(session.scalars(select(SeasonRow).order_by(SeasonRow.number)))
        due = jobs.counts(session)
    shown = _arranged(rows, choice)
    parts = max(1, -(-len(shown) // ROWS))
    if part > parts:
        raise Problem.of("E_UNKNOWN", f"the table has no part {part}", f"its last is {parts}")
    return page(
        request,
        "table.html",
        choice=choice,
        rows=shown[ROWS * (part - 1) : ROWS * part],
        found=len(shown),
        parts=parts,
        leaders=[row for row in rows if row.rank == 1],
        entries=len(rows),
        seasons=seasons,
        due=due.get("queued", 0) + due.get("running", 0),
        hill=hill,
        profile=board.settings.profile,
    )


def _arranged(rows: list[Row], choice: Choice) -> list[Row]:
    wanted = choice.q.casefold()
    found = [row for row in rows if wanted in f"{row.name}\n{row.author}\n{row.method}".casefold()]
    if choice.sort == "rank":
        return found[::-1] if choice.down else found
    column = {"won": "win_share", "tied": "tie_share"}.get(choice.sort, choice.sort)
    known = [row for row in found if getattr(row, column) is not None]
    key = (
        (lambda row: getattr(row, column).casefold())
        if column in ("name", "author")
        else (lambda row: getattr(row, column))
    )
    known.sort(key=key, reverse=choice.down)
    return known + [row for row in found if getattr(row, column) is None]


@router.get("/entries/{id_}")
def entry(request: Request, id_: EntryId) -> Response:
    """A warrior, or a search."""
    board = board_of(request)
    with board.reading() as session:
        found = views.warrior(board, session, id_)
        row, entries = _standing(board, session, found)
        related = [found["parent"], found["clone_of"], *found["children"], *found["clones"]]
        named = select(Entry.id, Entry.name).where(Entry.id.in_([r for r in related if r]))
        names = {related.id: related.name for related in session.execute(named)}
    scores = views.scores(found)
    archive = views.archive(found)
    return page(
        request,
        "entry.html",
        entry=found,
        row=row,
        entries=entries,
        names=names,
        score=scores,
        widest=_widest(scores),
        archive=archive,
        most=max(archive.values(), default=0.0),
        edges=[(*edges, INFINITY) for edges in (TSP_EDGES, MC_EDGES)],
        claimed=json.dumps(found["claimed"], indent=1),
    )


def _standing(board: Board, session: Session, found: dict[str, Any]) -> tuple[Row | None, int]:
    """The row of an entry in the newest season's table, and how many are ranked there."""
    if found["ruleset"] not in board.hills:
        return None, 0
    rows = views.leaderboard(board, session, track=found["track"], ruleset=found["ruleset"])
    [row] = [row for row in rows if row.id == found["id"]]
    return row, sum(row.rank is not None for row in rows)


def _widest(scores: dict[str, Any] | None) -> int:
    """Opponents in the largest class."""
    if scores is None:
        return 0
    return max(Counter(pair["opponent_class"] for pair in scores["pairs"]).values())


@router.get("/field")
def field(request: Request, ruleset: Ruleset = "") -> Response:
    """The best entries against one another."""
    board = board_of(request)
    with board.reading() as session:
        hill = views.hill_of(board, ruleset or None)
        rows = views.leaderboard(board, session, ruleset=hill.ruleset)
        found = round_robin.field(board, session, hill)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.clone_of:
            groups.setdefault(row.clone_of, []).append(row)
    names = {row.id: row.name for row in rows}
    return page(request, "field.html", field=found, names=names, groups=groups, hill=hill)


@router.get("/submit")
def submit_form(request: Request) -> Response:
    """The form of a submission."""
    return page(request, "submit.html", form={}, problem=None)


@router.post("/submit")
async def submit(request: Request) -> Response:
    """A submission: its receipt, or the form once more with what is wrong at its line."""
    form = await SubmittedForm.of(request)
    try:
        receipt = await enter(request, form)
    except Problem as problem:
        shown = form.shown()
        return page(request, "submit.html", problem.status, form=shown, problem=problem)
    return _received(request, receipt)


def _received(request: Request, receipt: Receipt) -> Response:
    headers = {"location": f"/entries/{receipt.id}"}
    return page(request, "receipt.html", 201, headers, receipt=receipt)


@router.get("/about")
def about(request: Request) -> Response:
    """How scores, intervals and ranks are made, and how to check them."""
    board = board_of(request)
    with board.reading() as session:
        seasons = list(session.scalars(select(SeasonRow).order_by(SeasonRow.number)))
        done = select(func.count()).select_from(Evaluation).where(Evaluation.status == "done")
        results = session.scalar(done) or 0
    return page(
        request,
        "about.html",
        seasons=seasons,
        results=results,
        key=board.signer.public_key,
        hills=board.hills,
        settings=board.settings,
        operations=_operations(request),
        base=request.base_url,
    )


def _operations(request: Request) -> list[tuple[str, str, str]]:
    """Method, path and summary of everything the API can do."""
    paths = request.app.openapi()["paths"]
    return [
        (method.upper(), path, told["description"])
        for path, methods in paths.items()
        for method, told in methods.items()
    ]


@router.get("/static/base.css")
def base_style() -> Response:
    """The style that all reports of the project share."""
    return Response(markup.style(), media_type="text/css")
