"""Actions of the game: what they make of a warrior, which are legal, and which masks say so."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.edits import BINS, KINDS, OPCODES, Edits, operand_bins
from coreenv.redcode import Mode, Modifier, Opcode, Warrior, assemble

NOP94 = ruleset("nop94")
ZERO = operand_bins(8000).index(0)
THREE = assemble("ORG 1\nMOV 0, 1\nADD #4, 3\nJMP -2\n", NOP94)


def edit(kind: str, slot: int, opcode: Opcode = Opcode.NOP) -> list[int]:
    mode = Mode.DIRECT
    number = OPCODES.index(opcode)
    return [KINDS.index(kind), slot, number, Modifier.F, mode, ZERO, mode, ZERO]


def applied(action: list[int], warrior: Warrior = THREE, max_length: int = 20) -> Warrior:
    result = Edits("edit", NOP94, max_length).apply(warrior, action)
    assert result.errors == ()
    return result.warrior


def opcodes(warrior: Warrior) -> str:
    return " ".join(i.opcode.name for i in warrior.instructions)


@pytest.mark.parametrize(
    ("action", "expected", "start"),
    [
        (edit("noop", 19), "MOV ADD JMP", 1),
        (edit("replace", 1), "MOV NOP JMP", 1),
        (edit("insert", 0), "MOV NOP ADD JMP", 2),
        (edit("insert", 2), "MOV ADD JMP NOP", 1),
        (edit("delete", 0), "ADD JMP", 0),
        (edit("delete", 2), "MOV ADD", 1),
        (edit("swap", 0), "ADD MOV JMP", 1),
        (edit("swap", 2), "JMP ADD MOV", 1),
    ],
)
def test_each_kind_of_edit(action: list[int], expected: str, start: int) -> None:
    warrior = applied(action)
    assert (opcodes(warrior), warrior.start) == (expected, start)


def test_start_stays_inside_when_the_last_instruction_goes() -> None:
    last = assemble("ORG 1\nNOP 0\nJMP 0\n", NOP94)
    assert applied(edit("delete", 1), last).start == 0


@pytest.mark.parametrize(
    ("action", "source", "told"),
    [
        (edit("replace", 3), "NOP 0\nNOP 0\nNOP 0\n", "slots 0..2"),
        (edit("insert", 0), "NOP 0\n" * 4, "max_length 4"),
        (edit("delete", 0), "NOP 0\n", "one instruction"),
        (edit("swap", 0), "NOP 0\n", "one instruction"),
    ],
)
def test_an_illegal_edit_changes_nothing_and_says_why(
    action: list[int], source: str, told: str
) -> None:
    warrior = assemble(source, NOP94)
    result = Edits("edit", NOP94, 4).apply(warrior, action)
    assert result.warrior is warrior
    assert told in result.errors[0]


@given(st.data())
def test_whatever_the_masks_allow_is_legal(data: st.DataObject) -> None:
    edits = Edits("edit", NOP94, 4)
    warrior = assemble("MOV 0, 1\n" * data.draw(st.integers(1, 4)), NOP94)
    for _ in range(6):
        masks = edits.masks(warrior)
        action = [data.draw(st.sampled_from(np.flatnonzero(m).tolist())) for m in masks]
        result = edits.apply(warrior, action)
        assert result.errors == ()
        warrior = result.warrior
        assert 1 <= len(warrior) <= 4


def test_what_the_masks_forbid_is_illegal() -> None:
    edits = Edits("edit", NOP94, 4)
    for source in ("NOP 0\n", "NOP 0\n" * 4):
        warrior = assemble(source, NOP94)
        kinds, slots, *_ = edits.masks(warrior)
        for kind in np.flatnonzero(kinds == 0):
            assert edits.apply(warrior, edit(KINDS[kind], 0)).errors
        for slot in np.flatnonzero(slots == 0):
            assert edits.apply(warrior, edit("replace", int(slot))).errors


@pytest.mark.parametrize(
    ("core_size", "far"),
    [
        (8000, (25, 50, 100, 250, 500, 1000, 2000, 2667, 3044, 3999)),
        (800, (2, 5, 10, 25, 50, 100, 200, 267, 304, 400)),
    ],
)
def test_operand_bins_scale_with_the_core(core_size: int, far: tuple[int, ...]) -> None:
    bins = operand_bins(core_size)
    assert len(bins) == BINS
    assert bins[10:51] == tuple(range(-20, 21))
    assert bins[51:] == far
    assert bins[:10] == tuple(-n for n in reversed(far))


def test_a_program_is_as_long_as_it_says() -> None:
    edits = Edits("program", NOP94, 3)
    space: Any = edits.space()
    assert space.nvec.tolist() == [3, *([16, 7, 8, BINS, 8, BINS] * 3)]
    copy = [Opcode.MOV, Modifier.I, Mode.DIRECT, ZERO, Mode.DIRECT, ZERO + 1]
    result = edits.apply(THREE, np.array([0, *copy, *([0] * 12)]))
    assert result.warrior == assemble("MOV.I 0, 1\n", NOP94)
    assert all(mask.all() for mask in edits.masks(THREE))


def test_source_that_does_not_assemble_keeps_the_old_warrior() -> None:
    edits = Edits("redcode", NOP94, 2)
    assert edits.apply(THREE, "SPL 0\nJMP -1 ; a loop\n").warrior == assemble(
        "SPL 0\nJMP -1\n", NOP94
    )
    for source, reason in (("MOVE 0, 1\n", "E_SYNTAX"), ("NOP 0\n" * 3, "E_LENGTH")):
        result = edits.apply(THREE, source)
        assert result.warrior is THREE
        assert reason in result.errors[0]
    with pytest.raises(ValueError, match="has no masks"):
        edits.masks(THREE)


def test_p_space_is_out_of_reach_even_where_the_rules_have_it() -> None:
    result = Edits("redcode", ruleset("draft94"), 20).apply(THREE, "LDP 0, 1\n")
    assert "E_PSPACE" in result.errors[0]


@pytest.mark.parametrize(
    ("mode", "rules", "length", "told"),
    [
        ("edits", "nop94", 20, "edit, program, redcode"),
        ("edit", "icws88", 20, "standard '88'"),
        ("edit", "nano", 20, r"1\.\.5"),
        ("edit", "nop94", 0, r"1\.\.100"),
    ],
)
def test_bad_rules_are_refused(mode: Any, rules: str, length: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Edits(mode, ruleset(rules), length)
