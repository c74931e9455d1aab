"""The repository speaks of itself alone, and holds nothing that belongs elsewhere."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_no_path_of_one_machine_and_no_registry_address() -> None:
    forbidden = ["/" + "work/", "/" + "tmp/", "pypi" + ".org", "npmjs" + ".com"]
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, tracked.stdout.split("\0")):
        if (ROOT / name).suffix in {".png", ".gif"}:
            continue
        text = (ROOT / name).read_text(encoding="latin-1")
        assert not [word for word in forbidden if word in text], name
