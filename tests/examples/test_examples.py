"""Every example runs as its reader would run it, and PPO learns."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NUMBER = r"(-?\d+\.\d+)"


def run(name: str, *arguments: str, seconds: int) -> str:
    """What the example prints. It may take ten times the ``seconds`` it took when written."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=10 * seconds,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def numbers(line: str) -> list[float]:
    return [float(number) for number in re.findall(NUMBER, line)]


def test_no_example_is_forgotten() -> None:
    tested = set(re.findall(r'run\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    page = (ROOT / "docs" / "LEARNING.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)\.py`", page, re.MULTILINE))
    assert {path.stem for path in EXAMPLES.glob("*.py")} == tested == told


def test_random_agents_mostly_spoil_the_imp() -> None:
    first, second = (run("random_agent", "--episodes", "6", seconds=3) for _ in range(2))
    assert first == second
    imp, mean, best = numbers(first)
    assert 0 <= mean < imp
    assert mean <= best <= 1


def test_the_language_model_hears_of_its_faults() -> None:
    attempts = run("language_model", seconds=1).split("score ")[1:]
    scores, rewards = zip(*(numbers(attempt)[:2] for attempt in attempts), strict=True)
    assert ["E_SYNTAX: 'MOVE'" in text for text in attempts] == [True, False, False, False]
    assert ["E_LABEL: 'hits'" in text for text in attempts] == [False, False, True, False]
    assert (rewards[0], rewards[2]) == (-0.1, -0.1)
    assert scores[1] == scores[2] < scores[3]


@pytest.mark.full
def test_masked_ppo_makes_no_illegal_edit() -> None:
    output = run("masked_ppo", seconds=40)
    assert "50 episodes" in output
    assert " 0 illegal edits" in output
    assert numbers(output)[-1] > 0.1


@pytest.mark.full
def test_supersuit_shares_the_core_among_four() -> None:
    lines = run("supersuit_ppo", seconds=10).splitlines()
    assert [line.split()[0] for line in lines] == [f"warrior_{i}" for i in range(4)]
    fitness = [value for line in lines for value in numbers(line)]
    assert 0 <= sum(fitness) <= 4 + 1e-9


@pytest.mark.full
def test_ppo_beats_the_random_agent(tmp_path: Path) -> None:
    plot = tmp_path / "curve.png"
    output = run("ppo", "--minutes", "2", "--plot", str(plot), seconds=130)
    learned, random, *_ = numbers(output.splitlines()[-1])
    assert learned > random
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.soak
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_ppo_beats_the_random_agent_beyond_doubt(seed: str) -> None:
    output = run("ppo", "--minutes", "5", "--seed", seed, seconds=310)
    learned, random, difference, low, high = numbers(output.splitlines()[-1])
    assert difference == pytest.approx(learned - random, abs=0.0015)
    assert 0 < low < difference < high


@pytest.mark.full
def test_the_interval_is_welchs() -> None:
    """Of the last 50 episodes only. 0.4 and 0.6 in turn have the variance 0.01 * n / (n - 1)."""
    code = (
        "import numpy as np, ppo\n"
        "learned = np.array([9.0] * 30 + [0.4, 0.6] * 25)\n"
        "run = ppo.Run(1, learned, np.array([0.1, 0.3] * 100))\n"
        "print(*run.difference())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=EXAMPLES,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    difference, half = map(float, done.stdout.split())
    assert difference == pytest.approx(0.3)
    assert half == pytest.approx(2.01 * (0.01 / 49 + 0.01 / 199) ** 0.5)
