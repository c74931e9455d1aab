"""Hills of a few warriors whose battles can be worked out in the head."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coreenv.config import ruleset
from coreenv.hill import Hill, Member, open_hill
from coreenv.redcode import assemble

Sources = dict[str, tuple[str, str, str]]
"""Class, split and code by name."""

MakeHill = Callable[[str, Sources], Hill]

SIMPLE: Sources = {
    "Hole": ("clear", "test", "dat 0, 0"),
    "Sitter": ("imp", "test", "jmp 0"),
    "Waiter": ("imp", "test", "jmp 0, 1"),
    "Crawler": ("imp", "dev", "mov 0, 1"),
}


@pytest.fixture
def make_hill(tmp_path: Path) -> MakeHill:
    """Writes a hill to a folder of its own. All its dev members are its opponents."""

    def make(rules: str, sources: Sources) -> Hill:
        folder = tmp_path / f"hill-{rules}"
        folder.mkdir()
        members = []
        for name, (kind, split, code) in sources.items():
            text = f";name {name}\n;author nobody\n{code}\n"
            (folder / f"{name}.red").write_text(text)
            id_ = assemble(text, ruleset(rules)).id
            members.append(Member(f"{name}.red", name, kind, name, "nobody", "own", split, id_))
        dev = tuple(member.name for member in members if member.split == "dev")
        made = Hill(folder, "toy", "v0", rules, 1, dev, dev, dev, tuple(members))
        (folder / "hill.toml").write_text(made.to_toml())
        return open_hill(str(folder))

    return make


@pytest.fixture
def simple(make_hill: MakeHill) -> Hill:
    """Three test members in two classes, and one dev member, on nop94."""
    return make_hill("nop94", SIMPLE)
