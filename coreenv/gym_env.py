"""Gymnasium's `CoreWar-v0`: one agent against opponents."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from coreenv import game
from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.config import CoreConfig
from coreenv.edits import ActionMode, Edit, Edits
from coreenv.game import Opponent, check_choice
from coreenv.measures import seated
from coreenv.redcode import Warrior
from coreenv.screen import RENDER_MODES, Screen, render_modes
from coreenv.view import View, duels, row

Reward = Literal["change", "score"]
Observation = dict[str, Any]
Info = dict[str, Any]


class CoreWarEnv(gymnasium.Env[Observation, Any]):
    """A warrior is edited step by step, to do better in duels against a set of opponents.

    ## Description
    The agent owns one warrior, at first an Imp. Every step edits it; then it fights every opponent
    from a set of starting positions which are drawn at `reset` and stay for the episode. So doing
    nothing changes nothing, and losing is a score, not an end.

    ## Action Space
    By ``action_mode``, with L = ``max_length``:

    - ``"edit"``: ``MultiDiscrete([5, L, 16, 7, 8, 61, 8, 61])``, int64: kind (noop, replace,
      insert, delete, swap), slot, opcode, modifier, A mode, A operand, B mode, B operand. Operands
      are numbers of `coreenv.edits.operand_bins`. Replace overwrites the slot, insert puts the
      instruction after it, delete removes it, swap exchanges it with the next one.
    - ``"program"``: ``MultiDiscrete([L] + [16, 7, 8, 61, 8, 61] * L)``: the length minus 1, and all
      instructions.
    - ``"redcode"``: ``Text``: source. Any str is taken, even outside the space.

    `action_masks` tells which numbers of a MultiDiscrete are legal.

    ## Observation Space
    ``Dict`` of ``code`` MultiDiscrete (5 L,), ``fields`` Box (2 L,), ``stats`` Box (8,) and
    ``opponents`` Box (3 K,) for K opponents; Boxes are float32. See `coreenv.view.View.space`.

    ## Rewards
    A round scores 1 if the warrior alone survives, 1/3 if both do, 0 if it dies. The reward is the
    change of the mean score of all rounds since the last step (``reward="change"``), so the return
    is what the episode gained, or the score itself (``reward="score"``). An edit that is illegal
    costs ``illegal_penalty``, source that does not assemble ``assembly_penalty``; both leave the
    warrior as it was and are told in ``info["errors"]``.

    ## Starting State
    The starting warrior has already fought: the first observation and info show how it did.

    ## Episode End
    It never terminates, and is truncated after ``max_cycles`` steps.

    ## Information
    ``redcode``, ``errors``, ``score``, ``scores``, ``phenotype``, ``seeds``: see
    `coreenv.view.View.infos`. Battle i is
    ``Battle((warrior, opponent_i), config, seated(config, 2, battles, seeds[i]))``.

    ## Arguments
    Args:
        ruleset: name of a ruleset, or a `CoreConfig`, of standard "94".
        opponents: a split of the bundled hill (``"dev"``: the 8 that re-score archives), or a
            sequence of warriors, Redcode files, and callables. A callable gets the agent's warrior
            and the environment's generator, and returns the warrior to fight; it is asked anew
            each step.
        action_mode: ``"edit"``, ``"program"`` or ``"redcode"``.
        reward: ``"change"`` or ``"score"``.
        max_length: L, the longest warrior that the agent may make, in instructions.
        battles: rounds against each opponent a step.
        max_cycles: steps of an episode. (The cycles of a round are the ruleset's.)
        start: the first warrior: a `Warrior` or a Redcode file; None is our Imp.
        illegal_penalty: taken off the reward for an illegal edit.
        assembly_penalty: taken off the reward for source that does not assemble.
        threads: of the battles; changes no result.
        render_mode: ``"human"`` (a window), ``"ansi"``, ``"rgb_array"`` or None. Where no window
            can open, the metadata of the environment do not name ``"human"``, and `reset` and
            `step` raise `gymnasium.error.Error` in that mode.

    Raises:
        ValueError: an argument outside its range; the message names it and what is allowed.

    ## Version History
    - v0: initial version. A change of any default makes v1.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        *,
        ruleset: str | CoreConfig = "nop94",
        opponents: str | Sequence[Opponent | str | Path] = "dev",
        action_mode: ActionMode = "edit",
        reward: Reward = "change",
        max_length: int = 20,
        battles: int = 4,
        max_cycles: int = 32,
        start: Warrior | str | Path | None = None,
        illegal_penalty: float = 0.01,
        assembly_penalty: float = 0.1,
        threads: int = 1,
        render_mode: str | None = None,
    ) -> None:
        check_choice("reward", reward, get_args(Reward))
        self._screen = Screen(render_mode)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_modes": render_modes()}
        self.config = game.rules(ruleset)
        self.opponents = game.opponents(opponents, self.config)
        self.battles = game.checked("battles", battles)
        self.max_cycles = game.checked("max_cycles", max_cycles)
        self.threads = game.checked("threads", threads)
        self.action_mode = action_mode
        self._edits = Edits(action_mode, self.config, max_length)
        self._start = game.start_warrior(start, self._edits)
        self._view = View(self._edits, self.config, len(self.opponents))
        self._reward = reward
        self._penalty = assembly_penalty if action_mode == "redcode" else illegal_penalty
        self.action_space = self._edits.space()
        self.observation_space = self._view.space()
        self._steps = 0
        self._score = 0.0
        self._edit: Edit | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Start an episode. ``seed`` seeds all randomness there is; ``options`` has no meaning."""
        del options
        seen = self._play(self.begin(seed))
        return seen.observation(0), seen.info(0)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, Info]:
        """
        Raises:
            ResetNeeded: before the first `reset`, or after the episode ended.
            InvalidAction: ``action`` is not in the action space.
        """
        self.expect_step()
        check_action(action, self.action_space, self.action_mode)
        seen = self._play(self.act(action))
        return seen.observation(0), float(seen.rewards[0]), False, self.is_over, seen.info(0)

    def action_masks(self) -> NDArray[np.bool_]:
        """Which numbers of the action are legal: flat bool, of length ``sum(nvec)``.

        Every combination of what it allows is legal.

        Raises:
            ResetNeeded: before the first `reset`.
            ValueError: in mode ``"redcode"``.
        """
        return np.concatenate(self._edits.masks(self._current("action_masks").warrior)).astype(bool)

    def render(self) -> Any:
        """The first round against the first opponent: see `coreenv.screen.Screen.show`.

        Raises:
            ResetNeeded: before the first `reset`.
            gymnasium.error.Error: mode ``"human"``, but no window can open.
        """
        self._current("render")
        if self.render_mode is None:
            gymnasium.logger.warn("render() without a render_mode shows nothing")
        return self._screen.show(self._battles[0])

    def close(self) -> None:
        """Close the window, if there is one."""
        self._screen.close()

    # A step and a reset are each cut in two where the battles are played, so that the vector
    # environment can play and judge those of all its environments at once: `begin` or `act`,
    # then `seen`.

    @property
    def is_over(self) -> bool:
        """Has the episode been truncated?"""
        return self._steps >= self.max_cycles

    def expect_step(self) -> None:
        """
        Raises:
            ResetNeeded: no step may follow, before the first `reset` or after the episode's end.
        """
        self._current("step")
        if self.is_over:
            raise ResetNeeded(f"the episode ended after {self.max_cycles} steps; call reset()")

    def begin(self, seed: int | None = None) -> list[Battle]:
        """The first half of `reset`: the battles to play."""
        super().reset(seed=seed)
        self._seeds = game.draw_seeds(self.np_random, len(self.opponents))
        self._places = [seated(self.config, 2, self.battles, int(s)) for s in self._seeds]
        self._steps = 0
        return self._meet(Edit(self._start))

    def act(self, action: Any) -> list[Battle]:
        """The first half of `step`: edit, and the battles to play. The action is a legal one."""
        warrior = self._current("step").warrior
        self._steps += 1
        return self._meet(self._edits.apply(warrior, action))

    @staticmethod
    def seen(envs: Sequence["CoreWarEnv"], results: Sequence[BattleResult]) -> "Seen":
        """The second half of both: what equally made environments see of their battles.

        Args:
            results: of all battles of the first environment, then of all of the second...
        """
        first, edits = envs[0], [env._current("reset") for env in envs]
        outcomes = duels(results, len(envs))
        before = np.array([env._score for env in envs])
        illegal = np.array([bool(edit.errors) for edit in edits])
        gain = outcomes.score - before if first._reward == "change" else outcomes.score
        budgets = [1 - env._steps / env.max_cycles for env in envs]
        for env, score in zip(envs, outcomes.score.tolist(), strict=True):
            env._score = score
            if env.render_mode == "human":
                env.render()
        return Seen(
            first._view.observations([edit.warrior for edit in edits], outcomes, budgets),
            gain - first._penalty * illegal,
            first._view.infos(edits, outcomes, [env._seeds for env in envs]),
        )

    def _play(self, battles: Sequence[Battle]) -> "Seen":
        return self.seen([self], battle_batch(battles, threads=self.threads))

    def _meet(self, edit: Edit) -> list[Battle]:
        self._edit = edit
        self._battles = [
            Battle((edit.warrior, self._answer(opponent, edit.warrior)), self.config, places)
            for opponent, places in zip(self.opponents, self._places, strict=True)
        ]
        return self._battles

    def _answer(self, opponent: Opponent, warrior: Warrior) -> Warrior:
        if isinstance(opponent, Warrior):
            return opponent
        answer = opponent(warrior, self.np_random)
        if not isinstance(answer, Warrior):
            raise TypeError(f"opponent {opponent!r} returned {answer!r}; it must return a Warrior")
        return answer

    def _current(self, verb: str) -> Edit:
        if self._edit is None:
            raise ResetNeeded(f"call reset() before {verb}()")
        return self._edit


class Seen(NamedTuple):
    """What n environments return after their battles, stacked along a first axis.

    Attributes:
        observations: members of the observation space.
        rewards: float64, shape (n,); without meaning after a reset.
        infos: see `coreenv.view.View.infos`.
    """

    observations: dict[str, NDArray[Any]]
    rewards: NDArray[np.float64]
    infos: dict[str, Any]

    def observation(self, i: int) -> Observation:
        return row(self.observations, i)

    def info(self, i: int) -> Info:
        return row(self.infos, i)


def check_action(action: Any, space: gymnasium.Space[Any], mode: ActionMode) -> None:
    """
    Raises:
        InvalidAction: ``action`` is not in ``space``; in mode ``"redcode"``, it is no str.
    """
    if mode == "redcode":
        if not isinstance(action, str):
            raise InvalidAction(f"action is {action!r}; action_mode 'redcode' takes a str")
    elif not space.contains(action):
        raise InvalidAction(f"action is {action!r}; it must be in {space}")
