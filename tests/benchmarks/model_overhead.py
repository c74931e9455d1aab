"""What a search spends beside battles and calls, with a model that answers at once."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from coreenv.hill import bundled
from dei_agents import node as node_module
from dei_agents.config import RunConfig
from dei_agents.exchange.shared_memory import SharedMemoryBlock
from dei_agents.ledger import Ledger, Line
from dei_agents.node import Node
from dei_agents.policies.model import ModelPolicy, open_client
from dei_agents.worker import open_book, open_desk
from tests.dei_agents.fake_servers import provider_process

GOAL: Final = 0.95
CALLS: Final = 40


class Clock:
    """Adds up the wall time of the functions it wraps."""

    seconds = 0.0

    def timed(self, function: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **kwargs: object) -> object:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began

        return run


def share_of_battles_and_calls() -> float:
    """Of the wall time of one node's round with the rules and opponents of configs/quick.toml."""
    clock = Clock()
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        url = stack.enter_context(provider_process(folder / "requests.jsonl"))
        config = RunConfig.model_validate(
            {
                "search": {"rounds": 1, "calls": CALLS},
                "nodes": [
                    {"policy": "openai", "api": "chat", "model": "fast", "base_url": f"{url}/v1"}
                ],
            }
        )
        (folder / "events").mkdir()
        open_book(folder, config)
        desk = stack.enter_context(open_desk(0, config, folder))
        block = stack.enter_context(SharedMemoryBlock(1))
        exchange = stack.enter_context(block.recipe(0)())
        line = stack.enter_context(Line(open_client(config.nodes[0], config.core.config)))
        ledger = Ledger(line, desk.write, desk.account, None, {})
        policy = ModelPolicy(config.nodes[0], ledger.complete)
        stack.enter_context(
            patch.object(node_module, "evaluate", clock.timed(node_module.evaluate))
        )
        stack.enter_context(patch.object(ModelPolicy, "propose", clock.timed(ModelPolicy.propose)))
        opponents = bundled("v1").warriors(("Pebble", "Lookout", "Carbon", "Broom"))
        worker = Node(0, config, (policy,), exchange, opponents, desk.write, desk.account)
        began = time.perf_counter()
        worker.run()
        return clock.seconds / (time.perf_counter() - began)
