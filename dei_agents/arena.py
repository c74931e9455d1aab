"""The arena: mutation policies as agents of the PettingZoo environment ``corewar_v0``.

An agent answers an observation with an action, a policy answers a `Context` with a `Proposal`; in
action mode ``"redcode"`` the two are the same. Every step each policy rewrites the warrior it has,
for better or worse, and all warriors fight in one core. Nobody selects: what a search adds to its
operators is what is missing here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from coreenv import MADE_BY
from coreenv.config import CoreConfig
from coreenv.corewar_v0 import Info, Observation, parallel_env
from coreenv.measures import Evaluation, Versus
from coreenv.redcode import assemble
from coreenv.seeds import Domain, generator
from dei_agents.config import ConfigError
from dei_agents.policy import CallId, Context, HaltError, MutationPolicy, Opponent
from eval.archive import Elite, Origin

BATTLES = 4
"""Battles a step, so that each of four agents holds each seat once."""


class Standing(BaseModel):
    """How one agent did.

    Attributes:
        agent: its name in the environment.
        operator: its policy.
        mean_reward: of all steps: DRQ fitness, 0 to the number of agents, less what penalties
            for source that did not assemble took.
        last_reward: of the last step.
        wins: steps in which it got more than every other agent.
        rejected: proposals that did not assemble.
        halted: why its policy stopped making proposals; empty if it did not.
        length: of its last warrior, in instructions.
        redcode: that warrior.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    operator: str
    mean_reward: float
    last_reward: float
    wins: int
    rejected: int
    halted: str
    length: int
    redcode: str


class ArenaResult(BaseModel):
    """An episode in the arena; ``standings`` in the order of the agents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_by: str
    ruleset: str
    seed: int
    steps: int
    standings: tuple[Standing, ...]


@dataclass
class PolicyAgent:
    """A mutation policy that acts in ``corewar_v0``.

    Args:
        policy: writes the actions.
        seat: number of the agent.
        config: the rules its proposals must keep to.
        seed: of the episode.
    """

    policy: MutationPolicy
    seat: int
    config: CoreConfig
    seed: int
    halted: str = ""

    def act(self, step: int, seen: Observation, info: Info, others: Sequence[Info]) -> str:
        """The source that replaces the agent's warrior; the warrior itself once the policy halted.

        Args:
            step: from 1.
            seen, info: what the environment returned to this agent.
            others: what it told the other agents, in their order.
        """
        if not self.halted:
            try:
                return self.policy.propose(self.context(step, seen, info, others)).source
            except HaltError as halt:
                self.halted = str(halt)
        return str(info["redcode"])

    def context(self, step: int, seen: Observation, info: Info, others: Sequence[Info]) -> Context:
        """What the environment shows, in a policy's terms."""
        shares = np.rint(seen["opponents"].reshape(-1, 3) * BATTLES).astype(int).tolist()
        versus: list[Versus] = [(more, less, equal) for more, equal, less in shares]
        tsp, mc = info["phenotype"]["tsp"], info["phenotype"]["mc"]
        call = CallId(self.seat, 1, step)
        return Context(
            self.config,
            generator(self.seed, Domain.CALL, *call),
            parent=Elite(
                assemble(info["redcode"], self.config),
                Evaluation(info["score"], tsp, mc, tuple(versus)),
                Origin(node=self.seat, round=1, call=step, operator=self.policy.name),
            ),
            opponents=tuple(
                Opponent(assemble(other["redcode"], self.config), fared)
                for other, fared in zip(others, versus, strict=True)
            ),
            call=call,
        )


def arena(
    policies: Sequence[MutationPolicy],
    *,
    steps: int,
    seed: int,
    config: CoreConfig,
    on_step: Callable[[ArenaResult], None] | None = None,
) -> ArenaResult:
    """Let policies play one episode against one another, all beginning as Imps.

    Args:
        policies: two at least; one agent each.
        steps: of the episode.
        seed: of placements and of the policies' choices.
        config: the rules of the battles.
        on_step: called with the result so far after every step.

    Raises:
        ConfigError: too few steps or policies, too many for the core, or a policy that cannot
            work under these rules.
    """
    if steps < 1:
        raise ConfigError(f"steps is {steps}; it must be at least 1")
    # The environment assembles without p-space, whatever the ruleset.
    players = _players(policies, replace(config, pspace_size=0), seed)
    try:
        env = parallel_env(
            n_agents=len(policies),
            ruleset=config,
            action_mode="redcode",
            max_length=config.max_length,
            battles=BATTLES,
            max_cycles=steps,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
    seen, infos = env.reset(seed=seed)
    rewards: list[list[float]] = []
    rejected = dict.fromkeys(env.agents, 0)
    while env.agents:
        actions = {}
        for agent, player in zip(env.agents, players, strict=True):
            others = [infos[other] for other in env.agents if other != agent]
            actions[agent] = player.act(len(rewards) + 1, seen[agent], infos[agent], others)
        seen, paid, _, _, infos = env.step(actions)
        rewards.append([paid[agent] for agent in paid])
        for agent, info in infos.items():
            rejected[agent] += bool(info["errors"])
        result = _result(config, players, rewards, rejected, infos)
        if on_step is not None:
            on_step(result)
    return result


def _players(
    policies: Sequence[MutationPolicy], config: CoreConfig, seed: int
) -> list[PolicyAgent]:
    players = []
    for seat, policy in enumerate(policies):
        try:
            policy.check(config)
        except ValueError as error:
            raise ConfigError(f"agents: {error}") from None
        players.append(PolicyAgent(policy, seat, config, seed))
    return players


def _result(
    config: CoreConfig,
    players: Sequence[PolicyAgent],
    rewards: Sequence[Sequence[float]],
    rejected: dict[str, int],
    infos: dict[str, Any],
) -> ArenaResult:
    paid = np.array(rewards)
    best = paid.max(axis=1, keepdims=True)
    alone = (paid == best) & ((paid == best).sum(axis=1, keepdims=True) == 1)
    return ArenaResult(
        made_by=MADE_BY,
        ruleset=config.ruleset,
        seed=players[0].seed,
        steps=len(paid),
        standings=tuple(
            Standing(
                agent=agent,
                operator=player.policy.name,
                mean_reward=float(paid[:, player.seat].mean()),
                last_reward=float(paid[-1, player.seat]),
                wins=int(alone[:, player.seat].sum()),
                rejected=rejected[agent],
                halted=player.halted,
                length=len(assemble(info["redcode"], player.config)),
                redcode=info["redcode"],
            )
            for player, (agent, info) in zip(players, infos.items(), strict=True)
        ),
    )
