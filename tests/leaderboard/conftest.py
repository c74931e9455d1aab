"""Both stores: SQLite, and a PostgreSQL server that the tests start themselves."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaderboard.boards import Store, fresh_database
from tests.leaderboard.serving import Server, fill, serving


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a server's socket, for as long as the tests run."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL's server is not installed: apt-get install postgresql")
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="board-pg-"))
    as_user: list[str] = []
    if os.getuid() == 0:  # which the server refuses to be
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]

    def run(*arguments: str | Path) -> None:
        # Not captured: the server would keep the pipe open.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*as_user, *arguments], check=True, cwd=folder, **quiet)  # type: ignore[call-overload]

    data = folder / "data"
    run(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={folder}"
    options += " -c max_connections=200 -c fsync=off"
    start = (binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    run(*start)
    try:
        yield str(folder)
    finally:
        run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty database."""
    if request.param == "sqlite":
        return Store(None)
    return fresh_database(request.getfixturevalue("postgresql"))


@pytest.fixture
def sqlite() -> Store:
    """For what does not depend on the store."""
    return Store(None)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[str]]]:
    """A served board of every kind of entry, and their ids."""
    folder = tmp_path_factory.mktemp("boards") / "board"
    ids = fill(folder)
    with serving(folder) as server:
        yield server, ids
