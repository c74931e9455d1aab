"""PPO that only ever makes legal edits: `python examples/masked_ppo.py --steps 20000`.

It needs the extra `rl`. The game and the settings are those of `ppo.py`; with masks no try is
spent on an edit that changes nothing, so far fewer steps will do.
"""

from typing import Any

import torch
import tyro
from ppo import ENVIRONMENT, ENVIRONMENTS, LAST, SETTINGS
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.evaluation import evaluate_policy
from stable_baselines3.common.env_util import make_vec_env

import coreenv  # noqa: F401  registers CoreWar-v0


def main(steps: int = 20_000, seed: int = 1) -> None:
    """Train MaskablePPO and print what its policy scores.

    Args:
        steps: edits to learn from.
        seed: of the networks, the actions and the battles.
    """
    torch.set_num_threads(1)  # the networks are too small for two threads to pay
    env = make_vec_env("CoreWar-v0", ENVIRONMENTS, seed=seed, env_kwargs=ENVIRONMENT)
    model = MaskablePPO("MultiInputPolicy", env, seed=seed, device="cpu", **SETTINGS)
    model.learn(steps)
    illegal: list[str] = []

    def note(step: dict[str, Any], _: dict[str, Any]) -> None:
        illegal.extend(step["info"]["errors"])

    # The blank page scores 0, so what an episode gains is its score.
    score, _ = evaluate_policy(model, env, LAST, deterministic=False, callback=note)
    print(f"{LAST} episodes: score {score:.3f}, {len(illegal)} illegal edits")


if __name__ == "__main__":
    tyro.cli(main)
