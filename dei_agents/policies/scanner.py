"""The scanner: looks before it bombs, and moves in where it finds somebody.

Its programs start processes elsewhere, in the enemy's code or anywhere: spawned processes and
memory coverage rise together.
"""

from coreenv.redcode import Mode, Opcode
from dei_agents.policies.bomber import broom, clear
from dei_agents.policies.draw import Draw
from dei_agents.policies.edits import (
    Bomb,
    accompany,
    rearm,
    repeat,
    retune,
    shed,
    succeed,
)
from dei_agents.policies.gait import copier
from dei_agents.policies.heuristic import Heuristic, Sketch
from dei_agents.policies.program import Program, spliced

BOMBS: tuple[Bomb, ...] = (
    (Opcode.SPL, Mode.IMMEDIATE, Mode.DIRECT),
    (Opcode.SPL, Mode.DIRECT, Mode.DIRECT),
    (Opcode.DAT, Mode.DIRECT, Mode.DIRECT),
    (Opcode.JMP, Mode.IMMEDIATE, Mode.DIRECT),
)
"""Bombs whose fields can be 0, so that a scan for fields that are not passes over them."""


def duo(draw: Draw) -> Sketch:
    """Compare two cells some way apart; where they differ, bomb both; in the end wipe the core."""
    step, first, size = draw.lattice(14)
    apart = step * draw.between(1, max(1, size // 2))
    bomb = draw.pick(("spl #0, 0", "dat 0, 0", "jmp #0, 0"))
    text = f"""
    gate    dat    0, kill+1
    top     add.f  steps, look
    look    seq.i  gate+{first}, gate+{first + apart}
            jmp    hit
            djn    top, #{max(3, 2 * size)}
            spl    #0, <{draw.far()}
    sweep   mov.i  kill, >gate
            djn.f  sweep, <{draw.below()}
    hit     mov.i  bomb, *look
            mov.i  bomb, @look
            jmp    top
    steps   dat    {step}, {step}
    bomb    {bomb}
    kill    dat    <2, kill+1-gate
            end    top
    """
    return Sketch(draw.program(text), f"compares cells {apart} apart, step {step}, {bomb} bombs")


def hunt(draw: Draw) -> Sketch:
    """Roll a carpet over every find; after some finds wipe the core."""
    width, finds = draw.between(1, 8), draw.scale(1, 30)
    step, first, _ = draw.lattice(width + 10, width)
    carpet = "\n mov.i bomb, >eye" * width
    text = f"""
    gate    dat    0, kill+1
    top     add.ab #{step}, eye
    eye     {draw.pick(("jmz.f", "jmz.f", "jmz.b"))}  top, gate+{first}
            {carpet}
            sub.ab #{width}, eye
            djn    top, #{finds}
            spl    #0, <{draw.below()}
    sweep   mov.i  kill, >gate
            djn.f  sweep, {draw.pick("<{")}{draw.below()}
    bomb    {draw.pick(("spl #0, 0", "spl #0, 0", "dat 0, 0", "spl 0, 0"))}
    kill    dat    <2, kill+1-gate
            end    top
    """
    return Sketch(draw.program(text), f"scan, step {step}, {finds} carpets {width} wide, clear")


def glance(draw: Draw) -> Sketch:
    """The shortest scan: look, and bomb what is there."""
    step, first, _ = draw.lattice(5)
    bomb = draw.pick(("dat 0, 0", "spl #0, 0", "jmp 0, 0"))
    text = f"""
    top     add.ab #{step}, eye
    eye     jmz.f  top, top+{first}
            mov.i  bomb, @eye
            jmp    top
    bomb    {bomb}
            end    top
    """
    return Sketch(draw.program(text), f"short scan, step {step}, {bomb} bombs")


def pounce(draw: Draw) -> Sketch:
    """Scan until the first find, then wipe the core from just below it."""
    step, first, _ = draw.lattice(10)
    margin = draw.between(3, 25)
    text = f"""
    gate    dat    0, eye-gate-{margin}
    top     add.ab #{step}, eye
    eye     {draw.pick(("jmz.f", "jmz.f", "jmz.b"))}  top, gate+{first}
            add.b  eye, gate
            spl    #0, <{draw.far()}
    sweep   mov.i  bomb, >gate
            djn.f  sweep, {draw.pick("<{")}{draw.below()}
    bomb    dat    <2, bomb+1-gate
            end    top
    """
    return Sketch(draw.program(text), f"one shot, step {step}, wipes from {margin} below the find")


def guest(draw: Draw) -> Sketch:
    """Scan, and leave a process of one's own in whatever is found: it lives while its host does."""
    step, first, _ = draw.lattice(6)
    after = draw.pick(("jmp top", f"djn.f top, <{draw.below()}"))
    text = f"""
    top     add.ab #{step}, eye
    eye     jmz.f  top, top+{first}
            spl    @eye
            {after}
            end    top
    """
    return Sketch(draw.program(text), f"moves in with hosts, step {step}")


def sower(draw: Draw) -> Sketch:
    """Start processes all over the core without looking, and bomb between one and the next.

    From hardly any to one every few cycles, over as many places as the step visits.
    """
    step, first, _ = draw.lattice(9)
    spread, turns = draw.hop(1), draw.scale(1, draw.config.core_size)
    text = f"""
    top     mov.i  bomb, @bomb
            add.ab #{step}, bomb
    count   djn    top, #{turns}
            mov.ab #{turns}, count
            add.a  #{spread}, seat
    seat    spl    top+{draw.far()}
            jmp    top
    bomb    dat    #{draw.far()}, top+{first}
            end    top
    """
    return Sketch(draw.program(text), f"sows a process every {turns} bombs, {spread} apart")


def drill(draw: Draw) -> Sketch:
    """Start processes one after the other along the core and nothing else."""
    step, first, _ = draw.lattice(4)
    text = f"""
    top     add.a  #{step}, seat
    seat    spl    top+{first}, <{draw.far()}
            {draw.pick(("jmp top", f"djn.f top, <{draw.below()}"))}
            end    top
    """
    return Sketch(draw.program(text), f"sows processes {step} apart")


def patrol(draw: Draw) -> Sketch:
    """Look in one place, bomb what is there, move on to the next and do it again."""
    look, away = draw.far(), draw.hop(24)
    rest = [
        f"eye jmz.f go, {look}",
        "mov.i bomb, >eye",
        "mov.i bomb, @eye",
        f"go jmp top+{away}",
        draw.pick(("bomb dat 0, 0", "bomb spl #0, 0")),
    ]
    text = "\n".join([*copier(draw.pick((1, 2, 3)), away, rest), "end top"])
    return Sketch(draw.program(text), f"patrol, looks {look} ahead every {away} cells")


def look_first(draw: Draw, program: Program) -> Sketch | None:
    """Let a MOV of the parent pass over cells that are empty."""
    moves = [i for i, cell in enumerate(program.cells) if cell.opcode == Opcode.MOV]
    if not moves:
        return None
    at = draw.pick(moves)
    core = draw.config.core_size
    longer = spliced(program, core, at, 0, draw.program("jmz.f 2, 0").cells)
    move, look = longer.cells[at + 1], longer.cells[at]
    look = look._replace(b_mode=_peek(move.b_mode), b_field=move.b_field + 1)
    start = program.start + (at < program.start)
    return Sketch(longer.replaced(at, look)._replace(start=start), f"MOV {at} looks first")


def _peek(mode: Mode) -> Mode:
    """The mode that reaches the same cell without moving the pointer."""
    if mode in (Mode.A_INDIRECT, Mode.A_PREDECREMENT, Mode.A_POSTINCREMENT):
        return Mode.A_INDIRECT
    return mode if mode == Mode.DIRECT else Mode.B_INDIRECT


def decoy(draw: Draw, program: Program) -> Sketch:
    """Put junk in front that other scanners stop at."""
    junk = draw.program("\n".join(["dat #1, #1"] * draw.between(1, 6))).cells
    longer = spliced(program, draw.config.core_size, 0, 0, junk)
    return Sketch(longer, f"behind {len(junk)} decoys")


def scatter(draw: Draw, program: Program) -> Sketch:
    """Before anything else, dirty cells all over the core, two an instruction."""
    lines = [f"nop >{draw.far()}, }}{draw.far()}" for _ in range(draw.between(1, 5))]
    head = draw.program("\n".join(lines)).cells
    longer = spliced(program, draw.config.core_size, program.start, 0, head)
    return Sketch(longer._replace(start=program.start), f"{2 * len(head)} decoys scattered first")


SCANNER = Heuristic(
    name="scanner",
    writers={
        hunt: 4,
        guest: 3,
        pounce: 3,
        sower: 3,
        drill: 2,
        duo: 2,
        patrol: 2,
        glance: 1,
    },
    editors={
        retune(lambda draw: draw.lattice(8).step): 4,
        accompany((hunt, guest, drill, glance, patrol)): 4,
        look_first: 2,
        rearm(BOMBS): 1,
        repeat: 2,
        shed: 2,
        succeed((clear, broom, hunt, sower)): 2,
        decoy: 1,
        scatter: 1,
    },
)
