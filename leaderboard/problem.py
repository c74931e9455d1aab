"""`Problem`: why something was turned away, for people, exit codes and HTTP alike."""

from collections.abc import Iterable
from math import ceil
from typing import Any, Final

from coreenv.redcode import Rejection

STATUSES: Final = {
    "E_SIZE": 413,
    "E_DUPLICATE": 409,
    "E_CLOSED": 409,
    "E_OPEN": 409,
    "E_TOKEN": 409,
    "E_AUTH": 401,
    "E_RATE": 429,
    "E_UNKNOWN": 404,
}
"""HTTP statuses by code; all other codes are faults of the text itself."""

FAULT_OF_TEXT: Final = 422


class Problem(Exception):  # noqa: N818  the name problem+json gives it
    """Something was turned away, and nothing was written.

    Args:
        rejections: at least one; the first tells code, line, column and hint.
        existing: id of the entry that is there already; empty unless that is why.
        retry_after: seconds until it will be taken; 0 unless waiting helps.
    """

    def __init__(
        self, rejections: Iterable[Rejection], existing: str = "", retry_after: int = 0
    ) -> None:
        self.rejections = tuple(rejections)
        self.existing = existing
        self.retry_after = retry_after
        super().__init__("\n".join(map(str, self.rejections)))

    @classmethod
    def of(cls, code: str, message: str, hint: str = "", existing: str = "") -> "Problem":
        """A problem that no line is to blame for."""
        return cls([Rejection(code, message, hint=hint)], existing)

    @classmethod
    def too_many(cls, message: str, seconds: float) -> "Problem":
        """What will be taken again in so many seconds."""
        wait = ceil(seconds)
        rejection = Rejection("E_RATE", message, hint=f"try again in {wait} s")
        return cls([rejection], retry_after=wait)

    @property
    def code(self) -> str:
        """A stable code such as ``E_LABEL``."""
        return self.rejections[0].reason

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES.get(self.code, FAULT_OF_TEXT)

    def to_dict(self) -> dict[str, Any]:
        """The members of a problem+json document (RFC 9457)."""
        first = self.rejections[0]
        return {
            "title": first.message,
            "status": self.status,
            "code": self.code,
            "line": first.line,
            "column": first.column,
            "hint": first.hint,
            "existing": self.existing,
            "errors": [rejection.to_dict() for rejection in self.rejections],
        }


class BoardError(ValueError):
    """The board itself is not as it has to be; the message tells its operator what to do."""


def printable(text: str) -> str:
    """``text`` with every character that could move a cursor or change a colour escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
