"""`corewar-board serve`: the web page, and a worker beside it."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from leaderboard.board import Board


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

    config = uvicorn.Config(
        create_app(board),
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        server_header=False,
    )
    with config.bind_socket() as socket, _worker(arguments):
        host, port = socket.getsockname()[:2]
        print(f"serving {board.folder} at http://{host}:{port}/", file=sys.stderr, flush=True)
        uvicorn.Server(config).run(sockets=[socket])
    return 0


@contextmanager
def _worker(arguments: argparse.Namespace) -> Iterator[None]:
    """A process that evaluates what is due; it holds no lock that a kill could leave behind."""
    if arguments.no_work:
        yield
        return
    command = [sys.executable, "-m", "leaderboard.cli", "--data", str(arguments.data)]
    if arguments.database_url:
        command += ["--database-url", arguments.database_url]
    with subprocess.Popen([*command, "work", "--jobs", "1"], stdout=subprocess.DEVNULL) as worker:
        try:
            yield
        finally:
            worker.terminate()
