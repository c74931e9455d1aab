"""Paired comparisons: signs, pairing by opponent and by placement, and the family of tests."""

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean, stdev

import pytest

from coreenv.config import ruleset
from coreenv.hill import Hill
from coreenv.redcode import assemble
from eval.comparison import adjusted, compare, compare_all
from eval.generality import Generality, generality
from eval.protocol import QUICK, Protocol
from eval.statistics import t_tail

MakeHill = Callable[[str, dict[str, tuple[str, str, str]]], Hill]

NOP94 = replace(ruleset("nop94"), max_cycles=1000, max_processes=100)
BOMBER = "add #{step}, 3\nmov 2, @2\njmp -2\ndat #0, #{note}"
FIELD = {
    f"Thrower {step}": ("thrower", "test", BOMBER.format(step=step, note=1))
    for step in (4, 3044, 3364, 2667)
}


def warriors() -> list[str]:
    return [BOMBER.format(step=step, note=0) for step in (5, 3039, 2365)]


@pytest.fixture
def scores(make_hill: MakeHill) -> list[Generality]:
    hill = make_hill("nop94", FIELD)
    return generality([assemble(code, NOP94) for code in warriors()], hill, NOP94, QUICK)


def test_a_difference_is_that_of_the_headlines(scores: list[Generality]) -> None:
    a, b, _ = scores
    comparison = compare(a, b)
    assert comparison.points == pytest.approx(a.points - b.points)
    assert comparison.points != 0
    assert comparison.opponents is not None
    assert comparison.opponents.mean == pytest.approx(comparison.points)
    back = compare(b, a)
    assert back.points == -comparison.points
    assert back.opponents is not None
    assert back.opponents.p_different == comparison.opponents.p_different


def test_opponents_are_paired(scores: list[Generality]) -> None:
    """One class: the ordinary paired t test on the opponents' points."""
    a, b, _ = scores
    differences = [x.points - y.points for x, y in zip(a.pairs, b.pairs, strict=True)]
    t = fmean(differences) / (stdev(differences) / 2)
    found = compare(a, b).opponents
    assert found is not None
    assert (found.mean / found.error, found.freedom) == (pytest.approx(t), 3)
    assert found.p_different == pytest.approx(2 * t_tail(abs(t), 3))


def test_what_two_warriors_share_is_no_error(make_hill: MakeHill) -> None:
    """The second ends in a cell that nobody runs: placements decide alike for both."""
    hill = make_hill("nop94", FIELD)
    code = warriors()[0]
    twins = [assemble(text, NOP94) for text in (code, code + "\ndat #1, #1")]
    a, b = generality(twins, hill, NOP94, QUICK)
    apart = (a.placement.error**2 + b.placement.error**2) ** 0.5
    assert a.warrior != b.warrior
    assert compare(a, b).placement.error == 0 < apart


def test_a_warrior_does_not_differ_from_its_renamed_self(scores: list[Generality]) -> None:
    a = scores[0]
    comparison = compare(a, a.model_copy(update={"name": "Other"}))
    assert (comparison.points, comparison.placement.error) == (0, 0)
    assert comparison.opponents is not None
    assert comparison.opponents.p_different == 1


def test_exact_scores_leave_no_doubt_about_placements(make_hill: MakeHill) -> None:
    hill = make_hill("nano", {"Imp": ("imp", "test", "mov 0, 1")})
    nano = ruleset("nano")
    codes = [BOMBER.format(step=step, note=0) for step in (4, 5)]
    a, b = generality([assemble(code, nano) for code in codes], hill, nano, Protocol("exact"))
    comparison = compare(a, b)
    assert comparison.points != 0
    assert comparison.placement.interval() == (comparison.points, comparison.points)
    assert comparison.opponents is None, "a single opponent says nothing about others"
    assert adjusted([comparison]) == [None]


def test_every_two_are_compared_and_adjusted_together(scores: list[Generality]) -> None:
    comparisons = compare_all(scores)
    assert [(scores.index(c.first), scores.index(c.second)) for c in comparisons] == [
        (0, 1),
        (0, 2),
        (1, 2),
    ]
    alone = [c.opponents.p_different for c in comparisons if c.opponents]
    together = [p for p in adjusted(comparisons) if p is not None]
    assert len(together) == 3
    assert min(together) == pytest.approx(min(1, 3 * min(alone)))
    assert all(p >= q for p, q in zip(together, alone, strict=True))


@pytest.mark.parametrize("key", ["hill_hash", "split", "protocol", "made_by"])
def test_what_was_measured_differently_is_not_compared(scores: list[Generality], key: str) -> None:
    with pytest.raises(ValueError, match=f"{key} .* score both the same way"):
        compare(scores[0], scores[1].model_copy(update={key: "else"}))
