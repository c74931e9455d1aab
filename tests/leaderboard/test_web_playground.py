"""The playground: links that hold a match, links that hold none, and fights as anywhere else."""

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coreenv.config import ruleset
from coreenv.redcode import assemble
from leaderboard.board import open_board
from leaderboard.problem import Problem
from leaderboard.web.bout import MAX_LINK, MAX_PLAIN, Setup, battle_of
from tests.leaderboard.boards import DWARF, IMP, make_board
from tests.leaderboard.serving import MANY, Server, serving
from tests.leaderboard.test_bad_input import SLACK

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)


def packed(plain: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(make_board(tmp_path_factory.mktemp("board") / "nano", **MANY)) as found:
        yield found


@settings(max_examples=100)
@given(st.text("abcdefgh0123456789", max_size=16), TEXTS, TEXTS, st.integers(0, 2**31 - 2))
def test_a_link_holds_all_of_a_match(rules: str, first: str, second: str, seed: int) -> None:
    setup = Setup(rules, (first, second), seed)
    link = setup.link()
    assert Setup.of_link(link) == setup
    assert link.replace("-", "").replace("_", "").isalnum()


@settings(max_examples=100)
@given(st.text(max_size=60) | st.binary(max_size=60).map(packed))
def test_any_other_text_is_no_link(text: str) -> None:
    with pytest.raises(Problem) as refusal:
        Setup.of_link(text)
    assert refusal.value.code == "E_LINK"


def test_sources_too_long_for_a_link() -> None:
    noise = "".join(f"{i * i * 2654435761 % 2**32:08x}" for i in range(6000))
    with pytest.raises(Problem) as refusal:
        Setup("nano", (noise, ""), 1).link()
    assert refusal.value.code == "E_SIZE"


@pytest.mark.parametrize("rules", ["nano", "icws88"])
def test_a_source_is_the_warrior_that_it_is_elsewhere(rules: str, tmp_path: Path) -> None:
    first = ";name First\nspl 0\nstart mov 0, 1\nend start\n"
    second = "jmp 0, <-2\n"
    with open_board(make_board(tmp_path / "board", rules)) as board:
        battle = battle_of(board, Setup(rules, (first, second), 7))
    for found, source in zip(battle.warriors, (first, second), strict=True):
        expected = assemble(source, ruleset(rules))
        assert found.instructions == expected.instructions
        assert (found.start, found.name) == (expected.start, expected.name)
    assert battle.config == ruleset(rules)


LIST = json.dumps(["nano", IMP.decode(), DWARF.decode(), 1])
NO_LINKS = {
    "nothing packed": "AAAA",
    "no base64": "a",
    "other letters": "%C3%A9%00",
    "cut": packed(LIST.encode())[:-20],
    "no JSON": packed(b"[1,"),
    "no list": packed(b"3"),
    "too few": packed(b'["nano", "", 1]'),
    "other types": packed(b'["nano", 1, "", 1]'),
    "true for a number": packed(b'["nano", "", "", true]'),
    "half a character": packed(b'["nano", "\\ud800", "", 1]'),
    "a bomb": packed(bytes(2**23)),
    "a bomb of JSON": packed(b"[" * 2**22),
    "a bomb of a text": packed(b'["nano", "' + b"n" * 2**23 + b'", "", 1]'),
    "an abyss": packed(b"[" * MAX_PLAIN),
    "a huge number": packed(b'["nano", "", "", ' + b"9" * 6000 + b"]"),
    "too long": "A" * (MAX_LINK + 1),
    "a seed beyond": packed(b'["nano", "nop 0", "nop 0", 99999999999]'),
    "a seed below": packed(b'["nano", "nop 0", "nop 0", -1]'),
    "other rules": packed(b'["nop94", "nop 0", "nop 0", 1]'),
    "no instructions": packed(b'["nano", "", "", 1]'),
}


@pytest.mark.parametrize("name", NO_LINKS)
def test_a_link_that_holds_no_match(name: str, server: Server) -> None:
    began, before = server.cpu_seconds(), server.peak_bytes()
    page = server.get(f"/playground?match={NO_LINKS[name]}")
    answer = server.get(f"/api/v1/playground/stream?match={NO_LINKS[name]}")
    assert server.cpu_seconds() - began < 0.6 * SLACK
    assert server.peak_bytes() - before < 32 * 2**20
    assert (page.status, page.kind) == (422, "text/html")
    assert (answer.status, answer.kind) == (422, "application/problem+json")
    assert answer.json()["code"] in page.text


@pytest.mark.parametrize("number", ["-1", "60", "x", "1e3"])
def test_a_round_that_there_is_not(number: str, server: Server) -> None:
    link = Setup("nano", (IMP.decode(), DWARF.decode()), 1).link()
    assert server.get("/playground", match=link, round=number).status == 422
    assert server.get("/match", first="Gate", second="Keeper", round=number).status == 422


def test_a_fight_is_arranged(server: Server) -> None:
    fields = {"first": IMP.decode(), "second_pick": "Thrower", "seed": "5"}
    sent = server.post("/playground", fields)
    assert sent.status == 303
    address = sent.headers["location"]
    page = server.get(address)
    assert page.status == 200
    assert "Imp" in page.text
    assert "Thrower" in page.text
    stream = server.get("/api/v1" + address.replace("?", "/stream?"))
    assert (stream.status, stream.body[:4]) == (200, b"cwr1")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"first": "mov.q 1", "second": "nop 0"}, 422, "E_SYNTAX"),
        ({"first": "nop 0", "second": ""}, 422, "E_EMPTY"),
        ({"first": "nop 0", "second": "nop 0", "seed": "x"}, 422, "E_SEED"),
        ({"first": "nop 0", "second": "nop 0", "seed": "\u0663"}, 422, "E_SEED"),
        ({"first": "nop 0", "second": "nop 0", "seed": "9999999999"}, 422, "E_SEED"),
        ({"first": "nop 0", "second_pick": "Nobody"}, 404, "E_UNKNOWN"),
        ({"first": "nop 0", "second": "nop 0", "ruleset": "x"}, 422, "E_RULESET"),
    ],
    ids=repr,
)
def test_a_fight_that_cannot_be(
    fields: dict[str, str], status: int, code: str, server: Server
) -> None:
    sent = server.post("/playground", fields)
    if sent.status == 303:
        sent = server.get(sent.headers["location"])
    assert (sent.status, sent.kind) == (status, "text/html")
    assert code in sent.text
