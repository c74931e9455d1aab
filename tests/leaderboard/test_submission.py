"""Submissions: what becomes an entry, what its receipt says, and many at once."""

import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from coreenv.battle import battle_batch
from coreenv.config import ruleset
from coreenv.redcode import assemble
from leaderboard.cli import main
from leaderboard.export import to_csv
from leaderboard.matches import match
from leaderboard.models import Entry
from leaderboard.problem import Problem
from leaderboard.submission import Receipt, submit
from leaderboard.views import leaderboard, warrior
from leaderboard.worker import Worker
from tests.leaderboard.boards import DWARF, FIELD, IMP, Store, make_board, row_counts, upload

MARKUP = "<script>[bold red]&amp;</script>"


def test_a_receipt_says_what_came(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        receipt = submit(board, upload(DWARF))
        with board.reading() as session:
            entry = session.get_one(Entry, receipt.id)
    assert receipt.source_hash == hashlib.sha256(DWARF).hexdigest()
    assert receipt.canonical_hash == assemble(DWARF, ruleset("nano")).id
    assert (entry.name, entry.author, entry.source) == ("Dwarf", "tester", DWARF)
    assert receipt.season == 0
    assert receipt.clone_of is None


def test_a_manifest_of_toml_and_flags(
    tmp_path: Path, sqlite: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_board(tmp_path / "board")
    (tmp_path / "imp.red").write_bytes(IMP)
    manifest = 'name = "A"\nauthor = "B"\nruleset = "nano"\nlink = "https://example.org/x"\n'
    (tmp_path / "m.toml").write_text(manifest)
    arguments = ["--data", str(folder), "submit", str(tmp_path / "imp.red")]
    assert main([*arguments, "--manifest", str(tmp_path / "m.toml"), "--name", "C"]) == 0
    capsys.readouterr()
    with sqlite.open(folder) as board, board.reading() as session:
        [row] = leaderboard(board, session)
    assert (row.name, row.author, row.link) == ("C", "B", "https://example.org/x")
    assert (row.status, row.rank, row.points) == ("queued", None, None)


def test_latin_1_is_for_who_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = make_board(tmp_path / "board"), tmp_path / "cafe.red"
    path.write_bytes(b";name Caf\xe9\nmov 0, 1\n")
    arguments = ["--data", str(folder), "submit", str(path), "--ruleset", "nano", "--latin-1"]
    assert main(arguments) == 0
    assert main(["--data", str(folder), "work", "--until-idle", "--jobs", "1"]) == 0
    assert main(["--data", str(folder), "verify"]) == 0
    capsys.readouterr()
    assert main(["--data", str(folder), "table", "--format", "json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["name"] == "Café"


def test_near_clones_are_accepted_and_grouped(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        first = submit(board, upload(DWARF))
        other = submit(board, upload(b"spl 0\nmov 0, 1\njmp -1"))
        second = submit(board, upload(DWARF.replace(b"#4", b"#5")))
        third = submit(board, upload(DWARF.replace(b"#4", b"#7"), parent=second.id))
        with board.reading() as session:
            shown = warrior(board, session, first.id)
            assert warrior(board, session, second.id)["children"] == [third.id]
    assert (first.clone_of, other.clone_of) == (None, None)
    assert {second.clone_of, third.clone_of} == {first.id}
    assert shown["clones"] == [second.id, third.id]


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", " =x"])
def test_no_name_is_a_formula(name: str, tmp_path: Path, sqlite: Store) -> None:
    with sqlite.open(make_board(tmp_path / "board")) as board:
        submit(board, upload(IMP, method=name.strip() + ",\"'", name=name.strip()))
        with board.reading() as session:
            rows = leaderboard(board, session)
    [row] = csv.DictReader(io.StringIO(to_csv(rows)))
    assert row["name"] == "'" + name.strip()
    assert row["method"] == "'" + name.strip() + ",\"'"


def test_markup_in_a_name_is_shown_as_it_is(
    tmp_path: Path,
    sqlite: Store,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    folder = make_board(tmp_path / "board")
    with sqlite.open(folder) as board:
        submit(board, upload(IMP, name=MARKUP, author="Imp wins 100 0 0"))
    assert main(["--data", str(folder), "work", "--until-idle", "--jobs", "1"]) == 0
    capsys.readouterr()
    assert main(["--data", str(folder), "table"]) == 0
    assert MARKUP in capsys.readouterr().out


def test_a_match_names_the_rounds_that_were_fought(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        ids = [submit(board, upload(content)).id for content in FIELD]
        Worker.start(board, 1).run(until_idle=True)
        with board.reading() as session:
            entries = [session.get_one(Entry, id_) for id_ in ids]
            one, two = sorted(entries, key=lambda entry: entry.canonical)[:2]
            found = match(board, session, one.id, two.id)
            against = match(board, session, one.id, "Gate")
            with pytest.raises(Problem) as stranger:
                match(board, session, one.id, "Nobody")
    assert [w.id for w in found.battle.warriors] == [one.canonical, two.canonical]
    [result] = battle_batch([found.battle])
    assert (*result.wins, result.ties) == (found.wins, found.losses, found.ties)
    assert against.battle.warriors[1].name == "Gate"
    assert stranger.value.code == "E_UNKNOWN"


def at_once(count: int, work: Callable[[int], int]) -> list[int]:
    """Run ``work`` in so many processes that start together. Returns what each returned."""
    gate_read, gate_write = os.pipe()
    pids = []
    for i in range(count):
        pid = os.fork()
        if not pid:
            os.close(gate_write)
            os.read(gate_read, 1)
            code = 99
            try:
                code = work(i)
            finally:
                os._exit(code)
        pids.append(pid)
    os.close(gate_read)
    os.close(gate_write)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


@pytest.mark.parametrize("count", [10, pytest.param(50, marks=pytest.mark.full)])
@pytest.mark.parametrize("distinct", [False, True], ids=["identical", "distinct"])
def test_many_at_once(distinct: bool, count: int, store: Store, tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board")

    def one(i: int) -> int:
        content = b";name N%d\nmov %d, 1\n" % (i, i if distinct else 0)
        with store.open(folder) as board:
            try:
                receipt = submit(board, upload(content))
            except Problem as problem:
                return 2 if problem.code == "E_DUPLICATE" and problem.existing else 1
            return 0 if isinstance(receipt, Receipt) else 1

    sys.stdout.flush()
    codes = at_once(count, one)
    with store.open(folder) as board:
        rows = row_counts(board)
        with board.reading() as session:
            numbers = sorted(session.scalars(select(Entry.number)))
    made = count if distinct else 1
    assert (codes.count(0), codes.count(2)) == (made, count - made)
    assert (rows["entries"], rows["evaluations"], rows["events"]) == (made, made, made + 1)
    assert numbers == list(range(1, made + 1))
