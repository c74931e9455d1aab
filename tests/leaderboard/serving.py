"""A board that is served for real, by a process of its own, and what the tests ask of it."""

import contextlib
import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from leaderboard.board import open_board
from leaderboard.cli import main
from leaderboard.submission import submit
from tests.leaderboard.boards import DWARF, IMP, SITTER, make_board, row_counts, upload
from tests.leaderboard.test_search_track import SPREADER, archive

MANY = {"reads_per_minute": 10**6, "writes_per_minute": 10**6, "per_hour": 10**6}
"""Settings of a board that turns nobody away for asking often."""

START_SECONDS = 120
"""A server that says nothing for so long has failed; on a busy machine it takes a while."""

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "=1+1",
    "Results: 100 0 0",
    "&lt;b&gt;&amp;",
    "{{ 7*7 }}{% raw %}%s{name}",
    "\u05d0\u05d1 (1) <\u05d2",
)
"""Names that a warrior may have, and that try to be more than that."""

WARRIORS = (
    IMP,
    DWARF,
    SITTER,
    SPREADER,
    b"djn 0, #50\ndat 0, 0\n",
    b"add #3, 1\njmp -1\n",
    DWARF.replace(b"#4", b"#5"),  # a near-clone
)
"""Warriors to bear these names."""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get_content_type()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A board that is being served.

    Attributes:
        address: such as ``http://127.0.0.1:4711``.
        folder: of the board.
        process: that serves it.
    """

    address: str
    folder: Path
    process: subprocess.Popen[bytes]

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own; an iterable body is sent in chunks."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=300)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **parameters: Any) -> Answer:
        return self.ask("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def post(
        self, path: str, fields: Mapping[str, str], file: bytes | None = None, token: str = ""
    ) -> Answer:
        """A form as browsers send it."""
        body, kind = form(fields, file)
        authority = {"authorization": f"Bearer {token}"} if token else {}
        return self.ask("POST", path, body, {"content-type": kind, **authority})

    def submit(self, content: bytes, path: str = "/api/v1/entries", **fields: str) -> Answer:
        return self.post(path, {"ruleset": "nano", **fields}, content)

    def cpu_seconds(self) -> float:
        """CPU time of the server, and of its children that have ended."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        times = text.rpartition(")")[2].split()[11:15]  # utime, stime, cutime, cstime
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self) -> int:
        """The most memory that the server had resident, children apart."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", text)
        return 1024 * int(kilobytes)

    def stored(self) -> tuple[dict[str, int], list[str]]:
        """Rows of each table, and files of the board."""
        with open_board(self.folder) as board:
            rows = row_counts(board)
        files = [path.relative_to(self.folder) for path in self.folder.rglob("*")]
        return rows, sorted(str(path) for path in files if "board.db" not in path.name)


def form(fields: Mapping[str, str], file: bytes | None = None) -> tuple[bytes, str]:
    """A form as multipart/form-data: its bytes and its media type."""
    edge = "edge-of-a-part"
    parts = [
        f'--{edge}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + text.encode("utf-8", "surrogatepass")
        + b"\r\n"
        for name, text in fields.items()
    ]
    if file is not None:
        told = 'content-disposition: form-data; name="file"; filename="sent.red"'
        head = f"--{edge}\r\n{told}\r\ncontent-type: application/octet-stream\r\n\r\n"
        parts.append(head.encode() + file + b"\r\n")
    return b"".join([*parts, f"--{edge}--\r\n".encode()]), f"multipart/form-data; boundary={edge}"


def fill(folder: Path) -> list[str]:
    """Put an entry of each name on a board, and a search, all of them scored. Returns their ids;
    the last is the search's."""
    ids: list[str] = []
    with open_board(make_board(folder, **MANY)) as board:
        for name, source in zip(HOSTILE, WARRIORS, strict=True):
            more = {"link": "https://example.org/?a=\"'<b>&c", "method": f"x {name}"[:80]}
            more |= {"parent": ids[-1]} if ids else {}
            sent = upload(source, name=name, author=f"by {name}"[:80], **more)
            ids.append(submit(board, sent).id)
        search = upload(archive(IMP, DWARF, SITTER), track="search", name=HOSTILE[0])
        claimed = {"nodes": [{"operator": name} for name in HOSTILE], HOSTILE[1]: HOSTILE[0]}
        ids.append(submit(board, replace(search, claimed=claimed)).id)
    work(folder)
    return ids


def work(folder: Path) -> None:
    """Evaluate all that is due on a board."""
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["--data", str(folder), "work", "--until-idle", "--jobs", "1"]) == 0


@contextmanager
def serving(folder: Path, *options: str, fails: bool = False) -> Iterator[Server]:
    """Serve a board at a free port; without options nobody evaluates anything.

    Args:
        folder: of the board.
        options: of the command.
        fails: whether something is to be in the log in the end; otherwise nothing may.
    """
    command = [sys.executable, "-m", "leaderboard.cli", "--data", str(folder), "serve"]
    log = folder.with_name(f"{folder.name}.log")
    with (
        log.open("w") as file,
        subprocess.Popen(
            [*command, "--port", "0", *(options or ("--no-work",))], stderr=file
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _ADDRESS.search(log.read_text()))
            found = _ADDRESS.search(log.read_text())
            assert found, log.read_text()
            wait_until(lambda: _listens(found[1]))
            yield Server(found[1], folder, process)
        finally:
            process.kill()
    assert ("Traceback" in log.read_text()) == fails, log.read_text()[-4000:]


_ADDRESS = re.compile(r"^serving .* at (http://\S+)/$", re.MULTILINE)


def _listens(address: str) -> bool:
    where = urlsplit(address)
    try:
        socket.create_connection((where.hostname, where.port)).close()
    except ConnectionRefusedError:
        return False
    return True


def wait_until(true: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
