"""Gymnasium's `CoreWar-v0`: one agent against opponents."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from coreenv import game
from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.config import CoreConfig
from coreenv.edits import ActionMode, Edit, Edits
from coreenv.game import Opponent, Outcome, View, duels
from coreenv.measures import seated
from coreenv.redcode import Warrior

Reward = Literal["change", "score"]
Observation = dict[str, Any]
Info = dict[str, Any]

RENDER_MODES: Final = ("human", "ansi", "rgb_array")


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
    ``opponents`` Box (3 K,) for K opponents; Boxes are float32. See `coreenv.game.View.space`.

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
    `coreenv.game.View.info`. Battle i is
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
        render_mode: ``"human"`` (text on standard output), ``"ansi"``, ``"rgb_array"`` or None.

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
        check_choice("render_mode", render_mode, (*RENDER_MODES, None))
        self.render_mode = render_mode
        self.config = game.rules(ruleset)
        self.opponents = game.opponents(opponents, self.config)
        self.battles = game.checked("battles", battles)
        self.max_cycles = game.checked("max_cycles", max_cycles)
        self.threads = game.checked("threads", threads)
        self._edits = Edits(action_mode, self.config, max_length)
        self._start = game.start_warrior(start, self._edits)
        self._view = View(self._edits, self.config, len(self.opponents))
        self._reward = reward
        self._penalty = assembly_penalty if action_mode == "redcode" else illegal_penalty
        self.action_space = self._edits.space()
        self.observation_space = self._view.space()
        self._steps = self.max_cycles
        self._score = 0.0
        self._edit: Edit | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Start an episode. ``seed`` seeds all randomness there is; ``options`` has no meaning."""
        super().reset(seed=seed, options=options)
        return self.opening(self._fight(self.begin()))

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, Info]:
        """
        Raises:
            ResetNeeded: before the first `reset`, or after the episode ended.
            InvalidAction: ``action`` is not in the action space.
        """
        return self.outcome(self._fight(self.act(action)))

    def action_masks(self) -> NDArray[np.bool_]:
        """Which numbers of the action are legal: flat bool, of length ``sum(nvec)``.

        Every combination of what it allows is legal.

        Raises:
            ResetNeeded: before the first `reset`.
            ValueError: in mode ``"redcode"``.
        """
        return np.concatenate(self._edits.masks(self._current("action_masks").warrior)).astype(bool)

    def render(self) -> Any:
        """The core after the first round against the first opponent, in the render mode.

        Raises:
            ResetNeeded: before the first `reset`.
        """
        self._current("render")
        if self.render_mode is None:
            gymnasium.logger.warn("render() without a render_mode shows nothing")
            return None
        return show(self._battles[0], self.render_mode)

    # A step and a reset are each cut in two where the battles are played, so that the vector
    # environment can play those of all its environments at once.

    def begin(self) -> list[Battle]:
        """The first half of `reset`, after seeding: the battles to play."""
        self._seeds = game.draw_seeds(self.np_random, len(self.opponents))
        self._places = [seated(self.config, 2, self.battles, int(s)) for s in self._seeds]
        self._steps = 0
        return self._meet(Edit(self._start))

    def act(self, action: Any) -> list[Battle]:
        """The first half of `step`: edit, and the battles to play."""
        warrior = self._current("step").warrior
        if self._steps >= self.max_cycles:
            raise ResetNeeded(f"the episode ended after {self.max_cycles} steps; call reset()")
        check_action(action, self.action_space, self._edits.mode)
        self._steps += 1
        return self._meet(self._edits.apply(warrior, action))

    def opening(self, results: Sequence[BattleResult]) -> tuple[Observation, Info]:
        """The second half of `reset`."""
        seen = self._seen(duels(results))
        self._show_if_human()
        return seen

    def outcome(
        self, results: Sequence[BattleResult]
    ) -> tuple[Observation, float, bool, bool, Info]:
        """The second half of `step`."""
        before, outcome = self._score, duels(results)
        observation, info = self._seen(outcome)
        gain = outcome.score - before if self._reward == "change" else outcome.score
        reward = gain - self._penalty * bool(info["errors"])
        self._show_if_human()
        return observation, reward, False, self._steps >= self.max_cycles, info

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

    def _fight(self, battles: Sequence[Battle]) -> list[BattleResult]:
        return battle_batch(battles, threads=self.threads)

    def _seen(self, outcome: Outcome) -> tuple[Observation, Info]:
        edit, self._score = self._current("reset"), outcome.score
        budget = 1 - self._steps / self.max_cycles
        observation = self._view.observation(edit.warrior, outcome, budget)
        return observation, self._view.info(edit, outcome, self._seeds)

    def _show_if_human(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _current(self, verb: str) -> Edit:
        if self._edit is None:
            raise ResetNeeded(f"call reset() before {verb}()")
        return self._edit


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


def show(battle: Battle, mode: str) -> Any:
    """The core after the first round, in a render mode; ``"human"`` prints it."""
    from coreenv.render import ansi, rgb
    from coreenv.replay import CoreView

    view = CoreView.of_battle(battle, 0, None)
    if mode == "rgb_array":
        return rgb(view)
    if mode == "ansi":
        return ansi(view)
    print(ansi(view))
    return None


def check_choice(name: str, value: object, allowed: Sequence[object]) -> None:
    """
    Raises:
        ValueError: ``value`` is none of ``allowed``.
    """
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}")
