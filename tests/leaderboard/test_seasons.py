"""Seasons and the holdout: what is secret stays so, and what was promised is kept."""

import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from eval.protocol import SEASON_0, Season
from leaderboard.cli import main
from leaderboard.models import Block, Evaluation, SeasonRow
from leaderboard.problem import Problem
from leaderboard.seasons import close_season, open_season, season
from leaderboard.submission import submit
from leaderboard.views import leaderboard
from leaderboard.worker import Worker
from tests.leaderboard.boards import DWARF, IMP, SITTER, Store, make_board, upload

SECRET_NAME, SECRET_FILE = "Hidden Fang", "fang.red"
SECRET_CODE = "add.ab #7, 3\nmov.i 2, @2\njmp -2\ndat #0, #0"
OTHER_CODE = "spl 0\nmov.i 2, <3\njmp -1"


def test_season_0_is_public_and_permanent(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        with board.reading() as session:
            row = session.get_one(SeasonRow, 0)
            assert row.secret == SEASON_0.secret.hex()
            assert row.commitment == SEASON_0.commitment
        with pytest.raises(Problem, match="season 0 is permanent"), board.writing() as session:
            close_season(session, board.folder)


def test_a_season_keeps_its_promise(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_board(tmp_path / "board", "nop94", profile="quick")
    with store.open(folder) as board:
        submit(board, upload(IMP, rules="nop94"))
        Worker.start(board, 1).run(until_idle=True)
        with board.writing() as session:
            commitment = open_season(session, board.folder).commitment
        with pytest.raises(Problem, match="close it first"), board.writing() as session:
            open_season(session, board.folder)
        path = folder / "season-1.secret"
        secret = path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with board.reading() as session:
            [row] = leaderboard(board, session)
            [old] = leaderboard(board, session, season=0)
            assert (row.rank, old.rank) == (None, 1), "every season scores all entries anew"
        Worker.start(board, 1).run(until_idle=True)
        for command in (("table", "--format", "json"), ("log",), ("show", row.id)):
            main(["--data", str(folder), *store.arguments, *command])
        assert secret.hex() not in capsys.readouterr().out
        with board.writing() as session:
            close_season(session, board.folder)
        with pytest.raises(Problem, match="season 1 is closed"):
            submit(board, upload(DWARF, rules="nop94"))
        path.unlink()
        with board.reading() as session:
            revealed = season(folder, session.get_one(SeasonRow, 1))
    assert revealed == Season(1, secret)
    assert revealed.commitment == commitment
    arguments = ["--data", str(folder), *store.arguments]
    assert main([*arguments, "verify"]) == 0
    assert main([*arguments, "season", "list"]) == 0
    assert f"closed  commitment {commitment}  secret {secret.hex()}" in capsys.readouterr().out
    assert main([*arguments, "season", "open"]) == 0
    (tmp_path / "dwarf.red").write_bytes(DWARF)
    assert main([*arguments, "submit", str(tmp_path / "dwarf.red"), "--ruleset", "nop94"]) == 0


def test_a_season_has_placements_of_its_own(tmp_path: Path, sqlite: Store) -> None:
    folder = make_board(tmp_path / "board", "nop94", profile="quick")
    with sqlite.open(folder) as board:
        with board.writing() as session:
            open_season(session, board.folder)
        submit(board, upload(DWARF, rules="nop94"))
        with board.writing() as session:
            close_season(session, board.folder)
            open_season(session, board.folder)
        Worker.start(board, 1).run(until_idle=True)
        with board.reading() as session:
            query = select(Evaluation).where(Evaluation.kind == "score")
            documents = [json.loads(row.document)["signed"] for row in session.scalars(query)]
    one, two = sorted(documents, key=lambda signed: signed["season"])
    assert (one["season"], two["season"]) == (1, 2)
    assert one["result"]["placements"] != two["result"]["placements"]
    assert one["commitment"] != two["commitment"]


@pytest.fixture
def holdout(tmp_path: Path) -> Path:
    folder = tmp_path / "hidden"
    folder.mkdir()
    (folder / SECRET_FILE).write_text(f";name {SECRET_NAME}\n{SECRET_CODE}\n")
    (folder / "other.red").write_text(f";name {SECRET_NAME} II\n{OTHER_CODE}\n")
    return folder


def test_the_holdout_gives_tiers_and_nothing_else(
    holdout: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_board(tmp_path / "board", holdout_queries=2)
    arguments = ["--data", str(folder), *store.arguments]
    with store.open(folder) as board:
        ids = [submit(board, upload(content)).id for content in (DWARF, IMP, SITTER)]
    outputs = []

    def run(*command: str) -> int:
        code = main([*arguments, *command])
        out, err = capsys.readouterr()
        outputs.append(out + err)
        return code

    assert run("holdout", "score", ids[0]) == 2, "there is none yet"
    assert run("holdout", "add", str(holdout)) == 0
    assert run("holdout", "add", str(holdout)) == 2
    assert run("holdout", "score", ids[0]) == 0
    assert run("holdout", "score", ids[0]) == 2, "once is enough"
    assert run("holdout", "score", ids[1]) == 0
    assert run("holdout", "score", ids[2]) == 2
    assert "E_RATE: season 0 allows 2 holdout queries" in outputs[-1]
    assert run("work", "--until-idle", "--jobs", "1") == 0
    with store.open(folder) as board, board.reading() as session:
        rows = session.scalars(select(Evaluation).where(Evaluation.kind == "holdout")).all()
        tiers = {row.entry: json.loads(row.document)["signed"]["result"]["tier"] for row in rows}
        keys = [row.key for row in rows]
        fought = session.scalars(select(Block).where(Block.evaluation.in_(keys))).all()
        outcomes = {block.outcomes for block in fought}
    assert set(tiers.values()) <= set("ABCD")
    for command in (("show", ids[0]), ("table", "--format", "csv"), ("log",), ("verify",)):
        assert run(*command) == 0
    for key in keys:
        assert run("document", key) == 0
    told = json.loads(outputs[-6])["evaluations"]
    assert [e["result"].get("tier") for e in told if e["kind"] == "holdout"] == [tiers[ids[0]]]
    everything = "\n".join(outputs)
    for secret in (SECRET_NAME, SECRET_FILE, "<3", *outcomes):
        assert secret not in everything
    for secret_file in {"holdouts", "board.db"} - ({"board.db"} if store.url else set()):
        assert stat.S_IMODE((folder / secret_file).stat().st_mode) & 0o077 == 0


def test_a_damaged_holdout_is_told_without_naming_anybody(
    holdout: Path, tmp_path: Path, sqlite: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_board(tmp_path / "board")
    with sqlite.open(folder) as board:
        id_ = submit(board, upload(IMP)).id
    arguments = ["--data", str(folder)]
    assert main([*arguments, "holdout", "add", str(holdout)]) == 0
    assert main([*arguments, "holdout", "score", id_]) == 0
    [kept] = (folder / "holdouts").iterdir()
    (kept / SECRET_FILE).write_text(f";name {SECRET_NAME}\nnop 0\n")
    assert main([*arguments, "work", "--until-idle", "--jobs", "1"]) == 0
    assert main([*arguments, "show", id_]) == 0
    assert main([*arguments, "verify"]) == 1
    out, err = capsys.readouterr()
    assert '"reason": "BoardError"' in out
    assert SECRET_NAME not in out + err
    assert SECRET_FILE not in out + err


@pytest.mark.parametrize("content", [None, "mov 0"])
def test_a_holdout_that_will_not_do(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hidden"
    folder.mkdir()
    if content is not None:
        (folder / "bad.red").write_text(content)
    board = make_board(tmp_path / "board")
    assert main(["--data", str(board), "holdout", "add", str(folder)]) == 2
    assert "E_HOLDOUT" in capsys.readouterr().err
    assert not (board / "holdouts").exists()
