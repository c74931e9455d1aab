"""How the three protocols say the same: a completion, an error, a prompt."""

from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
RESPONSES, CHAT, MESSAGES = "/v1/responses", "/v1/chat/completions", "/v1/messages"
PATHS = (RESPONSES, CHAT, MESSAGES)


@dataclass(frozen=True)
class Reply:
    """A completion.

    Attributes:
        text: what the model says; None takes the provider's ``answer``.
        kind: as it ended: by itself, by its words of refusal, or at its limit.
        usage: input and output tokens, None for a null, "absent" for no such key.
        delay: seconds before the reply.
        thinking: hidden reasoning sent before the text.
        encoding: of the body; JSON knows no other than UTF-8.
    """

    text: str | None = None
    kind: Literal["complete", "refused", "truncated", "filtered"] = "complete"
    usage: tuple[int, int] | Literal["absent"] | None = (120, 40)
    delay: float = 0.0
    thinking: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Failure:
    """An error status, told the way the protocol tells errors."""

    status: int = 500
    code: str = "server_error"
    message: str = "the server had an accident"
    headers: tuple[tuple[str, str], ...] = ()


def prompt_of(path: str, body: Json) -> str:
    if path not in PATHS:
        return ""
    if path == RESPONSES:
        return f"{body['instructions']}\n{body['input']}"
    system = [body["system"]] if path == MESSAGES else []
    return "\n".join(system + [message["content"] for message in body["messages"]])


def error_body(path: str, failure: Failure) -> Json:
    if path == MESSAGES:
        error = {"type": failure.code, "message": failure.message}
        return {"type": "error", "error": error, "request_id": "req"}
    return {
        "error": {"message": failure.message, "type": "error", "param": None, "code": failure.code}
    }


def completion_body(path: str, model: str, reply: Reply, text: str) -> Json:
    make = {RESPONSES: _responses, CHAT: _chat, MESSAGES: _messages}[path]
    body = {"model": model, **make(reply, text)}
    if reply.usage == "absent":
        del body["usage"]
    return body


def _usage(reply: Reply, names: tuple[str, str]) -> Json | None:
    return dict(zip(names, reply.usage, strict=True)) if isinstance(reply.usage, tuple) else None


def _responses(reply: Reply, text: str) -> Json:
    part = {"type": "output_text", "text": text, "annotations": []}
    if reply.kind == "refused":
        part = {"type": "refusal", "refusal": text}
    message = {"id": "msg", "type": "message", "role": "assistant", "status": "completed"}
    thoughts = [{"type": "reasoning_text", "text": reply.thinking}]
    thought = {"id": "rs", "type": "reasoning", "summary": [], "content": thoughts}
    reason = {"truncated": "max_output_tokens", "filtered": "content_filter"}.get(reply.kind)
    return {
        "id": "resp",
        "object": "response",
        "created_at": 0,
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": [*([thought] if reply.thinking else []), {**message, "content": [part]}],
        "usage": _usage(reply, ("input_tokens", "output_tokens")),
    }


def _chat(reply: Reply, text: str) -> Json:
    refused = reply.kind == "refused"
    message = {"role": "assistant", "content": None if refused else text}
    message |= {"refusal": text if refused else None, "reasoning_content": reply.thinking or None}
    reasons = {"truncated": "length", "filtered": "content_filter"}
    return {
        "id": "chat",
        "object": "chat.completion",
        "created": 0,
        "choices": [
            {"index": 0, "message": message, "finish_reason": reasons.get(reply.kind, "stop")}
        ],
        "usage": _usage(reply, ("prompt_tokens", "completion_tokens")),
    }


def _messages(reply: Reply, text: str) -> Json:
    reasons = {"truncated": "max_tokens", "refused": "refusal", "filtered": "refusal"}
    thought = {"type": "thinking", "thinking": reply.thinking, "signature": "s"}
    return {
        "id": "msg",
        "type": "message",
        "role": "assistant",
        "content": [*([thought] if reply.thinking else []), {"type": "text", "text": text}],
        "stop_reason": reasons.get(reply.kind, "end_turn"),
        "stop_sequence": None,
        "usage": _usage(reply, ("input_tokens", "output_tokens")),
    }
