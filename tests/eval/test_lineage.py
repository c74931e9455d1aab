"""Lines of parents, from records whose truth is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.measures import Evaluation
from coreenv.redcode import assemble
from eval.archive import Elite, EliteRecord, Origin
from eval.lineage import Ancestry, Line, LineageFigures, tree
from eval.record import Called, Event, Seeded

NOP94 = ruleset("nop94")
NODES, ROUNDS, CALLS = 3, 3, 6


def record(number: int, origin: Origin, fitness: float = 1.0) -> EliteRecord:
    """The program JMP n, as written by a call."""
    return EliteRecord.of(
        Elite(assemble(f"jmp {number}", NOP94), Evaluation(fitness, 1, 0), origin)
    )


def written(elite: EliteRecord) -> Called:
    o = elite.origin
    return Called(
        round=o.round,
        call=o.call,
        operator=o.operator,
        kind="mutate" if o.parent else "new",
        parent=o.parent,
        source=elite.redcode,
        outcome="placed",
        placed="new_cell",
        elite=elite,
    )


def seeded(round_: int, elite: EliteRecord) -> Seeded:
    return Seeded(round=round_, elite=elite, placed="new_cell", versus=())


class Told:
    """Events of three nodes in which warriors, and their true ancestors, are drawn at random."""

    def __init__(self, data: st.DataObject) -> None:
        self.events: list[list[Event]] = [[] for _ in range(NODES)]
        self.truth: dict[tuple[int, int, int], list[EliteRecord]] = {}
        known: list[EliteRecord] = []
        for round_ in range(1, ROUNDS + 1):
            for node in range(NODES):
                for elite in self._round(data, node, round_, list(known)):
                    known.append(elite)

    def _round(
        self, data: st.DataObject, node: int, round_: int, known: list[EliteRecord]
    ) -> list[EliteRecord]:
        """Programs repeat between nodes and rounds, but not within a node's round."""
        here: dict[str, EliteRecord] = {}
        for seed in data.draw(st.lists(st.sampled_from(known), max_size=3)) if known else []:
            if seed.id not in here:
                here[seed.id] = seed
                self.events[node].append(seeded(round_, seed))
        new = []
        for call in range(1, CALLS + 1):
            number = data.draw(st.integers(0, 9))
            parent = data.draw(st.sampled_from([None, *here.values()]))
            origin = Origin(
                node=node,
                round=round_,
                call=call,
                operator=f"op-{node % 2}",
                parent=parent.id if parent else None,
            )
            elite = record(number, origin, fitness=call / 4)
            if elite.id in here:
                continue
            here[elite.id] = elite
            new.append(elite)
            self.events[node].append(written(elite))
            self.truth[node, round_, call] = [elite, *(self._line(parent) if parent else [])]
        return new

    def _line(self, elite: EliteRecord) -> list[EliteRecord]:
        o = elite.origin
        return self.truth[o.node, o.round, o.call]


@given(st.data())
def test_every_line_is_the_true_one_though_programs_repeat(data: st.DataObject) -> None:
    told = Told(data)
    ancestry = Ancestry(told.events)
    for line in told.truth.values():
        found = ancestry.line(line[0])
        assert list(found.steps) == line
        assert found.depth == len(line) - 1
        assert found.nodes == len({e.origin.node for e in line})
        assert tree(found).count("\n") == len(line)


def test_a_seeded_champion_keeps_its_own_past() -> None:
    """Two nodes wrote the same program; only one of the two is the child's parent."""
    first = record(1, Origin(node=0, round=1, call=1, operator="a"))
    root = record(2, Origin(node=1, round=1, call=1, operator="b"))
    same = record(1, Origin(node=1, round=1, call=2, operator="b", parent=root.id))
    child = record(3, Origin(node=0, round=2, call=1, operator="a", parent=same.id))
    events = [[written(first), seeded(2, same), written(child)], [written(root), written(same)]]
    line = Ancestry(events).line(child)
    assert line.origins == (child.origin, same.origin, root.origin)
    assert (line.depth, line.nodes, line.operators, line.crossings) == (2, 2, 2, 1)
    figures = LineageFigures.of([line, Line((first,))])
    assert figures == LineageFigures(
        elites=2, depth_median=1.0, depth_max=2, crossed=1, nodes_mean=1.5, operators_mean=1.5
    )
    assert [e.origin for e in Ancestry(events).written(same.id)] == [first.origin, same.origin]
    assert tree(line) == (
        f"{root.id[:12]}  node 1, round 1, call 1: b, fitness 1.00 in cell (1, 0)\n"
        f"├─ {same.id[:12]}  node 1, round 1, call 2: b, fitness 1.00 in cell (1, 0)\n"
        f"└─> {child.id[:12]}  node 0, round 2, call 1: a, fitness 1.00 in cell (1, 0)\n"
    )


def test_figures_of_nobody() -> None:
    assert LineageFigures.of([]).depth_max == 0


def test_a_lost_ancestor_is_named() -> None:
    root = record(2, Origin(node=1, round=1, call=1, operator="b"))
    child = record(3, Origin(node=1, round=1, call=2, operator="b", parent=root.id))
    with pytest.raises(ValueError, match=f"{root.id[:12]} is not in the record of node 1, round 1"):
        Ancestry([[], [written(child)]]).line(child)
    with pytest.raises(ValueError, match="node 1, round 1, call 2 is not in the record"):
        Ancestry([[], [written(root)]]).line(child)


def test_a_record_that_goes_round_in_circles_ends() -> None:
    ids = [record(n, Origin(node=0, round=1, call=1, operator="a")).id for n in (1, 2)]
    one = record(1, Origin(node=0, round=1, call=1, operator="a", parent=ids[1]))
    two = record(2, Origin(node=0, round=1, call=2, operator="a", parent=ids[0]))
    with pytest.raises(ValueError, match="descends from itself"):
        Ancestry([[written(one), written(two)]]).line(one)
