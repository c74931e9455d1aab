"""What a mutation operator is: something that turns a `Context` into a `Proposal`."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from coreenv.config import CoreConfig
from eval.archive import Elite


@dataclass(frozen=True, slots=True)
class Context:
    """What a policy is told when it is asked for a warrior.

    Attributes:
        config: the rules the warrior will fight under.
        rng: the only source of randomness; seeded by run, node, round and call.
        parent: the elite to mutate, or None to write a new warrior.
        elites: the archive as it is now, in order of cells; may be empty.
    """

    config: CoreConfig
    rng: np.random.Generator
    parent: Elite | None = None
    elites: tuple[Elite, ...] = ()

    @property
    def kind(self) -> Literal["new", "mutate"]:
        return "new" if self.parent is None else "mutate"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy's answer: Redcode source, which may or may not assemble."""

    source: str


class MutationPolicy(Protocol):
    """A mutation operator. One call to `propose` is one call of the search's budget.

    A policy draws randomness only from ``context.rng``: equal contexts give equal proposals.
    """

    @property
    def name(self) -> str:
        """Shown in tables and written into every warrior's origin."""
        ...

    def check(self, config: CoreConfig) -> None:
        """Called once, before a search begins.

        Raises:
            ValueError: the policy cannot work, under these rules or at all; the message says why.
        """
        ...

    def propose(self, context: Context) -> Proposal:
        """Write a new warrior, or a variant of ``context.parent``."""
        ...
