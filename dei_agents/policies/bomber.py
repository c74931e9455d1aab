"""The bomber: loops that throw bombs over the core in fixed steps, and clears that wipe it.

Its programs stay where they are or move as one, with as many processes as it pleases: it fills the
archive's columns of low memory coverage.
"""

from coreenv.redcode import Mode, Opcode
from dei_agents.policies.draw import Draw
from dei_agents.policies.edits import (
    Bomb,
    accompany,
    rearm,
    repeat,
    retune,
    shed,
    split_in_front,
    stream,
    succeed,
)
from dei_agents.policies.gait import copier, crowd
from dei_agents.policies.heuristic import Heuristic, Sketch

BOMBS: tuple[Bomb, ...] = (
    (Opcode.DAT, Mode.DIRECT, Mode.DIRECT),
    (Opcode.DAT, Mode.B_PREDECREMENT, Mode.B_PREDECREMENT),
    (Opcode.DAT, Mode.A_PREDECREMENT, Mode.B_POSTINCREMENT),
    (Opcode.SPL, Mode.IMMEDIATE, Mode.DIRECT),
    (Opcode.SPL, Mode.IMMEDIATE, Mode.B_PREDECREMENT),
    (Opcode.JMP, Mode.IMMEDIATE, Mode.A_PREDECREMENT),
)
"""Killers, stunners that split on the spot, and a trap that spins."""


def _aside(draw: Draw) -> str:
    """What an idle B-operand does: nothing, wear down a far cell, or gate the way to `start`."""
    return draw.pick(("$0", f"{draw.pick('<{')}{draw.far()}", f"<start-{draw.between(2, 6)}"))


def _split(draw: Draw) -> str:
    """A first line that feeds the loop for ever, or no line."""
    return f"spl #0, {_aside(draw)}" if draw.chance(0.5) else ""


def _again(draw: Draw, label: str) -> str:
    """The jump that closes a loop; at times it also decrements its way down through the core."""
    if draw.chance(0.6):
        return f"jmp {label}, {_aside(draw)}"
    return f"djn.f {label}, {draw.pick('<{')}{draw.below()}"


def pebble(draw: Draw) -> Sketch:
    """One pointer, which is the bomb itself."""
    step, first, _ = draw.lattice(5)
    bomb = draw.pick(("dat", "dat", "spl", "jmp"))
    text = f"""
    start   {_split(draw)}
    top     mov.i  bomb, @bomb
            add.ab #{step}, bomb
            {_again(draw, "top")}
    bomb    {bomb} #{draw.far()}, start+{first}
            end    start
    """
    return Sketch(draw.program(text), f"stone, {bomb} bombs, step {step}")


def sling(draw: Draw) -> Sketch:
    """The throwing instruction carries the pointer in its own B-field."""
    step, first, _ = draw.lattice(5)
    bomb = draw.pick(("dat <1, <1", "dat 0, 0", "spl #0, 0", "spl 0, <1", "dat }1, >1"))
    text = f"""
    start   {_split(draw)}
    top     mov.i  bomb, start+{first}
            add.ab #{step}, top
            {_again(draw, "top")}
    bomb    {bomb}
            end    start
    """
    return Sketch(draw.program(text), f"self-modifying stone, {bomb} bombs, step {step}")


def twins(draw: Draw) -> Sketch:
    """Two pointers in one cell, advanced by one ADD."""
    step, first, _ = draw.lattice(8)
    other = draw.lattice(8)
    bomb = draw.pick(("dat 0, 0", f"dat <{draw.far()}, <{draw.far()}", "spl #0, 0", "spl #1, {1"))
    text = f"""
    start   {_split(draw)}
    top     mov.i  bomb, *twins
            mov.i  bomb, @twins
            add.f  steps, twins
            {_again(draw, "top")}
    steps   dat    {step}, {other.step}
    twins   dat    start+{first}, start+{other.first}
    bomb    {bomb}
            end    start
    """
    return Sketch(draw.program(text), f"twin stone, {bomb} bombs, steps {step} and {other.step}")


def volley(draw: Draw) -> Sketch:
    """An unrolled loop: many throws for one jump."""
    throws = draw.between(3, max(3, min(14, (draw.room - 5) // 2)))
    step, first, _ = draw.lattice(2 * throws + 4)
    bomb = draw.pick(("dat 0, 0", "dat <1, <1", "spl #0, 0"))
    throw = f"""
            mov.i  bomb, @ptr
            add.ab #{step}, ptr"""
    text = f"""
    start   {_split(draw)}
    top     {throw * throws}
            {_again(draw, "top")}
    ptr     dat    0, start+{first}
    bomb    {bomb}
            end    start
    """
    return Sketch(draw.program(text), f"volley of {throws}, {bomb} bombs, step {step}")


def arson(draw: Draw) -> Sketch:
    """Pairs of cells that, once run, go on bombing from inside the enemy."""
    step, first, _ = draw.lattice(8, width=2)
    reach = draw.between(2, 8)
    text = f"""
    start   {_split(draw)}
    top     mov.i  spark, >ptr
            mov.i  ember, @ptr
            add.ab #{step - 1}, ptr
            {_again(draw, "top")}
    spark   spl    #{reach}, {reach}
    ember   mov.i  -1, {draw.pick("<}>")}-1
    ptr     dat    0, start+{first}
            end    start
    """
    return Sketch(draw.program(text), f"incendiary pairs that reach {reach}, step {step}")


def clear(draw: Draw) -> Sketch:
    """Wipe the core upwards; the bomb that lands on the pointer sends it round once more.

    The pointer's A-field names the bomb to throw, its B-field where; both are renewed by the
    bomb that overwrites it, so a lap of one bomb is followed by laps of the next.
    """
    stun = draw.pick(("spl #last-gate", "dat last-gate"))
    loop = draw.pick(("jmp    sweep", "djn.f  sweep, {gate-1", f"djn.f  sweep, <{draw.below()}"))
    split = f"spl #0, {_aside(draw)}" if draw.chance(0.8) else ""
    text = f"""
    gate    dat    stun, last+1
    start   {split}
    sweep   mov.i  *gate, >gate
            {loop}
    stun    {stun}, last+1-gate
    last    dat    last-gate, last+1-gate
            end    start
    """
    return Sketch(draw.program(text), f"clear, first lap {stun[:3]}")


def broom(draw: Draw) -> Sketch:
    """The shortest clear: one bomb, one loop."""
    text = f"""
    gate    dat    0, bomb+1
    start   {draw.pick(("", f"spl #0, {_aside(draw)}"))}
    sweep   mov.i  bomb, >gate
            {draw.pick(("jmp sweep", "djn.f sweep, {gate-1", "djn.f sweep, >gate"))}
    bomb    dat    {draw.pick("<{")}2, bomb+1-gate
            end    start
    """
    return Sketch(draw.program(text), "short clear")


def finale(draw: Draw) -> Sketch:
    """A stone that counts its throws, then a clear that finishes off what it stunned."""
    step, first, size = draw.lattice(10)
    stun = draw.pick(("spl #0, 0", "spl #0, 0", "dat 0, 0", "spl 0, <1"))
    count = max(3, round(size * draw.pick((0.5, 1, 1, 2))))
    text = f"""
    gate    dat    0, bomb+1
    start   {_split(draw)}
    top     mov.i  stun, gate+{first}
            add.ab #{step}, top
            djn    top, #{count}
            spl    #0, {_aside(draw)}
    sweep   mov.i  bomb, >gate
            djn.f  sweep, {draw.pick("<{")}{draw.below()}
    stun    {stun}
    bomb    dat    <2, bomb+1-gate
            end    start
    """
    return Sketch(draw.program(text), f"{count} {stun} bombs in steps of {step}, then a clear")


def relay(draw: Draw) -> Sketch:
    """A stone that splits once in a while, from hardly ever to every few cycles."""
    throws = draw.between(1, max(1, min(10, (draw.room - 7) // 2)))
    step, first, _ = draw.lattice(2 * throws + 6)
    turns = draw.scale(1, draw.config.core_size)
    throw = f"""
            mov.i  bomb, @bomb
            add.ab #{step}, bomb"""
    text = f"""
    top     {throw * throws}
    count   djn    top, #{turns}
            mov.ab #{turns}, count
            spl    top
            jmp    top
    bomb    dat    #{draw.far()}, top+{first}
            end    top
    """
    return Sketch(draw.program(text), f"stone that splits every {turns} turns, step {step}")


def raid(draw: Draw) -> Sketch:
    """One process that copies the program ahead, bombs, jumps after it, and never splits."""
    moves, away = draw.pick((1, 1, 2, 3)), draw.hop(2 * 11)
    aim = draw.pick((f"<{draw.far()}", f">{draw.far()}", f"{draw.far()}"))
    throws = [f"mov.i bomb, {aim}"] * draw.between(1, 3)
    bomb = draw.pick(("dat <1, {1", "spl #0, <1"))
    text = copier(moves, away, [*throws, f"jmp top+{away}", f"bomb {bomb}"])
    return Sketch(draw.lines(text), f"raid, {len(throws)} bombs every {away} cells")


def squad(draw: Draw) -> Sketch:
    """A file of processes: each copies a line ahead, throws a bomb, and follows."""
    count = draw.scale(5, min(draw.config.core_size // 8, 2 ** min(9, draw.room - 5)))
    away = draw.hop(count + 1)
    text = [
        *crowd(count),
        f"hand nop 0, {away}",
        "top mov.i }hand, >hand",
        f"mov.i bomb, {draw.pick('<{>')}{draw.far()}",
        f"jmp top+{away}",
        draw.pick(("bomb dat <1, {1", "bomb spl #0, <1")),
    ]
    return Sketch(draw.lines(text), f"squad of {count}, {away} at a time")


BOMBER = Heuristic(
    name="bomber",
    writers={
        pebble: 2,
        sling: 2,
        twins: 2,
        volley: 2,
        arson: 2,
        clear: 2,
        broom: 1,
        finale: 4,
        relay: 2,
        raid: 2,
        squad: 2,
    },
    editors={
        retune(lambda draw: draw.lattice(8).step): 4,
        accompany((pebble, sling, broom, finale)): 4,
        rearm(BOMBS): 1,
        repeat: 2,
        shed: 2,
        split_in_front: 2,
        succeed((clear, broom, relay)): 2,
        stream: 1,
    },
)
