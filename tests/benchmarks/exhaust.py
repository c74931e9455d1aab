"""The C core of the package `exhaust-ma`, driven on our battles for comparison."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import _exhaust_ma
import numpy as np

from coreenv.battle import Battle, BattleResult
from coreenv.redcode import Mode, Modifier, Opcode, Warrior

_OPCODES = {name: i for i, name in enumerate(
    ("DAT", "SPL", "MOV", "DJN", "ADD", "JMZ", "SUB", "SEQ", "SNE", "SLT", "JMN", "JMP", "NOP",
     "MUL", "MOD", "DIV", "LDP", "STP")
)}  # fmt: skip
_MODIFIERS = {name: i for i, name in enumerate(("F", "A", "B", "AB", "BA", "X", "I"))}
_MODES = {symbol: i for i, symbol in enumerate("$#@<>*{}")}

_ffi, _lib = _exhaust_ma.ffi, _exhaust_ma.lib


def _code(warrior: Warrior) -> object:
    code = _ffi.new("insn_t[]", len(warrior))
    for cell, i in zip(code, warrior.instructions, strict=True):
        action = _OPCODES[Opcode(i.opcode).name] << 3 | _MODIFIERS[Modifier(i.modifier).name]
        modes = _MODES[Mode(i.a_mode).symbol] | _MODES[Mode(i.b_mode).symbol] << 3
        setattr(cell, "in", action << 6 | modes)
        cell.a, cell.b = i.a_field, i.b_field
    return code


class Exhaust:
    """Plays duels of ruleset nop94 that warrior 0 begins; made by `exhaust`.

    Its own Python layer starts every warrior at its first cell; here the start offset is added.
    """

    def __init__(self, battles: Sequence[Battle]) -> None:
        code = {w.id: _code(w) for battle in battles for w in battle.warriors}
        self._rounds = [
            [
                (code[w.id], len(w), int(at), int(at + w.start) % 8000)
                for w, at in zip(battle.warriors, places, strict=True)
            ]
            for battle in battles
            for places in battle.placement.positions
        ]
        self._starts, self._dead = _ffi.new("field_t[2]"), _ffi.new("unsigned int[2]")

    def play(self) -> list[int]:
        """The winner of each round, 0 or 1; 2 for a tie."""
        starts, dead, results = self._starts, self._dead, []
        for seats in self._rounds:
            _lib.sim_clear_core()
            for seat, (code, length, at, start) in enumerate(seats):
                _lib.sim_load_warrior(at, code, length)
                starts[seat] = start
            alive = _lib.sim_mw(2, starts, dead)
            results.append(2 if alive == 2 else 1 - dead[0])
        return results


@contextmanager
def exhaust(battles: Sequence[Battle]) -> Iterator[Exhaust]:
    _lib.sim_alloc_bufs2(2, 8000, 8000, 80_000, 500)
    try:
        yield Exhaust(battles)
    finally:
        _lib.sim_free_bufs()


def winners(results: Sequence[BattleResult]) -> list[int]:
    """Our results of duels, told as `Exhaust.play` tells them."""
    return [
        2 if alive.all() else int(np.argmax(alive)) for result in results for alive in result.alive
    ]
