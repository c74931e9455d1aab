"""The run record: what happened in a search, event by event, and a view folded from it.

Every node appends to a file of its own, ``events/node-N.jsonl``, one JSON object a line; the
ensemble appends to ``events/ensemble.jsonl``. Nothing else is needed to show a run, live or
later: progress display, merged archive and report all read these events.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from coreenv.measures import Versus
from coreenv.redcode import Rejection
from eval.archive import Archive, EliteRecord, Placed

State = Literal["waiting", "running", "finished", "spent", "halted", "dead"]
"""Of a node, as its record tells it."""

Outcome = Literal["placed", "beaten", "duplicate", "rejected", "refused", "truncated", "failed"]
"""What became of a call: `beaten` means its cell holds a warrior at least as fit; `rejected` did
not assemble; then the model would not answer, stopped before there was a program that assembles,
or was not reached."""

Fault = Literal[
    "timeout",  # the deadline of the call passed
    "dropped",  # the connection broke after the request was sent
    "garbled",  # status 200, but no completion: HTML, broken JSON, an empty object
    "unreachable",  # no connection, after all retries
    "rate_limit",  # 429 after all retries, or a Retry-After over the cap
    "server",  # 5xx after all retries
    "key",  # 401 or 403
    "model",  # no such model
    "quota",  # the account is out of credit
    "request",  # the server will never take such a request
]
"""Why a request brought no completion."""

UNCERTAIN: frozenset[Fault] = frozenset({"timeout", "dropped", "garbled"})
"""The provider may have charged for these: the budget takes them at their worst case."""

FATAL: frozenset[Fault] = frozenset({"key", "model", "quota", "request"})
"""The next request would end the same way: the node stops asking."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: float = 0.0
    """Wall-clock time, seconds since 1970; for people only, never part of a result."""


class Usage(BaseModel):
    """Tokens of a completion, as the provider counts them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


NO_TOKENS = Usage(input_tokens=0, output_tokens=0)


class Answer(BaseModel):
    """What became of one request to a language model. Never holds a key.

    Attributes:
        status: `truncated` answers hold text up to the output limit.
        text: what the model wrote, or its words of refusal.
        fault: why the request failed, None unless it did.
        detail: the provider's or the system's own words about that, shortened.
        model: as the provider names what answered; empty if it did not say.
        request_id: the provider's name for the request, to ask it by.
        usage: None if the provider did not say.
        sends: HTTP requests made, retries included.
        seconds: from the first send to the end of the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["complete", "truncated", "refused", "failed"]
    text: str = ""
    fault: Fault | None = None
    detail: str = ""
    model: str = ""
    request_id: str | None = None
    usage: Usage | None = None
    sends: int = 1
    seconds: float = 0.0


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
    versus: tuple[Versus, ...]


class Asked(_Event):
    """A request is about to be sent; on disk before it is.

    Attributes:
        lost: how many requests of this call a kill left without an answer.
        prompt: SHA-256 of the prompt.
        model: as configured.
        settings: everything sent beside the prompt.
        worst: the most it can cost, in tokens, and in millionths of a dollar if the price is known.
    """

    event: Literal["asked"] = "asked"
    round: int
    call: int
    lost: int
    prompt: str
    model: str
    settings: dict[str, JsonValue]
    worst: Usage
    worst_micro_usd: int | None


class Answered(_Event):
    """The answer to the `Asked` of the same call; on disk before it is used.

    Attributes:
        micro_usd: what it cost, None if the price is unknown.
        uncertain: cost taken at its worst because the provider gave no figure.
    """

    event: Literal["answered"] = "answered"
    round: int
    call: int
    answer: Answer
    micro_usd: int | None
    uncertain: bool


class Called(_Event):
    """One call of a mutation policy, judged.

    Attributes:
        operator: name of the policy that was called.
        parent: canonical id of the elite that was to be mutated.
        source: the proposal, as far as there is one.
        elite, versus: what its battles found, if it fought; one `Versus` an opponent of the round.
    """

    event: Literal["called"] = "called"
    round: int
    call: int
    operator: str
    kind: Literal["new", "mutate", "repair"]
    parent: str | None
    source: str
    outcome: Outcome
    placed: Placed | None = None
    elite: EliteRecord | None = None
    versus: tuple[Versus, ...] = ()
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


class Halted(_Event):
    """The node ends here, before its time; a resumed search goes on from the same call.

    Attributes:
        call: the first call of the round that was not judged.
        budget: True if a budget is spent, False if a provider does not answer.
        reason: why, and what to do.
    """

    event: Literal["halted"] = "halted"
    round: int
    call: int
    budget: bool
    reason: str


class NodeFinished(_Event):
    event: Literal["node_finished"] = "node_finished"
    node: int


class NodeDied(_Event):
    """Written by the ensemble when a node's process ended without finishing."""

    event: Literal["node_died"] = "node_died"
    node: int
    exit_code: int


Event = (
    NodeStarted
    | RoundStarted
    | Seeded
    | Asked
    | Answered
    | Called
    | Halted
    | Published
    | RoundEnded
    | NodeFinished
    | NodeDied
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
class ModelTally:
    """What one node's calls of one language model came to."""

    calls: int = 0
    usage: Usage = NO_TOKENS
    micro_usd: int = 0
    uncertain_micro_usd: int = 0
    """The part of ``micro_usd`` that was taken at its worst."""
    priced: bool = True
    """False once an answer came whose price is unknown."""
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def add(self, event: Answered, spent: Usage) -> None:
        self.calls += 1
        self.usage = self.usage.plus(spent)
        self.charge(event.micro_usd, uncertain=event.uncertain)
        self.seconds.append(event.answer.seconds)
        self.statuses[event.answer.status] += 1
        if event.answer.fault:
            self.faults[event.answer.fault] += 1

    def merge(self, other: "ModelTally") -> None:
        """Add another node's tally of the same model."""
        self.calls += other.calls
        self.usage = self.usage.plus(other.usage)
        self.micro_usd += other.micro_usd
        self.uncertain_micro_usd += other.uncertain_micro_usd
        self.priced &= other.priced
        self.seconds += other.seconds
        self.statuses += other.statuses
        self.faults += other.faults
        self.outcomes += other.outcomes

    def lose(self, asked: Asked) -> None:
        """Take a request that was never answered at the most it can have cost."""
        self.usage = self.usage.plus(asked.worst)
        self.charge(asked.worst_micro_usd, uncertain=True)

    def charge(self, micro_usd: int | None, *, uncertain: bool) -> None:
        self.priced &= micro_usd is not None
        self.micro_usd += micro_usd or 0
        self.uncertain_micro_usd += (micro_usd or 0) * uncertain


@dataclass(slots=True)
class NodeView:
    """One node as its events tell it."""

    node: int
    operator: str = ""
    round: int = 0
    calls: int = 0
    state: State = "waiting"
    """``spent``: it stopped at a cap of its budget; ``halted``: its provider does not answer."""
    reason: str = ""
    """Why it stopped."""
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
    models: dict[str, ModelTally] = field(default_factory=dict)
    asked: dict[tuple[int, int], Asked] = field(default_factory=dict)
    """The newest intent of every call of a language model."""
    unanswered: set[tuple[int, int]] = field(default_factory=set)
    """Calls under way, or cut off by a kill."""
    rounds: int = 0
    """Rounds completed."""

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
            case Asked():
                self._asked(event)
            case Answered():
                self._answered(event)
            case Called():
                self._called(event)
            case Halted():
                self.state, self.reason = "spent" if event.budget else "halted", event.reason
            case Published():
                self.published.append(event)
            case RoundEnded():
                self.completed, self.rounds = self.archive, event.round
            case NodeFinished():
                self.state, self.reason = "finished", ""
            case NodeDied():
                if self.state != "finished":  # Its record is whole; it needs no process.
                    self.state, self.reason = "dead", ""

    def _asked(self, event: Asked) -> None:
        """A second intent for a call means that the first may have cost something for nothing."""
        self.state, self.reason = "running", ""
        key = event.round, event.call
        tally = self.models.setdefault(event.model, ModelTally())
        if key in self.asked and event.lost > self.asked[key].lost:
            tally.lose(self.asked[key])
        self.asked[key] = event
        self.unanswered.add(key)

    def _answered(self, event: Answered) -> None:
        key = event.round, event.call
        if key not in self.asked:
            raise ValueError(f"call {key[1]} of round {key[0]} was answered but never asked")
        asked = self.asked[key]
        self.unanswered.discard(key)
        spent = asked.worst if event.uncertain else event.answer.usage or NO_TOKENS
        self.models[asked.model].add(event, spent)

    def tallies(self) -> dict[str, ModelTally]:
        """What every model came to, calls that were cut off at their worst."""
        found = deepcopy(self.models)
        for key in sorted(self.unanswered):
            found[self.asked[key].model].lose(self.asked[key])
        return found

    def _called(self, event: Called) -> None:
        self.state, self.reason = "running", ""
        self.calls += 1
        self.outcomes[event.outcome] += 1
        if (event.round, event.call) in self.asked:
            self.models[self.asked[event.round, event.call].model].outcomes[event.outcome] += 1
        if event.outcome == "rejected":
            self.rejections[event.rejections[0].reason] += 1
        if event.elite is not None:
            self._place(event.elite, event.placed)
        champion = self.archive.champion
        best = champion.fitness if champion else 0.0
        point = CurvePoint(self.round, self.calls, self.archive.qd_score, len(self.archive), best)
        self.curve.append(point)

    def _place(self, elite: EliteRecord, placed: Placed | None) -> None:
        if placed is not None:
            self.archive.put(elite)
