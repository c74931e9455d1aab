"""One node of a DEI search: the file to read first.

A node is bound to one mutation policy for life. Every round it takes the champions that have
arrived, evolves a fresh archive against them, and publishes its own champion. It never waits
for a peer (but in lockstep mode, which trades that for reproducibility).

The algorithm is DRQ's (arXiv 2601.03335) on each node, with DEI's exchange (arXiv 2605.27130)
between the nodes. Where ours differs on purpose, docs/METHOD.md says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from coreenv.config import CoreConfig
from coreenv.measures import Evaluation, evaluate
from coreenv.redcode import AssemblyError, Warrior, assemble
from coreenv.seeds import Domain, generator, position_seed
from dei_agents.budget import Budget
from dei_agents.config import RunConfig
from dei_agents.exchange import Exchange, Parcel
from dei_agents.policy import Context, MutationPolicy
from eval.archive import Archive, Elite, EliteRecord, Origin, Placed
from eval.record import (
    Called,
    Event,
    NodeFinished,
    NodeStarted,
    Published,
    Received,
    RoundEnded,
    RoundStarted,
    Seeded,
)


@dataclass(frozen=True, slots=True)
class Arena:
    """The opponents of a round and the placements at which every candidate meets them."""

    config: CoreConfig
    opponents: tuple[Warrior, ...]
    placements: int
    seed: int
    scheme: str

    def evaluate(self, warrior: Warrior) -> Evaluation:
        (evaluation,) = evaluate(
            [warrior],
            self.opponents,
            self.config,
            placements=self.placements,
            seed=self.seed,
            scheme=self.scheme,
        )
        return evaluation


@dataclass(slots=True)
class Node:
    """State of a node between its rounds.

    Args:
        node: index of this node.
        config: the whole search.
        policy: its mutation operator.
        exchange: its end of the exchange.
        initial: opponents of every round; they never enter the archive.
        record: takes every event, in order; an event is kept before anything follows from it.
    """

    node: int
    config: RunConfig
    policy: MutationPolicy
    exchange: Exchange
    initial: tuple[Warrior, ...]
    record: Callable[[Event], None]
    archive: Archive[Elite] = field(default_factory=Archive)
    champions: list[tuple[int, Elite]] = field(default_factory=list)
    """(publisher, champion), own and received, by arrival; at most ``last_k``, all distinct."""

    def run(self) -> Archive[Elite]:
        """All rounds; returns the archive of the last one."""
        self.record(NodeStarted(node=self.node, operator=self.policy.name))
        for round_ in range(1, self.config.search.rounds + 1):
            self.run_round(round_)
        self.record(NodeFinished(node=self.node))
        return self.archive

    def run_round(self, round_: int) -> None:
        arena = self.open_round(round_)
        seen = self.seed_archive(round_, arena)
        budget = Budget(self.config.search.calls)
        while budget.spend():
            self.call(round_, budget.spent, arena, seen)
        self.publish_champion(round_)
        self.record(RoundEnded(round=round_))

    def open_round(self, round_: int) -> Arena:
        """Take what has arrived, and settle this round's opponents and placements."""
        received = self.receive(round_)
        arena = self.arena(Domain.PLACEMENT, round_)
        self.record(
            RoundStarted(
                round=round_,
                received=received,
                lost=self.exchange.lost,
                opponents=tuple(w.id for w in arena.opponents),
            )
        )
        return arena

    def receive(self, round_: int) -> tuple[Received, ...]:
        if self.config.exchange.mode == "lockstep":
            # No time limit: a peer that dies is marked by the ensemble, and then left out.
            parcels = self.exchange.collect_round(round_ - 1, inf) if round_ > 1 else []
        else:
            parcels = self.exchange.collect()
        return tuple(self.unpack(parcel) for parcel in parcels if parcel.payload)

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

    def arena(self, domain: Domain, round_: int) -> Arena:
        search = self.config.search
        return Arena(
            config=self.config.core.config,
            opponents=self.initial + tuple(c.warrior for _, c in self.champions),
            placements=search.placements,
            seed=position_seed(self.config.seed, domain, self.node, round_),
            scheme=search.placement,
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
            self.record(Seeded(round=round_, elite=EliteRecord.of(elite), placed=placed))
        return {champion.warrior.id for _, champion in self.champions}

    def place_seed(self, elite: Elite, *, own: bool) -> Placed | None:
        only_empty = self.config.search.seed_policy == "empty_only" and not own
        if only_empty and elite.cell in self.archive:
            return None
        return self.archive.insert(elite)

    def call(self, round_: int, call: int, arena: Arena, seen: set[str]) -> None:
        """Ask the policy for one warrior, and place it if it is better than what is there."""
        rng = generator(self.config.seed, Domain.CALL, self.node, round_, call)
        parent = self.choose_parent(call, rng.random(), rng.random())
        context = Context(self.config.core.config, rng, parent, tuple(self.archive))
        proposal = self.policy.propose(context)
        event = Called(
            round=round_,
            call=call,
            kind=context.kind,
            parent=parent.warrior.id if parent else None,
            source=proposal.source,
            outcome="beaten",
        )
        self.record(event.model_copy(update=self.judge(event, arena, seen)))

    def choose_parent(self, call: int, chance: float, where: float) -> Elite | None:
        """An elite drawn uniformly [C], or None where a new warrior is due."""
        search = self.config.search
        if call <= search.n_init or chance < search.p_new or not len(self.archive):
            return None
        return tuple(self.archive)[int(where * len(self.archive))]

    def judge(self, event: Called, arena: Arena, seen: set[str]) -> dict[str, object]:
        """Assemble a proposal, let it fight, and offer it to the archive."""
        try:
            warrior = assemble(event.source, arena.config)
        except AssemblyError as error:
            return {"outcome": "rejected", "rejections": error.rejections}
        if warrior.id in seen:
            return {"outcome": "duplicate"}
        seen.add(warrior.id)
        origin = Origin(
            node=self.node,
            round=event.round,
            call=event.call,
            operator=self.policy.name,
            parent=event.parent,
        )
        elite = Elite(warrior, arena.evaluate(warrior), origin)
        placed = self.archive.insert(elite)
        outcome = "placed" if placed else "beaten"
        return {"outcome": outcome, "placed": placed, "elite": EliteRecord.of(elite)}

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
        fresh = self.arena(Domain.CHAMPION, round_).evaluate(champion.warrior)
        corrected = champion.rescored(fresh)
        record = EliteRecord.of(corrected)
        self.exchange.publish(round_, record.model_dump_json().encode())
        self.remember(self.node, corrected)
        self.record(Published(round=round_, elite=record, claimed=champion.fitness))
