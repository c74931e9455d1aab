"""What an agent of the game can do to its warrior: action spaces, decoding, masks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.redcode import AssemblyError, Instruction, Mode, Modifier, Opcode, Warrior, assemble
from coreenv.redcode.grammar import PSPACE

ActionMode = Literal["edit", "program", "redcode"]

KINDS: Final = ("noop", "replace", "insert", "delete", "swap")
OPCODES: Final = tuple(opcode for opcode in Opcode if opcode not in PSPACE)
"""The 16 opcodes an agent may use; an action names them by their number here."""

BINS: Final = 61
"""Values that an operand of an action may take: see `operand_bins`."""

_NEAR = range(-20, 21)
_FAR = (25, 50, 100, 250, 500, 1000, 2000, 2667, 3044, 3999)
_REFERENCE_CORE = 8000

_INSTRUCTION_NVEC: Final = (len(OPCODES), len(Modifier), len(Mode), BINS, len(Mode), BINS)
_MAX_TEXT = 65_536
_CHARSET = (
    "\t\n\r"
    + "".join(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x180)]))
    + "\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u2190\u2192\u2260\u2264\u2265"
)


def operand_bins(core_size: int) -> tuple[int, ...]:
    """The 61 operands in ascending order: -20..20, and ten distances either way.

    The far ones are 25, 50, 100, 250, 500, 1000, 2000, 2667, 3044 and 3999 cells in a core of
    8000, and the same parts of any other core, rounded.
    """
    far = [round(distance * core_size / _REFERENCE_CORE) for distance in _FAR]
    return (*(-distance for distance in reversed(far)), *_NEAR, *far)


@dataclass(frozen=True)
class Edit:
    """What became of an action.

    Attributes:
        warrior: the edited warrior, or the old one if there are errors.
        errors: what is wrong with the action, empty if nothing is.
    """

    warrior: Warrior
    errors: tuple[str, ...] = ()


class Edits:
    """The actions of one mode under one set of rules.

    Args:
        mode: ``"edit"``, ``"program"`` or ``"redcode"``.
        config: the rules of the battles.
        max_length: L, the longest program that edits may make, 1..config.max_length.

    Raises:
        ValueError: an unknown mode, a length outside its range, or a standard other than "94".

    In mode ``"edit"`` an action is (kind, slot, opcode, modifier, A mode, A bin, B mode, B bin).
    Replace overwrites the slot, insert puts the instruction after it, delete removes it, swap
    exchanges it with the next one (the last with the first). The program starts where it started,
    at the same instruction as long as that is there; operands are never adjusted. In mode
    ``"program"`` an action is the length minus 1, then L instructions of which the first so many
    count; execution starts at the first. In mode ``"redcode"`` it is source text.
    """

    def __init__(self, mode: ActionMode, config: CoreConfig, max_length: int) -> None:
        if mode not in get_args(ActionMode):
            allowed = ", ".join(get_args(ActionMode))
            raise ValueError(f"action_mode is {mode!r}; it must be one of {allowed}")
        if config.standard != "94":
            raise ValueError(
                f"the ruleset has standard {config.standard!r}; edits make ICWS'94 code: "
                "use nop94, draft94, tiny, nano or a CoreConfig with standard '94'"
            )
        if not 1 <= max_length <= config.max_length:
            raise ValueError(
                f"max_length is {max_length}; under this ruleset it must lie in "
                f"1..{config.max_length}"
            )
        self.mode, self.max_length = mode, max_length
        self.source_rules = replace(config, max_length=max_length, pspace_size=0)
        self._core_size, self._bins = config.core_size, operand_bins(config.core_size)

    def space(self) -> spaces.Space[Any]:
        """A new action space."""
        if self.mode == "redcode":
            return spaces.Text(_MAX_TEXT, min_length=0, charset=_CHARSET)
        return spaces.MultiDiscrete(np.array(self._nvec(), np.int64))

    def _nvec(self) -> tuple[int, ...]:
        if self.mode == "edit":
            return (len(KINDS), self.max_length, *_INSTRUCTION_NVEC)
        return (self.max_length, *(_INSTRUCTION_NVEC * self.max_length))

    def apply(self, warrior: Warrior, action: Any) -> Edit:
        """Edit ``warrior``. ``action`` is a member of `space`, or in mode ``"redcode"`` any str."""
        if self.mode == "redcode":
            return self._assembled(warrior, action)
        numbers = [int(number) for number in action]
        if self.mode == "edit":
            return self._edited(warrior, KINDS[numbers[0]], numbers[1], numbers[2:])
        count = len(_INSTRUCTION_NVEC)
        rows = [numbers[1 + i * count : 1 + (i + 1) * count] for i in range(numbers[0] + 1)]
        return Edit(self._program(map(self._instruction, rows), 0))

    def masks(self, warrior: Warrior) -> tuple[NDArray[np.int8], ...]:
        """For every dimension of a MultiDiscrete space which values are legal, as int8 of 0 and 1.

        Whatever the masks allow, in any combination, is legal.

        Raises:
            ValueError: in mode ``"redcode"``: text has no masks.
        """
        if self.mode == "redcode":
            raise ValueError("action_mode 'redcode' has no masks; use 'edit' or 'program'")
        masks = tuple(np.ones(n, np.int8) for n in self._nvec())
        if self.mode == "edit":
            length = len(warrior)
            masks[0][:] = [1, 1, length < self.max_length, length > 1, length > 1]
            masks[1][length:] = 0
        return masks

    def _assembled(self, warrior: Warrior, source: str) -> Edit:
        try:
            return Edit(assemble(source, self.source_rules))
        except AssemblyError as error:
            return Edit(warrior, tuple(map(str, error.rejections)))

    def _edited(self, warrior: Warrior, kind: str, slot: int, fields: list[int]) -> Edit:
        if kind == "noop":
            return Edit(warrior)
        program, start = list(warrior.instructions), warrior.start
        if fault := self._fault(kind, slot, len(program)):
            return Edit(warrior, (fault,))
        if kind == "replace":
            program[slot] = self._instruction(fields)
        elif kind == "insert":
            program.insert(slot + 1, self._instruction(fields))
            start += slot < start
        elif kind == "delete":
            del program[slot]
            start = min(start - (slot < start), len(program) - 1)
        else:
            other = (slot + 1) % len(program)
            program[slot], program[other] = program[other], program[slot]
        return Edit(self._program(program, start))

    def _fault(self, kind: str, slot: int, length: int) -> str:
        if slot >= length:
            return f"{kind} at slot {slot}: the warrior has slots 0..{length - 1}"
        if kind == "insert" and length >= self.max_length:
            return f"insert: the warrior has max_length {self.max_length} already"
        if kind in ("delete", "swap") and length == 1:
            return f"{kind}: the warrior has one instruction only"
        return ""

    def _instruction(self, fields: list[int]) -> Instruction:
        opcode, modifier, a_mode, a, b_mode, b = fields
        return Instruction(
            OPCODES[opcode],
            Modifier(modifier),
            Mode(a_mode),
            self._bins[a],
            Mode(b_mode),
            self._bins[b],
        )

    def _program(self, instructions: Iterable[Instruction], start: int) -> Warrior:
        return Warrior(tuple(instructions), start, self._core_size, name="Edited")
