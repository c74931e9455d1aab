"""Asking a language model: what every provider's client has to offer."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from pydantic import JsonValue

from eval.record import Answer

FRAME_TOKENS = 64
"""More than the few tokens with which a provider frames two messages."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to a model.

    Attributes:
        system: the standing instructions.
        user: this call's request.
    """

    system: str
    user: str

    @property
    def hash(self) -> str:
        """SHA-256 of both parts, in hexadecimal."""
        return sha256(f"{self.system}\0{self.user}".encode()).hexdigest()

    @property
    def most_tokens(self) -> int:
        """More tokens than any provider counts for it: no token is shorter than a byte."""
        return len(self.system.encode()) + len(self.user.encode()) + FRAME_TOKENS


class Client(Protocol):
    """One model of one provider, reached through its official SDK.

    A client belongs to one asyncio event loop.
    """

    @property
    def model(self) -> str:
        """The model's name, as the provider takes it."""
        ...

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Everything that is sent beside prompt and model; never a key."""
        ...

    @property
    def max_output_tokens(self) -> int:
        """The most tokens an answer can have, hidden reasoning included."""
        ...

    async def send(self, prompt: Prompt) -> Answer:
        """Send one request, retries and deadline included.

        Never raises for what a provider or a network does: that is an `Answer` with its fault.
        Cancelling it closes the connection.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
