"""The database: SQLite in the board's folder, or PostgreSQL by its address.

Those who write wait for one another, in either: so what a transaction reads is still true when it
writes, and the event log has one order.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.orm import Session

HEAD: Final = "0001"
"""The newest migration."""

DATABASE: Final = "board.db"

BUSY_SECONDS: Final = 60
"""How long a SQLite connection waits for another that writes."""

_WRITERS: Final = 0x636F7265
"""PostgreSQL's advisory lock of those who write."""


def open_store(folder: Path, url: str | None = None) -> Engine:
    """Connect, and bring the tables up to date.

    Args:
        folder: of the board; exists.
        url: such as ``postgresql://user@host/name``; None for ``board.db`` in the folder.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: there is no such database, or it is of a newer version.
    """
    if url is None:
        (folder / DATABASE).touch(mode=0o600)  # the holdout's rounds are in it
    engine = create_engine(_address(folder, url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    with locked(folder):
        with engine.connect() as connection:
            version = _version(connection)
        if version != HEAD:
            _migrate(engine)
    return engine


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time does what is done on first use."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that writes nothing, and sees the store as it was at one moment."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """The only session that writes; commits at the end, or leaves everything as it was."""
    exclusive = engine.execution_options(exclusive=True)
    with Session(exclusive, expire_on_commit=False) as session, session.begin():
        if engine.dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _WRITERS})
        yield session


def _address(folder: Path, url: str | None) -> str:
    if url is None:
        return f"sqlite:///{(folder / DATABASE).resolve()}"
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme == "postgresql" else url


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # or else the driver begins transactions of its own
    for pragma in (f"busy_timeout = {1000 * BUSY_SECONDS}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    exclusive = connection.get_execution_options().get("exclusive", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if exclusive else "BEGIN")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(engine: Engine) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config

    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        connection.cursor().execute("PRAGMA journal_mode = WAL")
        connection.close()
    config = Config()
    config.set_main_option("script_location", "leaderboard:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as opened:
        config.attributes["connection"] = opened
        command.upgrade(config, "head")
