"""One round of a battle as bytes: every change of the core and of the queues, turn by turn.

Whoever applies the changes has the whole machine at every turn, without knowing what an
instruction means. Format ``cwr1``, all numbers little-endian, one part after the other:

====================  =========================================================================
4 bytes               ``cwr1``: the name of the format, and its version
uint32                length of the header in bytes
header                JSON, filled up with spaces so that the next part begins at an even offset
3 columns, ``loaded`` the cells that loading wrote: seat by seat, each from `position` upwards
uint8, ``turns``      of each turn: number of cells written (0..3), plus 4 times the number of
                      processes queued (0..2); then a zero byte if ``turns`` is odd
uint16, ``written``   addresses of the cells written, turn by turn
3 columns, `written`  what these cells hold after the turn
uint16, ``queued``    addresses of the processes queued, turn by turn, in their order
====================  =========================================================================

Three columns of uint16 hold cells: first all operations, then all A-fields, then all B-fields. An
operation is ``opcode << 9 | modifier << 6 | a_mode << 3 | b_mode``, numbered as in
`coreenv.redcode`. Addresses of both kinds are distances from the address that the turn executes,
modulo ``core_size``: in this form most of them are the same few numbers, which compresses well.

Members of the header: ``core_size``; ``max_cycles``; ``max_processes``; ``first``, the seat that
begins; ``turns``, ``loaded``, ``written`` and ``queued``, the lengths above; ``warriors``, in seat
order, each with ``name``, ``length``, ``position`` (address of its first cell), ``start`` (address
of its first process) and ``death_turn``, counted from 1 over all warriors, 0 if it survived.

What is not sent follows: the core is ``DAT.F $0,$0`` before loading, later seats are loaded over
earlier ones. The living take turns in seat order from ``first`` on. A turn takes the front of its
warrior's queue, which is the address executed, and appends what it queues; a warrior whose queue
is empty is dead. A cell counts as written although its content stays the same; p-space is absent.
"""

import json
from array import array
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from coreenv.battle import Battle
from coreenv.replay import Run

MAGIC: Final = b"cwr1"


def battle_stream(battle: Battle, round_: int = 0) -> bytes:
    """Round ``round_`` of a battle in the format ``cwr1``, from the reference machine.

    It takes some 4 microseconds a turn.

    Raises:
        ValueError: the battle has no such round.
    """
    run = Run(battle, round_)
    machine, size = run.machine, battle.config.core_size
    counts, executed = bytearray(), array("H")
    written, contents, queued = array("H"), array("H"), array("H")
    waiting = [1] * len(battle.warriors)
    for _ in range(run.turns):
        seat = run.step()
        touched, queue = dict.fromkeys(machine.touched), machine.queues[seat]
        for address in touched:
            written.append(address)
            contents.extend(machine.cells[address])
        births = len(queue) - waiting[seat] + 1
        for place in range(-births, 0):
            queued.append(queue[place])
        waiting[seat] = len(queue)
        counts.append(len(touched) + 4 * births)
        executed.append(machine.pc)

    per_turn, origin = np.frombuffer(counts, np.uint8), np.array(executed, np.int64)
    loaded = np.concatenate([warrior.code for warrior in battle.warriors])
    parts = [
        *_columns(loaded),
        bytes(counts) + bytes(len(counts) % 2),
        _u16((np.array(written, np.int64) - np.repeat(origin, per_turn % 4)) % size),
        *_columns(np.array(contents, np.int64).reshape(-1, 6)),
        _u16((np.array(queued, np.int64) - np.repeat(origin, per_turn // 4)) % size),
    ]
    lengths = {"loaded": len(loaded), "written": len(written), "queued": len(queued)}
    header = json.dumps({**_header(battle, round_, run), **lengths}).encode()
    header += b" " * (len(header) % 2)
    return b"".join([MAGIC, len(header).to_bytes(4, "little"), header, *parts])


def _columns(cells: NDArray[Any]) -> list[bytes]:
    """Cells of shape (n, 6), as in `Warrior.code`: operations, A-fields, B-fields."""
    opcode, modifier, a_mode, a_field, b_mode, b_field = cells.T
    operation = opcode << 9 | modifier << 6 | a_mode << 3 | b_mode
    return [_u16(operation), _u16(a_field), _u16(b_field)]


def _u16(values: NDArray[Any]) -> bytes:
    return values.astype("<u2").tobytes()


def _header(battle: Battle, round_: int, run: Run) -> dict[str, Any]:
    config, size = battle.config, battle.config.core_size
    positions = battle.placement.positions[round_].tolist()
    fighters = zip(battle.warriors, positions, run.machine.deaths, strict=True)
    return {
        "core_size": size,
        "max_cycles": config.max_cycles,
        "max_processes": config.max_processes,
        "first": int(battle.placement.first[round_]),
        "turns": run.turns,
        "warriors": [
            {
                "name": warrior.name,
                "length": len(warrior),
                "position": position,
                "start": (position + warrior.start) % size,
                "death_turn": death_turn,
            }
            for warrior, position, (death_turn, _) in fighters
        ],
    }
