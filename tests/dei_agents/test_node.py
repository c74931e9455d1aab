"""One node's rounds, with a policy that answers from a script."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.config import CoreConfig
from coreenv.measures import Evaluation
from coreenv.redcode import assemble
from dei_agents.budget import Account, Book, Spending
from dei_agents.config import BudgetSettings, RunConfig
from dei_agents.exchange import Exchange
from dei_agents.exchange.shared_memory import SharedMemoryBlock
from dei_agents.node import Node
from dei_agents.policy import Context, Proposal
from eval.archive import Elite, EliteRecord, Origin
from eval.record import Called, Event, Published, RoundStarted, Seeded

IMP = "mov 0, 1"
SITTER = "jmp 0"
SPLITTER = "spl 0\njmp -1"
BROKEN = "mov 0, nowhere"


class Scripted:
    """Answers with the given sources in turn, and notes what it was asked."""

    name = "scripted"

    def __init__(self, *sources: str) -> None:
        self.sources = list(sources)
        self.asked: list[Context] = []

    def check(self, config: CoreConfig) -> None:
        """Any rules will do."""

    def propose(self, context: Context) -> Proposal:
        self.asked.append(context)
        return Proposal(self.sources[(len(self.asked) - 1) % len(self.sources)])


@pytest.fixture
def ends() -> Iterator[list[Exchange]]:
    """Both ends of a real exchange between two nodes."""
    with SharedMemoryBlock(2) as block, block.recipe(0)() as one, block.recipe(1)() as two:
        yield [one, two]


def config(cores: int = 1, **search: object) -> RunConfig:
    settings = {"rounds": 1, "calls": 4, "n_init": 2, "placements": 3, "last_k": 3} | search
    return RunConfig.model_validate(
        {
            "core": {"ruleset": "tiny", "max_cycles": 400},
            "search": settings,
            "nodes": [{"policy": "tinkerer", "cores": cores}] * 2,
        }
    )


def node(end: Exchange, policy: Scripted, run: RunConfig) -> tuple[Node, list[Event]]:
    events: list[Event] = []
    imp = assemble(IMP, run.core.config)
    account = unlimited(end.node)
    return Node(end.node, run, (policy,), end, (imp,), events.append, account), events


def unlimited(node: int) -> Account:
    path = Path(tempfile.mkstemp()[1])
    Book.create(path, [Spending()] * (node + 1))
    book = Book(path)
    path.unlink()
    return Account(node, book, BudgetSettings(), BudgetSettings())


def calls(events: list[Event]) -> list[Called]:
    return [event for event in events if isinstance(event, Called)]


def test_every_proposal_is_accounted_for(ends: list[Exchange]) -> None:
    policy = Scripted(SITTER, BROKEN, SITTER + " ; again", SPLITTER)
    worker, events = node(ends[0], policy, config())
    worker.run()
    made = calls(events)
    assert [call.outcome for call in made] == ["placed", "rejected", "duplicate", "placed"]
    assert made[1].rejections[0].reason == "E_LABEL"
    assert made[2].elite is None, "a duplicate is not battled again"
    assert [call.kind for call in made[:2]] == ["new", "new"], "n_init comes out of the calls"


def test_the_budget_is_spent_exactly(ends: list[Exchange]) -> None:
    policy = Scripted(SITTER, SPLITTER)
    worker, events = node(ends[0], policy, config(rounds=3, calls=7))
    worker.run()
    assert len(policy.asked) == len(calls(events)) == 21


def test_a_weaker_or_equal_warrior_does_not_take_a_cell(ends: list[Exchange]) -> None:
    # Two ways of sitting still: same behaviour, same fitness, another program.
    policy = Scripted(SITTER, "jmp 0, 1")
    worker, events = node(ends[0], policy, config(calls=2))
    worker.run()
    assert [call.outcome for call in calls(events)] == ["placed", "beaten"]


def test_an_empty_archive_does_not_end_the_search(ends: list[Exchange]) -> None:
    policy = Scripted(*[BROKEN] * 4, SITTER)
    worker, events = node(ends[0], policy, config(rounds=2))
    worker.run()
    assert len(worker.archive) == 1
    assert [e.round for e in events if isinstance(e, Published)] == [2]
    assert all(context.parent is None for context in policy.asked[:5])


def test_champions_become_opponents_and_seeds(ends: list[Exchange]) -> None:
    giver, _ = node(ends[0], Scripted(SPLITTER), config())
    giver.run()
    taker, events = node(ends[1], Scripted(SITTER), config(rounds=2))
    taker.run()
    first, second = (event for event in events if isinstance(event, RoundStarted))
    splitter = assemble(SPLITTER, taker.config.core.config)
    assert [received.elite.id for received in first.received] == [splitter.id]
    assert first.received[0].fills, "the taker's archive was empty"
    assert splitter.id in first.opponents
    assert second.opponents[0] == assemble(IMP, taker.config.core.config).id
    assert splitter.id in second.opponents
    seeds = [event.elite.id for event in events if isinstance(event, Seeded)]
    assert seeds.count(splitter.id) == 2, "scored anew in both rounds"
    assert splitter in [elite.warrior for elite in taker.archive]


def test_only_the_newest_champions_are_kept(ends: list[Exchange]) -> None:
    sources = [f"jmp 0, {i}" for i in range(1, 6)]
    run = config(rounds=5, calls=1, last_k=2)
    worker, events = node(ends[0], Scripted(*sources), run)
    worker.run()
    starts = [event for event in events if isinstance(event, RoundStarted)]
    assert [len(start.opponents) for start in starts] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize(("policy", "own_stays"), [("elitist", False), ("empty_only", True)])
def test_seed_policy(ends: list[Exchange], policy: str, own_stays: bool) -> None:
    """A weak own champion is seeded, then a fitter one of a peer comes for the same cell."""
    run = config(seed_policy=policy)
    worker, _ = node(ends[0], Scripted(SITTER), run)
    own, received = (assemble(source, run.core.config) for source in (SITTER, "jmp 0, 1"))
    origin = Origin(node=0, round=1, call=1, operator="scripted")
    worker.place_seed(Elite(own, Evaluation(0.5, 0, 0), origin), own=True)
    worker.place_seed(Elite(received, Evaluation(1.5, 0, 0), origin), own=False)
    (holder,) = worker.archive
    assert (holder.warrior == own) is own_stays


def test_the_published_score_is_the_corrected_one(ends: list[Exchange]) -> None:
    # A bomber meets the imp at other distances: the fresh placements score it differently.
    bomber = "add #4, 3\nmov 2, @2\njmp -2\ndat 0, 0"
    worker, events = node(ends[0], Scripted(bomber), config(placements=2))
    worker.run()
    (published,) = (event for event in events if isinstance(event, Published))
    (parcel,) = ends[1].collect()
    sent = EliteRecord.model_validate_json(parcel.payload)
    assert sent == published.elite
    assert worker.archive.champion is not None
    assert published.claimed == worker.archive.champion.fitness
    assert sent.fitness != published.claimed


def test_equal_seeds_give_equal_records() -> None:
    records = []
    for _ in range(2):
        with SharedMemoryBlock(1) as block, block.recipe(0)() as end:
            worker, events = node(end, Scripted(SITTER, SPLITTER, IMP), config(rounds=3))
            worker.run()
            records.append([json.loads(event.model_dump_json()) for event in events])
    assert records[0] == records[1]


@pytest.mark.parametrize("cores", [2, 3, 50])
def test_cores_divide_the_battles_and_change_no_record(cores: int) -> None:
    records, played = [], list[int]()

    def play(battles: Sequence[Battle], *, threads: int = 1, **options: Any) -> list[BattleResult]:
        played.append(len(battles))
        return battle_batch(battles, threads=threads, **options)

    bomber = "add #4, 3\nmov 2, @2\njmp -2\ndat 0, 0"
    for run in (config(rounds=3), config(cores, rounds=3)):
        played.clear()
        with SharedMemoryBlock(1) as block, block.recipe(0)() as end:
            worker, events = node(end, Scripted(SITTER, SPLITTER, bomber), run)
            worker.play = play
            worker.run()
            records.append([json.loads(event.model_dump_json()) for event in events])
    assert records[0] == records[1]
    assert set(played) == {min(cores, 3)}, "three placements"


def test_cores_are_for_every_policy_and_no_part_of_the_search() -> None:
    one, four = config(), config(4)
    assert four.nodes[0].cores == 4
    assert one.search_difference(four) is None
    with pytest.raises(ValidationError, match="cores"):
        config(0)
