"""The machine, to be read: what a battle of Redcode warriors means, one turn at a time.

This is the executable specification of ICWS'94 as pMARS 0.9.4 runs it; `coreenv._mars` does the
same some hundred times faster, and both take the same tests. A turn takes the next process from a
warrior's queue, fetches the instruction at its address, evaluates the A-operand and then the
B-operand (`_operand`), executes (one method for each opcode), and queues where to go on.
"""

import operator
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.redcode.instruction import EMPTY, Mode, Modifier, Opcode
from coreenv.redcode.warrior import Warrior

Cell = list[int]
"""One core cell, or a copy of it in the registers: opcode, modifier, A-mode, A-field, B-mode,
B-field."""

A_FIELD, B_FIELD = 3, 5

POINTER_FIELD: dict[int, int] = {
    Mode.A_INDIRECT: A_FIELD,
    Mode.A_PREDECREMENT: A_FIELD,
    Mode.A_POSTINCREMENT: A_FIELD,
    Mode.B_INDIRECT: B_FIELD,
    Mode.B_PREDECREMENT: B_FIELD,
    Mode.B_POSTINCREMENT: B_FIELD,
}
PREDECREMENT = frozenset({Mode.A_PREDECREMENT, Mode.B_PREDECREMENT})
POSTINCREMENT = frozenset({Mode.A_POSTINCREMENT, Mode.B_POSTINCREMENT})

BOTH = ((A_FIELD, A_FIELD), (B_FIELD, B_FIELD))
PAIRS: dict[int, Sequence[tuple[int, int]]] = {
    Modifier.A: ((A_FIELD, A_FIELD),),
    Modifier.B: ((B_FIELD, B_FIELD),),
    Modifier.AB: ((A_FIELD, B_FIELD),),
    Modifier.BA: ((B_FIELD, A_FIELD),),
    Modifier.F: BOTH,
    Modifier.X: ((A_FIELD, B_FIELD), (B_FIELD, A_FIELD)),
    Modifier.I: BOTH,
}
"""Which field of the A-operand acts on which field of the B-operand."""

TESTED: dict[int, Sequence[int]] = {
    Modifier.A: (A_FIELD,),
    Modifier.B: (B_FIELD,),
    Modifier.AB: (B_FIELD,),
    Modifier.BA: (A_FIELD,),
    Modifier.F: (A_FIELD, B_FIELD),
    Modifier.X: (A_FIELD, B_FIELD),
    Modifier.I: (A_FIELD, B_FIELD),
}
"""Fields of the B-operand that JMZ, JMN and DJN test."""

SINGLE: dict[int, tuple[int, int]] = {
    Modifier.A: (A_FIELD, A_FIELD),
    Modifier.B: (B_FIELD, B_FIELD),
    Modifier.AB: (A_FIELD, B_FIELD),
    Modifier.BA: (B_FIELD, A_FIELD),
    Modifier.F: (B_FIELD, B_FIELD),
    Modifier.X: (B_FIELD, B_FIELD),
    Modifier.I: (B_FIELD, B_FIELD),
}
"""The fields that LDP and STP move between: they know no pairs."""

Counts = NDArray[np.int64]
Rounds = tuple[Counts, Counts, Counts, Counts, Counts]
"""death_turn, death_cycle, spawned, coverage and turns, as in `coreenv.battle.BattleResult`."""


class Operand(NamedTuple):
    """What evaluating an operand yields: where to read, where to write, what was read."""

    read: int
    write: int
    register: Cell


class Machine:
    """Plays battles of one configuration.

    `enter` begins a battle. Then `play` runs whole rounds, or `load` begins a round and `step`
    runs single turns of it.

    Attributes:
        executed: address of the instruction that ran last.
        touched: addresses of the cells it wrote, incremented or decremented, in this order.
        queues: for each warrior the addresses of its processes, next to execute first.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self.executed = 0
        self.touched: list[int] = []
        self._execute: list[Callable[[int, int, int, Operand, Operand], Sequence[int]]] = [
            getattr(self, f"_{opcode.name.lower()}") for opcode in Opcode
        ]

    # ---- Battles and rounds

    def enter(self, warriors: Sequence[Warrior]) -> None:
        """Begins a battle with fresh p-space. Warriors of equal PIN share all cells but cell 0."""
        self.warriors = warriors
        self.last_results = [self.config.core_size - 1] * len(warriors)
        pinned: dict[int, list[int]] = {}
        self._shared = []
        for warrior in warriors:
            own = [0] * self.config.pspace_size
            self._shared.append(own if warrior.pin is None else pinned.setdefault(warrior.pin, own))

    def load(self, positions: Sequence[int]) -> None:
        """Begins a round: an empty core, the warriors at ``positions``, a process for each."""
        size = self.config.core_size
        self._cells: list[Cell] = [list(EMPTY) for _ in range(size)]
        self.queues: list[deque[int]] = []
        for warrior, position in zip(self.warriors, positions, strict=True):
            for offset, instruction in enumerate(warrior.instructions):
                self._cells[(position + offset) % size] = list(instruction)
            self.queues.append(deque([(position + warrior.start) % size]))
        self.turns = 0
        self.own_turns = [0] * len(positions)
        self.deaths = [(0, 0)] * len(positions)
        self.spawned = [0] * len(positions)
        self.covered: list[set[int]] = [set() for _ in positions]

    def play(
        self,
        positions: NDArray[np.int32],
        first: NDArray[np.int32],
        last_standing: bool,
        measures: bool,
        cancel: bytearray | None = None,
    ) -> Rounds:
        """Runs rounds; arguments and result as for `coreenv._mars.Machine.play`."""
        del cancel
        death_turn, death_cycle, spawned, coverage, turns = [], [], [], [], []
        for places, beginner in zip(positions.tolist(), first.tolist(), strict=True):
            self.load(places)
            seats = range(len(places))
            order = [*seats[beginner:], *seats[:beginner]]
            if last_standing:
                self._until_one_is_left(order)
            else:
                self._until_all_are_dead(order)
            survivors = sum(map(bool, self.queues))
            self.last_results = [survivors if queue else 0 for queue in self.queues]
            death_turn.append([turn for turn, _ in self.deaths])
            death_cycle.append([own for _, own in self.deaths])
            turns.append(self.turns)
            if measures:
                spawned.append(self.spawned)
                coverage.append([len(covered) for covered in self.covered])
        tables = (
            np.array(table, np.int64).reshape(-1, positions.shape[1])
            for table in (death_turn, death_cycle, spawned, coverage)
        )
        return *tables, np.array(turns, np.int64)  # type: ignore[return-value]

    def _until_one_is_left(self, order: list[int]) -> None:
        """pMARS's round: with c turns left, the present one included, the death of one of n
        living warriors makes it c - 1 - (c - 1) / n; then the turn itself is taken off."""
        living = deque(order)
        fewest = min(len(order) - 1, 1)
        left = self.config.max_cycles * len(order)
        while left > 0:
            warrior = living[0]
            self.step(warrior)
            if self.queues[warrior]:
                living.rotate(-1)
            else:
                left = left - 1 - (left - 1) // len(living)
                living.popleft()
                if len(living) == fewest:
                    return
            left -= 1

    def _until_all_are_dead(self, order: list[int]) -> None:
        """One turn for each living warrior in every cycle; a sole survivor goes on."""
        for _ in range(self.config.max_cycles):
            for warrior in order:
                if self.queues[warrior]:
                    self.step(warrior)
            if not any(self.queues):
                return

    # ---- A turn

    def step(self, warrior: int) -> None:
        """Executes the next process of ``warrior``, which must be alive."""
        queue = self.queues[warrior]
        processes = len(queue)
        pc = self.executed = queue.popleft()
        self.touched = []
        opcode, modifier, a_mode, a_field, b_mode, b_field = self._cells[pc]
        a = self._operand(pc, a_mode, a_field)
        b = self._operand(pc, b_mode, b_field)
        for address in self._execute[opcode](warrior, modifier, pc, a, b):
            if len(queue) < self.config.max_processes:
                queue.append(address)
                self.covered[warrior].add(address)
        self.turns += 1
        self.own_turns[warrior] += 1
        if len(queue) > processes:
            self.spawned[warrior] += 1
        if not queue:
            self.deaths[warrior] = (self.turns, self.own_turns[warrior])

    def _operand(self, pc: int, mode: int, field: int) -> Operand:
        """Evaluates one operand with all its side effects. ``field`` is as it was fetched.

        Distances are relative to ``pc``. Read and write limits give an operand two of them.
        """
        cells, size = self._cells, self.config.core_size
        pointing: Cell | None = None
        if mode == Mode.IMMEDIATE:
            read = write = 0
        else:
            read = self._fold(field, self.config.read_limit)
            write = self._fold(field, self.config.write_limit)
        if mode in POINTER_FIELD:
            pointer_field = POINTER_FIELD[mode]
            if mode in PREDECREMENT or mode in POSTINCREMENT:
                read = write
                self.touched.append((pc + write) % size)
            pointing = cells[(pc + read) % size]
            if mode in PREDECREMENT:
                pointing[pointer_field] = (pointing[pointer_field] - 1) % size
            read = self._fold(read + pointing[pointer_field], self.config.read_limit)
            write = self._fold(write + pointing[pointer_field], self.config.write_limit)
        read_address = (pc + read) % size
        operand = Operand(read_address, (pc + write) % size, cells[read_address].copy())
        if pointing is not None and mode in POSTINCREMENT:
            pointing[pointer_field] = (pointing[pointer_field] + 1) % size
        return operand

    def _fold(self, distance: int, limit: int) -> int:
        """``distance`` brought within reach: at most half of ``limit`` forwards or backwards."""
        distance %= limit
        return distance + self.config.core_size - limit if distance > limit // 2 else distance

    # ---- The opcodes: each returns the addresses to queue, none if the process dies

    def _next(self, pc: int, skip: int = 0) -> Sequence[int]:
        return ((pc + 1 + skip) % self.config.core_size,)

    def _target(self, b: Operand) -> Cell:
        """The cell that an instruction writes to, as it now is."""
        self.touched.append(b.write)
        return self._cells[b.write]

    def _dat(
        self, _warrior: int, _modifier: int, _pc: int, _a: Operand, _b: Operand
    ) -> Sequence[int]:
        return ()

    def _nop(
        self, _warrior: int, _modifier: int, pc: int, _a: Operand, _b: Operand
    ) -> Sequence[int]:
        return self._next(pc)

    def _mov(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        target = self._target(b)
        if modifier == Modifier.I:
            target[:] = a.register
        else:
            for source, field in PAIRS[modifier]:
                target[field] = a.register[source]
        return self._next(pc)

    def _compute(
        self, modifier: int, pc: int, a: Operand, b: Operand, operation: Callable[[int, int], int]
    ) -> Sequence[int]:
        target = self._target(b)
        for source, field in PAIRS[modifier]:
            value = operation(b.register[field], a.register[source])
            target[field] = value % self.config.core_size
        return self._next(pc)

    def _add(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._compute(modifier, pc, a, b, operator.add)

    def _sub(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._compute(modifier, pc, a, b, operator.sub)

    def _mul(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._compute(modifier, pc, a, b, operator.mul)

    def _divide(
        self, modifier: int, pc: int, a: Operand, b: Operand, operation: Callable[[int, int], int]
    ) -> Sequence[int]:
        """A zero divisor leaves its field alone and kills the process; the other half is done."""
        pairs = PAIRS[modifier]
        possible = [(source, field) for source, field in pairs if a.register[source] != 0]
        if possible:
            target = self._target(b)
            for source, field in possible:
                target[field] = operation(b.register[field], a.register[source])
        return self._next(pc) if len(possible) == len(pairs) else ()

    def _div(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._divide(modifier, pc, a, b, operator.floordiv)

    def _mod(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._divide(modifier, pc, a, b, operator.mod)

    def _jmp(
        self, _warrior: int, _modifier: int, _pc: int, a: Operand, _b: Operand
    ) -> Sequence[int]:
        return (a.read,)

    def _jmz(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        zero = all(b.register[field] == 0 for field in TESTED[modifier])
        return (a.read,) if zero else self._next(pc)

    def _jmn(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        zero = all(b.register[field] == 0 for field in TESTED[modifier])
        return self._next(pc) if zero else (a.read,)

    def _djn(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        """Decrements what memory now holds, but tests the register."""
        target = self._target(b)
        for field in TESTED[modifier]:
            target[field] = (target[field] - 1) % self.config.core_size
        done = all(b.register[field] == 1 for field in TESTED[modifier])
        return self._next(pc) if done else (a.read,)

    def _equal(self, modifier: int, a: Operand, b: Operand) -> bool:
        if modifier == Modifier.I:
            return a.register == b.register
        return all(a.register[source] == b.register[field] for source, field in PAIRS[modifier])

    def _seq(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._next(pc, skip=self._equal(modifier, a, b))

    def _sne(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        return self._next(pc, skip=not self._equal(modifier, a, b))

    def _slt(self, _warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        pairs = PAIRS[modifier]
        less = all(a.register[source] < b.register[field] for source, field in pairs)
        return self._next(pc, skip=less)

    def _spl(
        self, _warrior: int, _modifier: int, pc: int, a: Operand, _b: Operand
    ) -> Sequence[int]:
        return (*self._next(pc), a.read)

    def _ldp(self, warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        source, field = SINGLE[modifier]
        index = a.register[source] % self.config.pspace_size
        value = self._shared[warrior][index] if index else self.last_results[warrior]
        self._target(b)[field] = value
        return self._next(pc)

    def _stp(self, warrior: int, modifier: int, pc: int, a: Operand, b: Operand) -> Sequence[int]:
        source, field = SINGLE[modifier]
        index = b.register[field] % self.config.pspace_size
        if index:
            self._shared[warrior][index] = a.register[source]
        else:
            self.last_results[warrior] = a.register[source]
        return self._next(pc)

    # ---- The end of the round

    def core(self) -> NDArray[np.int32]:
        """int32, shape (core_size, 6): the core as it now is, columns as in `Warrior.code`."""
        return np.array(self._cells, np.int32)

    def queue(self, warrior: int) -> list[int]:
        """Addresses of a warrior's processes, next to execute first."""
        return list(self.queues[warrior])

    def pspace(self, warrior: int) -> list[int]:
        """A warrior's p-space, cell 0 first; empty if there is none."""
        if self.config.pspace_size == 0:
            return []
        return [self.last_results[warrior], *self._shared[warrior][1:]]
