"""Signed JSON: what the board says, and how anybody can tell that the board said it."""

import json
import os
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from leaderboard.problem import BoardError

KEY_FILE: Final = "board.key"

KEY_BYTES: Final = 32


class Signer:
    """The board's Ed25519 key: 32 bytes, read by its owner alone.

    Args:
        folder: of the board; the key is made there if it has none. Not safe against another
            process that does the same: hold `leaderboard.store.locked`.

    Raises:
        BoardError: the file holds no key.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / KEY_FILE
        if not path.exists():
            write_secret(path, os.urandom(KEY_BYTES))
        seed = path.read_bytes()
        if len(seed) != KEY_BYTES:
            raise BoardError(f"{path} has {len(seed)} bytes; a key has {KEY_BYTES}: restore it")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """64 hex digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, content: dict[str, Any]) -> str:
        """A document: ``content`` with the key and the signature. Equal contents and keys give
        equal bytes."""
        signature = self._key.sign(canonical(content).encode())
        document = {
            "signed": content,
            "public_key": self.public_key,
            "signature": signature.hex(),
        }
        return canonical(document) + "\n"


def opened(document: str | bytes, key: str) -> dict[str, Any]:
    """What is signed in a document.

    Args:
        document: as `Signer.sign` wrote it; layout and order of keys do not matter.
        key: public key of the board, 64 hex digits; empty takes the document's own.

    Raises:
        ValueError: it is not such a document, another key's, or was altered.
    """
    try:
        record = json.loads(document)
        signed: dict[str, Any] = record["signed"]
        own = bytes.fromhex(record["public_key"])
        signature = bytes.fromhex(record["signature"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a signed document: {error!r}") from None
    if key and key != own.hex():
        raise ValueError(f"signed with key {own.hex()}, not with {key}")
    try:
        Ed25519PublicKey.from_public_bytes(own).verify(signature, canonical(signed).encode())
    except (InvalidSignature, ValueError):
        raise ValueError("the signature does not fit: the document was altered") from None
    return signed


def document_key(document: str | bytes) -> str:
    """The key that a document says it was signed with."""
    return str(json.loads(document)["public_key"])


def canonical(value: Any) -> str:
    """JSON with one spelling: sorted keys, no blanks, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read; whole, or not at all.

    Raises:
        FileExistsError: there is one already.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(content)
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
