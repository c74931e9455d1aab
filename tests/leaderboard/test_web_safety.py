"""Whatever somebody calls a warrior stays a name, and what is secret stays so, on every page."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from sqlalchemy import select

from leaderboard.board import open_board
from leaderboard.cli import main
from leaderboard.models import Block, Evaluation
from leaderboard.web.guard import HEADERS
from tests.eval.pages import Page
from tests.leaderboard.boards import make_board
from tests.leaderboard.serving import HOSTILE, Answer, Server, fill, serving, work

SECRET_NAME, SECRET_FILE, SECRET_CODE = "Hidden Fang", "fang.red", "spl 0\nmov.i 2, <3\njmp -1"
MAY_BE_TURNED = {"bdi", "title", "code", "pre", "option", "textarea"}
"""Elements that hold nothing of the board's own beside a name."""


class Served(Page):
    """A page of the board, whose tags close in order."""

    VOID = Page.VOID | {"line", "rect"}

    def __init__(self, text: str) -> None:
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.loose = ""
        super().__init__(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        if not MAY_BE_TURNED.intersection(self.open):
            self.loose += data
        assert self.open[-1:] not in (["script"], ["style"]), data

    def links(self) -> Iterator[str]:
        for tag, attributes in self.elements:
            for name in ("href", "src", "data-replay"):
                if name in attributes:
                    yield attributes[name]
            if tag == "form" and attributes["method"] == "get":
                yield attributes["action"]


@dataclass(frozen=True)
class Crawl:
    """A board and all of it that links lead to.

    Attributes:
        server: of the board.
        ids: of its entries; the last one is a search.
        answers: by path and parameters.
        pages: those that are HTML.
        secrets: what none of it may hold.
    """

    server: Server
    ids: list[str]
    answers: dict[str, Answer]
    pages: dict[str, Served]
    secrets: list[bytes]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder = tmp_path_factory.mktemp("boards") / "board"
    ids = fill(folder)
    secrets = hide(folder, ids[1])
    with serving(folder) as server:
        answers: dict[str, Answer] = {}
        pages: dict[str, Served] = {}
        paths = ["/", "/openapi.json", "/api/v1/events?limit=1000", "/api/v1/field"]
        paths += ["/api/v1/status", "/static/round.js"]
        seen = set(map(usual, paths))
        while paths:
            path = paths.pop()
            answers[path] = server.get(path)
            if answers[path].kind != "text/html":
                continue
            pages[path] = Served(answers[path].text)
            for link in pages[path].links():
                found = urlsplit(urljoin(server.address + path, link))
                path_found = usual(found._replace(scheme="", netloc="").geturl())
                if found.netloc == urlsplit(server.address).netloc and path_found not in seen:
                    seen.add(path_found)
                    paths.append(path_found)
        yield Crawl(server, ids, answers, pages, secrets)


def usual(path: str) -> str:
    """An address for all that differ in the round, the order and the place on the page alone."""
    found = urlsplit(path)
    told = [pair for pair in parse_qsl(found.query) if pair[0] not in ("round", "down")]
    return found._replace(query=urlencode(told), fragment="").geturl()


def hide(folder: Path, id_: str) -> list[bytes]:
    """Score an entry against a holdout, and open a season. Returns what has to stay secret."""
    holdout = folder.with_name("holdout")
    holdout.mkdir()
    (holdout / SECRET_FILE).write_text(f";name {SECRET_NAME}\n{SECRET_CODE}\n")
    for command in (
        ("season", "open"),
        ("holdout", "add", str(holdout)),
        ("holdout", "score", id_),
    ):
        assert main(["--data", str(folder), *command]) == 0
    work(folder)
    with open_board(folder) as board, board.reading() as session:
        keys = select(Evaluation.key).where(Evaluation.kind == "holdout")
        blocks = session.scalars(select(Block).where(Block.evaluation.in_(keys))).all()
    assert blocks
    texts = [SECRET_NAME, SECRET_FILE, "<3", "&lt;3", '"submitter"', *(b.outcomes for b in blocks)]
    keys_of_board = [(folder / name).read_bytes() for name in ("board.key", "season-1.secret")]
    hexes = [key.hex().encode() for key in keys_of_board]
    return [*(text.encode() for text in texts), *keys_of_board, *hexes]


def test_no_link_leads_nowhere(crawl: Crawl) -> None:
    assert {path: a.status for path, a in crawl.answers.items() if a.status != 200} == {}
    kinds = {answer.kind for answer in crawl.answers.values()}
    assert kinds >= {"text/html", "text/csv", "text/plain", "application/json"}
    assert kinds >= {"application/feed+json", "application/octet-stream", "text/css"}
    shown = {urlsplit(path).path for path in crawl.pages}
    assert shown >= {f"/entries/{id_}" for id_ in crawl.ids}
    assert shown >= {"/", "/field", "/playground", "/submit", "/about", "/match"}


def test_every_answer_has_the_headers(crawl: Crawl) -> None:
    server = crawl.server
    others = [
        server.get("/nowhere"),
        server.get("/api/nowhere"),
        server.get("/static/nowhere"),
        server.get("/static/%2e%2e/app.py"),
        server.get("/entries/x"),
        server.get("/?season=x"),
        server.ask("DELETE", "/"),
        server.ask("TRACE", "/api/v1/status"),
        server.ask("HEAD", "/"),
        server.ask("GET", "/static/board.css", headers={"range": "bytes=0-9"}),
        server.submit(b"mov"),
        server.ask("POST", "/submit", b"", {"content-length": f"{10**9}"}),
    ]
    assert all(answer.status >= 400 for answer in others[:8])
    for answer in (*crawl.answers.values(), *others):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "server" not in answer.headers
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_pages_hold_no_script_and_no_style(crawl: Crawl) -> None:
    for path, page in crawl.pages.items():
        tags = {tag for tag, _ in page.elements}
        assert not tags & {"style", "img", "iframe", "object", "embed", "base", "b>&c"}, path
        for tag, attributes in page.elements:
            assert "style" not in attributes, path
            assert not [name for name in attributes if name.startswith("on")], path
            if tag == "script":
                assert attributes["src"].startswith("/static/"), path
            for name in ("href", "src", "action"):
                link = attributes.get(name, "/")
                assert link.startswith(("/", "#", "https://example.org/?a=\"'<b>&c")), path


def test_names_are_shown_as_they_are(crawl: Crawl) -> None:
    table = "".join(crawl.pages["/"].text)
    for name, id_ in zip(HOSTILE, crawl.ids[:-1], strict=True):
        assert name in table
        assert f"by {name}" in table
        page = crawl.pages[f"/entries/{id_}"]
        assert page.tags.count("h1") == 1
        assert name in page.text


def test_no_name_turns_the_text_around_it(crawl: Crawl) -> None:
    for path, page in crawl.pages.items():
        assert "\u05d0" not in page.loose, path


def test_names_are_inert_in_json_csv_and_feed(crawl: Crawl) -> None:
    server = crawl.server
    answer = server.get("/api/v1/leaderboard")
    assert answer.kind == "application/json"
    assert {row["name"] for row in answer.json()} == set(HOSTILE)
    table = server.get("/api/v1/leaderboard.csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert {row["name"] for row in rows} == {f"'{n}" if n[0] == "=" else n for n in HOSTILE}
    for answer in (table, server.get(f"/api/v1/entries/{crawl.ids[0]}/source")):
        assert answer.headers["content-disposition"].startswith("attachment; ")
    news = server.get("/feed.json").json()
    titles = [item["title"] for item in news["items"]]
    for name in HOSTILE:
        assert f"{name} by by {name} was submitted"[:80] in [title[:80] for title in titles]
    assert len({item["id"] for item in news["items"]}) == len(titles)


def test_secrets_are_nowhere(crawl: Crawl) -> None:
    """Neither the holdout's members, nor what they did to an entry, nor any key."""
    for path, answer in crawl.answers.items():
        for secret in crawl.secrets:
            assert secret not in answer.body, (path, secret)
    entry = crawl.server.get(f"/api/v1/entries/{crawl.ids[1]}").json()
    [found] = [row for row in entry["evaluations"] if row["kind"] == "holdout"]
    assert found["result"].keys() == {"holdout", "tier"}
    assert found["result"]["tier"] in "ABCD"
    document = crawl.answers[f"/api/v1/results/{found['key']}"].json()
    assert document["signed"]["result"] == found["result"]


def test_a_name_of_the_holdout_is_no_opponent(crawl: Crawl) -> None:
    for path in ("/match", "/api/v1/match/stream"):
        answer = crawl.server.get(path, first=SECRET_NAME, second="Gate")
        assert answer.status == 404
    answer = crawl.server.post("/playground", {"first_pick": SECRET_NAME, "second": "nop 0"})
    assert answer.status == 404


def test_a_fault_of_the_board_tells_nothing(tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board")
    with serving(folder, fails=True) as server:
        with sqlite3.connect(folder / "board.db") as database:
            database.execute("DROP TABLE events")
        database.close()
        page, answer = server.get("/feed.json"), server.get("/api/v1/events")
        assert server.get("/about").status == 200
    for found in (page, answer):
        assert found.status == 500
        assert {name: found.headers[name] for name in HEADERS} == HEADERS
        assert b"sql" not in found.body.lower()
        assert b"Traceback" not in found.body
    assert page.kind == "text/html"
    assert answer.kind == "application/problem+json"
    assert json.loads(answer.body)["code"] == "E_BOARD"
