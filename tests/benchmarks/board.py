"""The leaderboard with a thousand entries, and what a standard evaluation costs."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from coreenv.config import ruleset
from coreenv.hill import bundled
from eval.generality import generality
from eval.protocol import Protocol
from leaderboard.board import open_board
from tests.benchmarks.conftest import cpu_seconds
from tests.leaderboard.boards import make_board
from tests.leaderboard.serving import MANY, serving
from tests.leaderboard.test_ranking import fill

ENTRIES: Final = 1000
PAGE_GOAL: Final = 0.3
EVALUATION_GOAL: Final = 10.0
LOOKS: Final = 9


def page_seconds() -> float:
    """CPU seconds of the server for its table of a thousand entries."""
    with TemporaryDirectory() as name:
        folder = make_board(Path(name) / "board", "nop94", **{**MANY, "hills": ["v1"]})
        with open_board(folder) as board:
            fill(board, ENTRIES)
        with serving(folder) as server:
            took = []
            for _ in range(LOOKS):
                began = server.cpu_seconds()
                assert server.get("/").status == 200
                took.append(server.cpu_seconds() - began)
    return min(took)


def evaluation_seconds() -> float:
    """CPU seconds of a standard evaluation; of the hill's common opponents the slowest."""
    hill = bundled("v1")
    rules, protocol = ruleset(hill.ruleset), Protocol("standard")
    return max(
        cpu_seconds(partial(generality, [warrior], hill, rules, protocol))
        for warrior in hill.warriors(hill.common_opponents)
    )


def rows() -> list[tuple[tuple[str, ...], bool]]:
    """Lines of a table, each with whether its goal was met."""
    page, evaluation = page_seconds(), evaluation_seconds()
    table = (f"the table of {ENTRIES} entries, s", f"**{page:.2f}**", f"{PAGE_GOAL}")
    score = ("a standard evaluation, s", f"**{evaluation:.1f}**", f"{EVALUATION_GOAL:.0f}")
    return [(table, page < PAGE_GOAL), (score, evaluation < EVALUATION_GOAL)]
