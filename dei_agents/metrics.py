"""A run's figures for Prometheus, served over HTTP while a command lasts: what `--metrics` does."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, create_server
from typing import Final, get_args

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dei_agents.config import ConfigError
from dei_agents.ensemble import Observer
from eval.record import ModelTally, NodeView, Outcome, State
from eval.summary import merged_archive

STATES: Final[tuple[str, ...]] = get_args(State)

Family = type[CounterMetricFamily] | type[GaugeMetricFamily]

NODE_FIGURES: Final[tuple[tuple[Family, str, str, Callable[[NodeView], float]], ...]] = (
    (CounterMetricFamily, "dei_calls", "Calls of the mutation policy, judged.", lambda v: v.calls),
    (CounterMetricFamily, "dei_rounds", "Rounds completed.", lambda v: v.rounds),
    (
        CounterMetricFamily,
        "dei_champions_received",
        "Champions of peers taken from the exchange.",
        lambda v: len(v.received),
    ),
    (
        CounterMetricFamily,
        "dei_champions_lost",
        "Champions of peers overwritten before they were taken.",
        lambda v: v.lost,
    ),
    (
        GaugeMetricFamily,
        "dei_best_fitness",
        "Fitness of the current archive's champion.",
        lambda v: v.best,
    ),
)
"""Figures with one value a node."""

MODEL_FIGURES: Final[tuple[tuple[str, str, Callable[[ModelTally], float]], ...]] = (
    (
        "dei_model_input_tokens",
        "Input tokens, as charged or at their worst.",
        lambda t: t.usage.input_tokens,
    ),
    (
        "dei_model_output_tokens",
        "Output tokens, as charged or at their worst.",
        lambda t: t.usage.output_tokens,
    ),
    (
        "dei_model_cost_usd",
        "What answers cost in dollars; one at an unknown price counts nothing.",
        lambda t: t.micro_usd / 1e6,
    ),
    (
        "dei_model_uncertain_cost_usd",
        "The part of the cost that was taken at its worst.",
        lambda t: t.uncertain_micro_usd / 1e6,
    ),
)
"""Counters with one value a node and model."""


@contextmanager
def serve(address: str) -> Iterator[Observer]:
    """Serve ``/metrics``, and give what is to be shown the run whenever there is news.

    Args:
        address: PORT, on this machine alone, or HOST:PORT.

    Raises:
        ConfigError: it is no address, or the port is taken; nothing is served.
    """
    host, port = parse_address(address)
    collector = RunCollector()
    registry = CollectorRegistry()
    registry.register(collector)
    try:
        # Where Python lets servers share a port, this still fails if it is taken.
        create_server((host, port), family=AF_INET6 if ":" in host else AF_INET).close()
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigError(
            f"--metrics {address}: cannot listen on port {port} of {host}: "
            f"{error.strerror}; choose another port"
        ) from None
    try:
        yield collector.observe
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def parse_address(address: str) -> tuple[str, int]:
    """Host and port; the host is 127.0.0.1 unless it is named.

    Raises:
        ConfigError: it is neither PORT nor HOST:PORT.
    """
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise ConfigError(
            f"--metrics is {address!r}; it must be PORT or HOST:PORT, with a port from 1 to 65535"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


class RunCollector(Collector):
    """Holds the figures of a run as of its last update.

    They are computed where the run is followed, and replaced as a whole: a scrape, which comes in
    another thread, reads the old ones or the new ones.
    """

    def __init__(self) -> None:
        self._families: tuple[Metric, ...] = ()

    def observe(self, run: str, views: Sequence[NodeView], deaths: Mapping[int, int]) -> None:
        """Compute the figures anew; before the first time there are none."""
        self._families = tuple(families(run, views, deaths))

    def collect(self) -> Iterable[Metric]:
        return self._families


def families(
    run: str, views: Sequence[NodeView], deaths: Mapping[int, int]
) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    """All figures of a run, with its name as a label of each."""
    for kind, name, text, figure in NODE_FIGURES:
        family = kind(name, text, labels=("run", "node"))
        for view in views:
            family.add_metric((run, str(view.node)), figure(view))
        yield family
    died = CounterMetricFamily(
        "dei_node_deaths", "Deaths of the node's process.", labels=("run", "node")
    )
    for view in views:
        died.add_metric((run, str(view.node)), deaths.get(view.node, 0))
    yield died
    yield _outcomes(run, views)
    yield _states(run, views)
    yield from _models(run, views)
    merged = merged_archive(views)
    for name, text, value in (
        ("dei_archive_cells", "Occupied cells of the merged archive.", len(merged)),
        ("dei_archive_qd_score", "QD-score of the merged archive, as claimed.", merged.qd_score),
    ):
        gauge = GaugeMetricFamily(name, text, labels=("run",))
        gauge.add_metric((run,), value)
        yield gauge


def _outcomes(run: str, views: Sequence[NodeView]) -> CounterMetricFamily:
    labels = ("run", "node", "outcome")
    family = CounterMetricFamily(
        "dei_call_outcomes", "Calls by what became of them.", labels=labels
    )
    for view in views:
        for outcome in get_args(Outcome):
            family.add_metric((run, str(view.node), outcome), view.outcomes[outcome])
    return family


def _states(run: str, views: Sequence[NodeView]) -> GaugeMetricFamily:
    labels = ("run", "node", "state")
    family = GaugeMetricFamily("dei_node_state", "1 for the state a node is in.", labels=labels)
    for view in views:
        for state in STATES:
            family.add_metric((run, str(view.node), state), view.state == state)
    return family


def _models(run: str, views: Sequence[NodeView]) -> Iterator[CounterMetricFamily]:
    # Calls under way are left out: taken at their worst, a counter would fall once they end.
    for name, text, figure in MODEL_FIGURES:
        family = CounterMetricFamily(name, text, labels=("run", "node", "model"))
        for view in views:
            for model, tally in sorted(view.models.items()):
                family.add_metric((run, str(view.node), model), figure(tally))
        yield family
