"""Anthropic's protocol, Messages, over its official SDK."""

from typing import Final, Literal

import anthropic
import httpx2
from pydantic import BaseModel, JsonValue

from dei_agents.completion import Client, Prompt
from dei_agents.config import NodeSettings
from dei_agents.policies.model_client import (
    TIMEOUT,
    ModelClient,
    address_of,
    http_client,
    key_of,
    usage_of,
)
from eval.record import Answer

ADDRESS: Final = "https://api.anthropic.com"
KEY: Final = "ANTHROPIC_API_KEY"
INPUTS: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""The first counts only what the other two do not."""


def client(settings: NodeSettings) -> Client:
    """The client of a node with policy `anthropic`. Sends nothing yet.

    Raises:
        ValueError: the key is missing, or a setting does not fit.
    """
    return AnthropicMessages(settings)


class AnthropicMessages(ModelClient):
    """A model that is asked with the Messages protocol."""

    def __init__(self, node: NodeSettings) -> None:
        if node.grammar:
            raise ValueError('grammar is for policy "openai" with api = "chat"; leave it out')
        key = key_of(node, KEY)
        super().__init__(node, key, {"max_tokens": node.max_output_tokens})
        self._sdk = anthropic.AsyncAnthropic(
            api_key=key or "none",
            base_url=address_of(node, ADDRESS),
            max_retries=0,
            timeout=TIMEOUT,
            http_client=http_client(),
        )

    async def post(self, prompt: Prompt) -> httpx2.Response:
        try:
            raw = await self._sdk.messages.with_raw_response.create(
                model=self.model,
                max_tokens=self.max_output_tokens,
                system=prompt.system,
                messages=[{"role": "user", "content": prompt.user}],
                extra_body=self.settings,
            )
        except anthropic.APIStatusError as error:
            return error.response
        except anthropic.APIConnectionError as error:
            raise ConnectionError from error.__cause__
        return raw.http_response

    def read(self, body: bytes) -> Answer:
        return _Messages.model_validate_json(body).answer()

    async def close(self) -> None:
        await self._sdk.close()


# What is read of a response; the SDK's own types check more than matters here, or nothing.


class _Block(BaseModel):
    type: str
    text: str | None = None


class _StopDetails(BaseModel):
    explanation: str | None = None


class _Messages(BaseModel):
    content: list[_Block]
    stop_reason: str | None
    stop_details: _StopDetails | None = None
    model: str | None = None
    usage: JsonValue = None

    def answer(self) -> Answer:
        text = "".join(block.text or "" for block in self.content if block.type == "text")
        status: Literal["complete", "refused", "truncated"] = "complete"
        if self.stop_reason == "refusal":
            status = "refused"
            text = text or (self.stop_details and self.stop_details.explanation) or ""
        elif self.stop_reason in ("max_tokens", "model_context_window_exceeded"):
            status = "truncated"
        return Answer(
            status=status,
            text=text,
            model=self.model or "",
            usage=usage_of(self.usage, INPUTS, "output_tokens"),
        )
