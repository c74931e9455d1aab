"""The replicator: silks, papers and imps, which outlive what they cannot kill.

Its programs spread: it fills the archive's columns of high memory coverage, with a handful of
processes (imps) or thousands (silks).
"""

from math import gcd

from coreenv.redcode import Mode, Modifier, Opcode
from coreenv.redcode.warrior import signed
from dei_agents.policies.bomber import broom, pebble, sling
from dei_agents.policies.draw import Draw
from dei_agents.policies.edits import Bomb, accompany, rearm, repeat, retune, shed
from dei_agents.policies.gait import copier, crowd
from dei_agents.policies.heuristic import Heuristic, Sketch
from dei_agents.policies.program import Program, entered, spliced

BOMBS: tuple[Bomb, ...] = (
    (Opcode.DAT, Mode.B_PREDECREMENT, Mode.A_PREDECREMENT),
    (Opcode.DAT, Mode.A_POSTINCREMENT, Mode.B_POSTINCREMENT),
    (Opcode.MOV, Mode.IMMEDIATE, Mode.DIRECT),
    (Opcode.SPL, Mode.IMMEDIATE, Mode.A_POSTINCREMENT),
)
"""Bombs that also wear down what stands beside them, and imps."""


def spiral_step(arms: int, core_size: int) -> int:
    """Step of an imp whose next cell is written ``arms`` turns ahead; 1 where there is none."""
    return pow(arms, -1, core_size) if gcd(arms, core_size) == 1 else 1


def _imp_step(draw: Draw) -> int:
    return spiral_step(draw.pick((1, 3, 5, 7, 9, 11, 13)), draw.config.core_size)


def _engine(away: int) -> list[str]:
    """Two lines that split into a copy ``away`` cells off, while every process copies one cell.

    The first holds both pointers: its A-field counts up the source, its B-field the copy.
    """
    return [f"spl @0, {away}", "mov.i }-1, >-1"]


def silk(draw: Draw) -> Sketch:
    """A file of processes splits into the copy while, line by line, it still writes it."""
    engines = draw.between(1, 3) if draw.room >= 16 else 1
    body = [line for _ in range(engines) for line in _engine(draw.far())]
    rest = draw.pick(
        (
            ["dat <1, {1"],
            ["mov.i bomb, >engine", "bomb dat <1, {1"],
            ["mov.i bomb, }engine", f"mov.i bomb, <{draw.far()}", "bomb dat <1, {1"],
            [f"again mov.i bomb, <{draw.far()}", "jmp again, <again-1", "bomb dat <1, {1"],
            [f"again mov.i bomb, {{{draw.far()}", "djn.f again, <engine", "bomb spl #1, }1"],
            [f"mov.i #{draw.far()}, }}engine", f"jmp engine+1, <{draw.far()}"],
            [f"mov.i #{draw.far()}, {_imp_step(draw)}"],
            [f"spl #0, <{draw.far()}", f"mov.i bomb, >{draw.far()}", "jmp -1", "bomb dat <1, {1"],
        )
        if draw.room >= 10
        else ([f"mov.i #{draw.far()}, {{engine"], ["jmp engine, <engine"], ["dat <1, {1"])
    )
    count = len(body) + len(rest) + draw.pick((0, 0, 0, 1))
    program = draw.lines([*crowd(count), *body[:-2], "engine", *body[-2:], *rest])
    return Sketch(program, f"silk, {count} processes, {engines} engines, then {rest[0]}")


def paper(draw: Draw) -> Sketch:
    """One process copies the program in a loop and splits into the copy."""
    moves, away, hop = draw.pick((1, 2, 3)), draw.far(), draw.far()
    rest = draw.pick(
        (
            ["dat <1, {1"],
            [f"again mov.i bomb, <{hop}", "jmp again, <again-1", "bomb dat <1, {1"],
            [f"add.ab #{hop}, seed", f"add.a #{hop}, split", "jmp top"],
            [f"spl #0, <{hop}", f"mov.i bomb, >{draw.far()}", "jmp -1", "bomb dat <1, {1"],
            [f"mov.i #{hop}, {_imp_step(draw)}"],
        )
    )
    program = draw.lines(copier(moves, away, [f"split spl top+{away}", *rest]))
    return Sketch(program, f"paper, {moves} moves a turn, {away} away, then {rest[0]}")


def column(draw: Draw) -> Sketch:
    """Imps one behind the other in the same cell: the more, the slower and the less they cover."""
    count = draw.scale(2, min(draw.config.max_processes, 2 ** min(9, draw.room - 1)))
    imp = f"mov.i #{draw.far()}, 1"
    return Sketch(draw.lines([*crowd(count), imp]), f"column of {count} imps")


def imp(draw: Draw) -> Sketch:
    """One process that writes itself one cell ahead, for ever."""
    mode = draw.pick("$>}")
    return Sketch(draw.lines([f"mov.i #{draw.far()}, {mode}1"]), f"imp, {mode}1")


def tripod(draw: Draw) -> Sketch:
    """Three imps a third of the core apart, each writing what the next will run."""
    step = spiral_step(3, draw.config.core_size)
    text = f"""
            spl    third
            spl    imp+{step}
    imp     mov.i  #{draw.far()}, {step}
    third   jmp    imp+{2 * step}
            end
    """
    return Sketch(draw.program(text), f"imp spiral, 3 arms, step {step}")


def ring(draw: Draw) -> Sketch:
    """An imp spiral of many arms, each process sent to its own place by a table."""
    core, most = draw.config.core_size, max(3, draw.room - 9)
    arms = draw.pick([k for k in range(3, 30) if gcd(k, core) == 1 and k <= most] or [1])
    count = arms * draw.between(1, max(1, most // arms))
    step = spiral_step(arms, core)
    table = [f"dat imp+{i * step % core}, <{draw.far()}" for i in range(max(2, count))]
    launch = ["fan jmp *table, }fan", f"imp mov.i #{draw.far()}, {step}", "table", *table]
    words = f"imp spiral, {arms} arms, {count} processes, step {step}"
    return Sketch(draw.lines([*crowd(max(2, count)), *launch]), words)


def recount(draw: Draw, program: Program) -> Sketch | None:
    """Start the parent with more or fewer processes."""
    core = draw.config.core_size
    head = program.start
    old = 1
    while head < len(program.cells) and (factor := _growth(program, head, core)) is not None:
        old = 2 * old - factor
        head += 1
    new = max(2, draw.pick((old - 1, old + 1, old + 2, old // 2, old * 2)))
    lines = draw.lines(crowd(new)).cells
    longer = spliced(program, core, program.start, head - program.start, lines)
    return Sketch(longer._replace(start=program.start), f"{new} processes instead of {old}")


def _growth(program: Program, index: int, core_size: int) -> int | None:
    """0 if a cell doubles a file of processes, 1 if it makes one fewer than that, else None."""
    cell = program.cells[index]
    if cell.opcode == Opcode.SPL and cell.a_mode == Mode.DIRECT and cell.a_field == 1:
        return 0
    back = cell.opcode == Opcode.MOV and signed(cell.a_field, core_size) == -1
    return 1 if back and cell.modifier == Modifier.I and cell.b_field == 0 else None


def carry(draw: Draw, program: Program) -> Sketch:
    """Make a silk of the parent: every copy multiplies, then does what the parent does."""
    away = draw.far()
    load = entered(program)
    count = len(load) + 2
    head = draw.lines([*crowd(count), *_engine(away)]).cells
    return Sketch(Program((*head, *load)), f"as the load of a silk, {away} away")


def engine(draw: Draw, program: Program) -> Sketch:
    """Insert one more silk engine."""
    at = draw.between(0, len(program.cells) - 1)
    away = draw.far()
    pair = draw.lines(_engine(away)).cells
    longer = spliced(program, draw.config.core_size, at, 0, pair)
    return Sketch(longer, f"engine at {at}, {away} away")


REPLICATOR = Heuristic(
    name="replicator",
    writers={silk: 6, paper: 3, column: 2, ring: 2, tripod: 1, imp: 0.5},
    editors={
        retune(lambda draw: draw.pick((draw.far(), _imp_step(draw)))): 4,
        accompany((silk, tripod, ring, column)): 4,
        recount: 3,
        carry: 2,
        repeat: 2,
        shed: 2,
        rearm(BOMBS): 1,
        accompany((pebble, sling, broom)): 1,
        engine: 1,
    },
)
