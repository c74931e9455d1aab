"""`corewar asm` and `corewar disasm`, as real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coreenv.config import RULESETS
from coreenv.redcode import assemble

IMP = ";redcode\n;name Imp\n;author A. Writer\nmov 0, 1\n"


def corewar(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "coreenv.cli", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def imp(tmp_path: Path) -> Path:
    file = tmp_path / "imp.red"
    file.write_text(IMP)
    return file


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.red"
    file.write_text("mov 0 1\njmp nowhere\n")
    return file


def test_asm_prints_load_files(imp: Path) -> None:
    result = corewar("asm", imp, imp)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == 2 * str(assemble(IMP, RULESETS["nop94"]))


def test_faults_are_lines_of_stderr_and_nothing_else(imp: Path, broken: Path) -> None:
    result = corewar("asm", imp, broken)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f"{broken}:1:1: E_SYNTAX: mov lacks its B operand (separate A and B with a comma)",
        f"{broken}:2:5: E_LABEL: 'nowhere' is not defined"
        " (labels and EQU names tell capitals from small letters)",
    ]


def test_json_goes_through_disasm_and_back(imp: Path, tmp_path: Path) -> None:
    record = tmp_path / "imp.json"
    record.write_text(corewar("asm", "--format", "json", imp).stdout)
    result = corewar("disasm", record)
    assert (result.returncode, result.stdout) == (0, str(assemble(IMP, RULESETS["nop94"])))


def test_json_of_a_rejected_file(imp: Path, broken: Path) -> None:
    result = corewar("asm", "--format", "json", broken, imp)
    assert (result.returncode, result.stderr) == (2, "")
    bad, good = map(json.loads, result.stdout.splitlines())
    assert [(f["reason"], f["line"]) for f in bad["rejections"]] == [
        ("E_SYNTAX", 1),
        ("E_LABEL", 2),
    ]
    assert good["warrior"]["name"] == "Imp"


def test_icws88_and_latin_1(tmp_path: Path) -> None:
    file = tmp_path / "old.red"
    file.write_bytes(b";name caf\xe9\ndat #0\ncmp 1, 2\nend 1\n")
    result = corewar("disasm", "--ruleset", "icws88", "--latin-1", file)
    assert result.returncode == 0
    assert ";name café\n" in result.stdout
    assert result.stdout.endswith("CMP    $     1, $     2\n       END    1\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["asm"], "no FILE"),
        (["asm", "missing.red"], "missing.red: No such file"),
        (["asm", "--ruleset", "none", "x.red"], "nop94"),
        (["disasm", "record.json"], "record.json: "),
        (["disasm", "list.json"], "list.json:1:1: E_SYNTAX"),
    ],
)
def test_mistakes_exit_with_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "record.json").write_text('{"instructions": [["MVO"]]}')
    (tmp_path / "list.json").write_text("[]")
    monkeypatch.chdir(tmp_path)
    result = corewar(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
