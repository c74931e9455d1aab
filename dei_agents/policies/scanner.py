"""The scanner: looks before it bombs, and moves in where it finds somebody.

One process that looks, and guests it leaves in the enemy's code: its spawned processes and its
memory coverage rise together.
"""

from coreenv.redcode import Mode, Opcode

from dei_agents.policies.draw import Draw
from dei_agents.policies.edits import (
    Bomb,
    accompany,
    backward_jumps,
    rearm,
    repeat,
    retune,
    shed,
    succeed,
)
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
            djn.f  sweep, <{draw.far()}
    hit     mov.i  bomb, *look
            mov.i  bomb, @look
            jmp    top
    steps   dat    {step}, {step}
    bomb    {bomb}
    kill    dat    <2, kill+1-gate
            end    top
    """
    return Sketch(draw.program(text), f"compares cells {apart} apart, step {step}, {bomb} bombs")
