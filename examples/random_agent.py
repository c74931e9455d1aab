"""A random agent, the baseline of every other: `python examples/random_agent.py --episodes 20`."""

from typing import Any

import gymnasium
import numpy as np
import tyro

import coreenv  # noqa: F401  registers CoreWar-v0


def final_scores(env: gymnasium.Env[Any, Any], episodes: int, seed: int) -> list[float]:
    """The scores, 0..1, at the end of so many episodes of random actions, illegal ones too."""
    env.action_space.seed(seed)
    env.reset(seed=seed)
    scores: list[float] = []
    while len(scores) < episodes:
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        if terminated or truncated:
            scores.append(info["score"])
            env.reset()
    return scores


def main(episodes: int = 20, seed: int = 1) -> None:
    """Edit warriors at random and print how they end, beside the Imp that they begin as.

    Args:
        episodes: how many warriors.
        seed: of the actions and of the battles.
    """
    env = gymnasium.make("CoreWar-v0")
    _, info = env.reset(seed=seed)
    scores = final_scores(env, episodes, seed)
    print(f"the Imp scores {info['score']:.3f}")
    print(f"{episodes} random agents score {np.mean(scores):.3f}, the best {max(scores):.3f}")


if __name__ == "__main__":
    tyro.cli(main)
