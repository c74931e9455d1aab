"""What `verify` and `check` find: every kind of tampering is named, and nothing else is."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from leaderboard.board import Board, open_board
from leaderboard.cli import main
from leaderboard.events import append
from leaderboard.models import Evaluation, Event
from leaderboard.problem import BoardError
from leaderboard.signing import KEY_FILE, Signer, canonical
from leaderboard.submission import submit
from leaderboard.verify import verify
from leaderboard.worker import Worker
from tests.leaderboard.boards import DWARF, IMP, Store, documents, make_board, upload


@pytest.fixture
def finished(store: Store, model: Path, tmp_path: Path) -> tuple[Path, Store]:
    """A board of two entries, everything done."""
    if store.url is None:
        shutil.copytree(model, tmp_path / "board")
    else:
        finish(make_board(tmp_path / "board"), store)
    return tmp_path / "board", store


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a board, to be copied."""
    folder = make_board(tmp_path_factory.mktemp("model") / "board")
    finish(folder, Store(None))
    return folder


def finish(folder: Path, store: Store) -> None:
    with store.open(folder) as board:
        for content in (DWARF, IMP):
            submit(board, upload(content))
        Worker.start(board, 1).run(until_idle=True)


def spoil(board: Board, statement: str) -> None:
    """What somebody with a database shell can do."""
    append_only = {
        "sqlite": ("DROP TRIGGER IF EXISTS events_update", "DROP TRIGGER IF EXISTS events_delete"),
        "postgresql": ("DROP TRIGGER IF EXISTS events_kept ON events",),
    }
    with board.engine.begin() as connection:
        for drop in append_only[board.engine.dialect.name]:
            connection.execute(text(drop))
        assert connection.exec_driver_sql(statement).rowcount > 0


def verified(
    finished: tuple[Path, Store], capsys: pytest.CaptureFixture[str], id_: str = "all"
) -> tuple[int, str]:
    folder, store = finished
    capsys.readouterr()
    code = main(["--data", str(folder), *store.arguments, "verify", id_, "--jobs", "1"])
    return code, capsys.readouterr().out


def test_an_honest_board(finished: tuple[Path, Store], capsys: pytest.CaptureFixture[str]) -> None:
    code, out = verified(finished, capsys)
    assert (code, out) == (
        0,
        "2 entries, 3 evaluations fought again, 0 of other rules not; 0 faults\n",
    )


SPOILED = {
    "UPDATE events SET body = '{}' WHERE number = 2": "event 2: it was altered",
    "UPDATE events SET at = at + 1 WHERE number = 3": "event 3: it was altered",
    "DELETE FROM events WHERE number = 2": "event 2: it is missing",
    "DELETE FROM events WHERE number > 3": "the document is not the one in the event log",
    "UPDATE entries SET name = 'A' WHERE name = 'Imp'": "its manifest is not what was submitted",
    "UPDATE entries SET parent = id WHERE name = 'Imp'": "its manifest is not what was submitted",
    "UPDATE entries SET source = 'x' WHERE name = 'Imp'": "its source is not what was submitted",
    "UPDATE evaluations SET document = replace(document, '\"points\":', '\"points\":1')"
    " WHERE kind = 'score'": "the signature does not fit: the document was altered",
    "UPDATE blocks SET outcomes = replace(outcomes, 'T', 'W') WHERE block = 1": "does not replay",
    "DELETE FROM blocks WHERE block = 1": "blocks are gone",
    "UPDATE standings SET points = 300": "points of the table does not match",
    "UPDATE standings SET rank = rank + 1": "rank of the table does not match",
    "DELETE FROM standings": "it is missing from the table",
    "UPDATE evaluations SET status = 'queued' WHERE kind = 'duel'": "is gone",
    "UPDATE seasons SET commitment = substr(secret, 1, 64)": "its commitment is not the one",
}


@pytest.mark.parametrize("statement", SPOILED)
def test_tampering_is_named(
    statement: str, finished: tuple[Path, Store], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, store = finished
    with store.open(folder) as board:
        spoil(board, statement)
    code, out = verified(finished, capsys)
    assert code == 1
    assert SPOILED[statement] in out


def test_one_entry_alone(finished: tuple[Path, Store], capsys: pytest.CaptureFixture[str]) -> None:
    folder, store = finished
    with store.open(folder) as board:
        spoil(board, "UPDATE entries SET author = 'x' WHERE name = 'Imp'")
        with board.engine.connect() as connection:
            ids = dict(connection.execute(text("SELECT name, id FROM entries")).all())  # type: ignore[arg-type]
    assert "its manifest" not in verified(finished, capsys, ids["Dwarf"])[1]
    code, out = verified(finished, capsys, ids["Imp"])
    assert code == 1
    assert f"entry {ids['Imp']}: its manifest is not what was submitted" in out
    folder, store = finished
    assert main(["--data", str(folder), *store.arguments, "verify", "0" * 16]) == 2


def test_a_result_signed_anew_is_still_found_out(
    finished: tuple[Path, Store], capsys: pytest.CaptureFixture[str]
) -> None:
    """Even by who has the key, the log and the database: the rounds tell."""
    folder, store = finished
    with store.open(folder) as board, board.writing() as session:
        key = next(k for k, d in documents(board).items() if '"kind":"score"' in d)
        row = session.get_one(Evaluation, key)
        signed = json.loads(row.document)["signed"]
        signed["result"]["scores"][0]["points"] = 299.0
        row.document = board.signer.sign(signed)
    code, out = verified(finished, capsys)
    assert code == 1
    assert "result.scores.0.points does not match" in out


def test_the_log_cannot_be_changed_by_mistake(store: Store, tmp_path: Path) -> None:
    with store.open(make_board(tmp_path / "board")) as board:
        with board.writing() as session:
            append(session, "noted", told="once")
        for statement in ("UPDATE events SET body = '{}'", "DELETE FROM events"):
            with pytest.raises(DBAPIError, match="only grows"), board.engine.begin() as connection:
                connection.execute(text(statement))
        with board.reading() as session:
            assert session.get_one(Event, 2).body == '{"told":"once"}'
            assert verify(board, session).faults == []


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert Signer(tmp_path).public_key == signer.public_key
    (tmp_path / KEY_FILE).write_bytes(b"")
    with pytest.raises(BoardError, match="has 0 bytes; a key has 32"):
        Signer(tmp_path)


def changed(key: str, value: object) -> Callable[[dict[str, object]], None]:
    def change(document: dict[str, object]) -> None:
        target = document
        *path, last = key.split(".")
        for step in path:
            target = target[step]  # type: ignore[assignment]
        target[last] = value

    return change


TAMPERED = {
    "result": (changed("signed.result.scores", []), "the document was altered"),
    "name": (changed("signed.entry.name", "Other"), "the document was altered"),
    "signature": (changed("signature", "00" * 64), "the document was altered"),
    "no signature": (changed("signature", "x"), "not a signed document"),
    "key": (changed("public_key", "00" * 32), "signed with key 000000"),
    "nothing": (changed("signed", None), "the document was altered"),
}


def test_check_needs_no_board(
    model: Path, tmp_path: Path, sqlite: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "result.json"
    with sqlite.open(model) as board:
        text_ = next(d for d in documents(board).values() if '"kind":"score"' in d)
        public = board.signer.public_key
    path.write_text(text_)
    arguments = ["--data", str(tmp_path / "none"), "check", str(path), "--key", public]
    assert main(arguments) == 0
    assert not (tmp_path / "none").exists()
    assert "by tester, nano" in capsys.readouterr().out
    path.write_text(json.dumps(json.loads(text_), indent=2))
    assert main(arguments) == 0, "layout is nothing"
    for change, told in TAMPERED.values():
        document = json.loads(text_)
        change(document)
        path.write_text(canonical(document))
        capsys.readouterr()
        assert main(arguments) == 1
        assert told in capsys.readouterr().out


def test_a_document_whose_source_is_another(tmp_path: Path) -> None:
    from leaderboard.documents import check_document
    from leaderboard.evaluation import SCHEMA

    entry = {"source": "nop 0", "encoding": "utf-8", "source_hash": "0" * 64, "ruleset": "nano"}
    signed = Signer(tmp_path).sign({"schema_version": SCHEMA, "entry": entry})
    with pytest.raises(ValueError, match="the source is not the one of source_hash"):
        list(check_document(signed.encode()))


def test_the_tables_are_those_of_the_migrations(store: Store, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from leaderboard.models import Base

    with store.open(make_board(tmp_path / "board")) as board, board.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("hill = ['v1']", "Extra inputs are not permitted"),
        ("hills = ['v9']", "hill is 'v9'; it must be one of v1"),
        ("hills = ['v1', 'v1']", "two hills have the same ruleset"),
        ("profile = 'long'", "profile"),
        ("profile =", "board.toml"),
    ],
)
def test_bad_settings(
    settings: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "board.toml").write_text(settings)
    (tmp_path / "imp.red").write_bytes(IMP)
    assert main(["--data", str(tmp_path), "submit", str(tmp_path / "imp.red")]) == 2
    assert told in capsys.readouterr().err


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(BoardError, match="no board in"),
        open_board(tmp_path / "b", "postgresql://nobody@/none?host=/nowhere"),
    ):
        pass
