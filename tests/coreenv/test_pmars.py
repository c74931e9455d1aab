"""`corewar pmars` against recorded calls of pMARS, and against our own battles."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.battle import battle
from coreenv.config import RULESETS, CoreConfig
from coreenv.placement import checksum, seed_of_number
from coreenv.pmars import USAGE, run
from coreenv.pmars_options import parse
from coreenv.redcode import AssemblyError, Instruction, assemble
from coreenv.redcode.lenient import assemble_leniently

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
CALLS = GOLDEN / "pmars_cli"
TINY = ["-s", "800", "-c", "8000", "-p", "800", "-l", "20"]
NANO = ["-s", "80", "-c", "800", "-p", "80", "-l", "5"]

Row = dict[str, Any]


def rows(file: Path) -> list[Row]:
    """One record a line; only a newline ends a line."""
    return [json.loads(line) for line in file.read_text("ascii").split("\n") if line]


NO_Q = "-Q sets the exit code for the sake of pMARS's own scripts; it is hidden even there"
NO_KEY = "-F with letters seeds another generator, which only pMARS 0.9.4 has"
LEFT_OUT = {
    **{f"Q_{name}": NO_Q for name in ("1", "2", "3", "0", "101", "102", "101_o", "1000", "1001")},
    **{f"Q_{name}": NO_Q for name in ("2000", "error")},
    **{f"battle_F_key{name}": NO_KEY for name in ("", "2")},
}
ROWS = {row["name"]: row for row in rows(CALLS / "cases.jsonl")}
KEPT = [name for name in ROWS if name not in LEFT_OUT]


def call(*argv: str, stdin: str = "") -> tuple[str, str, int]:
    """stdout, stderr and exit code of a call in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = run(argv, io.BytesIO(stdin.encode()), out, err)
    return out.getvalue(), err.getvalue().replace(USAGE, "<usage>\n"), code


def results(*argv: str) -> str:
    out, err, code = call(*argv)
    assert (err, code) == ("", 0)
    return out


@pytest.fixture
def in_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CALLS)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, but for an Imp and a Dwarf."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imp").write_text(";name Imp\n;assert 1\nmov.i 0, 1\n")
    (tmp_path / "dwarf").write_text(
        ";name Dwarf\n;assert 1\nadd.ab #4, 3\nmov.i 2, @2\njmp -2\ndat #0, #0\n"
    )
    return tmp_path


# ---- Recorded calls


def test_only_what_is_said_is_left_out() -> None:
    assert LEFT_OUT.keys() < ROWS.keys()
    assert len(KEPT) == 232


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.usefixtures("in_calls")
def test_calls(name: str) -> None:
    row = ROWS[name]
    answer = call(*row["argv"], stdin=row.get("stdin", ""))
    assert answer == (row["stdout"], row["stderr"], row["exit"])


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
@pytest.mark.usefixtures("in_calls")
def test_what_is_left_out_says_so(name: str) -> None:
    out, err, code = call(*ROWS[name]["argv"])
    assert (out, code) == ("", 2)
    assert err.startswith("<usage>\n")
    assert "not supported" in err


@pytest.mark.parametrize(
    "name", ["battle_100", "names_three", "stdin_two_dashes", "at_stdin", "errors", "two_faults"]
)
def test_calls_of_the_real_command(name: str) -> None:
    row = ROWS[name]
    done = subprocess.run(
        [sys.executable, "-m", "coreenv.cli", "pmars", *row["argv"]],
        input=row.get("stdin", "").encode(),
        capture_output=True,
        cwd=CALLS,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0"},
        check=False,
    )
    assert done.stdout.decode() == row["stdout"]
    assert done.stderr.decode().replace(USAGE, "<usage>\n") == row["stderr"]
    assert done.returncode == row["exit"]


# ---- Lenient assembly

OURS = {
    "expr_overflow_sum": "pMARS never ends",
    "equ_opcode_with_modifier": "pMARS reads letters left over from another word",
    "equ_predefined_name": "pMARS stops with an internal error",
    "label_predefined_name": "pMARS stops with an internal error",
    "label_eight": "no limit of seven labels",
    "meta_name_81": "names keep our limit",
    "meta_author_200": "names keep our limit",
    "llm_assert_coresize_single_equals": "pMARS's answer varies; ours warns",
    "lex_cr_only": "a lone CR ends a line",
    "lex_continuation_at_end": "pMARS never ends",
    "lex_latin1_without_flag": "sources are UTF-8",
    "lex_bom": "a byte order mark is nothing",
    "lex_form_feed": "control characters stay errors",
    "lex_opcode_glued_mode": "pMARS reads letters left over from another word",
    "expr_equal_behind_sum_of_product": "ordinary ranks of operators",
    "expr_comparison_chain_with_products": "ordinary ranks of operators",
    "expr_comparison_then_equal": "ordinary ranks of operators",
}
ASSEMBLED = {row["name"]: row for row in rows(GOLDEN / "assembler" / "expected.jsonl")}


def load_form(i: Instruction) -> list[str | int]:
    """An instruction in the form of the golden records."""
    return [i.opcode.name, i.modifier.name, i.a_mode.symbol, i[3], i.b_mode.symbol, i[5]]


@pytest.mark.parametrize("name", sorted(ASSEMBLED.keys() - OURS))
def test_sources_give_the_program_of_pmars(name: str) -> None:
    row = ASSEMBLED[name]
    rules = json.loads((GOLDEN / "assembler" / "configs.json").read_text("ascii"))[row["config"]]
    warriors, rounds = rules.pop("warriors"), rules.pop("rounds")
    rules["standard"] = "88" if rules.pop("ruleset") == "icws88" else "94"
    rules["pspace_size"] = rules["pspace_size"] or rules["core_size"] // 16
    text = (GOLDEN / "assembler" / row["file"]).read_bytes().decode(row["encoding"])
    expected = row["expect"] if row["pmars"] == "same" else row["pmars"]
    program, messages = assemble_leniently(
        text, CoreConfig(**rules), warriors, rounds, registers={"w": warriors, "s": warriors}
    )
    if not expected["accepted"]:
        assert program is None
        assert "Error" in messages
        return
    assert program is not None, messages
    written = [load_form(instruction) for instruction in program.instructions]
    assert (program.start, written) == (expected["start"], expected["instructions"])


NO_ASSERT = "Warning:\n        Missing ';assert'. Warrior may not work with the current setting\n"
MESSAGES = {  # source lines behind a true ;assert -> what pMARS 0.9.2 says, line by line
    "nop nope, nada|mov zz, 1": (
        "Error in line 2: 'nop nope, nada'|        Undefined label or symbol: 'nope'|"
        "Error in line 3: 'mov zz, 1'|        Undefined label or symbol: 'zz'|"
        "Error in line 3: 'mov zz, 1'|        Incomplete operand at instruction 'MOV'|"
        "Number of errors: 3||"
    ),
    "nop 1/0|nop nope|nop (1": (
        "Error in line 2: 'nop 1/0'|        Division by zero|"
        "Error in line 3: 'nop nope'|        Undefined label or symbol: 'nope'|"
        "Number of errors: 2||"
    ),
    "nop 1|equ 5": (
        "Warning in line 3: 'equ 5'|        Attempting to append a string to an undefined label|"
        "Number of warnings: 1||"
    ),
    "nop 1|for 3|nop 2": "Warning:|        Unclosed ROF|Number of warnings: 1||",
    "mov 1, 2,|mov ##1, 2|mov , 1": (
        "Error in line 2: 'mov 1, 2,'|        Improper placement of ','|"
        "Error in line 3: 'mov ##1, 2'|        Improper placement of '#'|"
        "Error in line 3: 'mov ##1, 2'|        Incomplete operand at instruction 'MOV'|"
        "Error in line 4: 'mov , 1'|        Improper placement of ','|"
        "Error in line 4: 'mov , 1'|        Incomplete operand at instruction 'MOV'|"
        "Number of errors: 5||"
    ),
    "add.a|spl.b|dat #": (
        "Error in line 2: 'add.a'|        Missing 'A-term'|"
        "Error in line 2: 'add.a'|        Incomplete operand at instruction 'ADD'|"
        "Error in line 3: 'spl.b'|        Syntax error|"
        "Error in line 4: 'dat #'|        Syntax error|Number of errors: 4||"
    ),
    "org 1|nop 0|nop 1|end 0": "",
    "org 8001|nop 0|nop 0": "",
    "far nop 1|far equ 2|nop far|tail": (
        "Warning in line 3: 'far equ 2'|        Ignored, redefinition of label 'far'|"
        "Warning:|        Discarding these labels: 'tail'|Number of warnings: 2||"
    ),
    "nop 4611686018427387904*4, 4611686018427387904*4": (
        "Warning in line 2: 'nop 4611686018427387904*4, 4611686018427387904*4'|"
        "        Arithmetic overflow detected|Number of warnings: 1||"
    ),
    "x nop|" + "nop x|" * 9: (
        "Error in line 2: 'x nop'|        Syntax error|Number of errors: 1||"
    ),
    "|".join(["nop aa"] * 12): (
        "".join(
            f"Error in line {number}: 'nop aa'|        Undefined label or symbol: 'aa'|"
            for number in range(2, 11)
        )
        + "Too many errors or warnings.|Program aborted.|"
    ),
}


@pytest.mark.parametrize("source", MESSAGES)
def test_messages(source: str) -> None:
    text = ";assert 1\n" + source.replace("|", "\n")
    _, messages = assemble_leniently(text, RULESETS["draft94"])
    assert messages == MESSAGES[source].replace("|", "\n")


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (b"nop 1" + b" " * 240, "E_LINE"),
        (b"nop 1\n" * 2001, "E_LINES"),
        (b";" * 70_000, "E_SIZE"),
        (b"nop \xff", "E_ENCODING"),
        (b"nop 1\0", "E_CONTROL"),
        (b";name " + b"n" * 81 + b"\nnop 1", "81 characters"),
        (b"i for 10001\nnop 1\nrof", "FOR loops"),
    ],
)
def test_limits_stay_errors(source: bytes, word: str, sources: Path) -> None:
    (sources / "bad").write_bytes(source)
    out, err, code = call("-b", "-F", "500", "bad", "imp")
    assert (out, code) == ("", 3)
    assert err.startswith(("Error", "Warning"))
    assert word in err
    assert "Number of errors: 1\n" in err


KEYWORDS = "mov add cmp jmp spl ldp for rof equ org end pin CURLINE i x lab lab: a&i .i .f"
SIGNS = "0 1 12 8000 9223372036854775807 ( ) + - * / % < > = == ! && & , , # $ @ { } : \\ ü \u0131"
WORDS = [*KEYWORDS.split(), *SIGNS.split(), " ", "\n", "\n", "\n;assert ", "\n;name ", "\n;redcode"]


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from(["", " "]), st.booleans())
@settings(max_examples=300)
def test_random_words(words: list[str], glue: str, verbose: bool) -> None:
    """Both assemblers answer in an orderly way, and what both accept is the same program."""
    source, config = glue.join(words), RULESETS["draft94"]
    program, messages = assemble_leniently(source, config, verbose=verbose)
    assert program is not None or "Error" in messages or "aborted" in messages
    with contextlib.suppress(AssemblyError):
        warrior = assemble(source, config)
        if program is None:  # pMARS wants a number behind a mode that ends the line
            assert "Syntax error" in messages or "Program aborted" in messages
        else:
            assert (warrior.instructions, warrior.pin) == (program.instructions, program.pin)
            assert warrior.start == program.start


# ---- Battles


def test_a_start_outside_is_a_start_further_on(sources: Path) -> None:
    """In an empty neighbourhood it makes no difference whether the code reaches to the start."""
    dwarf = (sources / "dwarf").read_text()
    (sources / "outside").write_text("org 9\n" + dwarf)
    (sources / "padded").write_text("org 9\n" + dwarf + "dat.f $0, $0\n" * 6)
    (sources / "walker").write_text(";assert 1\nspl 0\nmov.i #-1, 1\nmov.i 2, <-1\njmp -1\n")
    series = ["-bk", "-r", "200", "-F", "777"]
    out, err, code = call(*series, "walker", "outside")
    assert code == 0
    assert "Execution starts from outside of the program" in err
    assert out == results(*series, "walker", "padded")


def test_an_empty_warrior_dies_at_once(sources: Path) -> None:
    (sources / "nothing").write_text(";assert 1\n")
    out, _, code = call("-bk", "-r", "7", "-F", "777", "nothing", "imp")
    assert (out, code) == ("0 0\n7 0\n", 0)
    out, _, code = call("-bk", "-r", "2", "-F", "777", "nothing", "nothing")
    assert (out, code) == ("1 0\n1 0\n", 0)


@pytest.mark.parametrize("pair", [("stone", "clear"), ("pspace", "pspace2"), ("pspace", "paper")])
@pytest.mark.usefixtures("in_calls")
def test_long_series_are_those_of_battle(pair: tuple[str, str]) -> None:
    """Shared among threads or not: p-space must see all rounds in their order."""
    files = [f"{name}.red" for name in pair]
    config = RULESETS["draft94"]
    warriors = [assemble(Path(file).read_bytes(), config, 2, 300) for file in files]
    result = battle(warriors, config, rounds=300, seed=seed_of_number(config, 1234))
    expected = "".join(f"{wins} {result.ties}\n" for wins in result.wins)
    assert results("-bk", "-r", "300", "-F", "1234", *files) == expected


@pytest.mark.usefixtures("in_calls")
def test_without_a_seed_positions_come_from_the_clock() -> None:
    series = ("-bk", "-r", "400", "stone.red", "paper.red")
    assert len({results(*series) for _ in range(5)}) > 1


@pytest.mark.usefixtures("in_calls")
def test_the_checksum_tells_cmp_from_seq(tmp_path: Path) -> None:
    source = Path("cmp88.red").read_text()
    (tmp_path / "seq").write_text(source.replace("cmp ", "seq "))
    series = ("-bk", "-f", "-r", "100", "stone.red")
    instruction = assemble("cmp.i $1, $2", RULESETS["nop94"]).instructions[0]
    seeds = {name: checksum([(name, instruction)]) for name in ("CMP", "SEQ")}
    assert (
        seeds
        == {  # see docs of `checksum`: 0 ^ number, mode ^ 1, mode ^ 2, field ^ 3, field ^ 4
            "CMP": 16807 * (9 * 8 + 6 + 0 + 3 + 2 + 6),
            "SEQ": 16807 * (14 * 8 + 6 + 0 + 3 + 2 + 6),
        }
    )
    assert results(*series, str(tmp_path / "seq")) != results(*series, "cmp88.red")


@pytest.mark.parametrize(
    ("options", "pair", "expected"),
    [
        (TINY, ("imp", "dwarf"), "0 369 1153"),
        (NANO, ("imp", "dwarf"), "0 38 104"),
        (NANO, ("dwarf", "dwarf"), "54 54 34"),
        pytest.param([], ("imp", "dwarf"), "0 3809 11793", marks=pytest.mark.full),
    ],
)
@pytest.mark.usefixtures("sources")
def test_exact_results(options: list[str], pair: tuple[str, str], expected: str) -> None:
    assert results("-b", "-P", *options, *pair).splitlines()[-1] == f"Results: {expected}"


def test_an_interrupt_ends_a_long_series(sources: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "coreenv.cli", "pmars", "-r", "2000000000", "imp", "imp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=sources,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Program")  # the listing: battle is near
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
    assert "Results" not in out


# ---- What is ours


@pytest.mark.usefixtures("sources")
def test_what_the_machine_cannot_do_is_a_mistake() -> None:
    out, err, code = call("-b", "-s", "100000", "imp", "dwarf")
    assert (out, code) == ("", 2)
    assert "core_size is 100000; it must lie in 2..65536" in err


def test_option_files_do_not_nest(sources: Path) -> None:
    (sources / "self.opt").write_text("-b -@ self.opt imp")
    out, err, code = call("-@", "self.opt")
    assert (out, code) == ("", 2)
    assert 'The error is located in "self.opt"' in err


@pytest.mark.usefixtures("sources")
def test_options_and_a_warrior_from_the_same_input() -> None:
    text = '-b "imp" -\n-F 900 $\n;assert 1\njmp 0\n'
    out, err, code = call("-@", "-", stdin=text)
    assert out == ("Imp by Anonymous scores 1\nUnknown by Anonymous scores 1\nResults: 0 0 1\n")
    assert (err, code) == ('[Reading from standard input until EOF or "$"]\n', 0)


def test_default_pspace_divides_the_core(sources: Path) -> None:
    (sources / "size").write_text(";assert 1\ndat PSPACESIZE\n")
    for core, pspace in ((8000, 500), (81, 9), (8009, 8009), (8192, 512)):
        out = results("-A", "-s", str(core), "-l", "5", "size")
        assert f"#     0, ${pspace % core:6}" in out


def test_draft94_is_the_default() -> None:
    assert parse(["imp"], list).config == RULESETS["draft94"]
