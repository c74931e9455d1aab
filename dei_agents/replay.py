"""Running a recorded search once more, without network, to see that it ends in the same archive."""

# ruff: noqa: ARG002  what never happens has arguments all the same

from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path
from signal import SIGINT

from coreenv.redcode import Warrior
from dei_agents.budget import Spending
from dei_agents.completion import Prompt
from dei_agents.config import NodeSettings, RunConfig
from dei_agents.exchange import Parcel
from dei_agents.history import Continuation, History, RecordError
from dei_agents.node import Node
from dei_agents.policies import builtin
from dei_agents.policies.model import ModelPolicy
from dei_agents.policy import CallId, MutationPolicy
from dei_agents.runlog import node_log
from dei_agents.signals import held
from dei_agents.worker import read_history
from eval.record import Answer, Event, EventReader, Published, RoundStarted


class RecordEndError(Exception):
    """The replayed node has come to where its record ends."""


def replay(
    config: RunConfig,
    folder: Path,
    initial: tuple[Warrior, ...],
    processes: int,
    on_node: Callable[[int, int], None] = lambda _node, _calls: None,
) -> None:
    """Run every node of a run folder once more, each from its own record.

    Every battle is fought again; arrivals and answers are those of the record, and every event
    must come out as recorded.

    Args:
        config: the search.
        folder: the run folder; nothing is written there.
        initial: opponents of every round.
        processes: how many nodes run at once.
        on_node: told of each node that came out right, with the number of its calls.

    Raises:
        RecordError: an event differs; the message names node, event and fields.
    """
    once_more = partial(replay_node, config=config, folder=folder, initial=initial)
    others = set(active_children())
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        with held(SIGINT):  # Ctrl-C is for this process, which ends the others.
            replays = [pool.submit(once_more, node) for node in range(len(config.nodes))]
        try:
            for node, calls in enumerate(replays):
                on_node(node, calls.result())
        except BaseException:
            for worker in set(active_children()) - others:
                worker.terminate()
            raise
    _check_arrivals(folder, len(config.nodes))


def _check_arrivals(folder: Path, nodes: int) -> None:
    """What a node received must be what its peer says it published."""
    records = [EventReader(node_log(folder, node)).read() for node in range(nodes)]
    published = {
        (node, event.round): event.elite
        for node, events in enumerate(records)
        for event in events
        if isinstance(event, Published)
    }
    for node, events in enumerate(records):
        started = (event for event in events if isinstance(event, RoundStarted))
        for received in (r for event in started for r in event.received):
            if published.get((received.node, received.round)) != received.elite:
                raise RecordError(
                    f"node {node}: the champion that it received from node {received.node}, round "
                    f"{received.round}, is not the one published there"
                )


def replay_node(node: int, config: RunConfig, folder: Path, initial: tuple[Warrior, ...]) -> int:
    """One node; returns how many calls were replayed."""
    history = read_history(folder, node).to_replay()
    policies = tuple(_recorded(settings, history) for settings in config.arms(node))
    record, world = Continuation(history.events, _end), _RecordedWorld(node)
    try:
        Node(node, config, policies, world, initial, record, world, history).run()
    except RecordEndError:
        pass
    except RecordError as error:
        raise RecordError(f"node {node}: {error}") from None
    if record.left:
        raise RecordError(f"node {node}: the record goes on after the search has ended")
    return len(history.calls)


def _recorded(settings: NodeSettings, history: History) -> MutationPolicy:
    if not settings.is_model:
        return builtin(settings.policy)

    def complete(call: CallId, prompt: Prompt) -> Answer:
        past = history.exchanged.get((call.round, call.call))
        if past is None or past.answer is None:
            raise RecordEndError
        return past.reuse(prompt)

    return ModelPolicy(settings, complete)


def _end(_event: Event) -> None:
    raise RecordEndError


class _RecordedWorld:
    """Exchange and purse of a replayed node: whatever is not in its record does not happen."""

    lost = 0

    def __init__(self, node: int) -> None:
        self.node = node

    def publish(self, round_: int, payload: bytes) -> None:
        """Peers are replayed from their own records."""

    def collect(self, peers: Collection[int] | None = None) -> list[Parcel]:
        raise RecordEndError

    def collect_round(
        self, round_: int, peers: Collection[int] | None = None, timeout: float = 0
    ) -> list[Parcel]:
        raise RecordEndError

    def retired(self, node: int) -> bool:
        raise RecordEndError

    def finish(self) -> None:
        """Nobody is told."""

    def reserve(self, charge: Spending) -> None:
        raise RecordEndError

    def settle(self, reserved: Spending, actual: Spending) -> None:
        raise RecordEndError
