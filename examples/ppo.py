"""PPO learns to write a warrior, one edit at a time.

    python examples/ppo.py --minutes 5 --seed 1

It needs the extra `rl`. At the end it compares the scores of its last episodes with those of a
random agent in the same environment; `--plot curve.png` draws how they came about.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
import tyro
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from random_agent import final_scores
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

import coreenv  # noqa: F401  registers CoreWar-v0
from coreenv.config import CoreConfig
from coreenv.game import HILL
from coreenv.hill import bundled
from coreenv.redcode import assemble

LAST = 50
"""Episodes that count: what PPO learned is its mean score in the last so many."""

T_QUANTILE = 2.01
"""0.975 quantile of Student's t at LAST - 1 degrees of freedom; Welch's are never fewer."""

RULES = CoreConfig(max_cycles=8000)  # a tenth of nop94, to play ten times the battles

# The agent starts from a blank page, one DAT, which loses every battle: whatever improves on it is
# worth trying. From the Imp, edits that lose points are thirty times as frequent as those that gain
# some, and PPO learns to edit nothing. So it may where illegal edits cost something, because most
# random ones are illegal while the warrior is short. Four slots are room enough for a bomber.
ENVIRONMENT: dict[str, Any] = {
    "ruleset": RULES,
    "start": assemble("DAT 0, 0", RULES),
    "max_length": 4,
    "max_cycles": 8,
    "battles": 2,
    "illegal_penalty": 0.0,
}

# The reward is what an edit gained, so nothing that an edit did is paid later: with gamma 0 it is
# not blamed for the edits after it, most of which spoil a good warrior while the policy is young.
# At first two edits in a thousand gain anything, hence small, frequent updates and some entropy.
SETTINGS: dict[str, Any] = {
    "gamma": 0.0,
    "n_steps": 32,
    "batch_size": 256,
    "n_epochs": 4,
    "learning_rate": 7e-4,
    "ent_coef": 0.02,
    "policy_kwargs": {"net_arch": [128, 128]},
}
ENVIRONMENTS = 16
FOREVER = 10**9
MILESTONES = ("Imp", "Pebble")  # of the hill: the simplest warrior, and a bomber of four lines


class Run(NamedTuple):
    """What one seed came to: scores of episodes in order, 0..1."""

    seed: int
    learned: NDArray[np.float64]
    random: NDArray[np.float64]

    def difference(self) -> tuple[float, float]:
        """PPO's mean over its last episodes minus the random agent's, and the half-width of the
        95% interval by Welch's formula."""
        last = self.learned[-LAST:]
        error = np.sqrt(last.var(ddof=1) / len(last) + self.random.var(ddof=1) / len(self.random))
        return float(last.mean() - self.random.mean()), float(T_QUANTILE * error)


class Score(BaseCallback):
    """Keeps the score of every finished episode, prints progress, and stops when time is up."""

    def __init__(self, minutes: float) -> None:
        super().__init__()
        self.scores: list[float] = []
        self.redcode = ""
        self._start = time.monotonic()
        self._limit = 60 * minutes
        self._next_line = 15.0

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.scores.append(info["score"])
                self.redcode = info["redcode"]
        seconds = time.monotonic() - self._start
        if seconds > self._next_line:
            self._next_line += 15
            print(
                f"{seconds:4.0f} s {self.num_timesteps:7} edits {len(self.scores):6} episodes"
                f"  score {np.mean(self.scores[-LAST:]):.3f}",
                flush=True,
            )
        return seconds < self._limit


def learn(minutes: float, seed: int) -> Run:
    """Train on one seed, then let the random agent play in the same environment."""
    env = make_vec_env("CoreWar-v0", ENVIRONMENTS, seed=seed, env_kwargs=ENVIRONMENT)
    model = PPO("MultiInputPolicy", env, seed=seed, device="cpu", **SETTINGS)
    score = Score(minutes)
    model.learn(FOREVER, callback=score)
    if len(score.scores) < LAST:
        raise SystemExit(f"{len(score.scores)} episodes are too few to judge: give more --minutes")
    print(f"its last warrior:\n{score.redcode}")
    random = final_scores(gymnasium.make("CoreWar-v0", **ENVIRONMENT), 4 * LAST, seed)
    return Run(seed, np.array(score.scores), np.array(random))


def table(runs: list[Run]) -> str:
    """One line for every seed."""
    lines = ["seed    PPO  random  difference (95% interval)"]
    for run in runs:
        gain, half = run.difference()
        lines.append(
            f"{run.seed:4}  {run.learned[-LAST:].mean():.3f}   {run.random.mean():.3f}  "
            f"{gain:6.3f} ({gain - half:.3f} to {gain + half:.3f})"
        )
    return "\n".join(lines)


def score_of(name: str) -> float:
    """How a warrior of the bundled hill does where PPO learns, as it is."""
    start = bundled(HILL).warrior(name)
    env = gymnasium.make("CoreWar-v0", **(ENVIRONMENT | {"start": start}))
    return float(np.mean([env.reset(seed=seed)[1]["score"] for seed in range(LAST)]))


def smoothed(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], ArrayLike]:
    """Mean scores of LAST consecutive episodes, and thousands of edits made at their end."""
    means = np.convolve(scores, np.full(LAST, 1 / LAST), mode="valid")
    return np.arange(LAST, len(scores) + 1) * ENVIRONMENT["max_cycles"] / 1000, means


def draw(runs: list[Run], path: Path) -> None:
    """The learning curves of all runs, over the band in which random agents score on average."""
    figure = Figure(figsize=(8, 4.5), dpi=120, facecolor="white", layout="constrained")
    axes = figure.subplots()
    for run in runs:
        axes.plot(*smoothed(run.learned), linewidth=1.1, alpha=0.9, label=f"PPO, seed {run.seed}")
    random = np.concatenate([run.random for run in runs])
    half = T_QUANTILE * random.std(ddof=1) / np.sqrt(len(random))
    low, high = random.mean() - half, random.mean() + half
    label = "random agent, 95% interval of the mean"
    axes.axhspan(low, high, color="#777777", alpha=0.6, label=label)
    for name in MILESTONES:
        score = score_of(name)
        axes.axhline(score, color="#444444", linestyle=":", linewidth=1)
        end = axes.get_yaxis_transform()  # x in shares of the width, y in scores
        axes.text(1, score, f"{name}, of the hill", ha="right", va="bottom", transform=end)
    axes.set_title("PPO learns to write a warrior in eight edits")
    axes.set_xlabel("edits made (thousands)")
    axes.set_ylabel(f"score at the end, mean of {LAST} episodes (0..1)")
    axes.set_ylim(-0.02, None)
    axes.margins(x=0.01)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center right", frameon=False)
    figure.savefig(path)


def main(minutes: float = 5.0, seed: tuple[int, ...] = (1,), plot: Path | None = None) -> None:
    """Train PPO and compare it with a random agent.

    Args:
        minutes: of training, for every seed.
        seed: one seed or several, trained one after the other.
        plot: file for a picture of the learning curves.
    """
    torch.set_num_threads(1)  # the networks are too small for two threads to pay
    runs = [learn(minutes, each) for each in seed]
    print(table(runs))
    if plot:
        draw(runs, plot)


if __name__ == "__main__":
    tyro.cli(main)
