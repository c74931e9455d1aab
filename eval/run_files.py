"""What the evaluation reads of a search: a run folder with its record, or an archive alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from coreenv.config import CoreConfig, ruleset
from coreenv.measures import Cell
from eval.archive import Archive, ArchiveRecord, EliteRecord
from eval.record import Event, EventReader, NodeView, RoundStarted

ARCHIVE_SEED = 0
"""Seed of the common placements of an archive that comes without its run."""


class _Part(BaseModel):
    """A part of ``config.json``: only what is needed here, whatever else there is."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Core(_Part):
    ruleset: str
    max_cycles: int | None


class _Search(_Part):
    placements: int = Field(ge=1)
    initial_opponents: tuple[str, ...]


class _Evaluation(_Part):
    hill: str


class _Node(_Part):
    policy: str
    model: str | None = None


class _Config(_Part):
    name: str
    seed: int = Field(ge=0)
    core: _Core
    search: _Search
    evaluation: _Evaluation
    nodes: tuple[_Node, ...]

    @property
    def rules(self) -> CoreConfig:
        rules, cycles = ruleset(self.core.ruleset), self.core.max_cycles
        return rules if cycles is None else replace(rules, max_cycles=cycles)


@dataclass(frozen=True, slots=True)
class Claim:
    """An elite as it was found in a final archive.

    Attributes:
        record: with the fitness and behaviour that its battles gave it there.
        node: whose archive that is; None if it came without a run.
        round: whose opponents it met there; None likewise.
    """

    record: EliteRecord
    node: int | None = None
    round: int | None = None

    @property
    def cell(self) -> Cell:
        return self.record.cell

    @property
    def fitness(self) -> float:
        return self.record.fitness


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How a search came to its archives.

    Attributes:
        views: every node, as its events tell it.
        events: of every node, in order.
        operators: of every node, as tables call it.
        placements: battles an evaluation.
        hill: bundled version, or folder.
        initial: opponents of every round, members of the hill or files.
    """

    views: tuple[NodeView, ...]
    events: tuple[tuple[Event, ...], ...]
    operators: tuple[str, ...]
    placements: int
    hill: str
    initial: tuple[str, ...]

    def opponents(self, node: int, round_: int) -> tuple[str, ...]:
        """Canonical ids of those whom a node's candidates met in a round."""
        for event in self.events[node]:
            if isinstance(event, RoundStarted) and event.round == round_:
                return event.opponents
        raise ValueError(f"the record of node {node} has no round {round_}")


@dataclass(frozen=True, slots=True)
class Search:
    """What a search left.

    Attributes:
        name: the path it was read from.
        seed: of the run; `ARCHIVE_SEED` for an archive alone.
        config: the rules.
        claims: all nodes' final elites, node by node in order of their cells.
        record: None for an archive alone.
    """

    name: str
    seed: int
    config: CoreConfig
    claims: tuple[Claim, ...]
    record: RunRecord | None

    @property
    def claimed(self) -> Archive[Claim]:
        """All final archives merged by claimed fitness; of equals the first node's stays [S]."""
        return Archive(self.claims)


def open_search(path: Path) -> Search:
    """Read a run folder, or an archive such as ``archive.json``.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is neither of the two, or damaged.
    """
    return _run(path) if path.is_dir() else _archive(path)


def _archive(path: Path) -> Search:
    try:
        record = ArchiveRecord.model_validate_json(path.read_bytes())
        config = CoreConfig(**record.core)  # type: ignore[arg-type]  # checked there
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is no archive and no run folder: {error}") from None
    claims = tuple(map(Claim, record.elites))
    return Search(str(path), ARCHIVE_SEED, config, claims, None)


def _run(folder: Path) -> Search:
    path = folder / "config.json"
    if not path.is_file():
        raise ValueError(f"{folder} is no run folder: it has no config.json")
    try:
        config = _Config.model_validate_json(path.read_bytes())
        rules = config.rules
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    record = _record(folder, config)
    claims = tuple(claim for view in record.views for claim in _claims(view))
    return Search(str(folder), config.seed, rules, claims, record)


def _record(folder: Path, config: _Config) -> RunRecord:
    views, events = [], []
    for node in range(len(config.nodes)):
        view = NodeView(node)
        told = EventReader(folder / "events" / f"node-{node}.jsonl").read()
        for event in told:
            view.apply(event)
        views.append(view)
        events.append(tuple(told))
    return RunRecord(
        views=tuple(views),
        events=tuple(events),
        operators=tuple(node.model or node.policy for node in config.nodes),
        placements=config.search.placements,
        hill=config.evaluation.hill,
        initial=config.search.initial_opponents,
    )


def _claims(view: NodeView) -> Iterator[Claim]:
    """A node that was cut off in a round has elites of that round and of the one before."""
    for record in view.final:
        current = record.cell in view.archive and view.archive[record.cell] is record
        yield Claim(record, view.node, view.round if current else view.round - 1)
