"""Ranks: those of the paired test, however they are computed; and a board of a thousand."""

import json
import random
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select

from eval.comparison import compare
from eval.generality import Generality, PairScore
from leaderboard.board import Board
from leaderboard.conditions import conditions_hash, official_for
from leaderboard.field import field
from leaderboard.models import Base, Entry, Evaluation, Standing
from leaderboard.ranking import LEVEL, ranks
from leaderboard.seasons import current
from leaderboard.standings import ranks_of
from leaderboard.submission import submit
from leaderboard.views import leaderboard
from leaderboard.worker import Worker
from tests.leaderboard.boards import FIELD, Store, make_board, upload

CLASSES = ["paper"] * 4 + ["imp"] * 2 + ["clear"] * 3
LOOSE = 3.0
"""Seconds for what has to take 0.3 on a machine of its own."""


def scored(counts: list[list[int]], classes: list[str]) -> Generality:
    pairs = tuple(
        PairScore(opponent=str(i), opponent_class=kind, wins=w, losses=lost, ties=t)
        for i, ((w, lost, t), kind) in enumerate(zip(counts, classes, strict=True))
    )
    head = {"warrior": "w", "name": "n", "hill": "h", "hill_hash": "h", "split": "test"}
    return Generality(**head, protocol="exact", made_by="us", pairs=pairs)


def random_counts(generator: random.Random, entries: int, opponents: int) -> list[list[list[int]]]:
    """Of entries that differ in strength, some of them equal."""
    found = []
    for _ in range(entries):
        strength = generator.choice([0.2, 0.25, 0.3, 0.5, 0.7])
        row = []
        for _ in range(opponents):
            wins = sum(generator.random() < strength for _ in range(20))
            ties = sum(generator.random() < 0.3 for _ in range(20 - wins))
            row.append([wins, 20 - wins - ties, ties])
        found.append(row)
    return [*found, found[0], [[20, 0, 0]] * opponents, [[0, 20, 0]] * opponents]


@pytest.mark.parametrize("seed", range(5))
def test_ranks_are_those_of_the_paired_test(seed: int) -> None:
    counts = random_counts(random.Random(seed), 25, len(CLASSES))
    scores = [scored(row, CLASSES) for row in counts]
    expected = []
    for mine in scores:
        better = [compare(other, mine).opponents for other in scores if other is not mine]
        expected.append(1 + sum(d is not None and d.p_greater <= LEVEL for d in better))
    table = np.array(counts, float)
    points = 100 * (3 * table[:, :, 0] + table[:, :, 2]) / 20
    assert ranks(points, CLASSES) == expected
    assert expected[-2] == 1
    assert len(set(expected)) > 3


def test_a_class_of_one_lets_nobody_be_better() -> None:
    points = np.array([[300.0, 300.0, 300.0], [0.0, 0.0, 0.0]])
    assert ranks(points, ["a", "a", "b"]) == [1, 1]


def test_one_entry_is_the_first() -> None:
    assert ranks(np.array([[1.0, 2.0]]), ["a", "a"]) == [1]


def test_the_round_robin_is_that_of_its_duels(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board", field=2)) as board:
        for content in FIELD:
            submit(board, upload(content))
        worker = Worker.start(board, 1)
        while True:
            with board.reading() as session:
                found = field(board, session, board.hills["nano"])
                top = [row.id for row in leaderboard(board, session) if row.points is not None]
            assert set(found.entries) | set(found.waiting) == set(top[:2])
            if worker.step() is None:
                break
        assert found.waiting == ()
        with board.reading() as session:
            duels = session.scalars(select(Evaluation).where(Evaluation.kind == "duel")).all()
            shares = {(row.entry, row.other): _share(row.document) for row in duels}
    a, b = found.entries
    share = shares[a, b] if (a, b) in shares else 1 - shares[b, a]
    assert found.shares[0][1] == pytest.approx(share)
    assert found.shares[0][1] + found.shares[1][0] == pytest.approx(1)
    assert sum(found.nash) == pytest.approx(1)
    assert (found.strengths[0] > found.strengths[1]) == (share > 0.5)


def _share(document: str) -> float:
    result = json.loads(document)["signed"]["result"]
    rounds = result["wins"] + result["losses"] + result["ties"]
    return (result["wins"] + result["ties"] / 2) / rounds


def test_a_thousand_entries(tmp_path: Path, sqlite: Store) -> None:
    with sqlite.open(make_board(tmp_path / "board", "nop94", hills=["v1"])) as board:
        conditions, classes = fill(board, 1000)
        with board.reading() as session:
            began = time.process_time()
            rows = leaderboard(board, session)
            read = time.process_time() - began
            standings = session.scalars(select(Standing)).all()
        ranks_of(standings, classes)
        began = time.process_time()
        found = ranks_of(standings, classes)
        ranked = time.process_time() - began
    assert len(rows) == len(found) == 1000
    assert read < LOOSE
    assert ranked < LOOSE
    print(f"1000 entries: table {read:.3f} s, ranks {ranked:.3f} s of CPU time; {conditions[:8]}")


def fill(board: Board, count: int) -> tuple[str, list[str]]:
    """Entries that nobody submitted, with scores that nobody made: rows to rank and to show."""
    with board.reading() as session:
        setting = official_for(board, current(session), board.hills["nop94"], "warrior")
    conditions = conditions_hash(setting.conditions)
    classes = [member.warrior_class for member in setting.hill.split("test")]
    generator = random.Random(1)
    counts = random_counts(generator, count - 3, len(classes))
    tables: dict[type[Base], list[dict[str, object]]] = {Entry: [], Evaluation: [], Standing: []}
    for i, row in enumerate(counts):
        id_, key = f"{i:016x}", f"{i:064x}"
        tables[Entry].append(_entry(i, id_, key))
        tables[Evaluation].append(_evaluation(id_, key, conditions))
        tables[Standing].append(_standing(id_, key, conditions, row))
    with board.writing() as session:
        for model, rows in tables.items():
            session.execute(insert(model), rows)
    return conditions, classes


def _entry(i: int, id_: str, key: str) -> dict[str, object]:
    texts = ("method", "link", "encoding", "program", "submitter")
    hashes = ("canonical", "source_hash", "shape")
    return {
        "id": id_,
        "number": i + 1,
        "at": 0,
        "track": "warrior",
        "ruleset": "nop94",
        "source": b"",
        "name": f"Name {i}",
        "author": "Author",
        "claimed": "{}",
        **dict.fromkeys(texts, ""),
        **dict.fromkeys(hashes, key),
    }


def _evaluation(id_: str, key: str, conditions: str) -> dict[str, object]:
    numbers = ("season", "priority", "at", "tries", "lease")
    return {
        "key": key,
        "kind": "score",
        "entry": id_,
        "engine": 1,
        "conditions": conditions,
        "status": "done",
        **dict.fromkeys(numbers, 0),
        **dict.fromkeys(("reason", "worker", "document"), ""),
    }


def _standing(id_: str, key: str, conditions: str, counts: list[list[int]]) -> dict[str, object]:
    points = sum(100 * (3 * w + t) / 20 for w, _, t in counts) / len(counts)
    names = ("placement_low", "placement_high", "opponent_low", "opponent_high")
    return {
        "evaluation": key,
        "entry": id_,
        "track": "warrior",
        "conditions": conditions,
        "rank": 1,
        "points": points,
        **dict.fromkeys(names, points),
        **dict.fromkeys(("win_share", "tie_share"), 0.0),
        "worst_class": "imp",
        "counts": json.dumps(counts),
    }
