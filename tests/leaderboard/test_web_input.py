"""Bad input over HTTP: the right status and code, nothing written, soon and in little memory."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from leaderboard.cli import main
from leaderboard.problem import STATUSES
from leaderboard.submission import MAX_ARCHIVE, MAX_CLAIMS
from leaderboard.web.guard import MAX_BODY
from tests.eval.pages import Page
from tests.leaderboard.boards import DWARF, IMP, SITTER, make_board
from tests.leaderboard.serving import MANY, Answer, Server, form, serving
from tests.leaderboard.test_bad_input import ROWS, SLACK, SLOW
from tests.leaderboard.test_search_track import archive

API, FORM = "/api/v1/entries", "/submit"
CHEAP = 0.5 * SLACK
"""Seconds of CPU time for what is refused before anything is assembled."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(make_board(tmp_path_factory.mktemp("board") / "nano", **MANY)) as found:
        yield found


@contextmanager
def untouched(server: Server, seconds: float = CHEAP) -> Iterator[None]:
    """Nothing is written meanwhile, and the server takes no longer than that."""
    stored, began = server.stored(), server.cpu_seconds()
    yield
    assert server.cpu_seconds() - began < seconds
    assert server.stored() == stored


def check(answer: Answer, code: str, status: int = 422) -> None:
    """A problem document with a code and a status, the same inside and outside."""
    assert answer.status == status, answer.text
    assert answer.kind == "application/problem+json"
    found = answer.json()
    assert (found["code"], found["status"]) == (code, status)
    assert found["title"]
    assert found["errors"][0]["reason"] == code


def check_page(answer: Answer, code: str, status: int = 422) -> str:
    """A page of HTML with a code. Returns its text."""
    assert (answer.status, answer.kind) == (status, "text/html")
    text = "".join(Page(answer.text).text)
    assert code in text
    return text


@pytest.mark.parametrize("row", ROWS)
def test_bad_source(row: str, server: Server) -> None:
    content, code, status = ROWS[row]
    with untouched(server, SLACK):
        answer = server.submit(content)
    check(answer, code, status)


@pytest.mark.full
@pytest.mark.parametrize("row", ROWS)
def test_bad_source_on_the_page(row: str, server: Server) -> None:
    content, code, status = ROWS[row]
    with untouched(server, 2 * SLACK):
        page = server.submit(content, FORM)
        fault = server.submit(content).json()
    text = check_page(page, code, status)
    assert f" {fault['title']}" in text
    if fault["line"]:
        assert f"Line {fault['line']}" in text


def test_a_fault_stands_at_its_line(server: Server) -> None:
    """Also in a text field, whose lines browsers end with CR and LF."""
    page = server.post(FORM, {"ruleset": "nano", "source": "nop 0\r\n  mov.q <1, 1\r\n"}, b"")
    text = check_page(page, "E_SYNTAX")
    assert "2   mov.q <1, 1\n        ^" in text
    assert "Line 2, column 7: " in text
    assert "modifiers are" in text
    assert 'aria-invalid="true">nop 0\n  mov.q &lt;1, 1\n</textarea>' in page.text


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "x" * 81}, "E_NAME"),
        ({"name": "a\x85b"}, "E_NAME"),
        ({"author": "a\nb"}, "E_NAME"),
        ({"method": "\u202e"}, "E_NAME"),
        ({"link": "javascript:alert(1)"}, "E_LINK"),
        ({"link": "https://x/" + "a" * 200}, "E_LINK"),
        ({"parent": "0" * 16}, "E_PARENT"),
        ({"parent": "'><script>"}, "E_PARENT"),
        ({"track": "both"}, "E_TRACK"),
        ({"track": "search"}, "E_ARCHIVE"),
        ({"ruleset": "nop94"}, "E_RULESET"),
        ({"ruleset": "../../etc/passwd"}, "E_RULESET"),
        ({"encoding": "utf-7"}, "E_ENCODING"),
        ({"colour": "red"}, "E_FORM"),
        ({"colour\x00\x1b[31m": "red"}, "E_FORM"),
    ],
    ids=repr,
)
def test_bad_fields(fields: dict[str, str], code: str, server: Server) -> None:
    with untouched(server):
        answer, page = server.submit(IMP, **fields), server.submit(IMP, FORM, **fields)
    check(answer, code)
    check_page(page, code)
    assert "<script>" not in page.text


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize("fitness", ["1e308", "1e999", "Infinity", "NaN"])
def test_a_fitness_that_cannot_be_summed(fitness: str, server: Server) -> None:
    sent = archive(IMP, DWARF, SITTER).replace(b'"fitness":1000.0', f'"fitness":{fitness}'.encode())
    with untouched(server):
        check(server.submit(sent, track="search"), "E_ARCHIVE")


MANY_FIELDS = {f"f{i}": "x" for i in range(1000)}
HALF_DEEP = '{"a":' * 200 + "1" + "}" * 200


@pytest.mark.parametrize(
    ("claimed", "code", "status"),
    [
        ("{", "E_CLAIMS", 422),
        ("[1]", "E_CLAIMS", 422),
        ("null", "E_CLAIMS", 422),
        ('{"a": Infinity}', "E_CLAIMS", 422),
        ('{"a": 1e999}', "E_CLAIMS", 422),
        ('{"a": NaN}', "E_CLAIMS", 422),
        ('{"a": "\\ud800"}', "E_CLAIMS", 422),
        ('{"\\udfff": 1}', "E_CLAIMS", 422),
        ('{"a": ' + "9" * 5000 + "}", "E_CLAIMS", 422),
        (DEEP, "E_CLAIMS", 422),
        (HALF_DEEP, "E_CLAIMS", 422),
        ('{"qd_score": "much"}', "E_CLAIMS", 422),
        ('{"lineage": {}}', "E_CLAIMS", 422),
        ('{"a": "' + "x" * MAX_CLAIMS + '"}', "E_SIZE", 413),
        ('{"a": "' + "\u00e9" * (MAX_CLAIMS // 5) + '"}', "E_SIZE", 413),
    ],
    ids=lambda value: str(value)[:20],
)
def test_bad_claims(claimed: str, code: str, status: int, server: Server) -> None:
    with untouched(server):
        answer = server.submit(archive(IMP), track="search", claimed=claimed)
    check(answer, code, status)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps({"source": "mov 0, 1"}).encode(), "application/json"),
        (IMP, "text/plain"),
        (IMP, ""),
        (b"", ""),
        (IMP, "multipart/form-data"),
        (IMP, "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\nmov 0, 1\r\n--x--", "multipart/form-data; boundary=x"),
        (form({"source": "mov 0, 1"})[0], form({})[1] + "; charset=undefined"),
        (form({"source": "mov 0, 1"})[0], form({})[1] + "; charset=punycode"),
        (urlencode(MANY_FIELDS).encode(), "application/x-www-form-urlencoded"),
        form(MANY_FIELDS),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_no_form(body: bytes, kind: str, server: Server) -> None:
    with untouched(server):
        for path in (API, FORM, "/playground"):
            answer = server.ask("POST", path, body, {"content-type": kind} if kind else {})
            if path == API:
                check(answer, "E_FORM")
            else:
                check_page(answer, "E_FORM")


def test_a_file_of_another_name(server: Server) -> None:
    body, kind = form({"ruleset": "nano"}, IMP)
    body = body.replace(b'name="file"', b'name="warrior"')
    with untouched(server):
        answer = server.ask("POST", API, body, {"content-type": kind})
    check(answer, "E_FORM")
    assert "'warrior'" in answer.json()["title"]


def test_two_files(server: Server) -> None:
    body, kind = form({"ruleset": "nano"}, IMP)
    part = body[body.index(b"--edge", 5) : body.rindex(b"--edge")]
    with untouched(server):
        answer = server.ask("POST", API, body.replace(part, part + part), {"content-type": kind})
    check(answer, "E_FORM")


# ---- Bodies over the limit


@contextmanager
def raw(server: Server, path: str, **headers: str) -> Iterator[http.client.HTTPConnection]:
    """A connection on which a request has begun."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    connection.putrequest("POST", path)
    for name, value in {**headers, "content-type": form({})[1]}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    yield connection
    connection.close()


def answered(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


@pytest.mark.parametrize("path", [API, FORM, "/playground", "/"])
def test_a_body_that_is_announced_too_large_is_not_read(path: str, server: Server) -> None:
    with untouched(server), raw(server, path, content_length=f"{10**12}") as connection:
        answer = answered(connection)  # of a body nothing was sent
    assert answer.status == 413
    assert "E_SIZE" in answer.text


@pytest.mark.parametrize("path", [API, FORM])
def test_a_body_that_grows_too_large_is_not_parsed(path: str, server: Server) -> None:
    chunk = form({}, b"x" * 2**18)[0].rpartition(b"\r\n--")[0]
    with untouched(server), raw(server, path, transfer_encoding="chunked") as connection:
        for _ in range(MAX_BODY // len(chunk) + 1):
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            chunk = b"x" * len(chunk)
        answer = answered(connection)  # though the body has not ended
    assert answer.status == 413
    assert "E_SIZE" in answer.text


def test_an_archive_over_its_limit(server: Server) -> None:
    with untouched(server):
        check(server.submit(b" " * (MAX_ARCHIVE + 1), track="search"), "E_SIZE", 413)


def test_little_memory_is_needed(server: Server) -> None:
    before = server.peak_bytes()
    for content in (ROWS["a megabyte"][0], b"&" * MAX_ARCHIVE, b"\n" * MAX_ARCHIVE):
        with untouched(server):
            for path in (API, FORM):
                assert server.submit(content, path).status == 413
    assert server.peak_bytes() - before < 64 * 2**20


# ---- Encodings


def test_latin_1_is_for_who_asks(server: Server) -> None:
    source = b";name Caf\xe9\nmov 0, 2\n"
    with untouched(server):
        check(server.submit(source), "E_ENCODING")
    receipt = server.submit(source, encoding="latin-1")
    assert receipt.status == 201
    path = receipt.headers["location"]
    assert server.get(path).json()["name"] == "Caf\u00e9"
    sent = server.get(f"{path}/source")
    assert sent.body == source
    assert sent.headers.get_content_charset() == "latin-1"


def test_what_stands_in_the_text_field_has_no_encoding(server: Server) -> None:
    """The form lets choose that of the file; a form's texts are always UTF-8."""
    fields = {"ruleset": "nano", "encoding": "latin-1"}
    receipt = server.post(API, {**fields, "source": ";name Caf\u00e9\r\nmov 0, 3\r\n"})
    assert receipt.status == 201
    assert server.get(receipt.headers["location"]).json()["name"] == "Caf\u00e9"
    page = server.post(FORM, fields, b"mov.q 1 ; caf\xe9\n")
    assert "mov.q 1 ; caf\u00e9\n</textarea>" in page.text


# ---- Who may, and how often


def test_the_same_program_again(server: Server) -> None:
    receipt = server.submit(SITTER)
    assert receipt.status == 201
    id_ = receipt.json()["id"]
    assert receipt.headers["location"] == f"{API}/{id_}"
    other = b";name Other\nhere jmp here, <-2 ; the same\n"
    with untouched(server):
        answer, page = server.submit(other), server.submit(other, FORM)
    check(answer, "E_DUPLICATE", 409)
    assert answer.json()["existing"] == id_
    check_page(page, "E_DUPLICATE", 409)
    assert f"/entries/{id_}" in Page(page.text).values("href")


def test_tokens_and_seasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_board(tmp_path / "board", tokens=True, assembly_seconds=0.01, **MANY)
    assert main(["--data", str(folder), "token", "add", "Ada"]) == 0
    token = capsys.readouterr().out.strip()
    fields = {"ruleset": "nano"}
    with serving(folder) as server:
        with untouched(server):
            for wrong in ("", token[:-1], "\u00e9"):
                check(server.post(API, fields, IMP, wrong), "E_AUTH", 401)
                check_page(server.post(FORM, {**fields, "token": wrong}, IMP), "E_AUTH", 401)
            check(server.post(API, fields, SLOW, token), "E_TIMEOUT")
            refused = server.post(FORM, {**fields, "token": token}, b"mov.q 1")
            assert token not in check_page(refused, "E_SYNTAX")
        assert server.post(API, fields, IMP, token).status == 201
        assert server.post(FORM, {**fields, "token": token}, DWARF).status == 201
        for verb in ("open", "close"):
            assert main(["--data", str(folder), "season", verb]) == 0
        with untouched(server):
            check(server.post(API, fields, SITTER, token), "E_CLOSED", 409)
        assert main(["--data", str(folder), "season", "open"]) == 0
        assert server.post(API, fields, SITTER, token).status == 201


def test_nobody_asks_without_end(tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board", reads_per_minute=5, writes_per_minute=3)
    with serving(folder) as server:
        assert [server.submit(b"").status for _ in range(2)] == [422, 422]
        assert server.get("/match", first="Gate", second="Keeper").status == 200  # costs a battle
        with untouched(server):
            refused = server.submit(IMP)
            check(refused, "E_RATE", 429)
            check_page(server.submit(IMP, FORM), "E_RATE", 429)
            assert server.get("/match", first="Gate", second="Keeper").status == 429
        wait = int(refused.headers["retry-after"])
        assert 1 <= wait <= 60
        assert refused.json()["hint"] == f"try again in {wait} s"
        assert [server.get("/about").status for _ in range(5)] == [200] * 5
        assert server.get("/api/v1/status").status == 429
        assert server.get("/static/board.css").status == 429


def test_all_codes_of_the_board_have_been_met() -> None:
    """Those of `STATUSES` that a visitor can cause are tested above."""
    met = {"E_SIZE", "E_DUPLICATE", "E_CLOSED", "E_AUTH", "E_RATE"}
    operators = {"E_OPEN", "E_TOKEN"}
    assert STATUSES.keys() == met | operators | {"E_UNKNOWN"}
