"""Scores against a hill, the common re-score, and the command that prints them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coreenv.config import ruleset
from coreenv.hill import Hill, Member, bundled, open_hill
from coreenv.measures import Evaluation
from coreenv.redcode import assemble
from eval.archive import Elite, Origin
from eval.generality import Generality, PairScore, generality
from eval.protocol import QUICK
from eval.qd_metrics import common_archive

NOP94 = ruleset("nop94")
SOURCES = {
    "Hole": ("clear", "test", "dat 0, 0"),
    "Sitter": ("imp", "test", "jmp 0"),
    "Waiter": ("imp", "test", "jmp 0, 1"),
    "Crawler": ("imp", "dev", "mov 0, 1"),
}
ORIGIN = Origin(node=0, round=1, call=1, operator="bomber")


@pytest.fixture
def hill(tmp_path: Path) -> Hill:
    """Four warriors whose battles can be worked out in the head."""
    members = []
    for name, (kind, split, code) in SOURCES.items():
        text = f";name {name}\n;author nobody\n{code}\n"
        (tmp_path / f"{name}.red").write_text(text)
        id_ = assemble(text, NOP94).id
        members.append(Member(f"{name}.red", name, kind, name, "nobody", "own", split, id_))
    names = ("Crawler",)
    made = Hill(tmp_path, "toy", "v0", "nop94", 1, names, names, names, tuple(members))
    (tmp_path / "hill.toml").write_text(made.to_toml())
    return open_hill(str(tmp_path))


def test_scores_that_can_be_worked_out(hill: Hill) -> None:
    sitter = assemble("jmp 0, 2", NOP94)
    (score,) = generality([sitter], hill, NOP94, QUICK)
    assert [(p.opponent, p.wins, p.losses, p.ties) for p in score.pairs] == [
        ("Hole", 60, 0, 0),
        ("Sitter", 0, 0, 60),
        ("Waiter", 0, 0, 60),
    ]
    assert score.class_points() == {"clear": 300.0, "imp": 100.0}
    assert score.points == 200.0, "two classes weigh the same, however many members they have"
    assert score.win_share == pytest.approx(1 / 3)
    assert score.tie_share == pytest.approx(2 / 3)


def test_ties_are_no_success() -> None:
    def scored(wins: int, losses: int, ties: int) -> Generality:
        pair = PairScore(opponent="x", opponent_class="y", wins=wins, losses=losses, ties=ties)
        texts = dict.fromkeys(
            ("warrior", "name", "hill", "hill_hash", "split", "protocol", "made_by"), "z"
        )
        return Generality(**texts, pairs=(pair,))

    assert (scored(0, 0, 60).win_share, scored(0, 0, 60).points) == (0, 100)
    assert (scored(60, 0, 0).win_share, scored(60, 0, 0).points) == (1, 300)
    assert scored(20, 40, 0).points == pytest.approx(scored(0, 0, 60).points)


def test_results_do_not_depend_on_threads_or_company() -> None:
    hill = bundled("v1")
    warriors = [hill.warrior(name) for name in ("Pebble", "Carbon", "Imp")]
    together = generality(warriors, hill, NOP94, QUICK, threads=2)
    assert [generality([w], hill, NOP94, QUICK)[0] for w in warriors] == together
    assert Generality.model_validate_json(together[0].model_dump_json()) == together[0]


def test_the_common_score_forgets_what_was_claimed(hill: Hill) -> None:
    claims = (99.0, 0.1)
    elites = [
        Elite(assemble(f"jmp 0, {i}", NOP94), Evaluation(claim, 5000, 5000), ORIGIN)
        for i, claim in enumerate(claims)
    ]
    archive = common_archive(elites, hill, NOP94, seed=3)
    # The crawler runs over both, and they crawl on beside it: every cell visited, a draw.
    (elite,) = archive
    assert (elite.cell, elite.fitness) == ((0, 5), 1.0)
    assert elite.warrior == elites[0].warrior, "of equals the first one stays"
    assert common_archive(elites, hill, NOP94, seed=3, threads=2)[0, 5] == elite


def run(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "eval.cli", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_command_prints_the_stored_numbers(hill: Hill, tmp_path: Path) -> None:
    (tmp_path / "mine.red").write_text(";name Mine\njmp 0, 2\n")
    arguments = ("score", "mine.red", "--hill", str(tmp_path))
    code, out, err = run(*arguments, "--json", cwd=tmp_path)
    assert (code, err) == (0, "")
    (score,) = (Generality.model_validate(entry) for entry in json.loads(out))
    assert score == generality([assemble(";name Mine\njmp 0, 2\n", NOP94)], hill, NOP94, QUICK)[0]
    code, out, _ = run(*arguments, cwd=tmp_path)
    assert code == 0
    assert "Mine" in out
    assert "200.0" in out
    code, out, _ = run("hill", "list", "--path", str(tmp_path), cwd=tmp_path)
    assert code == 0
    assert all(name in out for name in SOURCES)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("score", "nowhere.red"), "nowhere.red"),
        (("score", "broken.red"), "E_LABEL"),
        (("score", "fine.red", "--hill", "nohill"), "nohill"),
        (("hill", "burn"), "burn"),
        (("score",), "at least one"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, arguments: tuple[str, ...], culprit: str) -> None:
    (tmp_path / "broken.red").write_text("mov 0, nowhere\n")
    (tmp_path / "fine.red").write_text("mov 0, 1\n")
    code, out, err = run(*arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert culprit in err
    assert len(err.splitlines()) == 1
