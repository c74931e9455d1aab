"""A model provider on 127.0.0.1 that speaks all three protocols and misbehaves as told.

    with FakeProvider(script(Failure(500), Reply("mov 0, 1"))) as provider:
        ... provider.url ... provider.log ...

What it does with a request is up to ``behave``, a function of the `Ask`; `script` and `by_model`
make such functions. As a program of its own it serves `fake_models` until its standard input is
closed: `provider_process` starts it so, for tests that kill everything else.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from tests.dei_agents.fake_protocols import (
    PATHS,
    Failure,
    Json,
    Reply,
    completion_body,
    error_body,
    prompt_of,
)


@dataclass(frozen=True)
class Ask:
    """A request as the server saw it.

    Attributes:
        number: how many requests came before it, and one.
        at: `time.time` of its arrival.
        path: its protocol, by the path.
        model: the ``model`` it names.
        prompt: system and user part, joined by a line break.
        headers: names in lower case.
        body: the whole request.
    """

    number: int
    at: float
    path: str
    model: str
    prompt: str
    headers: dict[str, str]
    body: Json


@dataclass(frozen=True)
class Raw:
    """Any bytes."""

    body: bytes
    kind: str = "application/json"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Hang:
    """No answer, until the client goes away."""


@dataclass(frozen=True)
class Trickle:
    """A space every ten milliseconds, without end."""


@dataclass(frozen=True)
class Drop:
    """Break the connection after the request: in the middle of the answer, or before it."""

    before: bool = False


@dataclass(frozen=True)
class Flood:
    """An answer of so many bytes, sent as fast as they are taken."""

    size: int


Behaviour = Reply | Failure | Raw | Hang | Trickle | Drop | Flood
Behave = Callable[[Ask], Behaviour]

HTML = Raw(b"<html><body><h1>Welcome to the hotel's network</h1></body></html>", "text/html")
EMPTY = Raw(b"{}")
BROKEN = Raw(b'{"id": "1", "model": "fast", "choices": [{"mess')
NO_SUCH_PATH = Failure(404, "not_found_error", "no such path")
LATIN1 = Reply("d\xe9j\xe0 vu", encoding="latin-1")


def rate_limited(after: str | int) -> Failure:
    """A 429 with a Retry-After."""
    headers = (("retry-after", str(after)),)
    return Failure(429, "rate_limit_exceeded", "too many requests", headers)


def script(*behaviours: Behaviour) -> Behave:
    """One behaviour after the other, by the number of the request; the last one stays."""
    return lambda ask: behaviours[min(ask.number, len(behaviours)) - 1]


def by_model(models: Mapping[str, Behave]) -> Behave:
    """A behaviour for each model name; other models do not exist."""

    def behave(ask: Ask) -> Behaviour:
        if ask.model in models:
            return models[ask.model](ask)
        return Failure(404, "model_not_found", f"there is no model {ask.model}")

    return behave


def failing(share: float) -> Behave:
    """Fails with status 500 so often, by the prompt and by how often that was asked.

    Independent of what other nodes ask, and a repeated request may succeed.
    """
    seen: Counter[str] = Counter()

    def behave(ask: Ask) -> Behaviour:
        seen[ask.prompt] += 1
        chance = sha256(f"{seen[ask.prompt]} {ask.prompt}".encode()).digest()[0] / 256
        return Failure(500) if chance < share else Reply()

    return behave


def warrior(prompt: str, _number: int = 0) -> str:
    """A fenced warrior that depends on nothing but the prompt: a bomber with its own step."""
    code = sha256(prompt.encode()).digest()
    step, gap = 4 * code[0] + 5, code[1] % 9 + 3
    bomb = ("dat #0, #0", "spl #0, $0", "jmp #0, <0")[code[2] % 3]
    return (
        "Here it is.\n```redcode\n"
        f"aim     add.ab #{step}, 1\n        mov.i  bomb, @{gap}\n        jmp    aim\n"
        f"bomb    {bomb}\n        end    aim\n```\n"
    )


def talkative(prompt: str) -> str:
    return f"What a lovely question! {prompt[:40]!r} reminds me of a song. " * 20


def fake_models() -> dict[str, Behave]:
    """The models of the program, none yet asked."""
    return {
        "fast": lambda _ask: Reply(),
        "steady": lambda _ask: Reply(delay=0.2),
        "slow": lambda _ask: Reply(delay=5.0),
        "failing": failing(0.3),
        "talkative": lambda ask: Reply(talkative(ask.prompt)),
    }


class FakeProvider:
    """The server, in a thread of its own while the context is open.

    Args:
        behave: what to do with a request.
        answer: what a model says where `Reply` does not: a function of prompt and number.
        log_file: a file that takes every request as a line of JSON before it is answered.

    Attributes:
        log: all requests so far.
        connections: connections that are open now.
    """

    def __init__(
        self,
        behave: Behave,
        answer: Callable[[str, int], str] = warrior,
        log_file: Path | None = None,
    ) -> None:
        self.log: list[Ask] = []
        self.connections = 0
        self._behave, self._answer, self._log_file = behave, answer, log_file
        self._errors: list[Exception] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "FakeProvider":
        self._thread.start()
        assert self._ready.wait(10), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._errors:
            raise self._errors[0]

    @property
    def url(self) -> str:
        """Base address for Anthropic's SDK; OpenAI's takes it with /v1."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**24)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._exchange(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer; the connection is closed after it."""
        self.connections += 1
        try:
            ask = await self._read(reader)
            self._note(ask)
            behaviour = self._behave(ask) if ask.path in PATHS else NO_SUCH_PATH
            await self._act(behaviour, ask, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client is gone: what it sees is the client's affair.
        except Exception as error:
            self._errors.append(error)
        finally:
            writer.close()
            self.connections -= 1

    async def _read(self, reader: asyncio.StreamReader) -> Ask:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))))
        path = first.split()[1]
        model, prompt = str(body.get("model")), prompt_of(path, body)
        return Ask(len(self.log) + 1, time.time(), path, model, prompt, headers, body)

    def _note(self, ask: Ask) -> None:
        self.log.append(ask)
        if self._log_file is not None:
            with self._log_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(ask)) + "\n")

    async def _act(
        self,
        behaviour: Behaviour,
        ask: Ask,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        match behaviour:
            case Reply():
                await self._pause(behaviour.delay, reader)
                text = behaviour.text
                if text is None:
                    text = self._answer(ask.prompt, ask.number)
                body = completion_body(ask.path, ask.model, behaviour, text)
                data = json.dumps(body, ensure_ascii=False).encode(behaviour.encoding)
                await _write(writer, Raw(data), ask.number)
            case Failure():
                body = error_body(ask.path, behaviour)
                raw = Raw(
                    json.dumps(body).encode(), status=behaviour.status, headers=behaviour.headers
                )
                await _write(writer, raw, ask.number)
            case Raw():
                await _write(writer, behaviour, ask.number)
            case Hang():
                await reader.read()
            case Drop():
                if not behaviour.before:
                    writer.write(_head(Raw(b""), ask.number, length=1000) + b'{"id": "1", ')
                    await writer.drain()
                    await asyncio.sleep(0.05)
                writer.transport.abort()
            case Trickle():
                writer.write(_head(Raw(b""), ask.number, length=10**9))
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.01)
            case Flood():
                writer.write(_head(Raw(b""), ask.number, length=behaviour.size))
                for _ in range(behaviour.size // 2**16):
                    writer.write(b" " * 2**16)
                    await writer.drain()

    @staticmethod
    async def _pause(seconds: float, reader: asyncio.StreamReader) -> None:
        """Wait, unless the client goes away meanwhile."""
        if seconds:
            try:
                await asyncio.wait_for(reader.read(), seconds)
            except TimeoutError:
                return
            raise ConnectionResetError


async def _write(writer: asyncio.StreamWriter, raw: Raw, number: int) -> None:
    writer.write(_head(raw, number, length=len(raw.body)) + raw.body)
    await writer.drain()


def _head(raw: Raw, number: int, *, length: int) -> bytes:
    lines = [f"HTTP/1.1 {raw.status} So", f"content-type: {raw.kind}", f"content-length: {length}"]
    lines += [f"x-request-id: req-{number}", f"request-id: req-{number}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in raw.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@contextmanager
def provider_process(log_file: Path) -> Iterator[str]:
    """`fake_models` in a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.dei_agents.fake_servers", "--log", str(log_file)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def read_log(log_file: Path) -> list[Ask]:
    """The requests that a provider has noted so far."""
    lines = log_file.read_text(encoding="utf-8").splitlines() if log_file.exists() else []
    return [Ask(**json.loads(line)) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the fake models; prints the address.")
    parser.add_argument("--log", type=Path, help="a file for the requests, one JSON object a line")
    arguments = parser.parse_args()
    with FakeProvider(by_model(fake_models()), log_file=arguments.log) as provider:
        print(provider.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
