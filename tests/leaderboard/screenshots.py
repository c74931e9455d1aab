"""Pictures of a board for the documentation: the table, an entry, and a battle at its end.

python -m tests.leaderboard.screenshots BOARD ENTRY OPPONENT, with the folder of a board that
is filled, the id of an entry, and the name of a member of its hill.
"""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

from tests.leaderboard.serving import Server, serving

DOCS = Path(__file__).parents[2] / "docs"
SIZE = {"width": 1200, "height": 900}


def take(server: Server, entry: str, opponent: str, folder: Path = DOCS) -> None:
    """Write board.png, warrior.png and replay.png."""
    from playwright.sync_api import sync_playwright

    fight = "/match?" + urlencode({"first": entry, "second": opponent}) + "#replay"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"] if os.getuid() == 0 else [],
        )
        page = browser.new_page(viewport=SIZE)
        for name, path in (("board", "/"), ("warrior", f"/entries/{entry}"), ("replay", fight)):
            page.goto(server.address + path)
            if name == "replay":
                page.get_by_role("button", name="End", exact=True).click()
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    with serving(Path(sys.argv[1])) as served:
        take(served, *sys.argv[2:4])
