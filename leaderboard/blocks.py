"""Blocks: the units of an evaluation, each known by its opponent and its number."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from coreenv.battle import Battle
from eval.units import UnitStore, blocks, unit_name


class Place(NamedTuple):
    """Where a block belongs: canonical id of the opponent, and which of its blocks it is."""

    opponent: str
    block: int


Keep = Callable[[dict[Place, str]], None]
"""Told the outcomes of blocks as soon as they are known."""


class Blocks(UnitStore):
    """Units in memory that are also kept by their places.

    Args:
        kept: outcomes that are known from before; they are not fought again.
        keep: gets the new ones; what it raises ends the work.
    """

    def __init__(self, kept: Mapping[Place, str] | None = None, keep: Keep | None = None) -> None:
        super().__init__()
        self._kept, self._keep = kept or {}, keep
        self._places: dict[str, Place] = {}

    def expect(self, places: Mapping[str, Place]) -> None:
        """Say where units belong, before any of them is added."""
        self._places |= places
        known = {unit: self._kept[at] for unit, at in places.items() if at in self._kept}
        super().add(known)

    def add(self, outcomes: dict[str, str]) -> None:
        """Keep new units."""
        if self._keep is not None:
            self._keep({self._places[unit]: outcome for unit, outcome in outcomes.items()})
        super().add(outcomes)

    @property
    def outcomes(self) -> dict[Place, str]:
        """All that is known."""
        return {place: self[unit] for unit, place in self._places.items() if unit in self}


def places(duels: Sequence[Battle]) -> dict[str, Place]:
    """The units of duels, and where they belong."""
    return {
        unit_name(block): Place(duel.warriors[1].id, number)
        for duel in duels
        for number, block in enumerate(blocks(duel))
    }
