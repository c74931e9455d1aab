"""The cases that must not get slower."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from coreenv.battle import battle_batch
from coreenv.redcode import assemble
from dei_agents.budget import Account, Book, Spending
from dei_agents.config import RunConfig
from dei_agents.exchange.shared_memory import SharedMemoryBlock
from dei_agents.node import Node
from dei_agents.policies import builtin
from tests.benchmarks import workloads
from tests.benchmarks.conftest import Gauge
from tests.benchmarks.sources import typical_source

BATTLES = {"old": 6, "modern": 2, "random": 30}


@pytest.mark.parametrize("workload", workloads.WORKLOADS)
def test_duels(gauge: Gauge, workload: str) -> None:
    battles = workloads.WORKLOADS[workload](BATTLES[workload])
    gauge(lambda: battle_batch(battles, measures=False))


@pytest.mark.parametrize("size", [5, 20])
def test_evaluation_of_a_candidate(gauge: Gauge, size: int) -> None:
    battles = workloads.crowds(size, 1, placements=4)
    gauge(lambda: battle_batch(battles))


def test_batch_overhead(gauge: Gauge) -> None:
    """A thousand duels that end in their first turn: what is left is the batch itself."""
    hole, sitter = (assemble(source, workloads.NOP94) for source in ("dat 0, 0", "jmp 0"))
    battles = workloads.duels([hole, sitter], 1000, 6)
    gauge(lambda: battle_batch(battles, measures=False))


def test_assembler(gauge: Gauge) -> None:
    source = typical_source()
    gauge(lambda: [assemble(source, workloads.NOP94) for _ in range(20)])


def test_exchange(gauge: Gauge) -> None:
    """A thousand champions of 8 KB published by one node and collected by another."""
    champion = bytes(8000)
    with SharedMemoryBlock(2) as block, block.recipe(0)() as one, block.recipe(1)() as two:

        def pass_on() -> None:
            for _ in range(1000):
                one.publish(1, champion)
                two.collect()

        gauge(pass_on)


def test_search_round(gauge: Gauge, tmp_path: Path) -> None:
    """Overhead of a round: thirty calls with battles of a hundred cycles."""
    config = RunConfig.model_validate(
        {
            "core": {"max_cycles": 100},
            "search": {"rounds": 1, "calls": 30, "placements": 2},
            "nodes": [{"policy": "tinkerer"}],
        }
    )
    imp = assemble("mov 0, 1", config.core.config)
    sink: Callable[[object], None] = [].append
    Book.create(tmp_path / "book", [Spending()])
    with (
        SharedMemoryBlock(1) as block,
        block.recipe(0)() as end,
        closing(Book(tmp_path / "book")) as book,
    ):
        account = Account(0, book, config.budget, config.budget)
        policies = (builtin("tinkerer"),)
        gauge(lambda: Node(0, config, policies, end, (imp,), sink, account).run_round(1))
