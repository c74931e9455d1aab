"""Runs of the command `dei` that are killed, stopped and starved, in a network of their own.

Whatever a run starts, on Ray too, stays in the network of the test: so nothing escapes `others`.
"""

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from dei_agents.engine.local import block_name
from eval.record import Asked, Called
from tests.dei_agents.fake_servers import provider_process, read_log
from tests.dei_agents.model_search import (
    CHAT,
    MESSAGES,
    RESPONSES,
    command,
    configuration,
    dei,
    environment,
    events,
    model,
    write_config,
)
from tests.loopback import loopback

T = TypeVar("T")

NODES: Final = 4
PATIENCE: Final = 300.0
"""Seconds after which a test that waits has failed."""


def others() -> dict[int, str]:
    """All other processes in this network, by id: their command lines."""
    here = os.readlink("/proc/thread-self/ns/net")
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "ns" / "net") == here and int(process.name) != os.getpid():
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            pass  # It ended meanwhile, or waits as a zombie to be asked for its exit code.
        except PermissionError:
            pass  # It may do more than we may, so it is none of ours.
    return found


def late(line: str) -> bool:
    """Is this a helper of Ray that lingers after its cluster was killed?"""
    return line.startswith(("ray::DashboardAgent", "ray::RuntimeEnvAgent"))


def until(true: Callable[[], T | None], what: Callable[[], object], seconds: float = PATIENCE) -> T:
    """Wait for something, and return it; what there is instead is told if it does not come."""
    patience = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < patience, what()
        time.sleep(0.05)
    return found


@dataclass
class Run:
    """A run folder, and the command at work on it.

    Attributes:
        folder: of the run.
        config: what to run.
        engine: where its nodes run.
        requests: log of the provider.
        rounds, calls: of every node; calls by round.
        bystanders: processes that are not the run's.
        process: the newest command.
    """

    folder: Path
    config: Path
    engine: str
    requests: Path
    rounds: int
    calls: int
    bystanders: set[int]
    process: subprocess.Popen[bytes] | None = None

    @property
    def terminal(self) -> str:
        """All that the commands have printed."""
        path = self.config.with_name("terminal.txt")
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def go_on(self) -> subprocess.Popen[bytes]:
        """The command at work; begun, or begun once more, if there is none."""
        if self.process is None or self.process.poll() is not None:
            started = (self.folder / "config.json").exists()
            what = (
                ["resume", self.folder] if started else ["run", self.config, "--out", self.folder]
            )
            with self.config.with_name("terminal.txt").open("ab") as terminal:
                self.process = subprocess.Popen(
                    command(*what, "--engine", self.engine),
                    stdout=terminal,
                    stderr=terminal,
                    env=environment(),
                )
        return self.process

    def end(self) -> int:
        """Go on to the end, after which no process and no shared memory is left; the exit code."""
        exit_code = self.go_on().wait(PATIENCE)
        self.nothing_is_left()
        assert not Path("/dev/shm", block_name(self.folder)).exists()
        return exit_code

    def nothing_is_left(self) -> None:
        """Wait until all processes of the run are gone, as they must be without our help."""
        until(lambda: not self.processes(), self.processes, 30)

    def kill_driver(self) -> None:
        """Kill nothing but the command itself, and wait until all that it started is gone.

        Two idle helpers of Ray try for more than a minute to say so before they end: for those
        nobody waits.
        """
        driver = self.go_on()
        driver.kill()
        driver.wait()
        until(lambda: all(map(late, self.processes().values())), self.processes, 30)
        self.bystanders |= set(self.processes())

    def processes(self) -> dict[int, str]:
        return {pid: line for pid, line in others().items() if pid not in self.bystanders}

    def node(self, node: int) -> int | None:
        """Process id of a node, None if it is not at work."""
        log = self.folder / "logs" / f"node-{node}.log"
        started = re.findall(r"started: process (\d+),", log.read_text() if log.exists() else "")
        at_work = [int(pid) for pid in started if int(pid) in self.processes()]
        return at_work[-1] if at_work else None

    def asked(self) -> int:
        """How many requests the provider has noted so far."""
        return self.requests.read_bytes().count(b"\n") if self.requests.exists() else 0

    def check(self) -> None:
        """Every call was made, none was bought twice but those that a kill left unanswered."""
        requests = Counter((ask.model, ask.path) for ask in read_log(self.requests))
        assert len(requests) == NODES
        for node, key in enumerate(WITNESSES):
            record = events(self.folder, node)
            called = [(e.round, e.call) for e in record if isinstance(e, Called)]
            assert called == [
                (round_, call)
                for round_ in range(1, self.rounds + 1)
                for call in range(1, self.calls + 1)
            ]
            intents = [(e.round, e.call) for e in record if isinstance(e, Asked)]
            assert len(called) <= requests[key] <= len(intents), f"node {node}"
        replayed = dei("replay", self.folder, key=None)
        assert replayed.returncode == 0, replayed.stderr


WITNESSES: Final = (
    ("steady", "/v1/responses"),
    ("steady", "/v1/messages"),
    ("steady", "/v1/chat/completions"),
    ("fast", "/v1/chat/completions"),
)
"""By node: what its requests are told by."""


@contextmanager
def prepared(
    folder: Path, engine: str, mode: str = "async", *, rounds: int = 3, calls: int = 6
) -> Iterator[Run]:
    """A run of four nodes over three protocols that was not begun yet, capped at its own calls.

    What is still at work in the end is killed.
    """
    requests = folder / "requests.jsonl"
    with loopback(), provider_process(requests) as url:
        config = configuration(
            [
                model(url, "steady", RESPONSES, in_flight=2),
                model(url, "steady", MESSAGES),
                model(url, "steady", CHAT),
                model(url, "fast", CHAT, in_flight=3, repair=1),
            ],
            mode=mode,
            budget={"calls": NODES * rounds * calls},
            rounds=rounds,
            calls=calls,
        )
        path = write_config(folder, config)
        # Above the first table: it is a key of the whole run.
        path.write_text(f"restarts = 100\n{path.read_text()}")
        bystanders = set(others())
        run = Run(folder / "run", path, engine, requests, rounds, calls, set(bystanders))
        try:
            yield run
        finally:
            for pid in set(others()) - bystanders:
                os.kill(pid, signal.SIGKILL)
            if run.process is not None:
                run.process.wait()
