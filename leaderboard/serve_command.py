"""`corewar-board serve`: the web page, and a worker beside it."""

import argparse
import ctypes
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from leaderboard.board import Board
from leaderboard.problem import BoardError


def add_options(command: argparse.ArgumentParser) -> None:
    """The arguments of `serve`."""
    add = command.add_argument
    add("--host", default="127.0.0.1", help="address to listen at; default %(default)s")
    add("--port", type=int, default=8000, help="default %(default)s; 0 takes a free one")
    add("--no-work", action="store_true", help="evaluate nothing: workers run elsewhere")


def serve(arguments: argparse.Namespace, board: Board) -> int:
    """Serve the web page, and evaluate what is submitted, until Ctrl-C."""
    import uvicorn  # with the application slow to import, and only needed here

    from leaderboard.web.app import create_app

    config = uvicorn.Config(create_app(board), log_level="warning", server_header=False)
    with _listening(arguments.host, arguments.port) as listener, _worker(arguments):
        host, port = listener.getsockname()[:2]
        print(f"serving {board.folder} at http://{host}:{port}/", file=sys.stderr, flush=True)
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """A socket that connections can already queue at.

    Raises:
        BoardError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise BoardError(f"cannot listen at {host}, port {port}: {error}") from None


@contextmanager
def _worker(arguments: argparse.Namespace) -> Iterator[None]:
    """A process that evaluates what is due; it holds no lock that a kill could leave behind."""
    if arguments.no_work:
        yield
        return
    command = [sys.executable, "-m", "leaderboard.cli", "--data", str(arguments.data)]
    if arguments.database_url:
        command += ["--database-url", arguments.database_url]
    command += ["work", "--jobs", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, preexec_fn=_end_with_parent
    ) as worker:
        try:
            yield
        finally:
            worker.terminate()


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent ends, in whatever way."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG: Final = 1
