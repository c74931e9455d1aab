"""Finding the program in an answer: every style of answer, other spellings, and hostile text."""

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.config import RULESETS
from coreenv.hill import bundled
from coreenv.redcode import AssemblyError, Warrior, assemble
from dei_agents.answers import MAX_CANDIDATES, best_source
from dei_agents.policies import BUILTIN, builtin
from dei_agents.policy import Context
from dei_agents.spelling import RESPELLINGS, is_code, is_prose, respelt

NOP94 = RULESETS["nop94"]
DRAFT = "MOV.I $0, $1\nJMP.B $-1, $0"
FINAL = ";redcode\n;name Last\nSPL.B $0, $0\nMOV.I $0, $1\nEND"


@cache
def population() -> tuple[Warrior, ...]:
    """Ten new warriors of every operator."""
    contexts = [Context(NOP94, np.random.default_rng(seed)) for seed in range(10)]
    return tuple(
        assemble(builtin(name).propose(context).source, NOP94)
        for name in BUILTIN
        for context in contexts
    )


def found(answer: str) -> Warrior:
    return assemble(best_source(answer, NOP94), NOP94)


STYLES: dict[str, Callable[[str], str]] = {
    "bare": lambda w: w,
    "fenced": lambda w: f"```redcode\n{w}```\n",
    "tildes": lambda w: f"~~~\n{w}\n~~~",
    "unclosed": lambda w: f"Here:\n````asm\n{w}",
    "prose": lambda w: f"Let me think: an imp moves.\n\n```\n{w}\n```\n\nAdd it to your hill.",
    "prose without fences": lambda w: f"The MOV instruction copies.\n{w}\nIt bombs, then jumps.",
    "draft first": lambda w: f"A draft:\n```\n{DRAFT}\n```\nBetter:\n```\n{w}\n```",
    "whole draft first": lambda w: f"```\n{FINAL}\n```\nBetter:\n```\n{w}\n```",
    "never closed, then again": lambda w: f"```redcode\n{FINAL}\n\n```redcode\n{w}\n```",
    "quoted afterwards": lambda w: f"```\n{w}\n```\nThe bomb is `x`:\n```\nMOV.I $0, $1\n```",
    "other languages": lambda w: f"```python\nprint(1)\n```\n```\n{w}\n```\n```\nok\n```",
    "other language, no fence": lambda w: f"```json\n[1]\n```\n{w}",
    "indented": lambda w: (
        "1. So:\n   ```\n" + "".join(f"   {r}\n" for r in w.split("\n")) + "   ```"
    ),
    "CRLF": lambda w: f"So:\n```redcode\n{w}```\n".replace("\n", "\r\n"),
    "CR": lambda w: f"So:\n```redcode\n{w}```\n".replace("\n", "\r"),
    "numbered": lambda w: "\n".join(f"{i:3}| {r}" for i, r in enumerate(w.split("\n"), 1)),
    "prose in the block": lambda w: (
        f"```\nThis one bombs, and it's fast:\n{w}\nIt never ends.\n```"
    ),
    "typographic": lambda w: f"```\n{w}```".replace("-", "\u2212").replace(" ", "\u00a0"),
    "entities": lambda w: w.replace("<", "&lt;").replace(">", "&gt;"),
}


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=40)
@given(index=st.integers(0, 39))
def test_a_warrior_is_found_in_every_style(style: str, index: int) -> None:
    warrior = population()[index]
    assert found(STYLES[style](str(warrior))) == warrior


@pytest.mark.parametrize("style", ["bare", "fenced", "prose", "prose without fences", "unmarked"])
def test_sources_with_labels_and_comments_are_found_too(style: str) -> None:
    for member in bundled("v1").split("dev"):
        source = bundled("v1").warrior(member.name).source
        if style == "unmarked":
            source = "\n".join(r for r in source.split("\n") if not r.startswith(";redcode"))
        assert found(STYLES.get(style, STYLES["bare"])(source)).id == member.id


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MOV.I  #0,  }1", "MOV.I #0, }1"),
        ("dat.f $0 $0", "DAT.F $0, $0"),
        ("mov 0 -1", "MOV 0, -1"),
        ("MOV.I $     0 $     1", "MOV.I $0, $1"),
        ("nop\nJMP -1 ; back", "NOP 0\nJMP -1"),
        ("mov 0 1\ndat", "MOV 0, 1\nDAT #0, #0"),
        ("MOV \u22121, \u20131", "MOV -1, -1"),
        ("MOV\u00a00,\u20091\u200b", "MOV 0, 1"),
        ("MOV 0, 1 // an \u201cimp\u201d", "MOV 0, 1"),
        ("MOV 0, 1  # an imp\nDAT # 4, # 5", "MOV 0, 1\nDAT #4, #5"),
        ("# an imp\nMOV 0, 1", "MOV 0, 1"),
        ("1: MOV 0, 1\n2: JMP -1\n", "MOV 0, 1\nJMP -1"),
        ("01  MOV 0, 1\n02  JMP -1\n", "MOV 0, 1\nJMP -1"),
        ("- MOV 0, 1\n- JMP -1\n", "MOV 0, 1\nJMP -1"),
        ("MOV &lt;1, &#64;2", "MOV <1, @2"),
        (r"MOV \*1, \#2", "MOV *1, #2"),
        ("LOOP: MOV 0, 1\nJMP loop", "MOV 0, 1\nJMP -1"),
        ("loop : MOV 0, 1\nJMP loop", "MOV 0, 1\nJMP -1"),
        ("x MOV 0, X+coresize", "MOV 0, CORESIZE"),
        ("MOV 0, 1 ;" + "long " * 60, "MOV 0, 1"),
        ("MOV 0, 1\nEND\n" + "That was the whole warrior. " * 30, "MOV 0, 1"),
        (";name " + "x" * 90 + "\n;author\nMOV 0, 1", "MOV 0, 1"),
        ("**Strategy:** it walks\nMOV 0, 1", "MOV 0, 1"),
        ("`MOV 0, 1`", "MOV 0, 1"),
        ("<warrior>\nMOV 0, 1\n</warrior>", "MOV 0, 1"),
        ("/* an imp */\nMOV 0, 1", "MOV 0, 1"),
        ("Here it is:\nMOV 0, 1", "MOV 0, 1"),
        ("MOV 0\uff0c 1", "MOV 0, 1"),
    ],
)
def test_another_spelling_is_understood(written: str, meant: str) -> None:
    assert found(f"```\n{written}\n```") == assemble(meant, NOP94)


@pytest.mark.parametrize("form", ["{}", "```\n{}\n```", "So it is done:\n{}\nIt walks on and on."])
@pytest.mark.parametrize(
    "row", ["MVO 0, 1", "MOV.Q 0, 1", "MOV start+, 1", "loop MOV foo bar", "HALT", "...", "JUMP -2"]
)
def test_a_faulty_instruction_is_never_dropped(row: str, form: str) -> None:
    """Or a program with a hole would fight, and the model never learn of its fault."""
    source = f"MOV 0, 1\nSPL -1\n{row}\nJMP -2\nDAT 0, bad"
    assert best_source(form.format(source), NOP94) == source


@pytest.mark.parametrize("mark", ["#", "//"])
def test_what_was_commented_out_stays_so(mark: str) -> None:
    assert len(found(f"```\nMOV 0, 1\n{mark} MOV 0, 2\n```")) == 1


def test_a_respelling_leaves_a_sound_program_as_it_is() -> None:
    for warrior in population():
        assert assemble(respelt(str(warrior), ()), NOP94) == warrior
        for row in str(warrior).split("\n"):
            for respelling in RESPELLINGS:
                assert respelling(row).split() == row.split()


def test_prose_is_no_code() -> None:
    for row in (
        "Add a bomb, then jump to it.",
        "The MOV instruction copies a cell.",
        "For example:",
        "That's it, isn't it?",
        "A well-known imp\u2019s walk",
        "```",
        "End of the warrior.",
        "",
        "; MOV 0, 1",
        "MOV 0, 1" + " " * 400 + "x",
    ):
        assert not is_code(row), row
        assert is_prose(row) == bool(row and row[0] != ";"), row
    for row in ("loop: mov.i 0, 1", "a b c DAT", "x equ 2 + 3", "i for 3", "END", "spl @-1"):
        assert is_code(row), row
        assert not is_prose(row), row


def test_which_of_several_programs_counts() -> None:
    """The last whole one; quoted lines never; without any mark the last that is long enough."""
    two, three = "SPL 0\nJMP -1", "SPL 0\nMOV 0, 1\nJMP -2"
    assert best_source(f"```\n{FINAL}\n```\n```\n{DRAFT}\n```", NOP94) == FINAL
    assert best_source(f"```\n{three}\n```\n```\n{two}\n```\n", NOP94) == two
    assert best_source(f"```\n{three}\n```\n```\nDAT 0, 0\n```", NOP94) == three
    assert best_source(f"Before:\n{three}\nAfter, more fun:\n{two}", NOP94) == two


def test_a_quoted_line_does_not_stand_for_a_faulty_program() -> None:
    faulty = "SPL 0\nMOV bomb, @1\nADD #4, -1\nJMP -2"
    assert best_source(f"```\n{faulty}\n```\nwhere\n```\nMOV 0, 1\n```", NOP94) == faulty
    assert best_source(f"```\n{faulty}\n```\nor\n```\n{DRAFT}\n```", NOP94) == DRAFT


def test_of_many_programs_the_last_are_looked_at() -> None:
    blocks = [f"```\nDAT 0, {i}\nEND\n```\n```\nMOV {i}, oops\n```" for i in range(MAX_CANDIDATES)]
    assert found("\n".join(blocks)) == assemble(f"DAT 0, {MAX_CANDIDATES - 1}", NOP94)
    early = f"```\n{FINAL}\n```\n" + "".join(
        f"```\nMOV {i}, oops\n```\n" for i in range(MAX_CANDIDATES)
    )
    assert "oops" in best_source(early, NOP94)


def test_the_least_faulty_program_is_kept_as_written() -> None:
    worse, better = "MOV.I 0, oops\nMOV.I 0, dear", "Mov.I 0,  Oops"
    unread = "MOV 0, 1 + " + "1 + " * 70 + "oops"
    for blocks in ((worse, better, unread), (unread, better, worse)):
        answer = "".join(f"```\n{block}\n```\n" for block in blocks)
        assert best_source(answer, NOP94) == better


@pytest.mark.parametrize(
    "text", ["", " \n\t\r\n", "```\n```", "x" * 70_000, "```\n" + "x" * 70_000]
)
def test_an_answer_without_a_candidate_is_empty(text: str) -> None:
    assert best_source(text, NOP94) == ""


def test_a_refusal_is_kept_with_its_faults() -> None:
    source = best_source("I cannot write that.\n", NOP94)
    assert source.strip() == "I cannot write that."
    with pytest.raises(AssemblyError):
        assemble(source, NOP94)


def test_modifiers_are_not_in_icws88() -> None:
    config = RULESETS["icws88"]
    assert best_source("```\nMOV.I 0, 1\n```\n```\nMOV 0 1\n```", config) == "mov 0, 1"


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ["```", "~~~x", ";redcode", "END", "\r\n", "\n", "MOV", ".i", "0", ",", "#"]
        )
        | st.text(max_size=5),
        max_size=60,
    ).map(" ".join)
)
def test_any_text_gives_a_source_within_the_limits(text: str) -> None:
    assert len(best_source(text, NOP94).encode("utf-8", "surrogatepass")) <= 65_536


HUGE = {
    "prose": "The quick brown fox jumps over a lazy dog.\n",
    "code": "MOV.I $0, $1\n",
    "code and prose": "MOV.I $0, $1\nThis is prose.\n",
    "blocks": "```\nMOV 0 1\n```\n",
    "large blocks": "```\n" + "a b c d MOV.Q foo, bar\n" * 1900 + "```\n",
    "loops": "```\nfor 9000\nx for 0\nmov 0 1\nrof\nrof\nmov 0 1\n```\n",
    "marks": ";redcode\n",
    "line ends": "\n",
    "one row": "MOV.I $0, $1 ",
    "letters": "a",
    "blanks": " ",
    "hashes": "a # ",
    "ticks": "`",
    "entities": "&#1",
    "backslashes": "\\",
}


def test_a_program_at_the_end_of_two_megabytes_is_found() -> None:
    for before in ("It's prose, isn't it?\n", "```\nMOV.I foo, bar\n```\n", "```\n"):
        assert best_source(before * 100_000 + f"```\n{FINAL}\n```", NOP94) == FINAL


@pytest.mark.parametrize("kind", HUGE)
def test_two_megabytes_take_no_longer_than_they_should(kind: str) -> None:
    unit = HUGE[kind]
    text = unit * (2_000_000 // len(unit) + 1)
    begin = time.process_time()
    best_source(text, NOP94)
    assert time.process_time() - begin < 5, "a second, on a machine with nothing else to do"
