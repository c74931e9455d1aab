"""What is new on the board, as a JSON Feed (version 1.1) for readers of news."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leaderboard.models import Entry
from leaderboard.models import Event as EventRow
from leaderboard.web.serving import board_of

router: Final = APIRouter(include_in_schema=False)

NEWEST: Final = 50

TITLES: Final = {
    "submitted": "{name} by {author} was submitted",
    "scored": "{name} by {author} was scored",
    "failed": "The evaluation of {name} failed",
    "season_opened": "A season was opened",
    "season_closed": "A season was closed, and its secret published",
    "holdout_added": "A holdout was added",
}
"""What is told of each kind of event."""


@router.get("/feed.json")
def feed(request: Request) -> Response:
    """The newest events."""
    board = board_of(request)
    with board.reading() as session:
        news = EventRow.kind.in_(TITLES) & EventRow.body.not_like('%"what":"duel"%')
        newest = select(EventRow).where(news)
        rows = list(session.scalars(newest.order_by(EventRow.number.desc()).limit(NEWEST)))
        wanted = {row.entry for row in rows if row.entry}
        named = select(Entry.id, Entry.name, Entry.author).where(Entry.id.in_(wanted))
        names = {row.id: {"name": row.name, "author": row.author} for row in session.execute(named)}
    home = str(request.base_url)
    content = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Core War leaderboard",
        "home_page_url": home,
        "feed_url": f"{home}feed.json",
        "items": [_item(row, names, home) for row in rows],
    }
    return JSONResponse(content, media_type="application/feed+json")


def _item(row: EventRow, names: dict[str, dict[str, str]], home: str) -> dict[str, Any]:
    told = names.get(row.entry or "", {"name": "an entry", "author": "nobody"})
    title = TITLES[row.kind].format(**told)
    return {
        "id": f"{home}api/v1/events?after={row.number - 1}&limit=1",
        "url": f"{home}entries/{row.entry}" if row.entry else f"{home}about",
        "title": title,
        "content_text": title,
        "date_published": datetime.fromtimestamp(row.at, UTC).isoformat(),
    }
