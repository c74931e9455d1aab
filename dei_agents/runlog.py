"""The append-only record of a run, as it is written."""

import os
import time
from pathlib import Path

from eval.record import Event


class RunLog:
    """Appends events to one file; exactly one process writes to it.

    An event is in the file, whole, when `write` returns: a killed writer can at worst leave one
    line without its end, which readers leave alone.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: Event) -> None:
        line = event.model_copy(update={"at": round(time.time(), 3)}).model_dump_json()
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def node_log(folder: Path, node: int) -> Path:
    """Where a node's events are."""
    return folder / "events" / f"node-{node}.jsonl"
