"""Final elites measured once more against the opponents they were chosen against.

An archive keeps the best of many candidates at one set of placements, and the best of many is
partly the luckiest. What it claims is therefore too much; what is left of it on placements that
nobody was chosen on is the corrected archive.
"""

from collections.abc import Iterator
from pathlib import Path

from coreenv.config import CoreConfig
from coreenv.hill import Hill, open_hill
from coreenv.measures import Evaluation, evaluate
from coreenv.redcode import AssemblyError, Warrior, assemble
from coreenv.seeds import Domain, position_seed
from eval.archive import EliteRecord
from eval.record import Called, Event, Published, RoundStarted, Seeded
from eval.run_files import Claim, RunRecord, Search


def corrected_evaluations(search: Search, *, threads: int = 1) -> list[Evaluation]:
    """What every claim's battles give on fresh placements, against the same opponents.

    Placements are those of scheme `pmars` also where the search used `drq`, which has only one
    set of them.

    Args:
        search: with its record.
        threads: how many elites are measured at once; the result does not depend on it.

    Returns:
        One evaluation a claim, in their order.

    Raises:
        ValueError: an opponent's program is not to be found; the message names it.
    """
    record = search.record
    assert record is not None, "an archive alone does not say whom its elites met"
    pool = Opponents(record, search.config)
    found: dict[Claim, Evaluation] = {}
    for node, round_ in sorted({(c.node, c.round) for c in search.claims if c.node is not None}):
        assert round_ is not None, "where there is a node there is a round"
        claims = [c for c in search.claims if (c.node, c.round) == (node, round_)]
        evaluations = evaluate(
            [claim.record.to_elite(search.config).warrior for claim in claims],
            pool.of(node, round_),
            search.config,
            placements=record.placements,
            seed=position_seed(search.seed, Domain.CORRECTED, node, round_),
            threads=threads,
        )
        found |= zip(claims, evaluations, strict=True)
    return [found[claim] for claim in search.claims]


class Opponents:
    """Finds the programs behind the ids of a record: champions in its events, initial ones."""

    def __init__(self, record: RunRecord, config: CoreConfig) -> None:
        hill = open_hill(record.hill)
        self._record, self._config = record, config
        self._elites = {e.id: e for events in record.events for e in _elites(events)}
        self._missing: list[str] = []
        self._initial: dict[str, Warrior] = {}
        for name in record.initial:
            warrior = self._find(name, hill)
            if warrior is not None:
                self._initial[warrior.id] = warrior

    def of(self, node: int, round_: int) -> tuple[Warrior, ...]:
        """The opponents of a node's candidates in a round, in the order of the core.

        Raises:
            ValueError: a program is not to be found.
        """
        ids = self._record.opponents(node, round_)
        if unknown := [i for i in ids if i not in self._initial and i not in self._elites]:
            why = "".join(f"; {fault}" for fault in self._missing)
            raise ValueError(
                f"no program is known for opponents {', '.join(i[:12] for i in unknown)} of node "
                f"{node}, round {round_}: no elite of the record, and none of its "
                f"search.initial_opponents as they are now{why}"
            )
        return tuple(self._initial.get(i) or self._warrior(i) for i in ids)

    def _warrior(self, id_: str) -> Warrior:
        return self._elites[id_].to_elite(self._config).warrior

    def _find(self, name: str, hill: Hill) -> Warrior | None:
        """An initial opponent by name; keeps the reason if there is none."""
        try:
            source = Path(name).read_bytes() if name.endswith(".red") else hill.warrior(name).source
            return assemble(source, self._config)
        except OSError as error:
            self._missing.append(f"{name}: {error.strerror}; stand where the search was started")
        except KeyError:
            self._missing.append(f"{name} is no member of hill {hill.name} {hill.version}")
        except AssemblyError as error:
            self._missing.append(f"{name} does not assemble: {error.rejections[0]}")
        return None


def _elites(events: tuple[Event, ...]) -> Iterator[EliteRecord]:
    for event in events:
        match event:
            case RoundStarted():
                yield from (received.elite for received in event.received)
            case Seeded() | Published():
                yield event.elite
            case Called(elite=EliteRecord() as elite):
                yield elite
