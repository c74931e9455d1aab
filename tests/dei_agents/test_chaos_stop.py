"""A node that stands still for a while, on every engine: nobody waits for it, nothing is lost."""

import os
import signal
from pathlib import Path

import pytest

from eval.record import RoundEnded
from tests.dei_agents.chaos import Run, prepared, until
from tests.dei_agents.model_search import events

pytestmark = [pytest.mark.full, pytest.mark.parametrize("engine", ["local", "ray"])]


def stop(run: Run) -> int:
    """Stop node 0 in the middle of its first round; returns its process id."""
    run.go_on()
    until(lambda: len(events(run.folder, 0)) > 4, lambda: run.terminal)
    pid = run.node(0)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


def rounds(run: Run, node: int) -> int:
    return sum(isinstance(event, RoundEnded) for event in events(run.folder, node))


def test_peers_of_a_stopped_node_go_on_and_so_does_it_later(tmp_path: Path, engine: str) -> None:
    with prepared(tmp_path, engine, rounds=6) as run:
        pid = stop(run)
        done = rounds(run, 0)
        until(
            lambda: all(rounds(run, node) == run.rounds for node in (1, 2, 3)),
            lambda: run.terminal,
        )
        assert rounds(run, 0) == done < run.rounds
        os.kill(pid, signal.SIGCONT)
        assert run.end() == 0, run.terminal
        run.check()


def test_a_run_that_is_told_to_end_takes_a_stopped_node_with_it(
    tmp_path: Path, engine: str
) -> None:
    with prepared(tmp_path, engine, rounds=6) as run:
        stop(run)
        run.go_on().send_signal(signal.SIGTERM)
        assert run.go_on().wait(60) == 128 + signal.SIGTERM, run.terminal
        run.nothing_is_left()
