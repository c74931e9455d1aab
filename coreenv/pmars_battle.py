"""The rounds behind `corewar pmars`: counts of survivors, from as many threads as there are cores.

Rounds are independent of one another unless a warrior holds LDP or STP, and no warrior can come by
these in battle if none brings them. Only then one thread plays all rounds in their order.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from coreenv._mars import Machine
from coreenv.config import CoreConfig
from coreenv.placement import Placement, Series, take
from coreenv.redcode.instruction import Opcode
from coreenv.redcode.lenient import LoadedProgram

_CHUNK = 32  # rounds that a thread takes at a time: a tie of 160,000 turns lasts half a millisecond


def play(
    programs: Sequence[LoadedProgram], config: CoreConfig, series: Series, rounds: int
) -> list[list[int]]:
    """Plays ``rounds`` rounds of ``series`` by pMARS's rules.

    Returns:
        For each warrior: rounds survived with 1, 2, .. all survivors, last the rounds it died in.
        A lone warrior counts as the survivor, whatever becomes of it: so does pMARS.

    Raises:
        KeyboardInterrupt: all threads have stopped.
    """
    if len(programs) == 1:
        return [[rounds, 0]]
    remember = any(i.opcode in (Opcode.LDP, Opcode.STP) for p in programs for i in p.instructions)
    chunks = _chunks(series, len(programs), rounds)
    lock, cancel = Lock(), bytearray(1)

    def work() -> NDArray[np.int64]:
        counts = np.zeros((len(programs), len(programs) + 1), np.int64)
        machine = Machine(config)
        machine.enter(programs)
        while (chunk := _next(chunks, lock)) is not None:
            death_turn, *_ = machine.play(chunk.positions, chunk.first, True, False, cancel)
            counts += _tally(death_turn == 0)
        return counts

    threads = 1 if remember else min(os.cpu_count() or 1, -(-rounds // _CHUNK))
    with ThreadPoolExecutor(threads) as pool:
        try:
            parts = [worker.result() for worker in [pool.submit(work) for _ in range(threads)]]
        except BaseException:
            cancel[0] = 1
            raise
    counts: list[list[int]] = sum(parts, np.zeros((len(programs), 1), np.int64)).tolist()
    return counts


def _chunks(series: Series, warriors: int, rounds: int) -> Iterator[Placement]:
    for begun in range(0, rounds, _CHUNK):
        yield take(series, warriors, min(_CHUNK, rounds - begun))


def _next(chunks: Iterator[Placement], lock: Lock) -> Placement | None:
    with lock:
        return next(chunks, None)


def _tally(alive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rounds of each warrior by the number of survivors, those it died in last."""
    warriors = alive.shape[1]
    survivors = alive.sum(axis=1, keepdims=True)
    column = np.where(alive, survivors - 1, warriors)
    return np.stack([np.bincount(column[:, w], minlength=warriors + 1) for w in range(warriors)])
