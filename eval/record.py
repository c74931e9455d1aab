"""The run record: what happened in a search, event by event, and a view folded from it.

Every node appends to a file of its own, ``events/node-N.jsonl``, one JSON object a line; the
ensemble appends to ``events/ensemble.jsonl``. Nothing else is needed to show a run, live or
later: progress display, merged archive and report all read these events.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from coreenv.redcode import Rejection
from eval.archive import Archive, EliteRecord, Placed

Outcome = Literal["placed", "beaten", "duplicate", "rejected"]
"""What became of a proposal: `beaten` means its cell holds a warrior at least as fit."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: float = 0.0
    """Wall-clock time, seconds since 1970; for people only, never part of a result."""


class NodeStarted(_Event):
    event: Literal["node_started"] = "node_started"
    node: int
    operator: str


class Received(BaseModel):
    """A champion of a peer, as a node took it from the exchange."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: int
    round: int
    elite: EliteRecord
    fills: bool
    """True if its cell was empty in the receiver's previous archive: DEI's niche novelty [S]."""


class RoundStarted(_Event):
    event: Literal["round_started"] = "round_started"
    round: int
    received: tuple[Received, ...]
    lost: int
    opponents: tuple[str, ...]


class Seeded(_Event):
    """A champion of an earlier round, scored against this round's opponents; costs no call."""

    event: Literal["seeded"] = "seeded"
    round: int
    elite: EliteRecord
    placed: Placed | None


class Called(_Event):
    """One call of the mutation policy."""

    event: Literal["called"] = "called"
    round: int
    call: int
    kind: Literal["new", "mutate"]
    parent: str | None
    source: str
    outcome: Outcome
    placed: Placed | None = None
    elite: EliteRecord | None = None
    rejections: tuple[Rejection, ...] = ()


class Published(_Event):
    """The end of a round: its champion, re-scored on fresh placements, was published."""

    event: Literal["published"] = "published"
    round: int
    elite: EliteRecord
    claimed: float
    """The fitness it had in the archive; ``elite`` holds the corrected one."""


class RoundEnded(_Event):
    event: Literal["round_ended"] = "round_ended"
    round: int


class NodeFinished(_Event):
    event: Literal["node_finished"] = "node_finished"
    node: int


class NodeDied(_Event):
    """Written by the ensemble when a node's process ended without finishing."""

    event: Literal["node_died"] = "node_died"
    node: int
    exit_code: int


Event = (
    NodeStarted | RoundStarted | Seeded | Called | Published | RoundEnded | NodeFinished | NodeDied
)

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


class EventReader:
    """Reads an event file as it grows.

    A last line without its newline is still being written, or was cut off by a kill: it is left
    for the next read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read(self) -> list[Event]:
        """The events appended since the last call; none if the file does not exist yet.

        Raises:
            ValueError: a complete line is not an event; the message names file and fault.
        """
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        try:
            return [_EVENT.validate_json(line) for line in whole.splitlines()]
        except ValueError as error:
            raise ValueError(f"{self.path} is damaged: {error}") from error


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The state of a node's archive after so many calls. It starts afresh every round."""

    round: int
    calls: int
    qd_score: float
    cells: int
    best: float


@dataclass(slots=True)
class NodeView:
    """One node as its events tell it."""

    node: int
    operator: str = ""
    round: int = 0
    calls: int = 0
    state: Literal["waiting", "running", "finished", "dead"] = "waiting"
    archive: Archive[EliteRecord] = field(default_factory=Archive)
    """The archive of the current round, as far as it has come."""
    completed: Archive[EliteRecord] = field(default_factory=Archive)
    """The archive of the last round that ended."""
    published: list[Published] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    lost: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    curve: list[CurvePoint] = field(default_factory=list)

    @property
    def final(self) -> Archive[EliteRecord]:
        """What the node brings to the merged archive.

        That is the archive of its last completed round [S]. A node that died in the middle of a
        round also brings what it had placed there: those calls were paid for.
        """
        return Archive.merged((self.completed, self.archive))

    @property
    def best(self) -> float:
        champion = self.archive.champion or self.completed.champion
        return champion.fitness if champion else 0.0

    def apply(self, event: Event) -> None:
        """Take the next event of this node into account."""
        match event:
            case NodeStarted():
                self.operator, self.state = event.operator, "running"
            case RoundStarted():
                self.round, self.archive, self.lost = event.round, Archive(), event.lost
                self.received.extend(event.received)
            case Seeded():
                self._place(event.elite, event.placed)
            case Called():
                self._called(event)
            case Published():
                self.published.append(event)
            case RoundEnded():
                self.completed = self.archive
            case NodeFinished():
                self.state = "finished"
            case NodeDied():
                self.state = "dead"

    def _called(self, event: Called) -> None:
        self.calls += 1
        self.outcomes[event.outcome] += 1
        self.rejections.update(event.rejections[0].reason for _ in event.rejections[:1])
        if event.elite is not None:
            self._place(event.elite, event.placed)
        champion = self.archive.champion
        best = champion.fitness if champion else 0.0
        point = CurvePoint(self.round, self.calls, self.archive.qd_score, len(self.archive), best)
        self.curve.append(point)

    def _place(self, elite: EliteRecord, placed: Placed | None) -> None:
        if placed is not None:
            self.archive.put(elite)
