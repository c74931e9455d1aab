"""`corewar-board serve`: starts, answers, evaluates, and leaves nothing behind when it ends."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.leaderboard.boards import FIELD, Store, call, make_board
from tests.leaderboard.serving import MANY, Server, serving, wait_until

END_SECONDS = 30
"""For what takes less than two where no other program runs."""


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    """Children of a process, also those of its threads."""
    files = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(pid) for file in files for pid in file.read_text().split()]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def is_evaluated(server: Server) -> bool:
    rows = server.get("/api/v1/leaderboard").json()
    return [row["status"] for row in rows] == ["done"] * len(FIELD)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_works_until_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board", **MANY)
    with serving(folder, "--host", "127.0.0.1") as server:
        for content in FIELD:
            assert server.submit(content).status == 201
        wait_until(lambda: is_evaluated(server))
        [worker] = children(server.process)
        server.process.send_signal(number)
        assert server.process.wait(END_SECONDS) in (0, 128 + number, -number)
        wait_until(lambda: not is_running(worker), END_SECONDS)


def test_it_works_on_a_board_of_before(tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board", **MANY)
    with serving(folder) as server:
        for content in FIELD:
            assert server.submit(content).status == 201
        assert children(server.process) == []
        assert server.get("/api/v1/status").json()["evaluations"] == {"queued": len(FIELD)}
    with serving(folder, "--host", "127.0.0.1") as server:
        wait_until(lambda: is_evaluated(server))
        [worker] = children(server.process)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(END_SECONDS)
        wait_until(lambda: not is_running(worker), END_SECONDS)


def test_a_port_in_use_is_told_in_a_line(tmp_path: Path, sqlite: Store) -> None:
    folder = make_board(tmp_path / "board")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = call(folder, sqlite, "serve", "--port", port)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("corewar-board: ")
    assert port in err


@pytest.mark.parametrize("options", [("--port", "70000"), ("--host", "nowhere.invalid")])
def test_no_such_address_is_told_in_a_line(
    options: tuple[str, str], tmp_path: Path, sqlite: Store
) -> None:
    code, out, err = call(make_board(tmp_path / "board"), sqlite, "serve", *options)
    assert (code, out) == (2, "")
    assert err.startswith("corewar-board: ") or "usage: " in err
    assert "Traceback" not in err
