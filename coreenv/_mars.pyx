# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The machine of `coreenv.mars` once more, fast: rounds of a battle without the GIL.

`_kernel.h` runs turns; this file deals the warriors out, keeps the queues in memory, and counts.

A queue is linear: a warrior's turn takes one entry at its head and appends up to two at its tail,
without a test for wrapping round. Every `STRETCH` cycles at the latest the loop comes back here,
where what is left is moved to the front. What lies between is also the record of all addresses
ever queued, from which coverage is counted: a battle without measures pays nothing for it.
"""

from concurrent.futures import CancelledError

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t
from libc.string cimport memcpy, memset


cdef extern from "_kernel.h" nogil:
    ctypedef union Cell:
        pass

    ctypedef struct Core:
        Cell *cells
        uint64_t size, read_limit, write_limit, pspace_size
        ptrdiff_t max_processes

    ctypedef struct Seat:
        uint16_t *head
        uint16_t *tail
        Seat *next
        uint16_t *pspace
        int64_t spawned
        uint16_t last_result
        const Cell *code
        int64_t length, start
        uint16_t *queue
        uint16_t *unmarked
        uint8_t *covered
        int64_t forgotten

    ctypedef struct Run:
        Seat *now
        int64_t turns
        Seat *dead

    uint64_t encode(int opcode, int modifier, int a_mode, int a, int b_mode, int b, bint limited)
    void decode(uint64_t word, int32_t *instruction)
    void mark(uint8_t *covered, const uint16_t *entry, const uint16_t *end)
    int64_t marked(const uint8_t *covered, int64_t words)
    void run_duel(const Core *core, Run *run)
    void run_crowd(const Core *core, Run *run)
    void run_alone(const Core *core, Run *run)
    void run_limited(const Core *core, Run *run)


MAX_WARRIORS = 256
"""Most warriors in one battle."""

cdef enum:
    SEATS = 256
    STRETCH = 1024  # cycles between two visits to the queues
    PATIENCE = 1 << 24  # turns between two looks for signals


cdef class Machine:
    """Plays battles of one configuration. Belongs to one thread at a time.

    Memory: 8 bytes a cell, and for each warrior 2 KB, 4 bytes for each of max_processes and one for
    each cell (148 KB for a duel under ruleset nop94, 85 MB at the most).

    Like `coreenv.mars.Machine`: `enter` begins a battle, `play` runs rounds of it, and `core`,
    `queue` and `pspace` tell how the last round ended. `coreenv.battle.Battle` has checked all
    that is handed over here.
    """

    cdef Core _core
    cdef Seat _seats[SEATS]
    cdef int _warriors
    cdef int64_t _max_cycles, _idle
    cdef bint _limited
    cdef uint64_t[::1] _cells, _code
    cdef uint16_t[:, ::1] _queues, _pspaces
    cdef uint8_t[:, ::1] _covered

    def __init__(self, config):
        self._limited = min(config.read_limit, config.write_limit) < config.core_size
        self._cells = np.empty(config.core_size, np.uint64)
        self._code = np.empty(0, np.uint64)
        self._queues = np.empty((0, STRETCH + 2 * config.max_processes), np.uint16)
        self._covered = np.empty((0, -(-config.core_size // 8) * 8), np.uint8)
        self._core.cells = <Cell *> &self._cells[0]
        self._core.size = config.core_size
        self._core.read_limit = config.read_limit
        self._core.write_limit = config.write_limit
        self._core.pspace_size = config.pspace_size
        self._core.max_processes = config.max_processes
        self._max_cycles = config.max_cycles

    def enter(self, warriors):
        """Begins a battle between ``warriors``, with fresh p-space.

        Raises:
            ValueError: more than `MAX_WARRIORS`, or a number in a program is out of range.
        """
        cdef int64_t length = 0
        cdef int w
        if not 1 <= len(warriors) <= SEATS:
            raise ValueError(f"{len(warriors)} warriors; a battle takes 1..{SEATS}")
        self._warriors = len(warriors)
        for w in range(self._warriors):
            self._seats[w].start = warriors[w].start
            self._seats[w].length = len(warriors[w].instructions)
            length += self._seats[w].length
        self._reserve(length)
        for w in range(self._warriors):
            self._encode(w, warriors[w].code)
        self._share_pspace([warrior.pin for warrior in warriors])

    def _reserve(self, int64_t length):
        """Makes memory large enough for the warriors, and hands it out."""
        cdef int64_t used = 0
        cdef int w
        if self._queues.shape[0] < self._warriors:
            self._queues = np.empty((self._warriors, self._queues.shape[1]), np.uint16)
            self._covered = np.empty((self._warriors, self._covered.shape[1]), np.uint8)
        if self._code.shape[0] < length:
            self._code = np.empty(length, np.uint64)
        for w in range(self._warriors):
            self._seats[w].queue = &self._queues[w, 0]
            self._seats[w].covered = &self._covered[w, 0]
            self._seats[w].code = <const Cell *> &self._code[used]
            used += self._seats[w].length

    def _encode(self, int w, const int32_t[:, ::1] code):
        cdef uint64_t *words = <uint64_t *> self._seats[w].code
        cdef int32_t size = self._core.size
        cdef int64_t i
        for i in range(code.shape[0]):
            if not (
                0 <= code[i, 0] < 18 and 0 <= code[i, 1] < 7
                and 0 <= code[i, 2] < 8 and 0 <= code[i, 3] < size
                and 0 <= code[i, 4] < 8 and 0 <= code[i, 5] < size
            ):
                raise ValueError(
                    f"instruction {i} of warrior {w} is {tuple(code[i])}: opcode, modifier, mode "
                    "or field out of range"
                )
            words[i] = encode(
                code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4], code[i, 5],
                self._limited,
            )

    def _share_pspace(self, pins):
        """One p-space for each PIN, and one for each warrior without PIN."""
        cdef int w
        for w in range(self._warriors):
            self._seats[w].last_result = self._core.size - 1
        if self._core.pspace_size == 0:
            return
        self._pspaces = np.zeros((self._warriors, self._core.pspace_size), np.uint16)
        owners = {}
        for w in range(self._warriors):
            owner = w if pins[w] is None else owners.setdefault(pins[w], w)
            self._seats[w].pspace = &self._pspaces[owner, 0]

    def play(self, positions, first, last_standing, measures, cancel=None):
        """Runs one round for each row of ``positions``, without the GIL.

        Args:
            positions: int32, shape (rounds, warriors): addresses of the first cells.
            first: int32, shape (rounds,): who begins.
            last_standing: end a round of several warriors when one is left.
            measures: count spawned processes and coverage.
            cancel: a bytearray; if its first byte becomes non-zero, the run stops.

        Returns:
            int64 arrays death_turn, death_cycle, spawned, coverage and turns, as in `BattleResult`.

        Raises:
            CancelledError: ``cancel`` was set.
        """
        cdef const int32_t[:, ::1] places = positions
        cdef const int32_t[::1] beginners = first
        cdef const uint8_t[::1] flag = b"\0" if cancel is None else cancel
        cdef bint to_the_last = not last_standing, counting = measures
        results = np.zeros((4, places.shape[0], self._warriors), np.int64)
        lasted = np.zeros(places.shape[0], np.int64)
        cdef int64_t[:, :, ::1] result = results
        cdef int64_t[::1] turns = lasted
        cdef int64_t r
        with nogil:
            for r in range(places.shape[0]):
                self._load(places[r], beginners[r], counting)
                turns[r] = self._round(r, beginners[r], to_the_last, counting, result, flag)
                if counting:
                    self._measure(r, result)
        measured = results[2:, : places.shape[0] if counting else 0]
        return results[0], results[1], measured[0], measured[1], lasted

    cdef void _load(self, const int32_t[::1] positions, int first, bint measures) noexcept nogil:
        """Clears the core, then puts every warrior and its first process in place."""
        cdef int64_t size = self._core.size, room
        cdef Cell *cells = self._core.cells
        cdef Seat *seat
        cdef int w
        memset(cells, 0, size * sizeof(Cell))
        for w in range(self._warriors):
            seat = &self._seats[w]
            room = min(seat.length, size - positions[w])
            memcpy(&cells[positions[w]], seat.code, room * sizeof(Cell))
            memcpy(cells, seat.code + room, (seat.length - room) * sizeof(Cell))
            seat.queue[0] = (positions[w] + seat.start) % size
            seat.head = seat.queue
            seat.tail = seat.unmarked = seat.queue + 1
            seat.next = &self._seats[(w + 1) % self._warriors]
            seat.spawned = seat.forgotten = 0
            if measures:
                memset(seat.covered, 0, self._covered.shape[1])

    cdef int64_t _round(
        self, int64_t r, int first, bint to_the_last, bint measures,
        int64_t[:, :, ::1] result, const uint8_t[::1] cancel,
    ) except -1 nogil:
        """Plays to the end; records deaths and returns the number of turns."""
        cdef int64_t alive = self._warriors, least = 0 if to_the_last or alive == 1 else 1
        cdef int64_t left = alive * self._max_cycles, turn = 0
        cdef Run run
        cdef Seat *dead
        cdef int w
        run.now = &self._seats[first]
        while left > 0 and alive > least:
            self._make_room(run.now, measures)
            run.turns = min(left, alive * STRETCH)
            if self._limited:
                run_limited(&self._core, &run)
            elif alive == 2 and left > 1:
                run.turns &= ~1
                run_duel(&self._core, &run)
            elif alive > 1:
                run_crowd(&self._core, &run)
            else:
                run_alone(&self._core, &run)
            turn += run.turns
            left -= run.turns
            self._look_for_signals(run.turns, cancel)
            dead = run.dead
            if dead == NULL:
                continue
            w = dead - self._seats
            result[0, r, w] = turn
            result[1, r, w] = dead.forgotten + (dead.head - dead.queue)
            self._leave(dead)
            # The dead warrior's turns are struck off; pMARS strikes off one more.
            left -= left // alive + (not to_the_last)
            alive -= 1
        for w in range(self._warriors):
            self._seats[w].last_result = alive % self._core.size if result[0, r, w] == 0 else 0
        return turn

    cdef void _leave(self, Seat *dead) noexcept nogil:
        cdef Seat *before = dead
        while before.next != dead:
            before = before.next
        before.next = dead.next

    cdef void _make_room(self, Seat *now, bint measures) noexcept nogil:
        """Moves a queue to the front of its memory once more of it is gone than left."""
        cdef Seat *seat = now
        cdef int64_t gone, left
        while True:
            gone, left = seat.head - seat.queue, seat.tail - seat.head
            if gone > left:
                if measures:
                    self._mark(seat)
                memcpy(seat.queue, seat.head, left * sizeof(uint16_t))
                seat.forgotten += gone
                seat.head = seat.queue
                seat.tail = seat.unmarked = seat.queue + left
            seat = seat.next
            if seat == now:
                return

    cdef void _mark(self, Seat *seat) noexcept nogil:
        mark(seat.covered, seat.unmarked, seat.tail)
        seat.unmarked = seat.tail

    cdef void _measure(self, int64_t r, int64_t[:, :, ::1] result) noexcept nogil:
        cdef int w
        for w in range(self._warriors):
            self._mark(&self._seats[w])
            result[2, r, w] = self._seats[w].spawned
            result[3, r, w] = marked(self._seats[w].covered, self._covered.shape[1] // 8)

    cdef int _look_for_signals(self, int64_t turns, const uint8_t[::1] cancel) except -1 nogil:
        if cancel[0]:
            with gil:
                raise CancelledError("the battle was cancelled")
        self._idle += turns
        if self._idle > PATIENCE:
            self._idle = 0
            with gil:
                PyErr_CheckSignals()
        return 0

    def core(self):
        """int32, shape (core_size, 6): the core after the last round, columns as `Warrior.code`."""
        core = np.empty((self._core.size, 6), np.int32)
        cdef int32_t[:, ::1] instructions = core
        cdef uint64_t i
        for i in range(self._core.size):
            decode(self._cells[i], &instructions[i, 0])
        return core

    def queue(self, int warrior):
        """Addresses of a warrior's processes after the last round, next to execute first."""
        cdef Seat *seat = &self._seats[warrior]
        return [seat.head[i] for i in range(seat.tail - seat.head)]

    def pspace(self, int warrior):
        """A warrior's p-space after the last round, cell 0 first."""
        if self._core.pspace_size == 0:
            return []
        return [
            self._seats[warrior].last_result,
            *(self._seats[warrior].pspace[i] for i in range(1, self._core.pspace_size)),
        ]
