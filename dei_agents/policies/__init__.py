"""Mutation policies. `builtin` gives the four operators that need no language model."""

from importlib import import_module
from typing import Final, cast

from dei_agents.policy import MutationPolicy

BUILTIN: Final = ("bomber", "replicator", "scanner", "tinkerer")
"""Names of the built-in operators; each lives in the module of its name."""


def builtin(name: str) -> MutationPolicy:
    """The built-in operator called ``name``, loaded when first asked for.

    Raises:
        ValueError: there is no such operator; the message lists them.
    """
    if name not in BUILTIN:
        raise ValueError(f"built-in operator is {name!r}; it must be one of {', '.join(BUILTIN)}")
    module = import_module(f"{__name__}.{name}")
    return cast(MutationPolicy, getattr(module, name.upper()))
