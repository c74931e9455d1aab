"""Many submissions at once, over HTTP: no entry is lost, and none is made twice."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.leaderboard.boards import make_board
from tests.leaderboard.serving import MANY, Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(make_board(tmp_path_factory.mktemp("board") / "nano", **MANY)) as found:
        yield found


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.full)])
@pytest.mark.parametrize("distinct", [False, True], ids=["identical", "distinct"])
def test_many_at_once(distinct: bool, count: int, server: Server) -> None:
    before, _ = server.stored()

    def one(i: int) -> tuple[int, str]:
        source = b";name N%d\nmov %d, #%d\n" % (i, i if distinct else 0, count + distinct)
        answer = server.submit(source)
        found = answer.json()
        return answer.status, found["id"] if answer.status == 201 else found["existing"]

    with ThreadPoolExecutor(count) as pool:
        statuses, ids = zip(*pool.map(one, range(count)), strict=True)
    rows, _ = server.stored()
    made = count if distinct else 1
    expected = {201: made, 409: count - made}
    assert Counter(statuses) == Counter({k: v for k, v in expected.items() if v})
    assert len(set(ids)) == made
    new = {table: rows[table] - before[table] for table in ("entries", "evaluations", "events")}
    assert new == dict.fromkeys(new, made)
    shown = {row["id"] for row in server.get("/api/v1/leaderboard").json()}
    assert set(ids) <= shown
