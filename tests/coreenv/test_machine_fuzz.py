"""Random programs under random rules: the kernel and the readable machine agree in everything."""

from math import gcd

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coreenv import _mars, mars
from coreenv.battle import Battle, battle_batch
from coreenv.config import CoreConfig
from coreenv.placement import Placement
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior


@st.composite
def configs(draw: st.DrawFn) -> CoreConfig:
    core = draw(st.one_of(st.integers(2, 40), st.sampled_from([55, 80, 97, 800])))
    limit = st.integers(1, core).map(lambda n: gcd(n, core))
    limits = draw(st.tuples(limit, limit) | st.just((0, 0)))
    return CoreConfig(
        core_size=core,
        max_cycles=draw(st.integers(1, 120)),
        max_processes=draw(st.integers(1, 12) | st.just(8000)),
        max_length=min(core, 8),
        min_distance=min(core, 8),
        pspace_size=draw(st.integers(0, core)),
        read_limit=limits[0],
        write_limit=limits[1],
    )


@st.composite
def instructions(draw: st.DrawFn, pspace: bool) -> Instruction:
    # few and frequent shapes beside uniform ones: pure noise dies within a few turns
    lively = [Opcode.MOV, Opcode.SPL, Opcode.JMP, Opcode.DJN, Opcode.ADD, Opcode.SEQ, Opcode.NOP]
    opcodes = [opcode for opcode in Opcode if pspace or opcode not in (Opcode.LDP, Opcode.STP)]
    field = st.integers(-3, 8) | st.integers(0, 65_535)
    return Instruction(
        draw(st.sampled_from(lively) | st.sampled_from(opcodes)),
        draw(st.just(Modifier.I) | st.sampled_from(list(Modifier))),
        draw(st.just(Mode.DIRECT) | st.sampled_from(list(Mode))),
        draw(field),
        draw(st.just(Mode.DIRECT) | st.sampled_from(list(Mode))),
        draw(field),
    )


@st.composite
def battles(draw: st.DrawFn) -> Battle:
    config = draw(configs())
    program = st.lists(instructions(config.pspace_size > 0), min_size=1, max_size=config.max_length)
    warriors = []
    for lines in draw(st.lists(program, min_size=1, max_size=8)):
        start = draw(st.integers(0, len(lines) - 1))
        pin = draw(st.sampled_from([None, None, 1, 2]))
        warriors.append(Warrior(tuple(lines), start, config.core_size, pin))
    rounds, count = draw(st.integers(1, 3)), len(warriors)
    address = st.integers(0, config.core_size - 1)
    positions = draw(st.lists(address, min_size=rounds * count, max_size=rounds * count))
    first = draw(st.lists(st.integers(0, count - 1), min_size=rounds, max_size=rounds))
    return Battle(
        tuple(warriors),
        config,
        Placement(np.array(positions).reshape(rounds, count), np.array(first)),
        draw(st.sampled_from(["last_standing", "all_dead"])),
    )


def check(fight: Battle) -> None:
    """Results are equal and in range, and so is everything that the last round left behind."""
    machines = (_mars.Machine(fight.config), mars.Machine(fight.config))
    last_standing = fight.stop == "last_standing"
    outcomes = []
    for machine in machines:
        machine.enter(fight.warriors)
        places = fight.placement
        outcomes.append(machine.play(places.positions, places.first, last_standing, True))
    for fast, readable in zip(*outcomes, strict=True):
        np.testing.assert_array_equal(fast, readable)
    core = machines[0].core()
    np.testing.assert_array_equal(core, machines[1].core())
    fields = core[:, [3, 5]]
    assert 0 <= fields.min() <= fields.max() < fight.config.core_size
    for w in range(len(fight.warriors)):
        queue = machines[0].queue(w)
        assert queue == machines[1].queue(w)
        assert len(queue) <= fight.config.max_processes
        assert machines[0].pspace(w) == machines[1].pspace(w)
    check_ranges(fight)


def check_ranges(fight: Battle) -> None:
    (result,) = battle_batch([fight])
    config, count = fight.config, len(fight.warriors)
    assert (result.death_turn <= result.turns[:, None]).all()
    assert (result.turns <= count * config.max_cycles).all()
    assert ((result.death_turn == 0) == (result.death_cycle == 0)).all()
    assert (result.death_cycle <= config.max_cycles).all()
    assert (result.coverage <= config.core_size).all()
    assert (result.spawned >= 0).all()
    deaths = result.death_turn[result.death_turn > 0]
    assert len(deaths) == (result.death_turn > 0).sum()
    if fight.stop == "last_standing" and count > 1:
        assert result.alive.any(axis=1).all()


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(battles())
def test_both_machines_agree(fight: Battle) -> None:
    check(fight)


@pytest.mark.fuzz
@settings(max_examples=20_000, suppress_health_check=[HealthCheck.too_slow])
@given(battles())
def test_both_machines_agree_at_length(fight: Battle) -> None:
    check(fight)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(battles(), min_size=1, max_size=6), st.integers(1, 4))
def test_a_batch_is_its_battles_one_by_one(fights: list[Battle], threads: int) -> None:
    single = [battle_batch([fight])[0] for fight in fights]
    assert battle_batch(fights, threads=threads) == single
    assert battle_batch(fights, threads=threads, engine="reference") == single


@pytest.mark.parametrize("stop", ["last_standing", "all_dead"])
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_long_rounds_of_random_programs_agree(count: int, stop: str) -> None:
    """Longer than the kernel runs at a stretch, with queues of all lengths."""
    generator = np.random.default_rng(count)
    config = CoreConfig(
        core_size=211, max_cycles=9001, max_processes=50, max_length=9, min_distance=9
    )
    seen = 0
    for _ in range(40):
        warriors = tuple(random_program(generator, config) for _ in range(count))
        positions = generator.integers(0, 211, (1, count))
        places = Placement(positions, generator.integers(0, count, 1))
        fight = Battle(warriors, config, places, stop)  # type: ignore[arg-type]
        (fast,) = battle_batch([fight])
        if fast.turns[0] > 60_000:
            continue
        seen += int(fast.turns[0] > 4096 * count)
        assert battle_batch([fight], engine="reference") == [fast]
    assert seen or count == 8


def random_program(generator: np.random.Generator, config: CoreConfig) -> Warrior:
    opcodes = [Opcode.MOV, Opcode.SPL, Opcode.JMP, Opcode.ADD, Opcode.DJN, Opcode.SNE, Opcode.NOP]

    def pick(values: list[int]) -> int:
        return int(generator.choice(values))

    lines = tuple(
        Instruction(
            Opcode(pick(list(opcodes))),
            Modifier(pick(list(Modifier))),
            Mode(pick(list(Mode))),
            pick(list(range(-9, 10))),
            Mode(pick(list(Mode))),
            pick(list(range(-9, 10))),
        )
        for _ in range(9)
    )
    return Warrior(lines, 0, config.core_size)
