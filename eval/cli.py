"""The command `corewar-eval`: score warriors against a hill, and look at the hill."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from coreenv.config import CoreConfig, ruleset
from coreenv.hill import Hill, Split, open_hill
from coreenv.redcode import AssemblyError, Warrior, assemble
from eval.generality import Generality, generality
from eval.protocol import QUICK


class InputError(ValueError):
    """Bad input; the text is what the user reads, one fault a line."""


def score(
    files: Annotated[tuple[Path, ...], tyro.conf.Positional],
    *,
    hill: str = "v1",
    split: Split = "test",
    seed: int = 0,
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> None:
    """Score warriors one against one with every member of a split.

    Args:
        files: Redcode files.
        hill: a bundled hill, or a directory with a hill.toml.
        split: which of its splits.
        seed: seed of the placements.
        as_json: print the stored numbers as JSON.
    """
    opponents = _hill(hill)
    config = ruleset(opponents.ruleset)
    warriors = _warriors(files, config)
    scores = generality(
        warriors, opponents, config, QUICK, split=split, seed=seed, threads=os.cpu_count() or 1
    )
    if as_json:
        print(json.dumps([s.model_dump() for s in scores], indent=1))
    else:
        _print_scores(scores)


def hill(
    action: Annotated[str, tyro.conf.Positional] = "list",
    *,
    path: str = "v1",
) -> None:
    """List a hill's members, or verify that they are what its manifest says.

    Args:
        action: ``list`` or ``verify``.
        path: a bundled hill, or a directory with a hill.toml.
    """
    if action not in ("list", "verify"):
        raise InputError(f"action is {action!r}; it must be list or verify")
    found = _hill(path)
    if action == "list":
        for member in found.members:
            print(f"{member.split:<5} {member.warrior_class:<14} {member.name}")
    print(f"{found.name} {found.version}: {len(found.members)} warriors, hash {found.hash[:16]}")


def _hill(name: str) -> Hill:
    try:
        found = open_hill(name)
        found.verify()
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None
    return found


def _warriors(files: Sequence[Path], config: CoreConfig) -> list[Warrior]:
    if not files:
        raise InputError("name at least one Redcode file")
    warriors, faults = [], []
    for file in files:
        try:
            warriors.append(assemble(file.read_bytes(), config))
        except OSError as error:
            faults.append(f"{file}: {error.strerror}")
        except AssemblyError as error:
            faults.extend(f"{file}: {rejection}" for rejection in error.rejections)
    if faults:
        raise InputError("\n".join(faults))
    return warriors


def _print_scores(scores: Sequence[Generality]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    first = scores[0]
    opponents = f"{len(first.pairs)} {first.split} warriors of hill {first.hill}"
    table = Table(title=f"against {opponents}, {first.pairs[0].rounds} rounds each")
    table.add_column("warrior")
    for heading in ("points", "won %", "tied %", "lost %"):
        table.add_column(heading, justify="right")
    table.add_column("worst class")
    for s in sorted(scores, key=lambda s: -s.points):
        classes = s.class_points()
        worst = min(classes, key=lambda name: classes[name])
        table.add_row(
            Text(s.name),
            f"{s.points:.1f}",
            f"{100 * s.win_share:.1f}",
            f"{100 * s.tie_share:.1f}",
            f"{100 * s.losses / s.rounds:.1f}",
            f"{worst} ({classes[worst]:.0f})",
        )
    Console().print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 2 bad input."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            {"score": score, "hill": hill}, args=argv, prog="corewar-eval", description=__doc__
        )
    except InputError as error:
        for line in str(error).splitlines():
            print(f"corewar-eval: {line}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
