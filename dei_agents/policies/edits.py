"""Edits that more than one operator makes, each bound to what that operator likes best."""

from collections.abc import Callable
from math import gcd

from coreenv.redcode import Instruction, Mode, Modifier, Opcode
from coreenv.redcode.warrior import signed
from dei_agents.policies.draw import Draw
from dei_agents.policies.heuristic import Editor, Sketch, Writer
from dei_agents.policies.program import (
    Program,
    aimed,
    beside,
    booted,
    entered,
    idle,
    line,
    spliced,
    targets,
)

Bomb = tuple[Opcode, Mode, Mode]
"""An opcode with the modes of its operands: what a bomb is, whatever its fields."""


def retune(fresh: Callable[[Draw], int]) -> Editor:
    """Change one constant wherever it stands: steps, distances, counts.

    Half of the changes keep what the constant shares with the core size, so a bombing pattern
    still spares the program; a quarter are small; a quarter are drawn from ``fresh``.
    """

    def edit(draw: Draw, program: Program) -> Sketch | None:
        values = constants(program, draw.config.core_size)
        if not values:
            return None
        old = draw.pick(values)
        if draw.chance(0.5):
            new = draw.step(gcd(old, draw.config.core_size))
        elif draw.chance(0.5):
            new = old + draw.pick((-1, 1)) * draw.scale(1, max(2, old // 4))
        else:
            new = fresh(draw)
        return Sketch(_substituted(program, old, new, draw), f"constant {old} becomes {new}")

    return edit


def constants(program: Program, core_size: int) -> list[int]:
    """Magnitudes above 2 of all fields that matter and point out of the program, rising."""
    found = set()
    for index, cell in enumerate(program.cells):
        fields = {"a_field": cell.a_field, "b_field": cell.b_field}
        for name in fields.keys() - targets(program, index, core_size).keys() - idle(cell):
            found.add(abs(signed(fields[name], core_size)))
    return sorted(value for value in found if value > 2)


def _substituted(program: Program, old: int, new: int, draw: Draw) -> Program:
    """``new`` for ``old`` and ``-new`` for ``-old`` in every field."""
    core = draw.config.core_size
    swap = {-old % core: -new, old % core: new}
    return program._replace(
        cells=tuple(
            cell._replace(
                a_field=swap.get(cell.a_field, cell.a_field),
                b_field=swap.get(cell.b_field, cell.b_field),
            )
            for cell in program.cells
        )
    )


def rearm(bombs: tuple[Bomb, ...]) -> Editor:
    """Make another bomb of a cell that the program throws; its fields stay, as pointers may."""

    def edit(draw: Draw, program: Program) -> Sketch | None:
        thrown = _thrown(program, draw.config.core_size)
        if not thrown:
            return None
        index = draw.pick(thrown)
        old = program.cells[index]
        opcode, a_mode, b_mode = draw.pick(
            [bomb for bomb in bombs if bomb != (old.opcode, old.a_mode, old.b_mode)]
        )
        modifier = Modifier.I if opcode == Opcode.MOV else Modifier.F
        bomb = Instruction(opcode, modifier, a_mode, old.a_field, b_mode, old.b_field)
        return Sketch(program.replaced(index, bomb), f"throws {bomb}")

    return edit


def _thrown(program: Program, core_size: int) -> list[int]:
    """Indices of the cells that MOVs of the program name as their sources, or else of its DATs."""
    sources = {
        index + signed(cell.a_field, core_size)
        for index, cell in enumerate(program.cells)
        if cell.opcode == Opcode.MOV and cell.a_mode == Mode.DIRECT
    }
    inside = [i for i in range(len(program.cells)) if i != program.start]
    thrown = [i for i in inside if i in sources]
    return thrown or [i for i in inside if program.cells[i].opcode == Opcode.DAT]


def accompany(writers: tuple[Writer, ...]) -> Editor:
    """Run another program beside the parent, in place or booted away."""

    def edit(draw: Draw, program: Program) -> Sketch:
        other, words = draw.pick(writers)(draw)
        if draw.chance(0.5):
            return Sketch(beside(program, other), f"beside it, {words}")
        away = draw.far()
        return Sketch(booted(program, other, away), f"booted {away} away, {words}")

    return edit


def succeed(writers: tuple[Writer, ...]) -> Editor:
    """Count a backward jump of the parent, and let another program follow when it has run out."""

    def edit(draw: Draw, program: Program) -> Sketch | None:
        jumps = backward_jumps(program, draw.config.core_size)
        if not jumps:
            return None
        at = draw.pick(jumps)
        other, words = draw.pick(writers)(draw)
        count = draw.scale(8, draw.config.core_size)
        jump = program.cells[at]
        counted = Instruction(
            Opcode.DJN, Modifier.B, jump.a_mode, jump.a_field, Mode.IMMEDIATE, count
        )
        longer = spliced(
            program.replaced(at, counted), draw.config.core_size, at + 1, 0, entered(other)
        )
        return Sketch(longer, f"after {count} turns, {words}")

    return edit


def backward_jumps(program: Program, core_size: int) -> list[int]:
    """Indices of plain jumps back into the program."""
    return [
        index
        for index, cell in enumerate(program.cells)
        if cell.opcode == Opcode.JMP
        and cell.a_mode == Mode.DIRECT
        and -index <= signed(cell.a_field, core_size) <= 0
    ]


def stream(draw: Draw, program: Program) -> Sketch | None:
    """Let a backward jump also decrement its way through the core."""
    jumps = backward_jumps(program, draw.config.core_size)
    if not jumps:
        return None
    at = draw.pick(jumps)
    mode = draw.pick((Mode.B_PREDECREMENT, Mode.A_PREDECREMENT))
    far = draw.below()
    jump = program.cells[at]
    loop = Instruction(Opcode.DJN, Modifier.F, jump.a_mode, jump.a_field, mode, far)
    return Sketch(program.replaced(at, loop), f"its jump streams down from {far}")


def repeat(draw: Draw, program: Program) -> Sketch | None:
    """Do one of the parent's MOVs once more."""
    moves = [i for i, cell in enumerate(program.cells) if cell.opcode == Opcode.MOV]
    if not moves:
        return None
    at = draw.pick(moves)
    core = draw.config.core_size
    longer = spliced(program, core, at, 0, (line(Opcode.NOP, 0),))
    start = program.start + (at < program.start)
    pointers = targets(longer, at + 1, core).items()
    twin = aimed(longer.cells[at + 1], {name: target - at for name, target in pointers})
    return Sketch(longer.replaced(at, twin)._replace(start=start), f"MOV {at} twice")


def shed(draw: Draw, program: Program) -> Sketch | None:
    """Drop one to three adjacent cells."""
    length = len(program.cells)
    if length < 3:
        return None
    cut = draw.between(1, min(3, length - 2))
    at = draw.between(0, length - cut)
    shorter = spliced(program, draw.config.core_size, at, cut, ())
    return Sketch(shorter, f"without {cut} cells from {at}")


def split_in_front(draw: Draw, program: Program) -> Sketch:
    """Feed the parent's start with a process that splits for ever."""
    field = draw.far()
    spl = Instruction(Opcode.SPL, Modifier.B, Mode.IMMEDIATE, 0, Mode.B_PREDECREMENT, field)
    longer = spliced(program, draw.config.core_size, program.start, 0, (spl,))
    return Sketch(longer._replace(start=program.start), "a SPL in front")
