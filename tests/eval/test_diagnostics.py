"""Nash support and Bradley-Terry strengths, against games whose answer is known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coreenv.config import ruleset
from coreenv.hill import Hill
from eval.diagnostics import bradley_terry, nash_weights
from eval.generality import generality
from eval.protocol import QUICK

MakeHill = Callable[[str, dict[str, tuple[str, str, str]]], Hill]

ROCK_PAPER_SCISSORS = [[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]]


def test_rock_paper_scissors_weighs_a_third_each() -> None:
    assert nash_weights(ROCK_PAPER_SCISSORS) == pytest.approx([1 / 3] * 3, abs=1e-8)
    assert bradley_terry(ROCK_PAPER_SCISSORS) == pytest.approx([0, 0, 0])


SEEKER = """
        seq.ab  foe, *place   ; the mark of who beats me?
        jmp     next
        dat     #0, #0        ; then I give up
next    add.a   #1, place
        jmp     -4
place   dat     #0, #0
foe     dat     #{foe}, #0
        dat     #0, #{mark}
"""


def test_a_hill_of_rock_paper_and_scissors(make_hill: MakeHill) -> None:
    """Each looks for the mark of its master, and dies of finding it: every round is decided."""
    marks = {"Rock": (331, 332), "Paper": (332, 333), "Scissors": (333, 331)}
    sources = {
        name: (name, "test", SEEKER.format(mark=mark, foe=foe))
        for name, (mark, foe) in marks.items()
    }
    hill = make_hill("tiny", sources)
    scores = generality(hill.warriors(marks), hill, ruleset("tiny"), QUICK, threads=2)
    shares = [[(pair.wins + pair.ties / 2) / pair.rounds for pair in s.pairs] for s in scores]
    assert shares == ROCK_PAPER_SCISSORS
    assert nash_weights(shares) == pytest.approx([1 / 3] * 3, abs=1e-8)


def test_clones_of_rock_change_no_other_weight() -> None:
    game = np.array(ROCK_PAPER_SCISSORS)[np.ix_([0, 0, 0, 1, 2], [0, 0, 0, 1, 2])]
    weights = nash_weights(game.tolist())
    assert [weights[:3].sum(), *weights[3:]] == pytest.approx([1 / 3] * 3, abs=1e-8)


def test_a_loaded_game_has_its_textbook_weights() -> None:
    """Paper beats rock twice as clearly as the others beat each other: weights 1, 1, 2 of 4."""
    game = [[0.5, 0.25, 0.625], [0.75, 0.5, 0.375], [0.375, 0.625, 0.5]]
    assert nash_weights(game) == pytest.approx([1 / 4, 1 / 4, 1 / 2], abs=1e-8)


def test_who_beats_everybody_is_the_only_answer() -> None:
    assert nash_weights([[0.5, 0.6, 0.9], [0.4, 0.5, 1], [0.1, 0, 0.5]]).tolist() == [1, 0, 0]
    assert nash_weights([[0.5]]).tolist() == [1]


@given(
    st.integers(1, 24).flatmap(
        lambda n: arrays(np.float64, (n, n), elements=st.sampled_from([0, 0.25, 0.5, 0.75, 1]))
    )
)
def test_no_answer_to_the_weights_wins(game: np.ndarray) -> None:
    """Many equal entries: the worst case for a simplex that may run in circles."""
    weights = nash_weights(game.tolist())
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert ((game - game.T) @ weights).max() < 1e-7


def test_hundreds_of_entrants_are_no_matter() -> None:
    random = np.random.default_rng(8)
    strength = random.normal(size=300)
    noise = random.normal(0, 0.2, (300, 300))
    game = np.clip(1 / (1 + np.exp(strength - strength[:, None])) + noise - noise.T, 0, 1)
    weights = nash_weights(game.tolist())
    assert ((game - game.T) @ weights).max() < 1e-7
    assert np.corrcoef(bradley_terry(game.tolist()), strength)[0, 1] > 0.98


def test_strengths_that_made_the_shares_come_back() -> None:
    strength = np.array([-2.0, -0.5, 0.0, 1.0, 1.5])
    shares = 1 / (1 + np.exp(strength - strength[:, None]))
    found = bradley_terry(shares.tolist(), prior=1e-9)
    assert np.diff(found) == pytest.approx(np.diff(strength), abs=1e-5)


def test_who_never_loses_has_a_finite_strength() -> None:
    ladder = np.triu(np.ones((40, 40)), 1) + np.eye(40) / 2
    strength = bradley_terry(ladder.tolist())
    assert np.all(np.diff(strength) < 0)
    assert strength == pytest.approx(-strength[::-1])
    assert abs(strength[0]) < 20


def test_the_two_warrior_case_solves_its_equation() -> None:
    """One round won by the first, one tie each with strength 0: e**s = t with
    t/(t+1/t) + t/(t+1) = 3/2."""
    t = np.exp(bradley_terry([[0.5, 1], [0, 0.5]])[0])
    assert t / (t + 1 / t) + t / (t + 1) == pytest.approx(1.5)


@pytest.mark.parametrize("shares", [[], [[0.5, 1]], [0.5]])
def test_what_is_no_square_is_named(shares: list[list[float]]) -> None:
    for solve in (nash_weights, bradley_terry):
        with pytest.raises(ValueError, match="shape"):
            solve(shares)
    with pytest.raises(ValueError, match="prior"):
        bradley_terry([[0.5]], prior=0)
