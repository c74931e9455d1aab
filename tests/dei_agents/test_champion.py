"""`dei champion`: a whole search, a choice, a judgement, and what is on disk at the end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from coreenv.battle import Battle
from coreenv.config import ruleset
from coreenv.placement import Placement
from coreenv.redcode import assemble
from coreenv.replay import Run
from dei_agents.champion import ChampionSummary
from dei_agents.config import load_config
from tests.leaderboard.boards import MEMBERS, make_hill

CONFIG = """
name = "small"
seed = 3
[core]
ruleset = "nano"
[evaluation]
hill = "hill"
[search]
rounds = 2
calls = 8
n_init = 3
placements = 2
last_k = 2
initial_opponents = ["Crawler"]
[exchange]
mode = "lockstep"
[[nodes]]
policy = "bomber"
[[nodes]]
policy = "replicator"
"""

PRODUCTS = ("champion.red", "champion.json", "report.html", "summary.json")


def prepare(folder: Path, text: str = CONFIG) -> Path:
    """A configuration, and a hill whose rounds are fought in no time."""
    (folder / "small.toml").write_text(text)
    make_hill(folder / "hill", "nano", MEMBERS)
    return folder


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-m", "dei_agents.cli", "champion", "small.toml", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(folder: Path) -> tuple[int, str, str]:
    with start(folder) as process:
        out, err = process.communicate(timeout=600)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepare(tmp_path_factory.mktemp("champion"))
    code, out, err = ended(folder)
    assert code == 0, err
    assert "against the test split" not in out, "no progress where there is no terminal"
    return folder / "runs" / "small"


def test_the_champion_led_the_second_meeting_and_was_judged_once(undisturbed: Path) -> None:
    summary = ChampionSummary.model_validate_json((undisturbed / "summary.json").read_text())
    assert summary.calls == 2 * 2 * 8
    assert len(summary.finalists) <= summary.candidates <= summary.calls
    again = [finalist.again for finalist in summary.finalists]
    assert again == sorted(again, reverse=True)
    results = json.loads((undisturbed / "champion.json").read_text())
    [score] = results["scores"]
    assert (results["split"], results["profile"]) == ("test", "standard")
    assert score["warrior"] == summary.finalists[0].id
    assert score["points"] == pytest.approx(summary.points, abs=1e-4)
    champion = assemble((undisturbed / "champion.red").read_bytes(), ruleset("nano"))
    assert champion.id == score["warrior"]


def test_the_same_command_does_nothing_again(undisturbed: Path) -> None:
    before = {name: (undisturbed / name).read_bytes() for name in PRODUCTS}
    record = (undisturbed / "run" / "events" / "node-0.jsonl").stat().st_mtime_ns
    rounds = (undisturbed / "units.jsonl").read_bytes()
    code, _, err = ended(undisturbed.parents[1])
    assert code == 0, err
    assert (undisturbed / "run" / "events" / "node-0.jsonl").stat().st_mtime_ns == record
    assert (undisturbed / "units.jsonl").read_bytes() == rounds
    assert {name: (undisturbed / name).read_bytes() for name in PRODUCTS} == before


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_it_goes_on_to_the_same_champion(
    signum: signal.Signals, undisturbed: Path, tmp_path: Path
) -> None:
    prepare(tmp_path)
    record = tmp_path / "runs" / "small" / "run" / "events" / "node-0.jsonl"
    with start(tmp_path) as process:
        deadline = time.monotonic() + 120
        while not record.exists() or record.stat().st_size < 3000:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signum)
        _, err = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9}[signum]
    assert signum == signal.SIGKILL or "Traceback" not in err
    code, _, err = ended(tmp_path)
    assert code == 0, err
    for name in ("champion.red", "champion.json", "summary.json"):
        found = (tmp_path / "runs" / "small" / name).read_bytes()
        assert found == (undisturbed / name).read_bytes(), name


def test_a_folder_of_another_search_is_left_alone(undisturbed: Path, tmp_path: Path) -> None:
    prepare(tmp_path, CONFIG.replace("seed = 3", "seed = 4"))
    before = (undisturbed / "summary.json").read_bytes()
    with start(tmp_path, "--out", str(undisturbed)) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.splitlines() == [f"dei: {undisturbed / 'run'} is of another search; remove it"]
    assert (undisturbed / "summary.json").read_bytes() == before


ROOT = Path(__file__).parents[2]
SHOWN = ROOT / "docs" / "champion"


def test_the_champion_that_is_shown_is_the_one_that_was_found() -> None:
    summary = ChampionSummary.model_validate_json((SHOWN / "summary.json").read_bytes())
    config = load_config(ROOT / "configs" / "champion.toml")
    assert summary.config.search_difference(config) is None
    warrior = assemble((SHOWN / "champion.red").read_text(), config.core.config)
    assert warrior.id == max(summary.finalists, key=lambda finalist: finalist.again).id
    assert f"{summary.points:.1f}" in (SHOWN / "report.html").read_text()


def test_the_champion_weaves_as_its_comments_say() -> None:
    """Eight processes, a paper of eight, three looms, eight bombs, and no way back."""
    config = ruleset("nop94")
    champion = assemble((SHOWN / "champion.red").read_text(), config)
    alone = Battle((champion,), config, Placement(np.zeros((1, 1)), np.zeros(1)), stop="all_dead")
    run = Run(alone)
    cells, processes = run.machine.cells, run.machine.queues[0]
    for _ in range(7):
        run.step()
    assert list(processes) == [3] * 8
    for _ in range(700):
        run.step()

    def shape(address: int, length: int) -> list[tuple[int, ...]]:
        """Without the numbers, which count up as it is copied."""
        found = [cells[(address + i) % 8000] for i in range(length)]
        return [(op, modifier, a_mode, b_mode) for op, modifier, a_mode, _, b_mode, _ in found]

    for loom, distance in ((3, -2614), (5, -2341), (7, 1410)):
        assert shape(loom + distance, 11 - loom) == shape(loom, 11 - loom)
    behind = 7 + 1410 + 8
    assert shape(behind, 8) == shape(10, 1) * 8
    assert not set(processes) & set(range(11)), "those it was woven by are dead"
