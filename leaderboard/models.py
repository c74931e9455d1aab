"""The tables of the store."""

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

HASH = String(64)
ID = String(16)


class Base(DeclarativeBase):
    """All tables. Times are whole seconds since 1970 and take no part in a result."""


class Entry(Base):
    """What somebody submitted. Nothing of it changes afterwards.

    Attributes:
        id: first 16 hex digits of a hash of ``canonical`` and ``ruleset``: the same on any board.
        number: order of arrival, from 1.
        track: ``warrior`` or ``search``.
        canonical: ``Warrior.id``, or the hash of an archive's programs.
        source: the bytes that came; ``source_hash`` is their SHA-256.
        claimed: JSON of what cannot be computed again; ``{}`` for a warrior.
        program: the canonical program, to compare with others; empty for a search.
        shape: hash of the program without its numbers.
        clone_of: id of the first entry that it is a near-clone of.
        submitter: who is counted by the limit of submissions.
    """

    __tablename__ = "entries"
    __table_args__ = (UniqueConstraint("canonical", "ruleset"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    at: Mapped[int] = mapped_column(BigInteger)
    track: Mapped[str] = mapped_column(String(8))
    ruleset: Mapped[str] = mapped_column(String(16))
    canonical: Mapped[str] = mapped_column(HASH)
    source_hash: Mapped[str] = mapped_column(HASH)
    source: Mapped[bytes]
    encoding: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)
    parent: Mapped[str | None] = mapped_column(ForeignKey("entries.id"))
    claimed: Mapped[str] = mapped_column(Text)
    program: Mapped[str] = mapped_column(Text)
    shape: Mapped[str] = mapped_column(HASH)
    clone_of: Mapped[str | None] = mapped_column(ForeignKey("entries.id"))
    submitter: Mapped[str] = mapped_column(Text, index=True)


class Evaluation(Base):
    """One result, or the work that leads to it.

    Attributes:
        key: hash of all that the result depends on.
        kind: ``score``, ``search``, ``holdout``, or ``duel`` of two entrants.
        conditions: hash of all that but the entry: only results that share it can be compared.
        priority: lower ones are worked on first.
        status: ``queued``, ``running``, ``done`` or ``failed``.
        reason: why it is not done; empty if there is nothing to tell.
        tries: workers that took it since the last block that was kept.
        worker, lease: who works on it, and until when nobody else may.
        document: signed JSON; empty until it is done.
    """

    __tablename__ = "evaluations"

    key: Mapped[str] = mapped_column(HASH, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    entry: Mapped[str] = mapped_column(ForeignKey("entries.id"), index=True)
    other: Mapped[str | None] = mapped_column(ForeignKey("entries.id"))
    season: Mapped[int]
    engine: Mapped[int]
    conditions: Mapped[str] = mapped_column(HASH, index=True)
    priority: Mapped[int]
    at: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(8), index=True)
    reason: Mapped[str] = mapped_column(Text)
    tries: Mapped[int]
    worker: Mapped[str] = mapped_column(Text)
    lease: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(Text)


class Block(Base):
    """A stretch of rounds against one opponent, one letter a round; or one elite's measures."""

    __tablename__ = "blocks"

    evaluation: Mapped[str] = mapped_column(ForeignKey("evaluations.key"), primary_key=True)
    opponent: Mapped[str] = mapped_column(HASH, primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True)
    outcomes: Mapped[str] = mapped_column(Text)


class Standing(Base):
    """What tables show of a result that is done. All of it follows from the document and from the
    other standings of equal conditions.

    Attributes:
        counts: JSON; rounds won, lost and tied against each opponent, in the hill's order.
        rank: see `leaderboard.ranking`.
    """

    __tablename__ = "standings"

    evaluation: Mapped[str] = mapped_column(ForeignKey("evaluations.key"), primary_key=True)
    entry: Mapped[str] = mapped_column(ForeignKey("entries.id"), index=True)
    track: Mapped[str] = mapped_column(String(8))
    conditions: Mapped[str] = mapped_column(HASH, index=True)
    rank: Mapped[int]
    points: Mapped[float]
    placement_low: Mapped[float]
    placement_high: Mapped[float]
    opponent_low: Mapped[float | None]
    opponent_high: Mapped[float | None]
    win_share: Mapped[float]
    tie_share: Mapped[float]
    worst_class: Mapped[str] = mapped_column(Text)
    qd_score: Mapped[float | None]
    coverage: Mapped[float | None]
    counts: Mapped[str] = mapped_column(Text)


class Event(Base):
    """A line of the event log; each holds the hash of the one before."""

    __tablename__ = "events"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    entry: Mapped[str | None] = mapped_column(ID, index=True)
    body: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(HASH)
    hash: Mapped[str] = mapped_column(HASH, unique=True)


class SeasonRow(Base):
    """A season of the board. ``secret`` (hex digits) is None until it is closed."""

    __tablename__ = "seasons"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    commitment: Mapped[str] = mapped_column(HASH)
    opened: Mapped[int] = mapped_column(BigInteger)
    closed: Mapped[int | None] = mapped_column(BigInteger)
    secret: Mapped[str | None] = mapped_column(Text)


class Holdout(Base):
    """A hill that nobody but the operator sees. ``members`` is a JSON list of hashes."""

    __tablename__ = "holdouts"

    hash: Mapped[str] = mapped_column(HASH, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    ruleset: Mapped[str] = mapped_column(String(16))
    members: Mapped[str] = mapped_column(Text)


class Token(Base):
    """Who may submit, by the SHA-256 of a token that the board does not keep."""

    __tablename__ = "tokens"

    hash: Mapped[str] = mapped_column(HASH, primary_key=True)
    holder: Mapped[str] = mapped_column(Text, unique=True)
    revoked: Mapped[bool]
