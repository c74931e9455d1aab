"""Programs under edit: cells, a start, and operations that keep references between cells whole."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior
from coreenv.redcode.warrior import signed

Cells = tuple[Instruction, ...]


class Program(NamedTuple):
    """The part of a `Warrior` that runs; fields may lie outside the core until they are reduced."""

    cells: Cells
    start: int = 0

    @classmethod
    def of(cls, warrior: Warrior) -> "Program":
        return cls(warrior.instructions, warrior.start)

    def reduced(self, core_size: int) -> "Program":
        """The same program with all fields in 0..core_size-1, as editors expect them."""
        return self._replace(cells=tuple(cell.reduced(core_size) for cell in self.cells))

    def replaced(self, index: int, cell: Instruction) -> "Program":
        """The same program with another cell at ``index``."""
        return self._replace(cells=(*self.cells[:index], cell, *self.cells[index + 1 :]))


def targets(program: Program, index: int, core_size: int) -> dict[str, int]:
    """The operands of a cell that point into the program, as field name -> index pointed to."""
    cell = program.cells[index]
    found = {}
    for name, mode in (("a_field", cell.a_mode), ("b_field", cell.b_mode)):
        target = index + signed(getattr(cell, name), core_size)
        if mode != Mode.IMMEDIATE and 0 <= target < len(program.cells):
            found[name] = target
    return found


def idle(cell: Instruction) -> set[str]:
    """Fields that change nothing where the cell is executed, only where it is read as data."""
    fields = set()
    if cell.opcode in (Opcode.JMP, Opcode.SPL, Opcode.NOP) and cell.b_mode <= Mode.DIRECT:
        fields.add("b_field")
    whole = cell.opcode == Opcode.MOV and cell.modifier == Modifier.I
    if cell.a_mode == Mode.IMMEDIATE and (whole or cell.opcode in (Opcode.JMP, Opcode.SPL)):
        fields.add("a_field")
    return fields


def aimed(cell: Instruction, fields: Mapping[str, int]) -> Instruction:
    """The cell with other values in the fields named."""
    return cell._replace(
        a_field=fields.get("a_field", cell.a_field), b_field=fields.get("b_field", cell.b_field)
    )


def spliced(
    program: Program, core_size: int, at: int, cut: int, new: Iterable[Instruction]
) -> Program:
    """Replace ``cut`` cells from index ``at`` by ``new``.

    References of the old cells to one another are kept: what pointed over the gap is moved, and
    what pointed into it points to where it was. The new cells are taken as they are.
    """
    new = tuple(new)

    def moved(index: int) -> int:
        return index + len(new) - cut if index >= at + cut else min(index, at)

    def kept(index: int) -> Instruction:
        pointers = targets(program, index, core_size).items()
        return aimed(program.cells[index], {n: moved(t) - moved(index) for n, t in pointers})

    head = tuple(kept(i) for i in range(at))
    tail = tuple(kept(i) for i in range(at + cut, len(program.cells)))
    cells = (*head, *new, *tail)
    return Program(cells, min(moved(program.start), len(cells) - 1))


def line(opcode: Opcode, a_field: int, b_field: int = 0) -> Instruction:
    """One instruction with direct operands: ``MOV.I``, or ``.B`` for all other opcodes."""
    modifier = Modifier.I if opcode == Opcode.MOV else Modifier.B
    return Instruction(opcode, modifier, Mode.DIRECT, a_field, Mode.DIRECT, b_field)


def entered(program: Program) -> Cells:
    """Its cells, such that running into the first one starts the program."""
    if program.start == 0:
        return program.cells
    return (line(Opcode.JMP, program.start + 1), *program.cells)


def beside(program: Program, other: Program) -> Program:
    """Both programs at once: a SPL starts the other, which stands behind the first."""
    first, second = entered(program), entered(other)
    return Program((line(Opcode.SPL, len(first) + 1), *first, *second))


def booted(program: Program, other: Program, away: int) -> Program:
    """The program, after it has copied the other ``away`` cells off and started it there."""
    first, second = entered(program), entered(other)
    source = len(second) + 1 + len(first)
    copies = (line(Opcode.MOV, source, away),) * len(second)
    launch = line(Opcode.SPL, away - len(second))
    return Program((*copies, launch, *first, *second))
