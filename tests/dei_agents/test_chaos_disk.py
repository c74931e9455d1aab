"""A disk that is full: the run ends in one line that says so, and goes on once there is room."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dei_agents.ensemble import deaths, ensemble_record
from eval.record import EventReader
from tests.dei_agents.chaos import NODES, Run, prepared, until

RESULTS = ("archive.json", "archive_common.json", "report.html", "summary.json")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("a small disk of our own needs mount, and that root; be root")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def enlarge(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)


def fill(folder: Path, spare: int) -> None:
    """Leave so many bytes free, or a page less."""
    disk = os.statvfs(folder)
    (folder / "filler").write_bytes(bytes(disk.f_bavail * disk.f_frsize - spare))


def check_one_line(terminal: str, folder: Path) -> None:
    assert "No space left on device" in terminal
    assert f"dei resume {folder}" in terminal
    assert "Traceback" not in terminal
    assert "Logging error" not in terminal


def check_whole(run: Run) -> None:
    """No record has half a line."""
    for path in sorted((run.folder / "events").iterdir()):
        data = path.read_bytes()
        assert data == b"" or data.endswith(b"\n"), path
        EventReader(path).read()


@pytest.mark.full
def test_a_run_that_fills_the_disk_goes_on_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "120k"), prepared(tmp_path, "local") as run:
        run.folder = tmp_path / "disk"
        assert run.end() == 1
        check_one_line(run.terminal, run.folder)
        check_whole(run)
        enlarge(run.folder)
        assert run.end() == 0, run.terminal
        run.check()


@pytest.mark.full
def test_a_disk_that_has_room_for_deaths_only_ends_the_run_too(tmp_path: Path) -> None:
    """A page that is begun takes some more lines: every death, and nothing of a node."""
    disk = tmp_path / "disk"
    with small_disk(disk, "8m"), prepared(tmp_path, "local") as run:
        run.folder = disk / "run"
        run.go_on()
        os.kill(until(lambda: run.node(1), lambda: run.terminal), signal.SIGKILL)
        record = ensemble_record(run.folder)
        until(lambda: deaths(EventReader(record)), lambda: run.terminal)
        fill(disk, spare=0)
        assert run.end() == 1
        check_one_line(run.terminal, run.folder)
        check_whole(run)
        assert len(deaths(EventReader(record))) > 1
        assert run.end() == 1, "there is no room yet"
        check_one_line(run.terminal, run.folder)
        (disk / "filler").unlink()
        assert run.end() == 0, run.terminal
        run.check()


@pytest.mark.full
def test_results_that_find_no_room_are_written_whole_later(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "8m"), prepared(tmp_path, "local", rounds=1, calls=4) as run:
        run.folder = disk / "run"
        assert run.end() == 0, run.terminal
        before = {name: (run.folder / name).read_bytes() for name in RESULTS[:2]}
        run.go_on()
        until(lambda: not (run.folder / "report.html").exists(), lambda: run.terminal)
        fill(disk, spare=48 * 1024)
        assert run.end() == 1
        check_one_line(run.terminal, run.folder)
        for name in RESULTS:
            left = run.folder / name
            assert not left.exists() or left.read_bytes() == before.get(name), name
        assert not list(run.folder.glob(".*"))
        (disk / "filler").unlink()
        assert run.end() == 0, run.terminal
        assert before == {name: (run.folder / name).read_bytes() for name in before}
        assert run.asked() == NODES * run.calls
