"""SIGKILL at any moment of a search that pays for its calls, and `dei resume` after it.

A run in lockstep is killed again and again, and must end in the archive of one that never was.
The provider lives in a process of its own: its log is the witness of what was asked twice.
"""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

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

CALLS = 3 * 8
"""Of each node."""


def search(folder: Path, url: str) -> Path:
    """Three models, each over its own protocol, with repairs and calls in flight."""
    nodes = [
        model(url, "fast", RESPONSES, in_flight=3),
        model(url, "steady", MESSAGES, in_flight=2),
        model(url, "talkative", CHAT, in_flight=2, repair=1),
    ]
    config = configuration(nodes, mode="lockstep", rounds=3, calls=8)
    return write_config(folder, config)


def killed(arguments: list[object], seconds: float) -> bool:
    """Start the command, and kill all its processes after so long; False if it had ended."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def archive(run: Path) -> tuple[bytes, bytes]:
    return (run / "archive.json").read_bytes(), (run / "archive_common.json").read_bytes()


def check(folder: Path, moments: list[float]) -> None:
    log = folder / "requests.jsonl"
    with provider_process(log) as url:
        path = search(folder, url)
        assert dei("run", path, "--out", folder / "whole").returncode == 0
        before = len(read_log(log))
        run = folder / "killed"
        kills = 0

        def go_on() -> list[object]:
            started = (run / "config.json").exists()
            return ["resume", run] if started else ["run", path, "--out", run]

        for moment in moments:
            kills += killed(go_on(), moment)
        done = dei(*go_on())
        assert done.returncode == 0, done.stderr
        assert kills > 0, "no kill came before the end of the search"
        assert not (Path("/dev/shm") / block_name(run)).exists()
        asked = read_log(log)[before:]

    assert archive(run) == archive(folder / "whole")
    lost = Counter[str]()
    for node in range(3):
        calls = [e for e in events(run, node) if isinstance(e, Called)]
        assert [(c.round, c.call) for c in calls] == [
            (round_, call) for round_ in (1, 2, 3) for call in range(1, 9)
        ]
        intents = [e for e in events(run, node) if isinstance(e, Asked)]
        lost[intents[0].model] += len(intents) - len({(e.round, e.call) for e in intents})
    requests = Counter(ask.model for ask in asked)
    for name in ("fast", "steady", "talkative"):
        # An intent that a kill left without an answer may or may not have reached the provider.
        assert CALLS <= requests[name] <= CALLS + lost[name]
        assert lost[name] <= kills * 3, "no more than were in flight"
    assert dei("replay", run, key=None).returncode == 0


@pytest.mark.full
def test_five_kills_lose_nothing_and_buy_nothing_twice(tmp_path: Path) -> None:
    rng = random.Random(7)
    check(tmp_path, [rng.uniform(1.5, 6.0) for _ in range(5)])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6))
def test_thirty_kills_lose_nothing_and_buy_nothing_twice(tmp_path: Path, seed: int) -> None:
    """Six runs with five kills each: thirty moments."""
    rng = random.Random(seed)
    check(tmp_path, [rng.uniform(1.0, 7.0) for _ in range(5)])


def test_a_run_that_is_at_work_is_not_run_twice(tmp_path: Path) -> None:
    with provider_process(tmp_path / "requests.jsonl") as url:
        path = write_config(tmp_path, configuration([model(url, "slow", CHAT)], rounds=1, calls=3))
        run = tmp_path / "run"
        process = subprocess.Popen(
            command("run", path, "--out", run),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        try:
            patience = time.monotonic() + 60
            while not (run / "events" / "node-0.jsonl").exists():
                assert time.monotonic() < patience
                time.sleep(0.05)
            second = dei("resume", run)
            assert second.returncode == 1
            assert "another process" in second.stderr
        finally:
            process.terminate()
            process.wait()
