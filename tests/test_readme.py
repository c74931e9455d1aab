"""What README says is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dei_agents.parser import command_line

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
TREE = next(text for _, text in BLOCKS if text.startswith("coreenv/ "))
COMMANDS = next(text for _, text in BLOCKS if text.startswith("corewar asm"))
PROGRAMS = {
    "corewar": "coreenv.cli",
    "corewar-eval": "eval.cli",
    "corewar-board": "leaderboard.cli",
    "dei": "dei_agents.cli",
}


def tree_paths() -> list[str]:
    """The paths of the file tree; two blanks a level, several names on a line with commas."""
    folder, paths = "", []
    for line in TREE.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split(", ")
        if not line.startswith(" "):
            folder = ""
        paths += [folder + name for name in names]
        if not line.startswith(" "):
            folder = names[0]
    return paths


@pytest.mark.parametrize("path", tree_paths())
def test_the_file_tree_is_real(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("target", re.findall(r"make ([a-z-]+)", README))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    battle, environment = (text for language, text in BLOCKS if language == "python")
    exec(compile(battle, "README.md", "exec"), {})
    assert sum(map(int, capsys.readouterr().out.split())) == 100
    names: dict[str, object] = {}
    exec(compile(environment, "README.md", "exec"), names)
    assert isinstance(names["reward"], float)


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in COMMANDS.splitlines()
        if not re.match("dei |corewar-board serve", line) and "runs/" not in line  # hours, for ever
    ],
)
def test_commands_run(line: str, tmp_path: Path) -> None:
    (tmp_path / "DIR").mkdir()
    for name in ("my.red", "a.red", "b.red", "DIR/c.red"):
        (tmp_path / name).write_text("mov 0, 1\n")
    program, *arguments = line.partition("#")[0].split()
    command = [sys.executable, "-m", PROGRAMS[program], *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout or (tmp_path / "x.gif").exists()


SCALING = (ROOT / "docs" / "SCALING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", re.findall(r"^(dei .*)$", COMMANDS + SCALING, re.MULTILINE))
def test_commands_of_a_search_are_understood(line: str) -> None:
    """They take hours, a run or a cluster."""
    arguments, overrides = command_line().parse_known_args(line.partition("#")[0].split()[1:])
    assert arguments.overridable or not overrides
