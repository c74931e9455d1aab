"""The tinkerer: no strategy at all, only small changes and crossings, and random new programs.

What it finds it has not been told to look for; what the others have found it improves.
"""

from coreenv.redcode import Instruction, Mode, Modifier, Opcode
from dei_agents.policies.draw import Draw
from dei_agents.policies.edits import shed
from dei_agents.policies.heuristic import Heuristic, Sketch
from dei_agents.policies.program import Program, beside, spliced

OPCODES: dict[Opcode, float] = {
    Opcode.MOV: 30,
    Opcode.SPL: 14,
    Opcode.DJN: 9,
    Opcode.JMP: 8,
    Opcode.ADD: 8,
    Opcode.DAT: 8,
    Opcode.SUB: 4,
    Opcode.JMZ: 4,
    Opcode.JMN: 4,
    Opcode.SNE: 3,
    Opcode.SEQ: 3,
    Opcode.SLT: 2,
    Opcode.NOP: 1,
    Opcode.MUL: 1,
    Opcode.DIV: 1,
    Opcode.MOD: 1,
}
"""How often each opcode is written; LDP and STP never are."""

MODES: dict[Mode, float] = {
    Mode.DIRECT: 9,
    Mode.IMMEDIATE: 5,
    Mode.B_INDIRECT: 3,
    Mode.B_POSTINCREMENT: 3,
    Mode.B_PREDECREMENT: 3,
    Mode.A_POSTINCREMENT: 2,
    Mode.A_PREDECREMENT: 2,
    Mode.A_INDIRECT: 1,
}
"""How often each addressing mode is written."""


def _field(draw: Draw, length: int) -> int:
    """Mostly a neighbour, at times a step or a distance."""
    if draw.chance(0.3):
        return draw.pick((0, 0, 1, 1, -1))
    if draw.chance(0.7):
        return draw.between(-length, length)
    return draw.step() if draw.chance(0.5) else draw.far()


def _modifier(draw: Draw, opcode: Opcode) -> Modifier:
    """Whole cells for what copies and compares, a field for what jumps and counts."""
    if draw.chance(0.2):
        return draw.pick(tuple(Modifier))
    if opcode in (Opcode.MOV, Opcode.SEQ, Opcode.SNE):
        return Modifier.I
    if opcode in (Opcode.ADD, Opcode.SUB):
        return draw.pick((Modifier.AB, Modifier.F, Modifier.A, Modifier.B))
    return draw.pick((Modifier.B, Modifier.F))


def cell(draw: Draw, length: int) -> Instruction:
    """A random instruction for a program of about ``length`` cells."""
    opcode = draw.odds(OPCODES)
    modes = draw.odds(MODES), draw.odds(MODES)
    fields = _field(draw, length), _field(draw, length)
    return Instruction(opcode, _modifier(draw, opcode), modes[0], fields[0], modes[1], fields[1])


def soup(draw: Draw) -> Sketch:
    """A short random program that ends in a jump back."""
    length = draw.scale(3, min(20, draw.room))
    cells = [cell(draw, length) for _ in range(length - 1)]
    back = cell(draw, length)._replace(
        opcode=draw.pick((Opcode.JMP, Opcode.DJN, Opcode.SPL)),
        a_mode=Mode.DIRECT,
        a_field=-draw.between(0, length - 1),
    )
    return Sketch(Program((*cells, back)), f"{length} random instructions")


def chorus(draw: Draw) -> Sketch:
    """A few random instructions between a SPL that never ends and a loop."""
    length = draw.between(1, min(6, draw.room - 3))
    cells = [cell(draw, length)._replace(opcode=Opcode.MOV, modifier=Modifier.I)]
    cells += [cell(draw, length) for _ in range(length - 1)]
    head = draw.program(f"spl #{draw.far()}, <{draw.far()}").cells
    tail = draw.program(f"djn.f -{length}, <{draw.below()}").cells
    return Sketch(
        Program((*head, *cells, *tail)), f"{length} random instructions that keep splitting"
    )


PARTS = {"opcode": 2, "modifier": 1, "A-mode": 2, "B-mode": 2, "A-field": 4, "B-field": 4}
"""How often each part of an instruction is changed."""


def point(draw: Draw, program: Program) -> Sketch:
    """Change one part of one instruction."""
    index = draw.between(0, len(program.cells) - 1)
    part = draw.odds(PARTS)
    new = _changed(draw, program.cells[index], part, len(program.cells))
    return Sketch(program.replaced(index, new), f"{part} of cell {index}")


def _changed(draw: Draw, old: Instruction, part: str, length: int) -> Instruction:
    match part:
        case "opcode":
            return old._replace(opcode=draw.odds(OPCODES))
        case "modifier":
            return old._replace(modifier=draw.pick(tuple(Modifier)))
        case "A-mode":
            return old._replace(a_mode=draw.odds(MODES))
        case "B-mode":
            return old._replace(b_mode=draw.odds(MODES))
        case "A-field":
            return old._replace(a_field=_nudged(draw, old.a_field, length))
        case _:
            return old._replace(b_field=_nudged(draw, old.b_field, length))


def _nudged(draw: Draw, value: int, length: int) -> int:
    """A step away, more often a small one than a large one, or another value altogether."""
    if draw.chance(0.6):
        return value + draw.pick((-1, 1)) * draw.scale(1, draw.config.core_size // 8)
    return _field(draw, length)


def points(draw: Draw, program: Program) -> Sketch:
    """Two to four point mutations at once."""
    words = []
    for _ in range(draw.between(2, 4)):
        program, word = point(draw, program)
        words.append(word)
    return Sketch(program, ", ".join(words))


def insert(draw: Draw, program: Program) -> Sketch:
    """Insert one random instruction."""
    at = draw.between(0, len(program.cells))
    new = cell(draw, len(program.cells))
    return Sketch(spliced(program, draw.config.core_size, at, 0, (new,)), f"{new} inserted at {at}")


def duplicate(draw: Draw, program: Program) -> Sketch:
    """Insert a copy of one to four adjacent cells."""
    start, size = _block(draw, program, 4)
    at = draw.between(0, len(program.cells))
    block = program.cells[start : start + size]
    longer = spliced(program, draw.config.core_size, at, 0, block)
    return Sketch(longer, f"{size} cells from {start} copied to {at}")


def _block(draw: Draw, program: Program, most: int) -> tuple[int, int]:
    """Start and size of a run of cells."""
    size = draw.between(1, min(most, len(program.cells)))
    return draw.between(0, len(program.cells) - size), size


def swap(draw: Draw, program: Program) -> Sketch | None:
    """Exchange two cells."""
    if len(program.cells) < 2:
        return None
    i, j = (int(k) for k in draw.rng.choice(len(program.cells), size=2, replace=False))
    swapped = program.replaced(i, program.cells[j]).replaced(j, program.cells[i])
    return Sketch(swapped, f"cells {i} and {j} swapped")


def restart(draw: Draw, program: Program) -> Sketch:
    """Start somewhere else."""
    start = draw.between(0, len(program.cells) - 1)
    return Sketch(program._replace(start=start), f"start at {start}")


def cross(draw: Draw, program: Program) -> Sketch | None:
    """The head of the parent and the tail of another elite."""
    if not draw.others:
        return None
    mate = draw.pick(draw.others)
    cut = draw.between(1, len(program.cells))
    tail = mate.cells[-draw.between(1, len(mate.cells)) :]
    child = Program((*program.cells[:cut], *tail), min(program.start, cut - 1))
    return Sketch(child, f"its first {cut} cells and the last {len(tail)} of another elite")


def transplant(draw: Draw, program: Program) -> Sketch | None:
    """A run of cells of another elite in place of as many of the parent."""
    if not draw.others:
        return None
    mate = draw.pick(draw.others)
    source, size = _block(draw, mate, 6)
    at = draw.between(0, len(program.cells) - 1)
    block = mate.cells[source : source + size]
    cells = (*program.cells[:at], *block, *program.cells[at + size :])
    return Sketch(program._replace(cells=cells), f"{size} cells of another elite at {at}")


def marry(draw: Draw, program: Program) -> Sketch | None:
    """The parent and another elite at once."""
    if not draw.others:
        return None
    return Sketch(beside(program, draw.pick(draw.others)), "beside it, another elite")


TINKERER = Heuristic(
    name="tinkerer",
    writers={chorus: 3, soup: 2},
    editors={
        point: 6,
        points: 4,
        insert: 3,
        shed: 3,
        cross: 2,
        duplicate: 2,
        marry: 3,
        transplant: 2,
        swap: 1,
        restart: 0.5,
    },
)
