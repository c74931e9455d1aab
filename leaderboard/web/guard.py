"""What stands before every request: its size, its client's rate, and the headers of the answer."""

import logging
import time
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leaderboard.board import Settings
from leaderboard.problem import Problem
from leaderboard.submission import MAX_ARCHIVE, MAX_CLAIMS
from leaderboard.web.errors import problem_response

MAX_BODY: Final = MAX_ARCHIVE + MAX_CLAIMS + 2**16
"""Bytes of a request: an archive, what it claims, and the rest of the form."""

MINUTE: Final = 60.0

MAX_CLIENTS: Final = 10_000
"""Clients that are kept in mind; beyond them the longest silent one is forgotten."""

COSTLY: Final = ("/match", "/playground", "/api/v1/match", "/api/v1/playground")
"""Where even a look costs a battle."""

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests that a client may make in a minute.

    Attributes:
        reads: that only look something up.
        writes: that make the board assemble or fight, even if they are refused in the end.
    """

    reads: int
    writes: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(settings.reads_per_minute, settings.writes_per_minute)


class Guard:
    """ASGI middleware.

    Args:
        app: what it guards.
        limits: of each client, by its address.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._rates = {True: _Rate(limits.writes), False: _Rate(limits.reads)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["method"] == "HEAD":  # the server leaves out the body itself
            scope = {**scope, "method": "GET"}
        request, began = Request(scope), False

        async def send_with_headers(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            self._check_rate(request)
            body = _Body(receive, request)
            await self._app(scope, body.receive, send_with_headers)
        except Problem as problem:
            await problem_response(request, problem)(scope, receive, send_with_headers)
        except ClientDisconnect:
            pass  # nobody waits for an answer
        except Exception:  # a fault of ours, which is no excuse for an answer without headers
            if began:
                raise
            logging.getLogger(__name__).exception("%s %s", request.method, request.url.path)
            response = problem_response(request, _broken(), HTTPStatus.INTERNAL_SERVER_ERROR)
            await response(scope, receive, send_with_headers)

    def _check_rate(self, request: Request) -> None:
        writes = request.method != "GET" or request.url.path.startswith(COSTLY)
        client = request.client.host if request.client else ""
        wait = self._rates[writes].wait(client, time.monotonic())
        if wait:
            raise Problem.too_many("too many requests", wait)


class _Rate:
    """So many requests of each client in any minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: dict[str, deque[float]] = {}

    def wait(self, client: str, now: float) -> float:
        """Seconds until the client may ask again; 0 if it may now, which then counts."""
        times = self._times.pop(client, deque())
        self._times[client] = times  # at the end: who has not asked for longest stands first
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= self._most:
            return max(1.0, times[0] + MINUTE - now) if times else MINUTE
        times.append(now)
        if len(self._times) > MAX_CLIENTS:
            del self._times[next(iter(self._times))]
        return 0.0


class _Body:
    """The body of a request, counted while it comes in, before anything is parsed."""

    def __init__(self, receive: Receive, request: Request) -> None:
        self._receive, self._bytes = receive, 0
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_BODY:
            raise _too_large()

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > MAX_BODY:
            raise _too_large()
        return message


def _broken() -> Problem:
    return Problem.of("E_BOARD", "the board failed at this", "tell its operator; the log says why")


def _too_large() -> Problem:
    return Problem.of("E_SIZE", f"the request has more than {MAX_BODY} bytes")
