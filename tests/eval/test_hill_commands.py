"""`corewar-eval hill`: what it says of a hill, and how a folder of anybody's files becomes one."""

import argparse
import json
import shutil
from importlib.resources import as_file
from pathlib import Path

import pytest

from coreenv.hill import MANIFEST, bundled, open_hill
from eval.hill_commands import add_parsers
from eval.hill_readme import updated
from eval.round_robin import round_robin

IMP = ";name Imp\n;author A. Nonymous\nMOV 0, 1\n"
DWARF = ";name Dwarf\nADD #4, 3\nMOV 2, @2\nJMP -2\nDAT #0, #0\n"
GATE = ";name Gate\nJMP 0, <-5\n"


def corewar_eval_hill(*argv: object) -> int:
    parser = argparse.ArgumentParser(prog="corewar-eval hill")
    add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args([str(arg) for arg in argv])
    code: int = arguments.run(arguments)
    return code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three warriors, in two folders."""
    (tmp_path / "more").mkdir()
    (tmp_path / "imp.red").write_text(IMP)
    (tmp_path / "dwarf-94.RED").write_text(DWARF)
    (tmp_path / "more/gate2.red").write_text(GATE)
    (tmp_path / "notes.txt").write_text("no warrior")
    return tmp_path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The bundled hill, to spoil."""
    with as_file(bundled("v1").folder) as original:
        return Path(shutil.copytree(original, tmp_path / "copy"))


def test_list_has_a_line_for_each_member(capsys: pytest.CaptureFixture[str]) -> None:
    hill = bundled("v1")
    assert corewar_eval_hill("list") == 0
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["split", "class", "family", "hash", "name"]
    assert [row.split() for row in rows] == [
        [m.split, m.warrior_class, m.family, m.id[:12], m.name] for m in hill.members
    ]
    assert last == f"corewar-dei v1: {len(hill.members)} warriors, hash {hill.hash[:16]}"


def test_list_as_json_is_the_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    hill = bundled("v1")
    assert corewar_eval_hill("list", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["hill"], found["version"], found["hash"]) == (hill.name, "v1", hill.hash)
    assert [row["id"] for row in found["members"]] == [member.id for member in hill.members]
    assert found["members"][0]["class"] == "imp"
    assert found["rejected"] == []


def test_show_prints_the_row_and_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert corewar_eval_hill("show", "Lantern") == 0
    out = capsys.readouterr().out
    member = bundled("v1").member("Lantern")
    assert f"id      {member.id}" in out
    assert "class   scanner" in out
    assert out.endswith((bundled("v1").folder / "lantern.red").read_text().rstrip() + "\n")


def test_verify_is_content_with_the_bundled_hill(capsys: pytest.CaptureFixture[str]) -> None:
    assert corewar_eval_hill("verify") == 0
    assert "warriors are those of the manifest" in capsys.readouterr().out


def test_verify_names_every_fault_and_fails(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "imp.red").write_text(";name Imp\n;author corewar-dei\nMOV.I 0, 2\n")
    (copy / "broom.red").unlink()
    (copy / "extra.red").write_text(GATE)
    assert corewar_eval_hill("verify", copy) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert len(lines) == 3
    assert all(line.startswith("corewar-eval: ") for line in lines)
    assert "Imp: imp.red: id is" in lines[0]
    assert "Broom: cannot read broom.red" in lines[1]
    assert "extra.red is in the folder, but not in the manifest" in lines[2]


def test_verify_names_contradictions_of_the_manifest(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (copy / MANIFEST).read_text()
    (copy / MANIFEST).write_text(text.replace('family = "scythe"', 'family = "broom"'))
    assert corewar_eval_hill("verify", copy) == 1
    assert "family 'broom' straddles the splits dev, test" in capsys.readouterr().err


def test_add_makes_a_hill_that_opens_by_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corewar_eval_hill("add", folder, "--name", "ours") == 0
    assert "ours v1: 3 warriors, written to" in capsys.readouterr().out
    hill = open_hill(str(folder))
    hill.verify()
    assert [(m.file, m.name, m.family) for m in hill.members] == [
        ("dwarf-94.RED", "Dwarf", "dwarf"),
        ("imp.red", "Imp", "imp"),
        ("more/gate2.red", "Gate", "gate"),
    ]
    assert {(m.warrior_class, m.split, m.source) for m in hill.members} == {
        ("unclassified", "test", "ours")
    }
    assert hill.member("Imp").author == "A. Nonymous"
    assert hill.member("Imp").id == bundled("v1").member("Imp").id
    assert (folder / MANIFEST).read_text(encoding="utf-8") == hill.to_toml()
    assert corewar_eval_hill("verify", folder) == 0
    assert corewar_eval_hill("show", "Gate", "--hill", folder) == 0


def test_add_names_every_file_that_cannot_be_a_member(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.red").write_text("MOV 0, nowhere\nMOVE 0, 1\n")
    (folder / "z.red").write_text("; the Imp once more\nimp MOV.I $0, $1\n")
    (folder / "more/caf\xe9.red").write_bytes(b";name Caf\xe9\nJMP 0\n")
    assert corewar_eval_hill("add", folder, "--name", "ours") == 1
    lines = capsys.readouterr().err.splitlines()
    assert not (folder / MANIFEST).exists()
    assert len(lines) == 4
    assert "bad.red: line 1" in lines[0]
    assert "E_LABEL" in lines[0]
    assert "line 2" in lines[0]
    assert "more/caf\xe9.red: line 1: E_ENCODING" in lines[1]
    assert "z.red: the same program as imp.red" in lines[2]
    assert "3 files cannot be members, 3 can; nothing was written" in lines[3]


def test_partial_records_who_was_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.red").write_text('MOV 0, nowhere ; "quoted"\n')
    (folder / "z.red").write_text("MOV.I $0, $1\n")
    assert corewar_eval_hill("add", folder, "--name", "ours", "--partial") == 0
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 2
    assert "3 warriors, 2 files left out" in captured.out
    hill = open_hill(str(folder))
    assert [rejected.file for rejected in hill.rejected] == ["bad.red", "z.red"]
    assert "E_LABEL" in hill.rejected[0].reason
    assert hill.rejected[1].reason == "the same program as imp.red"
    assert corewar_eval_hill("verify", folder) == 0, "a rejected file is no stranger"


def test_latin_1_is_remembered(folder: Path) -> None:
    (folder / "cafe.red").write_bytes(b";name Caf\xe9\nJMP 0\n")
    assert corewar_eval_hill("add", folder, "--name", "ours", "--latin-1") == 0
    hill = open_hill(str(folder))
    assert hill.warrior("Caf\xe9").name == "Caf\xe9"
    assert hill.encoding == "latin-1"


def test_equal_names_are_told_apart_by_their_files(folder: Path) -> None:
    (folder / "more/imp.red").write_text(";name Imp\nMOV 0, 2\n")
    (folder / "flag.red").write_text(";name \U0001f600\nMOV 0, 3\n")
    assert corewar_eval_hill("add", folder, "--name", "ours") == 0
    hill = open_hill(str(folder))
    hill.verify()
    assert [m.name for m in hill.members if "Imp" in m.name] == [
        "Imp (imp.red)",
        "Imp (more/imp.red)",
    ]
    assert hill.member("\U0001f600").file == "flag.red"
    assert hill.rehashed() == hill


def test_another_ruleset_is_kept(folder: Path) -> None:
    assert corewar_eval_hill("add", folder, "--name", "ours", "--ruleset", "tiny") == 0
    hill = open_hill(str(folder))
    assert hill.ruleset == "tiny"
    assert hill.warrior("Imp").core_size == 800


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["list", "v0"], "hill is 'v0'; it must be one of v1"),
        (["list", "."], r". has no hill.toml; write one with: corewar-eval hill add ."),
        (["show", "Nobody"], "'Nobody' is no member of hill corewar-dei v1; it has Imp"),
        (["add", "nowhere", "--name", "x"], "nowhere"),
        (["add", ".", "--name", "x"], ". holds no warrior"),
        (["add", ".", "--name", "a\nb"], "name"),
        (["diff", "v1", "nowhere"], "hill is 'nowhere'"),
        (["measure", "--update", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_told_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert corewar_eval_hill(*argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("corewar-eval: ")
    assert told in line
    assert list(tmp_path.iterdir()) == []


def test_add_leaves_an_existing_manifest_alone(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (copy / MANIFEST).read_text()
    assert corewar_eval_hill("add", copy, "--name", "ours") == 2
    assert "hill.toml exists: delete it" in capsys.readouterr().err
    assert (copy / MANIFEST).read_text() == before


def test_a_file_name_that_cannot_be_printed_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "red\x1b[31m.red").write_text(GATE)
    assert corewar_eval_hill("add", folder, "--name", "ours") == 2
    assert r"'red\x1b[31m.red' cannot be printed" in capsys.readouterr().err


def test_diff_tells_who_came_went_and_changed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corewar_eval_hill("diff", "v1", copy) == 0
    assert capsys.readouterr().out == "no difference\n"
    (copy / "lance.red").write_text(IMP.replace("Imp", "Lancet").replace("1", "7"))
    text = (copy / MANIFEST).read_text()
    text = text.replace('name = "Lance"', 'name = "Lancet"').replace('"clear"', '"sweep"', 1)
    text = text.replace(bundled("v1").member("Imp").id, "0" * 64)
    (copy / MANIFEST).write_text(text)
    assert corewar_eval_hill("diff", "v1", copy) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" (")[0] for line in lines[:2]] == ["- Lance", "+ Lancet"]
    assert lines[2].startswith("~ Imp: id: cfc20972")
    assert lines[3:] == ["~ Broom: class: clear -> sweep"]


def test_measure_writes_the_readme_section(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corewar_eval_hill("add", folder, "--name", "ours", "--ruleset", "tiny")
    hill = open_hill(str(folder))
    result = round_robin(hill)
    capsys.readouterr()
    assert corewar_eval_hill("measure", folder, "--jobs", "2") == 0
    section = capsys.readouterr().out
    assert section == updated("", result).lstrip("\n")
    readme = folder / "README.md"
    readme.write_text("# Ours\n\n## How they do against each other\n\nbadly\n")
    assert corewar_eval_hill("measure", folder, "--update", readme) == 0
    assert readme.read_text() == f"# Ours\n\n{section}"
