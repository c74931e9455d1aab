"""Failing providers and networks: the fault, the retries, the deadline, and what is left behind."""

import asyncio
import gzip
import socket
import time
from email.utils import formatdate

import pytest

from dei_agents.completion import Client
from eval.record import Fault
from tests.dei_agents.asking import (
    KEY,
    KEYS,
    PROMPT,
    ask,
    build,
    each_protocol,
    outcome,
    outcomes,
    with_client,
)
from tests.dei_agents.fake_protocols import Failure, Reply
from tests.dei_agents.fake_servers import (
    BROKEN,
    EMPTY,
    HTML,
    LATIN1,
    Ask,
    Behaviour,
    Drop,
    FakeProvider,
    Hang,
    Raw,
    Trickle,
    rate_limited,
    script,
)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, KEY)


def any_completion(text: str) -> bytes:
    """Just enough of all three protocols at once."""
    return (
        f'{{"content": [{{"type": "text", "text": "{text}"}}], "stop_reason": "end_turn", '
        f'"choices": [{{"message": {{"content": "{text}"}}}}], "status": "completed", "output": '
        f'[{{"type": "message", "content": [{{"type": "output_text", "text": "{text}"}}]}}]}}'
    ).encode()


@each_protocol
def test_nothing_is_asked_of_a_completion_but_what_is_read(protocol: str) -> None:
    answer = outcome(protocol, Raw(any_completion("dat 0"), "text/plain"))
    assert (answer.status, answer.text) == ("complete", "dat 0")


GARBLED: dict[str, Behaviour] = {
    "html": HTML,
    "empty object": EMPTY,
    "broken json": BROKEN,
    "latin-1": LATIN1,
    "nothing": Raw(b""),
    "no content": Raw(b"", status=204),
    "null": Raw(b"null"),
    "list": Raw(b"[]"),
    "deep": Raw(b"[" * 100_000),
    "lone surrogate": Raw(any_completion("\\ud800")),
    "error with 200": Raw(b'{"error": {"code": 502, "message": "upstream"}}'),
    "wrong shapes": Raw(
        b'{"content": "x", "choices": [], "output": {}, "status": 7, "stop_reason": []}'
    ),
    "unasked gzip": Raw(
        gzip.compress(any_completion("dat 0")), headers=(("content-encoding", "gzip"),)
    ),
}


@each_protocol
def test_what_is_no_completion_is_garbled_and_not_repeated(protocol: str) -> None:
    for number, (name, answer) in enumerate(outcomes(protocol, GARBLED).items(), 1):
        assert (answer.status, answer.fault, answer.sends) == ("failed", "garbled", 1), name
        assert answer.request_id == f"req-{number}"
        assert 0 < len(answer.detail) <= 300


@each_protocol
def test_the_detail_of_a_garbled_answer_shows_it(protocol: str) -> None:
    detail = outcome(protocol, HTML).detail
    assert detail.startswith("text/html, body: Invalid JSON")
    assert "the hotel's network" in detail


FATAL: dict[str, tuple[Failure, Fault]] = {
    "wrong key": (Failure(401, "invalid_api_key", "wrong key"), "key"),
    "forbidden": (Failure(403, "permission_error", "not for you"), "key"),
    "unknown model": (Failure(404, "not_found_error", "no such model"), "model"),
    "unknown model as 400": (Failure(400, "model_not_found", "no such model"), "model"),
    "no quota": (Failure(429, "insufficient_quota", "pay first"), "quota"),
    "billing": (Failure(403, "billing_error", "pay first"), "quota"),
    "payment": (Failure(402, "other", "pay first"), "quota"),
    "spent": (Failure(403, "contract_spend_limit_reached", "pay first"), "quota"),
    "credit": (
        Failure(400, "invalid_request_error", "Your credit balance is too low to go on."),
        "quota",
    ),
    "bad request": (Failure(400, "invalid_request_error", "too long"), "request"),
    "unprocessable": (Failure(422, "invalid_request_error", "what?"), "request"),
    "too large": (Failure(413, "request_too_large", "too large"), "request"),
}


@each_protocol
def test_a_fatal_refusal_is_named_and_not_repeated(protocol: str) -> None:
    answers = outcomes(protocol, {name: failure for name, (failure, _) in FATAL.items()})
    for name, (failure, fault) in FATAL.items():
        answer = answers[name]
        assert (answer.status, answer.fault, answer.sends) == ("failed", fault, 1), name
        assert answer.detail.startswith(f"status {failure.status} at /v1/")
        assert answer.detail.endswith(f": {failure.message}")
        assert answer.request_id


@each_protocol
def test_an_error_need_not_be_json(protocol: str) -> None:
    bodies = (b"", b"<html>", b"[]", b"\xff", b'{"detail": "no"}', b'{"error": "no"}', b"[" * 10**5)
    strange = {repr(body): Raw(body, "text/html", status=400) for body in bodies}
    for name, answer in outcomes(protocol, strange).items():
        assert answer.fault == "request", name
        assert answer.detail.startswith("status 400 at ")


@each_protocol
def test_a_policy_s_refusal_of_the_prompt_is_a_refusal(protocol: str) -> None:
    blocked = "Output blocked by content filtering policy"
    failures = [
        Failure(400, "invalid_prompt", "not this"),
        Failure(400, "content_policy_violation", "nor this"),
        Failure(400, "invalid_request_error", blocked),
    ]
    answers = outcomes(protocol, {failure.message: failure for failure in failures})
    for message, answer in answers.items():
        assert (answer.status, answer.text, answer.fault) == ("refused", message, None)


@each_protocol
def test_a_redirect_is_not_followed(protocol: str) -> None:
    with FakeProvider(script(Reply())) as other:
        to = (("location", f"{other.url}/v1/elsewhere"),)
        answer = outcome(protocol, Raw(b"", status=307, headers=to))
        assert not other.log
    assert (answer.fault, answer.sends) == ("request", 1)


@each_protocol
def test_retry_after_is_honoured(protocol: str) -> None:
    answer = outcome(protocol, rate_limited(1), Reply("dat 0"), retries=2, deadline=60)
    assert (answer.status, answer.text, answer.sends) == ("complete", "dat 0", 2)
    assert answer.seconds >= 1.0


def test_retry_after_may_be_a_date() -> None:
    def behave(request: Ask) -> Behaviour:
        date = formatdate(time.time() + 2, usegmt=True)  # In whole seconds.
        return rate_limited(date) if request.number == 1 else Reply("dat 0")

    with FakeProvider(behave) as provider:
        answer = ask("chat", provider.url, retries=2, deadline=60)
    assert (answer.status, answer.sends) == ("complete", 2)
    assert answer.seconds >= 1


@each_protocol
def test_a_retry_after_beyond_the_deadline_ends_the_call_at_once(protocol: str) -> None:
    answer = outcome(protocol, rate_limited(300), retries=2, deadline=120)
    assert (answer.fault, answer.sends) == ("rate_limit", 1)
    assert answer.seconds < 60
    assert answer.detail.endswith("; it asks to wait 300 s: too many requests")


@pytest.mark.parametrize("value", ["soon", "", "nan", "inf", "Wed, 99 Foo 2020", "1e400"])
def test_a_retry_after_that_makes_no_sense_is_none(value: str) -> None:
    from dei_agents.policies.faults import retry_after

    assert retry_after(value) is None
    assert retry_after("-3") == retry_after(formatdate(0)) == 0.0


@each_protocol
def test_two_accidents_and_a_completion(protocol: str) -> None:
    answer = outcome(protocol, Failure(500), Failure(500), Reply("dat 0"), retries=2, deadline=60)
    assert (answer.status, answer.fault, answer.sends) == ("complete", None, 3)
    assert answer.seconds >= 1.5


@each_protocol
@pytest.mark.parametrize(("status", "fault"), [(429, "rate_limit"), (529, "server")])
def test_the_last_refusal_of_the_moment_is_the_outcome(
    protocol: str, status: int, fault: Fault
) -> None:
    answer = outcome(protocol, Failure(status, "overloaded_error", "busy"), retries=1)
    assert (answer.fault, answer.sends) == (fault, 2)
    assert answer.detail.endswith(": busy")


@pytest.mark.parametrize("status", [408, 409])
def test_other_refusals_of_the_moment_are_repeated(status: int) -> None:
    assert outcome("chat", Failure(status), Reply(), retries=1).sends == 2


@each_protocol
def test_a_pause_that_would_outlast_the_deadline_is_not_begun(protocol: str) -> None:
    answer = outcome(protocol, Failure(503), retries=20, deadline=1.45)
    assert (answer.fault, answer.sends) == ("server", 2)
    assert answer.seconds < 1.45


@each_protocol
@pytest.mark.parametrize("behaviour", [Hang(), Trickle(), Reply(delay=60)])
def test_the_deadline_stops_what_never_ends(protocol: str, behaviour: Behaviour) -> None:
    answer = outcome(protocol, behaviour, deadline=0.7, retries=3)
    assert (answer.fault, answer.sends) == ("timeout", 1)
    assert answer.detail == "no answer within the deadline of 0.7 s"
    assert 0.7 <= answer.seconds < 10


@each_protocol
@pytest.mark.parametrize("before", [True, False])
def test_a_request_whose_connection_broke_is_not_sent_again(protocol: str, before: bool) -> None:
    answer = outcome(protocol, Drop(before=before), Reply(), retries=3)
    assert (answer.fault, answer.sends) == ("dropped", 1)
    assert "Error: " in answer.detail


@each_protocol
def test_without_a_connection_the_request_is_repeated(protocol: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound, but nobody listens.
        answer = ask(protocol, f"http://127.0.0.1:{taken.getsockname()[1]}", retries=1)
    assert (answer.fault, answer.sends) == ("unreachable", 2)
    assert answer.detail.startswith("ConnectError: ")


async def cancelled(client: Client, provider: FakeProvider) -> None:
    before = asyncio.all_tasks()
    task = asyncio.create_task(client.send(PROMPT))
    while not provider.log:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
    began = time.monotonic()
    while provider.connections and time.monotonic() < began + 5:
        await asyncio.sleep(0.01)
    assert not provider.connections


@each_protocol
@pytest.mark.parametrize("behaviour", [Hang(), Trickle()])
def test_a_cancelled_call_leaves_no_task_and_no_connection(
    protocol: str, behaviour: Behaviour
) -> None:
    with FakeProvider(script(behaviour)) as provider:
        client = build(protocol, provider.url, deadline=60)
        with_client(client, lambda client: cancelled(client, provider))
        assert len(provider.log) == 1
