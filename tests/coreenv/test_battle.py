"""Battles through the public functions: counts checked by hand, refusals, batches, interrupts."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coreenv import _mars, mars
from coreenv.battle import Battle, BattleResult, Engine, Stop, battle, battle_batch
from coreenv.config import CoreConfig, ruleset
from coreenv.placement import Placement, pmars
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior

ENGINES: list[Engine] = ["cython", "reference"]
NANO = ruleset("nano")
ROOT = Path(__file__).parents[2]


def line(opcode: Opcode, a: int = 0, b: int = 0, modifier: Modifier = Modifier.I) -> Instruction:
    return Instruction(opcode, modifier, Mode.DIRECT, a, Mode.DIRECT, b)


def program(*lines: Instruction, core_size: int = 80, start: int = 0) -> Warrior:
    return Warrior(lines, start, core_size)


IMP = program(line(Opcode.MOV, 0, 1))
STAND = program(line(Opcode.JMP, 0))
FALL = program(line(Opcode.DAT))
SPLIT = program(line(Opcode.SPL, 0), line(Opcode.JMP, -1))


def play(
    warriors: list[Warrior],
    positions: list[int],
    first: int,
    engine: Engine,
    stop: Stop,
    **rules: int,
) -> BattleResult:
    places = Placement(np.array([positions]), np.array([first]))
    each = Battle(tuple(warriors), replace(NANO, **rules), places, stop)
    return battle_batch([each], engine=engine)[0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("warrior", "rules", "spawned", "coverage"),
    [
        (IMP, {"max_cycles": 10}, 0, 10),  # addresses 1..10; 0 is where it was loaded
        (IMP, {"max_cycles": 79}, 0, 79),
        (IMP, {"max_cycles": 80}, 0, 80),  # back at 0, which now counts
        (IMP, {"max_cycles": 10_000}, 0, 80),
        (STAND, {}, 0, 1),
        (FALL, {}, 0, 0),
        (SPLIT, {"max_cycles": 1}, 1, 2),
        (SPLIT, {"max_cycles": 3, "max_processes": 2}, 1, 2),  # the third turn finds a full queue
        (program(line(Opcode.SPL, 5), line(Opcode.JMP, 0)), {"max_processes": 1}, 0, 1),
        (program(line(Opcode.SPL, 5), line(Opcode.JMP, 0)), {"max_cycles": 1}, 1, 2),
    ],
)
def test_spawned_and_coverage_of_a_lone_warrior(
    engine: Engine, warrior: Warrior, rules: dict[str, int], spawned: int, coverage: int
) -> None:
    for stop in ("last_standing", "all_dead"):
        result = play([warrior], [0], 0, engine, stop, **rules)
        assert (int(result.spawned[0, 0]), int(result.coverage[0, 0])) == (spawned, coverage)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sole_survivor_goes_on_under_all_dead(engine: Engine) -> None:
    result = play([IMP, FALL], [0, 40], 0, engine, "all_dead")
    assert result.death_turn.tolist() == [[0, 2]]
    assert result.death_cycle.tolist() == [[0, 1]]
    assert result.turns.tolist() == [800 + 1]
    assert result.coverage.tolist() == [[80, 0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_duel_ends_at_the_first_death(engine: Engine) -> None:
    result = play([IMP, FALL], [0, 40], 1, engine, "last_standing")
    assert result.death_turn.tolist() == [[0, 1]]
    assert result.turns.tolist() == [1]
    assert result.points.tolist() == [[3, 0]]
    assert (result.wins, result.losses, result.ties) == ((1, 0), (0, 1), 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_may_die(engine: Engine) -> None:
    result = play([FALL, FALL, FALL], [0, 20, 40], 2, engine, "all_dead")
    assert result.death_turn.tolist() == [[2, 3, 1]]
    assert result.turns.tolist() == [3]
    assert result.points.tolist() == [[0, 0, 0]]
    pair = play([FALL, FALL], [0, 40], 0, engine, "all_dead")
    assert (pair.wins, pair.ties) == ((0, 0), 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_death_shortens_the_round_by_one_turn_too_many(engine: Engine) -> None:
    """pMARS's arithmetic: of 30 turns, after a death in turn 3, 27 - 27 / 3 - 1 = 17 are left."""
    result = play([STAND, STAND, FALL], [0, 20, 40], 0, engine, "last_standing", max_cycles=10)
    assert result.turns.tolist() == [3 + 17]
    assert result.points.tolist() == [[4, 4, 0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_death_in_the_last_turn_ends_the_round(engine: Engine) -> None:
    """Here pMARS itself counts below zero and never ends."""
    result = play([STAND, STAND, FALL], [0, 20, 40], 0, engine, "last_standing", max_cycles=1)
    assert result.turns.tolist() == [3]
    assert result.alive.tolist() == [[True, True, False]]


def test_a_warrior_starts_at_its_start() -> None:
    late = program(line(Opcode.DAT), line(Opcode.JMP, 0), start=1)
    assert play([late], [79], 0, "cython", "all_dead").alive.all()


# ---- p-space


def store(value: int, cell: int) -> Instruction:
    return Instruction(Opcode.STP, Modifier.AB, Mode.IMMEDIATE, value, Mode.IMMEDIATE, cell)


def visitor(pin: int | None) -> Warrior:
    """Dies in its second round, if a warrior of the same PIN was there in the first."""
    lines = (
        Instruction(Opcode.LDP, Modifier.AB, Mode.IMMEDIATE, 1, Mode.DIRECT, 4),
        store(7, 1),
        Instruction(Opcode.JMZ, Modifier.B, Mode.DIRECT, 0, Mode.DIRECT, 2),
        line(Opcode.DAT),
        line(Opcode.DAT),
    )
    return Warrior(lines, 0, 80, pin)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("pins", "alive"), [((1, 1), False), ((1, 2), True), ((None, None), True)])
def test_equal_pins_share_pspace_within_a_round(
    engine: Engine, pins: tuple[int | None, int | None], alive: bool
) -> None:
    """The second to move finds what the first has stored, if it may."""
    config = replace(NANO, pspace_size=5)
    reader = replace(
        visitor(pins[1]), instructions=(line(Opcode.NOP), *visitor(None).instructions[:4])
    )
    places = Placement(np.array([[0, 40]]), np.array([0]))
    fight = Battle((visitor(pins[0]), reader), config, places)
    (result,) = battle_batch([fight], engine=engine)
    assert result.pins == pins
    assert bool(result.alive[0, 1]) == alive


@pytest.mark.parametrize("engine", ENGINES)
def test_a_crowd_in_a_small_core_leaves_fields_in_range(engine: Engine) -> None:
    """Three survivors in two cells: the count in p-space is taken modulo the core size."""
    lines = (Instruction(Opcode.LDP, Modifier.AB, Mode.IMMEDIATE, 0, Mode.DIRECT, 0),)
    config = CoreConfig(core_size=2, max_cycles=1, max_length=1, min_distance=1, pspace_size=2)
    crowd = (Warrior((line(Opcode.NOP),), 0, 2),) * 2 + (Warrior(lines, 0, 2),)
    machine = {"cython": _mars.Machine, "reference": mars.Machine}[engine](config)
    machine.enter(crowd)
    positions, first = np.array([[0, 0, 1]] * 2, np.int32), np.zeros(2, np.int32)
    machine.play(positions, first, True, True)
    assert machine.pspace(2) == [3 % 2, 0]
    assert machine.core()[:, [3, 5]].max() < 2


# ---- What is refused


@pytest.mark.parametrize(
    ("warriors", "rules", "message"),
    [
        ((), {}, r"0 warriors; a battle takes 1\.\.256"),
        ((IMP,) * 257, {}, r"257 warriors; a battle takes 1\.\.256"),
        ((program(line(Opcode.MOV), core_size=8000),), {}, "assembled for core_size 8000"),
        ((program(*[line(Opcode.NOP)] * 6),), {}, "longer than max_length 5"),
        ((program(store(1, 1)),), {}, "uses STP; .* pspace_size 0"),
        ((program(line(Opcode.MUL), line(Opcode.SNE)),), {"standard": "88"}, "uses MUL, SNE"),
    ],
)
def test_unsuitable_warriors_are_refused(
    warriors: tuple[Warrior, ...], rules: dict[str, str], message: str
) -> None:
    places = Placement(np.zeros((1, max(1, len(warriors)))), np.array([0]))
    with pytest.raises(ValueError, match=message):
        Battle(warriors, replace(NANO, **rules), places)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("positions", "message"),
    [([[0, 80]], r"outside 0\.\.79"), ([[0, -1]], r"outside"), ([[0, 9, 20]], "for 3 warriors")],
)
def test_unsuitable_placements_are_refused(positions: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Battle((IMP, IMP), NANO, Placement(np.array(positions), np.array([0])))


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="scheme is 'random'; it must be 'pmars', 'drq' or"):
        battle([IMP, IMP], NANO, scheme="random")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="engine is 'c'; it must be one of cython, reference"):
        battle([IMP, IMP], NANO, engine="c")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="stop is 'never'; it must be 'last_standing' or"):
        battle([IMP, IMP], NANO, stop="never")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads is 0; it must be at least 1"):
        battle_batch([], threads=0)
    with pytest.raises(ValueError, match="wins, losses and ties are those of a duel"):
        _ = battle([IMP], NANO).ties


def test_a_corrupt_instruction_is_refused() -> None:
    wild = program(line(Opcode.MOV)._replace(modifier=9))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"instruction 0 of warrior 0 is .*out of range"):
        battle([wild], NANO)


def test_a_missing_extension_tells_how_to_build_it() -> None:
    code = "import sys; sys.modules['coreenv._mars'] = None; import coreenv.battle"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert "ImportError" in run.stderr
    assert "python setup.py build_ext --inplace" in run.stderr


# ---- Results as values


def some_battles() -> list[Battle]:
    tiny = ruleset("tiny")
    big = replace(IMP, core_size=800)
    return [
        Battle((IMP, SPLIT), NANO, pmars(NANO, 2, 4, 3)),
        Battle((big, replace(SPLIT, core_size=800)), tiny, pmars(tiny, 2, 3, 5), "all_dead"),
        Battle((IMP,), NANO, pmars(NANO, 1, 2, 0)),
        Battle((IMP, SPLIT, FALL, STAND, IMP), NANO, pmars(NANO, 5, 6, 11), "all_dead"),
        Battle((IMP, STAND), NANO, pmars(NANO, 2, 0, 1)),
    ]


@pytest.mark.parametrize("measures", [True, False])
def test_results_survive_json(measures: bool) -> None:
    for result in battle_batch(some_battles(), measures=measures):
        data = json.loads(json.dumps(result.to_dict()))
        again = BattleResult.from_dict(data)
        assert again == result
        assert hash(again) == hash(result)
        assert again.to_dict() == result.to_dict()


def test_results_differ_where_any_count_differs() -> None:
    data = battle_batch(some_battles()[:1])[0].to_dict()
    for name in ("death_turn", "death_cycle", "spawned", "coverage", "turns"):
        changed = json.loads(json.dumps(data))
        row = changed[name]
        while isinstance(row[0], list):
            row = row[0]
        row[0] += 1
        assert BattleResult.from_dict(changed) != BattleResult.from_dict(data)


def test_without_measures_nothing_else_changes() -> None:
    for full, bare in zip(
        battle_batch(some_battles()), battle_batch(some_battles(), measures=False), strict=True
    ):
        assert bare.spawned.shape == bare.coverage.shape == (0, len(full.warrior_ids))
        assert replace(bare, spawned=full.spawned, coverage=full.coverage) == full


def test_threads_do_not_matter() -> None:
    battles = some_battles() * 20
    single = [battle_batch([each])[0] for each in battles]
    assert battle_batch(battles) == single
    for threads in (2, 7, 200):
        assert battle_batch(battles, threads=threads) == single
    assert battle_batch([], threads=3) == []


# ---- Interrupts

ENDLESS = """
import sys
from dataclasses import replace
from coreenv.battle import Battle, battle_batch
from coreenv.config import CoreConfig
from coreenv.placement import pmars
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior

rules = CoreConfig(max_cycles=2**40)
imp = Warrior(
    (Instruction(Opcode.MOV, Modifier.I, Mode.DIRECT, 0, Mode.DIRECT, 1),), 0, rules.core_size
)
fight = Battle((imp, imp), rules, pmars(rules, 2, 1, 1))
print("ready", flush=True)
battle_batch([fight] * 4, threads=int(sys.argv[1]))
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_stops_an_endless_battle(threads: int) -> None:
    command = [sys.executable, "-c", ENDLESS, str(threads)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        try:
            _, errors = run.communicate(timeout=30)
        finally:
            run.kill()
    assert "KeyboardInterrupt" in errors
    assert run.returncode == -signal.SIGINT


def test_the_default_rules_play_a_battle() -> None:
    rules = CoreConfig()
    imp = replace(IMP, core_size=rules.core_size)
    result = battle([imp, imp], rules, rounds=3, seed=1)
    assert result.ties == 3
    assert result.turns.tolist() == [160_000] * 3
