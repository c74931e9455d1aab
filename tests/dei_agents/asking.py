"""Asking a fake provider through a real client."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pytest

from coreenv.config import ruleset
from dei_agents.completion import Client, Prompt
from dei_agents.config import NodeSettings
from dei_agents.policies.model import open_client
from eval.record import Answer
from tests.dei_agents.fake_servers import Behaviour, FakeProvider, script

T = TypeVar("T")
PROTOCOLS = ("responses", "chat", "messages")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")
KEY = "sk-test-0123456789abcdef"
PROMPT = Prompt("You write Redcode.", "Write a warrior.")

each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def build(protocol: str, url: str | None = None, **settings: Any) -> Client:
    """A client of the fast model at this address."""
    policy = "anthropic" if protocol == "messages" else "openai"
    fields: dict[str, Any] = {"policy": policy, "model": "fast"}
    fields |= {"key_env": KEYS[policy == "anthropic"]}
    if protocol == "messages":
        fields |= {"base_url": url}
    else:
        fields |= {"api": protocol, "base_url": url and f"{url}/v1"}
    return open_client(NodeSettings.model_validate(fields | settings), ruleset("nop94"))


def with_client(client: Client, use: Callable[[Client], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await use(client)
        finally:
            await client.close()

    return asyncio.run(run())


def ask(protocol: str, url: str, prompt: Prompt = PROMPT, **settings: Any) -> Answer:
    """One call, by default without retries and with five seconds to spare."""
    client = build(protocol, url, **({"retries": 0, "deadline": 5.0} | settings))
    return with_client(client, lambda client: client.send(prompt))


def outcome(protocol: str, *behaviours: Behaviour, **settings: Any) -> Answer:
    """The answer of a server that behaves so; it must have seen as many requests as claimed."""
    with FakeProvider(script(*behaviours)) as provider:
        answer = ask(protocol, provider.url, **settings)
        assert len(provider.log) == answer.sends
    return answer


def outcomes(protocol: str, behaviours: Mapping[str, Behaviour]) -> dict[str, Answer]:
    """One call for each behaviour; though retries are allowed, the server must see no more."""

    async def calls(client: Client) -> dict[str, Answer]:
        return {name: await client.send(PROMPT) for name in behaviours}

    with FakeProvider(script(*behaviours.values())) as provider:
        answers = with_client(build(protocol, provider.url, retries=3), calls)
        assert len(provider.log) == len(behaviours)
    return answers
