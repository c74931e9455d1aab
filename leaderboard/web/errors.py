"""How everything that goes wrong is answered: as a page, or under ``/api`` as problem+json."""

import logging
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from coreenv.redcode import Rejection
from leaderboard.problem import BoardError, Problem
from leaderboard.web.rendering import page

PROBLEM_JSON: Final = "application/problem+json"


def answer_errors(app: FastAPI) -> None:
    """Answer every `Problem`, and what the framework itself refuses, in one way."""

    @app.exception_handler(Problem)
    def _problem(request: Request, problem: Problem) -> Response:
        return problem_response(request, problem)

    @app.exception_handler(BoardError)
    def _broken(request: Request, error: BoardError) -> Response:
        logging.getLogger(__name__).error("%s", error)  # the operator's business, no visitor's
        found = Problem.of("E_BOARD", "the board cannot answer this", "its operator has to mend it")
        return problem_response(request, found, HTTPStatus.SERVICE_UNAVAILABLE)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        rejections = [
            Rejection("E_REQUEST", f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"[:300])
            for fault in error.errors()
        ]
        return problem_response(request, Problem(rejections))

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        found = Problem.of(f"E_{status.name}", f"{error.detail}"[:300])
        return problem_response(request, found, error.status_code, error.headers)


def problem_response(
    request: Request, problem: Problem, status: int | None = None, headers: Any = None
) -> Response:
    """What was turned away, and why."""
    status = problem.status if status is None else status
    if problem.retry_after:
        headers = {"retry-after": str(problem.retry_after)}
    if request.url.path.startswith("/api/"):
        content = {**problem.to_dict(), "status": status}
        return JSONResponse(content, status, headers, media_type=PROBLEM_JSON)
    return page(request, "problem.html", status, headers, problem=problem, status=status)
