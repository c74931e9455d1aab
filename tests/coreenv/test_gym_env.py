"""`CoreWar-v0`: the official checks, and the rules of the game."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env, data_equivalence

from coreenv.battle import Battle, battle_batch
from coreenv.config import ruleset
from coreenv.gym_env import CoreWarEnv
from coreenv.hill import bundled
from coreenv.measures import seated
from coreenv.redcode import Warrior, assemble

FAST = replace(ruleset("nop94"), max_cycles=1000)
STONE = assemble(";name Stone\nADD #3044, 3\nMOV 2, @2\nJMP -2\nDAT 0, 0\n", FAST)
NOOP = np.zeros(8, np.int64)
DELETE = np.array([3, 0, 0, 0, 0, 0, 0, 0])


def made(**arguments: Any) -> CoreWarEnv:
    return CoreWarEnv(**{"ruleset": FAST, **arguments})


@pytest.fixture(autouse=True)
def _no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks that show every render mode open no windows: for those see test_screen."""
    monkeypatch.delenv("DISPLAY", raising=False)


def trajectory(env: Any, seed: int, steps: int) -> list[Any]:
    """All that the environment returns for sampled actions."""
    env.action_space.seed(seed)
    seen = [env.reset(seed=seed)]
    return seen + [env.step(env.action_space.sample()) for _ in range(steps)]


@pytest.mark.parametrize("mode", ["edit", "program", "redcode"])
@pytest.mark.parametrize("render_mode", [None, "ansi", "rgb_array"])
def test_the_official_check_passes(mode: str, render_mode: str | None) -> None:
    env = gymnasium.make("CoreWar-v0", ruleset=FAST, action_mode=mode, render_mode=render_mode)
    check_env(env.unwrapped)


def test_the_official_check_passes_with_the_defaults() -> None:
    check_env(gymnasium.make("CoreWar-v0").unwrapped)


@pytest.mark.parametrize(
    ("rules", "max_length"), [("nop94", 100), ("draft94", 20), ("tiny", 20), ("nano", 5)]
)
def test_the_official_check_passes_under_every_ruleset(rules: str, max_length: int) -> None:
    rival = assemble("SPL 0\nMOV 0, 1\n", ruleset(rules))
    arguments: dict[str, Any] = {"max_length": max_length, "opponents": [rival]}
    check_env(gymnasium.make("CoreWar-v0", ruleset=rules, **arguments).unwrapped)


@pytest.mark.parametrize(
    "code",
    [
        "import coreenv; gymnasium.make('CoreWar-v0').reset(seed=1)",
        "gymnasium.make('coreenv:CoreWar-v0').reset(seed=1)",
        "gymnasium.make_vec('coreenv:CoreWar-v0', num_envs=2).reset(seed=1)",
        "gymnasium.make_vec('coreenv:CoreWar-v0', 2, 'sync').reset(seed=1)",
    ],
)
def test_every_way_to_make_it(code: str) -> None:
    run(f"import gymnasium; {code}")


def test_importing_the_package_imports_no_environment() -> None:
    run(
        "import sys, coreenv\n"
        "assert 'pettingzoo' not in sys.modules and 'coreenv.battle' not in sys.modules"
    )


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_defaults_are_those_of_v0() -> None:
    env = CoreWarEnv()
    assert env.action_space.nvec.tolist() == [5, 20, 16, 7, 8, 61, 8, 61]  # type: ignore[attr-defined]
    assert env.action_space.dtype == np.int64
    shapes = {key: box.shape for key, box in env.observation_space.spaces.items()}  # type: ignore[attr-defined]
    assert shapes == {"code": (100,), "fields": (40,), "stats": (8,), "opponents": (24,)}
    hill = bundled("v1")
    assert [w.name for w in env.opponents] == list(hill.common_opponents)  # type: ignore[union-attr]
    _, info = env.reset(seed=1)
    assert "MOV.I" in info["redcode"]
    steps = 0
    truncated = False
    while not truncated:
        _, reward, terminated, truncated, _ = env.step(NOOP)
        assert (reward, terminated) == (0.0, False)
        steps += 1
    assert steps == 32


@pytest.mark.parametrize("threads", [1, 3])
def test_same_seed_same_trajectory_on_any_thread_count(threads: int) -> None:
    expected = trajectory(made(), 5, 6)
    assert data_equivalence(expected, trajectory(made(threads=threads), 5, 6), exact=True)
    assert not data_equivalence(expected, trajectory(made(), 6, 6))


def test_seeds_of_the_info_replay_the_battles() -> None:
    env = made(opponents=[STONE], battles=8)
    _, info = env.reset(seed=3)
    me = assemble(info["redcode"], FAST)
    places = seated(FAST, 2, 8, int(info["seeds"][0]))
    [result] = battle_batch([Battle((me, STONE), FAST, places)])
    assert info["score"] == pytest.approx((result.wins[0] + result.ties / 3) / 8)
    assert info["scores"] == pytest.approx([info["score"]])
    assert info["phenotype"]["mc"] == result.coverage[:, 0].mean()


def test_change_of_score_adds_up_to_the_gain_of_the_episode() -> None:
    change, score = made(opponents=[STONE]), made(opponents=[STONE], reward="score")
    first = change.reset(seed=2)[1]["score"]
    score.reset(seed=2)
    change.action_space.seed(2)
    total = 0.0
    for _ in range(10):
        mask = tuple(np.split(change.action_masks().astype(np.int8), [5, 25, 41, 48, 56, 117, 125]))
        action = change.action_space.sample(mask)
        _, reward, _, _, info = change.step(action)
        assert not info["errors"]
        assert score.step(action)[1] == info["score"]
        total += reward
    assert total == pytest.approx(info["score"] - first)


def test_penalties() -> None:
    env = made(illegal_penalty=0.25)
    _, before = env.reset(seed=1)
    _, reward, _, _, info = env.step(DELETE)
    assert reward == -0.25
    assert "one instruction" in info["errors"][0]
    assert info["redcode"] == before["redcode"]
    text = made(action_mode="redcode")
    text.reset(seed=1)
    _, reward, _, _, info = text.step("JUMP 0\n")
    assert reward == -0.1
    assert "E_SYNTAX" in info["errors"][0]
    _, _, _, _, info = text.step("an em dash \u2014 \U0001f600 is text as well")
    assert info["errors"]


def test_a_winner_is_seen_to_win() -> None:
    suicide = assemble("DAT 0, 0\n", FAST)
    observation, info = made(opponents=[suicide, STONE]).reset(seed=1)
    assert observation["opponents"][:3].tolist() == [1, 0, 0]
    assert info["scores"][0] == 1
    win, tie, loss, *_, length, budget = observation["stats"]
    assert win + tie + loss == pytest.approx(1)
    assert win >= 0.5
    assert (length, budget) == (pytest.approx(1 / 20), 1)
    assert observation["code"][:10].tolist() == [2, 6, 1, 1, 1, 0, 0, 0, 0, 0]
    assert observation["fields"][1] == pytest.approx(1 / 4000)


def test_opponents_may_be_files_and_callables(tmp_path: Path) -> None:
    file = tmp_path / "stone.red"
    file.write_text(str(STONE))
    asked: list[Warrior] = []

    def mirror(warrior: Warrior, generator: np.random.Generator) -> Warrior:
        asked.append(warrior)
        return warrior if generator.random() < 2 else STONE

    env = made(opponents=[file, str(file), mirror], start=file)
    env.reset(seed=1)
    env.step(DELETE)
    assert [len(warrior) for warrior in asked] == [4, 3]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"ruleset": "nop95"}, "nop94, draft94"),
        ({"ruleset": "tiny"}, "core_size 800"),
        ({"ruleset": "icws88"}, "standard '88'"),
        ({"opponents": "best"}, "dev, test"),
        ({"opponents": []}, "at least one"),
        ({"opponents": [7]}, "neither a Warrior"),
        ({"opponents": [assemble("NOP 0\n", ruleset("tiny"))]}, "core_size 800"),
        ({"max_length": 101}, r"1\.\.100"),
        ({"action_mode": "edits"}, "edit, program, redcode"),
        ({"render_mode": "rgb"}, "'ansi', 'rgb_array'"),
        ({"reward": "points"}, "'change', 'score'"),
        ({"battles": 0}, "battles is 0"),
        ({"max_cycles": 0}, "max_cycles is 0"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_bad_arguments_name_what_is_allowed(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        CoreWarEnv(**arguments)


def test_an_opponent_that_does_not_assemble_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.red"
    file.write_text("MOVE 0, 1\n")
    with pytest.raises(ValueError, match=r"broken\.red does not assemble(.|\n)*E_SYNTAX"):
        made(opponents=[file])


def test_calls_out_of_order_and_actions_out_of_space() -> None:
    env = made(max_cycles=1)
    for call in (lambda: env.step(NOOP), env.render, env.action_masks):
        with pytest.raises(ResetNeeded, match="call reset"):
            call()
    env.reset(seed=1)
    with pytest.raises(InvalidAction, match="MultiDiscrete"):
        env.step(np.full(8, 99))
    env.step(NOOP)
    with pytest.raises(ResetNeeded, match="after 1 steps"):
        env.step(NOOP)
    text = made(action_mode="redcode")
    text.reset(seed=1)
    with pytest.raises(InvalidAction, match="takes a str"):
        text.step(NOOP)
