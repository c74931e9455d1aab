"""The ensemble: starts the nodes, follows their records, and survives their deaths."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from dei_agents.config import RunConfig
from dei_agents.engine import Engine
from dei_agents.runlog import RunLog, node_log
from eval.record import EventReader, NodeDied, NodeView

REFRESH_SECONDS = 0.1
"""How often the ensemble looks at its nodes and their records."""


class Ensemble:
    """A search as seen from outside its nodes.

    Everything it knows comes from the run folder, so the same views serve a live display and
    a later look at a finished or broken run.

    Args:
        config: the search.
        folder: the run folder.
    """

    def __init__(self, config: RunConfig, folder: Path) -> None:
        self.folder = folder
        self.restarts = config.restarts
        self.views = [NodeView(node) for node in range(len(config.nodes))]
        self._readers = [EventReader(node_log(folder, view.node)) for view in self.views]

    def refresh(self) -> None:
        """Take in what the nodes have recorded since the last call."""
        for view, reader in zip(self.views, self._readers, strict=True):
            for event in reader.read():
                view.apply(event)

    def run(self, engine: Engine, on_update: Callable[[Sequence[NodeView]], None]) -> None:
        """Start the nodes and follow them to the end.

        A node that dies takes nothing down with it: its death is recorded, the others go on, and
        it is started again from its record, at most ``restarts`` times.

        Raises:
            RuntimeError: every node died.
        """
        with RunLog(self.folder / "events" / "ensemble.jsonl") as log:
            deaths = Counter[int]()
            engine.start(range(len(self.views)))
            while True:
                at_work = engine.running
                ended = engine.poll()
                self.refresh()
                for node, exit_code in ended.items():
                    if not exit_code and self.views[node].state in ("finished", "halted", "spent"):
                        continue
                    deaths[node] += 1
                    death = NodeDied(node=node, exit_code=exit_code)
                    log.write(death)
                    self.views[node].apply(death)
                    if deaths[node] > self.restarts:
                        engine.abandon(node)
                    else:
                        engine.start([node])
                        at_work = True
                on_update(self.views)
                if not at_work:
                    break
                time.sleep(REFRESH_SECONDS)
        if all(view.state == "dead" for view in self.views):
            raise RuntimeError(f"every node died; see {self.folder / 'logs'}")
