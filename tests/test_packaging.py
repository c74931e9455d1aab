"""The package as users get it: built, installed into an empty environment, and run."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SMALL_SEARCH = """
[core]
max_cycles = 500
[search]
rounds = 2
calls = 5
last_k = 2
[[nodes]]
policy = "bomber"
[[nodes]]
policy = "tinkerer"
"""
WEB = "leaderboard/web"
VERSIONS = ("3.11", "3.12", "3.13")


def installed(version: str) -> str | None:
    """A Python of this version: on the path, or kept by pyenv, whose shims may be dead ends."""
    candidates = [shutil.which(f"python{version}")]
    candidates += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for path in filter(None, candidates):
        if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    return None


PYTHONS = [path for version in VERSIONS if (path := installed(version))]


def call(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks, without anything that was built here."""
    copy = tmp_path_factory.mktemp("source")
    files = call("git", "ls-files", "-z", cwd=ROOT).split("\0")
    for name in filter(None, files):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.mark.full
@pytest.mark.parametrize("python", PYTHONS)
def test_a_wheel_builds_and_works(python: str, clean_copy: Path, tmp_path: Path) -> None:
    call(python, "-m", "venv", "env", cwd=tmp_path)
    own = tmp_path / "env" / "bin"
    call(own / "pip", "wheel", "--quiet", "--no-deps", "-w", "dist", clean_copy, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert any(name.startswith("coreenv/_mars.") and name.endswith(".so") for name in names)
    assert "coreenv/_mars.pyi" in names
    assert "coreenv/py.typed" in names
    assert not [n for n in names if n.endswith((".pyx", ".c", ".h")) or n.startswith("tests")]
    web = [f for name in ("static", "templates") for f in (clean_copy / WEB / name).iterdir()]
    assert {str(file.relative_to(clean_copy)) for file in web} <= set(names)
    call(own / "pip", "install", "--quiet", wheel, cwd=tmp_path)
    (tmp_path / "imp.red").write_text("mov 0, 1\n")
    assert "MOV.I" in call(own / "corewar", "asm", "imp.red", cwd=tmp_path)
    assert "points" in call(own / "corewar-eval", "score", "imp.red", cwd=tmp_path)
    board = subprocess.run([own / "corewar-board", "table"], capture_output=True, check=False)
    assert board.returncode == 2, "the extra was not asked for"
    assert b"corewar-dei[board]" in board.stderr
    (tmp_path / "small.toml").write_text(SMALL_SEARCH)
    call(own / "dei", "run", "small.toml", "--out", "out", cwd=tmp_path)
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.full
def test_the_source_archive_holds_the_kernel(clean_copy: Path, tmp_path: Path) -> None:
    call(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    own = tmp_path / "env" / "bin"
    call(own / "pip", "install", "--quiet", "build", cwd=tmp_path)
    call(
        own / "python", "-m", "build", "--sdist", "-o", tmp_path / "dist", clean_copy, cwd=tmp_path
    )
    (path,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"coreenv/_mars.pyx", "coreenv/_kernel.h", "setup.py"} <= names
    assert {str(p.relative_to(ROOT)) for p in (ROOT / "coreenv/hills").rglob("*.red")} <= names
