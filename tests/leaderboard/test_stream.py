"""Rounds as bytes, against the machine that made them: decoded here, and by the browser's code."""

import gzip
import json
import shutil
import struct
import subprocess
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import leaderboard.web
from coreenv import _mars
from coreenv.battle import Battle
from coreenv.config import CoreConfig, ruleset
from coreenv.placement import Placement
from coreenv.redcode import assemble
from coreenv.redcode.instruction import EMPTY
from coreenv.replay import Run, replay, round_turns
from leaderboard.web.stream import battle_stream
from tests.coreenv.test_machine_fuzz import battles
from tests.coreenv.test_render import BRIEF, IMP, MOODY, SPLITTER, make

NANO, TINY = ruleset("nano"), ruleset("tiny")
BOMBER = ";name Bomb\u00e9r \u2028</script>\nadd #7, 3\nmov 2, @2\njmp -2\ndat #0, #9\n"

FIGHTS = {
    "three, unequal, for long": make(SPLITTER, BOMBER, IMP, config=TINY),
    "an early death": make(BRIEF, IMP, config=TINY, stop="last_standing"),
    "deaths in turn": make(BRIEF, SPLITTER, BRIEF, IMP, config=TINY),
    "nano": make(IMP, BOMBER, config=NANO, stop="last_standing"),
    "alone": make(BRIEF, config=NANO),
    "the largest core": make(
        SPLITTER, IMP, config=CoreConfig(core_size=65_536, max_cycles=9_000, max_processes=999)
    ),
    "one process": make(SPLITTER, IMP, config=replace(TINY, max_processes=1)),
}


class Decoded:
    """A stream read as its format is documented, and followed turn by turn."""

    def __init__(self, stream: bytes) -> None:
        assert stream[:4] == b"cwr1"
        (length,) = struct.unpack("<I", stream[4:8])
        self.header: dict[str, Any] = json.loads(stream[8 : 8 + length])
        self.size, turns = self.header["core_size"], self.header["turns"]
        place = 8 + length

        def column(count: int) -> list[int]:
            nonlocal place
            values: list[int] = np.frombuffer(stream, "<u2", count, place).tolist()
            place += 2 * count
            return values

        loaded = np.transpose([column(self.header["loaded"]) for _ in range(3)])
        self._counts = stream[place : place + turns]
        place += turns + turns % 2
        self._addresses = iter(column(self.header["written"]))
        contents = [column(self.header["written"]) for _ in range(3)]
        self._contents = zip(*contents, strict=True)
        self._queued = iter(column(self.header["queued"]))
        assert place == len(stream), "the parts are all there is"
        self._load(iter(loaded.tolist()))

    def _load(self, loaded: Any) -> None:
        warriors = self.header["warriors"]
        self.cells = [list(map(int, EMPTY)) for _ in range(self.size)]
        self.owner, self.written = [-1] * self.size, [0] * self.size
        for seat, warrior in enumerate(warriors):
            for offset in range(warrior["length"]):
                self._write((warrior["position"] + offset) % self.size, seat, next(loaded), 0)
        assert next(loaded, None) is None
        self.queues = [deque([warrior["start"]]) for warrior in warriors]
        self.turn, self.deaths = 0, [0] * len(warriors)
        self._living = deque(range(len(warriors)))
        self._living.rotate(-self.header["first"])

    def _write(self, address: int, seat: int, content: Any, turn: int) -> None:
        operation, a, b = content
        opcode, modifier = operation >> 9, operation >> 6 & 7
        self.cells[address] = [opcode, modifier, operation >> 3 & 7, a, operation & 7, b]
        self.owner[address], self.written[address] = seat, turn

    def step(self) -> None:
        seat, count = self._living.popleft(), self._counts[self.turn]
        queue = self.queues[seat]
        origin = queue.popleft()
        self.turn += 1
        for _ in range(count % 4):
            address = (origin + next(self._addresses)) % self.size
            self._write(address, seat, next(self._contents), self.turn)
        queue.extend((origin + next(self._queued)) % self.size for _ in range(count // 4))
        if queue:
            self._living.append(seat)
        else:
            self.deaths[seat] = self.turn

    def finish(self) -> None:
        while self.turn < self.header["turns"]:
            self.step()
        assert next(self._addresses, None) is next(self._queued, None) is None

    def state(self) -> dict[str, Any]:
        """As `browser_states` gives it."""
        return {
            "turn": self.turn,
            "cells": self.cells,
            "owner": self.owner,
            "written": self.written,
            "queues": [list(queue) for queue in self.queues],
            "dead": [bool(turn) for turn in self.deaths],
            "owned": [self.owner.count(seat) for seat in range(len(self.queues))],
        }


def check_end(battle: Battle, round_: int) -> None:
    """A stream ends as kernel and machine do, in all that it tells."""
    decoded = Decoded(battle_stream(battle, round_))
    decoded.finish()
    kernel = _mars.Machine(battle.config)
    kernel.enter(battle.warriors)
    positions = battle.placement.positions[: round_ + 1]
    first = battle.placement.first[: round_ + 1]
    deaths, *_, turns = kernel.play(positions, first, battle.stop == "last_standing", False)
    run = Run(battle, round_)
    while run.machine.turns < run.turns:
        run.step()
    assert decoded.turn == turns[-1] == run.turns
    for machine in (kernel, run.machine):
        assert decoded.cells == machine.core().tolist()
        for seat, queue in enumerate(decoded.queues):
            assert list(queue) == machine.queue(seat)
    told = [warrior["death_turn"] for warrior in decoded.header["warriors"]]
    assert told == decoded.deaths == deaths[-1].tolist()


@pytest.mark.parametrize("name", FIGHTS)
def test_a_stream_ends_as_the_engines_do(name: str) -> None:
    check_end(FIGHTS[name], 0)


@pytest.mark.parametrize("round_", [0, 1, 2])
def test_later_rounds_know_what_p_space_kept(round_: int) -> None:
    config = replace(TINY, pspace_size=16)
    check_end(make(MOODY, BRIEF, BRIEF, config=config, rounds=3), round_)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(battles())
def test_streams_of_random_programs_end_as_the_engines_do(fight: Battle) -> None:
    check_end(fight, fight.placement.rounds - 1)


@pytest.mark.fuzz
@settings(max_examples=20_000, suppress_health_check=[HealthCheck.too_slow])
@given(battles())
def test_streams_of_random_programs_at_length(fight: Battle) -> None:
    check_end(fight, fight.placement.rounds - 1)


@pytest.mark.parametrize("name", FIGHTS)
def test_every_view_on_the_way_is_that_of_a_replay(name: str) -> None:
    battle = FIGHTS[name]
    decoded = Decoded(battle_stream(battle))
    end = round_turns(battle)
    for view in replay(battle, sorted({*range(min(40, end)), end // 3, end // 2, end})):
        while decoded.turn < view.turn:
            decoded.step()
        owner, written = np.array(decoded.owner), np.array(decoded.written)
        np.testing.assert_array_equal(view.owner, owner)
        np.testing.assert_array_equal(view.age, np.where(owner < 0, -1, view.turn - written))
        for seat, queue in enumerate(decoded.queues):
            assert view.upcoming[seat] == (queue[0] if queue else -1)
            counts = np.bincount(np.array(queue, int), minlength=decoded.size)
            np.testing.assert_array_equal(view.processes[seat], counts)


def test_a_write_of_what_is_there_already_is_told() -> None:
    decoded = Decoded(battle_stream(make("mov 0, 0\njmp -1\n", config=NANO)))
    decoded.step()
    assert (decoded.owner[0], decoded.written[0]) == (0, 1)


def test_names_arrive_as_they_are() -> None:
    stream = battle_stream(FIGHTS["nano"])
    warriors = Decoded(stream).header["warriors"]
    assert [warrior["name"] for warrior in warriors] == ["Imp", "Bomb\u00e9r \u2028</script>"]


def test_a_stream_is_always_the_same_and_small() -> None:
    battle = FIGHTS["three, unequal, for long"]
    stream = battle_stream(battle)
    assert stream == battle_stream(battle)
    assert len(gzip.compress(stream, 6)) < 3 * round_turns(battle)


@pytest.mark.parametrize("round_", [-1, 1])
def test_rounds_that_do_not_exist_are_named(round_: int) -> None:
    with pytest.raises(ValueError, match=rf"round {round_} does not exist"):
        battle_stream(FIGHTS["nano"], round_)


# ---- The browser's own code, run by node

ROUND_JS = Path(leaderboard.web.__file__).parent / "static" / "round.js"

SCRIPT = """
import {{ readFileSync }} from "node:fs";
import {{ Round }} from "./round.mjs";

function state(round) {{
  const cell = (word, i) =>
    [word >> 9, (word >> 6) & 7, (word >> 3) & 7, round.a[i], word & 7, round.b[i]];
  return {{
    turn: round.turn,
    cells: Array.from(round.operation, cell),
    owner: Array.from(round.owner),
    written: Array.from(round.writtenAt),
    queues: round.queues.map((queue) => queue.toArray()),
    dead: round.warriors.map((_, seat) => !round.living.includes(seat)),
    owned: [...round.owned],
  }};
}}

const {{ buffer }} = new Uint8Array(readFileSync({stream}));
const round = new Round(buffer);
const states = [];
for (const turn of {turns}) {{
  round.seek(turn);
  states.push({{ ...state(round), redcode: round.redcode(0) }});
}}
console.log(JSON.stringify(states));
"""

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="no node here; sudo apt-get install nodejs"
)


def browser_states(stream: bytes, turns: list[int], folder: Path) -> list[dict[str, Any]]:
    """What the browser's code makes of a stream when it visits ``turns``, in their order."""
    file, script = folder / "stream", folder / "visit.mjs"
    file.write_bytes(stream)
    shutil.copy(ROUND_JS, folder / "round.mjs")  # a name that tells any node it is a module
    script.write_text(SCRIPT.format(stream=json.dumps(str(file)), turns=turns))
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    states: list[dict[str, Any]] = json.loads(done.stdout)
    return states


def check_browser(stream: bytes, turns: list[int], folder: Path) -> None:
    followed, expected = Decoded(stream), {}
    for turn in sorted(set(turns)):
        while followed.turn < turn:
            followed.step()
        expected[turn] = json.loads(json.dumps(followed.state()))
    for turn, state in zip(turns, browser_states(stream, turns, folder), strict=True):
        del state["redcode"]
        assert state == expected[turn]


@needs_node
@pytest.mark.parametrize("name", FIGHTS)
def test_the_browser_sees_the_same_forwards_and_backwards(name: str, tmp_path: Path) -> None:
    stream = battle_stream(FIGHTS[name])
    end = Decoded(stream).header["turns"]
    jumps = [end, end - 1, end // 2, min(end, 2049), min(end, 2048), min(end, 2047), 1, 0, end]
    check_browser(stream, [*range(min(end, 5)), *jumps], tmp_path)


@needs_node
def test_the_browser_reads_overlaps_and_full_queues(tmp_path: Path) -> None:
    code = assemble(SPLITTER, replace(NANO, max_processes=5))
    places = Placement(np.array([[0, 79, 1]], np.int32), np.array([2], np.int32))
    battle = Battle((code, code, code), replace(NANO, max_processes=5), places, "all_dead")
    stream = battle_stream(battle)
    end = Decoded(stream).header["turns"]
    check_browser(stream, [end, 7, 8, end // 2], tmp_path)


@needs_node
def test_the_browser_writes_redcode(tmp_path: Path) -> None:
    stream = battle_stream(make("mov.i {-3, >40\n", config=NANO))
    [state] = browser_states(stream, [0], tmp_path)
    assert state["redcode"].split() == ["MOV.I", "{-3,", ">40"]


@needs_node
def test_the_browser_refuses_another_format(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        browser_states(b"cwr2" + bytes(60), [0], tmp_path)
    assert "another version" in caught.value.stderr
