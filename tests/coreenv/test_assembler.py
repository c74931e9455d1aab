"""The assembler where the golden data say nothing: reports, limits, round trips, random input."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.config import RULESETS, CoreConfig
from coreenv.redcode import (
    AssemblyError,
    Instruction,
    Mode,
    Modifier,
    Opcode,
    Rejection,
    Warrior,
    assemble,
    disassemble,
)
from coreenv.redcode.grammar import MODES_88, default_modifier
from coreenv.redcode.instruction import MODE_SYMBOLS

CASES = sorted((Path(__file__).parent / "golden" / "assembler" / "cases").glob("*.red"))
NOP94 = RULESETS["nop94"]
IMP = "MOV.I $0,$1"


def faults(source: str | bytes, config: CoreConfig = NOP94) -> tuple[Rejection, ...]:
    with pytest.raises(AssemblyError) as error:
        assemble(source, config)
    return error.value.rejections


def program(source: str, config: CoreConfig = NOP94) -> list[str]:
    return [str(instruction) for instruction in assemble(source, config).instructions]


class TestReport:
    def test_every_fault_of_a_source_comes_at_once_and_in_order(self) -> None:
        source = "mova 0, 1\nloop mov.q 0, 1\n jmp lopp\nadd #1\nloop nop 1/0\n;assert 0\n"
        assert [(f.reason, f.line, f.column) for f in faults(source)] == [
            ("E_SYNTAX", 1, 1),
            ("E_SYNTAX", 2, 10),
            ("E_LABEL", 3, 6),
            ("E_SYNTAX", 4, 1),
            ("E_LABEL", 5, 1),
            ("E_EXPR", 5, 11),
            ("E_ASSERT", 6, 1),
        ]

    def test_faults_of_the_code_are_found_behind_the_longest_program(self) -> None:
        found = faults("jmp tail\njmp\n" + "nop 0\n" * 200 + "tail nop 0\n")
        assert [(f.reason, f.line) for f in found] == [("E_SYNTAX", 2), ("E_LENGTH", 101)]

    def test_the_report_is_short_and_tells_how_many_more(self) -> None:
        found = faults("".join(f"mova {i}, 1\n" for i in range(50)))
        assert [f.line for f in found] == list(range(1, 21))
        assert found[-1].message == "'mova' is no opcode; and 30 more faults"

    def test_a_fault_in_a_loop_counts_once(self) -> None:
        assert len(faults("for 50\nmov 0\nrof\n")) == 1

    def test_no_suggestion_takes_long_among_many_names(self) -> None:
        labels = "".join(f"label{i} equ {i}\n" for i in range(1800))
        (fault,) = faults(labels + "jmp lebel7\n")
        assert "did you mean" not in fault.hint

    @pytest.mark.parametrize(
        ("source", "hint"),
        [
            ("start: mov 0, 1\n jmp strat\n", "did you mean start?"),
            ("Top nop 0\njmp TOP\n", "did you mean Top?"),
            ("nop maxlength\n", "did you mean MAXLENGTH?"),
            ("movi 0, 1\n", "did you mean MOV?"),
            ("mov.ii 0, 1\n", "A B AB BA F X I"),
            ("mov 0 1\n", "comma"),
            ("x1 = 5\nnop 0\n", "name EQU text"),
            ("equ step 4\nnop step\n", "step EQU"),
            ("nop tail\ntail\n", "behind the last instruction"),
            (";assert CORESIZE=8000\nnop 0\n", "=="),
            ("jump loop\n", "JMP"),
        ],
    )
    def test_hints_say_what_would_be_right(self, source: str, hint: str) -> None:
        assert hint in faults(source)[0].hint

    def test_text_is_the_line_cut_short(self) -> None:
        (fault,) = faults("  jmp nowhere ; " + "x" * 100 + "\n")
        assert fault.text == ("jmp nowhere ; " + "x" * 100)[:80]

    def test_a_control_character_is_named_and_not_repeated(self) -> None:
        (fault,) = faults("nop 0\r\n\x1b[2J")
        assert (fault.reason, fault.line, fault.column) == ("E_CONTROL", 2, 1)
        assert "U+001B" in fault.message
        assert str(fault).isprintable()

    def test_equ_without_a_name_that_nobody_uses_is_still_a_fault(self) -> None:
        assert [(f.reason, f.line) for f in faults("equ step 4\nnop 0\n")] == [("E_EQU", 1)]


class TestText:
    def test_names_between_and_over_the_limits(self) -> None:
        warrior = assemble(
            ";name \tTwo \t Words \n;author ü\n;strategy  a\n;strategy\nnop 0", NOP94
        )
        assert (warrior.name, warrior.author) == ("Two   Words", "ü")
        assert warrior.strategy == " a\n"
        assert warrior.source.startswith(";name \tTwo")

    def test_a_control_character_in_a_name(self) -> None:
        assert [(f.reason, f.line) for f in faults("nop 0\n;name a\x85b\n")] == [("E_NAME", 2)]

    def test_only_the_last_name_counts(self) -> None:
        assert assemble(";name\n;name fine\nnop 0", NOP94).name == "fine"

    @pytest.mark.parametrize(
        "warrior", ["\ud800", "nop 0 ; \udfff"], ids=["lone surrogate", "in a comment"]
    )
    def test_text_that_cannot_be_utf8(self, warrior: str) -> None:
        assert faults(warrior)[0].reason == "E_ENCODING"

    def test_the_size_is_counted_in_bytes(self) -> None:
        fits = ";" + "ü" * 200 + "\n"
        assert program("nop 0\n" + fits * 160) == ["NOP.F $0,$0"]
        assert faults("nop 0\n" + fits * 170)[0].reason == "E_SIZE"
        assert faults(b"nop 0\n" + fits.encode() * 170)[0].reason == "E_SIZE"

    def test_latin_1(self) -> None:
        assert assemble(b";name caf\xe9\nnop 0", NOP94, encoding="latin-1").name == "café"

    def test_read_and_write_limits(self) -> None:
        limited = CoreConfig(read_limit=400, write_limit=200)
        assert program("dat READLIMIT, WRITELIMIT", limited) == ["DAT.F $400,$200"]
        assert program("dat READLIMIT+1, WRITELIMIT") == ["DAT.F $1,$0"]

    def test_warriors_and_rounds(self) -> None:
        warrior = assemble("nop WARRIORS, ROUNDS", NOP94, 3, 250)
        assert warrior.instructions[0].b_field == 250

    @pytest.mark.parametrize("name", ["", "n" * 81, " n", "n ", "a\nb", "a\x1bb", "a\u202eb"])
    def test_a_warrior_takes_no_name_that_its_text_could_not_keep(self, name: str) -> None:
        imp = assemble("mov 0, 1", NOP94)
        with pytest.raises(ValueError, match="name"):
            Warrior(imp.instructions, 0, 8000, name=name)


class TestPreprocessing:
    def test_a_text_of_several_lines_in_an_operand(self) -> None:
        assert program("rest equ 1\n equ nop 2\nmov 0, rest\nnop 3\n") == [
            "MOV.I $0,$1",
            "NOP.F $2,$0",
            "NOP.F $3,$0",
        ]

    def test_below_its_use_it_is_a_fault_with_a_way_out(self) -> None:
        (fault,) = faults("mov 0, rest\nrest equ 1\n equ nop 2\n")
        assert (fault.reason, fault.hint) == ("E_EQU", "define the text above this line")

    def test_a_loop_inside_a_text(self) -> None:
        source = "row equ i for 3\n equ nop i\n equ rof\nfor 2\nrow\nrof\n"
        assert program(source) == [f"NOP.F ${i},$0" for i in (1, 2, 3, 1, 2, 3)]

    def test_a_loop_must_end_in_the_text_it_begins_in(self) -> None:
        assert faults("row equ for 3\nrow\nnop 0\nrof\n")[0].reason == "E_FOR"

    def test_a_text_that_uses_the_index_of_the_loop_around_it(self) -> None:
        source = "far equ 100*i\nname equ x&i\nx01 equ 7\nx02 equ 8\ni for 2\nnop far, name\nrof\n"
        assert program(source) == ["NOP.F $100,$7", "NOP.F $200,$8"]

    def test_a_modifier_is_no_name(self) -> None:
        assert program("f equ 5\ni for 1\nmov.i f, i\nadd.f 1, 2\nrof\n") == [
            "MOV.I $5,$1",
            "ADD.F $1,$2",
        ]

    def test_two_ampersands_glue_nothing(self) -> None:
        assert program("i for 2\nnop i&&1, 1&&i<2\nrof\n") == ["NOP.F $1,$1", "NOP.F $1,$0"]

    def test_an_index_of_two_loops(self) -> None:
        assert [(f.reason, f.line) for f in faults("i for 2\ni for 2\nnop i\nrof\nrof\n")] == [
            ("E_FOR", 2)
        ]

    @pytest.mark.parametrize("head", ["add: for 3", "l&q for 3", "for nowhere", "for", "i for 1/0"])
    def test_a_bad_loop_is_one_fault_and_its_body_is_read_once(self, head: str) -> None:
        found = faults(f"{head}\nmova 0, 1\nrof\nmovb 0, 1\n")
        assert [fault.line for fault in found] == [1, 2, 4]

    def test_the_number_beside_curline_is_pasted(self) -> None:
        assert program("nop 0\nnop 1 CURLINE, 2 CURLINE\n")[1] == "NOP.F $11,$21"

    def test_labels_of_a_program_that_is_too_long_are_not_missed(self) -> None:
        assert [f.reason for f in faults("jmp tail\nfor 200\nnop 0\nrof\ntail nop 0\n")] == [
            "E_LENGTH"
        ]


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=80)
lines = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)


@st.composite
def warriors(draw: st.DrawFn, config: CoreConfig) -> Warrior:
    seed = random.Random(draw(st.integers(0, 2**32)))
    code = []
    for _ in range(draw(st.integers(1, config.max_length))):
        opcode, modes = (
            Opcode(seed.randrange(16)),
            (Mode(seed.randrange(8)), Mode(seed.randrange(8))),
        )
        modifier = Modifier(seed.randrange(7))
        if config.standard == "88":
            opcode = seed.choice(list(MODES_88))
            a_modes, b_modes = MODES_88[opcode]
            modes = (
                Mode(MODE_SYMBOLS.index(seed.choice(a_modes))),
                Mode(MODE_SYMBOLS.index(seed.choice(b_modes))),
            )
            modifier = default_modifier(opcode, *modes)
        fields = seed.randrange(-(10**6), 10**6), seed.randrange(config.core_size)
        code.append(Instruction(opcode, modifier, modes[0], fields[0], modes[1], fields[1]))
    texts = {"name": draw(names), "author": draw(names)}
    texts["strategy"] = "\n".join(draw(st.lists(lines, max_size=3)))
    pin = (
        None if config.standard == "88" else draw(st.none() | st.integers(-(2**63) + 1, 2**63 - 1))
    )
    start = seed.randrange(len(code))
    try:
        return Warrior(tuple(code), start, config.core_size, pin, **texts)
    except ValueError:  # a name with a blank at its end, or a bidi control
        return Warrior(tuple(code), start, config.core_size, pin)


@pytest.mark.parametrize("ruleset", ["nop94", "icws88", "tiny", "nano"])
@given(data=st.data())
@settings(max_examples=60)
def test_every_warrior_survives_its_own_text(ruleset: str, data: st.DataObject) -> None:
    config = RULESETS[ruleset]
    warrior = data.draw(warriors(config))
    again = assemble(disassemble(warrior, config.standard), config)
    assert again == warrior
    assert (again.id, again.start) == (warrior.id, warrior.start)
    assert (again.name, again.author) == (warrior.name, warrior.author)
    assert again.strategy == warrior.strategy
    assert Warrior.from_dict(warrior.to_dict()) == warrior


def answered(source: str | bytes, config: CoreConfig) -> None:
    """Assembling ends in a warrior or in an orderly report, and in nothing else."""
    rejections: tuple[Rejection, ...] = ()
    try:
        warrior = assemble(source, config)
    except AssemblyError as error:
        rejections = error.rejections
    else:
        assert assemble(str(warrior), config).id == warrior.id
    lines = [fault.line or 2**31 for fault in rejections]
    assert lines == sorted(lines)
    assert len(lines) <= 20
    assert all(f.reason.startswith("E_") and 0 <= f.column <= 241 for f in rejections)


@given(st.binary(max_size=300))
def test_random_bytes(source: bytes) -> None:
    answered(source, RULESETS["draft94"])


KEYWORDS = "mov add dat jmp spl for rof equ org end pin ldp CURLINE CORESIZE i x lab lab: a&i"
SIGNS = "0 1 12 8000 9223372036854775807 ( ) + - * / % < > = == ! && || & , . # $ @ { } : \\ ü"
WORDS = [
    *KEYWORDS.split(),
    *SIGNS.split(),
    *[" ", " ", "\n", "\n", "\n;", "\t", ";assert ", ";name ", ";redcode"],
]


def test_a_block_behind_a_dot_is_no_modifier() -> None:
    source = "blk equ mov 0, 1\n equ mov 0, 1\n mov.blk 0, 1\n"
    with pytest.raises(AssemblyError) as caught:
        assemble(source, RULESETS["nop94"])
    assert [(r.reason, r.line) for r in caught.value.rejections] == [("E_SYNTAX", 3)]


@given(st.lists(st.sampled_from(WORDS), max_size=80), st.sampled_from(["", " "]))
@settings(max_examples=300)
def test_random_words(words: list[str], glue: str) -> None:
    answered(glue.join(words), RULESETS["draft94"])


@given(st.data())
@settings(max_examples=300)
def test_mutated_sources(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(CASES)).read_text("latin-1")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(source)))
        cut = data.draw(st.integers(0, 6))
        source = source[:at] + data.draw(st.sampled_from(WORDS)) + source[at + cut :]
    answered(source, RULESETS["draft94"])


class TestStandard88:
    def test_the_text_has_neither_modifiers_nor_org(self) -> None:
        text = disassemble(assemble("dat #0, #0\ncmp 1, 2\nend 1", RULESETS["icws88"]), "88")
        assert text.splitlines()[-3:] == [
            "       DAT    #     0, #     0",
            "       CMP    $     1, $     2",
            "       END    1",
        ]

    @pytest.mark.parametrize(
        "source", ["nop 0", "mov.ab 0, 1", "mov 0, >1", "mov 0, #1", "dat 0, 0", "mov 0, 1\npin 4"]
    )
    def test_what_it_cannot_say_is_an_error(self, source: str) -> None:
        with pytest.raises(ValueError, match="disassemble as '94'"):
            disassemble(assemble(source, NOP94), "88")


class TestRecord:
    def test_an_id_that_is_not_the_programs_is_refused(self) -> None:
        record = {**assemble("mov 0, 1", NOP94).to_dict(), "start": 0, "id": "0" * 64}
        with pytest.raises(ValueError, match="id"):
            Warrior.from_dict(record)

    @pytest.mark.parametrize(
        "change",
        [{"instructions": [["MVO", "I", "$", 0, "$", 1]]}, {"instructions": [[]]}, {"size": 3}],
    )
    def test_what_is_no_record_is_refused(self, change: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"record|unpack"):
            Warrior.from_dict({**assemble("mov 0, 1", NOP94).to_dict(), **change})
