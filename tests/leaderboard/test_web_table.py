"""The table without JavaScript: order, filter, parts, season and ruleset stand in its address."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leaderboard.board import open_board
from leaderboard.cli import main
from tests.eval.pages import Page
from tests.leaderboard.boards import make_board, make_hill
from tests.leaderboard.serving import HOSTILE, MANY, Server, fill, serving
from tests.leaderboard.test_bad_input import SLACK
from tests.leaderboard.test_ranking import fill as fill_thousand

TOO_LARGE = str(10**6 + 1)


class Table(Page):
    """The names in the table of a page, in its order."""

    VOID = Page.VOID | {"line", "rect"}

    def __init__(self, text: str) -> None:
        self.names: list[str] = []
        super().__init__(text)

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        if self.open[-4:] == ["tr", "th", "a", "bdi"]:
            self.names.append(data)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("boards") / "board"
    fill(folder)
    make_hill(folder / "other", "icws88", {"Gate": ("gate", "test", "jmp 0, <-5")})
    settings = (folder / "board.toml").read_text()
    (folder / "board.toml").write_text(settings.replace('["hill"]', '["hill", "other"]'))
    assert main(["--data", str(folder), "season", "open"]) == 0
    with serving(folder) as found:
        yield found


def shown(server: Server, **parameters: Any) -> list[str]:
    answer = server.get("/", **parameters)
    assert answer.status == 200
    return Table(answer.text).names


def test_the_table_is_that_of_the_api(server: Server) -> None:
    rows = server.get("/api/v1/leaderboard", season=0).json()
    assert shown(server, season=0) == [row["name"] for row in rows]
    assert [row["rank"] for row in rows] == sorted(row["rank"] for row in rows)
    assert set(shown(server)) == set(HOSTILE)


SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "name": lambda row: row["name"].casefold(),
    "author": lambda row: row["author"].casefold(),
    "points": lambda row: row["points"],
    "won": lambda row: row["win_share"],
    "tied": lambda row: row["tie_share"],
}


@pytest.mark.parametrize("down", [0, 1])
@pytest.mark.parametrize("sort", SORTS)
def test_an_order_stands_in_the_address(sort: str, down: int, server: Server) -> None:
    rows = server.get("/api/v1/leaderboard", season=0).json()
    expected = sorted(rows, key=SORTS[sort], reverse=bool(down))
    assert shown(server, season=0, sort=sort, down=down) == [row["name"] for row in expected]


def test_what_has_no_result_stands_at_the_end(server: Server) -> None:
    for sort in ("points", "won", "qd_score"):
        assert set(shown(server, sort=sort)) == set(HOSTILE), "of the new season nothing is scored"


@pytest.mark.parametrize(
    ("q", "count"),
    [("sCrIpT", 1), ("by ", 7), ("=1+1", 1), ("\u05d1", 1), ("nobody", 0), ("%", 1), ("_", 0)],
)
def test_a_filter_stands_in_the_address(q: str, count: int, server: Server) -> None:
    found = shown(server, q=q)
    assert len(found) == count


def test_track_ruleset_and_season(server: Server) -> None:
    assert shown(server, track="search") == [HOSTILE[0]]
    assert shown(server, track="search", sort="qd_score", down=1) == [HOSTILE[0]]
    assert shown(server, ruleset="icws88") == []
    assert shown(server, ruleset="nano", season=1, part=1) != []
    assert "queued" not in server.get("/", season=0).text


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("track", "both", 422),
        ("ruleset", "nop94", 422),
        ("ruleset", "../hill", 422),
        ("season", "7", 404),
        ("season", "-1", 422),
        ("season", "x", 422),
        ("season", TOO_LARGE, 422),
        ("sort", "claimed", 422),
        ("sort", "__class__", 422),
        ("down", "perhaps", 422),
        ("part", "0", 422),
        ("part", "2", 404),
        ("part", TOO_LARGE, 422),
        ("part", "9" * 5000, 422),
        ("q", "x" * 81, 422),
    ],
    ids=lambda value: str(value)[:12],
)
def test_values_that_there_are_not(name: str, value: str, status: int, server: Server) -> None:
    answer = server.get("/", **{name: value})
    assert (answer.status, answer.kind) == (status, "text/html")
    assert "Back to the leaderboard" in answer.text
    if name in ("track", "ruleset", "season"):
        answer = server.get("/api/v1/leaderboard", **{name: value})
        assert (answer.status, answer.kind) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/entries/" + "0" * 16, 404), ("/entries/x", 422), ("/match?first=a&second=b", 404)],
)
def test_no_such_entry(path: str, status: int, server: Server) -> None:
    assert server.get(path).status == status


def test_a_thousand_entries(tmp_path: Path) -> None:
    folder = make_board(tmp_path / "board", "nop94", **{**MANY, "hills": ["v1"]})
    with open_board(folder) as board:
        fill_thousand(board, 1000)
    with serving(folder) as server:
        server.get("/about")
        took = []
        for path in ("/", "/?part=5&sort=points", "/?q=Name+99"):
            began = server.cpu_seconds()
            answer = server.get(path)
            took.append(server.cpu_seconds() - began)
            assert answer.status == 200
        assert len(shown(server)) == 200
        names = [shown(server, part=part) for part in range(1, 6)]
    assert len({name for part in names for name in part}) == 1000
    assert max(took) < 0.3 * SLACK
    print(f"1000 entries: pages in {', '.join(f'{t:.2f}' for t in took)} s of CPU time")
