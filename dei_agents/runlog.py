"""The append-only record of a run, as it is written."""

import fcntl
import os
import time
from pathlib import Path
from threading import Lock

from eval.record import Answered, Asked, Event

PATIENCE_SECONDS = 5.0
"""How long a new writer waits for the last one to end."""


class RunLog:
    """Appends events to one file; exactly one process writes to it, from any thread.

    An event is in the file, whole, when `write` returns: a killed writer can at worst leave one
    line without its end, which readers leave alone and the next writer cuts off. What passes
    between a node and a language model costs money: it is on the disk when `write` returns.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            RuntimeError: another process writes to the file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._lock = Lock()
        _claim(self._file, path)
        _cut_torn_line(self._file)

    def write(self, event: Event) -> None:
        """
        Raises:
            OSError: the disk is full, or fails; the error names the file.
        """
        line = event.model_copy(update={"at": round(time.time(), 3)}).model_dump_json()
        data = line.encode() + b"\n"
        with self._lock:
            size = os.fstat(self._file).st_size
            try:
                while data:
                    data = data[os.write(self._file, data) :]
            except OSError as error:
                os.ftruncate(self._file, size)  # A full disk leaves no half line behind.
                error.filename = os.fspath(self._path)
                raise
        if isinstance(event, Asked | Answered):
            os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _claim(file: int, path: Path) -> None:
    """Become the file's only writer; a writer whose ensemble was killed ends within moments."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > patience:
                raise RuntimeError(f"{path} is being written by another process") from None
            time.sleep(0.05)
        else:
            return


def _cut_torn_line(file: int) -> None:
    size = os.fstat(file).st_size
    whole = os.pread(file, size, 0).rfind(b"\n") + 1
    if whole < size:
        os.ftruncate(file, whole)


def node_log(folder: Path, node: int) -> Path:
    """Where a node's events are."""
    return folder / "events" / f"node-{node}.jsonl"
