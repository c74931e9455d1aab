"""`disassemble`: `Warrior` to load-file text in the language of a standard."""

from coreenv.config import Standard
from coreenv.redcode.grammar import MODES_88, default_modifier
from coreenv.redcode.instruction import Instruction, Opcode
from coreenv.redcode.warrior import Warrior, load_file, operands


def disassemble(warrior: Warrior, standard: Standard = "94") -> str:
    """Load-file text that assembles to an equal warrior.

    Args:
        warrior: the program.
        standard: ``"94"`` for ``str(warrior)``; ``"88"`` for ICWS'88, which has no modifiers, no
            ORG and no PIN.

    Raises:
        ValueError: ICWS'88 cannot say an instruction or the pin; the message names it.
    """
    if standard == "94":
        return str(warrior)
    if warrior.pin is not None:
        raise ValueError(f"pin is {warrior.pin}; ICWS'88 has no PIN, disassemble as '94'")
    body = [f"       {_line_88(i, warrior.core_size)}" for i in warrior.instructions]
    return load_file(warrior, body, f"       END    {warrior.start}")


def _line_88(instruction: Instruction, core_size: int) -> str:
    opcode, modifier, a_mode, _, b_mode, _ = instruction
    a_modes, b_modes = MODES_88.get(opcode, ("", ""))
    if (
        a_mode.symbol not in a_modes
        or b_mode.symbol not in b_modes
        or modifier is not default_modifier(opcode, a_mode, b_mode)
    ):
        raise ValueError(f"{instruction} is not an ICWS'88 instruction; disassemble as '94'")
    name = "CMP" if opcode is Opcode.CMP else opcode.name
    return f"{name:<6} {operands(instruction, core_size)}"
