"""The tables of version 0.1, and an event log that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

HASH = sa.String(64)
ID = sa.String(16)


def upgrade() -> None:
    """Make all tables."""
    _entries()
    _evaluations()
    _standings()
    _events()
    _operators_tables()
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", ID, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("track", sa.String(8), nullable=False),
        sa.Column("ruleset", sa.String(16), nullable=False),
        sa.Column("canonical", HASH, nullable=False),
        sa.Column("source_hash", HASH, nullable=False),
        sa.Column("source", sa.LargeBinary, nullable=False),
        sa.Column("encoding", sa.String(8), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("parent", ID, sa.ForeignKey("entries.id")),
        sa.Column("claimed", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("shape", HASH, nullable=False),
        sa.Column("clone_of", ID, sa.ForeignKey("entries.id")),
        sa.Column("submitter", sa.Text, nullable=False, index=True),
        sa.UniqueConstraint("canonical", "ruleset"),
    )


def _evaluations() -> None:
    op.create_table(
        "evaluations",
        sa.Column("key", HASH, primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("entry", ID, sa.ForeignKey("entries.id"), nullable=False, index=True),
        sa.Column("other", ID, sa.ForeignKey("entries.id")),
        sa.Column("season", sa.Integer, nullable=False),
        sa.Column("engine", sa.Integer, nullable=False),
        sa.Column("conditions", HASH, nullable=False, index=True),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(8), nullable=False, index=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("lease", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "blocks",
        sa.Column("evaluation", HASH, sa.ForeignKey("evaluations.key"), primary_key=True),
        sa.Column("opponent", HASH, primary_key=True),
        sa.Column("block", sa.Integer, primary_key=True),
        sa.Column("outcomes", sa.Text, nullable=False),
    )


def _standings() -> None:
    op.create_table(
        "standings",
        sa.Column("evaluation", HASH, sa.ForeignKey("evaluations.key"), primary_key=True),
        sa.Column("entry", ID, sa.ForeignKey("entries.id"), nullable=False, index=True),
        sa.Column("track", sa.String(8), nullable=False),
        sa.Column("conditions", HASH, nullable=False, index=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("points", sa.Double, nullable=False),
        sa.Column("placement_low", sa.Double, nullable=False),
        sa.Column("placement_high", sa.Double, nullable=False),
        sa.Column("opponent_low", sa.Double),
        sa.Column("opponent_high", sa.Double),
        sa.Column("win_share", sa.Double, nullable=False),
        sa.Column("tie_share", sa.Double, nullable=False),
        sa.Column("worst_class", sa.Text, nullable=False),
        sa.Column("qd_score", sa.Double),
        sa.Column("coverage", sa.Double),
        sa.Column("counts", sa.Text, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("entry", ID, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", HASH, nullable=False),
        sa.Column("hash", HASH, nullable=False, unique=True),
    )


def _operators_tables() -> None:
    op.create_table(
        "seasons",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("commitment", HASH, nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.BigInteger),
        sa.Column("secret", sa.Text),
    )
    op.create_table(
        "holdouts",
        sa.Column("hash", HASH, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("ruleset", sa.String(16), nullable=False),
        sa.Column("members", sa.Text, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("hash", HASH, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False, unique=True),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )


APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER events_{verb.lower()} BEFORE {verb} ON events "
        "BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION events_grow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the event log only grows'; END $$",
        "CREATE TRIGGER events_kept BEFORE UPDATE OR DELETE ON events "
        "FOR EACH ROW EXECUTE FUNCTION events_grow()",
    ],
}
