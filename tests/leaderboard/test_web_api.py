"""The API keeps to what it says of itself in OpenAPI, whatever it is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.leaderboard.serving import Server

EXAMPLES = 40
"""Requests made up for each operation, beside the systematic ones."""


@pytest.mark.full
@pytest.mark.parametrize("known", [False, True], ids=["any value", "values that exist"])
def test_openapi_is_kept_to(known: bool, filled: tuple[Server, list[str]], tmp_path: Path) -> None:
    server, ids = filled
    entry = server.get(f"/api/v1/entries/{ids[0]}").json()
    values = {
        "path.id_": ids[0],
        "path.key": entry["evaluations"][0]["key"],
        "query.first": ids[0],
        "query.second": "Gate",
    }
    lines = [f'"{name}" = "{value}"\n' for name, value in values.items() if known]
    (tmp_path / "schemathesis.toml").write_text("".join(["[parameters]\n", *lines]))
    command = [sys.executable, "-m", "schemathesis.cli"]
    options = ["--seed", "1", "--generation-database", "none", "--no-color"]
    options += ["--max-examples", f"{EXAMPLES // 4 if known else EXAMPLES}"]
    # What fits the schema may still be refused: that is no schema of Redcode.
    options += ["--exclude-checks", "positive_data_acceptance"]
    done = subprocess.run(
        [*command, "run", f"{server.address}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    methods = server.get("/openapi.json").json()["paths"].values()
    assert f"Tested: {sum(map(len, methods))}\n" in done.stdout
    assert "Missing test data" not in done.stdout or not known
