"""One node of a DEI search: the file to read first.

A node is bound to one mutation policy for life. Every round it takes the champions that have
arrived, evolves a fresh archive against them, and publishes its own champion. It never waits
for a peer (but in lockstep mode, which trades that for reproducibility).

The algorithm is DRQ's (arXiv 2601.03335) on each node, with DEI's exchange (arXiv 2605.27130)
between the nodes. Where ours differs on purpose, docs/METHOD.md says so.
"""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from coreenv.battle import battle_batch
from coreenv.config import CoreConfig
from coreenv.measures import Evaluation, evaluate
from coreenv.play import Play
from coreenv.redcode import AssemblyError, Warrior, assemble
from coreenv.seeds import Domain, generator, position_seed
from dei_agents.bandit import Bandit
from dei_agents.budget import Purse, Spending
from dei_agents.config import RunConfig
from dei_agents.exchange import Exchange, Parcel
from dei_agents.history import History
from dei_agents.policy import (
    CallId,
    Context,
    HaltError,
    MutationPolicy,
    Opponent,
    Proposal,
    Repair,
)
from dei_agents.topology import peers
from eval.archive import Archive, Elite, EliteRecord, Origin, Placed
from eval.record import (
    Called,
    Event,
    Halted,
    NodeFinished,
    NodeStarted,
    Published,
    Received,
    RoundEnded,
    RoundStarted,
    Seeded,
)

GIVE_UP = 10
"""Calls in a row without any answer after which a node stops asking."""


@dataclass(frozen=True, slots=True)
class Arena:
    """The opponents of a round and the placements at which every candidate meets them.

    Attributes:
        known: evaluations of an earlier run of the same round, by warrior id: not fought again.
        cores: in how many parts an evaluation is played at once.
        play: who plays them.
    """

    config: CoreConfig
    opponents: tuple[Warrior, ...]
    placements: int
    seed: int
    scheme: str
    known: Mapping[str, Evaluation]
    cores: int
    play: Play

    def evaluate(self, warrior: Warrior) -> Evaluation:
        if warrior.id in self.known:
            return self.known[warrior.id]
        (evaluation,) = evaluate(
            [warrior],
            self.opponents,
            self.config,
            placements=self.placements,
            seed=self.seed,
            scheme=self.scheme,
            threads=self.cores,
            play=self.play,
        )
        return evaluation


@dataclass(frozen=True, slots=True)
class Pending:
    """A call that was begun: its context is settled, its proposal may be under way."""

    context: Context
    policy: int
    repairs_left: int
    proposal: Future[Proposal]


@dataclass(frozen=True, slots=True)
class Mending:
    """A proposal that the same policy is to mend in the next call."""

    repair: Repair
    parent: Elite | None
    policy: int
    repairs_left: int


@dataclass(slots=True)
class Node:
    """State of a node between its rounds.

    Args:
        node: index of this node.
        config: the whole search.
        policies: its mutation policy; several where a bandit allocates the calls.
        exchange: its end of the exchange.
        initial: opponents of every round; they never enter the archive.
        record: takes every event, in order; an event is kept before anything follows from it.
        account: its budget.
        history: its past, if it is resumed or replayed.
        play: who plays its battles, as many parts of them at once as it has cores.
    """

    node: int
    config: RunConfig
    policies: tuple[MutationPolicy, ...]
    exchange: Exchange
    initial: tuple[Warrior, ...]
    record: Callable[[Event], None]
    account: Purse
    history: History = field(default_factory=History)
    play: Play = battle_batch
    archive: Archive[Elite] = field(default_factory=Archive)
    champions: list[tuple[int, Elite]] = field(default_factory=list)
    """(publisher, champion), own and received, by arrival; at most ``last_k``, all distinct."""
    repairs: deque[Mending] = field(default_factory=deque)
    failures: int = 0
    """Calls in a row that brought no answer."""
    bandit: Bandit = field(init=False)

    def __post_init__(self) -> None:
        self.bandit = Bandit(len(self.policies))

    def run(self) -> Archive[Elite]:
        """All rounds; returns the archive of the last one."""
        self.record(NodeStarted(node=self.node, operator=self.policies[0].name))
        for round_ in range(1, self.config.search.rounds + 1):
            if not self.run_round(round_):
                return self.archive
        self.record(NodeFinished(node=self.node))
        return self.archive

    def run_round(self, round_: int) -> bool:
        """One round; False if the node has to stop in the middle of it."""
        arena = self.open_round(round_)
        seen = self.seed_archive(round_, arena)
        if not self.make_calls(round_, arena, seen):
            return False
        self.publish_champion(round_)
        self.record(RoundEnded(round=round_))
        return True

    def open_round(self, round_: int) -> Arena:
        """Take what has arrived, and settle this round's opponents and placements."""
        parcels, lost = self.receive(round_)
        received = tuple(self.unpack(parcel) for parcel in parcels)
        known = self.history.evaluations.get(round_, {})
        arena = self.arena(Domain.PLACEMENT, round_, known)
        self.record(
            RoundStarted(
                round=round_,
                received=received,
                lost=lost,
                opponents=tuple(w.id for w in arena.opponents),
            )
        )
        return arena

    def receive(self, round_: int) -> tuple[list[Parcel], int]:
        """Champions that arrived, and how many were lost on the way so far."""
        past = self.history.arrivals
        if round_ in past:
            return list(past[round_].parcels), past[round_].lost
        mode = self.config.exchange.mode
        heard = peers(self.config, self.node, round_)
        if mode == "none":
            parcels = list[Parcel]()
        elif mode == "lockstep":
            # No time limit: a peer that dies is marked by the ensemble, and then left out.
            parcels = self.exchange.collect_round(round_ - 1, heard, inf) if round_ > 1 else []
        else:
            had = self.history.received
            parcels = [p for p in self.exchange.collect(heard) if (p.node, p.round) not in had]
        lost_before = past[max(past)].lost if past else 0
        return [parcel for parcel in parcels if parcel.payload], lost_before + self.exchange.lost

    def unpack(self, parcel: Parcel) -> Received:
        record = EliteRecord.model_validate_json(parcel.payload)
        self.remember(parcel.node, record.to_elite(self.config.core.config))
        fills = record.cell not in self.archive
        return Received(node=parcel.node, round=parcel.round, elite=record, fills=fills)

    def remember(self, publisher: int, champion: Elite) -> None:
        """Add a champion to those known; of equal programs only the newest arrival counts."""
        kept = [known for known in self.champions if known[1].warrior != champion.warrior]
        known = [*kept, (publisher, champion)]
        self.champions = known[max(0, len(known) - self.config.search.last_k) :]

    def arena(self, domain: Domain, round_: int, known: Mapping[str, Evaluation]) -> Arena:
        search = self.config.search
        return Arena(
            config=self.config.core.config,
            opponents=self.initial + tuple(c.warrior for _, c in self.champions),
            placements=search.placements,
            seed=position_seed(self.config.seed, domain, self.node, round_),
            scheme=search.placement,
            known=known,
            cores=self.config.nodes[self.node].cores,
            play=self.play,
        )

    def seed_archive(self, round_: int, arena: Arena) -> set[str]:
        """Start a fresh archive from the known champions, scored anew: this costs no call.

        Returns the ids of all warriors already met in this round.
        """
        self.archive = Archive()
        own_first = sorted(self.champions, key=lambda known: known[0] != self.node)
        for publisher, champion in own_first:
            elite = champion.rescored(arena.evaluate(champion.warrior))
            placed = self.place_seed(elite, own=publisher == self.node)
            self.record(
                Seeded(
                    round=round_,
                    elite=EliteRecord.of(elite),
                    placed=placed,
                    versus=elite.evaluation.versus,
                )
            )
        return {champion.warrior.id for _, champion in self.champions}

    def place_seed(self, elite: Elite, *, own: bool) -> Placed | None:
        only_empty = self.config.search.seed_policy == "empty_only" and not own
        if only_empty and elite.cell in self.archive:
            return None
        return self.archive.insert(elite)

    def make_calls(self, round_: int, arena: Arena, seen: set[str]) -> bool:
        """Spend the round's calls, ``in_flight`` at once; False if the node has to stop.

        Calls are judged strictly in their order, and one is begun for each that was judged: so
        call k always knows the outcomes up to call k - in_flight, whichever answers came first.
        """
        at_once = self.config.nodes[self.node].in_flight
        calls = iter(range(1, self.config.search.calls + 1))
        self.repairs.clear()
        try:
            with ThreadPoolExecutor(at_once) as threads:
                window = deque(
                    self.begin(threads, round_, c, arena) for c in islice(calls, at_once)
                )
                while window:
                    pending = window.popleft()
                    call = pending.context.call.call
                    self.judge(pending, self.outcome(pending, window), arena, seen)
                    call += 1
                    self.check_failures()
                    window.extend(self.begin(threads, round_, c, arena) for c in islice(calls, 1))
        except HaltError as halt:
            # The pool has waited for the calls in flight: their answers are kept for later.
            self.record(Halted(round=round_, call=call, budget=halt.budget, reason=str(halt)))
            return False
        return True

    def begin(self, threads: ThreadPoolExecutor, round_: int, call: int, arena: Arena) -> Pending:
        """Settle what the call is about, and let its policy work on it."""
        rng = generator(self.config.seed, Domain.CALL, self.node, round_, call)
        chances = rng.random(), rng.random()
        mending = self.repairs.popleft() if self.repairs else None
        parent = mending.parent if mending else self.choose_parent(call, *chances)
        versus = parent.evaluation.versus if parent else (None,) * len(arena.opponents)
        context = Context(
            config=arena.config,
            rng=rng,
            parent=parent,
            elites=tuple(self.archive),
            opponents=tuple(map(Opponent, arena.opponents, versus)),
            repair=mending.repair if mending else None,
            call=CallId(self.node, round_, call),
        )
        policy = mending.policy if mending else self.bandit.choose()
        left = mending.repairs_left if mending else self.config.nodes[self.node].repair
        return Pending(context, policy, left, threads.submit(self.ask, policy, context))

    def ask(self, policy: int, context: Context) -> Proposal:
        """One call of a policy, out of the budget; runs in a thread of its own."""
        if context.call[1:] in self.history.calls:
            return self.policies[policy].propose(context)
        self.account.reserve(Spending(1))
        try:
            return self.policies[policy].propose(context)
        except HaltError:
            self.account.settle(Spending(1), Spending())
            raise

    def outcome(self, pending: Pending, others: deque[Pending]) -> Proposal:
        """The proposal of the oldest call under way.

        Where a budget had no room for it beside the others, which are counted at their worst, it
        is asked again once they are settled.
        """
        try:
            return pending.proposal.result()
        except HaltError as halt:
            if not halt.budget:
                raise
            wait([other.proposal for other in others])
            return self.ask(pending.policy, pending.context)

    def check_failures(self) -> None:
        if self.failures >= GIVE_UP:
            raise HaltError(f"{GIVE_UP} calls in a row brought no answer; see their faults")

    def choose_parent(self, call: int, chance: float, where: float) -> Elite | None:
        """An elite drawn uniformly [C], or None where a new warrior is due."""
        search = self.config.search
        if call <= search.n_init or chance < search.p_new or not len(self.archive):
            return None
        return tuple(self.archive)[int(where * len(self.archive))]

    def judge(self, pending: Pending, proposal: Proposal, arena: Arena, seen: set[str]) -> None:
        """Say what became of a call, record it, and see to a repair."""
        context, answer = pending.context, proposal.answer
        called = Called(
            round=context.call.round,
            call=context.call.call,
            operator=self.policies[pending.policy].name,
            kind=context.kind,
            parent=context.parent.warrior.id if context.parent else None,
            source=proposal.source,
            outcome="failed",
        )
        failed = answer is not None and answer.status == "failed"
        if context.call[1:] not in self.history.calls:  # the past does not count
            self.failures = self.failures + 1 if failed else 0
        if not failed:
            called = called.model_copy(update=self.try_out(called, proposal, arena, seen))
        self.bandit.learn(pending.policy, success=called.placed is not None)
        self.record(called)
        if called.outcome == "rejected" and pending.repairs_left:
            repair = Repair(proposal.source, called.rejections)
            left = pending.repairs_left - 1
            self.repairs.append(Mending(repair, context.parent, pending.policy, left))

    def try_out(
        self, called: Called, proposal: Proposal, arena: Arena, seen: set[str]
    ) -> dict[str, object]:
        """Assemble a proposal, let it fight, and offer it to the archive."""
        answer = proposal.answer
        if answer is not None and answer.status == "refused":
            return {"outcome": "refused"}
        try:
            warrior = assemble(proposal.source, arena.config)
        except AssemblyError as error:
            cut = answer is not None and answer.status == "truncated"
            return {"outcome": "truncated" if cut else "rejected", "rejections": error.rejections}
        if warrior.id in seen:
            return {"outcome": "duplicate"}
        seen.add(warrior.id)
        origin = Origin(
            node=self.node,
            round=called.round,
            call=called.call,
            operator=called.operator,
            parent=called.parent,
        )
        elite = Elite(warrior, arena.evaluate(warrior), origin)
        placed = self.archive.insert(elite)
        return {
            "outcome": "placed" if placed else "beaten",
            "placed": placed,
            "elite": EliteRecord.of(elite),
            "versus": elite.evaluation.versus,
        }

    def publish_champion(self, round_: int) -> None:
        """Score the champion on placements it was not chosen on, and offer it to all peers.

        The best of many candidates on one set of placements is partly the luckiest: only the
        corrected score is published, the record keeps both.
        """
        champion = self.archive.champion
        if champion is None:
            # Peers in lockstep wait for this round: tell them that it brought nothing.
            self.exchange.publish(round_, b"")
            return
        known = self.history.corrected.get(round_, {})
        fresh = self.arena(Domain.CHAMPION, round_, known).evaluate(champion.warrior)
        corrected = champion.rescored(fresh)
        record = EliteRecord.of(corrected)
        self.record(Published(round=round_, elite=record, claimed=champion.fitness))
        self.exchange.publish(round_, record.model_dump_json().encode())
        self.remember(self.node, corrected)
