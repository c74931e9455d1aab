"""`CoreWar-v0` several times over, with all battles of a step in one batch."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import iterate
from numpy.typing import NDArray

from coreenv.battle import Battle, battle_batch
from coreenv.game import checked
from coreenv.gym_env import CoreWarEnv, Seen, check_action

WORTH_A_THREAD = 1_000_000
"""Turns from which on a further thread gains more than it costs: it starts in some 50 us."""


class CoreWarVectorEnv(SyncVectorEnv):
    """Several `CoreWarEnv` whose battles are played in one `battle_batch` and judged together.

    Trajectories are those of `gymnasium.vector.SyncVectorEnv`, in each autoreset mode; they only
    come sooner.

    Args:
        num_envs: how many environments.
        autoreset_mode: an `AutoresetMode` or its value.
        threads: of the batch, at most; None for one a processor. It changes no result.
        **arguments: of every `CoreWarEnv`.

    Raises:
        ValueError: an argument outside its range.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
        **arguments: Any,
    ) -> None:
        make: Callable[[], CoreWarEnv] = partial(CoreWarEnv, **arguments)
        self._threads = checked("threads", (os.cpu_count() or 1) if threads is None else threads)
        super().__init__([make] * checked("num_envs", num_envs), autoreset_mode=autoreset_mode)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Start an episode in every environment.

        Args:
            seed: of the first environment, the others get the next ones; or one for each.
            options: ``{"reset_mask": mask}``, bool of shape (num_envs,), resets only some.

        Raises:
            ValueError: not one seed for each environment, or a mask that is not as said.
        """
        if seed is None or isinstance(seed, int):
            seeds = [None if seed is None else seed + i for i in range(self.num_envs)]
        elif len(seed) == self.num_envs:
            seeds = list(seed)
        else:
            raise ValueError(
                f"seed holds {len(seed)} seeds; there are {self.num_envs} environments"
            )
        chosen = self._chosen(options or {})
        self._autoreset_envs[chosen] = False
        seen = self._play(chosen, [self._each[i].begin(seeds[i]) for i in chosen])
        return self._observed(chosen, seen), self._spread({}, seen.infos, chosen)

    def step(
        self, actions: Any
    ) -> tuple[
        dict[str, NDArray[Any]],
        NDArray[np.float64],
        NDArray[np.bool_],
        NDArray[np.bool_],
        dict[str, Any],
    ]:
        """One step of every environment.

        Raises:
            ResetNeeded: before the first `reset`; or, with autoreset disabled, an episode ended.
            InvalidAction: an action is not in the action space. Nothing was done.
        """
        fresh = self._autoreset_envs & (self.autoreset_mode is AutoresetMode.NEXT_STEP)
        rows = list(iterate(self.action_space, actions))
        self._admit(actions, rows, fresh)
        everyone = np.arange(self.num_envs)
        battles = [
            env.begin() if again else env.act(action)
            for env, action, again in zip(self._each, rows, fresh, strict=True)
        ]
        seen = self._play(everyone, battles)
        rewards = np.where(fresh, 0.0, seen.rewards)
        truncated = np.array([env.is_over for env in self._each])
        self._autoreset_envs = truncated.copy()
        infos = self._spread({}, seen.infos, everyone)
        observations = self._observed(everyone, seen)
        if truncated.any() and self.autoreset_mode is AutoresetMode.SAME_STEP:
            ended = np.flatnonzero(truncated)
            for i in ended.tolist():
                final = {"final_obs": seen.observation(i), "final_info": seen.info(i)}
                infos = self._add_info(infos, final, i)
            seen = self._play(ended, [self._each[i].begin() for i in ended])
            infos = self._spread(infos, seen.infos, ended)
            observations = self._observed(ended, seen)
        return observations, rewards, np.zeros_like(truncated), truncated, infos

    @property
    def _each(self) -> list[CoreWarEnv]:
        return cast("list[CoreWarEnv]", self.envs)

    def _chosen(self, options: dict[str, Any]) -> NDArray[np.intp]:
        """The environments that ``reset_mask`` names; all if there is none."""
        mask = options.get("reset_mask", np.ones(self.num_envs, np.bool_))
        if (
            not isinstance(mask, np.ndarray)
            or mask.dtype != np.bool_
            or mask.shape != (self.num_envs,)
            or not mask.any()
        ):
            raise ValueError(
                f"reset_mask is {mask!r}; it must be a bool array of shape ({self.num_envs},) "
                "that is true somewhere"
            )
        return np.flatnonzero(mask)

    def _admit(self, actions: Any, rows: Sequence[Any], fresh: NDArray[np.bool_]) -> None:
        """Complain of actions before any of them is carried out."""
        mode = self._each[0].action_mode
        legal = isinstance(actions, np.ndarray) and self.action_space.contains(actions)
        for env, action, again in zip(self._each, rows, fresh, strict=True):
            if not again:
                env.expect_step()
                if not legal:
                    check_action(action, self.single_action_space, mode)

    def _play(self, chosen: NDArray[np.intp], battles: Sequence[Sequence[Battle]]) -> Seen:
        """What the chosen environments see of their battles."""
        batch = [battle for group in battles for battle in group]
        rounds = batch[0].placement.rounds * len(batch)
        useful = 1 + rounds * batch[0].config.max_cycles // WORTH_A_THREAD
        results = battle_batch(batch, threads=min(self._threads, useful))
        return CoreWarEnv.seen([self._each[i] for i in chosen], results)

    def _observed(self, chosen: NDArray[np.intp], seen: Seen) -> dict[str, NDArray[Any]]:
        """A copy of all observations, of which the chosen environments' are new."""
        kept = cast("dict[str, NDArray[Any]]", self._observations)
        for key, values in seen.observations.items():
            kept[key][chosen] = values
        return {key: values.copy() for key, values in kept.items()}

    def _spread(
        self, infos: dict[str, Any], stacked: dict[str, Any], chosen: NDArray[np.intp]
    ) -> dict[str, Any]:
        """``infos`` with those of the chosen environments, in Gymnasium's form: beside each key
        a mask of the environments that have it."""
        for key, values in stacked.items():
            if isinstance(values, dict):
                infos[key] = self._spread(infos.get(key, {}), values, chosen)
            else:
                if key not in infos:
                    nothing = None if values.dtype == object else 0
                    infos[key] = np.full((self.num_envs, *values.shape[1:]), nothing, values.dtype)
                infos[key][chosen] = values
            infos.setdefault(f"_{key}", np.zeros(self.num_envs, np.bool_))[chosen] = True
        return infos
