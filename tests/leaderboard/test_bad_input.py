"""Every kind of bad input: the right code, exit 2, nothing written, soon and in little memory."""

import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leaderboard.board import open_board
from leaderboard.cli import main
from leaderboard.problem import Problem
from leaderboard.sandbox import Job, examine
from leaderboard.submit_command import TOKEN
from tests.leaderboard.boards import DWARF, IMP, Store, call, command, make_board, row_counts

SLACK = 5
"""Other programs may run beside the tests."""

SLOW = b"i for 9000\nx&i equ 1\nrof\ndat 0\n"

ROWS: dict[str, tuple[bytes, str, int]] = {
    "nothing": (b"", "E_EMPTY", 422),
    "comments": (b"; nothing\n\n", "E_EMPTY", 422),
    "64 KiB": (b"nop 0 ;\n" * 8193, "E_SIZE", 413),
    "a megabyte": (b"x" * 2**20, "E_SIZE", 413),
    "long line": (b"nop 0 ;" + b"x" * 240, "E_LINE", 422),
    "many lines": (b"\n" * 2001 + b"nop 0", "E_LINES", 422),
    "latin-1": (b"nop 0 ; caf\xe9", "E_ENCODING", 422),
    "NUL": (b"nop 0\0", "E_CONTROL", 422),
    "escape": (b"nop 0 ; \x1b[31m", "E_CONTROL", 422),
    "bidi": ("nop 0 ; \u202e".encode(), "E_CONTROL", 422),
    "opcode": (b"nop 0\nmvo 0, 1", "E_SYNTAX", 422),
    "mode": (b"mov ?0, 1", "E_SYNTAX", 422),
    "modifier": (b"mov.q 0, 1", "E_SYNTAX", 422),
    "undefined label": (b"jmp nowhere", "E_LABEL", 422),
    "two labels": (b"a nop 0\na nop 0", "E_LABEL", 422),
    "overflow": (b"dat 99999999999999999999", "E_EXPR", 422),
    "division": (b"dat 1/0", "E_EXPR", 422),
    "EQU cycle": (b"a equ b\nb equ a\ndat a", "E_EQU", 422),
    "EQU bomb": (
        b"a equ 1+1+1+1+1+1+1+1+1+1\n"
        + b"".join(b"%c equ %s\n" % (c, b"+".join([b"%c" % (c - 1)] * 10)) for c in b"bcdefg")
        + b"dat g",
        "E_EQU",
        422,
    ),
    "FOR rounds": (b"i for 10001\nrof\nnop 0", "E_FOR", 422),
    "FOR depth": (b"for 1\n" * 9 + b"nop 0\n" + b"rof\n" * 9, "E_FOR", 422),
    "too long": (b"nop 0\n" * 6, "E_LENGTH", 422),
    "start outside": (b"org 5\nnop 0", "E_ORG", 422),
    "assert": (b";assert CORESIZE == 8000\nnop 0", "E_ASSERT", 422),
    "p-space": (b"ldp 0, 0", "E_PSPACE", 422),
    "empty name": (b";name \nnop 0", "E_NAME", 422),
    "long name": (b";name " + b"x" * 81 + b"\nnop 0", "E_NAME", 422),
    "control in a name": (b";name a\xc2\x85b\nnop 0", "E_NAME", 422),
}


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_board(tmp_path_factory.mktemp("board") / "nano")


def refused(
    folder: Path, path: Path, capsys: pytest.CaptureFixture[str], *more: str, rules: str = "nano"
) -> dict[str, object]:
    """What the command says of bad input, having checked all that holds for every kind."""
    with open_board(folder) as board:
        before = row_counts(board)
    files = sorted(file.name for file in folder.iterdir() if "board.db" not in file.name)
    began = time.process_time() + _children()
    code = main(["--data", str(folder), "submit", str(path), "--ruleset", rules, "--json", *more])
    took = time.process_time() + _children() - began
    with open_board(folder) as board:
        assert row_counts(board) == before
    assert sorted(f.name for f in folder.iterdir() if "board.db" not in f.name) == files
    assert code == 2
    assert took < SLACK
    out, err = capsys.readouterr()
    problem: dict[str, object] = json.loads(out)
    assert str(problem["code"]) in err
    assert "\x1b" not in err + out
    return problem


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("row", ROWS)
def test_bad_source(
    row: str, nano: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, code, status = ROWS[row]
    path = tmp_path / "bad.red"
    path.write_bytes(content)
    problem = refused(nano, path, capsys)
    assert (problem["code"], problem["status"]) == (code, status)


def test_a_fault_has_its_place_and_a_hint(
    nano: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.red"
    path.write_bytes(b"nop 0\n  mov.q 0, 1\n")
    problem = refused(nano, path, capsys)
    assert (problem["line"], problem["column"]) == (2, 7)
    assert "modifiers are" in str(problem["hint"])


def test_an_opcode_outside_the_ruleset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_board(tmp_path / "board", "icws88")
    path = tmp_path / "bad.red"
    path.write_bytes(b"mul 1, 2")
    problem = refused(folder, path, capsys, rules="icws88")
    assert (problem["code"], problem["status"]) == ("E_OPCODE", 422)


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--name", "x" * 81), "E_NAME"),
        (("--author", "a\nb"), "E_NAME"),
        (("--method", "\u202e"), "E_NAME"),
        (("--link", "javascript:alert(1)"), "E_LINK"),
        (("--link", "https://x/" + "a" * 200), "E_LINK"),
        (("--parent", "0" * 16), "E_PARENT"),
        (("--track", "both"), "E_TRACK"),
        (("--track", "search"), "E_ARCHIVE"),
    ],
)
def test_a_bad_manifest(
    flags: tuple[str, ...],
    code: str,
    nano: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "imp.red"
    path.write_bytes(IMP)
    problem = refused(nano, path, capsys, *flags)
    assert (problem["code"], problem["status"]) == (code, 422)


def test_a_ruleset_that_the_board_has_not(
    nano: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "imp.red"
    path.write_bytes(IMP)
    assert refused(nano, path, capsys, rules="nop94")["code"] == "E_RULESET"


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("nam = 'x'", "E_MANIFEST", 422),
        ("name = 3", "E_MANIFEST", 422),
        ("name", "E_MANIFEST", 422),
        ("# " + "x" * 9000, "E_SIZE", 413),
    ],
)
def test_a_bad_manifest_file(
    text: str,
    code: str,
    status: int,
    nano: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, manifest = tmp_path / "imp.red", tmp_path / "manifest.toml"
    path.write_bytes(IMP)
    manifest.write_text(text)
    problem = refused(nano, path, capsys, "--manifest", str(manifest))
    assert (problem["code"], problem["status"]) == (code, status)


def test_the_same_program_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = make_board(tmp_path / "board"), tmp_path / "imp.red"
    path.write_bytes(IMP)
    assert main(["--data", str(folder), "submit", str(path), "--ruleset", "nano", "--json"]) == 0
    receipt = json.loads(capsys.readouterr().out)
    path.write_bytes(b";name Other\nhere mov.i $here, $here+1 ; the same\n")
    problem = refused(folder, path, capsys)
    assert (problem["code"], problem["status"]) == ("E_DUPLICATE", 409)
    assert problem["existing"] == receipt["id"]


def test_too_many_in_an_hour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = make_board(tmp_path / "board", per_hour=1), tmp_path / "imp.red"
    path.write_bytes(IMP)
    assert main(["--data", str(folder), "submit", str(path), "--ruleset", "nano"]) == 0
    capsys.readouterr()
    path.write_bytes(DWARF)
    problem = refused(folder, path, capsys)
    assert (problem["code"], problem["status"]) == ("E_RATE", 429)
    hint = re.fullmatch(r"try again in (\d+) s", problem["hint"])
    assert hint is not None
    assert 3000 < int(hint[1]) <= 3600


def test_a_closed_season(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = make_board(tmp_path / "board"), tmp_path / "imp.red"
    path.write_bytes(IMP)
    for verb in ("open", "close"):
        assert main(["--data", str(folder), "season", verb]) == 0
    capsys.readouterr()
    problem = refused(folder, path, capsys)
    assert (problem["code"], problem["status"]) == ("E_CLOSED", 409)


def test_no_authority(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = make_board(tmp_path / "board", tokens=True), tmp_path / "imp.red"
    path.write_bytes(IMP)
    assert main(["--data", str(folder), "token", "add", "Ada"]) == 0
    token = capsys.readouterr().out.strip()
    for wrong in ("", token[:-1]):
        monkeypatch.setenv(TOKEN, wrong)
        problem = refused(folder, path, capsys)
        assert (problem["code"], problem["status"]) == ("E_AUTH", 401)
    monkeypatch.setenv(TOKEN, token)
    assert main(["--data", str(folder), "submit", str(path), "--ruleset", "nano"]) == 0
    assert not [f for f in folder.iterdir() if f.is_file() and token.encode() in f.read_bytes()]
    assert main(["--data", str(folder), "token", "revoke", "Ada"]) == 0
    path.write_bytes(b"jmp 0")
    capsys.readouterr()
    assert refused(folder, path, capsys)["code"] == "E_AUTH"


def test_an_assembly_beyond_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = make_board(tmp_path / "board", assembly_seconds=0.01), tmp_path / "slow.red"
    path.write_bytes(SLOW)
    problem = refused(folder, path, capsys)
    assert (problem["code"], problem["status"]) == ("E_TIMEOUT", 422)


def test_an_assembly_beyond_its_memory() -> None:
    with pytest.raises(Problem, match="or too much memory") as refusal:
        examine(Job("warrior", "nano", "utf-8", seconds=5, memory=2**20), SLOW)
    assert refusal.value.code == "E_TIMEOUT"


def test_what_takes_long_to_assemble_is_no_fault(tmp_path: Path) -> None:
    folder, path = make_board(tmp_path / "board"), tmp_path / "slow.red"
    path.write_bytes(SLOW)
    assert main(["--data", str(folder), "submit", str(path), "--ruleset", "nano"]) == 0


def test_a_process_of_its_own(nano: Path, tmp_path: Path, sqlite: Store) -> None:
    path = tmp_path / "bad.red"
    path.write_bytes(b"nop 0\nmvo 0, 1")
    code, out, err = call(nano, sqlite, "submit", str(path), "--ruleset", "nano")
    assert (code, out) == (2, "")
    assert err.startswith("corewar-board: line 2, column 1: E_SYNTAX: ")


# In a process between, for a child counts what its parent had resident as its own.
WEIGH = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("row", ["opcode", "a megabyte", "EQU bomb", "FOR rounds"])
def test_little_memory_is_needed(row: str, nano: Path, tmp_path: Path, sqlite: Store) -> None:
    """Of the whole command, its children included: the most that was ever resident."""
    path = tmp_path / "bad.red"
    path.write_bytes(ROWS[row][0])
    arguments = command(nano, sqlite, "submit", str(path), "--ruleset", "nano")
    done = subprocess.run([sys.executable, "-c", WEIGH, *arguments], capture_output=True, text=True)
    code, kilobytes = map(int, done.stdout.split())
    assert code == 2
    assert 10_000 < kilobytes < 200 * 1024


@pytest.mark.parametrize("path", ["", "missing.red"])
def test_no_such_file(path: str, nano: Path, tmp_path: Path, sqlite: Store) -> None:
    code, out, err = call(nano, sqlite, "submit", str(tmp_path / path), "--ruleset", "nano")
    assert (code, out) == (2, "")
    assert str(tmp_path) in err
