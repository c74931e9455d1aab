"""SIGKILL for any process of a run at any moment, on every engine: nothing is lost or bought twice.

The provider lives in a process of its own: its log is the witness of what was asked twice.
"""

import os
import random
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from time import sleep

import pytest

from dei_agents.ensemble import deaths, ensemble_record
from eval.record import EventReader
from tests.dei_agents.chaos import NODES, Run, prepared, until
from tests.dei_agents.model_search import dei

VICTIMS = {
    "local": ("node", "driver", "node", "driver", "node"),
    "ray": ("node", "Mailbox", "Office", "node", "driver"),
}


def pid(run: Run, victim: str, rng: random.Random) -> int | None:
    """Of a victim that is at work; None while there is none."""
    if victim == "driver":
        return run.go_on().pid
    if victim == "node":
        at_work = [found for found in map(run.node, range(NODES)) if found]
        return rng.choice(at_work) if at_work else None
    title = re.compile(rf"ray::(\S+:)?{victim}")
    found = [pid for pid, line in run.processes().items() if title.match(line)]
    return found[0] if found else None


def kill(run: Run, victim: str, moment: int, rng: random.Random) -> None:
    """Kill a victim soon after the provider's so many-th request, and see what must follow."""
    run.go_on()
    until(lambda: run.asked() >= moment, lambda: run.terminal)
    sleep(rng.uniform(0.0, 0.3))
    found = until(lambda: pid(run, victim, rng), lambda: f"no {victim} is left to be killed")
    assert run.go_on().poll() is None, "the run is over"
    if victim == "driver":
        run.kill_driver()
        return
    os.kill(found, signal.SIGKILL)
    if victim == "Office":
        assert run.go_on().wait(60) == 1
        run.nothing_is_left()
        assert "dei: the office" in run.terminal
        assert f"dei resume {run.folder}" in run.terminal


def chaos(run: Run, victims: Sequence[str], rng: random.Random) -> None:
    calls = NODES * run.rounds * run.calls
    moments = sorted(rng.sample(range(calls * 3 // 4), len(victims)))
    for victim, moment in zip(victims, moments, strict=True):
        kill(run, victim, moment, rng)
    assert run.end() == 0, run.terminal
    run.check()


def archive(run: Path) -> tuple[bytes, bytes]:
    return (run / "archive.json").read_bytes(), (run / "archive_common.json").read_bytes()


def undisturbed(run: Run) -> tuple[bytes, bytes]:
    """The archives of the same search where nothing was killed; its requests are forgotten."""
    folder = run.folder.with_name("undisturbed")
    assert dei("run", run.config, "--out", folder).returncode == 0
    run.requests.unlink()
    return archive(folder)


@pytest.mark.full
@pytest.mark.parametrize("engine", VICTIMS)
def test_five_kills_lose_nothing_and_buy_nothing_twice(tmp_path: Path, engine: str) -> None:
    rng = random.Random(11)
    with prepared(tmp_path, engine) as run:
        chaos(run, rng.sample(VICTIMS[engine], 5), rng)


@pytest.mark.full
def test_a_killed_run_in_lockstep_ends_as_one_that_never_was(tmp_path: Path) -> None:
    with prepared(tmp_path, "ray", "lockstep") as run:
        whole = undisturbed(run)
        chaos(run, ("node", "Mailbox", "driver"), random.Random(5))
        assert archive(run.folder) == whole


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["async", "lockstep"])
@pytest.mark.parametrize("engine", VICTIMS)
def test_twenty_kills_lose_nothing_and_buy_nothing_twice(
    tmp_path: Path, engine: str, mode: str
) -> None:
    rng = random.Random(13)
    victims = 4 * VICTIMS[engine]
    with prepared(tmp_path, engine, mode, calls=24) as run:
        chaos(run, rng.sample(victims, len(victims)), rng)


@pytest.mark.full
def test_a_node_that_is_killed_after_its_end_has_not_failed(tmp_path: Path) -> None:
    """A run that is resumed starts finished nodes too, if only to look at their records."""
    with prepared(tmp_path, "local", rounds=1, calls=3) as run:
        assert run.end() == 0, run.terminal
        run.go_on()
        os.kill(until(lambda: run.node(3), lambda: run.terminal), signal.SIGKILL)
        assert run.end() == 0, run.terminal
        assert deaths(EventReader(ensemble_record(run.folder)))
        run.check()
