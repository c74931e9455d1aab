"""The rules of a battle: `CoreConfig` and the named rulesets."""

from dataclasses import dataclass, fields, replace
from typing import Final, Literal

Standard = Literal["94", "88"]


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """Everything about the machine that two warriors must agree on before they meet.

    Args:
        standard: instruction set, ``"94"`` (ICWS'94 draft as pMARS runs it) or ``"88"``.
        core_size: cells in the core, 2 to 65536.
        max_cycles: turns each warrior gets in a round before it is a tie.
        max_processes: longest process queue of one warrior, 1 to 65536.
        max_length: longest program, in instructions.
        min_distance: least distance between the first cells of two warriors.
        pspace_size: cells of private storage for LDP and STP, 0 for none.
        read_limit: reach of reads around the executing cell, in cells; 0 means ``core_size``.
        write_limit: reach of writes, likewise.

    Raises:
        ValueError: a value lies outside its range; the message names it.
    """

    standard: Standard = "94"
    core_size: int = 8000
    max_cycles: int = 80_000
    max_processes: int = 8000
    max_length: int = 100
    min_distance: int = 100
    pspace_size: int = 0
    read_limit: int = 0
    write_limit: int = 0

    def __post_init__(self) -> None:
        if self.standard not in ("94", "88"):
            raise ValueError(f"standard is {self.standard!r}; it must be '94' or '88'")
        for limit in ("read_limit", "write_limit"):
            if getattr(self, limit) == 0:
                object.__setattr__(self, limit, self.core_size)
        for name, low, high in (
            ("core_size", 2, 65_536),
            ("max_cycles", 1, 2**40),
            ("max_processes", 1, 65_536),
            ("max_length", 1, self.core_size),
            ("min_distance", self.max_length, self.core_size),
            ("pspace_size", 0, self.core_size),
            ("read_limit", 1, self.core_size),
            ("write_limit", 1, self.core_size),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; it must lie in {low}..{high}")
        for limit in ("read_limit", "write_limit"):
            if self.core_size % getattr(self, limit):
                raise ValueError(
                    f"{limit} is {getattr(self, limit)}; it must divide core_size {self.core_size}"
                )

    @property
    def ruleset(self) -> str:
        """Name of the equal ruleset, or ``"custom"``."""
        return next((name for name, rules in RULESETS.items() if rules == self), "custom")

    def to_dict(self) -> dict[str, int | str]:
        """Plain values, such that ``CoreConfig(**config.to_dict()) == config``."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


_NOP94 = CoreConfig()

RULESETS: Final[dict[str, CoreConfig]] = {
    "nop94": _NOP94,
    "draft94": replace(_NOP94, pspace_size=500),
    "icws88": replace(_NOP94, standard="88"),
    "tiny": CoreConfig("94", 800, 8000, 800, 20, 20),
    "nano": CoreConfig("94", 80, 800, 80, 5, 5),
}


def ruleset(name: str) -> CoreConfig:
    """The configuration called ``name``.

    Raises:
        ValueError: there is no such ruleset; the message lists them.
    """
    try:
        return RULESETS[name]
    except KeyError:
        raise ValueError(f"ruleset is {name!r}; it must be one of {', '.join(RULESETS)}") from None
