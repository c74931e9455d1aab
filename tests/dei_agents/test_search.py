"""Whole searches: real processes, real shared memory, real kills."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coreenv.hill import open_hill
from coreenv.redcode import Warrior
from dei_agents.config import RunConfig
from dei_agents.engine.local import LocalEngine, block_name
from dei_agents.ensemble import Ensemble
from dei_agents.opponents import initial_opponents
from dei_agents.replay import replay
from eval.record import EventReader, NodeDied, NodeView
from eval.summary import merged_archive

POLICIES = ("bomber", "replicator", "scanner", "tinkerer")


def small(
    mode: str = "async", nodes: int = 3, seed: int = 5, restarts: int = 0, **search: object
) -> RunConfig:
    """A search of a second or two."""
    settings = {"rounds": 3, "calls": 12, "n_init": 4, "placements": 4, "last_k": 3} | search
    return RunConfig.model_validate(
        {
            "name": "small",
            "seed": seed,
            "core": {"ruleset": "nop94", "max_cycles": 2000},
            "search": settings,
            "exchange": {"mode": mode},
            "restarts": restarts,
            "nodes": [{"policy": POLICIES[node % 4]} for node in range(nodes)],
        }
    )


def search(
    config: RunConfig,
    folder: Path,
    on_update: Callable[[LocalEngine, Ensemble], None] = lambda _engine, _ensemble: None,
) -> list[NodeView]:
    (folder / "logs").mkdir(parents=True)
    ensemble = Ensemble(config, folder)
    with LocalEngine(config, folder, opponents(config)) as engine:
        ensemble.run(engine, lambda _views: on_update(engine, ensemble))
    return ensemble.views


def opponents(config: RunConfig) -> tuple[Warrior, ...]:
    hill = open_hill(config.evaluation.hill)
    return initial_opponents(config.search.initial_opponents, hill, config.core.config)


def finals(view: NodeView) -> list[tuple[object, ...]]:
    return [(e.cell, e.id, e.fitness, e.origin) for e in view.final]


def test_every_node_spends_its_budget_and_hears_of_its_peers(tmp_path: Path) -> None:
    views = search(small(), tmp_path / "run")
    for view in views:
        assert (view.state, view.calls, view.lost) == ("finished", 36, 0)
        assert sum(view.outcomes.values()) == 36
        assert len(view.published) == 3
        assert all(received.node != view.node for received in view.received)
    assert sum(len(view.received) for view in views) > 0
    merged = merged_archive(views)
    best = max(elite.fitness for view in views for elite in view.final)
    assert merged.champion is not None
    assert merged.champion.fitness == best


def test_lockstep_runs_with_equal_seeds_are_identical(tmp_path: Path) -> None:
    first, second, other = (
        [finals(view) for view in search(small("lockstep", seed=seed), tmp_path / name)]
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert first == second
    assert first != other


def test_lockstep_reads_exactly_the_round_before(tmp_path: Path) -> None:
    views = search(small("lockstep"), tmp_path / "run")
    for view in views:
        heard = [(received.node, received.round) for received in view.received]
        peers = [node for node in range(3) if node != view.node]
        assert heard == [(peer, round_) for round_ in (1, 2) for peer in peers]


@pytest.mark.parametrize("mode", ["async", "lockstep"])
def test_a_killed_node_takes_nothing_down(tmp_path: Path, mode: str) -> None:
    """SIGKILL once it has published: the others finish, and its champion is not lost."""
    killed: list[int] = []

    def kill_first(engine: LocalEngine, ensemble: Ensemble) -> None:
        if not killed and ensemble.views[1].published and 1 in engine.pids:
            os.kill(engine.pids[1], signal.SIGKILL)
            killed.append(1)

    config = small(mode, rounds=8, calls=100)
    views = search(config, tmp_path / "run", kill_first)
    assert [view.state for view in views] == ["finished", "dead", "finished"]
    assert [view.calls for view in views if view.node != 1] == [800, 800]
    champion = views[1].published[-1].elite
    merged = merged_archive(views)
    claimed = views[1].completed.champion
    assert claimed is not None
    assert claimed.id == champion.id
    holder = merged[claimed.cell]
    assert holder.id == champion.id or holder.fitness > claimed.fitness
    heard = [r.elite.id for view in views for r in view.received if r.node == 1]
    assert champion.id in heard or mode == "async"
    assert not block(tmp_path / "run").exists(), "it was unlinked"


def test_a_killed_node_that_waits_for_nobody_is_started_again(tmp_path: Path) -> None:
    """Twice: at once, when it has no record yet, and once it has published."""
    killed: list[int] = []

    def kill(engine: LocalEngine, ensemble: Ensemble) -> None:
        due = len(killed) == 0 or (len(killed) == 1 and ensemble.views[1].published)
        if due and engine.pids.get(1) not in (None, *killed):
            os.kill(engine.pids[1], signal.SIGKILL)
            killed.append(engine.pids[1])

    config = small(restarts=2, rounds=6, calls=100)
    views = search(config, tmp_path / "run", kill)
    assert len(killed) == 2
    for view in views:
        assert (view.state, view.calls, view.lost) == ("finished", 600, 0)
        heard = [(received.node, received.round) for received in view.received]
        assert len(set(heard)) == len(heard), "no champion arrives twice"
    deaths = EventReader(tmp_path / "run" / "events" / "ensemble.jsonl").read()
    assert [(d.node, d.exit_code) for d in deaths if isinstance(d, NodeDied)] == [(1, -9)] * 2
    replay(config, tmp_path / "run", opponents(config), 2)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    """Two of four nodes die at any moment, starting up and writing included."""
    rng = random.Random(seed)
    due = sorted((rng.uniform(0, 6), node) for node in rng.sample(range(4), 2))
    began = time.monotonic()

    def kill_when_due(engine: LocalEngine, _ensemble: Ensemble) -> None:
        while due and time.monotonic() - began > due[0][0]:
            _, node = due.pop(0)
            if node in engine.pids:
                os.kill(engine.pids[node], signal.SIGKILL)

    mode = ("async", "lockstep")[seed % 2]
    views = search(small(mode, nodes=4, rounds=6, calls=25), tmp_path / "run", kill_when_due)
    for view in views:
        assert view.state in ("finished", "dead")
        assert view.calls == 150 or view.state == "dead"
    assert sum(view.state == "finished" for view in views) >= 2
    merged = merged_archive(views)
    for view in views:
        for elite in view.final:
            assert merged[elite.cell].fitness >= elite.fitness
    assert not block(tmp_path / "run").exists()


def test_a_search_whose_nodes_all_die_fails_and_says_so(tmp_path: Path) -> None:
    def kill_all(engine: LocalEngine, _ensemble: Ensemble) -> None:
        for pid in engine.pids.values():
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(RuntimeError, match="every node died"):
        search(small(), tmp_path / "run", kill_all)


@contextmanager
def dei(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-m", "dei_agents.cli", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()


def ended(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that ends by itself."""
    with dei(*arguments, cwd=cwd) as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


CONFIG = """
name = "cli"
[core]
max_cycles = 1000
[search]
rounds = 2
calls = 10
n_init = 4
placements = 4
last_k = 2
[[nodes]]
policy = "bomber"
[[nodes]]
policy = "tinkerer"
"""


def test_dei_run_writes_a_whole_run_folder(tmp_path: Path) -> None:
    (tmp_path / "cli.toml").write_text(CONFIG)
    flags = ("--json", "--search.rounds", "3")
    code, out, err = ended("run", "cli.toml", *flags, cwd=tmp_path)
    assert code == 0, err
    from eval.summary import Summary

    summary = Summary.model_validate_json(out)
    assert summary.calls == 2 * 3 * 10
    folder = tmp_path / "runs" / "cli-001"
    assert (folder / "summary.json").read_text() == out
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found >= {
        "config.json",
        "events/node-0.jsonl",
        "events/node-1.jsonl",
        "archive.json",
        "archive_common.json",
        "champions/champion.red",
        "champions/node-0.red",
        "report.html",
    }
    assert not [name for name in found if name.endswith(".draft")]
    assert '"message": "finished"' in (folder / "logs" / "node-0.log").read_text()


def nodes_at_work(process: subprocess.Popen[str], folder: Path) -> list[Path]:
    """The /proc entries of a search's processes, once a node has published."""
    log = folder / "events" / "node-1.jsonl"
    deadline = time.monotonic() + 60
    while not (log.exists() and '"published"' in log.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return born(process)


def born(process: subprocess.Popen[str]) -> list[Path]:
    """The /proc entries of its children."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [Path(f"/proc/{pid}") for pid in children]


def block(run: Path) -> Path:
    """The shared memory of a run."""
    return Path("/dev/shm") / block_name(run)


def gone(paths: list[Path], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(path.exists() for path in paths) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(path.exists() for path in paths)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_search_leaves_no_process_and_no_memory(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    (tmp_path / "cli.toml").write_text(CONFIG.replace("rounds = 2", "rounds = 5000"))
    with dei("run", "cli.toml", "--out", "out", cwd=tmp_path) as process:
        nodes = nodes_at_work(process, tmp_path / "out")
        assert nodes
        assert block(tmp_path / "out").exists()
        process.send_signal(signum)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert ("go on with: dei resume out" in err) == (signum == signal.SIGINT)
    assert "Traceback" not in err
    assert "leaked" not in err
    assert gone(nodes, 10)
    assert not block(tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "replay"])
def test_ctrl_c_meets_processes_that_are_just_being_born(tmp_path: Path, command: str) -> None:
    """All that the terminal started hear it, and only the command itself has something to say."""
    (tmp_path / "cli.toml").write_text(CONFIG)
    if command == "replay":
        assert ended("run", "cli.toml", "--out", "out", cwd=tmp_path)[0] == 0
    arguments = ["run", "cli.toml", "--out", "out"] if command == "run" else ["replay", "out"]
    with dei(*arguments, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while not any("spawn_main" in (path / "cmdline").read_text() for path in born(process)):
            assert process.poll() is None
            assert time.monotonic() < deadline
        time.sleep(0.1)  # They import, and have not come to their own code.
        nodes = born(process)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("dei: stopped"), err
    assert "Traceback" not in err
    assert gone(nodes, 10)


def test_nodes_end_when_the_ensemble_is_killed(tmp_path: Path) -> None:
    (tmp_path / "cli.toml").write_text(CONFIG.replace("rounds = 2", "rounds = 5000"))
    with dei("run", "cli.toml", "--out", "out", cwd=tmp_path) as process:
        nodes = nodes_at_work(process, tmp_path / "out")
        process.kill()
        process.communicate(timeout=60)
    assert gone(nodes, 30)
    assert gone([block(tmp_path / "out")], 30)


BAD = {
    "unknown key": ("[search]\nround = 3\n[[nodes]]\npolicy='bomber'", "unknown key search.round"),
    "zero nodes": ("nodes = []", "nodes"),
    "no nodes": ("name = 'x'", "nodes"),
    "negative budget": ("[search]\ncalls = -5\n[[nodes]]\npolicy='bomber'", "search.calls is -5"),
    "unknown policy": ("[[nodes]]\npolicy='wizard'", "nodes.0.policy"),
    "ruleset that the policy cannot write for": (
        "[core]\nruleset='icws88'\n[[nodes]]\npolicy='bomber'",
        "nodes.0.policy: operator bomber writes for standard '94'",
    ),
    "unknown ruleset": ("[core]\nruleset='nop95'\n[[nodes]]\npolicy='bomber'", "core.ruleset"),
    "no toml": ("this is not toml", "not a TOML file"),
    "too many warriors": (
        "[core]\nruleset='nano'\n[[nodes]]\npolicy='bomber'",
        "search.last_k 20",
    ),
    "missing opponent": (
        "[search]\ninitial_opponents=['nobody.red']\n[[nodes]]\npolicy='bomber'",
        "nobody.red",
    ),
    "unknown opponent": (
        "[search]\ninitial_opponents=['nobody']\n[[nodes]]\npolicy='bomber'",
        "'nobody' is not in the dev split",
    ),
    "broken warrior": (
        "[search]\ninitial_opponents=['broken.red']\n[[nodes]]\npolicy='bomber'",
        "broken.red: line 1",
    ),
    "missing hill": (
        "[evaluation]\nhill='no/where'\n[[nodes]]\npolicy='bomber'",
        "evaluation.hill",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_in_one_line(tmp_path: Path, case: str) -> None:
    text, culprit = BAD[case]
    (tmp_path / "bad.toml").write_text(text)
    (tmp_path / "broken.red").write_text("mov 0, nowhere\n")
    before = sorted(tmp_path.iterdir())
    code, out, err = ended("run", "bad.toml", cwd=tmp_path)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert culprit in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    answer = ended("run", "nowhere.toml", cwd=tmp_path)
    assert answer == (2, "", "dei: nowhere.toml: No such file or directory\n")
    assert not list(tmp_path.iterdir())


def test_a_full_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "cli.toml").write_text(CONFIG)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "keep").write_text("mine")
    code, _, err = ended("run", "cli.toml", "--out", "out", cwd=tmp_path)
    assert code == 2
    assert "out exists" in err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["keep"]
