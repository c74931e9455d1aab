"""Figures of archives, and who gave what to them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.measures import Evaluation
from coreenv.redcode import assemble
from eval import plots
from eval.archive import Archive, Elite, EliteRecord, Origin
from eval.contribution import contributions
from eval.lineage import Line
from eval.qd_metrics import ArchiveFigures, Loss

NOP94 = ruleset("nop94")
OPERATORS = ("bomber", "scanner")


def elite(number: int, node: int, fitness: float, tsp: float = 1, mc: float = 1) -> Elite:
    origin = Origin(node=node, round=1, call=number + 1, operator=OPERATORS[node % 2])
    return Elite(assemble(f"jmp {number}", NOP94), Evaluation(fitness, tsp, mc), origin)


elites = st.lists(
    st.builds(
        elite,
        st.integers(0, 500),
        st.integers(0, 3),
        st.floats(0, 9),
        st.floats(0, 20_000),
        st.floats(0, 8000),
    ),
    max_size=40,
    unique_by=lambda e: e.warrior.id,
)


def node_of(origin: Origin) -> str:
    return str(origin.node)


@given(elites)
def test_the_area_below_the_profile_is_the_qd_score(inserted: list[Elite]) -> None:
    archive = Archive(inserted)
    figures = ArchiveFigures.of(archive)
    steps = sorted({0.0, *figures.profile})
    area = sum((b - a) * figures.reached(b) for a, b in pairwise(steps))
    assert area == pytest.approx(archive.qd_score)
    assert figures.reached(0.0) == figures.cells == len(archive) == round(36 * figures.coverage)
    assert figures.reached(figures.maximum) >= min(1, len(archive))
    assert figures.reached(np.nextafter(figures.maximum, 10)) == 0


def test_the_drawn_profile_has_that_area_too() -> None:
    profile = (2.0, 1.5, 0.25)
    axes = plots.archive_profile({"claimed": profile, "common": (1.0,)}).axes[0]
    line = axes.lines[0]
    x, y = map(np.asarray, line.get_data())
    assert line.get_drawstyle() == "steps-pre", "y holds from the point before up to its own"
    assert np.sum(y[1:] * (x[:-1] - x[1:])) == sum(profile)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["claimed", "common"]


def test_the_loss_is_what_was_claimed_too_much() -> None:
    claimed = ArchiveFigures.of(Archive([elite(1, 0, 2.0), elite(2, 0, 2.0, mc=50)]))
    corrected = ArchiveFigures.of(Archive([elite(1, 0, 1.0), elite(2, 0, 0.5)]))
    loss = Loss.between(claimed, corrected)
    assert loss == Loss(qd_score=3.0, coverage=1 / 36, maximum=1.0, qd_share=0.75)
    nothing = ArchiveFigures.of(Archive[Elite]())
    assert Loss.between(nothing, nothing).qd_share == 0


@given(elites, st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=40, max_size=40))
def test_all_parts_add_up_to_the_archive(inserted: list[Elite], past: list[list[int]]) -> None:
    lines = {}
    for one, nodes in zip(inserted, past, strict=False):
        steps = [EliteRecord.of(one), *(EliteRecord.of(elite(n, n, 1.0)) for n in nodes)]
        lines[one.warrior.id] = Line(tuple(steps))
    archive = Archive(inserted)
    parts = contributions(["0", "1", "2", "3"], node_of, inserted, lines)
    assert [part.maker for part in parts] == ["0", "1", "2", "3"]
    assert sum(part.cells for part in parts) == len(archive)
    assert sum(part.qd_score for part in parts) == pytest.approx(archive.qd_score)
    assert sum(part.line_cells or 0 for part in parts) == pytest.approx(len(archive))
    assert sum(part.line_qd_score or 0 for part in parts) == pytest.approx(archive.qd_score)
    for part in parts:
        without = Archive(e for e in inserted if node_of(e.origin) != part.maker)
        assert part.only == len(archive) - len(without), "cells that would be empty"


def test_parts_by_hand() -> None:
    """Node 0 wrote the best of cell (1, 0), node 1 a worse one there and the only one of (1, 1)."""
    best, beaten, lone = elite(1, 0, 3.0), elite(2, 1, 1.0), elite(3, 1, 2.0, mc=20)
    lines = {
        best.warrior.id: Line((EliteRecord.of(best), EliteRecord.of(beaten))),
        beaten.warrior.id: Line((EliteRecord.of(beaten),)),
        lone.warrior.id: Line((EliteRecord.of(lone),)),
    }
    measured = [beaten, lone, best]
    by_node = contributions(["0", "1", "2"], node_of, measured, lines)
    told = [(p.cells, p.qd_score, p.line_cells, p.line_qd_score, p.only) for p in by_node]
    assert told == [(1, 3.0, 0.5, 1.5, 0), (1, 2.0, 1.5, 3.5, 1), (0, 0.0, 0.0, 0.0, 0)]
    by_operator = contributions([], lambda origin: origin.operator, measured, None)
    assert [(p.maker, p.qd_score, p.line_qd_score) for p in by_operator] == [
        ("bomber", 3.0, None),
        ("scanner", 2.0, None),
    ]


def test_bars_show_both_parts_of_every_maker() -> None:
    axes = plots.part_bars([("0 $x^$", "node-0", 2.0, 1.5), ("1", "node-1", 0.0, 0.5)]).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [2.0, 1.5, 0.0, 0.5]
    assert [bar.get_hatch() for bar in axes.patches] == ["", "////"] * 2
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0 $x^$", "1"]
