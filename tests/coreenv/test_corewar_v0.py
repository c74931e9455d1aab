"""PettingZoo's `corewar_v0`: the official tests, and the rules of the game for several agents."""

import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pettingzoo  # type: ignore[import-untyped]
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from pettingzoo.test import (  # type: ignore[import-untyped]
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    render_test,
    seed_test,
)

from coreenv import corewar_v0
from coreenv.battle import Battle, battle_batch
from coreenv.config import ruleset
from coreenv.measures import fitness, seated
from coreenv.redcode import assemble

FAST = replace(ruleset("nop94"), max_cycles=500)
parallel_env: Any = partial(corewar_v0.parallel_env, ruleset=FAST)
env: Any = partial(corewar_v0.env, ruleset=FAST)
raw_env: Any = partial(corewar_v0.raw_env, ruleset=FAST)
# The first two are about observations that are no Box; the third wants a Box or Discrete for
# actions, where MultiDiscrete and Text are what an edit is.
COSMETIC = {
    "Observation is not a NumPy array",
    "Observation space for each agent probably should be gymnasium.spaces.box or "
    "gymnasium.spaces.discrete",
    "Action space for each agent probably should be gymnasium.spaces.box or "
    "gymnasium.spaces.discrete",
}
NOOP = np.zeros(8, np.int64)
DELETE = np.array([3, 0, 0, 0, 0, 0, 0, 0])
MODES = ["edit", "program", "redcode"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("make", [env, raw_env])
def test_the_official_aec_test_passes(make: Any, mode: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        api_test(make(action_mode=mode), num_cycles=100)
    assert {str(warning.message) for warning in caught} == COSMETIC


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n_agents", [2, 5])
def test_the_official_parallel_test_passes(mode: str, n_agents: int) -> None:
    parallel_api_test(parallel_env(action_mode=mode, n_agents=n_agents), num_cycles=40)


@pytest.mark.parametrize("mode", MODES)
def test_the_official_seed_tests_pass(mode: str) -> None:
    seed_test(partial(env, action_mode=mode), num_cycles=20)
    parallel_seed_test(partial(parallel_env, action_mode=mode), num_cycles=20)


def test_the_official_max_cycles_test_passes() -> None:
    max_cycles_test(corewar_v0)


def test_the_official_render_test_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)  # with one: see test_screen
    render_test(env)


def test_pettingzoo_makes_it_by_name() -> None:
    assert str(pettingzoo.make("parallel", "corewar_v0", n_agents=2)) == "corewar_v0"
    aec = pettingzoo.make("aec", "corewar_v0", n_agents=3)
    aec.reset(seed=1)
    assert aec.agents == ["warrior_0", "warrior_1", "warrior_2"]


def test_aec_and_parallel_are_the_same_game() -> None:
    aec, parallel = env(max_cycles=3), parallel_env(max_cycles=3)
    observations, infos = parallel.reset(seed=7)
    aec.reset(seed=7)
    for agent in parallel.possible_agents:
        parallel.action_space(agent).seed(7)
    rewards = dict.fromkeys(parallel.possible_agents, 0)
    while parallel.agents:
        actions = {}
        for agent in parallel.agents:
            seen, reward, terminated, truncated, info = aec.last()
            assert aec.agent_selection == agent
            assert (reward, terminated, truncated) == (rewards[agent], False, False)
            assert data_equivalence([seen, info], [observations[agent], infos[agent]], exact=True)
            actions[agent] = parallel.action_space(agent).sample(infos[agent]["action_mask"])
            aec.step(actions[agent])
        observations, rewards, _, truncations, infos = parallel.step(actions)
    assert all(truncations.values())
    for agent in parallel.possible_agents:
        seen, reward, _, truncated, _ = aec.last()
        assert (reward, truncated) == (rewards[agent], True)
        assert data_equivalence(seen, observations[agent], exact=True)
        aec.step(None)
    assert not aec.agents


@pytest.mark.parametrize(("reward", "stop"), [("fitness", "all_dead"), ("points", "last_standing")])
def test_rewards_are_those_of_the_battle_the_info_names(reward: str, stop: Any) -> None:
    game = parallel_env(reward=reward, n_agents=3)
    game.reset(seed=4)
    bomb = np.array([1, 0, 0, 0, 0, 0, 0, 0])  # warrior_0 becomes a DAT and dies
    actions = {"warrior_0": bomb, "warrior_1": NOOP, "warrior_2": NOOP}
    _, rewards, _, _, infos = game.step(actions)
    warriors = tuple(assemble(info["redcode"], FAST) for info in infos.values())
    places = seated(FAST, 3, 4, int(infos["warrior_0"]["seeds"][0]))
    [result] = battle_batch([Battle(warriors, FAST, places, stop)])
    scores = fitness(result) if reward == "fitness" else result.points
    assert list(rewards.values()) == scores.mean(axis=0).tolist()
    assert rewards["warrior_0"] < rewards["warrior_1"]
    assert infos["warrior_1"]["scores"][0] == 1


def test_a_lost_battle_kills_no_agent_and_an_illegal_edit_costs() -> None:
    game = parallel_env(n_agents=2, start=assemble("DAT 0, 0\n", FAST))
    game.reset(seed=1)
    _, rewards, terminations, truncations, infos = game.step(
        {"warrior_0": DELETE, "warrior_1": NOOP}
    )
    assert rewards["warrior_1"] - rewards["warrior_0"] == pytest.approx(0.01)
    assert "one instruction" in infos["warrior_0"]["errors"][0]
    assert not any(terminations.values())
    assert not any(truncations.values())
    assert game.agents == ["warrior_0", "warrior_1"]


def test_masks_are_those_of_the_warrior() -> None:
    _, infos = parallel_env(n_agents=2).reset(seed=1)
    kinds, slots, *others = infos["warrior_0"]["action_mask"]
    assert kinds.dtype == np.int8
    assert kinds.tolist() == [1, 1, 1, 0, 0]
    assert slots.tolist() == [1] + [0] * 19
    assert all(mask.all() for mask in others)
    assert "action_mask" not in parallel_env(action_mode="redcode").reset(seed=1)[1]["warrior_0"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"n_agents": 1}, "n_agents is 1"),
        ({"n_agents": 81}, "fewer warriors"),
        ({"ruleset": "nop95"}, "nop94, draft94"),
        ({"ruleset": "icws88"}, "standard '88'"),
        ({"ruleset": "tiny", "max_length": 21}, r"1\.\.20"),
        ({"action_mode": "edits"}, "edit, program, redcode"),
        ({"reward": "score"}, "'fitness', 'points'"),
        ({"render_mode": "rgb"}, "'ansi', 'rgb_array'"),
        ({"start": []}, "n_agents is 4"),
    ],
)
def test_bad_arguments_name_what_is_allowed(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        corewar_v0.parallel_env(**arguments)


def test_calls_out_of_order_and_actions_out_of_space() -> None:
    game = parallel_env(n_agents=2)
    for call in (lambda: game.step({}), game.render):
        with pytest.raises(ResetNeeded, match="reset"):
            call()
    game.reset(seed=1)
    with pytest.raises(InvalidAction, match="MultiDiscrete"):
        game.step({"warrior_0": NOOP, "warrior_1": np.full(8, 99)})
    checked = env(n_agents=2)
    with pytest.raises(AssertionError, match=r"reset\(\) needs to be called"):
        checked.step(NOOP)
    checked.reset(seed=1)
    with pytest.raises(AssertionError, match="not in action space"):
        checked.step(np.full(8, 99))
