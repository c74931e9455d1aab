"""`corewar battle`, through its real entry point."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coreenv.battle import BattleResult


def battle(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "coreenv.cli", "battle", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "imp.red").write_text(";name Imp\nmov 0, 1\n")
    (tmp_path / "hole.red").write_text(";name Hole\ndat 0, 0\n")
    (tmp_path / "broken.red").write_text("mov 0, nowhere\n")
    return tmp_path


def test_scores_are_printed(folder: Path) -> None:
    code, out, err = battle("imp.red", "hole.red", "--rounds", "7", cwd=folder)
    assert (code, err) == (0, "")
    assert out == "Imp: 7 won, 0 tied, 0 lost, 21 points\nHole: 0 won, 0 tied, 7 lost, 0 points\n"


def test_json_holds_the_whole_result(folder: Path) -> None:
    code, out, _ = battle("imp.red", "imp.red", "hole.red", "--json", "--rounds", "3", cwd=folder)
    result = BattleResult.from_dict(json.loads(out))
    assert code == 0
    assert result.alive.tolist() == [[True, True, False]] * 3


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("imp.red", "broken.red"), "broken.red:1:"),
        (("imp.red", "missing.red"), "missing.red"),
        (("imp.red", "--ruleset", "nop95"), "nop95"),
        ((), "no FILE"),
        (("imp.red",) * 17 + ("--ruleset", "nano"), "17 warriors"),
    ],
)
def test_bad_input_is_named(folder: Path, arguments: tuple[str, ...], culprit: str) -> None:
    code, out, err = battle(*arguments, cwd=folder)
    assert (code, out) == (2, "")
    assert culprit in err
    assert len(err.splitlines()) == 1
