"""Small boards: hills whose rounds are fought in no time, and what all tests ask of a board."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

from coreenv.config import ruleset
from coreenv.hill import Hill, Member
from coreenv.redcode import assemble
from leaderboard.board import Board, open_board
from leaderboard.manifest import Manifest
from leaderboard.models import Base, Evaluation
from leaderboard.submission import Upload

DATABASES = count(1)

IMP = b";name Imp\n;author tester\nmov 0, 1\n"
DWARF = b";name Dwarf\n;author tester\nadd.ab #4, 3\nmov.i 2, @2\njmp -2\ndat #0, #0\n"
SITTER = b";name Sitter\n;author tester\njmp 0, <-2\n"
FIELD = (IMP, DWARF, SITTER)

MEMBERS = {
    "Thrower": ("bomber", "test", "add #5, 3\nmov 2, @2\njmp -2\ndat #0, #0"),
    "Dropper": ("bomber", "test", "add #7, 3\nmov 2, @2\njmp -2\ndat #0, #0"),
    "Gate": ("gate", "test", "jmp 0, <-5"),
    "Keeper": ("gate", "test", "jmp 0, <-7"),
    "Crawler": ("imp", "dev", "mov 0, 1\nmov 0, 1"),
    "Spinner": ("imp", "dev", "spl 0\nmov 0, 1"),
}

MEMBERS_88 = {
    "Thrower": ("bomber", "test", "add #5, 3\nmov 2, @2\njmp -2\ndat #0, #0"),
    "Gate": ("gate", "test", "jmp 0, <-5"),
}


def make_hill(folder: Path, rules: str, members: dict[str, tuple[str, str, str]]) -> Hill:
    """A hill of these members; those of the split dev are its common opponents."""
    folder.mkdir(parents=True)
    rows = []
    for name, (kind, split, code) in members.items():
        text = f";name {name}\n;author nobody\n{code}\n"
        (folder / f"{name}.red").write_text(text)
        id_ = assemble(text, ruleset(rules)).id
        rows.append(Member(f"{name}.red", name, kind, name, "nobody", "own", split, id_))  # type: ignore[arg-type]
    dev = tuple(row.name for row in rows if row.split == "dev")
    hill = Hill(folder, "toy", "v0", rules, 1, dev, dev, dev, tuple(rows))
    (folder / "hill.toml").write_text(hill.to_toml())
    return hill


def make_board(folder: Path, rules: str = "nano", **settings: Any) -> Path:
    """The folder of a board for one ruleset, not opened yet."""
    make_hill(folder / "hill", rules, MEMBERS_88 if rules == "icws88" else MEMBERS)
    lines = {"hills": ["hill"], "profile": "exact", **settings}
    (folder / "board.toml").write_text(
        "".join(f"{k} = {json.dumps(v)}\n" for k, v in lines.items())
    )
    return folder


@dataclass(frozen=True)
class Store:
    """Where the tests of one store keep their boards.

    Attributes:
        url: of a fresh database; None for SQLite.
        arguments: of the command line, for that database.
    """

    url: str | None

    @property
    def arguments(self) -> tuple[str, ...]:
        return () if self.url is None else ("--database-url", self.url)

    @contextmanager
    def open(self, folder: Path) -> Iterator[Board]:
        with open_board(folder, self.url) as board:
            yield board


def upload(content: bytes, rules: str = "nano", **manifest: str) -> Upload:
    return Upload(content, Manifest(ruleset=rules, **manifest))


def command(folder: Path, store: Store, *arguments: str) -> list[str]:
    head = [sys.executable, "-m", "leaderboard.cli", "--data", str(folder), *store.arguments]
    return [*head, *arguments]


def call(folder: Path, store: Store, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command in a process of its own: exit code, stdout, stderr."""
    done = subprocess.run(
        command(folder, store, *arguments),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


def row_counts(board: Board) -> dict[str, int]:
    """How many rows each table has."""
    tables: list[Table] = Base.metadata.sorted_tables
    with board.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def documents(board: Board) -> dict[str, str]:
    """All results, by their keys."""
    with board.reading() as session:
        rows = session.scalars(select(Evaluation).where(Evaluation.status == "done"))
        return {row.key: row.document for row in rows}


def fresh_database(server: str) -> Store:
    """An empty database on a server, by the folder of its socket."""
    import psycopg

    name = f"board{next(DATABASES)}"
    with psycopg.connect(f"host={server} user=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return Store(f"postgresql://postgres@/{name}?host={server}")
