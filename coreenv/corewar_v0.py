"""PettingZoo's `corewar_v0`: several agents, one core.

`parallel_env` is the environment itself, `raw_env` the same in turns (AEC), `env` that with
PettingZoo's checks of order and actions. PettingZoo's registry knows it as ``corewar_v0``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import gymnasium
import numpy as np
import pettingzoo  # type: ignore[import-untyped]
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from pettingzoo.utils.conversions import parallel_to_aec  # type: ignore[import-untyped]
from pettingzoo.utils.wrappers import (  # type: ignore[import-untyped]
    AssertOutOfBoundsWrapper,
    OrderEnforcingWrapper,
)

from coreenv import game
from coreenv.battle import Battle, Stop, battle_batch
from coreenv.config import CoreConfig
from coreenv.edits import ActionMode, Edit, Edits
from coreenv.game import check_choice
from coreenv.gym_env import check_action
from coreenv.measures import seated
from coreenv.redcode import Warrior
from coreenv.screen import RENDER_MODES, Screen, render_modes
from coreenv.view import Outcomes, Score, View, melee, row

Observation = dict[str, Any]
Info = dict[str, Any]
Start = Warrior | str | Path


class CoreWarParallelEnv(pettingzoo.ParallelEnv[str, Observation, Any]):  # type: ignore[misc]
    """Agents ``warrior_0``, ``warrior_1``... edit their warriors, which then fight in one core.

    ## Description
    Every agent owns one warrior, at first an Imp. In a step all agents edit at once, then all
    warriors fight in one core, from a set of starting positions that are drawn at `reset` and stay
    for the episode. Dying in a battle is a score: all agents live until the episode ends. In AEC
    the edits wait until the last agent has made its own; rewards and observations are the same.

    ## Action Space
    As in `coreenv.gym_env.CoreWarEnv`, by ``action_mode``: ``MultiDiscrete`` of length 8
    (``"edit"``) or 1 + 6 L (``"program"``), or ``Text`` (``"redcode"``). Legal numbers of a
    MultiDiscrete are in ``infos[agent]["action_mask"]``: a tuple of int8 arrays, as
    ``action_space(agent).sample(mask)`` takes it.

    ## Observation Space
    ``Dict`` of ``code``, ``fields``, ``stats`` and ``opponents``: see `coreenv.view.View.space`.
    The opponents are the other agents, in the order of `possible_agents`.

    ## Rewards
    The mean over the step's rounds of the warrior's DRQ fitness (``reward="fitness"``, 0..N), or
    of its points by pMARS's rule, (N*N - 1) // survivors (``reward="points"``). An illegal edit
    costs ``illegal_penalty``, source that does not assemble ``assembly_penalty``.

    ## Starting State
    The starting warriors have already fought: the first observations and infos show how they did.

    ## Episode End
    No agent ever terminates; all are truncated after ``max_cycles`` steps.

    ## Information
    ``redcode``, ``errors``, ``score``, ``scores``, ``phenotype``, ``seeds``: see
    `coreenv.view.View.infos`; and ``action_mask``. The battle is ``Battle(warriors, config,
    seated(config, N, battles, seeds[0]), stop)``, stop ``"all_dead"`` for fitness and
    ``"last_standing"`` for points.

    ## Arguments
    Args:
        n_agents: N, how many agents; they must fit into the core, min_distance apart.
        ruleset: name of a ruleset, or a `CoreConfig`, of standard "94".
        action_mode: ``"edit"``, ``"program"`` or ``"redcode"``.
        reward: ``"fitness"`` or ``"points"``.
        max_length: L, the longest warrior that an agent may make, in instructions.
        battles: rounds a step.
        max_cycles: steps of an episode. (The cycles of a round are the ruleset's.)
        start: the first warrior of every agent, or a sequence of one for each: a `Warrior` or a
            Redcode file; None is our Imp.
        illegal_penalty: taken off the reward for an illegal edit.
        assembly_penalty: taken off the reward for source that does not assemble.
        render_mode: ``"human"`` (a window), ``"ansi"``, ``"rgb_array"`` or None. Where no window
            can open, the metadata of the environment do not name ``"human"``, and `reset` and
            `step` raise `gymnasium.error.Error` in that mode.

    Raises:
        ValueError: an argument outside its range; the message names it and what is allowed.

    ## Version History
    - v0: initial version. A change of any default makes v1.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "name": "corewar_v0",
        "render_modes": list(RENDER_MODES),
        "render_fps": 4,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        *,
        n_agents: int = 4,
        ruleset: str | CoreConfig = "nop94",
        action_mode: ActionMode = "edit",
        reward: Score = "fitness",
        max_length: int = 20,
        battles: int = 4,
        max_cycles: int = 32,
        start: Start | Sequence[Start] | None = None,
        illegal_penalty: float = 0.01,
        assembly_penalty: float = 0.1,
        render_mode: str | None = None,
    ) -> None:
        check_choice("reward", reward, get_args(Score))
        self._screen = Screen(render_mode)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_modes": render_modes()}
        self.config = game.rules(ruleset)
        self.battles = game.checked("battles", battles)
        self.max_cycles = game.checked("max_cycles", max_cycles)
        self.possible_agents = [
            f"warrior_{i}" for i in range(game.checked("n_agents", n_agents, 2))
        ]
        seated(self.config, n_agents, 1, seed=1)  # says so if they need more room than there is
        self.agents: list[str] = []
        self._edits = Edits(action_mode, self.config, max_length)
        self._view = View(self._edits, self.config, n_agents - 1)
        self._starts = _starts(start, n_agents, self._edits)
        self._reward: Score = reward
        self._penalty = assembly_penalty if action_mode == "redcode" else illegal_penalty
        self.action_spaces = {agent: self._edits.space() for agent in self.possible_agents}
        self.observation_spaces = {agent: self._view.space() for agent in self.possible_agents}
        self._random: np.random.Generator | None = None

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """The action space of one agent, always the same object."""
        return self.action_spaces[agent]

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """The observation space of one agent, always the same object."""
        return self.observation_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, Info]]:
        """Start an episode. ``seed`` seeds all randomness there is; ``options`` has no meaning."""
        del options
        if seed is not None or self._random is None:
            self._random, _ = seeding.np_random(seed)
        self.agents = self.possible_agents[:]
        self._steps = 0
        self._seeds = game.draw_seeds(self._random, 1)
        edits = [Edit(start) for start in self._starts]
        return self._seen(edits, self._fight(edits))

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[
        dict[str, Observation],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, Info],
    ]:
        """
        Raises:
            ResetNeeded: before the first `reset`, or after the episode ended.
            KeyError: an agent has no action.
            InvalidAction: an action is not in its space.
        """
        if not self.agents:
            raise ResetNeeded("no agent is playing: call reset() before step()")
        agents = self.agents
        for agent in agents:
            check_action(actions[agent], self.action_spaces[agent], self._edits.mode)
        edits = [
            self._edits.apply(warrior, actions[agent])
            for agent, warrior in zip(agents, self._battle.warriors, strict=True)
        ]
        self._steps += 1
        outcomes = self._fight(edits)
        observations, infos = self._seen(edits, outcomes)
        rewards = {
            agent: score - self._penalty * bool(edit.errors)
            for agent, edit, score in zip(agents, edits, outcomes.score.tolist(), strict=True)
        }
        over = self._steps >= self.max_cycles
        self.agents = [] if over else agents
        return (
            observations,
            rewards,
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, over),
            infos,
        )

    def render(self) -> Any:
        """The first round: see `coreenv.screen.Screen.show`.

        Raises:
            ResetNeeded: before the first `reset`.
            gymnasium.error.Error: mode ``"human"``, but no window can open.
        """
        if self._random is None:
            raise ResetNeeded("call reset() before render()")
        if self.render_mode is None:
            gymnasium.logger.warn("render() without a render_mode shows nothing")
        return self._screen.show(self._battle, self.possible_agents)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._screen.close()

    def __str__(self) -> str:
        return "corewar_v0"

    def _fight(self, edits: Sequence[Edit]) -> Outcomes:
        warriors = tuple(edit.warrior for edit in edits)
        places = seated(self.config, len(warriors), self.battles, int(self._seeds[0]))
        stop: Stop = "all_dead" if self._reward == "fitness" else "last_standing"
        self._battle = Battle(warriors, self.config, places, stop)
        [result] = battle_batch([self._battle])
        return melee(result, self._reward)

    def _seen(
        self, edits: Sequence[Edit], outcomes: Outcomes
    ) -> tuple[dict[str, Observation], dict[str, Info]]:
        if self.render_mode == "human":
            self.render()
        budget = max(0.0, 1 - self._steps / self.max_cycles)
        warriors = [edit.warrior for edit in edits]
        stacked = self._view.observations(warriors, outcomes, [budget] * len(edits))
        told = self._view.infos(edits, outcomes, [self._seeds] * len(edits))
        observations = {agent: row(stacked, i) for i, agent in enumerate(self.possible_agents)}
        infos = {agent: row(told, i) for i, agent in enumerate(self.possible_agents)}
        if self._edits.mode != "redcode":
            for agent, warrior in zip(self.possible_agents, warriors, strict=True):
                infos[agent]["action_mask"] = self._edits.masks(warrior)
        return observations, infos


def _starts(start: Start | Sequence[Start] | None, n_agents: int, edits: Edits) -> list[Warrior]:
    if start is None or isinstance(start, Warrior | str | Path):
        return [game.start_warrior(start, edits)] * n_agents
    if len(start) != n_agents:
        raise ValueError(f"start holds {len(start)} warriors; n_agents is {n_agents}")
    return [game.start_warrior(each, edits) for each in start]


def parallel_env(**arguments: Any) -> CoreWarParallelEnv:
    """The environment, all agents acting at once. Arguments: see `CoreWarParallelEnv`."""
    return CoreWarParallelEnv(**arguments)


def raw_env(**arguments: Any) -> pettingzoo.AECEnv[str, Observation, Any]:
    """The environment in turns, without checks. Arguments: see `CoreWarParallelEnv`."""
    return parallel_to_aec(parallel_env(**arguments))


def env(**arguments: Any) -> pettingzoo.AECEnv[str, Observation, Any]:
    """The environment in turns, with PettingZoo's checks. Arguments: see `CoreWarParallelEnv`."""
    return OrderEnforcingWrapper(AssertOutOfBoundsWrapper(raw_env(**arguments)))


if "corewar-v0" not in pettingzoo.aec_registry:
    pettingzoo.register("aec", "corewar_v0", entry_point="coreenv.corewar_v0:env")
    pettingzoo.register("parallel", "corewar_v0", entry_point="coreenv.corewar_v0:parallel_env")
