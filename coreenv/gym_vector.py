"""`CoreWar-v0` several times over, with all battles of a step in one batch."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from itertools import chain, islice
from typing import Any, cast

import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import concatenate, iterate
from numpy.typing import NDArray

from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.game import checked
from coreenv.gym_env import CoreWarEnv, Info, Observation


class CoreWarVectorEnv(SyncVectorEnv):
    """Several `CoreWarEnv` whose battles of a step are played in one `battle_batch`.

    Trajectories are those of `gymnasium.vector.SyncVectorEnv`, in each autoreset mode; with
    ``threads`` above 1 they come sooner.

    Args:
        num_envs: how many environments.
        autoreset_mode: an `AutoresetMode` or its value.
        threads: of the batch; changes no result.
        **arguments: of every `CoreWarEnv`.

    Raises:
        ValueError: an argument outside its range.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        threads: int = 1,
        **arguments: Any,
    ) -> None:
        make: Callable[[], CoreWarEnv] = partial(CoreWarEnv, threads=threads, **arguments)
        self._threads = threads
        super().__init__([make] * checked("num_envs", num_envs), autoreset_mode=autoreset_mode)

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One step of every environment.

        Raises:
            ResetNeeded: before the first `reset`; or, with autoreset disabled, an episode ended.
            InvalidAction: an action is not in the action space.
        """
        rows = list(iterate(self.action_space, actions))
        restarts = self.autoreset_mode is AutoresetMode.SAME_STEP
        fresh = self._autoreset_envs & (self.autoreset_mode is AutoresetMode.NEXT_STEP)
        played = self._fight(
            [
                env.begin() if again else env.act(row)
                for env, row, again in zip(self._each, rows, fresh, strict=True)
            ]
        )
        infos: dict[str, Any] = {}
        for i, results in enumerate(played):
            info = self._settle(i, results, bool(fresh[i]))
            if restarts and (self._terminations[i] or self._truncations[i]):
                info = {"final_obs": self._env_obs[i], "final_info": info}
            infos = self._add_info(infos, info, i)
        self._autoreset_envs = self._terminations | self._truncations
        if restarts:
            infos = self._restart(np.flatnonzero(self._autoreset_envs).tolist(), infos)
        self._observations = concatenate(
            self.single_observation_space, self._env_obs, self._observations
        )
        copies = (self._rewards.copy(), self._terminations.copy(), self._truncations.copy())
        return deepcopy(self._observations), *copies, infos

    def _settle(self, i: int, results: Sequence[BattleResult], fresh: bool) -> Info:
        values: tuple[float, bool, bool] = (0.0, False, False)
        if fresh:
            self._seen[i], info = self._each[i].opening(results)
        else:
            self._seen[i], *values, info = self._each[i].outcome(results)  # type: ignore[assignment]
        self._rewards[i], self._terminations[i], self._truncations[i] = values
        return info

    def _restart(self, ended: list[int], infos: dict[str, Any]) -> dict[str, Any]:
        played = self._fight([self._each[i].begin() for i in ended])
        for i, results in zip(ended, played, strict=True):
            self._seen[i], info = self._each[i].opening(results)
            infos = self._add_info(infos, info, i)
        return infos

    @property
    def _each(self) -> list[CoreWarEnv]:
        return cast("list[CoreWarEnv]", self.envs)

    @property
    def _seen(self) -> list[Observation]:
        return cast("list[Observation]", self._env_obs)

    def _fight(self, groups: Sequence[Sequence[Battle]]) -> list[list[BattleResult]]:
        """The results of all groups of battles, played in one batch."""
        results = iter(battle_batch(list(chain(*groups)), threads=self._threads))
        return [list(islice(results, len(group))) for group in groups]
