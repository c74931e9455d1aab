"""Tokens: who may submit. The board keeps their hashes only."""

import secrets
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from leaderboard.events import append
from leaderboard.models import Token
from leaderboard.problem import Problem


def add(session: Session, holder: str) -> str:
    """A new token for somebody. It is told once, and never again.

    Raises:
        Problem: E_TOKEN, the holder has one.
    """
    if session.scalar(select(Token).where(Token.holder == holder)):
        raise Problem.of("E_TOKEN", f"{holder!r} has a token", "take another name")
    token = secrets.token_urlsafe(32)
    session.add(Token(hash=_hash(token), holder=holder, revoked=False))
    append(session, "token_added", holder=holder)
    return token


def revoke(session: Session, holder: str) -> None:
    """Make a holder's token worthless.

    Raises:
        Problem: E_TOKEN, the holder has none.
    """
    token = session.scalar(select(Token).where(Token.holder == holder))
    if token is None or token.revoked:
        raise Problem.of("E_TOKEN", f"{holder!r} has no token")
    token.revoked = True
    append(session, "token_revoked", holder=holder)


def holder(session: Session, token: str) -> str:
    """Whose token it is.

    Raises:
        Problem: E_AUTH, nobody's.
    """
    row = session.get(Token, _hash(token))
    if row is None or row.revoked:
        hint = "give the one you got from the board's operator"
        raise Problem.of("E_AUTH", "a token of this board is needed", hint)
    return row.holder


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
