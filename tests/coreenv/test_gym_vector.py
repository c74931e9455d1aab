"""`CoreWarVectorEnv`: the trajectories of Gymnasium's own vector environment."""

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from coreenv.config import ruleset
from coreenv.gym_env import CoreWarEnv
from coreenv.gym_vector import CoreWarVectorEnv
from coreenv.redcode import Warrior, assemble

FAST = replace(ruleset("nop94"), max_cycles=1000)
STONE = assemble(";name Stone\nADD #3044, 3\nMOV 2, @2\nJMP -2\nDAT 0, 0\n", FAST)
PAPER = assemble(";name Paper\nSPL 1\nMOV -1, 0\nMOV }-1, >-1\n", FAST)
NOOPS = np.zeros((3, 8), np.int64)


def moody(warrior: Warrior, generator: np.random.Generator) -> Warrior:
    return warrior if generator.random() < 0.5 else STONE


def pair(mode: AutoresetMode, **arguments: Any) -> tuple[SyncVectorEnv[Any, Any], CoreWarVectorEnv]:
    """Three environments in Gymnasium's vector environment and in ours."""
    every = {"ruleset": FAST, "max_cycles": 3, "opponents": [STONE, moody, PAPER], **arguments}
    sync = SyncVectorEnv([lambda: CoreWarEnv(**every)] * 3, autoreset_mode=mode)
    return sync, CoreWarVectorEnv(3, autoreset_mode=mode, threads=2, **every)


def trajectory(env: Any, mode: AutoresetMode) -> list[Any]:
    """All that nine steps of sampled actions return. The second environment is one step behind;
    without autoreset each is reset when its episode has ended."""
    env.action_space.seed(4)
    seen: list[Any] = [env.reset(seed=4), env.step(env.action_space.sample())]
    late = np.array([False, True, False])
    seen += [env.reset(seed=[None, 40, None], options={"reset_mask": late})]
    for _ in range(9):
        seen.append(env.step(env.action_space.sample()))
        ended = seen[-1][3]
        if mode is AutoresetMode.DISABLED and ended.any():
            seen.append(env.reset(options={"reset_mask": ended.copy()}))
    return seen


@pytest.mark.parametrize("autoreset", AutoresetMode)
@pytest.mark.parametrize(
    "arguments",
    [
        {"action_mode": "edit", "reward": "score"},
        {"action_mode": "program", "max_length": 7},
        {"action_mode": "redcode"},
    ],
)
def test_trajectories_are_those_of_sync(
    autoreset: AutoresetMode, arguments: dict[str, Any]
) -> None:
    sync, ours = pair(autoreset, **arguments)
    assert ours.metadata["autoreset_mode"] is autoreset
    assert ours.observation_space == sync.observation_space
    expected, found = trajectory(sync, autoreset), trajectory(ours, autoreset)
    assert data_equivalence(expected, found, exact=True)
    ends = [step[3] for step in found if len(step) == 5]
    assert any(end.any() and not end.all() for end in ends)


def test_each_environment_plays_as_it_would_alone() -> None:
    vector = CoreWarVectorEnv(3, ruleset=FAST, opponents=[STONE, moody])
    vector.action_space.seed(2)
    singles = [CoreWarEnv(ruleset=FAST, opponents=[STONE, moody]) for _ in range(3)]
    observations, infos = vector.reset(seed=8)
    alone = [env.reset(seed=8 + i) for i, env in enumerate(singles)]
    for _ in range(8):
        for i, (observation, info) in enumerate(alone):
            row = {key: values[i] for key, values in observations.items()}
            assert data_equivalence(row, observation, exact=True)
            assert infos["redcode"][i] == info["redcode"]
            assert infos["phenotype"]["tsp"][i] == info["phenotype"]["tsp"]
        actions = vector.action_space.sample()
        observations, rewards, _, _, infos = vector.step(actions)
        steps = [env.step(action) for env, action in zip(singles, actions, strict=True)]
        assert rewards.tolist() == [step[1] for step in steps]
        alone = [(step[0], step[4]) for step in steps]


def test_many_threads_change_nothing_where_they_are_used() -> None:
    """Battles long enough that a step takes all threads it may."""
    one, many = (CoreWarVectorEnv(2, opponents=[STONE, PAPER], threads=n) for n in (1, 5))
    for vector in (one, many):
        vector.action_space.seed(3)
    assert data_equivalence(one.reset(seed=3), many.reset(seed=3), exact=True)
    for _ in range(3):
        found = many.step(many.action_space.sample())
        assert data_equivalence(one.step(one.action_space.sample()), found, exact=True)


def test_without_autoreset_it_waits_for_the_reset() -> None:
    _, vector = pair(AutoresetMode.DISABLED, max_cycles=1)
    with pytest.raises(ResetNeeded):
        vector.step(NOOPS)
    vector.reset(seed=1)
    assert vector.step(NOOPS)[3].all()
    with pytest.raises(ResetNeeded, match="after 1 steps"):
        vector.step(NOOPS)
    vector.reset()
    assert vector.step(NOOPS)[3].all()


def test_one_illegal_action_stops_the_step_before_it_began() -> None:
    sync, ours = pair(AutoresetMode.NEXT_STEP)
    bad = NOOPS.copy()
    bad[2, 0] = 99
    for vector in (sync, ours):
        vector.reset(seed=1)
    with pytest.raises(InvalidAction, match="99"):
        ours.step(bad)
    lists = NOOPS.tolist()
    assert data_equivalence(sync.step(NOOPS), ours.step(lists), exact=True)


def test_what_was_returned_stays_as_it_was() -> None:
    _, vector = pair(AutoresetMode.SAME_STEP)
    vector.action_space.seed(1)
    first = vector.reset(seed=1)
    kept = np.copy(first[0]["code"]), np.copy(first[1]["score"])
    for _ in range(4):
        vector.step(vector.action_space.sample())
    assert np.array_equal(first[0]["code"], kept[0])
    assert np.array_equal(first[1]["score"], kept[1])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"seed": [1, 2]}, "2 seeds; there are 3 environments"),
        ({"options": {"reset_mask": [True, False, True]}}, r"bool array of shape \(3,\)"),
        ({"options": {"reset_mask": np.array([1, 0, 1])}}, "bool array"),
        ({"options": {"reset_mask": np.array([True])}}, "bool array"),
        ({"options": {"reset_mask": np.zeros(3, np.bool_)}}, "true somewhere"),
    ],
)
def test_a_bad_reset_is_named(arguments: dict[str, Any], told: str) -> None:
    _, vector = pair(AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match=told):
        vector.reset(**arguments)


@pytest.mark.parametrize(("name", "value"), [("threads", 0), ("num_envs", 0)])
def test_bad_arguments_are_named(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0"):
        CoreWarVectorEnv(**{"num_envs": 2, name: value})  # type: ignore[arg-type]


def test_gymnasium_makes_it() -> None:
    vector = gymnasium.make_vec("CoreWar-v0", num_envs=2, ruleset=FAST, opponents=[STONE])
    assert isinstance(vector.unwrapped, CoreWarVectorEnv)
    vector.reset(seed=1)
    vector.close()
