"""MAP-Elites bookkeeping, and its JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.measures import Evaluation, cell
from coreenv.redcode import assemble
from eval.archive import MAX_STRATEGY, Archive, Elite, EliteRecord, Origin

NOP94 = ruleset("nop94")
ORIGIN = Origin(node=2, round=3, call=4, operator="bomber", parent=None)
evaluations = st.builds(
    Evaluation,
    fitness=st.floats(0, 20),
    tsp=st.floats(0, 80_000),
    mc=st.floats(0, 8000),
)
elites = st.builds(
    lambda n, evaluation: Elite(assemble(f"jmp 0, {n}", NOP94), evaluation, ORIGIN),
    st.integers(0, 50),
    evaluations,
)


@pytest.mark.parametrize(
    ("tsp", "mc", "expected"),
    [
        (0, 0, (0, 0)),
        (0.95, 9.95, (0, 0)),
        (1, 10, (1, 1)),
        (9.99, 99.9, (1, 1)),
        (10, 100, (2, 2)),
        (100, 500, (3, 3)),
        (1000, 1000, (4, 4)),
        (9999.9, 3999.9, (4, 4)),
        (10_000, 4000, (5, 5)),
        (79_999, 8000, (5, 5)),
    ],
)
def test_bins_hold_their_lower_edge(tsp: float, mc: float, expected: tuple[int, int]) -> None:
    assert cell(tsp, mc) == expected


@given(st.lists(elites, max_size=40))
def test_every_cell_holds_the_first_of_its_fittest(inserted: list[Elite]) -> None:
    archive = Archive(inserted)
    for where in {elite.cell for elite in inserted}:
        here = [elite for elite in inserted if elite.cell == where]
        assert archive[where] is max(here, key=lambda elite: elite.fitness)
    assert archive.coverage == len({elite.cell for elite in inserted}) / 36
    assert archive.qd_score == pytest.approx(sum(elite.fitness for elite in archive))


@given(st.lists(elites, max_size=20), st.lists(elites, max_size=20))
def test_merging_keeps_the_best_of_both(left: list[Elite], right: list[Elite]) -> None:
    merged = Archive.merged([Archive(left), Archive(right)])
    assert list(merged) == list(Archive(left + right))


def test_insert_says_what_happened() -> None:
    archive: Archive[Elite] = Archive()
    low, high = (Elite(assemble("jmp 0", NOP94), Evaluation(f, 0, 1), ORIGIN) for f in (1.0, 2.0))
    assert archive.champion is None
    assert archive.insert(low) == "new_cell"
    assert archive.insert(low) is None, "equal fitness does not replace"
    assert archive.insert(high) == "improved"
    assert archive.insert(low) is None
    assert archive.champion is high


@given(elites)
def test_records_round_trip(elite: Elite) -> None:
    record = EliteRecord.of(elite)
    again = EliteRecord.model_validate_json(record.model_dump_json())
    assert again.to_elite(NOP94) == elite


def test_an_altered_record_is_found_out() -> None:
    record = EliteRecord.of(Elite(assemble("jmp 0", NOP94), Evaluation(1, 0, 1), ORIGIN))
    forged = record.model_copy(update={"redcode": record.redcode.replace("JMP", "SPL")})
    with pytest.raises(ValueError, match=f"elite {record.id[:12]} assembles to"):
        forged.to_elite(NOP94)


def test_long_descriptions_are_cut() -> None:
    lines = "\n".join(f";strategy {'x' * 200}" for _ in range(30))
    warrior = assemble(f"{lines}\njmp 0", NOP94)
    record = EliteRecord.of(Elite(warrior, Evaluation(1, 0, 1), ORIGIN))
    assert len(record.redcode) < MAX_STRATEGY + 500
    assert record.to_elite(NOP94).warrior == warrior
