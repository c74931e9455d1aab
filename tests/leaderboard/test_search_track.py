"""The track `search`: archives are measured anew, and what is claimed is called so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coreenv.config import ruleset
from coreenv.measures import evaluate
from coreenv.redcode import assemble
from eval.archive import Archive, ArchiveRecord, Elite, EliteRecord, Origin
from eval.qd_metrics import common_archive
from leaderboard.board import Board
from leaderboard.cli import main
from leaderboard.conditions import official_for
from leaderboard.problem import Problem
from leaderboard.seasons import current, open_season
from leaderboard.signing import opened
from leaderboard.submission import MAX_ARCHIVE, submit
from leaderboard.verify import verify
from leaderboard.views import leaderboard, warrior
from leaderboard.worker import Worker
from tests.leaderboard.boards import DWARF, IMP, SITTER, Store, documents, make_board, upload

SPREADER = b"spl 0\nmov 0, 1\n"
BOAST = 1000.0
SEARCH = """
[core]
ruleset = "tiny"
max_cycles = 200
[search]
rounds = 1
calls = 4
last_k = 1
initial_opponents = ["imp.red"]
[evaluation]
hill = "board/hill"
[[nodes]]
policy = "bomber"
"""


def archive(*sources: bytes, rules: str = "nano") -> bytes:
    """An archive that claims the moon for each of its elites, all of them in cells of their own."""
    config = ruleset(rules)
    records = []
    for i, source in enumerate(sources):
        warrior = assemble(source, config)
        [evaluation] = evaluate([warrior], [], config)
        record = EliteRecord.of(
            Elite(warrior, evaluation, Origin(node=0, round=1, call=i + 1, operator="x"))
        )
        records.append(record.model_copy(update={"fitness": BOAST, "cell": (5, i)}))
    whole = ArchiveRecord(made_by="a test", core=config.to_dict(), elites=tuple(records))
    return whole.model_dump_json().encode()


def measured_by_hand(board: Board, sources: tuple[bytes, ...]) -> Archive[Elite]:
    """What the evaluation's own function says, at the season's placements."""
    with board.reading() as session:
        setting = official_for(board, current(session), board.hills["nano"], "search")
    [seed] = setting.protocol.season.numbers(f"search\n{setting.hill.hash}", 1)
    record = ArchiveRecord.model_validate_json(archive(*sources))
    elites = [elite.to_elite(setting.config) for elite in record.elites]
    return common_archive(elites, setting.hill, setting.config, seed=seed)


def test_claims_are_claims_and_figures_are_measured(store: Store, tmp_path: Path) -> None:
    sources = (IMP, DWARF, SITTER)
    with store.open(make_board(tmp_path / "board")) as board:
        claimed = {"nodes": [{"operator": "gpt", "tokens": 5}]}
        sent = upload(archive(*sources), track="search", name="Mine")
        receipt = submit(board, type(sent)(sent.content, sent.manifest, claimed=claimed))
        Worker.start(board, 2).run(until_idle=True)
        expected = measured_by_hand(board, sources)
        with board.reading() as session:
            [row] = leaderboard(board, session, track="search")
            detail = warrior(board, session, receipt.id)
            assert leaderboard(board, session) == []
            assert verify(board, session).faults == []
        signed = opened(documents(board)[receipt.evaluation], board.signer.public_key)
    assert (row.rank, row.name) == (1, "Mine")
    assert (row.qd_score, row.coverage) == (expected.qd_score, expected.coverage)
    assert expected.qd_score < 3 * BOAST
    for claims in (row.claimed, detail["claimed"], signed["claimed"]):
        assert claims["qd_score"] == 3 * BOAST
        assert claims["nodes"] == [{"operator": "gpt", "tokens": 5}]
    assert len(signed["claimed"]["lineage"]) == 3
    assert str(BOAST) not in json.dumps(signed["result"])
    champion = expected.champion
    assert champion is not None
    assert signed["result"]["champion"]["scores"][0]["warrior"] == champion.warrior.id


def test_the_same_programs_are_the_same_search(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        submit(board, upload(archive(SPREADER, DWARF), track="search"))
        with pytest.raises(Problem) as again:
            submit(board, upload(archive(DWARF, SPREADER), track="search"))
        assert again.value.code == "E_DUPLICATE"
        submit(board, upload(archive(DWARF), track="search"))
        Worker.start(board, 1).run(until_idle=True)
        with board.reading() as session:
            rows = leaderboard(board, session, track="search")
        with board.writing() as session:
            open_season(session, board.folder)
        with board.reading() as session:
            anew = leaderboard(board, session, track="search")
    assert [row.rank for row in rows] == [1, 2]
    assert [row.rank for row in anew] == [None, None], "a season has common placements of its own"
    assert (rows[0].qd_score or 0) > (rows[1].qd_score or 0)


def test_a_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite: Store) -> None:
    folder = make_board(tmp_path / "board", "tiny")
    (tmp_path / "imp.red").write_bytes(IMP)
    (tmp_path / "search.toml").write_text(SEARCH)
    command = [sys.executable, "-m", "dei_agents.cli", "run", "search.toml", "--out", "run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(tmp_path)
    arguments = ["--data", str(folder)]
    submitted = ("submit", "run", "--track", "search", "--ruleset", "tiny", "--name", "Run")
    assert main([*arguments, *submitted]) == 0
    assert main([*arguments, "work", "--until-idle", "--jobs", "2"]) == 0
    assert main([*arguments, "verify"]) == 0
    assert main([*arguments, "table", "--track", "search"]) == 0
    with sqlite.open(folder) as board, board.reading() as session:
        [row] = leaderboard(board, session, track="search")
    assert row.rank == 1
    assert row.qd_score is not None
    assert row.claimed["nodes"][0]["operator"] == "bomber"
    assert row.claimed["nodes"][0]["calls"] == 4


def changed(**update: object) -> bytes:
    record = json.loads(archive(IMP))
    record.update(update)
    return json.dumps(record).encode()


def with_redcode(redcode: str) -> bytes:
    record = json.loads(archive(IMP))
    record["elites"][0]["redcode"] = redcode
    return json.dumps(record).encode()


BAD = {
    "no JSON": (b"{", "E_ARCHIVE", "not an archive"),
    "not UTF-8": (b"\xff", "E_ARCHIVE", "not an archive"),
    "deep": (b"[" * 100_000, "E_ARCHIVE", "not an archive"),
    "another document": (b"{}", "E_ARCHIVE", "made_by: Field required"),
    "no elites": (changed(elites=[]), "E_ARCHIVE", "the archive has 0 elites"),
    "many elites": (changed(elites=json.loads(archive(IMP))["elites"] * 300), "E_ARCHIVE", "300"),
    "another core": (archive(IMP, rules="tiny"), "E_ARCHIVE", "core_size of the archive's core"),
    "bad source": (with_redcode("mvo 0, 1"), "E_SYNTAX", "mvo"),
    "another program": (with_redcode("nop 0"), "E_ARCHIVE", "assembles to"),
    "large": (b" " * (MAX_ARCHIVE + 1), "E_SIZE", "bytes"),
}


@pytest.mark.parametrize("row", BAD)
def test_bad_archives(row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, code, told = BAD[row]
    folder, path = make_board(tmp_path / "board"), tmp_path / "archive.json"
    path.write_bytes(content)
    arguments = ["submit", str(path), "--track", "search", "--ruleset", "nano", "--json"]
    assert main(["--data", str(folder), *arguments]) == 2
    problem = json.loads(capsys.readouterr().out)
    assert problem["code"] == code
    assert told in problem["title"]


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_board(tmp_path / "board")
    arguments = ["submit", str(tmp_path), "--track", "search", "--ruleset", "nano"]
    assert main(["--data", str(folder), *arguments]) == 2
    assert "E_ARCHIVE" in capsys.readouterr().err
