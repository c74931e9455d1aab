"""Redcode: source text to `Warrior` and back."""

from coreenv.redcode.assembler import assemble
from coreenv.redcode.disassembler import disassemble
from coreenv.redcode.errors import AssemblyError, Rejection
from coreenv.redcode.instruction import EMPTY, Instruction, Mode, Modifier, Opcode
from coreenv.redcode.warrior import Warrior

__all__ = [
    "EMPTY",
    "AssemblyError",
    "Instruction",
    "Mode",
    "Modifier",
    "Opcode",
    "Rejection",
    "Warrior",
    "assemble",
    "disassemble",
]
