"""A node's whole life in its own process: what it opens, runs and closes, on every engine."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from coreenv.redcode import Warrior
from dei_agents.budget import Account, Book
from dei_agents.config import ConfigError, NodeSettings, RunConfig
from dei_agents.exchange import Exchange
from dei_agents.history import Continuation, History
from dei_agents.ledger import Ledger, Line
from dei_agents.node import Node
from dei_agents.policies import builtin
from dei_agents.policies.model import ModelPolicy, open_client
from dei_agents.policy import MutationPolicy
from dei_agents.prices import price_of
from dei_agents.runlog import RunLog, node_log
from eval.record import EventReader


def work(
    node: int, config: RunConfig, folder: Path, initial: tuple[Warrior, ...], exchange: Exchange
) -> None:
    """Run a node from where its record ends, which for a new run is the beginning."""
    with (
        RunLog(node_log(folder, node)) as log,
        closing(Book(budget_file(folder))) as book,
    ):
        history = read_history(folder, node)
        own = config.nodes[node].budget
        account = Account(node, book, own, config.budget)
        with _lines(config, node, log, account, history) as policies:
            record = Continuation(history.events, log.write)
            Node(node, config, policies, exchange, initial, record, account, history).run()
        exchange.finish()


def read_history(folder: Path, node: int) -> History:
    return History.of(EventReader(node_log(folder, node)).read())


def budget_file(folder: Path) -> Path:
    return folder / "budget.bin"


def open_book(folder: Path, config: RunConfig) -> None:
    """Write what every node has spent so far, by its record. Only while no node is at work.

    Raises:
        ConfigError: money was spent at an unknown price, and is capped now.
    """
    pasts = [read_history(folder, node) for node in range(len(config.nodes))]
    for node, past in enumerate(pasts):
        if past.unpriced and (config.budget.usd or config.nodes[node].budget.usd):
            raise ConfigError(
                f"node {node} has answers whose price was unknown, so that a cap in dollars cannot "
                "hold; cap calls or tokens instead"
            )
    Book.create(budget_file(folder), [past.spent for past in pasts])


@contextmanager
def _lines(
    config: RunConfig, node: int, log: RunLog, account: Account, history: History
) -> Iterator[tuple[MutationPolicy, ...]]:
    """The node's policies, with an open line to every language model among them."""

    def opened(settings: NodeSettings) -> MutationPolicy:
        if not settings.is_model:
            return builtin(settings.policy)
        line = lines.enter_context(Line(open_client(settings, config.core.config)))
        price = price_of(settings.label, config.prices)
        ledger = Ledger(line, log.write, account, price, history.exchanged)
        return ModelPolicy(settings, ledger.complete)

    with ExitStack() as lines:
        yield tuple(map(opened, config.arms(node)))
