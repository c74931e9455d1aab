"""The command without the libraries of its extra."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys
sys.modules[{library!r}] = None
from leaderboard.command import main
sys.argv = ["corewar-board", "table"]
sys.exit(main())
"""


@pytest.mark.parametrize("library", ["sqlalchemy", "cryptography", "leaderboard.board"])
def test_a_missing_library_is_named_with_what_to_do(library: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(library=library)],
        capture_output=True,
        text=True,
        check=False,
    )
    if library == "leaderboard.board":  # a fault of ours, to be seen as one
        assert "Traceback" in done.stderr
        return
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert library in line
    assert "pip install 'corewar-dei[board]'" in line
