"""What a node's record says of its past: to go on from it, or to run it once more.

A node that is resumed runs its whole search again, but takes from the record what was arrival,
answer or battle, and compares every event with the recorded one: so it ends in the state in which
it was cut off, and goes on. A replay does the same without trusting the battles.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from coreenv.measures import Evaluation
from dei_agents.budget import Spending
from dei_agents.completion import Prompt
from dei_agents.exchange import Parcel
from eval.record import (
    FATAL,
    NO_TOKENS,
    Answer,
    Answered,
    Asked,
    Called,
    Event,
    Halted,
    Published,
    RoundStarted,
    Seeded,
)


class RecordError(ValueError):
    """The record of a run does not fit the run; the text says where."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a node took from the exchange at the start of a round."""

    parcels: tuple[Parcel, ...]
    lost: int


@dataclass(slots=True)
class Exchanged:
    """What passed between a node and its model in one call.

    Attributes:
        prompt: SHA-256 of the prompt.
        answer: None if the record has none that can be used.
        lost: requests that were sent, as far as is known, and never answered.
    """

    prompt: str
    answer: Answer | None = None
    lost: int = 0

    def reuse(self, prompt: Prompt) -> Answer:
        """The recorded answer to the same prompt.

        Raises:
            RecordError: this is another prompt.
        """
        if prompt.hash != self.prompt:
            raise RecordError(
                f"the record has an answer to prompt {self.prompt[:12]}, but this program asks "
                f"{prompt.hash[:12]}: the run was made by another version"
            )
        assert self.answer is not None, "asked for only where there is an answer"
        return self.answer


@dataclass(slots=True)
class History:
    """A node's past, by round and call.

    Attributes:
        events: the search itself, without intents and answers.
        arrivals: what the exchange brought, by round.
        evaluations: what battles found, by round and warrior id.
        corrected: what the champion's fresh battles found, likewise.
        calls: every (round, call) that was begun.
        exchanged: with a language model, by (round, call).
        spent: calls, tokens and money so far, requests without answer at their worst.
        unpriced: True if some of that had no price.
    """

    events: list[Event] = field(default_factory=list)
    arrivals: dict[int, Arrivals] = field(default_factory=dict)
    evaluations: dict[int, dict[str, Evaluation]] = field(default_factory=dict)
    corrected: dict[int, dict[str, Evaluation]] = field(default_factory=dict)
    calls: set[tuple[int, int]] = field(default_factory=set)
    exchanged: dict[tuple[int, int], Exchanged] = field(default_factory=dict)
    spent: Spending = field(default_factory=Spending)
    unpriced: bool = False
    _worst: dict[tuple[int, int], Spending] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        history = cls()
        for event in events:
            history._take(event)
        history.spent = history.spent.plus(Spending(len(history.calls)))
        return history

    @property
    def received(self) -> set[tuple[int, int]]:
        """(node, round) of every champion taken from the exchange."""
        return {(p.node, p.round) for a in self.arrivals.values() for p in a.parcels}

    def to_replay(self) -> "History":
        """The same past for a replay, which fights every battle itself."""
        return replace(self, evaluations={}, corrected={})

    def _take(self, event: Event) -> None:
        match event:
            case Asked():
                self._asked(event)
                return
            case Answered():
                self._answered(event)
                return
            case Halted():
                return  # A resumed search goes on as if it had not.
            case RoundStarted():
                parcels = tuple(
                    Parcel(r.node, r.round, r.elite.model_dump_json().encode())
                    for r in event.received
                )
                self.arrivals[event.round] = Arrivals(parcels, event.lost)
            case Called() | Seeded():
                if isinstance(event, Called):
                    self.calls.add((event.round, event.call))
                if event.elite is not None:
                    found = replace(event.elite.evaluation, versus=event.versus)
                    self.evaluations.setdefault(event.round, {})[event.elite.id] = found
            case Published():
                self.corrected[event.round] = {event.elite.id: event.elite.evaluation}
        self.events.append(event)

    def _asked(self, event: Asked) -> None:
        key = event.round, event.call
        self.calls.add(key)
        self.exchanged[key] = Exchanged(event.prompt, lost=event.lost + 1)
        self._worst[key] = Spending(0, event.worst.tokens, event.worst_micro_usd or 0)
        self.spent = self.spent.plus(self._worst[key])

    def _answered(self, event: Answered) -> None:
        key = event.round, event.call
        if key not in self.exchanged:
            raise RecordError(f"call {key[1]} of round {key[0]} was answered but never asked")
        self.exchanged[key].lost -= 1
        if event.answer.fault in FATAL:
            self.calls.discard(key)  # It was refused, and will be made again.
        else:
            self.exchanged[key].answer = event.answer
        self.unpriced |= event.micro_usd is None
        if not event.uncertain:
            tokens = (event.answer.usage or NO_TOKENS).tokens
            actual = Spending(0, tokens, event.micro_usd or 0)
            self.spent = self.spent.minus(self._worst[key]).plus(actual)


class Continuation:
    """Takes a node's events: those in the record are compared with it, new ones are passed on.

    Args:
        past: the search's events so far.
        write: takes what comes after them, and all intents and answers.
    """

    def __init__(self, past: Sequence[Event], write: Callable[[Event], None]) -> None:
        self._past, self._write = deque(past), write

    @property
    def left(self) -> int:
        """Recorded events that have not come yet."""
        return len(self._past)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Asked | Answered) or not self._past:
            self._write(event)
            return
        expected = self._past.popleft().model_copy(update={"at": 0.0})
        if event != expected:
            raise RecordError(_difference(expected, event))


def _difference(expected: Event, event: Event) -> str:
    if type(event) is not type(expected):
        return f"the record goes on with {expected.event}, this program with {event.event}"
    fields = [k for k in type(event).model_fields if getattr(event, k) != getattr(expected, k)]
    where = f"round {getattr(event, 'round', '-')}, call {getattr(event, 'call', '-')}"
    return (
        f"{event.event} ({where}) differs from the record in {', '.join(fields)}: the run was "
        "made by another version, or its record was changed"
    )
