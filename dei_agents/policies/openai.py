"""OpenAI's two protocols, Responses and Chat Completions, over its official SDK.

Nearly all other servers speak the second one, among them llama.cpp, vLLM and Ollama.
"""

from collections.abc import Awaitable
from typing import Final, Literal, Protocol

import httpx2
import openai
from pydantic import BaseModel, Field, JsonValue

from coreenv.config import CoreConfig
from dei_agents.completion import Client, Prompt
from dei_agents.config import NodeSettings
from dei_agents.policies.faults import failed
from dei_agents.policies.model_client import (
    TIMEOUT,
    ModelClient,
    address_of,
    http_client,
    key_of,
    usage_of,
)
from eval.record import Answer

ADDRESS: Final = "https://api.openai.com/v1"
KEY: Final = "OPENAI_API_KEY"
NEW_LIMIT: Final = (".openai.com", ".openai.azure.com")
"""Hosts, by their ends, that know ``max_completion_tokens``."""


def client(settings: NodeSettings, rules: CoreConfig) -> Client:
    """The client of a node with policy `openai`. Sends nothing yet.

    Args:
        settings: of the node.
        rules: what the grammar is for, if it is sent.

    Raises:
        ValueError: the key is missing, or a setting does not fit.
    """
    return OpenAIChat(settings, rules) if settings.api == "chat" else OpenAIResponses(settings)


class OpenAIResponses(ModelClient):
    """A model that is asked with the Responses protocol."""

    def __init__(self, node: NodeSettings) -> None:
        if node.grammar:
            raise ValueError('grammar is for api = "chat" only; set that, or leave grammar out')
        key = key_of(node, KEY)
        super().__init__(node, key, {"max_output_tokens": node.max_output_tokens})
        self._sdk = _sdk(node, key)

    async def post(self, prompt: Prompt) -> httpx2.Response:
        request = self._sdk.responses.with_raw_response.create(
            model=self.model,
            instructions=prompt.system,
            input=prompt.user,
            extra_body=self.settings,
        )
        return await _response(request)

    def read(self, body: bytes) -> Answer:
        return _Responses.model_validate_json(body).answer()

    async def close(self) -> None:
        await self._sdk.close()


class OpenAIChat(ModelClient):
    """A model that is asked with the Chat Completions protocol.

    OpenAI's newer models refuse ``max_tokens``, and Ollama among others ignores its successor
    without a word: all servers but OpenAI's and Azure's are sent the old name.
    """

    def __init__(self, node: NodeSettings, rules: CoreConfig) -> None:
        host = httpx2.URL(address_of(node, ADDRESS)).host
        limit = "max_completion_tokens" if host.endswith(NEW_LIMIT) else "max_tokens"
        settings: dict[str, JsonValue] = {limit: node.max_output_tokens}
        if node.grammar:
            from dei_agents.prompts import grammar

            settings["grammar"] = grammar(rules)
        key = key_of(node, KEY)
        super().__init__(node, key, settings)
        self._sdk = _sdk(node, key)

    async def post(self, prompt: Prompt) -> httpx2.Response:
        request = self._sdk.chat.completions.with_raw_response.create(
            model=self.model,
            messages=[
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            extra_body=self.settings,
        )
        return await _response(request)

    def read(self, body: bytes) -> Answer:
        return _Chat.model_validate_json(body).answer()

    async def close(self) -> None:
        await self._sdk.close()


def _sdk(node: NodeSettings, key: str | None) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        api_key=key or "none",
        base_url=address_of(node, ADDRESS),
        max_retries=0,
        timeout=TIMEOUT,
        http_client=http_client(),
    )


class _Raw(Protocol):
    @property
    def http_response(self) -> httpx2.Response: ...


async def _response(request: Awaitable[_Raw]) -> httpx2.Response:
    try:
        return (await request).http_response
    except openai.APIStatusError as error:
        return error.response
    except openai.APIConnectionError as error:
        raise ConnectionError from error.__cause__


# What is read of a response. The SDK's own types would check far more, and so refuse completions
# of servers that differ in what does not matter here; without that check they hold anything.


class _Part(BaseModel):
    type: str
    text: str | None = None
    refusal: str | None = None


class _Item(BaseModel):
    type: str
    content: list[_Part] | None = None


class _Error(BaseModel):
    code: str | None = None
    message: str = ""


class _Incomplete(BaseModel):
    reason: str | None = None


class _Responses(BaseModel):
    status: Literal["completed", "incomplete", "failed"]
    output: list[_Item]
    model: str | None = None
    error: _Error | None = None
    incomplete_details: _Incomplete | None = None
    usage: JsonValue = None

    def answer(self) -> Answer:
        answer = self._outcome()
        usage = usage_of(self.usage, ("input_tokens",), "output_tokens")
        return answer.model_copy(update={"model": self.model or "", "usage": usage})

    def _outcome(self) -> Answer:
        parts = [p for item in self.output if item.type == "message" for p in item.content or ()]
        text = "".join(part.text or "" for part in parts if part.type == "output_text")
        refusal = "".join(part.refusal or "" for part in parts if part.type == "refusal")
        if self.status == "failed":
            return self._failure(self.error or _Error())
        if refusal:
            return Answer(status="refused", text=refusal)
        if self.status == "completed":
            return Answer(status="complete", text=text)
        reason = self.incomplete_details.reason if self.incomplete_details else None
        return Answer(status="refused" if reason == "content_filter" else "truncated", text=text)

    @staticmethod
    def _failure(error: _Error) -> Answer:
        """A response that began and failed: it is not repeated, for it may be charged."""
        code = error.code or "failed"
        if code == "invalid_prompt" or "policy" in code:
            return Answer(status="refused", text=error.message)
        return failed("garbled", f"{code}: {error.message}")


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Chat(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: JsonValue = None

    def answer(self) -> Answer:
        choice = self.choices[0]
        status: Literal["complete", "refused", "truncated"] = "complete"
        if choice.message.refusal or choice.finish_reason == "content_filter":
            status = "refused"
        elif choice.finish_reason == "length":
            status = "truncated"
        return Answer(
            status=status,
            text=choice.message.refusal or choice.message.content or "",
            model=self.model or "",
            usage=usage_of(self.usage, ("prompt_tokens",), "completion_tokens"),
        )
