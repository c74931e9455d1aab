"""What the clients of all providers share: the retries, the deadline, the limits, the key."""

import asyncio
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Final

import httpx2
from pydantic import JsonValue, ValidationError

from dei_agents.completion import Prompt
from dei_agents.config import NodeSettings
from dei_agents.policies.faults import (
    Attempt,
    TooLargeError,
    broken_connection,
    failed,
    refused_request,
    request_id,
)
from eval.record import Answer, Usage

CONNECT_SECONDS: Final = 10.0
"""For one attempt to connect; all else is left to the deadline of the call."""
MOST_BODY: Final = 8 * 2**20
"""Bytes of a response that are read."""
MOST_TEXT: Final = 256 * 2**10
"""Bytes of a model's text that are kept."""
MOST_DETAIL: Final = 300
"""Characters of a short field that are kept."""
SHORTEST_KEY: Final = 8
"""Shorter words are what local servers take for a key: no secret, and to be found in any text."""
TIMEOUT: Final = httpx2.Timeout(None, connect=CONNECT_SECONDS)

PROMPT_KEYS: Final = ("model", "system", "instructions", "messages", "input", "grammar")
LIMIT_KEYS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "temperature")
RESERVED: Final = frozenset((*PROMPT_KEYS, *LIMIT_KEYS, "n", "stream", "background"))
"""Keys of a request that come from elsewhere, or would change what an answer is."""


class ModelClient(ABC):
    """One model behind one provider's SDK, whose own retries are off.

    Args:
        node: the node's settings.
        key: the key, None if the server needs none.
        settings: everything sent beside prompt and model.

    Raises:
        ValueError: ``extra`` has a key that is not its own to set.
    """

    def __init__(self, node: NodeSettings, key: str | None, settings: dict[str, JsonValue]) -> None:
        taken = sorted(RESERVED & node.extra.keys())
        if taken:
            raise ValueError(
                f"extra.{taken[0]} is not for extra: the search sends it itself, or it has a "
                "setting of its own; take it out"
            )
        if node.temperature is not None:
            settings["temperature"] = node.temperature
        self.model: Final = node.model or ""
        self.settings: Final = {**settings, **node.extra}
        self.max_output_tokens: Final = node.max_output_tokens
        self._deadline: Final = node.deadline
        self._retries: Final = node.retries
        self._secret: Final = key if key and len(key) >= SHORTEST_KEY else None

    @abstractmethod
    async def close(self) -> None:
        """Close all connections."""

    @abstractmethod
    async def post(self, prompt: Prompt) -> httpx2.Response:
        """One HTTP request; the response is returned whatever its status.

        Raises:
            ConnectionError: there is no response; its cause is the transport's error.
        """

    @abstractmethod
    def read(self, body: bytes) -> Answer:
        """The completion in the body of a response with status 200.

        Raises:
            ValidationError: it holds none.
        """

    async def send(self, prompt: Prompt) -> Answer:
        """Send one request, retries and deadline included.

        An attempt is repeated only if it certainly brought no completion: that could be charged
        twice. A pause that would outlast the deadline is not begun.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        end = began + self._deadline
        sends = 0
        try:
            async with asyncio.timeout_at(end):
                while True:
                    sends += 1
                    attempt = await self._attempt(prompt)
                    pause = attempt.pause(sends)
                    if not attempt.again or sends > self._retries or clock() + pause >= end:
                        break
                    await asyncio.sleep(pause)
            answer = attempt.answer
        except TimeoutError:
            answer = failed("timeout", f"no answer within the deadline of {self._deadline:g} s")
        return self._tidied(answer).model_copy(update={"sends": sends, "seconds": clock() - began})

    async def _attempt(self, prompt: Prompt) -> Attempt:
        try:
            response = await self.post(prompt)
        except ConnectionError as error:
            return broken_connection(error.__cause__ or error)
        if not response.is_success:
            return refused_request(response)
        identity = request_id(response)
        try:
            answer = self.read(response.content)
        except ValidationError as error:
            kind = response.headers.get("content-type", "no content type")
            start = self._redacted(response.content.decode(errors="replace"))[: 2 * MOST_DETAIL]
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            detail = f"{kind}, {where or 'body'}: {fault['msg']}: {start}"
            return Attempt(failed("garbled", detail, identity))
        return Attempt(answer.model_copy(update={"request_id": identity}))

    def _tidied(self, answer: Answer) -> Answer:
        """The answer within its limits, and without the key if a server should echo it."""
        text = self._redacted(answer.text)
        long = len(text.encode()) > MOST_TEXT
        if long:
            text = text.encode()[:MOST_TEXT].decode(errors="ignore")
        update = {
            "text": text,
            "status": "truncated" if long and answer.status == "complete" else answer.status,
            "detail": self._short(answer.detail),
            "model": self._short(answer.model),
            "request_id": answer.request_id and self._short(answer.request_id),
        }
        return answer.model_copy(update=update)

    def _redacted(self, text: str) -> str:
        return text.replace(self._secret, "[key]") if self._secret else text

    def _short(self, text: str) -> str:
        return " ".join(self._redacted(text).split())[:MOST_DETAIL]


def key_of(node: NodeSettings, default: str) -> str | None:
    """The key of a node's provider, or None for another server for which no key is named.

    A provider's key goes to that provider alone, unless ``key_env`` says otherwise.

    Args:
        node: its ``key_env`` names the environment variable.
        default: the variable of the provider itself.

    Raises:
        ValueError: the variable is not set, or holds what cannot be a key.
    """
    if node.base_url and node.key_env is None:
        return None
    name = node.key_env or default
    key = os.environ.get(name, "").strip()
    if not key:
        raise ValueError(
            f"environment variable {name} is not set; put the provider's key into it, or name "
            "another variable with key_env"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError(
            f"environment variable {name} holds no key: keys are printable ASCII without spaces"
        )
    return key


def address_of(node: NodeSettings, default: str) -> str:
    """Where a node's requests go.

    The SDKs' own environment variables for it are not read: a configuration says it all.

    Raises:
        ValueError: ``base_url`` is no address of a web server.
    """
    address = node.base_url or default
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise ValueError(f"base_url is {address!r}: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"base_url is {address!r}; it must begin with http:// or https://")
    return address


def http_client() -> httpx2.AsyncClient:
    """Connections for an SDK: one for each request, bounded, straight to this machine's servers.

    A kept connection may be closed by its server just as the next request goes out, and nobody
    could tell whether that was seen; a new one costs little beside a completion. Redirects are
    not followed: a key goes to the configured address alone.
    """
    for name in ("openai", "anthropic", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return httpx2.AsyncClient(
        timeout=TIMEOUT,
        limits=httpx2.Limits(max_keepalive_connections=0),
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [_bound]},
        mounts={f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")},
    )


async def _bound(response: httpx2.Response) -> None:
    """Bound the body before any of it is read.

    It is taken as it comes: a compressed one was not asked for, and could grow without bound.
    """
    response.headers.pop("content-encoding", None)
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _BoundedStream(response.stream)


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_BODY:
                raise TooLargeError(f"the response is larger than {MOST_BODY // 2**20} MB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def usage_of(counts: JsonValue, inputs: tuple[str, ...], output: str) -> Usage | None:
    """Tokens as a provider counts them; None where it does not say, or not in whole numbers.

    Args:
        counts: the ``usage`` of a response.
        inputs: keys to be summed, of which only the first must be there.
        output: key of the output tokens.
    """
    if not isinstance(counts, dict):
        return None
    values = [counts.get(inputs[0]), *(counts.get(key) or 0 for key in inputs[1:])]
    values.append(counts.get(output))
    whole = [v for v in values if isinstance(v, int) and not isinstance(v, bool) and v >= 0]
    if len(whole) < len(values):
        return None
    return Usage(input_tokens=sum(whole[:-1]), output_tokens=whole[-1])
