"""What the arguments of both environments mean: rules, opponents, starting warriors, seeds.

The game, apart from either API: each agent owns a warrior. A step edits it; then the warriors fight
a seeded set of battles, the same set throughout an episode. What they made of it, and how agents
see that, is in `coreenv.view`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from coreenv.battle import check_warrior
from coreenv.config import CoreConfig, ruleset
from coreenv.edits import Edits
from coreenv.hill import Split, bundled
from coreenv.redcode import AssemblyError, Warrior, assemble

Opponent = Warrior | Callable[[Warrior, np.random.Generator], Warrior]
"""A warrior, or a function that answers the agent's warrior with one, each step anew."""

HILL: Final = "v1"
"""The hill whose warriors an agent meets unless told otherwise."""


def rules(name: str | CoreConfig) -> CoreConfig:
    """
    Raises:
        ValueError: ``name`` is no ruleset; the message lists them.
    """
    return name if isinstance(name, CoreConfig) else ruleset(name)


def checked(name: str, value: int, least: int = 1) -> int:
    """
    Raises:
        ValueError: ``value`` is less than ``least``.
    """
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}")
    return value


def check_choice(name: str, value: object, allowed: Sequence[object]) -> None:
    """
    Raises:
        ValueError: ``value`` is none of ``allowed``.
    """
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}")


def start_warrior(start: Warrior | str | Path | None, edits: Edits) -> Warrior:
    """What an agent begins with: a warrior, a Redcode file, or our Imp.

    Raises:
        ValueError: it does not assemble, or does not suit what edits may make.
    """
    if start is None:
        return assemble(bundled(HILL).warrior("Imp").source, edits.source_rules)
    warrior = start if isinstance(start, Warrior) else _from_file(start, edits.source_rules)
    check_warrior(warrior, edits.source_rules)
    return warrior


def opponents(
    choice: str | Sequence[Opponent | str | Path], config: CoreConfig
) -> tuple[Opponent, ...]:
    """The opponents that ``choice`` names.

    Args:
        choice: a split of the bundled hill, or a sequence of warriors, Redcode files and
            callables. Of a split with members that re-score archives (``common_opponents``, 8 of
            ``"dev"``) it is these, of another all members.
        config: the rules they must suit.

    Raises:
        ValueError: an unknown or empty split, a file that does not assemble, or a warrior that
            does not suit the rules.
    """
    if isinstance(choice, str):
        found: Sequence[Opponent] = _of_split(choice, config)
    else:
        found = [_from_file(o, config) if isinstance(o, str | Path) else o for o in choice]
    if not found:
        raise ValueError(f"opponents is {choice!r}, and so there are none; name at least one")
    for opponent in found:
        if isinstance(opponent, Warrior):
            check_warrior(opponent, config)
        elif not callable(opponent):
            raise ValueError(
                f"opponent {opponent!r} is neither a Warrior, nor a path, nor a callable"
            )
    return tuple(found)


def _of_split(split: str, config: CoreConfig) -> tuple[Warrior, ...]:
    hill = bundled(HILL)
    written_for = ruleset(hill.ruleset)
    splits = [s for s in get_args(Split) if hill.split(s)]
    if split not in splits:
        raise ValueError(
            f"opponents is {split!r}; it must be one of {', '.join(splits)}, or a sequence of "
            "warriors, files and callables"
        )
    if config.core_size != written_for.core_size:
        raise ValueError(
            f"the ruleset has core_size {config.core_size}; hill {hill.version} is written for "
            f"{written_for.core_size}: give opponents as a sequence of your own"
        )
    names = [member.name for member in hill.split(split)]  # type: ignore[arg-type]
    common = [name for name in names if name in hill.common_opponents]
    return hill.warriors(common or names)


def _from_file(path: str | Path, config: CoreConfig) -> Warrior:
    try:
        return assemble(Path(path).read_bytes(), config)
    except AssemblyError as error:
        raise ValueError(f"{path} does not assemble:\n{error}") from error


def draw_seeds(generator: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Position seeds in 1..2**31-2."""
    return generator.integers(1, 2**31 - 1, size=count, dtype=np.int64)
