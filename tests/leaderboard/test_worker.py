"""Workers: leases, kills, failures; a result has the same bytes however it came about."""

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

import eval.results
import eval.units
from coreenv.hill import Hill
from eval.cli import main as score
from leaderboard import conditions, jobs
from leaderboard.blocks import Place
from leaderboard.cli import main
from leaderboard.models import Block, Evaluation, Event
from leaderboard.signing import KEY_FILE, opened
from leaderboard.submission import submit
from leaderboard.views import leaderboard, warrior
from leaderboard.worker import Worker
from tests.leaderboard.boards import (
    DWARF,
    FIELD,
    IMP,
    Store,
    command,
    documents,
    fresh_database,
    make_board,
    upload,
)
from tests.leaderboard.serving import START_SECONDS


def test_a_board_says_what_the_evaluation_says(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_board(tmp_path / "board")
    with store.open(folder) as board:
        key = submit(board, upload(DWARF)).evaluation
        Worker.start(board, 2).run(until_idle=True)
        signed = opened(documents(board)[key], board.signer.public_key)
    (tmp_path / "dwarf.red").write_bytes(DWARF)
    hill = ("--hill", str(folder / "hill"), "--profile", "exact", "--json")
    assert score(["score", str(tmp_path / "dwarf.red"), *hill]) == 0
    import json

    found = json.loads(capsys.readouterr().out)
    assert signed["result"] == found
    assert key == found["scores"][0]["key"]


def test_stores_threads_and_order_give_the_same_bytes(store: Store, tmp_path: Path) -> None:
    folders = [make_board(tmp_path / name) for name in ("one", "two")]
    with Store(None).open(folders[0]) as board:
        for content in FIELD:
            submit(board, upload(content))
        Worker.start(board, 1).run(until_idle=True)
        first = documents(board)
    shutil.copy(folders[0] / KEY_FILE, folders[1] / KEY_FILE)
    with store.open(folders[1]) as board:
        for content in reversed(FIELD):
            submit(board, upload(content))
            Worker.start(board, 3).run(until_idle=True)
        assert documents(board) == first
    assert len(first) == 3 + 3, "three scores, and a duel of every two"


def killed_and_finished(folder: Path, store: Store, kills: int, seed: int) -> int:
    """Kill workers at random moments, then let one finish. Returns how many had kept a block."""
    generator = random.Random(seed)
    arguments = ("work", "--until-idle", "--jobs", "1", "--lease", "1")
    productive = 0
    for _ in range(kills):
        before = blocks(folder, store)
        process = subprocess.Popen(
            command(folder, store, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        wanted, deadline = before + generator.randint(1, 30), time.monotonic() + START_SECONDS
        try:
            while blocks(folder, store) < wanted and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(generator.random() / 50)
        finally:
            process.kill()
            process.communicate()
        productive += blocks(folder, store) > before
    done = subprocess.run(command(folder, store, *arguments), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return productive


def blocks(folder: Path, store: Store) -> int:
    with store.open(folder) as board, board.reading() as session:
        return session.scalar(select(func.count()).select_from(Block)) or 0


def fill(folder: Path, store: Store, entries: int) -> None:
    with store.open(folder) as board:
        for i in range(entries):
            spread = b"add.ab #%d, 3\nmov.i 2, @2\njmp -2\ndat #0, #0\n" % (4 * i + 4)
            submit(board, upload(spread, rules="tiny"))


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.full)])
def test_killed_workers_lose_nothing(kills: int, store: Store, tmp_path: Path) -> None:
    survive(kills, store, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_twenty_kills(server: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found = request.getfixturevalue(server)
    survive(20, found if isinstance(found, Store) else fresh_database(found), tmp_path)


def survive(kills: int, store: Store, tmp_path: Path) -> None:
    """Kill workers of one board, and compare it with another that nobody disturbed."""
    folders = [make_board(tmp_path / name, "tiny") for name in ("whole", "killed")]
    whole, killed = (folders[0], Store(None)), (folders[1], store)
    entries = 1 + kills // 3
    fill(*whole, entries)
    with Store(None).open(folders[0]) as board:
        Worker.start(board, 2).run(until_idle=True)
        expected = documents(board)
    shutil.copy(folders[0] / KEY_FILE, folders[1] / KEY_FILE)
    fill(*killed, entries)
    assert killed_and_finished(*killed, kills, seed=kills) > 0
    with store.open(folders[1]) as board:
        assert documents(board) == expected
        with board.reading() as session:
            assert jobs.counts(session) == {"done": len(expected)}
    assert blocks(*whole) == blocks(*killed)
    assert main(["--data", str(folders[1]), *store.arguments, "verify"]) == 0


def test_a_stopped_worker_lets_go(sqlite: Store, tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board", "tiny")
    fill(folder, sqlite, 4)
    process = subprocess.Popen(
        command(folder, sqlite, "work", "--jobs", "1"), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not blocks(folder, sqlite):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, "corewar-board: stopped\n")
    with sqlite.open(folder) as board, board.reading() as session:
        assert "running" not in jobs.counts(session)


def test_two_workers_never_do_one_block_twice(store: Store, tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board", "tiny")
    fill(folder, store, 4)
    processes = [
        subprocess.Popen(
            command(folder, store, "work", "--until-idle", "--jobs", "1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outs
    done = [int(out.split()[0]) for out, _ in outs]
    with store.open(folder) as board, board.reading() as session:
        total = session.scalar(select(func.count()).select_from(Evaluation))
        scored = session.scalars(select(Event).where(Event.kind == "scored")).all()
        reasons = set(session.scalars(select(Evaluation.reason)))
    assert sum(done) == total == len(scored)
    assert reasons == {""}, "nobody met a block that was there already"


def test_a_worker_whose_lease_ran_out_keeps_nothing(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        key = submit(board, upload(IMP)).evaluation
        with board.writing() as session:
            assert jobs.claim(session, "slow", 60) is not None
            assert jobs.claim(session, "other", 60) is None, "it is being worked on"
        with board.writing() as session:
            session.execute(update(Evaluation).values(lease=0))
        with board.writing() as session:
            assert jobs.claim(session, "other", 60) is not None
        with pytest.raises(jobs.LeaseLost), board.writing() as session:
            jobs.keep(session, key, "slow", {Place("a" * 64, 0): "W"}, 60)
        with board.writing() as session:
            jobs.keep(session, key, "other", {Place("b" * 64, 0): "W"}, 60)
        with board.reading() as session:
            assert list(jobs.kept(session, key)) == [Place("b" * 64, 0)]


def test_three_workers_that_die_are_enough(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        id_ = submit(board, upload(IMP)).id
        for _ in range(jobs.MAX_TRIES):
            with board.writing() as session:
                assert jobs.claim(session, "doomed", 60) is not None
                session.execute(update(Evaluation).values(lease=0))
        with board.writing() as session:
            assert jobs.claim(session, "next", 60) is None
        with board.reading() as session:
            [row] = leaderboard(board, session)
        assert (row.status, row.reason) == ("failed", "3 workers died while they were at it")
        assert main(["--data", str(board.folder), *store.arguments, "retry", id_]) == 0
        assert Worker.start(board, 1).step() is True


def test_a_failure_is_told_and_never_a_result(
    tmp_path: Path, sqlite: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_board(tmp_path / "board")
    with sqlite.open(folder) as board:
        submit(board, upload(IMP))
        (folder / "hill" / "Gate.red").unlink()
        worker = Worker.start(board, 1)
        assert [worker.step() for _ in range(4)] == [False, False, False, None]
        with board.reading() as session:
            [row] = leaderboard(board, session)
    capsys.readouterr()
    assert main(["--data", str(folder), "status"]) == 0
    told = f"{row.id} score failed, 0 blocks, try 3: HillError: Gate: cannot read Gate.red"
    assert told in capsys.readouterr().out
    assert row.status == "failed"
    assert row.reason.startswith("HillError: Gate: cannot read Gate.red")
    assert (row.rank, row.points) == (None, None)


def test_another_engine_makes_results_stale(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        ids = [submit(board, upload(content)).id for content in FIELD[:2]]
        Worker.start(board, 1).run(until_idle=True)
        old = documents(board)
        for module in (eval.results, eval.units, conditions):
            monkeypatch.setattr(module, "ENGINE_VERSION", 2)
        with board.reading() as session:
            assert {(r.status, r.rank) for r in leaderboard(board, session)} == {("stale", None)}
            [told] = warrior(board, session, ids[0])["evaluations"]
            assert (told["engine"], told["stale"]) == (1, True)
        worker = Worker.start(board, 1)
        assert worker.step() is True
        with board.reading() as session:
            rows = leaderboard(board, session)
        assert sorted(r.status for r in rows) == ["done", "queued"]
        assert [r.rank for r in rows] == [1, None], "an old result takes no part"
        worker.run(until_idle=True)
        new = documents(board)
        assert old.items() <= new.items()
        assert len(new) == 2 * len(old)


def test_another_hill_makes_results_stale(tmp_path: Path, sqlite: Store) -> None:
    folder = make_board(tmp_path / "board")
    with sqlite.open(folder) as board:
        submit(board, upload(IMP))
        Worker.start(board, 1).run(until_idle=True)
    manifest = folder / "hill" / "hill.toml"
    manifest.write_text(manifest.read_text().replace('"gate"', '"wall"'))
    assert Hill.load(folder / "hill").members[2].warrior_class == "wall"
    with sqlite.open(folder) as board:
        with board.reading() as session:
            [row] = leaderboard(board, session)
        assert row.status == "stale"
        assert Worker.start(board, 1).run(until_idle=True) == 1
