"""The web application: pages for people under ``/``, the same as JSON under ``/api``."""

from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from coreenv import __version__
from leaderboard.board import Board
from leaderboard.web import api, feed, pages, playground, serving
from leaderboard.web.errors import answer_errors
from leaderboard.web.guard import Guard, Limits

ABOUT: Final = """Core War warriors and searches, every score fought again by the board.

Whatever is turned away is answered with a problem document (RFC 9457): `code` is stable, and
`errors` tells line, column and a hint for every fault of a source.
"""


def create_app(board: Board) -> FastAPI:
    """The application of a board, which stays open for as long as the application runs."""
    app = FastAPI(
        title="corewar-board",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,  # both would load scripts from elsewhere; /about lists the API
    )
    app.state.board = board
    app.state.benches = serving.benches()
    for part in (pages, playground, api, feed):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(packages=[("leaderboard.web", "static")]))
    answer_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(Guard, limits=Limits.of(board.settings))
    return app
