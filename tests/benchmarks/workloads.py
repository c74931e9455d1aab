"""The battles that speeds are measured on: duels old, modern and random, and crowded cores."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

from coreenv.battle import Battle
from coreenv.config import ruleset
from coreenv.hill import bundled
from coreenv.measures import Evaluation, search_placement
from coreenv.placement import pmars
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior
from dei_agents.policies import builtin
from dei_agents.policy import Context
from eval.archive import Elite, Origin

NOP94: Final = ruleset("nop94")

OLD: Final = ("imp", "bomber", "scanner", "one-shot", "vampire", "clear", "quick-scanner")
"""Classes that fight with one or few processes."""

MODERN: Final = ("paper", "stone-imp", "paper-stone")
"""Classes that run many processes."""


def of_classes(classes: Sequence[str]) -> list[Warrior]:
    hill = bundled("v1")
    return [hill.warrior(m.name) for m in hill.members if m.warrior_class in classes]


def duels(warriors: Sequence[Warrior], battles: int, seed: int) -> list[Battle]:
    """Single rounds between different warriors, pair after pair, each at its own place."""
    pairs = list(combinations(warriors, 2))
    order = np.random.default_rng(seed).permutation(len(pairs))
    return [
        Battle(pairs[order[i % len(pairs)]], NOP94, pmars(NOP94, 2, 1, seed * 10_000 + i + 1))
        for i in range(battles)
    ]


def soup(count: int, seed: int) -> list[Warrior]:
    """Programs of random instructions; half of their fields are small numbers."""
    rng = np.random.default_rng(seed)

    def field() -> int:
        return int(rng.integers(8000) if rng.random() < 0.5 else rng.integers(-10, 11))

    def instruction() -> Instruction:
        opcode, modifier = Opcode(int(rng.integers(16))), Modifier(int(rng.integers(7)))
        a_mode, b_mode = (Mode(int(mode)) for mode in rng.integers(8, size=2))
        return Instruction(opcode, modifier, a_mode, field(), b_mode, field())

    return [Warrior(tuple(instruction() for _ in range(20)), 0, 8000) for _ in range(count)]


def offspring(parents: Sequence[Warrior], count: int, seed: int) -> list[Warrior]:
    """Mutants of given warriors, as a search without a strategy makes them."""
    from coreenv.redcode import assemble

    policy, origin = builtin("tinkerer"), Origin(node=0, round=1, call=1, operator="tinkerer")
    elites = [Elite(parent, Evaluation(1.0, 0, 0), origin) for parent in parents]
    mutants = []
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        context = Context(NOP94, rng, elites[i % len(elites)], tuple(elites))
        mutants.append(assemble(policy.propose(context).source, NOP94))
    return mutants


def old(battles: int) -> list[Battle]:
    return duels(of_classes(OLD), battles, 1)


def modern(battles: int) -> list[Battle]:
    return duels(of_classes(MODERN), battles, 2)


def random(battles: int) -> list[Battle]:
    half = battles // 2
    return duels(soup(60, 3), half, 3) + duels(
        offspring(of_classes((*OLD, *MODERN)), 60, 4), battles - half, 4
    )


WORKLOADS: Final = {"old": old, "modern": modern, "random": random}


def crowd(size: int, placements: int = 20) -> Battle:
    """One evaluation of a search: a candidate and its opponents, to the last cycle."""
    warriors = of_classes((*OLD, *MODERN))[:size]
    placement = search_placement("pmars", NOP94, warriors, placements, 5)
    return Battle(tuple(warriors), NOP94, placement, stop="all_dead")
