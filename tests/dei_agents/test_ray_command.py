"""`dei run --engine ray` and `dei collect`, as users run them."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.dei_agents.model_search import command, configuration, dei, environment, write_config
from tests.dei_agents.test_engine_contract import gone, pids
from tests.loopback import loopback

NODES = [{"policy": policy} for policy in ("bomber", "replicator", "scanner")]


def search(folder: Path, **settings: object) -> Path:
    return write_config(folder, configuration(NODES, mode="lockstep", **settings))


@pytest.mark.full
def test_a_run_on_ray_is_the_run_on_this_machine(tmp_path: Path) -> None:
    config = search(tmp_path, rounds=3, calls=10)
    with loopback():
        done = dei("run", config, "--engine", "ray", "--out", tmp_path / "ray", "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["name"] == "models"
    assert dei("run", config, "--out", tmp_path / "local").returncode == 0
    for name in ("archive.json", "archive_common.json"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert dei("replay", tmp_path / "ray").returncode == 0
    for node in range(3):
        text = (tmp_path / "ray" / "logs" / f"node-{node}.log").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        assert {(line["run"], line["node"]) for line in lines} == {("ray", node)}
        assert lines[-1]["message"] == "finished"


@pytest.mark.full
def test_sigterm_ends_a_run_on_ray_in_order(tmp_path: Path) -> None:
    config, run = search(tmp_path, rounds=200, calls=20), tmp_path / "run"
    with (
        loopback(),
        subprocess.Popen(
            command("run", config, "--engine", "ray", "--out", run),
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process,
    ):
        try:
            wait_for_round(run, 2)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGTERM, err
    assert "Traceback" not in err
    for node in range(3):
        assert all(map(gone, pids(run, node)))
    shown = dei("show", run)
    assert shown.returncode == 2
    assert "dei resume" in shown.stderr


def wait_for_round(run: Path, round_: int) -> None:
    log = run / "logs" / "node-0.log"
    patience = time.monotonic() + 120
    while not (log.exists() and f"round {round_} ended" in log.read_text()):
        assert time.monotonic() < patience
        time.sleep(0.1)


@pytest.mark.full
@pytest.mark.usefixtures("ray_cluster")
def test_a_run_is_collected_whole(tmp_path: Path) -> None:
    import ray

    address = ray.get_runtime_context().gcs_address
    config, run, out = search(tmp_path), tmp_path / "run", tmp_path / "here" / "copy"
    assert dei("run", config, "--engine", "ray", "--address", address, "--out", run).returncode == 0
    collected = dei("collect", run, "--address", address, "--out", out)
    assert collected.returncode == 0, collected.stderr
    assert "dei replay" in collected.stderr
    assert contents(out) == contents(run)
    assert [path.name for path in out.parent.iterdir()] == ["copy"], "no draft is left"
    assert dei("replay", out).returncode == 0
    measured = [sys.executable, "-m", "eval.cli", "qd", out]
    assert subprocess.run(measured, capture_output=True, timeout=300).returncode == 0
    again = dei("collect", run, "--address", address, "--out", out)
    assert (again.returncode, "not an empty folder" in again.stderr) == (2, True)
    absent = dei("collect", tmp_path / "none", "--address", address, "--out", tmp_path / "x")
    assert (absent.returncode, "no machine" in absent.stderr) == (2, True)
    assert not (tmp_path / "x").exists()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.full
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "ray", "--address", "127.0.0.1:9"], "no Ray cluster answers at 127.0.0.1:9"),
        (["--engine", "ray", "--address", "nowhere"], "must be HOST:PORT"),
    ],
)
def test_a_cluster_that_is_not_there_is_named_before_anything_is_written(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = dei("run", search(tmp_path), *arguments, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_address_is_for_ray(tmp_path: Path) -> None:
    done = dei("run", search(tmp_path), "--address", "auto", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "--engine ray" in done.stderr
    assert not (tmp_path / "run").exists()


def test_without_ray_it_says_how_to_get_it(tmp_path: Path) -> None:
    hidden = (
        "import sys; sys.modules['ray'] = None; "
        "from dei_agents.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    config = search(tmp_path)
    for arguments in (
        ["run", config, "--engine", "ray", "--out", tmp_path / "run"],
        ["collect", tmp_path / "run", "--out", tmp_path / "copy"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", hidden, *map(str, arguments)], capture_output=True, text=True
        )
        assert done.returncode == 2, done.stderr
        assert "pip install 'corewar-dei[ray]'" in done.stderr
        assert not (tmp_path / "run").exists()
