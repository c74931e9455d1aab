"""The pages where battles are watched: the playground, and the match of two warriors."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import Request
from starlette.responses import Response

from coreenv.battle import Battle
from leaderboard import matches, views
from leaderboard.problem import Problem
from leaderboard.web import bout
from leaderboard.web.bout import Setup
from leaderboard.web.forms import form_of
from leaderboard.web.rendering import page
from leaderboard.web.serving import board_of, in_turn

router: Final = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Link = Annotated[str, Query(max_length=bout.MAX_LINK, description="the match of a permalink")]
Fighter = Annotated[
    str,
    Query(
        pattern=r"^[^\x00-\x1f\x7f]{1,80}$",
        description="id of an entry, or name of a member of the hill",
    ),
]
Round = Annotated[int, Query(alias="round", ge=0, lt=bout.ROUNDS)]

MAX_FIELD: Final = 2**16 + 1000
"""Bytes of a field of the playground's form: the assembler says itself what is too long."""


@router.get("/match")
async def match(request: Request, first: Fighter, second: Fighter, round_: Round = 0) -> Response:
    """Two warriors of this board or of its hill."""
    board = board_of(request)

    def fought() -> tuple[Battle, str]:
        with board.reading() as session:
            found = matches.match(board, session, first, second).battle
        return found, bout.letters(found)

    battle, letters = await in_turn(request, fought)
    told = {"first": first, "second": second}
    shown = bout.Shown(battle, letters, round_, "/match", "/api/v1/match/stream", told)
    return page(request, "match.html", bout=shown, sides=(first, second))


@router.get("/playground")
async def playground(request: Request, match: Link = "", round_: Round = 0) -> Response:
    """Paste warriors, and watch them fight."""
    board = board_of(request)
    if not match:
        return _form(request, Setup(views.hill_of(board, None).ruleset, ("", ""), 1))
    setup = Setup.of_link(match)

    def fought() -> tuple[Battle, str]:
        battle = bout.battle_of(board, setup)
        return battle, bout.letters(battle)

    battle, letters = await in_turn(request, fought)
    told = {"match": match}
    shown = bout.Shown(battle, letters, round_, "/playground", "/api/v1/playground/stream", told)
    return _form(request, setup, shown=shown)


@router.post("/playground")
async def arrange(request: Request) -> Response:
    """Assemble two warriors, and go to the permalink of their match."""
    board = board_of(request)
    setup = await _arranged(request)
    problems = await in_turn(request, lambda: bout.faults(board, setup))
    if any(problems):
        return _form(request, setup, problems=problems)
    return RedirectResponse(f"/playground?match={setup.link()}", 303)


async def _arranged(request: Request) -> Setup:
    async with form_of(request, files=0, most=MAX_FIELD) as form:
        texts = {name: text for name, text in form.items() if isinstance(text, str)}
    hill = views.hill_of(board_of(request), texts.get("ruleset"))
    seed = texts.get("seed", "1")
    if not (seed.isascii() and seed.isdecimal() and len(seed) <= 10):
        raise Problem.of("E_SEED", f"seed is {seed[:20]!r}", "a whole number from 1")
    first, second = (
        bout.member_source(hill, pick)
        if (pick := texts.get(f"{side}_pick"))
        else texts.get(side, "").replace("\r\n", "\n")
        for side in ("first", "second")
    )
    return Setup(hill.ruleset, (first, second), int(seed))


def _form(
    request: Request,
    setup: Setup,
    *,
    problems: tuple[Problem | None, Problem | None] = (None, None),
    shown: bout.Shown | None = None,
) -> Response:
    values: dict[str, Any] = {"setup": setup, "problems": problems, "bout": shown}
    values["picks"] = bout.fighters(views.hill_of(board_of(request), setup.rules))
    return page(request, "playground.html", 422 if any(problems) else 200, **values)
