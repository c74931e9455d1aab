"""The command `corewar-eval`: real processes, equal bytes, and bad input."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from coreenv.config import ruleset
from coreenv.hill import Hill, bundled
from coreenv.redcode import assemble
from eval.cli import main
from eval.comparison import compare
from eval.generality import PairScore, generality
from eval.protocol import QUICK
from eval.results import result_key
from eval.units import UnitStore

MakeHill = Callable[[str, dict[str, tuple[str, str, str]]], Hill]

DWARF = "add.ab #4, 3\nmov.i 2, @2\njmp -2\ndat #0, #0"
IMP = "mov 0, 1"
COMMAND = [sys.executable, "-m", "eval.cli"]


def run(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def nano(make_hill: MakeHill, tmp_path: Path) -> tuple[str, ...]:
    """Arguments for a hill that is fought out in no time; files beside it."""
    for name, code in {"dwarf": DWARF, "imp": IMP, "sitter": "jmp 0"}.items():
        (tmp_path / f"{name}.red").write_text(f";name {name}\n{code}\n")
    field = {
        "Thrower": ("bomber", "test", "add #5, 3\nmov 2, @2\njmp -2\ndat #0, #0"),
        "Dropper": ("bomber", "test", "add #7, 3\nmov 2, @2\njmp -2\ndat #0, #0"),
        "Gate": ("gate", "test", "jmp 0, <-5"),
        "Walker": ("gate", "dev", "mov 0, 1"),
    }
    return ("--hill", str(make_hill("nano", field).folder))


def test_the_document_holds_what_was_counted(nano: tuple[str, ...], tmp_path: Path) -> None:
    code, out, err = run("score", "dwarf.red", "imp.red", *nano, "--json", cwd=tmp_path)
    assert (code, err) == (0, "")
    document = json.loads(out)
    hill = Hill.load(Path(nano[1]))
    config = ruleset("nano")
    warriors = [assemble(code, config) for code in (DWARF, IMP)]
    for found, score in zip(
        document["scores"], generality(warriors, hill, config, QUICK), strict=True
    ):
        assert found["warrior"] == score.warrior
        assert found["points"] == pytest.approx(score.points, abs=1e-4)
        assert found["placement_interval"] == [found["points"]] * 2
        pairs = [{k: v for k, v in pair.items() if k != "points"} for pair in found["pairs"]]
        assert tuple(map(PairScore.model_validate, pairs)) == score.pairs
        conditions = {
            key: document[key] for key in ("core", "engine", "hill_hash", "placements", "split")
        }
        assert found["key"] == result_key(score.warrior, conditions)
    assert document["made_by"].endswith("/ hill toy v0 / protocol quick / season 0")
    assert document["comparisons"] == []


def test_a_comparison_prints_p_values(nano: tuple[str, ...], tmp_path: Path) -> None:
    files = ("dwarf.red", "imp.red", "sitter.red")
    code, out, _ = run("compare", *files, *nano, "--split", "test", "--json", cwd=tmp_path)
    assert code == 0
    document = json.loads(out)
    assert len(document["comparisons"]) == 3
    config = ruleset("nano")
    warriors = [assemble(code, config) for code in (DWARF, IMP)]
    scores = generality(warriors, Hill.load(Path(nano[1])), config, QUICK)
    first = document["comparisons"][0]
    assert first["points"] == pytest.approx(compare(*scores).points, abs=1e-4)
    assert first["p"] is None, "the class gate has one member"
    code, out, _ = run("compare", *files, *nano, cwd=tmp_path)
    assert code == 0
    assert "dwarf - imp" in out


def test_jobs_and_interpreters_give_the_same_bytes(nano: tuple[str, ...], tmp_path: Path) -> None:
    ways = [
        ("--jobs", "1"),
        ("--jobs", "2", "--out", "kept"),
        ("--jobs", "5", "--out", "kept"),
        ("--interpreter", "reference", "--jobs", "2", "--out", "other"),
    ]
    outs = set()
    for way in ways:
        code, out, err = run("score", "dwarf.red", "imp.red", *nano, *way, "--json", cwd=tmp_path)
        assert (code, err) == (0, "")
        outs.add(out)
    assert len(outs) == 1
    texts = {(tmp_path / folder / "scores.json").read_text() for folder in ("kept", "other")}
    assert texts == outs


def test_a_killed_score_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    hill = bundled("v1")
    (tmp_path / "pebble.red").write_text(str(hill.warrior("Pebble")))
    arguments = ["score", "pebble.red", "--profile", "standard", "--json", "--jobs", "1"]
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--out", "cut"], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    units = tmp_path / "cut" / "units.jsonl"
    deadline = time.monotonic() + 60
    while not (units.exists() and units.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = units.read_bytes()
    there_are = 3 * len(hill.split("test"))
    assert 0 < kept.count(b"\n") < there_are, "it was killed in the middle"
    units.write_bytes(kept + b'{"unit": "torn')
    code, resumed, err = run(*arguments, "--out", "cut", cwd=tmp_path)
    assert (code, err) == (0, "")
    code, whole, _ = run(*arguments[:-1], "2", "--out", "whole", cwd=tmp_path)
    assert resumed == whole == (tmp_path / "cut" / "scores.json").read_text()
    assert units.read_bytes().startswith(kept), "nothing was fought twice"
    lines = units.read_bytes().splitlines()
    assert len(lines) == len(set(lines)) == there_are
    assert set(lines) == set((tmp_path / "whole" / "units.jsonl").read_bytes().splitlines())


def test_ctrl_c_stops_it(tmp_path: Path) -> None:
    (tmp_path / "pebble.red").write_text(str(bundled("v1").warrior("Pebble")))
    command = [*COMMAND, "score", "pebble.red", "--profile", "exact", "--out", "cut"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    units = tmp_path / "cut" / "units.jsonl"
    deadline = time.monotonic() + 60
    while not (units.exists() and units.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "corewar-eval: stopped\n")
    assert units.read_bytes().endswith(b"\n")
    assert not (tmp_path / "cut" / "scores.json").exists()


def test_files_are_written(nano: tuple[str, ...], tmp_path: Path) -> None:
    arguments = ("score", "dwarf.red", *nano, "--csv", "pairs.csv", "--html", "page.html")
    code, out, err = run(*arguments, cwd=tmp_path)
    assert (code, err) == (0, "")
    assert "dwarf" in out
    with (tmp_path / "pairs.csv").open() as file:
        assert [row["opponent"] for row in csv.DictReader(file)] == ["Thrower", "Dropper", "Gate"]
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_the_hill_commands_are_there(nano: tuple[str, ...], tmp_path: Path) -> None:
    code, out, _ = run("hill", "list", nano[1], cwd=tmp_path)
    assert code == 0
    assert "Thrower" in out


def test_latin_1_by_flag(nano: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "old.red").write_bytes(";name Z\u00fcrich\nmov 0, 1\n".encode("latin-1"))
    code, _, err = run("score", "old.red", *nano, cwd=tmp_path)
    assert (code, err.count("E_ENCODING")) == (2, 1)
    code, out, _ = run("score", "old.red", *nano, "--latin-1", cwd=tmp_path)
    assert code == 0
    assert "Z\u00fcrich" in out


BAD_SOURCES = {
    "E_EMPTY": b"; nothing\n",
    "E_SIZE": b"; " + b"x" * 70_000,
    "E_LINE": b"mov 0, 1 ;" + b"x" * 300,
    "E_LINES": b"nop\n" * 2500,
    "E_ENCODING": b"mov 0, 1 ; \xff\n",
    "E_CONTROL": b"mov 0, 1 ; \x07\n",
    "E_SYNTAX": b"mvo 0, 1\n",
    "E_LABEL": b"mov 0, nowhere\n",
    "E_EXPR": b"mov 0, 1/0\n",
    "E_LENGTH": b"nop 0, 0\n" * 101,
    "E_ORG": b"mov 0, 1\norg 7\nend\n",
    "E_ASSERT": b";assert 0\nmov 0, 1\n",
    "E_PSPACE": b"ldp 0, 1\n",
    "E_NAME": b";name " + b"x" * 81 + b"\nmov 0, 1\n",
}


Told = Callable[..., tuple[int | str | None, str, str]]


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Runs the command here, beside a file that is fine: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fine.red").write_text("mov 0, 1\n")

    def tell(*arguments: str) -> tuple[int | str | None, str, str]:
        code: int | str | None
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse's way
            code = end.code
        return code, *capsys.readouterr()

    return tell


@pytest.mark.parametrize("code", BAD_SOURCES)
def test_a_bad_warrior_is_refused_and_nothing_is_written(
    tmp_path: Path, told: Told, code: str
) -> None:
    (tmp_path / "bad.red").write_bytes(BAD_SOURCES[code])
    arguments = ("score", "fine.red", "bad.red", "--out", "kept", "--html", "p.html")
    exit_code, out, err = told(*arguments)
    assert (exit_code, out) == (2, "")
    assert err.startswith("corewar-eval: bad.red: ")
    assert code in err.splitlines()[0]
    assert {path.name for path in tmp_path.iterdir()} == {"bad.red", "fine.red"}


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("score", "nowhere.red"), "nowhere.red"),
        (("score", "fine.red", "--hill", "nohill"), "nohill"),
        (("score", "fine.red", "--split", "holdout"), "holdout"),
        (("score", "fine.red", "--jobs", "0"), "--jobs is 0"),
        (("score", "fine.red", "--csv", "no/such/file.csv"), "no/such"),
        (("score", "fine.red", "--html", "."), "is a folder"),
        (("score", "fine.red", "--out", "fine.red"), "--out"),
        (("compare", "fine.red"), "at least two"),
    ],
)
def test_bad_input_is_named(
    tmp_path: Path, told: Told, arguments: tuple[str, ...], culprit: str
) -> None:
    code, out, err = told(*arguments)
    assert (code, out) == (2, "")
    assert culprit in err
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["fine.red"]


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ((), "COMMAND"),
        (("score",), "FILE"),
        (("score", "fine.red", "--profile", "sloppy"), "sloppy"),
        (("hill", "burn"), "burn"),
    ],
)
def test_bad_arguments_are_named(told: Told, arguments: tuple[str, ...], culprit: str) -> None:
    code, out, err = told(*arguments)
    assert (code, out) == (2, "")
    assert culprit in err.splitlines()[-1]


def test_a_place_that_cannot_be_written_is_named(nano: tuple[str, ...], told: Told) -> None:
    code, _, err = told("score", "fine.red", *nano, "--html", "/proc/page.html")
    assert code == 2
    assert "/proc/page.html" in err
    assert len(err.splitlines()) == 1


def test_a_folder_in_use_or_damaged_is_named(
    nano: tuple[str, ...], tmp_path: Path, told: Told
) -> None:
    (tmp_path / "kept").mkdir()
    units = tmp_path / "kept" / "units.jsonl"
    arguments = ("score", "dwarf.red", *nano, "--out", "kept")
    with UnitStore(units):
        code, _, err = told(*arguments)
    assert (code, err) == (2, "corewar-eval: --out: another process is using kept\n")
    units.write_text("torn by an editor\n")
    code, _, err = told(*arguments)
    assert code == 2
    assert "damaged" in err
