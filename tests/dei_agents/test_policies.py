"""The four built-in mutation operators: legal, repeatable, distinct, unlike one another."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.config import RULESETS, CoreConfig
from coreenv.measures import Evaluation, evaluate
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior, assemble
from coreenv.redcode.warrior import signed
from dei_agents.policies import BUILTIN, builtin
from dei_agents.policies.bomber import raid
from dei_agents.policies.draw import Draw
from dei_agents.policies.gait import crowd
from dei_agents.policies.heuristic import Editor
from dei_agents.policies.program import Program, beside, booted, spliced
from dei_agents.policies.replicator import tripod
from dei_agents.policies.tinkerer import cross, marry, transplant
from dei_agents.policy import Context
from eval.archive import Archive, Elite, Origin

CONFIGS = {name: RULESETS[name] for name in ("nop94", "draft94", "tiny", "nano")} | {
    "prime": CoreConfig("94", 8191, 80_000, 8000, 100, 100),
    "odd": CoreConfig("94", 81, 800, 80, 7, 7),
}
UNKNOWN = Evaluation(fitness=0.0, tsp=0.0, mc=0.0)


def elite(warrior: Warrior, evaluation: Evaluation = UNKNOWN) -> Elite:
    return Elite(warrior, evaluation, Origin(node=0, round=1, call=1, operator="test"))


def propose(
    operator: str,
    config: CoreConfig,
    seed: int,
    parent: Elite | None = None,
    elites: tuple[Elite, ...] = (),
) -> str:
    context = Context(config, np.random.default_rng(seed), parent, elites)
    return builtin(operator).propose(context).source


@cache
def population(ruleset: str) -> tuple[Elite, ...]:
    """Twelve new warriors of every operator."""
    config = CONFIGS[ruleset]
    sources = [propose(operator, config, seed) for operator in BUILTIN for seed in range(12)]
    return tuple(elite(assemble(source, config)) for source in sources)


def lone(program: Program, config: CoreConfig) -> Evaluation:
    warrior = Warrior(program.cells, program.start, config.core_size)
    return evaluate([warrior], [], config, placements=1)[0]


each_operator = pytest.mark.parametrize("operator", BUILTIN)
each_config = pytest.mark.parametrize("ruleset", CONFIGS)


@each_operator
@each_config
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), parent=st.none() | st.integers(0, 4 * 12 - 1))
def test_every_proposal_is_a_legal_signed_warrior(
    operator: str, ruleset: str, seed: int, parent: int | None
) -> None:
    config, elites = CONFIGS[ruleset], population(ruleset)
    chosen = None if parent is None else elites[parent]
    source = propose(operator, config, seed, chosen, elites[::5])
    warrior = assemble(source, config)
    assert len(warrior) <= config.max_length
    assert not {cell.opcode for cell in warrior.instructions} & {Opcode.LDP, Opcode.STP}
    assert (warrior.author, warrior.name) == (operator, f"{operator} {warrior.id[:8]}")
    said = warrior.strategy.split(":")[0]
    assert said in ("new", f"mutant of {chosen.warrior.id[:8]}" if chosen else "new")
    assert warrior not in {e.warrior for e in (*elites[::5], *([chosen] if chosen else []))}
    assert propose(operator, config, seed, chosen, elites[::5]) == source


@each_operator
@pytest.mark.parametrize(("ruleset", "least"), [("nop94", 0.95), ("tiny", 0.95), ("nano", 0.75)])
def test_few_proposals_are_duplicates(operator: str, ruleset: str, least: float) -> None:
    """Of 150 warriors at most a twentieth are equal; a quarter in the 5 cells of nano."""
    config, elites = CONFIGS[ruleset], population(ruleset)
    for parents in ([None] * 150, [elites[i % len(elites)] for i in range(150)]):
        made = {
            assemble(propose(operator, config, seed, parent), config)
            for seed, parent in enumerate(parents)
        }
        assert len(made) >= least * 150


@each_operator
def test_most_mutations_are_mutations(operator: str) -> None:
    """An operator that cannot edit a parent writes a new warrior; that is the exception."""
    elites = population("nop94")
    config = CONFIGS["nop94"]
    sources = [propose(operator, config, seed, e, elites) for seed, e in enumerate(elites)]
    assert sum(";strategy mutant of" in source for source in sources) >= 0.95 * len(sources)


def test_an_operator_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'bomer'.*bomber, replicator, scanner, tinkerer"):
        builtin("bomer")


@each_operator
def test_rules_it_cannot_write_for_are_refused(operator: str) -> None:
    with pytest.raises(ValueError, match=f"{operator}.*standard '94', not '88'.*nop94"):
        propose(operator, RULESETS["icws88"], 1)
    with pytest.raises(ValueError, match=f"{operator}.*max_length of 5 or more, not 4"):
        propose(operator, CoreConfig("94", 80, 800, 80, 4, 4), 1)


@pytest.mark.parametrize("editor", [cross, transplant, marry])
def test_crossing_takes_cells_of_another_elite(editor: Editor) -> None:
    config = CONFIGS["nop94"]
    own = Program((Instruction(Opcode.NOP, Modifier.F, Mode.DIRECT, 11, Mode.DIRECT, 0),) * 9)
    mate = Program((Instruction(Opcode.NOP, Modifier.F, Mode.DIRECT, 22, Mode.DIRECT, 0),) * 9)
    assert editor(Draw(np.random.default_rng(1), config), own) is None
    for seed in range(50):
        draw = Draw(np.random.default_rng(seed), config, (mate,))
        child = editor(draw, own)
        assert child is not None
        fields = Counter(cell.a_field for cell in child.program.cells)
        assert fields[22] > 0
        assert fields[11] > 0 or editor is transplant


def test_the_tinkerer_crosses_with_the_elites_of_its_context() -> None:
    config, elites = CONFIGS["nop94"], population("nop94")
    words = [
        assemble(propose("tinkerer", config, seed, elites[0], elites), config).strategy
        for seed in range(60)
    ]
    assert sum("another elite" in w for w in words) >= 5
    alone = [propose("tinkerer", config, seed, elites[0]) for seed in range(60)]
    assert not any("another elite" in source for source in alone)


@given(data=st.data())
def test_splicing_keeps_every_reference(data: st.DataObject) -> None:
    """Cells that survive point to the cell they pointed to before, if that survives too."""
    core, length = 80, data.draw(st.integers(2, 9))
    cells = tuple(
        Instruction(Opcode.MOV, Modifier.I, Mode.DIRECT, to - i, Mode.IMMEDIATE, i)
        for i, to in enumerate(
            data.draw(st.lists(st.integers(0, length - 1), min_size=length, max_size=length))
        )
    )
    at = data.draw(st.integers(0, length))
    cut = data.draw(st.integers(0, min(length - at, length - 1)))
    new = [Instruction(Opcode.NOP, Modifier.F, Mode.DIRECT, 0, Mode.DIRECT, 0)] * data.draw(
        st.integers(0, 3)
    )
    result = spliced(Program(cells, length - 1), core, at, cut, new)
    assert len(result.cells) == length - cut + len(new)
    place = {cell.b_field: i for i, cell in enumerate(result.cells) if cell.opcode == Opcode.MOV}
    assert list(place) == [i for i in range(length) if not at <= i < at + cut]
    for old, i in place.items():
        target = old + cells[old].a_field
        if target in place:
            assert i + signed(result.cells[i].a_field % core, core) == place[target]
    if length - 1 in place:
        assert result.start == place[length - 1]


@pytest.mark.parametrize("count", range(2, 40))
def test_a_crowd_has_as_many_processes_as_asked_for(count: int) -> None:
    config = CONFIGS["tiny"]
    draw = Draw(np.random.default_rng(1), config)
    assert lone(draw.lines([*crowd(count), "jmp 0"]), config).tsp == count - 1


def test_two_programs_run_beside_each_other_and_booted_away() -> None:
    """Each loops over its own cells, so the addresses queued tell what ran where."""
    config = CONFIGS["tiny"]
    draw = Draw(np.random.default_rng(1), config)
    loop = draw.program("nop 0\n top nop 0\n jmp -1\n end top")
    joined = beside(loop, loop)
    assert len(joined.cells) == 9
    # 2 for the first JMP and the first loop twice, likewise for the second
    assert lone(joined, config) == Evaluation(fitness=1.0, tsp=1.0, mc=6.0)
    moved = booted(loop, loop, 300)
    assert lone(moved, config).tsp == 1
    # three more MOVs and the SPL are queued after the first MOV
    assert lone(moved, config).mc == 4 + 6


@pytest.mark.parametrize("ruleset", ["nop94", "tiny", "nano"])
def test_a_tripod_is_an_imp_spiral(ruleset: str) -> None:
    config = CONFIGS[ruleset]
    measured = lone(tripod(Draw(np.random.default_rng(1), config)).program, config)
    assert measured == Evaluation(fitness=1.0, tsp=2.0, mc=float(config.core_size))


@pytest.mark.parametrize("seed", range(20))
def test_a_raid_moves_and_never_splits(seed: int) -> None:
    config = CONFIGS["nop94"]
    program = raid(Draw(np.random.default_rng(seed), config)).program
    measured = lone(program, config)
    assert (measured.fitness, measured.tsp) == (1.0, 0.0)
    assert measured.mc > len(program.cells)


@cache
def newcomers(operator: str, count: int = 100) -> tuple[Warrior, ...]:
    config = CONFIGS["nop94"]
    return tuple(assemble(propose(operator, config, seed), config) for seed in range(count))


@pytest.mark.parametrize(
    ("operator", "alone", "imp"),
    [
        ("bomber", 0.85, 0.6),
        ("replicator", 0.9, 0.9),
        ("scanner", 0.85, 0.8),
        ("tinkerer", 0.5, 0.4),
    ],
)
def test_new_warriors_live_alone_and_stand_up_to_the_imp(
    operator: str, alone: float, imp: float
) -> None:
    config = CONFIGS["nop94"]
    opponent = assemble("mov.i 0, 1", config)
    live = evaluate(newcomers(operator), [], config, placements=1)
    fight = evaluate(newcomers(operator), [opponent], config, placements=4, seed=1)
    assert sum(e.fitness == 1.0 for e in live) >= alone * len(live)
    assert sum(e.fitness >= 1.0 for e in fight) >= imp * len(fight)


def test_the_operators_prefer_different_regions_of_the_grid() -> None:
    """Alone in the core: bombers stay, replicators spread, scanners look before they bomb."""
    config = CONFIGS["nop94"]
    cells = {
        operator: [e.cell for e in evaluate(newcomers(operator), [], config, placements=1)]
        for operator in BUILTIN
    }
    few = {name: sum(mc <= 1 for _, mc in found) / 100 for name, found in cells.items()}
    many = {name: sum(mc >= 4 for _, mc in found) / 100 for name, found in cells.items()}
    assert few["bomber"] > 0.6 > 0.3 > few["replicator"]
    assert many["replicator"] > 0.5 > 0.2 > many["bomber"]
    union = set().union(*map(set, cells.values()))
    assert len(union) > 1.25 * max(len(set(found)) for found in cells.values())


def test_the_operators_use_different_instructions() -> None:
    looks = {Opcode.SEQ, Opcode.SNE, Opcode.JMZ}
    sums = {Opcode.MUL, Opcode.DIV, Opcode.MOD, Opcode.SLT}

    def share(operator: str, opcodes: set[Opcode]) -> float:
        """Share of new warriors that hold one of these opcodes."""
        held = [{c.opcode for c in w.instructions} & opcodes for w in newcomers(operator)]
        return sum(map(bool, held)) / len(held)

    assert share("scanner", looks) > 0.6 > 0.1 > share("bomber", looks)
    assert share("replicator", looks) < 0.1
    assert share("tinkerer", sums) > 0.1
    assert not any(share(operator, sums) for operator in BUILTIN if operator != "tinkerer")


def search(operators: tuple[str, ...], calls: int) -> tuple[Archive[Elite], Counter[bool]]:
    """A small MAP-Elites search under tiny rules, the operators taking turns.

    Returns the archive, and how many mutants were or were not fitter than their parent.
    """
    config = CONFIGS["tiny"]
    opponents = [e.warrior for e in population("tiny")[::16]]
    archive, fitter = Archive[Elite](), Counter[bool]()
    for call in range(calls):
        rng = np.random.default_rng([5, call])
        elites = tuple(archive)
        parent = None if call < 20 else elites[int(rng.integers(len(elites)))]
        source = propose(operators[call % len(operators)], config, call, parent, elites)
        warrior = assemble(source, config)
        (measured,) = evaluate([warrior], opponents, config, placements=8, seed=1)
        archive.insert(elite(warrior, measured))
        if parent is not None:
            fitter[measured.fitness > parent.fitness] += 1
    return archive, fitter


def test_mutants_are_often_fitter_and_the_mix_beats_one_operator_on_average() -> None:
    """At an equal number of calls, by QD-score: true of each of six seeds tried."""
    solo = []
    for operator in BUILTIN:
        archive, fitter = search((operator,), 250)
        assert fitter[True] >= 0.15 * fitter.total(), operator
        solo.append(archive.qd_score)
    mixed, _ = search(BUILTIN, 250)
    assert mixed.qd_score > sum(solo) / len(solo)
