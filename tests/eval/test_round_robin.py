"""A hill against itself, and what the README of the bundled hill claims of it."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coreenv.hill import Hill, bundled
from eval.hill_readme import HEADING, section, updated
from eval.round_robin import RoundRobin, round_robin

README = Path(__file__).parents[2] / "coreenv/hills/v1/README.md"


def some(names: list[str], **changes: object) -> Hill:
    """A hill of a few bundled warriors."""
    hill = bundled("v1")
    nobody = dict.fromkeys(("initial_opponents", "quick_opponents", "common_opponents"), ())
    members = tuple(hill.member(name) for name in names)
    return replace(hill, members=members, **nobody, **changes)  # type: ignore[arg-type]


SIX = ["Imp", "Pebble", "Ember", "Lookout", "Vellum", "Broom"]


def invented(wins: list[list[int]]) -> RoundRobin:
    """Results of a hundred rounds that nobody fought."""
    return RoundRobin(some(SIX), 100, np.array(wins, np.int64))


ROCK_PAPER_SCISSORS = invented(
    [
        [0, 0, 0, 0, 0, 0],
        [60, 0, 70, 10, 50, 50],
        [60, 20, 0, 70, 50, 50],
        [60, 60, 20, 0, 50, 50],
        [50, 40, 40, 40, 0, 0],
        [50, 40, 40, 40, 0, 0],
    ]
)


def test_points_are_three_a_win_and_one_a_tie() -> None:
    points = ROCK_PAPER_SCISSORS.points
    assert points[1, 2] == 3 * 70 + 10
    assert points[2, 1] == 3 * 20 + 10
    assert points[4, 5] == points[5, 4] == 100
    assert np.isnan(points.diagonal()).all()
    assert ROCK_PAPER_SCISSORS.means[0] == pytest.approx((3 * 40 + 2 * 50) / 5)
    assert ROCK_PAPER_SCISSORS.order == [2, 1, 3, 4, 5, 0]


def test_a_circle_is_found_and_told_in_its_direction() -> None:
    decided, circles = ROCK_PAPER_SCISSORS.triples()
    assert decided == 1
    assert circles == [(2, 3, 1)]
    text = section(ROCK_PAPER_SCISSORS)
    assert "1 triples of three decided pairs, and 1 of\nthem (100%)" in text
    assert "- Ember > Lookout > Pebble (220, 210, 220)" in text


def test_a_narrow_pair_decides_nothing() -> None:
    wins = ROCK_PAPER_SCISSORS.wins.copy()
    wins[1, 2], wins[2, 1] = 40, 24  # a lead of 16 = 2 * sqrt(64) may be chance
    assert not RoundRobin(ROCK_PAPER_SCISSORS.hill, 100, wins).beats[1, 2]
    assert RoundRobin(ROCK_PAPER_SCISSORS.hill, 100, wins).triples().decided == 0
    wins[1, 2] = 42
    assert RoundRobin(ROCK_PAPER_SCISSORS.hill, 100, wins).beats[1, 2]


def test_an_order_of_strength_has_no_circle() -> None:
    wins = np.triu(np.full((6, 6), 80), 1)
    decided, circles = RoundRobin(some(SIX), 100, wins).triples()
    assert (decided, circles) == (1, [])


def test_class_points_are_means_over_pairs() -> None:
    classes, points = ROCK_PAPER_SCISSORS.class_points()
    assert classes == ["imp", "bomber", "scanner", "paper", "clear"]
    bomber, scanner = classes.index("bomber"), classes.index("scanner")
    assert points[bomber, bomber] == (220 + 70) / 2
    assert points[bomber, scanner] == ((3 * 10 + 30) + (3 * 70 + 10)) / 2
    assert np.isnan(points[scanner, scanner]), "a class of one has no pair"
    assert "| imp |  | 40 |" in section(ROCK_PAPER_SCISSORS)


def test_pairs_fight_different_distances_begun_by_either_side() -> None:
    hill = some(["Imp", "Pebble", "Ember"])
    result = round_robin(hill, rounds=20)
    assert np.array_equal(round_robin(hill, rounds=20, threads=2).wins, result.wins)
    assert (result.wins.diagonal() == 0).all()
    assert (result.wins + result.wins.T <= 20).all()
    assert result.wins[1, 0] > result.wins[0, 1] == 0, "an Imp never wins against a Pebble"
    with pytest.raises(ValueError, match="has 1 member; a round robin needs 2"):
        round_robin(some(["Imp"]))


def test_updating_keeps_what_stands_before_the_section() -> None:
    text = updated(f"# Hill\n\ntext\n\n{HEADING}\n\nold\n", ROCK_PAPER_SCISSORS)
    assert text == f"# Hill\n\ntext\n\n{section(ROCK_PAPER_SCISSORS)}"
    assert updated(text, ROCK_PAPER_SCISSORS) == text


def test_names_cannot_break_the_table() -> None:
    hill = some(["Imp", "Pebble"])
    first = replace(hill.members[0], name="a|b")
    text = section(RoundRobin(replace(hill, members=(first, hill.members[1])), 2, np.eye(2) * 0))
    assert r"| a\|b | imp |" in text


@pytest.mark.full
def test_the_readme_of_the_bundled_hill_tells_the_truth() -> None:
    hill = bundled("v1")
    result = round_robin(hill, threads=os.cpu_count() or 1)
    assert README.read_text(encoding="utf-8") == updated(README.read_text(encoding="utf-8"), result)
    assert result.means.max() < 0.9 * 300
    assert result.means.min() > 0.1 * 300
    decided, circles = result.triples()
    assert len(circles) >= 0.1 * decided > 0
    classes, points = result.class_points()
    for i, name in enumerate(classes):
        assert (points[:, i] > points[i]).any(), f"no class beats {name}"
