"""The board as JSON, for programs; described in ``/openapi.json``."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from leaderboard import events, export, jobs, matches, views
from leaderboard import field as round_robin
from leaderboard.field import Field
from leaderboard.models import Entry
from leaderboard.problem import Problem
from leaderboard.submission import Receipt
from leaderboard.views import Row
from leaderboard.web import bout
from leaderboard.web.errors import PROBLEM_JSON
from leaderboard.web.forms import FIELDS, EntryId, Ruleset, SubmittedForm, TrackName, enter
from leaderboard.web.playground import Fighter, Link, Round
from leaderboard.web.serving import board_of, in_turn
from leaderboard.web.stream import battle_stream


class Event(BaseModel):
    """A line of the event log; ``hash`` is over it and the hash of the one before."""

    number: int
    at: int
    kind: str
    entry: str | None
    body: dict[str, Any]
    hash: str


class Status(BaseModel):
    """How far the queue is, and the key that results are signed with."""

    public_key: str
    evaluations: dict[str, int]


_FAULT: Final = {
    "type": "object",
    "required": ["reason", "message", "line", "column", "hint"],
    "properties": {
        **{name: {"type": "string"} for name in ("reason", "message", "hint")},
        **{name: {"type": "integer"} for name in ("line", "column")},
    },
}

_PROBLEM: Final = {
    "type": "object",
    "required": ["title", "status", "code", "errors"],
    "properties": {
        **{name: {"type": "string"} for name in ("title", "code", "hint", "existing")},
        **{name: {"type": "integer"} for name in ("status", "line", "column")},
        "errors": {"type": "array", "items": _FAULT},
    },
}

REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": told, "content": {PROBLEM_JSON: {"schema": _PROBLEM}}}
    for status, told in (("4XX", "Turned away"), (503, "The board has to be mended"))
}

_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **{name: {"type": "string"} for name in FIELDS},
                    },
                }
            }
        },
    }
}

_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


class Stream(Response):
    """A round for the replayer; see `leaderboard.web.stream` for its format."""

    media_type = "application/octet-stream"


router: Final = APIRouter(prefix="/api/v1", responses=REFUSED)


@router.get("/leaderboard")
def leaderboard(
    request: Request,
    track: TrackName = "warrior",
    ruleset: Ruleset = "",
    season: Annotated[int | None, Query(ge=0, le=10**6)] = None,
) -> list[Row]:
    """The table; `claimed` is what a search says of itself, verified by nobody."""
    board = board_of(request)
    with board.reading() as session:
        rules = ruleset or None
        return views.leaderboard(board, session, track=track, ruleset=rules, season=season)


@router.get(
    "/leaderboard.csv",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def leaderboard_csv(
    request: Request,
    track: TrackName = "warrior",
    ruleset: Ruleset = "",
    season: Annotated[int | None, Query(ge=0, le=10**6)] = None,
) -> Response:
    """The table as CSV; no text in it can be taken for a formula."""
    rows = leaderboard(request, track, ruleset, season)
    return _download(export.to_csv(rows), "text/csv", "leaderboard.csv")


@router.get("/field")
def field(request: Request, ruleset: Ruleset = "") -> Field:
    """The best entries against one another: diagnostics, no ranks."""
    board = board_of(request)
    with board.reading() as session:
        return round_robin.field(board, session, views.hill_of(board, ruleset or None))


@router.post("/entries", status_code=201, openapi_extra=_FORM, response_model=Receipt)
async def submit(request: Request) -> Response:
    """Submit a warrior's Redcode or a search's archive.json.

    The part `file`, or the field `source`, holds it. A token goes into the header
    `Authorization: Bearer`, where the board asks for one.
    """
    receipt = await enter(request, await SubmittedForm.of(request))
    headers = {"location": f"/api/v1/entries/{receipt.id}"}
    return JSONResponse(receipt.to_dict(), 201, headers)


@router.get("/entries/{id_}")
def entry(request: Request, id_: EntryId) -> dict[str, Any]:
    """All there is to show of an entry."""
    board = board_of(request)
    with board.reading() as session:
        return views.warrior(board, session, id_)


@router.get("/entries/{id_}/source", response_class=PlainTextResponse)
def source(request: Request, id_: EntryId) -> Response:
    """What was submitted, byte for byte."""
    with board_of(request).reading() as session:
        found: Entry = views.known(session, id_)
    if found.track == "search":
        return _download(found.source, "application/json", f"{id_}.json")
    return _download(found.source, f"text/plain; charset={found.encoding}", f"{id_}.red")


@router.get(
    "/entries/{id_}/opponents.csv",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def opponents(request: Request, id_: EntryId) -> Response:
    """Rounds won, lost and tied against each warrior of the hill, as CSV."""
    board = board_of(request)
    with board.reading() as session:
        found = views.warrior(board, session, id_)
    scores = views.scores(found)
    if scores is None:
        raise Problem.of("E_UNKNOWN", f"entry {id_} is not scored yet", "look at its status")
    return _download(export.opponents_to_csv(scores), "text/csv", f"{id_}.csv")


@router.get("/results/{key}")
def result(request: Request, key: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> dict[str, Any]:
    """A result as signed JSON; check it offline with `corewar-board check`."""
    with board_of(request).reading() as session:
        found: dict[str, Any] = json.loads(views.document(session, key))
    return found


@router.get("/events")
def log(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Event]:
    """The event log, oldest first."""
    with board_of(request).reading() as session:
        return [Event(**event) for event in events.feed(session, after=after, limit=limit)]


@router.get("/status")
def status(request: Request) -> Status:
    """How far the queue is, and the board's key."""
    board = board_of(request)
    with board.reading() as session:
        found = dict(jobs.counts(session))
    return Status(public_key=board.signer.public_key, evaluations=found)


@router.get("/match/stream", response_class=Stream, responses=_BYTES)
async def match_stream(
    request: Request, first: Fighter, second: Fighter, round_: Round = 0
) -> Response:
    """A round between two entries or members of the hill, for the replayer."""
    board = board_of(request)

    def streamed() -> bytes:
        with board.reading() as session:
            battle = matches.match(board, session, first, second).battle
        return battle_stream(battle, round_)

    return Stream(await in_turn(request, streamed))


@router.get("/playground/stream", response_class=Stream, responses=_BYTES)
async def playground_stream(request: Request, match: Link, round_: Round = 0) -> Response:
    """A round of a playground's permalink, for the replayer."""
    setup = bout.Setup.of_link(match)
    board = board_of(request)
    return Stream(
        await in_turn(request, lambda: battle_stream(bout.battle_of(board, setup), round_))
    )


def _download(content: str | bytes, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
