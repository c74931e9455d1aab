"""Archives in the hands of other programs: pyribs counts what we count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.measures import GRID, Evaluation
from coreenv.redcode import assemble
from eval.archive import Archive, Elite, Origin
from eval.qd_export import RIBS_RANGES, to_ribs

NANO = ruleset("nano")
ORIGIN = Origin(node=0, round=1, call=1, operator="bomber")
insertions = st.lists(
    st.builds(
        lambda code, fitness, tsp, mc: Elite(
            assemble(code, NANO), Evaluation(fitness, tsp, mc), ORIGIN
        ),
        st.sampled_from(["jmp 0", "mov 0, 1", "dat 0\norg 1\nadd #4, -1\njmp -1", "spl 0\n" * 5]),
        st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 9),
        st.sampled_from([0, 1, 10, 100, 1000, 10_000]) | st.floats(0, 80_000),
        st.sampled_from([0, 10, 100, 500, 1000, 4000]) | st.floats(0, 8000),
    ),
    min_size=1,
    max_size=60,
)


@given(insertions)
def test_arrays_hold_the_programs_and_their_cells(inserted: list[Elite]) -> None:
    arrays = to_ribs(inserted, NANO)
    assert arrays["solution"].shape == (len(inserted), 2 + 6 * NANO.max_length)
    for row, fitness, measures, elite in zip(
        arrays["solution"], arrays["objective"], arrays["measures"], inserted, strict=True
    ):
        start, length = row[:2]
        assert start == elite.warrior.start
        assert np.array_equal(row[2 : 2 + 6 * length].reshape(-1, 6), elite.warrior.code)
        assert not row[2 + 6 * length :].any()
        assert fitness == elite.fitness
        assert tuple(np.floor(measures)) == elite.cell


def test_an_empty_archive_has_the_shapes_too() -> None:
    arrays = to_ribs(Archive[Elite](), NANO)
    assert [array.shape for array in arrays.values()] == [(0, 32), (0,), (0, 2)]


@pytest.mark.full
@given(insertions)
def test_the_same_insertions_give_pyribs_qd_score_and_coverage(inserted: list[Elite]) -> None:
    """One at a time and as a batch; pyribs also replaces an elite only by a strictly fitter one."""
    from ribs.archives import GridArchive

    ours = Archive(inserted)
    everything, export = to_ribs(inserted, NANO), to_ribs(ours, NANO)
    width = everything["solution"].shape[1]
    one_by_one, batch, imported = (
        GridArchive(solution_dim=width, dims=GRID, ranges=RIBS_RANGES) for _ in range(3)
    )
    for row in zip(*everything.values(), strict=True):
        one_by_one.add_single(**dict(zip(everything, row, strict=True)))
    batch.add(**everything)
    imported.add(**export)
    occupied = np.zeros(GRID, bool)
    for elite in ours:
        occupied[elite.cell] = True
    for theirs in (one_by_one, batch, imported):
        assert theirs.stats.qd_score == pytest.approx(ours.qd_score)
        assert theirs.stats.coverage == pytest.approx(ours.coverage)
        assert theirs.stats.num_elites == len(ours)
        data = theirs.data()
        cells = np.floor(data["measures"]).astype(int)
        found = np.zeros(GRID, bool)
        found[cells[:, 0], cells[:, 1]] = True
        assert np.array_equal(found, occupied)
        for cell, solution in zip(map(tuple, cells), data["solution"], strict=True):
            row = to_ribs([ours[cell]], NANO)["solution"][0]
            assert np.array_equal(solution, row), "the first of the fittest"
