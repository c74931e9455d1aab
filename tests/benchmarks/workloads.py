"""The battles that speeds are measured on: duels old, modern and random, and crowded cores."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np

from coreenv.battle import Battle
from coreenv.config import ruleset
from coreenv.hill import bundled
from coreenv.measures import Evaluation, search_placement
from coreenv.placement import Placement, pmars
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


ROUNDS: Final = 10
"""Rounds of a battle: evaluations fight some more, never one alone."""


def duels(warriors: Sequence[Warrior], battles: int, seed: int) -> list[Battle]:
    """Battles between different warriors, pair after pair, all begun by the first of the pair."""
    pairs = list(combinations(warriors, 2))
    order = np.random.default_rng(seed).permutation(len(pairs))
    begun = np.zeros(ROUNDS, np.int32)
    chosen = []
    for i in range(battles):
        places = pmars(NOP94, 2, ROUNDS, seed * 10_000 + i + 1).positions
        chosen.append(Battle(pairs[order[i % len(pairs)]], NOP94, Placement(places, begun)))
    return chosen


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


def one_of_each_class() -> list[Warrior]:
    return [of_classes((name,))[0] for name in (*OLD, *MODERN)]


def duel(warrior: Warrior) -> Battle:
    """A warrior against itself."""
    (battle,) = duels((warrior, warrior), 1, 8)
    return battle


def crowd(warrior: Warrior, size: int) -> Battle:
    """An evaluation, to the last cycle, of a warrior among copies of itself."""
    warriors = (warrior,) * size
    placement = search_placement("pmars", NOP94, warriors, 4, 9)
    return Battle(warriors, NOP94, placement, stop="all_dead")


def crowds(size: int, count: int, placements: int = 10) -> list[Battle]:
    """Evaluations of a search: so many members of the hill in one core, to the last cycle."""
    members = of_classes((*OLD, *MODERN))
    rng = np.random.default_rng(size)
    battles = []
    for _ in range(count):
        chosen = rng.choice(len(members), size, replace=size > len(members))
        warriors = tuple(members[i] for i in chosen)
        placement = search_placement("pmars", NOP94, warriors, placements, int(chosen[0]) + 1)
        battles.append(Battle(warriors, NOP94, placement, stop="all_dead"))
    return battles
