"""Templates, and how they write numbers. All text is escaped; names stay within themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from eval.statistics import Interval
from leaderboard.figures import percent, points

MOST_POINTS: Final = 300
"""KOTH points of who wins every round, times 100."""

HEAT_STEPS: Final = 10
"""Shades of a heat map; see board.css."""


def page(
    request: Request,
    template: str,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page made of a template."""
    board = request.app.state.board
    text = _environment().get_template(template)
    html = text.render(path=request.url.path, rulesets=list(board.hills), **values)
    return HTMLResponse(html, status_code, headers)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("leaderboard.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "points": points,
        "percent": percent,
        "interval": interval,
        "date": date,
        "heat": heat,
    }
    return environment


def interval(ends: Interval | None) -> str:
    """An interval of points."""
    return "" if ends is None else f"{ends[0]:.0f}\N{EN DASH}{ends[1]:.0f}"


def date(seconds: int) -> str:
    """A moment, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def heat(value: float, most: float = MOST_POINTS) -> int:
    """Shade of a value in 0..``most``: 0..10."""
    return round(HEAT_STEPS * min(1.0, max(0.0, value / most)))
