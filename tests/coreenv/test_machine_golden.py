"""Recorded results of pMARS 0.9.4, on the kernel and on the readable machine.

A test takes all rows of one file and configuration and lists those that differ. Long rows on the
readable machine are marked `full`.
"""

import csv
import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coreenv import _mars, mars, placement
from coreenv.battle import Battle, Engine, Machine, battle, battle_batch
from coreenv.config import CoreConfig
from coreenv.placement import Placement
from coreenv.redcode import EMPTY, Instruction, Mode, Modifier, Opcode, Warrior
from coreenv.redcode.instruction import MODE_SYMBOLS

GOLDEN = Path(__file__).parent / "golden" / "machine"
ENGINES: list[Engine] = ["cython", "reference"]
MACHINES = {"cython": _mars.Machine, "reference": mars.Machine}
SHORT = 20_000
"""Turns up to which the readable machine plays a row in the ordinary run."""

Row = dict[str, Any]

# ---- Reading the data


@cache
def rows(name: str) -> list[Row]:
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text().splitlines()]


@cache
def config(name: str) -> CoreConfig:
    row = json.loads((GOLDEN / "configs.json").read_text())[name]
    return CoreConfig(
        core_size=row["core"],
        max_cycles=row["cycles"],
        max_processes=row["processes"],
        max_length=row["length"],
        min_distance=row["distance"],
    )


def source(name: str) -> Row:
    return next(row for row in rows("warriors") if row["id"] == name)


@cache
def warrior(name: str, core_size: int) -> Warrior:
    row = source(name)
    instructions = tuple(map(instruction, row["code"]))
    return Warrior(instructions, row["start"], core_size, row.get("pin"), name=name)


def instruction(text: str) -> Instruction:
    match = re.fullmatch(r"(\w+)\.(\w+) (.)(-?\d+), ?(.)(-?\d+)", text)
    assert match, text
    opcode, modifier, a_mode, a_field, b_mode, b_field = match.groups()
    return Instruction(
        Opcode[opcode],
        Modifier[modifier],
        Mode(MODE_SYMBOLS.index(a_mode)),
        int(a_field),
        Mode(MODE_SYMBOLS.index(b_mode)),
        int(b_field),
    )


def duel_config(row: Row) -> CoreConfig:
    rules = config(row["config"])
    return replace(
        rules,
        max_cycles=row.get("cycles", rules.max_cycles),
        read_limit=row.get("read_limit", rules.core_size),
        write_limit=row.get("write_limit", rules.core_size),
    )


def duel(row: Row) -> tuple[CoreConfig, list[Warrior], Placement]:
    rules = duel_config(row)
    warriors = [warrior(row[name], rules.core_size) for name in ("w1", "w2")]
    first = int(row["first"][1]) - 1
    return rules, warriors, Placement(np.array([[0, row["pos2"]]]), np.array([first]))


# ---- Describing what a machine did in the words of the data


@cache
def cell_text(cell: tuple[int, ...]) -> str:
    opcode, modifier, a_mode, a_field, b_mode, b_field = cell
    return str(
        Instruction(
            Opcode(opcode), Modifier(modifier), Mode(a_mode), a_field, Mode(b_mode), b_field
        )
    )


def core_texts(machine: Machine) -> list[str]:
    core = machine.core()
    texts = [str(EMPTY)] * len(core)
    for address in np.flatnonzero((core != np.array(EMPTY)).any(axis=1)).tolist():
        texts[address] = cell_text(tuple(core[address].tolist()))
    return texts


def crc(lines: Iterable[object]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    return f"{zlib.crc32(text.encode()):08x}"


def play_duel(engine: Engine, row: Row) -> tuple[Row, Machine]:
    rules, warriors, places = duel(row)
    machine = MACHINES[engine](rules)
    machine.enter(warriors)
    deaths, _, _, _, turns = machine.play(places.positions, places.first, True, True)
    dead = [(f"w{i + 1}", turn) for i, turn in enumerate(deaths[0].tolist()) if turn]
    outcome = {
        "result": {(): "tie", ("w1",): "w2", ("w2",): "w1"}[tuple(name for name, _ in dead)],
        "turns": int(turns[0]),
        "core_crc": crc(core_texts(machine)),
        "deaths": [{"warrior": name, "turn": turn} for name, turn in dead],
    }
    return outcome, machine


def differences(expected: Row, actual: Row) -> list[str]:
    keys = expected.keys() & actual.keys()
    return [f"{k}: {actual[k]}, recorded {expected[k]}" for k in keys if actual[k] != expected[k]]


def by_config(name: str, turns: Callable[[Row], int]) -> list[Any]:
    """Parameter sets (engine, rows): one for each engine and configuration. Rows that are long for
    the readable machine are marked `full`, in portions of some twenty million turns."""
    groups: dict[str, tuple[Engine, list[Row], bool]] = {}
    for engine in ENGINES:
        total = 0
        for row in rows(name):
            full = engine == "reference" and turns(row) > SHORT
            total += turns(row) if full else 0
            label = f"long-{total // 20_000_000}" if full else row["config"]
            groups.setdefault(f"{engine}-{label}", (engine, [], full))[1].append(row)
    return [
        pytest.param(engine, group, id=label, marks=pytest.mark.full if full else [])
        for label, (engine, group, full) in groups.items()
    ]


# ---- Duels


def expected_duel(row: Row) -> Row:
    if "v094" in row:
        return dict(row["v094"])
    return {**row, **row.get("if_cmp_is_seq", {})}


def duel_turns(row: Row) -> int:
    return int(expected_duel(row)["turns"])


def check_duels(engine: Engine, group: list[Row]) -> None:
    wrong = []
    for row in group:
        outcome, _ = play_duel(engine, row)
        wrong += [f"{row['id']}: {d}" for d in differences(expected_duel(row), outcome)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("engine", "group"), by_config("battles_1v1", duel_turns))
def test_duels(engine: Engine, group: list[Row]) -> None:
    check_duels(engine, group)


@pytest.mark.parametrize(("engine", "group"), by_config("limits", duel_turns))
def test_duels_under_read_and_write_limits(engine: Engine, group: list[Row]) -> None:
    check_duels(engine, group)


@pytest.mark.parametrize(("engine", "group"), by_config("b_immediate", duel_turns))
def test_an_immediate_b_operand_sees_what_a_changed(engine: Engine, group: list[Row]) -> None:
    check_duels(engine, group)


def finals_with_config() -> list[Row]:
    battles = {row["id"]: row for row in rows("battles_1v1")}
    return [{**battles[row["battle"]], **row} for row in rows("finals")]


@pytest.mark.parametrize(
    ("engine", "long"),
    [
        ("cython", False),
        ("cython", True),
        ("reference", False),
        pytest.param("reference", True, marks=pytest.mark.full),
    ],
)
def test_final_state_of_duels(engine: Engine, long: bool) -> None:
    wrong = []
    for row in finals_with_config():
        if (row["turns"] > SHORT) != long:
            continue
        outcome, machine = play_duel(engine, row)
        queues = [machine.queue(i) for i in (0, 1)]
        outcome["processes"] = [len(queue) for queue in queues]
        outcome["queues"] = [queue[:40] for queue in queues]
        outcome["queue_crcs"] = [crc(queue) if queue else "00000000" for queue in queues]
        if "core" in row:
            outcome["core"] = core_texts(machine)
        wrong += [f"{row['battle']}: {d}" for d in differences(row, outcome)]
    assert not wrong, "\n".join(wrong)


# ---- Turn by turn


@pytest.mark.parametrize("name", ["steps", "limits_steps"])
def test_every_turn_of_the_readable_machine(name: str) -> None:
    wrong = []
    for row in rows(name):
        rules, warriors, places = duel(row)
        machine = mars.Machine(rules)
        machine.enter(warriors)
        machine.load(places.positions[0].tolist())
        deaths = []
        for turn, (mover, address, touched) in enumerate(row["steps"], start=1):
            before = len(machine.queues[mover])
            machine.step(mover)
            after = len(machine.queues[mover])
            seen = {cell: cell_text(tuple(machine.cells[cell])) for cell in machine.touched}
            if (machine.pc, seen) != (address, dict(touched)):
                wrong.append(
                    f"{row['id']} turn {turn}: {machine.pc} {seen}, recorded {address} {touched}"
                )
            if after < before:
                deaths.append([turn, f"w{mover + 1}", after, address])
        if deaths != row["process_deaths"]:
            wrong.append(f"{row['id']}: deaths {deaths}, recorded {row['process_deaths']}")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", ["steps", "limits_steps"])
@pytest.mark.parametrize("engine", ENGINES)
def test_stepped_battles_as_a_whole(engine: Engine, name: str) -> None:
    check_duels(engine, rows(name))


# ---- Several warriors, several rounds, p-space


def total_turns(row: Row) -> int:
    return sum(int(part["turns"]) for part in row["per_round"])


def play_rounds(engine: Engine, row: Row, pspace: bool) -> list[str]:
    rules = replace(config(row["config"]), pspace_size=row["pspace_size"] if pspace else 0)
    count = len(row["warriors"])
    warriors = [
        replace(warrior(name, rules.core_size), pin=pin)
        for name, pin in zip(row["warriors"], row.get("pins") or count * [None], strict=True)
    ]
    machine = MACHINES[engine](rules)
    machine.enter(warriors)
    wrong = []
    results = np.zeros((count, count + 1), int)
    scores = np.zeros(count, int)
    for number, part in enumerate(row["per_round"]):
        positions, first = np.array([part["positions"]], np.int32), np.array([part["first"]])
        deaths, _, _, _, turns = machine.play(positions, first.astype(np.int32), True, False)
        survivors = np.flatnonzero(deaths[0] == 0).tolist()
        outcome = {
            "survivors": survivors,
            "deaths": [[int(w), int(deaths[0][w])] for w in np.argsort(deaths[0]) if deaths[0][w]],
            "turns": int(turns[0]),
            "core_crc": crc(core_texts(machine)),
        }
        if pspace:
            spaces = [machine.pspace(w) for w in range(count)]
            outcome["cell0"] = [space[0] for space in spaces]
            outcome["pspace"] = [
                {str(i): value for i, value in enumerate(space) if i and value} for space in spaces
            ]
        for w in range(count):
            results[w, len(survivors) - 1 if w in survivors else count] += 1
            scores[w] += (count * count - 1) // len(survivors) if w in survivors else 0
        wrong += [f"{row['id']} round {number}: {d}" for d in differences(part, outcome)]
    summary = {"results": results.tolist(), "scores": scores.tolist()}
    return wrong + [f"{row['id']}: {d}" for d in differences(row, summary)]


@pytest.mark.parametrize(("engine", "group"), by_config("multi", total_turns))
def test_several_warriors(engine: Engine, group: list[Row]) -> None:
    wrong = [line for row in group for line in play_rounds(engine, row, pspace=False)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("engine", "group"), by_config("pspace", total_turns))
def test_pspace(engine: Engine, group: list[Row]) -> None:
    wrong = [line for row in group for line in play_rounds(engine, row, pspace=True)]
    assert not wrong, "\n".join(wrong)


def test_points_are_the_recorded_scores() -> None:
    battles = []
    for row in rows("multi"):
        rules = config(row["config"])
        warriors = tuple(warrior(name, rules.core_size) for name in row["warriors"])
        seed = placement.seed_of_number(rules, row["F"])
        places = placement.pmars(rules, len(warriors), row["rounds"], seed)
        battles.append(Battle(warriors, rules, places))
    for row, result in zip(rows("multi"), battle_batch(battles, threads=2), strict=True):
        assert result.points.sum(axis=0).tolist() == row["scores"], row["id"]
        for part, places, turns in zip(
            row["per_round"], result.placement.positions.tolist(), result.turns, strict=True
        ):
            assert (places, turns) == (part["positions"], part["turns"]), row["id"]


# ---- Positions


@pytest.mark.parametrize("row", rows("positions"), ids=lambda row: row["id"])
def test_positions(row: Row) -> None:
    rules = CoreConfig(
        core_size=row["core"], max_length=row["distance"], min_distance=row["distance"]
    )
    if row["mode"] == "checksum":
        warriors = [warrior(name, row["core"]) for name in row["warrior_ids"]]
        # pMARS counts CMP as another opcode than SEQ; a `Warrior` no longer knows
        if any("CMP" in line for name in row["warrior_ids"] for line in source(name)["code"]):
            assert placement.checksum_seed(warriors) != row["seed"]
            seed = row["seed"]
        else:
            seed = placement.checksum_seed(warriors)
    else:
        seed = placement.seed_of_number(rules, row["F"])
    assert seed == row["seed"]
    if row["mode"] == "exact order":
        places = placement.exact_order(rules, row["rounds"], seed)
    else:
        places = placement.pmars(rules, row["warriors"], row["rounds"], seed)
    assert places.positions[:, 1:].tolist() == row["positions"]
    assert places.positions[:, 0].tolist() == [0] * row["rounds"]
    assert places.first.tolist() == row["starters"]


# ---- All positions of a pair


def exact_rows() -> list[dict[str, str]]:
    with (GOLDEN / "exact.csv").open() as file:
        return list(csv.DictReader(file))


def check_exact(engine: Engine, row: dict[str, str]) -> None:
    rules = config(row["config"])
    warriors = [warrior(row[name], rules.core_size) for name in ("w1", "w2")]
    result = battle(warriors, rules, scheme="exact", engine=engine)
    begun_by_w1 = result.alive[result.placement.first == 0]
    counts = {
        "count": len(result.turns),
        "wins": result.wins[0],
        "losses": result.losses[0],
        "ties": result.ties,
        "wins_w1_first": int((begun_by_w1[:, 0] & ~begun_by_w1[:, 1]).sum()),
        "losses_w1_first": int((begun_by_w1[:, 1] & ~begun_by_w1[:, 0]).sum()),
        "ties_w1_first": int((begun_by_w1[:, 0] & begun_by_w1[:, 1]).sum()),
    }
    assert counts == {name: int(row[name]) for name in counts}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, marks=pytest.mark.full if row["config"] == "nop94" else [])
        for row in exact_rows()
    ],
    ids=lambda row: "{config}-{w1}-{w2}".format(**row),
)
def test_exact(row: dict[str, str]) -> None:
    check_exact("cython", row)


@pytest.mark.parametrize(
    "row",
    [row for row in exact_rows() if row["config"] == "nano"],
    ids=lambda row: "{config}-{w1}-{w2}".format(**row),
)
def test_exact_on_the_readable_machine(row: dict[str, str]) -> None:
    check_exact("reference", row)


# Imp (classic000) and Dwarf (classic001), counted with pMARS 0.9.4 over every placement
IMP_AND_DWARF = [
    ("nano", "classic000", "classic001", (0, 38, 104)),
    ("nano", "classic001", "classic001", (54, 54, 34)),
    ("tiny", "classic000", "classic001", (0, 369, 1153)),
    ("nop94", "classic000", "classic001", (0, 3809, 11793)),
]


@pytest.mark.parametrize(("rules", "w1", "w2", "recorded"), IMP_AND_DWARF)
def test_imp_and_dwarf_over_every_placement(
    rules: str, w1: str, w2: str, recorded: tuple[int, int, int]
) -> None:
    each = config(rules)
    warriors = tuple(warrior(name, each.core_size) for name in (w1, w2))
    (result,) = battle_batch([Battle(warriors, each, placement.exact(each))], measures=False)
    assert (result.wins[0], result.losses[0], result.ties) == recorded


def test_the_data_is_all_there() -> None:
    counts = {name: len(rows(name)) for name in ("battles_1v1", "finals", "multi", "pspace")}
    assert counts == {"battles_1v1": 6020, "finals": 307, "multi": 301, "pspace": 283}
    assert len(exact_rows()) == 49
