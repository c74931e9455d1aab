"""What a run's processes say beside the record: JSON lines in ``logs/``, one object a line.

Each line holds ``at`` (ISO 8601, UTC), ``level``, ``run`` (the folder's name), ``node`` (not in the
ensemble's own log), ``logger``, ``message`` and, where there was one, ``exception``: its traceback.
A file may hold other lines too: what a process prints, and how an interpreter crashed.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

OWN: Final = "dei_agents"
"""The loggers that are heard from INFO on; all others only from WARNING on."""


def log_file(folder: Path, node: int | None = None) -> Path:
    """Where a node's log is; None stands for the ensemble."""
    return folder / "logs" / ("ensemble.log" if node is None else f"node-{node}.log")


@contextmanager
def ensemble_logging(folder: Path) -> Iterator[logging.Logger]:
    """The log of an ensemble at work; an exception that ends it is in there."""
    # Not from `getLogger`: a comparison's ensembles share a process, but must not share a log.
    log = logging.Logger(f"{OWN}.ensemble", logging.INFO)
    handler = file_handler(folder)
    _write_json(handler, folder.resolve().name)
    log.addHandler(handler)
    try:
        with _end_told(log):
            yield log
    finally:
        handler.close()


@contextmanager
def node_logging(handler: logging.Handler, run: str, node: int) -> Iterator[None]:
    """Log what this process does, for as long as it acts for a node.

    Python's warnings come into the log too, and an exception that ends the node.

    Args:
        handler: takes the lines; closed at the end.
        run: name of the run's folder.
        node: whose log it is.
    """
    _write_json(handler, run, node)
    own, root = logging.getLogger(OWN), logging.getLogger()
    own.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        with _end_told(own):
            yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        handler.close()


@contextmanager
def _end_told(log: logging.Logger) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        log.warning("stopped by %r", end)
        raise
    except Exception:
        log.critical("ended by an exception", exc_info=True)
        raise


def file_handler(folder: Path, node: int | None = None) -> logging.Handler:
    """Appends to the log of a node, or of the ensemble."""
    path = log_file(folder, node)
    path.parent.mkdir(exist_ok=True)
    return _QuietFile(path, encoding="utf-8")


class _QuietFile(logging.FileHandler):
    """A log that has no room loses lines; that the disk is full is told by whoever works there."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Nothing: logging itself would print a traceback on the terminal."""


def _write_json(handler: logging.Handler, run: str, node: int | None = None) -> None:
    handler.setFormatter(JsonLines(run, node))
    handler.addFilter(_heard)


def _heard(record: logging.LogRecord) -> bool:
    """Whatever level a library takes from its environment: requests and their keys stay out."""
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] == OWN


class JsonLines(logging.Formatter):
    """Writes a log record as one JSON object on one line.

    Args:
        run: name of the run's folder.
        node: whose log it is; None for the ensemble.
    """

    def __init__(self, run: str, node: int | None = None) -> None:
        super().__init__()
        self._of = {"run": run} if node is None else {"run": run, "node": node}

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            **self._of,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
