"""The pages in a browser: what one can do, by keyboard alone too, on a phone, in light and dark."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from coreenv.replay import Run, replay
from leaderboard.board import open_board
from leaderboard.matches import match
from leaderboard.web.bout import Setup
from tests.leaderboard.boards import DWARF, IMP
from tests.leaderboard.serving import HOSTILE, Server, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.full

AXE = "axe-core@4.10.3"
LEFT = "net::ERR_ABORTED"
"""How a request ends whose page was left before the answer came."""
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}

STATE = """() => {
  const { round } = document.querySelector("[data-replay]").replay;
  const cell = (word, i) =>
    [word >> 9, (word >> 6) & 7, (word >> 3) & 7, round.a[i], word & 7, round.b[i]];
  return {
    turn: round.turn,
    turns: round.turns,
    cells: Array.from(round.operation, cell),
    owner: Array.from(round.owner),
    queues: round.queues.map((queue) => queue.toArray()),
    dead: round.warriors.map((_, seat) => !round.living.includes(seat)),
  };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here; sudo apt-get install chromium")
    with api.sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.getuid() == 0 else []  # which its sandbox refuses to be
        opened = playwright.chromium.launch(executable_path=found, args=root)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility checker, to be run in a page."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here to fetch axe-core with; sudo apt-get install npm")
    folder = tmp_path_factory.mktemp("axe")
    quiet = ("--no-save", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run(["npm", "install", *quiet, "--prefix", folder, AXE], check=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Visit:
    """A look at a board.

    Attributes:
        page: of the browser.
        server: of the board.
        ids: of its entries.
        complaints: of the browser.
    """

    page: "Page"
    server: Server
    ids: list[str]
    complaints: list[str]

    def go(self, path: str) -> None:
        self.page.goto(self.server.address + path)
        if self.page.locator("[data-replay]").count():
            self.page.locator("[data-replay] canvas").first.wait_for()

    def state(self) -> dict[str, Any]:
        """Of the round in the replayer."""
        found: dict[str, Any] = self.page.evaluate(STATE)
        return found

    def focus(self, selector: str) -> None:
        """Tab until an element has the focus."""
        for _ in range(200):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
                return
        raise AssertionError(f"no tabbing reaches {selector}")


@contextmanager
def visiting(
    browser: "Browser", filled: tuple[Server, list[str]], **options: Any
) -> Iterator[Visit]:
    """Open a page of its own, and look that the browser has nothing to complain of."""
    context = browser.new_context(**{"viewport": DESK, **options})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda r: complaints.append(r.url) if r.failure != LEFT else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    yield Visit(page, *filled, complaints)
    context.close()
    assert complaints == []


@pytest.fixture
def visit(browser: "Browser", filled: tuple[Server, list[str]]) -> Iterator[Visit]:
    with visiting(browser, filled) as found:
        yield found


def permalink() -> str:
    return "/playground?match=" + Setup("nano", (IMP.decode(), DWARF.decode()), 3).link()


PLACES = {
    "table": "/",
    "searches": "/?track=search",
    "nothing found": "/?q=nobody",
    "warrior": "/entries/{0}",
    "clone": "/entries/{6}",
    "search": "/entries/{7}",
    "field": "/field",
    "match": "/match?first={0}&second=Thrower",
    "playground": "/playground",
    "fight": permalink(),
    "submit": "/submit",
    "about": "/about",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_readable(
    place: str, scheme: str, browser: "Browser", filled: tuple[Server, list[str]], axe: str
) -> None:
    """By all: no serious violation, nothing wider than a phone, at the end of a replay too."""
    with visiting(browser, filled, viewport=PHONE, color_scheme=scheme) as visit:
        visit.go(PLACES[place].format(*visit.ids))
        check_width(visit)
        check_accessible(visit, axe)
        visit.page.set_viewport_size(DESK)
        check_width(visit)
        check_accessible(visit, axe)
        if visit.page.locator("[data-replay]").count():
            visit.page.get_by_role("button", name="End", exact=True).click()
            check_accessible(visit, axe)


def check_width(visit: Visit) -> None:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visit.page.evaluate(wide) <= 0


def check_accessible(visit: Visit, axe: str) -> None:
    visit.page.evaluate(axe)
    found = visit.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    bad = [
        (row["id"], [node["html"][:200] + node["failureSummary"] for node in row["nodes"]])
        for row in found["violations"]
        if row["impact"] in ("serious", "critical")
    ]
    assert bad == []


def test_the_table_is_sorted_and_filtered(visit: Visit) -> None:
    page = visit.page
    visit.go("/")
    with page.expect_navigation():
        page.get_by_role("link", name="Points").click()
    column = page.locator("table.board tbody tr td:nth-child(3)").all_inner_texts()
    points = [float(text) for text in column]
    assert len(points) > 1
    assert points == sorted(points, reverse=True)
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    with page.expect_navigation():
        page.get_by_role("link", name="Points").click()
    column = page.locator("table.board tbody tr td:nth-child(3)").all_inner_texts()
    assert [float(text) for text in column] == points[::-1]
    page.get_by_role("searchbox").fill("SCRIPT>alert")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=SCRIPT*")
    assert "sort=points" in page.url
    assert page.locator("table.board tbody th").count() == 1
    before = page.locator("table.board tbody").inner_text()
    page.goto(page.url)
    assert page.locator("table.board tbody").inner_text() == before
    page.get_by_role("link", name=HOSTILE[0]).click()
    assert page.get_by_role("heading", level=1).inner_text() == HOSTILE[0]


def test_a_submission_bad_and_good(visit: Visit) -> None:
    page = visit.page
    visit.go("/submit")
    page.get_by_label("Redcode").fill("nop 0\nmov.q <1, 1")
    page.get_by_label("Name").fill('"Né>')
    page.get_by_role("button", name="Submit").click()
    assert "Line 2, column" in page.get_by_role("alert").inner_text()
    [told] = visit.complaints
    assert "status of 422" in told  # which is the page itself
    visit.complaints.clear()
    assert page.get_by_label("Redcode").input_value() == "nop 0\nmov.q <1, 1"
    assert page.get_by_label("Name").input_value() == '"Né>'
    page.get_by_label("Redcode").fill("nop 7\nnop 8")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("link", name="See the entry").click()
    assert page.get_by_role("heading", level=1).inner_text() == '"Né>'
    assert "queued" in page.get_by_role("status").inner_text()


def test_a_fight_of_ones_own(visit: Visit) -> None:
    page = visit.page
    visit.go("/playground")
    page.get_by_label("Redcode").first.fill(IMP.decode())
    page.get_by_label("or from the hill").nth(1).select_option("Thrower")
    page.get_by_role("button", name="Assemble and fight").click()
    page.wait_for_url("**match=*")
    page.locator("[data-replay] canvas").first.wait_for()
    assert page.locator(".letters a").count() == 60
    told = visit.state()
    visit.go(page.url.removeprefix(visit.server.address))
    assert visit.state() == told


@pytest.mark.parametrize("second", [1, "Thrower", "Spinner"])
def test_a_replay_ends_as_the_engine_does(visit: Visit, second: int | str) -> None:
    """Reached by keyboard alone, from the table of rounds to the end and back."""
    ids = (visit.ids[0], visit.ids[second] if isinstance(second, int) else second)
    with open_board(visit.server.folder) as board, board.reading() as session:
        battle = match(board, session, *ids).battle
    run = Run(battle, 1)
    while run.machine.turns < run.turns:
        run.step()
    [end] = replay(battle, [run.turns], 1)
    visit.go(f"/match?first={ids[0]}&second={ids[1]}&round=1")
    visit.focus("[data-replay] [tabindex]")
    visit.page.keyboard.press("End")
    state = visit.state()
    assert state["turn"] == state["turns"] == run.turns
    assert state["cells"] == run.machine.core().tolist()
    assert state["owner"] == end.owner.tolist()
    assert state["queues"] == [list(run.machine.queue(seat)) for seat in range(2)]
    assert state["dead"] == [turn > 0 for turn, _ in run.machine.deaths]
    told = visit.page.get_by_role("status").or_(visit.page.locator("[aria-live]")).last
    assert told.inner_text()


def test_a_replay_by_keyboard(visit: Visit) -> None:
    visit.go(permalink())
    visit.focus("[data-replay] [tabindex]")
    page, turn = visit.page, lambda: visit.state()["turn"]
    last = visit.state()["turns"]
    assert turn() == 0
    for key, expected in (
        ("ArrowRight", 1),
        ("Shift+ArrowRight", 101),
        ("ArrowLeft", 100),
        ("End", last),
        ("ArrowRight", last),
        ("Home", 0),
        ("ArrowLeft", 0),
    ):
        page.keyboard.press(key)
        assert turn() == expected
    page.keyboard.press("Space")
    wait_until(lambda: turn() > 0)
    page.keyboard.press("Space")
    stopped = turn()
    page.wait_for_timeout(300)
    assert 0 < turn() == stopped
    assert page.evaluate(
        "scrollX === 0 && document.activeElement.closest('[data-replay]') !== null"
    )


def test_nothing_of_it_needs_javascript_but_the_replayer(
    browser: "Browser", filled: tuple[Server, list[str]]
) -> None:
    with visiting(browser, filled, java_script_enabled=False) as visit:
        visit.page.goto(visit.server.address + PLACES["match"].format(*visit.ids))
        assert "needs JavaScript" in visit.page.locator("[data-replay]").inner_text()
        assert visit.page.locator(".letters a").count() > 9
