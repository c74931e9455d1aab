"""What a mutation operator is: something that turns a `Context` into a `Proposal`."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np

from coreenv.config import CoreConfig
from coreenv.measures import Versus
from coreenv.redcode import Rejection, Warrior
from eval.archive import Elite
from eval.record import Answer


class CallId(NamedTuple):
    """Which call of a search this is.

    Attributes:
        node: index of the node.
        round: the search round, from 1.
        call: the call within that round, from 1; repairs count like all others.
    """

    node: int
    round: int
    call: int


FIRST_CALL = CallId(0, 1, 1)


@dataclass(frozen=True, slots=True)
class Opponent:
    """A warrior that every candidate of the round meets, and how the parent fared against it.

    Attributes:
        warrior: the opponent.
        versus: battles the parent outlived it, was outlived, and both lived to the end; None
            where there is no parent.
    """

    warrior: Warrior
    versus: Versus | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """A proposal that did not assemble, and why."""

    source: str
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What a policy is told when it is asked for a warrior.

    Attributes:
        config: the rules the warrior will fight under.
        rng: the only source of randomness; seeded by run, node, round and call.
        parent: the elite to mutate, or None to write a new warrior.
        elites: the archive as it is now, in order of cells; may be empty.
        opponents: who the warrior will meet, all in one core.
        repair: the failed attempt to mend; ``parent`` is then that attempt's parent.
        call: which call of the search this is.
    """

    config: CoreConfig
    rng: np.random.Generator
    parent: Elite | None = None
    elites: tuple[Elite, ...] = ()
    opponents: tuple[Opponent, ...] = ()
    repair: Repair | None = None
    call: CallId = FIRST_CALL

    @property
    def kind(self) -> Literal["new", "mutate", "repair"]:
        if self.repair is not None:
            return "repair"
        return "new" if self.parent is None else "mutate"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy's answer: Redcode source, which may or may not assemble.

    Attributes:
        source: the warrior's text; empty where the answer holds none.
        answer: the completion it was taken from, None if no model was asked.
    """

    source: str
    answer: Answer | None = None


class MutationPolicy(Protocol):
    """A mutation operator. One call to `propose` is one call of the search's budget.

    A policy draws randomness only from ``context.rng``: equal contexts give equal proposals, of
    a language model as far as it does.
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
        """Write a new warrior, or a variant of ``context.parent``.

        A node with ``in_flight`` over 1 calls this from several threads at once.

        Raises:
            HaltError: no further call can be made: a budget is spent, or the provider refuses
                for good.
        """
        ...


class HaltError(Exception):
    """Ends a node's calls for good; the text says why and what to do.

    Attributes:
        budget: True if a budget is spent, False if a provider does not answer.
    """

    def __init__(self, reason: str, *, budget: bool = False) -> None:
        super().__init__(reason)
        self.budget = budget
