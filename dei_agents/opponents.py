"""The initial opponents of a search, by name or by file."""

from collections.abc import Sequence
from pathlib import Path

from coreenv.config import CoreConfig
from coreenv.hill import Hill
from coreenv.redcode import AssemblyError, Warrior, assemble
from dei_agents.config import ConfigError


def initial_opponents(names: Sequence[str], hill: Hill, config: CoreConfig) -> tuple[Warrior, ...]:
    """Find the warriors that every round of a search meets.

    A name that ends in ``.red`` is a file, any other a member of the hill's dev split: a search
    never meets a warrior of the test split.

    Raises:
        ConfigError: no such member or file, a member held out for the test, or a file that does
            not assemble.
    """
    return tuple(_opponent(name, hill, config) for name in names)


def _opponent(name: str, hill: Hill, config: CoreConfig) -> Warrior:
    if name.endswith(".red"):
        try:
            return assemble(Path(name).read_bytes(), config)
        except OSError as error:
            raise ConfigError(f"search.initial_opponents: {name}: {error.strerror}") from None
        except AssemblyError as error:
            raise ConfigError(f"search.initial_opponents: {name}: {error.rejections[0]}") from None
    dev = [member.name for member in hill.split("dev")]
    if name not in dev:
        raise ConfigError(
            f"search.initial_opponents: {name!r} is not in the dev split of hill {hill.name}; "
            f"it has {', '.join(dev)}, or name a .red file"
        )
    # Assembled again: the hill is written for its own ruleset, the search may have another.
    try:
        return assemble(hill.warrior(name).source, config)
    except AssemblyError as error:
        raise ConfigError(
            f"search.initial_opponents: {name} does not fit these rules: {error.rejections[0]}"
        ) from None
