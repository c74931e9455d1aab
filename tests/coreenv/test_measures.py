"""DRQ's fitness and behaviour, against hand-made battles and against its definition."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.battle import Battle, BattleResult, Stop, battle_batch
from coreenv.config import CoreConfig, ruleset
from coreenv.measures import evaluate, fitness, seated
from coreenv.placement import Placement
from coreenv.play import divided, joined
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior, assemble

RULES = CoreConfig("94", 800, 10, 800, 20, 20)
"""A small core and ten cycles, so that results can be worked out by hand."""


def warrior(source: str) -> Warrior:
    return assemble(source, RULES)


def dies_in(cycle: int) -> Warrior:
    return warrior("nop 0\n" * (cycle - 1) + "dat 0, 0")


SITTER = warrior("jmp 0")


def played(*warriors: Warrior, first: int = 0) -> BattleResult:
    spread = np.arange(len(warriors)) * 100
    placement = Placement(spread[None, :], np.array([first]))
    (result,) = battle_batch([Battle(warriors, RULES, placement, stop="all_dead")])
    return result


HAND_CHECKED = {
    # Nobody dies: everybody has a share of 1/N in every cycle, times N.
    "draw of two": ((SITTER, SITTER), [1.0, 1.0]),
    "draw of four": ((SITTER,) * 4, [1.0] * 4),
    # One dies in the first cycle, before its end: the other has all ten cycles, 2/10 each.
    "win at once": ((SITTER, dies_in(1)), [2.0, 0.0]),
    # Alive together at the end of cycles 1..3: 3 * 2/10 * 1/2; then seven alone: 7 * 2/10.
    "win in cycle four": ((dies_in(4), SITTER), [0.3, 0.3 + 1.4]),
    # Three until cycle 2, two until cycle 5, one to the end.
    "three in turn": (
        (dies_in(3), dies_in(6), SITTER),
        [2 * 0.3 / 3, 2 * 0.3 / 3 + 3 * 0.3 / 2, 2 * 0.3 / 3 + 3 * 0.3 / 2 + 5 * 0.3],
    ),
    # All dead after cycle 5: the last five cycles give nobody anything.
    "nobody left": ((dies_in(5), dies_in(6)), [4 * 0.2 / 2, 4 * 0.2 / 2 + 1 * 0.2]),
    "alone": ((SITTER,), [1.0]),
    "alone and dying": ((dies_in(4),), [0.3]),
}


@pytest.mark.parametrize("case", HAND_CHECKED)
@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_fitness_of_hand_checked_battles(case: str, first: int) -> None:
    """Who moves first changes nothing: alive is read at the end of each cycle."""
    warriors, expected = HAND_CHECKED[case]
    result = played(*warriors, first=first % len(warriors))
    assert fitness(result)[0] == pytest.approx(expected, abs=1e-12)


def by_definition(death_cycles: list[int], horizon: int) -> list[float]:
    """The sum as it is written, cycle by cycle."""
    n = len(death_cycles)
    scores = [0.0] * n
    for cycle in range(1, horizon + 1):
        alive = [d == 0 or d > cycle for d in death_cycles]
        for i in range(n):
            if alive[i]:
                scores[i] += n / horizon / sum(alive)
    return scores


@given(st.lists(st.integers(0, 10), min_size=1, max_size=8))
def test_fitness_is_its_definition(death_cycles: list[int]) -> None:
    warriors = [dies_in(cycle) if cycle else SITTER for cycle in death_cycles]
    result = played(*warriors)
    assert result.death_cycle[0].tolist() == death_cycles
    scores = fitness(result)[0]
    assert scores == pytest.approx(by_definition(death_cycles, RULES.max_cycles), abs=1e-12)
    assert scores.min() >= 0
    assert scores.sum() <= len(warriors) + 1e-9


def test_fitness_needs_the_whole_battle() -> None:
    placement = Placement(np.array([[0, 100]]), np.array([0]))
    (result,) = battle_batch([Battle((SITTER, SITTER), RULES, placement)])
    with pytest.raises(ValueError, match="all_dead"):
        fitness(result)


@pytest.mark.parametrize(
    ("source", "spawned", "coverage"),
    [
        ("jmp 0", 0, 1),  # queues its own address again and again
        ("mov 0, 1", 0, 10),  # crawls: ten new addresses
        ("dat 0, 0", 0, 0),  # dies in its first turn: nothing was queued
        ("spl 0", 5, 2),  # splits in every other turn; each child dies in the turn between
        ("spl 0\njmp -1", 6, 2),  # turns 1, 3, 4, 6, 8 and 9 split
    ],
)
def test_behaviour_of_hand_checked_warriors(source: str, spawned: int, coverage: int) -> None:
    """Ten cycles alone in the core."""
    (found,) = evaluate([warrior(source)], [], RULES, placements=3, seed=4)
    assert (found.tsp, found.mc) == (spawned, coverage)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_seats_and_starters_rotate(n: int) -> None:
    """Over N * N battles each warrior moves first N times, and each seat is moved through."""
    placement = seated(ruleset("nop94"), n, n * n, 77)
    assert np.bincount(placement.first, minlength=n).tolist() == [n] * n
    at_zero = (placement.positions == 0).sum(axis=0)
    assert at_zero.tolist() == [n] * n
    gaps = {tuple(sorted(np.diff(sorted(row)))) for row in placement.positions.tolist()}
    assert all(min(gap, default=100) >= 100 for gap in gaps)


def test_evaluation_does_not_depend_on_threads_or_company() -> None:
    nop94 = ruleset("tiny")
    candidates = [assemble(s, nop94) for s in ("mov 0, 1", "jmp 0", "spl 0\nmov 0, 1")]
    opponents = [assemble("add #4, 3\nmov 2, @2\njmp -2\ndat 0, 0", nop94)]
    together = evaluate(candidates, opponents, nop94, placements=6, seed=3, threads=2)
    alone = [evaluate([c], opponents, nop94, placements=6, seed=3)[0] for c in candidates]
    assert together == alone
    other = evaluate(candidates, opponents, nop94, placements=6, seed=4)
    assert other != together


INSTRUCTIONS = st.builds(
    Instruction,
    st.sampled_from([opcode for opcode in Opcode if opcode.name not in ("LDP", "STP")]),
    st.sampled_from(Modifier),
    st.sampled_from(Mode),
    st.integers(0, 79),
    st.sampled_from(Mode),
    st.integers(0, 79),
)
PROGRAMS = st.lists(INSTRUCTIONS, min_size=1, max_size=5).map(lambda i: Warrior(tuple(i), 0, 80))
NANO = ruleset("nano")


@given(
    st.lists(PROGRAMS, min_size=1, max_size=4),
    st.integers(1, 12),
    st.integers(1, 15),
    st.sampled_from(get_args(Stop)),
)
def test_a_battle_in_parts_is_the_battle(
    warriors: list[Warrior], rounds: int, size: int, stop: Stop
) -> None:
    whole = Battle(tuple(warriors), NANO, seated(NANO, len(warriors), rounds, 5), stop)
    parts = list(divided(whole, size))
    assert len(parts) == -(-rounds // size)
    assert joined(whole, battle_batch(parts)) == battle_batch([whole])[0]


@given(
    st.lists(PROGRAMS, min_size=1, max_size=3),
    st.lists(PROGRAMS, max_size=3),
    st.integers(1, 12),
    st.integers(2, 15),
)
def test_an_evaluation_on_several_cores_is_that_on_one(
    candidates: list[Warrior], opponents: list[Warrior], placements: int, cores: int
) -> None:
    one, several = (
        evaluate(candidates, opponents, NANO, placements=placements, seed=3, threads=threads)
        for threads in (1, cores)
    )
    assert one == several


@pytest.mark.parametrize(
    ("candidates", "threads", "parts"),
    [
        (1, 1, [5]),
        (1, 2, [3, 2]),
        (1, 4, [2, 2, 1]),
        (1, 9, [1] * 5),
        (2, 2, [5, 5]),
        (2, 3, [3, 2] * 2),
    ],
)
def test_placements_are_divided_where_candidates_are_fewer_than_threads(
    candidates: int, threads: int, parts: list[int]
) -> None:
    played: list[int] = []

    def play(battles: Sequence[Battle], *, threads: int = 1, **options: Any) -> list[BattleResult]:
        played.extend(battle.placement.rounds for battle in battles)
        return battle_batch(battles, threads=threads, **options)

    found = evaluate(
        [SITTER] * candidates, [dies_in(3)], RULES, placements=5, threads=threads, play=play
    )
    assert played == parts
    assert found == evaluate([SITTER] * candidates, [dies_in(3)], RULES, placements=5)


# Lives for two rounds, as p-space tells it, and dies at once in all others.
FRAIL = "ldp.ab #1, 5\nadd.ab #1, 4\nstp.b 3, #1\nslt.ab #2, 2\njmp 0\ndat 0, 0"


def test_what_p_space_remembers_is_not_divided() -> None:
    rules = replace(ruleset("tiny"), pspace_size=50, max_cycles=100)
    frail, sitter = assemble(FRAIL, rules), assemble("jmp 0", rules)
    (one,) = evaluate([frail], [sitter], rules, placements=6, seed=3)
    assert one.versus == ((0, 4, 2),), "it died in all rounds but two"
    assert evaluate([frail], [sitter], rules, placements=6, seed=3, threads=3) == [one]


def test_the_published_placement_is_available() -> None:
    tiny = ruleset("tiny")
    candidate, opponent = assemble("mov 0, 1", tiny), assemble("jmp 0", tiny)
    scores = [
        evaluate([candidate], [opponent], tiny, placements=5, seed=seed, scheme="drq")
        for seed in (1, 2)
    ]
    assert scores[0] == scores[1], "it has no seed"
