"""Assembly in a process of its own, with bounds on its time and memory.

The assembler's own limits are counts and never let it run for long; this is for the day they do.
The child reads a JSON line and the bytes that were submitted, and answers with one JSON document.
"""

import json
import math
import os
import resource
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from coreenv.config import CoreConfig, ruleset
from coreenv.redcode import AssemblyError, Rejection, Warrior, assemble
from coreenv.redcode.lines import Encoding
from leaderboard.problem import Problem

MEMORY: Final = 128 * 2**20
"""Bytes that the child may take beyond what it has once it is loaded."""

WALL_FACTOR: Final = 30
"""Seconds on the clock for each second of CPU time: machines can be busy."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the child is told.

    Attributes:
        track: ``warrior`` or ``search``.
        rules: name of the ruleset.
        encoding: of a warrior's source.
        seconds: CPU time.
        memory: bytes.
    """

    track: str
    rules: str
    encoding: Encoding
    seconds: float
    memory: int = MEMORY


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a submission that assembles.

    Attributes:
        canonical: hash of what it does: `Warrior.id`, or that of an archive's programs.
        name, author: that the source gives itself; empty if it gives none.
        program: the canonical program; empty for an archive.
        elites: warriors of an archive, 0 for a warrior.
        qd_score, cells: that an archive claims.
    """

    canonical: str
    name: str = ""
    author: str = ""
    program: str = ""
    elites: int = 0
    qd_score: float = 0.0
    cells: int = 0


def examine(job: Job, content: bytes) -> Examined:
    """Assemble what was submitted, in a child process.

    Raises:
        Problem: it does not assemble, or not within its bounds (E_TIMEOUT).
    """
    request = json.dumps(asdict(job)).encode() + b"\n" + content
    command = [sys.executable, "-m", "leaderboard.sandbox"]
    try:
        done = subprocess.run(
            command,
            input=request,
            capture_output=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # it has no use for more, and waits
            timeout=5 + WALL_FACTOR * job.seconds,
        )
    except subprocess.TimeoutExpired:
        raise _too_much(job) from None
    if done.returncode in (-signal.SIGPROF, -signal.SIGKILL, _OUT_OF_MEMORY):
        raise _too_much(job)
    if done.returncode:
        raise RuntimeError(f"the assembler's process failed: {done.stderr.decode()[-2000:]}")
    answer = json.loads(done.stdout)
    if "rejections" in answer:
        raise Problem(Rejection(**row) for row in answer["rejections"])
    return Examined(**answer)


def _too_much(job: Job) -> Problem:
    message = f"assembly took more than {job.seconds:g} s, or too much memory"
    return Problem.of("E_TIMEOUT", message, "write it with fewer loops and EQUs")


_OUT_OF_MEMORY: Final = 3


def _serve() -> int:
    """The child: examine what stands on stdin."""
    head, _, content = sys.stdin.buffer.read().partition(b"\n")
    job = Job(**json.loads(head))
    answer: dict[str, Any]
    _bound(job)
    try:
        answer = asdict(_examined(job, content))
    except AssemblyError as error:
        answer = {"rejections": [rejection.to_dict() for rejection in error.rejections]}
    except MemoryError:
        return _OUT_OF_MEMORY
    signal.setitimer(signal.ITIMER_PROF, 0)
    json.dump(answer, sys.stdout)
    return 0


def _bound(job: Job) -> None:
    """From here on. The timer's signal is not handled, so that nothing can keep it off."""
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + job.memory, taken + job.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, job.seconds)


def _examined(job: Job, content: bytes) -> Examined:
    config = ruleset(job.rules)
    if job.track == "search":
        return _archive(content, config)
    warrior = assemble(content, config, encoding=job.encoding)
    lines = [f"start {warrior.start}", *map(str, warrior.instructions)]
    return Examined(warrior.id, warrior.name, warrior.author, "\n".join(lines))


def _archive(content: bytes, config: CoreConfig) -> Examined:
    from eval.archive import Archive
    from leaderboard.search_track import elite_rejections, parse_archive

    record = parse_archive(content, config)
    warriors: list[Warrior] = []
    faults: list[Rejection] = []
    for elite in record.elites:
        try:
            warriors.append(elite.to_elite(config).warrior)
        except ValueError as error:
            faults += elite_rejections(elite, error)
    if faults:
        raise AssemblyError(tuple(faults))
    claimed = Archive(record.elites)
    if not math.isfinite(claimed.qd_score):
        message, hint = "the fitness of its elites has no finite sum", "submit a run's archive.json"
        raise AssemblyError((Rejection("E_ARCHIVE", message, hint=hint),))
    programs = "\n".join(sorted({warrior.id for warrior in warriors}))
    return Examined(
        sha256(programs.encode()).hexdigest(),
        elites=len(warriors),
        qd_score=claimed.qd_score,
        cells=len(claimed),
    )


if __name__ == "__main__":
    sys.exit(_serve())
