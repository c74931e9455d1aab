"""Steps per second of `CoreWar-v0`: one environment, Gymnasium's sixteen in a row, our sixteen."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any, Final, NamedTuple

from gymnasium.vector import SyncVectorEnv, VectorEnv

from coreenv.battle import Battle, battle_batch
from coreenv.config import ruleset
from coreenv.gym_env import CoreWarEnv, Seen
from coreenv.gym_vector import CoreWarVectorEnv
from coreenv.redcode import assemble

ENVS: Final = 16
TURNS: Final = 9
"""How often each side is measured, in turns; the fastest counts."""

OUTSIDE_GOAL: Final = 0.1
"""Share of a default step that may be spent outside its battles."""


class Setting(NamedTuple):
    """How environments are made, how many steps a turn takes (an episode has 32), and what ours
    must be beside `SyncVectorEnv`."""

    arguments: dict[str, Any]
    steps: int
    goal: float


SETTINGS: Final = {
    "default": Setting({}, 4, 1.8),
    "nano": Setting(
        {
            "ruleset": "nano",
            "opponents": [assemble("mov 0, 1", ruleset("nano"))],
            "max_length": 5,
            "battles": 1,
        },
        30,
        3.0,
    ),
}
"""The default, and the smallest battles: one a step, where all that counts is what is around."""

HEAD: Final = ("ruleset and battles", "one", "SyncVectorEnv", "ours", "ours / sync", "at least")


def sync(setting: Setting) -> SyncVectorEnv[Any, Any]:
    return SyncVectorEnv([partial(CoreWarEnv, **setting.arguments)] * ENVS)


def ours(setting: Setting, threads: int | None = None) -> CoreWarVectorEnv:
    return CoreWarVectorEnv(ENVS, threads=threads, **setting.arguments)


def course(env: CoreWarEnv | VectorEnv[Any, Any, Any], steps: int) -> Callable[[], None]:
    """The same ``steps`` random actions at every call, from the same start."""
    env.action_space.seed(1)
    actions = [env.action_space.sample() for _ in range(steps)]

    def run() -> None:
        env.reset(seed=1)
        for action in actions:
            env.step(action)

    run()
    return run


def rates(setting: Setting) -> list[float]:
    """Steps per second of one environment, of all in a row, and of all together."""
    sides = [CoreWarEnv(**setting.arguments), sync(setting), ours(setting)]
    runs = [course(side, setting.steps) for side in sides]
    seconds = [min(walls) for walls in zip(*(map(_wall, runs) for _ in range(TURNS)), strict=True)]
    steps = setting.steps + 1  # a reset plays as many battles as a step
    return [n * steps / s for n, s in zip((1, ENVS, ENVS), seconds, strict=True)]


def _wall(function: Callable[[], None]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


class _Clocked(CoreWarEnv):
    in_battles = 0.0

    def _play(self, battles: Sequence[Battle]) -> Seen:
        began = time.process_time()
        results = battle_batch(battles)
        self.in_battles += time.process_time() - began
        return self.seen([self], results)


def outside() -> float:
    """Share of CPU time that one environment at the default setting spends outside its battles."""
    env = _Clocked()
    run = course(env, 20)
    shares = []
    for _ in range(TURNS):
        env.in_battles, began = 0.0, time.process_time()
        run()
        shares.append(1 - env.in_battles / (time.process_time() - began))
    return median(shares)


def rows() -> list[tuple[tuple[str, ...], bool]]:
    """Cells under `HEAD` of each line, and whether it met its goal."""
    lines = []
    for name, setting in SETTINGS.items():
        measured = rates(setting)
        ratio = measured[2] / measured[1]
        cells = (name, *(f"{rate:,.0f}" for rate in measured), f"**{ratio:.2f}**")
        lines.append(((*cells, f"{setting.goal}"), ratio >= setting.goal))
    return lines


def outside_row() -> tuple[tuple[str, ...], bool]:
    """What was measured, the share, its goal; and whether it met that."""
    share = outside()
    cells = ("a default step, share outside its battles", f"**{share:.1%}**", f"{OUTSIDE_GOAL:.0%}")
    return cells, share < OUTSIDE_GOAL
