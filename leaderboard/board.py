"""A board: its folder, its settings, its store, its hills and its key."""

import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from coreenv.hill import Hill, open_hill
from eval.protocol import Profile
from leaderboard import seasons
from leaderboard.problem import BoardError
from leaderboard.signing import Signer
from leaderboard.store import locked, open_store, reading, writing

SETTINGS_FILE: Final = "board.toml"


class Settings(BaseModel):
    """What the operator decides, in ``board.toml``.

    Attributes:
        hills: bundled versions, or folders in the board's; each for a ruleset of its own.
        profile: rounds of official scores, see `eval.protocol`.
        per_hour: entries that one submitter may add in an hour.
        tokens: whether a submission needs one.
        assembly_seconds: CPU time of an assembly.
        holdout_queries: scores against the holdout that a season allows.
        field: entries that meet in the round robin: the best ones.
        reads_per_minute, writes_per_minute: requests of a client, see `leaderboard.web.guard`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hills: tuple[str, ...] = Field(default=("v1",), min_length=1)
    profile: Profile = "standard"
    per_hour: int = Field(default=100, ge=0)
    tokens: bool = False
    assembly_seconds: float = Field(default=1.0, gt=0)
    holdout_queries: int = Field(default=50, ge=0)
    field: int = Field(default=24, ge=2, le=100)
    reads_per_minute: int = Field(default=600, ge=1)
    writes_per_minute: int = Field(default=120, ge=1)


@dataclass(frozen=True)
class Board:
    """Everything that functions of this package need to know of a board."""

    folder: Path
    settings: Settings
    engine: Engine

    @cached_property
    def hills(self) -> dict[str, Hill]:
        """The hill of each ruleset that can be submitted for."""
        hills = [self._hill(name) for name in self.settings.hills]
        by_rules = {hill.ruleset: hill for hill in hills}
        if len(by_rules) < len(hills):
            raise BoardError(f"{self.folder / SETTINGS_FILE}: two hills have the same ruleset")
        return by_rules

    def _hill(self, name: str) -> Hill:
        own = self.folder / name
        try:
            return open_hill(str(own) if own.is_dir() else name)
        except (OSError, ValueError) as error:
            raise BoardError(f"{self.folder / SETTINGS_FILE}: hills: {error}") from None

    @cached_property
    def signer(self) -> Signer:
        """The board's key, made on first use."""
        with locked(self.folder):
            return Signer(self.folder)

    def reading(self) -> AbstractContextManager[Session]:
        """A session that writes nothing."""
        return reading(self.engine)

    def writing(self) -> AbstractContextManager[Session]:
        """The only session that writes."""
        return writing(self.engine)


@contextmanager
def open_board(folder: Path, database_url: str | None = None) -> Iterator[Board]:
    """Open a board, or make one.

    Args:
        folder: holds settings, key, secrets of seasons, and the SQLite file.
        database_url: of a PostgreSQL database; None for SQLite.

    Raises:
        BoardError: the settings or the database will not do.
    """
    settings = _settings(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = open_store(folder, database_url)
    except (OSError, SQLAlchemyError, ImportError) as error:
        raise BoardError(f"no board in {folder}: {error}") from None
    try:
        board = Board(folder, settings, engine)
        seasons.ensure_first(board.reading, board.writing)
        yield board
    finally:
        engine.dispose()


def _settings(folder: Path) -> Settings:
    path = folder / SETTINGS_FILE
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValidationError, ValueError) as error:
        raise BoardError(f"{path}: {error}") from None
