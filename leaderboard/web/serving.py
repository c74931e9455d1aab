"""What routes need of the application: the board, and a turn to compute something."""

import os
from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.requests import Request

from leaderboard.board import Board

T = TypeVar("T")


def board_of(request: Request) -> Board:
    """The board that is served."""
    board: Board = request.app.state.board
    return board


def benches() -> anyio.CapacityLimiter:
    """Room to compute: a bench for each core. Whoever finds none free waits, and holds no thread
    meanwhile, so that pages are read as fast as ever."""
    return anyio.CapacityLimiter(os.cpu_count() or 1)


async def in_turn(request: Request, work: Callable[[], T]) -> T:
    """Compute something, when a bench is free."""
    limiter: anyio.CapacityLimiter = request.app.state.benches
    return await anyio.to_thread.run_sync(work, limiter=limiter)
