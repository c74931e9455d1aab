"""`dei show --follow`: a run watched from outside, in processes of its own."""

import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from urllib.request import urlopen

import pytest

from dei_agents.cli import main
from dei_agents.config import RunConfig
from dei_agents.ensemble import ensemble_record
from dei_agents.follow import Watch
from dei_agents.run_folder import create_folder
from dei_agents.runlog import RunLog, node_log
from eval.record import Called, Event, NodeDied, NodeFinished, NodeStarted, RoundStarted
from tests.dei_agents.model_search import command, configuration, dei, environment, write_config

CONFIG = RunConfig.model_validate(configuration([{"policy": "bomber"}, {"policy": "scanner"}]))

STARTED = NodeStarted(node=0, operator="bomber")
ROUND = RoundStarted(round=1, received=(), lost=0, opponents=())
CALLED = Called(
    round=1,
    call=1,
    operator="bomber",
    kind="new",
    parent=None,
    source="",
    outcome="duplicate",
)
DIED = NodeDied(node=0, exit_code=-9)


def write(folder: Path, *events: Event) -> None:
    """What node 0 and its ensemble record, one event after the other."""
    for event in events:
        file = ensemble_record(folder) if isinstance(event, NodeDied) else node_log(folder, 0)
        with RunLog(file) as log:
            log.write(event)
        time.sleep(0.002)  # Stamps have milliseconds.


HISTORIES: list[tuple[tuple[Event, ...], str, int]] = [
    ((), "waiting", 0),
    ((DIED,), "dead", 1),
    ((DIED, STARTED), "running", 1),
    ((STARTED, ROUND, CALLED), "running", 0),
    ((STARTED, ROUND, CALLED, DIED), "dead", 1),
    ((STARTED, DIED, ROUND), "running", 1),
    ((STARTED, ROUND, DIED, CALLED, DIED), "dead", 2),
    ((STARTED, ROUND, DIED, CALLED, DIED, CALLED), "running", 2),
    ((STARTED, ROUND, DIED, CALLED, NodeFinished(node=0)), "finished", 1),
]


@pytest.mark.parametrize(("events", "state", "deaths"), HISTORIES)
def test_a_death_holds_until_the_node_goes_on(
    tmp_path: Path, events: tuple[Event, ...], state: str, deaths: int
) -> None:
    """Whether the record is read at its end, as of old, or while it grows."""
    early = Watch(CONFIG, tmp_path)
    for event in events:
        write(tmp_path, event)
        early.refresh()
    late = Watch(CONFIG, tmp_path)
    late.refresh()
    for watch in (early, late):
        assert (watch.views[0].state, watch.deaths[0]) == (state, deaths)
        assert (watch.views[1].state, watch.deaths[1]) == ("waiting", 0)


def test_what_a_node_wrote_before_its_death_may_be_seen_after_it(tmp_path: Path) -> None:
    """Folders of other machines show files as they please."""
    write(tmp_path, STARTED, ROUND, CALLED, DIED)
    hidden = node_log(tmp_path, 0).rename(tmp_path / "hidden")
    watch = Watch(CONFIG, tmp_path)
    watch.refresh()
    hidden.rename(node_log(tmp_path, 0))
    watch.refresh()
    assert (watch.views[0].state, watch.views[0].calls) == ("dead", 1)


@contextmanager
def following(folder: Path, *flags: str, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command("show", folder, "--follow", *flags),
        env=environment() | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=stderr,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(file: int, text: bytes) -> bytes:
    """What a terminal shows until it shows this."""
    shown = b""
    while text not in shown:
        assert select([file], [], [], 60)[0], shown
        shown += os.read(file, 4096)
    return shown


def test_a_terminal_shows_the_run_live_until_ctrl_c(tmp_path: Path) -> None:
    """First nobody has begun, then a node works, then it dies."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = create_folder(tmp_path / "run-3", CONFIG)
    terminal, stderr = pty.openpty()
    with following(folder, "--metrics", str(port), stderr=stderr) as process:
        assert b"bomber" in read_until(terminal, b"0/2")
        write(folder, STARTED, ROUND, CALLED)
        read_until(terminal, b"1/2")
        write(folder, DIED)
        read_until(terminal, b"dead")
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            figures = answer.read().decode()
        assert 'dei_node_deaths_total{node="0",run="run-3"} 1.0' in figures
        process.send_signal(signal.SIGINT)
        assert b"dei: stopped" in read_until(terminal, b"stopped")
        out, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(stderr)
    assert (process.returncode, out) == (130, b"")


@pytest.mark.full
def test_a_follower_waits_for_a_run_and_ends_with_its_result(tmp_path: Path) -> None:
    """Piped, it prints what `dei show` prints, and nothing else."""
    nodes = [{"policy": "bomber"}, {"policy": "tinkerer"}]
    path = write_config(tmp_path, configuration(nodes, rounds=4, calls=20))
    assert dei("run", path, "--out", tmp_path / "whole").returncode == 0
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_bytes((tmp_path / "whole" / "config.json").read_bytes())
    with following(run, stderr=subprocess.PIPE) as process:
        time.sleep(2)
        assert process.poll() is None, "it waits for the nodes to begin"
        assert dei("resume", run).returncode == 0
        out, err = process.communicate(timeout=60)
    shown = dei("show", run)
    assert (process.returncode, out.decode(), err) == (0, shown.stdout, b"")
    assert "QD-score" in shown.stdout


@pytest.mark.parametrize("flags", [[], ["--follow"]])
def test_no_run_folder_is_named(
    tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(tmp_path), *flags]) == 2
    assert capsys.readouterr() == (
        "",
        f"dei: {tmp_path} is not a run folder: it has no config.json\n",
    )


def test_a_damaged_record_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = create_folder(tmp_path / "run", CONFIG)
    write(folder, STARTED)
    with node_log(folder, 0).open("a") as file:
        file.write('{"event": "lunch"}\n')
    assert main(["show", str(folder), "--follow"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"dei: {node_log(folder, 0)} is damaged")


def test_an_unfinished_run_can_be_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = create_folder(tmp_path / "run", CONFIG)
    assert main(["show", str(folder)]) == 2
    assert f"dei show {folder} --follow" in capsys.readouterr().err
    assert main(["show", str(folder), "--metrics", "9400"]) == 2
    assert capsys.readouterr().err == "dei: --metrics tells of a run at work; give --follow too\n"
