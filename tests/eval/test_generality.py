"""Scores against a hill: known results, independence from everything that must not matter."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.battle import Battle
from coreenv.config import ruleset
from coreenv.hill import Hill, bundled
from coreenv.measures import Evaluation
from coreenv.placement import exact
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Warrior, assemble
from eval.archive import Elite, Origin
from eval.generality import Generality, PairScore, generality
from eval.protocol import QUICK, Protocol, Season
from eval.qd_metrics import common_archive
from eval.units import BLOCK, UnitStore, fight, unit_name

MakeHill = Callable[[str, dict[str, tuple[str, str, str]]], Hill]

NOP94 = ruleset("nop94")
NANO = ruleset("nano")
EXACT = Protocol("exact")
IMP = "mov 0, 1"
DWARF = "add.ab #4, 3\nmov.i 2, @2\njmp -2\ndat #0, #0"
RAVE = Path("/usr/share/doc/pmars/examples/rave.red")
ORIGIN = Origin(node=0, round=1, call=1, operator="bomber")


def counts(outcomes: str) -> list[int]:
    return [outcomes.count(letter) for letter in "WLT"]


def duel(rules: str, first: str | bytes, second: str) -> list[int]:
    """All rounds there are."""
    config = ruleset(rules)
    warriors = (assemble(first, config), assemble(second, config))
    (outcomes,) = fight([Battle(warriors, config, exact(config))], UnitStore(), threads=2)
    return counts(outcomes)


@pytest.mark.parametrize(
    ("rules", "first", "second", "expected"),
    [
        ("nano", IMP, DWARF, [0, 38, 104]),
        ("nano", DWARF, DWARF, [54, 54, 34]),
        ("tiny", IMP, DWARF, [0, 369, 1153]),
    ],
)
def test_exact_results_are_those_of_pmars(
    rules: str, first: str, second: str, expected: list[int]
) -> None:
    assert duel(rules, first, second) == expected


@pytest.mark.full
def test_exact_results_of_a_core_of_8000_are_those_of_pmars() -> None:
    assert duel("nop94", IMP, DWARF) == [0, 3809, 11793]


@pytest.mark.full
@pytest.mark.skipif(not RAVE.exists(), reason="Rave comes with Debian's package pmars")
def test_the_exact_result_of_a_published_scanner_is_that_of_pmars() -> None:
    assert duel("nop94", RAVE.read_bytes(), DWARF) == [9348, 6094, 160]


instructions = st.builds(
    Instruction,
    st.sampled_from([o for o in Opcode if o.name not in ("LDP", "STP")]),
    st.sampled_from(Modifier),
    st.sampled_from(Mode),
    st.integers(0, 79),
    st.sampled_from(Mode),
    st.integers(0, 79),
)
warriors = st.lists(instructions, min_size=1, max_size=5).map(lambda i: Warrior(tuple(i), 0, 80))


@settings(max_examples=40)
@given(warriors, warriors)
def test_all_placements_favour_nobody(first: Warrior, second: Warrior) -> None:
    mirror = replace(first, name="its renamed self")
    pairs = [(first, mirror), (first, second), (second, first)]
    duels = [Battle(pair, NANO, exact(NANO)) for pair in pairs]
    own, one, other = map(counts, fight(duels, UnitStore()))
    assert own[0] == own[1]
    assert one == [other[1], other[0], other[2]]


def test_scores_that_can_be_worked_out(simple: Hill) -> None:
    sitter = assemble("jmp 0, 2", NOP94)
    (score,) = generality([sitter], simple, NOP94, QUICK)
    assert [(p.opponent, p.wins, p.losses, p.ties) for p in score.pairs] == [
        ("Hole", 60, 0, 0),
        ("Sitter", 0, 0, 60),
        ("Waiter", 0, 0, 60),
    ]
    assert score.class_points() == {"clear": 300.0, "imp": 100.0}
    assert score.points == 200.0, "two classes weigh the same, however many members they have"
    assert score.worst_class == "imp"
    assert score.win_share == pytest.approx(1 / 3)
    assert score.tie_share == pytest.approx(2 / 3)
    assert (score.win_rate, score.defeat_or_tie) == (pytest.approx(1 / 3), 1)
    assert score.placement.interval() == (200, 200), "no placement made a difference"
    assert score.opponents is None, "one class has a single member"
    assert score.made_by.endswith("/ hill toy v0 / protocol quick / season 0")


def scored(wins: int, losses: int, ties: int) -> Generality:
    pair = PairScore(opponent="x", opponent_class="y", wins=wins, losses=losses, ties=ties)
    texts = dict.fromkeys(
        ("warrior", "name", "hill", "hill_hash", "split", "protocol", "made_by"), "z"
    )
    return Generality(**texts, pairs=(pair,))


def test_ties_are_no_success() -> None:
    assert (scored(0, 0, 60).win_share, scored(0, 0, 60).points) == (0, 100)
    assert (scored(60, 0, 0).win_share, scored(60, 0, 0).points) == (1, 300)
    assert scored(20, 40, 0).points == pytest.approx(scored(0, 0, 60).points)
    assert (scored(0, 0, 60).win_rate, scored(0, 0, 60).defeat_or_tie) == (0, 1)
    assert (scored(2, 3, 55).win_rate, scored(2, 3, 55).defeat_or_tie) == (0, 0)


def test_the_intervals_are_the_closed_forms() -> None:
    """Three opponents of two classes, two offsets of four each, by hand."""
    outcomes = {"a": "WWLL", "b": "WLTT", "c": "WWWW"}
    pairs = tuple(
        PairScore.model_validate(
            {
                "opponent": name,
                "opponent_class": "ab" if name in "ab" else "c",
                "wins": rounds.count("W"),
                "losses": rounds.count("L"),
                "ties": rounds.count("T"),
                "sample": {"outcomes": rounds, "offsets": 4},
            }
        )
        for name, rounds in outcomes.items()
    )
    score = scored(1, 0, 0).model_copy(update={"pairs": pairs})
    assert [pair.points for pair in pairs] == [150, 125, 300]
    # Offsets of 300 and 0 points, half of all that there are: sqrt(300**2 * (1 - 2 / 4)) / 2.
    assert pairs[0].error == pytest.approx(150 / 2**0.5)
    assert pairs[1].error == pytest.approx(25 / 2**0.5)
    assert score.points == (137.5 + 300) / 2
    assert score.placement.error == pytest.approx((150**2 / 2 + 25**2 / 2) ** 0.5 / 4)
    assert score.opponents is None
    two = score.model_copy(update={"pairs": (*pairs, pairs[2])})
    assert two.opponents is not None
    assert two.opponents.error == pytest.approx(25 / 2**0.5 / 2**0.5 / 2)


def test_results_do_not_depend_on_threads_or_company() -> None:
    hill = bundled("v1")
    warriors = [hill.warrior(name) for name in ("Pebble", "Imp")]
    together = generality(warriors, hill, NOP94, QUICK, threads=2)
    assert [generality([w], hill, NOP94, QUICK)[0] for w in warriors] == together
    assert Generality.model_validate_json(together[0].model_dump_json()) == together[0]


FOUR = {
    "Walker": ("imp", "test", "mov 0, 1"),
    "Thrower": ("bomber", "test", "add #3364, 3\nmov 2, @2\njmp -2\ndat #0, #0"),
    "Splitter": ("paper", "test", "spl 2\njmp -1\nmov -1, 0\njmp -1, <-20"),
    "Copier": (
        "paper",
        "test",
        "spl 1\nspl 1\nspl @0, >1800\nmov }-1, >-1\nmov }-2, >-2\njmz -2, *0",
    ),
}


def test_clones_change_nobody_s_score(make_hill: MakeHill) -> None:
    """Neither ten renamed copies nor ten near-clones: entrants never enter the denominator."""
    hill = make_hill("nop94", FOUR)
    dwarf = assemble(DWARF, NOP94)
    renamed = [replace(dwarf, name=f"Copy {i}") for i in range(10)]
    near = [assemble(DWARF.replace("#0, #0", f"#0, #{i}"), NOP94) for i in range(1, 11)]
    (alone,) = generality([dwarf], hill, NOP94, QUICK, threads=2)
    crowd = generality([*renamed, dwarf, *near], hill, NOP94, QUICK, threads=2)
    assert crowd[10] == alone
    assert all(score.pairs == alone.pairs for score in crowd[:10])
    assert len({score.warrior for score in crowd}) == 11


def test_the_best_of_many_is_scored_without_the_luck_that_chose_it(make_hill: MakeHill) -> None:
    """The winner's curse: 150 bombers, the best on dev placements, then on the official ones."""
    hill = make_hill("nop94", FOUR)
    short = replace(NOP94, max_cycles=1000, max_processes=100)
    variants = [
        assemble(f"add #{4 * k}, 3\nmov 2, @2\njmp -2\ndat #0, #{k}", short) for k in range(1, 151)
    ]
    dev = Protocol("quick", Season(99, b"the placements of a search"))
    claims = generality(variants, hill, short, dev, threads=2)
    best = max(range(150), key=lambda i: claims[i].points)
    (official,) = generality([variants[best]], hill, short, QUICK, threads=2)
    (truth,) = generality([variants[best]], hill, short, EXACT, threads=2)
    assert truth.placement.error == 0
    assert claims[best].points - truth.points > 1.5 * claims[best].placement.error
    assert abs(official.points - truth.points) <= 2 * official.placement.error


def test_both_machines_and_a_full_store_give_the_same(make_hill: MakeHill, tmp_path: Path) -> None:
    hill = make_hill("nano", {"Dwarf": ("bomber", "test", DWARF), "Imp": ("imp", "test", IMP)})
    warriors = [assemble(code, NANO) for code in (DWARF, IMP, "jmp 0")]
    expected = generality(warriors, hill, NANO, QUICK)
    told: list[tuple[int, int]] = []
    with UnitStore(tmp_path / "units.jsonl") as store:
        scores = generality(
            warriors,
            hill,
            NANO,
            QUICK,
            engine="reference",
            threads=2,
            store=store,
            progress=lambda done, total: told.append((done, total)),
        )
    assert scores == expected
    assert told[-1] == (12, 12), "six pairs of 142 rounds, two units each"
    kept = (tmp_path / "units.jsonl").read_bytes()
    assert len(kept.splitlines()) == 12
    with UnitStore(tmp_path / "units.jsonl") as store:
        told.clear()
        again = generality(
            warriors, hill, NANO, QUICK, store=store, progress=lambda *p: told.append(p)
        )
    assert (again, told) == (expected, [])
    assert (tmp_path / "units.jsonl").read_bytes() == kept


def test_a_unit_is_named_by_all_that_can_change_it() -> None:
    places = exact(NANO)
    base = Battle((assemble(IMP, NANO), assemble(DWARF, NANO)), NANO, places)
    others = [
        replace(base, warriors=base.warriors[::-1]),
        replace(base, config=replace(NANO, max_cycles=801)),
        replace(base, stop="all_dead"),
        replace(base, placement=replace(places, first=1 - places.first)),
        replace(base, placement=replace(places, positions=places.positions[::-1])),
        replace(base, warriors=(replace(base.warriors[0], pin=1), base.warriors[1])),
    ]
    assert len({unit_name(battle) for battle in [base, *others]}) == 1 + len(others)
    renamed = replace(base, warriors=(replace(base.warriors[0], name="Other"), base.warriors[1]))
    assert unit_name(renamed) == unit_name(base)


MORTAL = """
        ldp.ab  #1, age
        add.ab  #1, age
        stp.b   age, #1
        slt.ab  #120, age
        jmp     0
age     dat     #0, #0
"""


def test_p_space_lasts_for_the_whole_duel() -> None:
    """It counts rounds and dies from the 121st on, beyond the length of a unit."""
    rules = replace(ruleset("tiny"), pspace_size=10, max_cycles=100)
    pair = (assemble(MORTAL, rules), assemble("jmp 0", rules))
    (outcomes,) = fight([Battle(pair, rules, exact(rules))], UnitStore())
    assert outcomes[:700] == 120 * "T" + 580 * "L", "the count overflows after 800"
    assert BLOCK < 120


def test_a_pin_does_not_open_an_opponent_s_p_space(make_hill: MakeHill) -> None:
    """It dies of what the opponent stores, if it can read that."""
    sources = {"Storer": ("imp", "test", "pin 7\nstp.ab #1, #1\njmp 0")}
    hill, rules = make_hill("draft94", sources), replace(ruleset("draft94"), max_cycles=1000)
    reader = assemble("pin 7\nldp.ab #1, 3\njmz.b 0, 2\ndat #0, #0\ndat #0, #0", rules)
    (score,) = generality([reader], hill, rules, QUICK)
    assert score.pairs[0].ties == 60
    (shared,) = fight([Battle((reader, hill.warrior("Storer")), rules, exact(rules))], UnitStore())
    assert set(shared[2:]) == {"L"}


@pytest.mark.parametrize(
    "line",
    [
        b'{"unit": "ab", "outcomes": "WLT"}\n',
        b'{"unit": "' + b"a" * 64 + b'", "outcomes": "WIN"}\n',
        b"not json\n",
        b"[]\n",
    ],
)
def test_a_damaged_store_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "units.jsonl"
    path.write_bytes(line)
    with pytest.raises(ValueError, match=r"units\.jsonl is damaged"):
        UnitStore(path)
    assert path.read_bytes() == line


def test_a_line_without_its_end_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "units.jsonl"
    unit, other = "a" * 64, "b" * 64
    with UnitStore(path) as store:
        store.add({unit: "WLT"})
    path.write_bytes(path.read_bytes() + b'{"unit": "bb')
    with UnitStore(path) as store:
        assert store[unit] == "WLT"
        assert other not in store
        store.add({other: "T"})
    assert len(path.read_bytes().splitlines()) == 2


def test_two_processes_do_not_share_a_store(tmp_path: Path) -> None:
    path = tmp_path / "units.jsonl"
    with UnitStore(path), pytest.raises(BlockingIOError):
        UnitStore(path)
    UnitStore(path).__exit__(None, None, None)


def test_a_split_without_members_is_named(simple: Hill) -> None:
    with pytest.raises(ValueError, match=r"no holdout split; it has dev, test"):
        generality([assemble(IMP, NOP94)], simple, NOP94, QUICK, split="holdout")


def test_the_common_score_forgets_what_was_claimed(simple: Hill) -> None:
    claims = (99.0, 0.1)
    elites = [
        Elite(assemble(f"jmp 0, {i}", NOP94), Evaluation(claim, 5000, 5000), ORIGIN)
        for i, claim in enumerate(claims)
    ]
    archive = common_archive(elites, simple, NOP94, seed=3)
    # The crawler runs over both, and they crawl on beside it: every cell visited, a draw.
    (elite,) = archive
    assert (elite.cell, elite.fitness) == ((0, 5), 1.0)
    assert elite.warrior == elites[0].warrior, "of equals the first one stays"
    assert common_archive(elites, simple, NOP94, seed=3, threads=2)[0, 5] == elite
