"""A node's whole life in its own process: what it opens, runs and closes, on every engine."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from coreenv.battle import battle_batch
from coreenv.play import Play
from coreenv.redcode import Warrior
from dei_agents.budget import Account, Book, Purse
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
from eval.record import Event, EventReader, Halted, NodeFinished, RoundEnded, RoundStarted

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a node has of its run folder, wherever that is.

    Attributes:
        history: its past.
        write: takes its events, from any thread; an event is kept when this returns.
        account: its budget.
    """

    history: History
    write: Callable[[Event], None]
    account: Purse


def work(
    node: int,
    config: RunConfig,
    initial: tuple[Warrior, ...],
    exchange: Exchange,
    desk: Desk,
    *,
    play: Play = battle_batch,
) -> None:
    """Run a node from where its record ends, which for a new run is the beginning.

    Its battles are played by ``play``.
    """
    _LOG.info("started: process %d, %d calls in the record", os.getpid(), len(desk.history.calls))
    with _lines(config, node, desk) as policies:
        record = Continuation(desk.history.events, _logged(desk.write))
        account, history = desk.account, desk.history
        Node(node, config, policies, exchange, initial, record, account, history, play=play).run()
    exchange.finish()


def _logged(write: Callable[[Event], None]) -> Callable[[Event], None]:
    """The same, and once an event is kept the log has a line for those worth one."""

    def kept(event: Event) -> None:
        write(event)
        match event:
            case RoundStarted():
                heard = len(event.received)
                _LOG.info("round %d begun: champions received: %d", event.round, heard)
            case RoundEnded():
                _LOG.info("round %d ended", event.round)
            case Halted():
                _LOG.warning("stopped in round %d: %s", event.round, event.reason)
            case NodeFinished():
                _LOG.info("finished")

    return kept


@contextmanager
def open_desk(node: int, config: RunConfig, folder: Path) -> Iterator[Desk]:
    """A node's desk in a run folder on this machine; nobody else may be at it."""
    with RunLog(node_log(folder, node)) as log, closing(Book(budget_file(folder))) as book:
        history = read_history(folder, node)
        # Had it died in the middle of a call, the call would still be reserved.
        book.write(node, history.spent)
        account = Account(node, book, config.nodes[node].budget, config.budget)
        yield Desk(history, log.write, account)


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
def _lines(config: RunConfig, node: int, desk: Desk) -> Iterator[tuple[MutationPolicy, ...]]:
    """The node's policies, with an open line to every language model among them."""

    def opened(settings: NodeSettings) -> MutationPolicy:
        if not settings.is_model:
            return builtin(settings.policy)
        line = lines.enter_context(Line(open_client(settings, config.core.config)))
        price = price_of(settings.label, config.prices)
        ledger = Ledger(line, desk.write, desk.account, price, desk.history.exchanged)
        return ModelPolicy(settings, ledger.complete)

    with ExitStack() as lines:
        yield tuple(map(opened, config.arms(node)))
