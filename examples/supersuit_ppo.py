"""Four agents in one core, taught by one PPO through SuperSuit: `python examples/supersuit_ppo.py`.

It needs the extra `rl`. All agents share one policy, so it learns from four warriors a step.
"""

from typing import Any

import supersuit  # type: ignore[import-untyped]
import torch
import tyro
from stable_baselines3 import PPO
from stable_baselines3.common.utils import set_random_seed

from coreenv import corewar_v0


def main(steps: int = 4096, seed: int = 1) -> None:
    """Train one policy for all agents, then let it play one episode.

    Args:
        steps: edits to learn from, all agents taken together.
        seed: of the networks, the actions and the battles.
    """
    torch.set_num_threads(1)  # the networks are too small for two threads to pay
    arguments: dict[str, Any] = {"n_agents": 4, "ruleset": "tiny", "max_length": 8}
    agents = supersuit.pettingzoo_env_to_vec_env_v1(corewar_v0.parallel_env(**arguments))
    env = supersuit.concat_vec_envs_v1(agents, 2, base_class="stable_baselines3")
    env.venv.reset(seed=seed)  # SuperSuit's environments have no seed(), so neither PPO(seed=...)
    set_random_seed(seed)
    model = PPO("MultiInputPolicy", env, n_steps=128, batch_size=256, device="cpu")
    model.learn(steps)

    arena = corewar_v0.parallel_env(**arguments)
    observations, infos = arena.reset(seed=seed)
    while arena.agents:
        actions = {agent: model.predict(seen)[0] for agent, seen in observations.items()}
        observations, _, _, _, infos = arena.step(actions)
    for agent, info in infos.items():
        print(f"{agent} fitness {info['score']:.3f}")


if __name__ == "__main__":
    tyro.cli(main)
