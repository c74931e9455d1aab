"""Whole comparisons: real processes, real interruptions, the real command."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dei_agents.compare_config import Run, load_comparison
from dei_agents.search import check
from eval.comparison_report import ComparisonReport
from eval.trial import Trial
from tests.dei_agents.fake_servers import FakeProvider, by_model, fake_models
from tests.dei_agents.model_search import dei as model_dei

CONFIG = """
name = "small"
seeds = [3, 5]
[core]
max_cycles = 400
[search]
rounds = 2
calls = 10
n_init = 3
placements = 2
last_k = 2
[budget]
calls = 100
[[models]]
policy = "bomber"
[[models]]
policy = "tinkerer"
"""
CALLS = 2 * 2 * 10
RESULTS = 2 * (2 + 2 + 1 + 1 + 1 + 1)


@contextmanager
def dei(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """`dei compare` without any key in its environment."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "dei_agents.cli", "compare", "small.toml", *arguments],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that ends by itself."""
    with dei(*arguments, cwd=cwd) as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a comparison that nobody disturbed."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "small.toml").write_text(CONFIG)
    code, out, err = ended("--json", cwd=folder)
    assert code == 0, err
    assert out == (folder / "runs" / "small" / "comparison.json").read_text()
    return folder / "runs" / "small"


def trials(out: Path) -> dict[str, Trial]:
    files = sorted((out / "results").glob("*.json"))
    return {file.stem: Trial.model_validate_json(file.read_text()) for file in files}


def test_all_conditions_make_as_many_calls_with_the_same_seeds(compared: Path) -> None:
    found = trials(compared).values()
    assert len(found) == RESULTS
    assert {trial.calls for trial in found} == {CALLS}
    by_seed = [
        sorted((t.run.condition, str(t.run.member)) for t in found if t.run.seed == seed)
        for seed in (3, 5)
    ]
    assert by_seed[0] == by_seed[1]
    report = ComparisonReport.model_validate_json((compared / "comparison.json").read_text())
    assert report.finished == (RESULTS, RESULTS)
    assert {f.seeds for d in report.differences for f in d.figures.values()} == {2}


def test_conditions_are_what_they_are_called(compared: Path) -> None:
    found = trials(compared)
    models = {name: [node.model for node in trial.nodes] for name, trial in found.items()}
    assert models["solo-1-tinkerer-seed-3"] == [1]
    assert models["homogeneous-0-bomber-seed-3"] == [0, 0]
    assert models["heterogeneous-seed-3"] == [0, 1]
    received = {name: sum(n.received for n in trial.nodes) for name, trial in found.items()}
    assert received["no_exchange-seed-3"] == received["solo-0-bomber-seed-3"] == 0
    assert received["heterogeneous-seed-3"] == received["homogeneous-0-bomber-seed-3"] == 2


def test_the_best_of_n_is_one_warrior_of_random_search(compared: Path) -> None:
    found = trials(compared)
    for seed in (3, 5):
        best, archive = found[f"best_of_n-seed-{seed}"], found[f"random_search-seed-{seed}"]
        assert len(best.archive) == 1 < len(archive.archive)
        assert best.champion is not None
        assert best.qd_score_common == best.champion.fitness <= archive.qd_score_common
        assert best.coverage_common == best.coverage_raw == pytest.approx(1 / 36)
        assert all(point.coverage == pytest.approx(1 / 36, abs=1e-6) for point in best.curve_raw)


def test_curves_end_with_all_calls_and_the_final_archive(compared: Path) -> None:
    for name, trial in trials(compared).items():
        raw, common = trial.curve_raw, trial.curve_common
        assert [p.calls for p in raw] == sorted({p.calls for p in raw})
        assert [(p.round, p.calls) for p in common] == [(1, CALLS // 2), (2, CALLS)]
        assert (raw[-1].round, raw[-1].calls) == (2, CALLS)
        claimed = raw[-1].qd_score, raw[-1].coverage
        assert claimed == pytest.approx((trial.qd_score_raw, trial.coverage_raw), abs=1e-6), name
        measured = common[-1].qd_score, common[-1].coverage
        final = trial.qd_score_common, trial.coverage_common
        assert measured == pytest.approx(final, abs=1e-6), name


def test_it_writes_what_people_read_and_clears_up(compared: Path) -> None:
    assert "Heterogeneous less homogeneous" in (compared / "RESULTS.md").read_text()
    assert "Heterogeneous less homogeneous" in (compared / "report.html").read_text()
    assert not list((compared / "runs").iterdir())
    assert not list(compared.rglob("*.draft"))


def without_place(out: Path) -> dict[str, Any]:
    """All results, without when and where they were measured."""
    found = {f.name: json.loads(f.read_text()) for f in (out / "results").glob("*.json")}
    for result in found.values():
        del result["run"]["finished"], result["run"]["machine"]
    return found


def test_a_comparison_stopped_by_ctrl_c_ends_as_if_it_had_not_been(
    compared: Path, tmp_path: Path
) -> None:
    (tmp_path / "small.toml").write_text(CONFIG)
    interrupted(tmp_path, signal.SIGINT, finished=3)
    half = ComparisonReport.model_validate_json(
        (tmp_path / "runs" / "small" / "comparison.json").read_text()
    )
    assert 3 <= half.finished[0] < half.finished[1] == RESULTS, "what there is, is reported"
    for log in tmp_path.rglob("ensemble.log"):
        assert "exception" not in log.read_text(), "being stopped is no failure"
    goes_on_to_the_same_end(compared, tmp_path)


def test_a_comparison_stopped_between_two_conditions_of_one_search(
    compared: Path, tmp_path: Path
) -> None:
    """Best-of-N and random search are measured from one search; one of their results is there."""
    (tmp_path / "small.toml").write_text(CONFIG)
    results = tmp_path / "runs" / "small" / "results"
    shutil.copytree(compared / "results", results)
    (results / "random_search-seed-3.json").unlink()
    goes_on_to_the_same_end(compared, tmp_path)


@pytest.mark.full
def test_a_comparison_interrupted_in_every_way_ends_as_if_it_had_not_been(
    compared: Path, tmp_path: Path
) -> None:
    """Every run is first cut off by its budget, then some by one signal, some by another."""
    (tmp_path / "small.toml").write_text(CONFIG.replace("calls = 100", "calls = 25"))
    code, _, err = ended(cwd=tmp_path)
    assert code == 1
    assert "run the same command again" in err.splitlines()[-1]
    out = tmp_path / "runs" / "small"
    assert not list((out / "results").iterdir())
    assert not (out / "comparison.json").exists()

    (tmp_path / "small.toml").write_text(CONFIG)
    for finished, signum in enumerate((signal.SIGKILL, signal.SIGINT, signal.SIGTERM)):
        interrupted(tmp_path, signum, finished=2 + 3 * finished)
    goes_on_to_the_same_end(compared, tmp_path)


def interrupted(folder: Path, signum: signal.Signals, finished: int) -> None:
    """Start the command, and send it a signal once some results are there."""
    results = folder / "runs" / "small" / "results"
    with dei(cwd=folder) as process:
        deadline = time.monotonic() + 120
        while len(list(results.glob("*.json"))) < finished:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if signum == signal.SIGINT:
            os.killpg(process.pid, signum)  # Ctrl-C reaches all that the terminal started.
        else:
            process.send_signal(signum)
        _, err = process.communicate(timeout=60)
    codes = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
    assert process.returncode == codes[signum], err
    if signum != signal.SIGKILL:  # After which a node that was just starting may complain.
        assert "Traceback" not in err


def goes_on_to_the_same_end(compared: Path, folder: Path) -> None:
    out = folder / "runs" / "small"
    done = {file: file.stat().st_mtime_ns for file in (out / "results").iterdir()}
    assert 0 < len(done) < RESULTS
    code, _, err = ended(cwd=folder)
    assert code == 0, err
    assert all(file.stat().st_mtime_ns == when for file, when in done.items()), "not run again"
    assert (out / "comparison.json").read_bytes() == (compared / "comparison.json").read_bytes()
    assert without_place(out) == without_place(compared)


def test_results_of_another_comparison_are_not_mixed_in(compared: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(CONFIG.replace("placements = 2", "placements = 3"))
    code, out, err = ended("--results", str(compared / "results"), cwd=tmp_path)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert "seed-3.json is of another configuration" in line
    assert [p.name for p in tmp_path.iterdir()] == ["small.toml"]


def test_a_longer_list_of_seeds_keeps_the_results(compared: Path, tmp_path: Path) -> None:
    """Nothing is left to run: the same results, read for a shorter list."""
    (tmp_path / "small.toml").write_text(CONFIG.replace("[3, 5]", "[5]"))
    results = tmp_path / "docs" / "results"
    results.mkdir(parents=True)
    for file in (compared / "results").glob("*-seed-5.json"):
        (results / file.name).write_bytes(file.read_bytes())
    code, out, err = ended("--results", "docs/results", "--json", cwd=tmp_path)
    assert code == 0, err
    report = ComparisonReport.model_validate_json(out)
    assert report.finished == (RESULTS // 2, RESULTS // 2)
    assert (tmp_path / "docs" / "RESULTS.md").exists()
    assert (tmp_path / "runs" / "small" / "report.html").exists()


def planned(tmp_path: Path, text: str = CONFIG) -> tuple[Run, ...]:
    (tmp_path / "plan.toml").write_text(text)
    return load_comparison(tmp_path / "plan.toml")[1]


def test_runs_differ_in_what_they_compare_and_in_nothing_else(tmp_path: Path) -> None:
    runs = {run.folder: run for run in planned(tmp_path)}
    assert [run.config.seed for run in runs.values()] == [3] * 7 + [5] * 7, "seed by seed"
    different = runs["heterogeneous-seed-3"].config
    changed = {
        name.removesuffix("-seed-3"): {
            f"{part}.{key}"
            for part in ("core", "search", "exchange", "evaluation", "budget")
            for key, value in getattr(run.config, part)
            if value != getattr(getattr(different, part), key)
        }
        for name, run in runs.items()
        if run.config.seed == 3
    }
    assert changed == {
        "solo-0-bomber": {"search.calls"},
        "solo-1-tinkerer": {"search.calls"},
        "homogeneous-0-bomber": set(),
        "homogeneous-1-tinkerer": set(),
        "heterogeneous": set(),
        "no_exchange": {"exchange.mode"},
        "random_search": {"search.p_new"},
    }
    for run in runs.values():
        search = run.config.search
        assert search.rounds * search.calls * len(run.config.nodes) == CALLS


ROOT = Path(__file__).parents[2]


def test_a_comparison_that_names_no_conditions_has_no_topologies(tmp_path: Path) -> None:
    conditions = {condition for run in planned(tmp_path) for condition in run.conditions}
    assert conditions == {
        "solo", "homogeneous", "heterogeneous", "no_exchange", "random_search", "best_of_n",
    }  # fmt: skip


def test_a_result_of_before_the_topologies_is_still_of_its_comparison() -> None:
    """A result is known by the digest of these inputs: whoever changes them makes all results of
    compare.toml invalid, hours of them."""
    config, runs = load_comparison(ROOT / "configs" / "compare.toml")
    hill, _ = check(config.run("heterogeneous", None, 1))
    (run,) = (run for run in runs if run.folder == "heterogeneous-seed-1")
    inputs = {
        "condition": "heterogeneous",
        "hill": hill.hash,
        "made_by": "a version",
        "models": [0, 1, 2, 3],
        "search": {
            "core": {"max_cycles": 40000},
            "exchange": {"mode": "lockstep"},
            "name": "heterogeneous",
            "nodes": [
                {"policy": policy} for policy in ("bomber", "replicator", "scanner", "tinkerer")
            ],
            "search": {
                "initial_opponents": ["Pebble", "Lookout", "Carbon", "Broom"],
                "last_k": 4,
                "p_new": 0.5,
                "placements": 12,
            },
        },
    }
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    assert run.digest("heterogeneous", hill, "a version") == digest


def test_the_ready_made_comparison_of_topologies() -> None:
    config, runs = load_comparison(ROOT / "configs" / "topologies.toml")
    check(config.run("heterogeneous", None, 1))
    assert config.calls == load_comparison(ROOT / "configs" / "compare.toml")[0].calls == 2480
    exchanges = {run.conditions[0]: run.config.exchange for run in runs}
    assert {c: (e.mode, e.topology) for c, e in exchanges.items()} == {
        "heterogeneous": ("lockstep", "all"),
        "ring": ("lockstep", "ring"),
        "gossip": ("lockstep", "gossip"),
        "no_exchange": ("none", "all"),
    }
    for run in runs:
        same = {"name": "any", "seed": 1, "exchange": config.exchange}
        plain = config.run("heterogeneous", None, 1).model_copy(update=same)
        assert run.config.model_copy(update=same) == plain
    labels = config.setup().models
    assert labels[0] == "bomber (1 of 2)"
    assert len(set(labels)) == 8


def test_a_topology_of_the_file_holds_for_the_other_conditions_and_is_told(tmp_path: Path) -> None:
    text = CONFIG.replace("[search]", '[exchange]\ntopology = "gossip"\nfanout = 5\n[search]')
    (tmp_path / "plan.toml").write_text(text)
    config, runs = load_comparison(tmp_path / "plan.toml")
    assert {run.config.exchange.topology for run in runs} == {"gossip"}
    modes = {run.config.exchange.mode for run in runs}
    assert modes == {"lockstep", "none"}, "where the file names no mode, too"
    setup = config.setup()
    assert (setup.topology, setup.fanout) == ("gossip", 1), "a node has one peer"


@pytest.mark.full
def test_in_a_ring_and_in_gossip_nodes_hear_so_many_peers(tmp_path: Path) -> None:
    """The second and last round takes in what was published in the first."""
    text = CONFIG.replace("[3, 5]", '[3]\nconditions = ["heterogeneous", "ring", "gossip"]')
    text = text.replace("rounds = 2\ncalls = 10", "rounds = 2\ncalls = 4")
    (tmp_path / "small.toml").write_text(text + '[[models]]\npolicy = "bomber"\n' * 2)
    code, _, err = ended(cwd=tmp_path)
    assert code == 0, err
    found = trials(tmp_path / "runs" / "small")
    received = {name: [node.received for node in trial.nodes] for name, trial in found.items()}
    assert received == {
        "heterogeneous-seed-3": [3] * 4,
        "ring-seed-3": [1] * 4,
        "gossip-seed-3": [2] * 4,
    }
    assert {trial.calls for trial in found.values()} == {2 * 4 * 4}
    for written in ("RESULTS.md", "report.html"):
        text = (tmp_path / "runs" / "small" / written).read_text()
        assert "Heterogeneous less ring" in text
        assert "bomber (3 of 3)" in text


def test_names_of_models_are_no_paths(tmp_path: Path) -> None:
    text = CONFIG.replace(
        'policy = "tinkerer"', 'policy = "openai"\nmodel = "../../lab/model:7b"\napi = "chat"'
    )
    (solo,) = (run for run in planned(tmp_path, text)[:2] if run.member == 1)
    assert solo.folder == "solo-1-..-..-lab-model-7b-seed-3"


BAD = {
    "two topologies": (
        "seeds",
        'exchange = { topology = "ring" }\nconditions = ["heterogeneous", "gossip"]\nseeds',
        "exchange.topology is 'ring', and conditions has gossip",
    ),
    "one model": ('[[models]]\npolicy = "tinkerer"\n', "", "models"),
    "a seed twice": ("[3, 5]", "[3, 3]", "seeds: (3, 3) holds something twice"),
    "no seed": ("[3, 5]", "[]", "seeds"),
    "negative seed": ("[3, 5]", "[-1]", "seed is -1"),
    "unknown condition": ("seeds", 'conditions = ["duo"]\nseeds', "conditions"),
    "unknown key": ("rounds", "round", "unknown key search.round"),
    "unknown policy": ('"tinkerer"', '"wizard"', "nodes.1.policy: 'wizard' is no policy"),
    "too many warriors": ("last_k = 2", "last_k = 100", "search.last_k 100"),
    "model without a name": ('"tinkerer"', '"openai"', "models.1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_in_one_line(tmp_path: Path, case: str) -> None:
    before, after, culprit = BAD[case]
    assert before in CONFIG
    (tmp_path / "small.toml").write_text(CONFIG.replace(before, after))
    code, out, err = ended(cwd=tmp_path)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert culprit in err
    assert [p.name for p in tmp_path.iterdir()] == ["small.toml"]


def test_no_jobs_is_no_way_to_run(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(CONFIG)
    assert ended("--jobs", "0", cwd=tmp_path) == (
        2,
        "",
        "dei: --jobs is 0; it must be at least 1\n",
    )


def test_answers_of_a_language_model_are_bought_once_and_kept(tmp_path: Path) -> None:
    """First a key is missing, then the budget ends, then it goes on; random search serves twice."""
    with FakeProvider(by_model(fake_models())) as provider:
        text = (
            'name = "small"\nseeds = [3]\n'
            'conditions = ["heterogeneous", "random_search", "best_of_n"]\n'
            "[core]\nmax_cycles = 400\n"
            "[search]\nrounds = 2\ncalls = 4\nn_init = 1\nplacements = 2\nlast_k = 2\n"
            "[budget]\ncalls = CAP\n"
            '[[models]]\npolicy = "bomber"\n'
            '[[models]]\npolicy = "openai"\napi = "chat"\nmodel = "fast"\n'
            f'base_url = "{provider.url}/v1"\nkey_env = "FAKE_KEY"\n'
        )
        path = tmp_path / "small.toml"
        path.write_text(text.replace("CAP", "5"))
        out = tmp_path / "out"
        done = model_dei("compare", path, "--out", out, key=None)
        assert (done.returncode, out.exists()) == (2, False), done.stderr
        assert "FAKE_KEY" in done.stderr
        done = model_dei("compare", path, "--out", out)
        assert done.returncode == 1, done.stderr
        assert "budget" in done.stderr
        path.write_text(text.replace("CAP", "50"))
        done = model_dei("compare", path, "--out", out)
        assert done.returncode == 0, done.stderr
        assert {trial.calls for trial in trials(out).values()} == {2 * 2 * 4}
        asked = len(provider.log)
        done = model_dei("compare", path, "--out", out)
        assert done.returncode == 0, done.stderr
        assert len(provider.log) == asked == 2 * 2 * 4
    kept = sorted(folder.name for folder in (out / "runs").iterdir())
    assert kept == ["heterogeneous-seed-3", "random_search-seed-3"]


PUBLISHED = {"compare.toml": "docs", "topologies.toml": "docs/topologies"}
"""Configurations, and where their results are."""


@pytest.mark.parametrize("config", PUBLISHED)
def test_the_published_results_are_what_the_command_makes_of_them(
    tmp_path: Path, config: str
) -> None:
    """No run is left to do, and the text comes out as it stands."""
    home = ROOT / PUBLISHED[config]
    shutil.copytree(home / "results", tmp_path / "results")
    results = ("--results", tmp_path / "results", "--out", tmp_path / "out")
    done = model_dei("compare", ROOT / "configs" / config, *results)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("0 of ")
    assert (tmp_path / "RESULTS.md").read_text() == (home / "RESULTS.md").read_text()
    assert (tmp_path / "RESULTS.png").exists()
    assert (home / "RESULTS.png").exists()
