"""Whom a node listens to, round by round."""

from coreenv.seeds import Domain, generator
from dei_agents.config import RunConfig


def peers(config: RunConfig, node: int, round_: int) -> tuple[int, ...]:
    """The nodes whose champions ``node`` takes at the start of ``round_``, in order.

    A node of a ring listens to the one before it. In gossip, it listens to ``fanout`` others,
    drawn anew for every node and round from the run's seed.
    """
    nodes = len(config.nodes)
    others = [peer for peer in range(nodes) if peer != node]
    match config.exchange.topology:
        case "all":
            return tuple(others)
        case "ring":
            return ((node - 1) % nodes,) if others else ()
        case "gossip":
            rng = generator(config.seed, Domain.GOSSIP, node, round_)
            heard = min(config.exchange.fanout, len(others))
            return tuple(sorted(map(int, rng.choice(others, heard, replace=False))))
