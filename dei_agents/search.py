"""A search from checked input to report: what `dei run` and `dei resume` do."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from coreenv.config import ruleset
from coreenv.hill import Hill, open_hill
from coreenv.redcode import Warrior
from dei_agents.config import PROVIDERS, ConfigError, NodeSettings, RunConfig
from dei_agents.engine import OpenEngine
from dei_agents.ensemble import Ensemble, Observer
from dei_agents.opponents import initial_opponents
from dei_agents.policies import BUILTIN, builtin
from dei_agents.prices import check_prices
from eval.archive import Archive, Elite
from eval.record import NodeView
from eval.summary import Summary, summarise


def check(config: RunConfig, *, keys: bool = True) -> tuple[Hill, tuple[Warrior, ...]]:
    """The hill and the initial opponents, once the whole input was found good.

    Args:
        config: of the search.
        keys: a missing key of a language model is an error.

    Raises:
        ConfigError: something is wrong; nothing was written, nothing asked of a provider.
    """
    hill = _hill(config)
    for index, node in enumerate(config.nodes):
        try:
            _check_policy(node, config, keys)
        except ValueError as error:
            key = f"nodes.{index}" if node.is_model else f"nodes.{index}.policy"
            raise ConfigError(f"{key}: {error}") from None
    check_prices(config)
    _check_rules(config, hill)
    return hill, initial_opponents(config.search.initial_opponents, hill, config.core.config)


def _hill(config: RunConfig) -> Hill:
    try:
        hill = open_hill(config.evaluation.hill)
        hill.verify()
    except (OSError, ValueError) as error:
        raise ConfigError(f"evaluation.hill: {str(error).splitlines()[0]}") from None
    return hill


def _check_rules(config: RunConfig, hill: Hill) -> None:
    """The result of a search is measured with the hill's warriors, so they must fit its rules."""
    rules, meant = config.core.config, ruleset(hill.ruleset)
    longest = max(len(warrior) for warrior in hill.warriors(m.name for m in hill.members))
    for what, wanted, found in (
        ("standard", meant.standard, rules.standard),
        ("core_size", meant.core_size, rules.core_size),
    ):
        if wanted != found:
            raise ConfigError(
                f"core.ruleset {config.core.ruleset!r} has {what} {found}, the warriors of hill "
                f"{hill.name} are for {wanted}: choose another ruleset, or set evaluation.hill"
            )
    if longest > rules.max_length:
        raise ConfigError(
            f"core.ruleset {config.core.ruleset!r} takes {rules.max_length} instructions, hill "
            f"{hill.name} has warriors of {longest}"
        )


def _check_policy(node: NodeSettings, config: RunConfig, keys: bool) -> None:
    if not node.is_model:
        if node.policy not in BUILTIN:
            raise ValueError(
                f"{node.policy!r} is no policy; it must be one of {', '.join(BUILTIN)}, or for a "
                f"language model {' or '.join(PROVIDERS)}"
            )
        builtin(node.policy).check(config.core.config)
    else:
        from dei_agents.policies.model import open_client

        if not keys:  # A client of another server needs none, and has all else checked.
            address = node.base_url or "http://127.0.0.1"
            node = node.model_copy(update={"base_url": address, "key_env": None})
        open_client(node, config.core.config)


def search(
    config: RunConfig,
    hill: Hill,
    initial: tuple[Warrior, ...],
    folder: Path,
    open_engine: OpenEngine,
    observe: Observer | None = None,
) -> Summary:
    """Run the nodes to their end, from where their records end, and report.

    Args:
        config: the search.
        hill: measures the result.
        initial: opponents of every round.
        folder: the run folder.
        open_engine: where the nodes run.
        observe: is shown the run whenever there may be news.

    Raises:
        RuntimeError: every node died, or another process is running this folder.
    """
    from rich.console import Console

    from dei_agents.progress import live_display, progress_view
    from dei_agents.run_folder import write_results

    ensemble = Ensemble(config, folder)
    terminal = Console(stderr=True)
    began = time.monotonic()

    with open_engine(config, folder, initial) as engine, live_display(terminal) as live:

        def on_update(views: Sequence[NodeView]) -> None:
            live.update(progress_view(config, views), refresh=True)
            if observe:
                observe(folder.resolve().name, views, ensemble.deaths)

        ensemble.run(engine, on_update)
    seconds = time.monotonic() - began
    for view in ensemble.views:
        if view.state in ("halted", "spent", "dead"):
            reason = view.reason or f"its process died, see {folder / 'logs'}"
            terminal.print(f"node {view.node} stopped: {reason}", highlight=False, markup=False)
    with terminal.status("measuring the result against the held-out hill"):
        summary, common = evaluate(config, hill, ensemble.views, seconds)
        write_results(folder, config, summary, ensemble.views, common)
    terminal.print(f"report: {folder / 'report.html'}", highlight=False)
    return summary


def evaluate(
    config: RunConfig, hill: Hill, views: list[NodeView], seconds: float = 0.0
) -> tuple[Summary, Archive[Elite]]:
    """The figures of a search, and its archive re-scored under equal conditions."""
    return summarise(
        views,
        name=config.name,
        seed=config.seed,
        config=config.core.config,
        hill=hill,
        seconds=seconds,
        threads=os.cpu_count() or 1,
    )
