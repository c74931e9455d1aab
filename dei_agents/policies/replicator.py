"""The replicator: papers, silks, leapers and imps, which outlive what they cannot kill.

Many processes in many cells: it fills the archive's columns of high memory coverage, in all rows
of spawned processes.
"""

from coreenv.redcode import Instruction, Mode, Modifier, Opcode

from dei_agents.policies.bomber import broom, pebble, sling
from dei_agents.policies.draw import Draw
from dei_agents.policies.edits import (
    Bomb,
    accompany,
    rearm,
    repeat,
    retune,
    shed,
)
from dei_agents.policies.heuristic import Heuristic, Sketch
from dei_agents.policies.program import Program, entered, spliced

BOMBS: tuple[Bomb, ...] = (
    (Opcode.DAT, Mode.B_PREDECREMENT, Mode.A_PREDECREMENT),
    (Opcode.DAT, Mode.A_POSTINCREMENT, Mode.B_POSTINCREMENT),
    (Opcode.MOV, Mode.IMMEDIATE, Mode.DIRECT),
    (Opcode.SPL, Mode.IMMEDIATE, Mode.A_POSTINCREMENT),
)
"""Bombs that also wear down what stands beside them."""


def crowd(count: int) -> str:
    """Lines after which ``count`` processes, at least 2, run in single file.

    SPL 1 doubles them; MOV -1, 0 turns p into 2p - 1, since the first one through makes it a
    SPL 1 for the rest.
    """
    if count == 2:
        return "spl    1"
    half, last = (count + 1) // 2, "mov.i  -1, 0" if count % 2 else "spl    1"
    return f"{crowd(half)}\n{last}"


def imp_step(draw: Draw, arms: int) -> int:
    """The step of an imp whose next cell is written ``arms`` processes later.

    Raises:
        ValueError: ``arms`` and the core size share a factor.
    """
    return pow(arms, -1, draw.config.core_size)


def arm_counts(draw: Draw, most: int) -> list[int]:
    """Numbers of processes up to ``most`` for which this core has an imp spiral."""
    core = draw.config.core_size
    return [k for k in range(3, most + 1) if pow_exists(k, core)]
