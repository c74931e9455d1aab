"""What a provider's refusals and a network's failures mean, and whether to try again."""

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite

import httpx2

from eval.record import Answer, Fault

NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
)
"""No connection came about: the provider has not seen the request."""

OUT_OF_CREDIT = frozenset(
    {"insufficient_quota", "billing_error", "billing_hard_limit_reached", "billing_not_active"}
)
REFUSING = frozenset({"invalid_prompt", "content_filter"})
"""Codes of OpenAI and Azure, beside all that speak of a policy."""


class TooLargeError(httpx2.DecodingError):
    """The body of a response is larger than any completion."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one HTTP request brought.

    Attributes:
        answer: the outcome of the call, if this was its last attempt.
        again: certainly no completion was made, and the next attempt may fare better.
        retry_after: seconds the provider asks to wait, None if it does not.
    """

    answer: Answer
    again: bool = False
    retry_after: float | None = None

    def pause(self, attempts: int) -> float:
        """Seconds to wait after so many failed attempts: 0.5, 1, 2, 4, 8, 8, ..., or as asked.

        There is no random part: equal searches wait equally.
        """
        return max(min(0.5 * 2.0 ** (attempts - 1), 8.0), self.retry_after or 0.0)


def failed(fault: Fault, detail: str, request_id: str | None = None) -> Answer:
    return Answer(status="failed", fault=fault, detail=detail, request_id=request_id)


def broken_connection(cause: BaseException) -> Attempt:
    """After the request was sent it may have been charged, so only one never sent is repeated."""
    detail = f"{type(cause).__name__}: {cause}"
    if isinstance(cause, NEVER_SENT):
        return Attempt(failed("unreachable", detail), again=True)
    if isinstance(cause, TooLargeError):
        return Attempt(failed("garbled", str(cause)))
    return Attempt(failed("dropped", detail))


def refused_request(response: httpx2.Response) -> Attempt:
    """What an error status means: 3xx, 4xx or 5xx."""
    codes, message = _error_of(response)
    identity = request_id(response)
    if _is_policy(codes, message):
        return Attempt(Answer(status="refused", text=message, request_id=identity))
    fault, again = _fault(response.status_code, codes, message)
    wait = retry_after(response.headers.get("retry-after", ""))
    asked = "" if wait is None else f"; it asks to wait {wait:.0f} s"
    detail = f"status {response.status_code} at {response.request.url.path}{asked}: {message}"
    return Attempt(failed(fault, detail, identity), again, wait)


def request_id(response: httpx2.Response) -> str | None:
    return response.headers.get("x-request-id") or response.headers.get("request-id")


def retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header, written as a number or as a date; None if it is neither."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if isfinite(seconds) else None


def _error_of(response: httpx2.Response) -> tuple[set[str], str]:
    """The codes an error answers with, and its message.

    Codes are taken from their own fields only: the message may quote the prompt, in which a
    warrior's comment can say anything.
    """
    text = response.content.decode(errors="replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return set(), text or response.reason_phrase
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return set(), text
    details = error.get("details")
    fields = [error.get("code"), error.get("type")]
    fields.append(details.get("error_code") if isinstance(details, dict) else None)
    message = error.get("message")
    codes = {field for field in fields if isinstance(field, str)}
    return codes, message if isinstance(message, str) else text


def _is_policy(codes: set[str], message: str) -> bool:
    return (
        bool(codes & REFUSING)
        or any("policy" in code for code in codes)
        # Anthropic has no code for it.
        or message.startswith("Output blocked by content filtering policy")
    )


def _fault(status: int, codes: set[str], message: str) -> tuple[Fault, bool]:
    """The fault, and whether the same request may succeed later."""
    if (
        status == 402
        or codes & OUT_OF_CREDIT
        or any(code.endswith("spend_limit_reached") for code in codes)
        # Anthropic's plain 400 has no code for it.
        or message.startswith("Your credit balance is too low")
    ):
        return "quota", False
    if status in (401, 403):
        return "key", False
    if status == 404 or codes & {"model_not_found", "not_found_error"}:
        return "model", False
    if status == 429:
        return "rate_limit", True
    if status in (408, 409) or status >= 500:
        return "server", True
    return "request", False
