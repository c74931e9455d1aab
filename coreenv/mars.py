"""The machine, to be read: what a battle of Redcode warriors means, one turn at a time.

This is the executable specification of ICWS'94 as pMARS 0.9.4 runs it; `coreenv._mars` does the
same some hundred times faster, and both take the same tests. A turn takes the next process from a
warrior's queue, fetches the instruction at its address, evaluates the A-operand and then the
B-operand (`_operand`), executes (one method for each opcode), and queues where to go on.
"""

import operator
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.redcode.instruction import EMPTY, Instruction, Mode, Modifier, Opcode

Cell = list[int]
"""One core cell, or a copy of it in the registers: opcode, modifier, A-mode, A-field, B-mode,
B-field."""

A_FIELD, B_FIELD = 3, 5

# plain numbers, like the cells: comparing with enum members takes a quarter of a turn
IMMEDIATE, DIRECT, WHOLE = Mode.IMMEDIATE.value, Mode.DIRECT.value, Modifier.I.value

POINTER_FIELD: dict[int, int] = {
    Mode.A_INDIRECT: A_FIELD,
    Mode.A_PREDECREMENT: A_FIELD,
    Mode.A_POSTINCREMENT: A_FIELD,
    Mode.B_INDIRECT: B_FIELD,
    Mode.B_PREDECREMENT: B_FIELD,
    Mode.B_POSTINCREMENT: B_FIELD,
}
PREDECREMENT: frozenset[int] = frozenset({Mode.A_PREDECREMENT, Mode.B_PREDECREMENT})
POSTINCREMENT: frozenset[int] = frozenset({Mode.A_POSTINCREMENT, Mode.B_POSTINCREMENT})
POINTER_CHANGE = PREDECREMENT | POSTINCREMENT

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


class Program(Protocol):
    """What a machine loads: a `Warrior`, or a program that is empty or begins elsewhere in the
    core, as pMARS's may. ``code`` and ``start`` as in `Warrior`, ``start`` anywhere in the core."""

    @property
    def instructions(self) -> Sequence[Instruction]: ...

    @property
    def start(self) -> int: ...

    @property
    def pin(self) -> int | None: ...

    @property
    def code(self) -> NDArray[np.int32]: ...

    def __len__(self) -> int: ...


class Operand(NamedTuple):
    """What evaluating an operand yields: where to read, where to write, what was read."""

    read: int
    write: int
    register: Cell


@cache
def reach(core_size: int, limit: int) -> tuple[int, ...]:
    """What a read or write limit makes of each distance 0..core_size-1 from the program counter:
    at most half the limit forwards or backwards, counted round the core."""
    folded = (distance % limit for distance in range(core_size))
    return tuple(d + core_size - limit if d > limit // 2 else d for d in folded)


class Machine:
    """Plays battles of one configuration.

    `enter` begins a battle. Then `play` runs whole rounds, or `load` begins a round and `step`
    runs single turns of it.

    Attributes:
        cells: the core.
        queues: for each warrior the addresses of its processes, next to execute first.
        warrior, pc, modifier, a, b: of the turn that ran last: whose it was, the address of the
            instruction, its modifier, its operands.
        touched: addresses of the cells that this turn wrote, incremented or decremented.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self._size = config.core_size
        self._reads = reach(config.core_size, config.read_limit)
        self._writes = reach(config.core_size, config.write_limit)
        self._execute: list[Callable[[], Sequence[int]]] = [
            getattr(self, f"_{opcode.name.lower()}") for opcode in Opcode
        ]

    # ---- Battles and rounds

    def enter(self, warriors: Sequence[Program]) -> None:
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
        size = self._size
        empty: Cell = list(map(int, EMPTY))
        self.cells: list[Cell] = [empty.copy() for _ in range(size)]
        self.queues: list[deque[int]] = []
        for warrior, position in zip(self.warriors, positions, strict=True):
            for offset, instruction in enumerate(warrior.instructions):
                self.cells[(position + offset) % size] = list(map(int, instruction))
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
            survivors = sum(map(bool, self.queues)) % self._size  # LDP makes a field of it
            self.last_results = [survivors if queue else 0 for queue in self.queues]
            death_turn.append([turn for turn, _ in self.deaths])
            death_cycle.append([own for _, own in self.deaths])
            turns.append(self.turns)
            if measures:
                spawned.append(self.spawned)
                coverage.append([len(covered) for covered in self.covered])

        def table(rows: list[list[int]]) -> Counts:
            return np.array(rows, np.int64).reshape(-1, positions.shape[1])

        return (
            table(death_turn),
            table(death_cycle),
            table(spawned),
            table(coverage),
            np.array(turns, np.int64),
        )

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
        self.warrior, self.pc = warrior, queue.popleft()
        self.touched: list[int] = []
        opcode, self.modifier, a_mode, a_field, b_mode, b_field = self.cells[self.pc]
        self.a = self._operand(a_mode, a_field)
        self.b = self._operand(b_mode, b_field)
        for address in self._execute[opcode]():
            if len(queue) < self.config.max_processes:
                queue.append(address)
                self.covered[warrior].add(address)
        self.turns += 1
        self.own_turns[warrior] += 1
        if len(queue) > processes:
            self.spawned[warrior] += 1
        if not queue:
            self.deaths[warrior] = (self.turns, self.own_turns[warrior])

    def _operand(self, mode: int, field: int) -> Operand:
        """Evaluates one operand with all its side effects. ``field`` is as it was fetched.

        Distances count from the program counter. Under limits an operand reads and writes at
        different places, and a pointer that changes is found where writes reach.
        """
        cells, size, pc = self.cells, self._size, self.pc
        if mode == IMMEDIATE:
            return Operand(pc, pc, cells[pc].copy())
        read, write = self._reads[field], self._writes[field]
        if mode == DIRECT:
            address = (pc + read) % size
            return Operand(address, (pc + write) % size, cells[address].copy())
        pointer_field = POINTER_FIELD[mode]
        if mode in POINTER_CHANGE:
            read = write
            self.touched.append((pc + write) % size)
        pointing = cells[(pc + read) % size]
        if mode in PREDECREMENT:
            pointing[pointer_field] = (pointing[pointer_field] - 1) % size
        pointer = pointing[pointer_field]
        address = (pc + self._reads[(read + pointer) % size]) % size
        target = (pc + self._writes[(write + pointer) % size]) % size
        operand = Operand(address, target, cells[address].copy())
        if mode in POSTINCREMENT:
            pointing[pointer_field] = (pointer + 1) % size
        return operand

    # ---- The opcodes: each returns the addresses to queue, none if the process dies

    def _next(self, skip: bool = False) -> Sequence[int]:
        return ((self.pc + 1 + skip) % self._size,)

    def _jump(self) -> Sequence[int]:
        return (self.a.read,)

    def _target(self) -> Cell:
        """The cell that the instruction writes to, as it now is."""
        self.touched.append(self.b.write)
        return self.cells[self.b.write]

    def _dat(self) -> Sequence[int]:
        return ()

    def _mov(self) -> Sequence[int]:
        target = self._target()
        if self.modifier == WHOLE:
            target[:] = self.a.register
        else:
            for source, field in PAIRS[self.modifier]:
                target[field] = self.a.register[source]
        return self._next()

    def _compute(self, operation: Callable[[int, int], int]) -> Sequence[int]:
        target = self._target()
        for source, field in PAIRS[self.modifier]:
            value = operation(self.b.register[field], self.a.register[source])
            target[field] = value % self._size
        return self._next()

    def _add(self) -> Sequence[int]:
        return self._compute(operator.add)

    def _sub(self) -> Sequence[int]:
        return self._compute(operator.sub)

    def _mul(self) -> Sequence[int]:
        return self._compute(operator.mul)

    def _divide(self, operation: Callable[[int, int], int]) -> Sequence[int]:
        """A zero divisor leaves its field alone and kills the process; the other half is done."""
        pairs = PAIRS[self.modifier]
        possible = [pair for pair in pairs if self.a.register[pair[0]] != 0]
        if possible:
            target = self._target()
            for source, field in possible:
                target[field] = operation(self.b.register[field], self.a.register[source])
        return self._next() if len(possible) == len(pairs) else ()

    def _div(self) -> Sequence[int]:
        return self._divide(operator.floordiv)

    def _mod(self) -> Sequence[int]:
        return self._divide(operator.mod)

    def _jmp(self) -> Sequence[int]:
        return self._jump()

    def _zero(self) -> bool:
        return all(self.b.register[field] == 0 for field in TESTED[self.modifier])

    def _jmz(self) -> Sequence[int]:
        return self._jump() if self._zero() else self._next()

    def _jmn(self) -> Sequence[int]:
        return self._next() if self._zero() else self._jump()

    def _djn(self) -> Sequence[int]:
        """Decrements what memory now holds, but tests the register."""
        target = self._target()
        for field in TESTED[self.modifier]:
            target[field] = (target[field] - 1) % self._size
        done = all(self.b.register[field] == 1 for field in TESTED[self.modifier])
        return self._next() if done else self._jump()

    def _equal(self) -> bool:
        a, b = self.a.register, self.b.register
        if self.modifier == WHOLE:
            return a == b
        return all(a[source] == b[field] for source, field in PAIRS[self.modifier])

    def _seq(self) -> Sequence[int]:
        return self._next(skip=self._equal())

    def _sne(self) -> Sequence[int]:
        return self._next(skip=not self._equal())

    def _slt(self) -> Sequence[int]:
        a, b = self.a.register, self.b.register
        less = all(a[source] < b[field] for source, field in PAIRS[self.modifier])
        return self._next(skip=less)

    def _spl(self) -> Sequence[int]:
        return (*self._next(), *self._jump())

    def _nop(self) -> Sequence[int]:
        return self._next()

    def _ldp(self) -> Sequence[int]:
        source, field = SINGLE[self.modifier]
        index = self.a.register[source] % self.config.pspace_size
        shared, own = self._shared[self.warrior], self.last_results[self.warrior]
        self._target()[field] = shared[index] if index else own
        return self._next()

    def _stp(self) -> Sequence[int]:
        source, field = SINGLE[self.modifier]
        index = self.b.register[field] % self.config.pspace_size
        if index:
            self._shared[self.warrior][index] = self.a.register[source]
        else:
            self.last_results[self.warrior] = self.a.register[source]
        return self._next()

    # ---- The end of the round

    def core(self) -> NDArray[np.int32]:
        """int32, shape (core_size, 6): the core as it now is, columns as in `Warrior.code`."""
        return np.array(self.cells, np.int32)

    def queue(self, warrior: int) -> list[int]:
        """Addresses of a warrior's processes, next to execute first."""
        return list(self.queues[warrior])

    def pspace(self, warrior: int) -> list[int]:
        """A warrior's p-space, cell 0 first; empty if there is none."""
        if self.config.pspace_size == 0:
            return []
        return [self.last_results[warrior], *self._shared[warrior][1:]]
