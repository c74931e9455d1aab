"""Battles on a Ray cluster: the same results, whatever becomes of its workers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coreenv.battle import Battle, battle_batch
from coreenv.config import CoreConfig, ruleset
from coreenv.hill import bundled
from coreenv.measures import Evaluation, evaluate
from coreenv.placement import exact, pmars
from coreenv.redcode import Warrior, assemble
from eval import cluster as module
from eval.cli import main
from eval.cluster import Cluster, cluster
from tests.loopback import loopback

NOP94, TINY, NANO = map(ruleset, ("nop94", "tiny", "nano"))
SOURCES = ("mov 0, 1", "jmp 0", "add.ab #4, 3\nmov.i 2, @2\njmp -2\ndat #0, #0", "spl 0\njmp -1")
COMMAND = [sys.executable, "-m", "eval.cli"]
HANG = 120.0
"""Seconds; nothing here takes so long."""


@pytest.fixture(scope="module")
def play() -> Iterator[Cluster]:
    """A cluster of this machine, with a worker each for two CPUs."""
    ray = pytest.importorskip("ray")
    with loopback():
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            with cluster() as player:
                yield player
            assert ray.is_initialized(), "who did not connect does not disconnect"
        finally:
            ray.shutdown()


def assembled(config: CoreConfig) -> list[Warrior]:
    return [assemble(source, config) for source in SOURCES]


def some_battles() -> list[Battle]:
    """Several rules and sizes; the battles of the first are by far the longest."""
    battles = []
    for rules in (NOP94, TINY, NANO, replace(NANO, pspace_size=8)):
        warriors = assembled(rules)
        for count in (1, 2, 4):
            places = pmars(rules, count, 3 + count, 7)
            battles.append(Battle(tuple(warriors[:count]), rules, places, "all_dead"))
        pinned = (replace(warriors[2], pin=3), replace(warriors[0], pin=3))
        battles.append(Battle(pinned, rules, pmars(rules, 2, 40, 9)))
    return battles


@pytest.mark.full
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("measures", [True, False])
def test_results_are_those_of_this_machine_in_their_order(
    play: Cluster, threads: int, measures: bool
) -> None:
    battles = some_battles()
    found = play(battles, threads=threads, measures=measures)
    assert found == battle_batch(battles, measures=measures)
    assert not any(counts.flags.writeable for result in found for counts in result.counts)


@pytest.mark.full
def test_programs_that_are_equal_but_for_their_core_are_told_apart(play: Cluster) -> None:
    rulesets = (NANO, TINY, NANO)
    duels = [Battle(tuple(assembled(rules)[:2]), rules, exact(rules)) for rules in rulesets]
    assert play(duels, threads=1) == battle_batch(duels)


@pytest.mark.full
def test_no_battles_are_no_tasks(play: Cluster) -> None:
    assert play([], threads=3) == []


@pytest.mark.full
def test_an_evaluation_is_divided_among_tasks(play: Cluster) -> None:
    warriors = assembled(TINY)
    alone = evaluate(warriors[:1], warriors, TINY, placements=7, seed=3)
    assert (
        evaluate(warriors[:1], warriors, TINY, placements=7, seed=3, threads=3, play=play) == alone
    )


@pytest.mark.full
def test_a_worker_that_dies_changes_nothing(play: Cluster) -> None:
    """Every worker that plays is killed, again and again, as long as Ray still tries anew."""
    sitters = assembled(NOP94)[1:2] * 2
    battles = [Battle(tuple(sitters), NOP94, pmars(NOP94, 2, 60, seed)) for seed in range(1, 25)]
    killed: list[int] = []
    played = threading.Event()

    def kill() -> None:
        while len(killed) < 3 and not played.is_set():
            for pid in playing():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            time.sleep(0.2)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = play(battles, threads=2)
    finally:
        played.set()
        killer.join()
    assert killed, "the battles take long enough"
    assert found == battle_batch(battles, threads=2)


@pytest.mark.full
def test_who_runs_on_the_cluster_plays_there_too(play: Cluster) -> None:
    """As nodes do: more of them than CPUs, of which they hold none."""
    import ray

    def evaluated(seed: int) -> list[Evaluation]:
        warriors = assembled(TINY)
        with cluster() as player:
            return evaluate(warriors[2:3], warriors, TINY, seed=seed, threads=3, play=player)

    remote: Any = ray.remote(num_cpus=0)(evaluated)
    warriors = assembled(TINY)
    for seed, found in enumerate(ray.get([remote.remote(seed) for seed in (1, 2, 3)]), start=1):
        assert found == evaluate(warriors[2:3], warriors, TINY, seed=seed)
    assert play([]) == [], "this process is still connected"


def playing() -> list[int]:
    """Workers that are at a task of ours; nobody else is in this network namespace."""
    own, found = os.readlink("/proc/thread-self/ns/net"), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            title, place = (process / "cmdline").read_bytes(), os.readlink(process / "ns" / "net")
        except OSError:
            continue
        if title.startswith(b"ray::_play") and place == own:
            found.append(int(process.name))
    return found


@pytest.mark.full
def test_a_fault_is_told_as_on_this_machine(play: Cluster) -> None:
    battles = some_battles()[:1]
    for player in (play, battle_batch):
        with pytest.raises(
            ValueError, match=r"^engine is 'fast'; it must be one of cython"
        ) as told:
            player(battles, engine="fast")  # type: ignore[arg-type]
        assert type(told.value) is ValueError
        with pytest.raises(ValueError, match=r"^threads is 0; it must be at least 1$"):
            player(battles, threads=0)


@pytest.mark.full
def test_machines_that_play_otherwise_are_refused(
    play: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENGINE_VERSION", 99)
    with pytest.raises(ImportError, match="this machine by 99: install the same corewar-dei"):
        play(some_battles()[:1])


@pytest.mark.full
@pytest.mark.usefixtures("play")
def test_a_score_is_the_same_on_a_cluster_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Killed on the cluster, it goes on there; what was kept was not fought again."""
    (tmp_path / "pebble.red").write_text(str(bundled("v1").warrior("Pebble")))
    score = ["score", "pebble.red", "--profile", "certify", "--json"]
    there = ["--address", head(), "--jobs", "1"]
    process = subprocess.Popen(
        [*COMMAND, *score, *there, "--out", "cut"], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    units = tmp_path / "cut" / "units.jsonl"
    deadline = time.monotonic() + HANG
    while not (units.exists() and units.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = units.read_bytes()
    there_are = 10 * len(bundled("v1").split("test"))
    assert 0 < kept.count(b"\n") < there_are, "it was killed in the middle"
    resumed = run(*score, *there[:2], "--out", "cut", cwd=tmp_path)
    assert resumed[0] == 0, resumed
    alone = run(*score, "--jobs", "2", "--out", "whole", cwd=tmp_path)
    assert resumed[1] == alone[1] == (tmp_path / "cut" / "scores.json").read_text()
    assert units.read_bytes().startswith(kept), "nothing was fought twice"
    lines = units.read_bytes().splitlines()
    assert len(lines) == len(set(lines)) == there_are
    assert set(lines) == set((tmp_path / "whole" / "units.jsonl").read_bytes().splitlines())


@pytest.mark.full
@pytest.mark.usefixtures("play")
def test_a_comparison_is_the_same_on_a_cluster_of_its_own(tmp_path: Path) -> None:
    hill = bundled("v1")
    for name in ("Pebble", hill.members[0].name):
        (tmp_path / f"{name}.red").write_text(str(hill.warrior(name)))
    compare = ["compare", *(file.name for file in sorted(tmp_path.glob("*.red"))), "--json"]
    found = run(*compare, "--address", "local", cwd=tmp_path)
    assert found[0] == 0, found
    assert found[1] == run(*compare, cwd=tmp_path)[1]
    assert json.loads(found[1])["comparisons"]


@pytest.mark.full
def test_ctrl_c_stops_a_score_and_leaves_the_cluster_free(play: Cluster, tmp_path: Path) -> None:
    (tmp_path / "pebble.red").write_text(str(bundled("v1").warrior("Pebble")))
    score = ["score", "pebble.red", "--profile", "exact", "--out", "cut", "--address", head()]
    process = subprocess.Popen([*COMMAND, *score], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    units = tmp_path / "cut" / "units.jsonl"
    deadline = time.monotonic() + HANG
    while not (units.exists() and units.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "corewar-eval: stopped"
    assert units.read_bytes().endswith(b"\n")
    assert play(some_battles()[:1]) == battle_batch(some_battles()[:1])


@pytest.mark.full
@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("nowhere", "'nowhere' is no address of a Ray cluster; it must be HOST:PORT, 'auto' or"),
        ("127.0.0.1:99999", "'127.0.0.1:99999' is no address of a Ray cluster"),
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1:9 (Connection refused): start one"),
    ],
)
def test_a_wrong_address_is_bad_input(address: str, fault: str, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    (tmp_path / "imp.red").write_text("mov 0, 1\n")
    score = ("score", "imp.red", "--address", address, "--out", "kept")
    code, out, err = run(*score, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert f"corewar-eval: --address: {fault}" in err
    assert not (tmp_path / "kept").exists(), "nothing is written"


def test_a_missing_library_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "imp.red").write_text("mov 0, 1\n")
    assert main(["score", str(tmp_path / "imp.red"), "--address", "auto"]) == 2
    assert "run `pip install 'corewar-dei[ray]'`" in capsys.readouterr().err


def head() -> str:
    """Where the cluster of this process can be reached."""
    import ray

    return str(ray.get_runtime_context().gcs_address)


def run(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=HANG
    )
    return done.returncode, done.stdout, done.stderr
