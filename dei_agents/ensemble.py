"""The ensemble: starts the nodes, follows their records, and survives their deaths."""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from errno import ENOSPC
from logging import Logger
from pathlib import Path
from shutil import disk_usage

from dei_agents.config import RunConfig
from dei_agents.engine import Engine
from dei_agents.logs import ensemble_logging
from dei_agents.runlog import RunLog, node_log
from eval.record import EventReader, NodeDied, NodeView

REFRESH_SECONDS = 0.1
"""How often the ensemble looks at its nodes and their records."""

ROOM = 2**16
"""Bytes that must be free on the disk for a node that died to be started again."""

Observer = Callable[[str, Sequence[NodeView], Mapping[int, int]], None]
"""Is shown a run as of now: the name of its folder, its nodes, and their deaths by node. It keeps
nothing of what it is shown."""


class Ensemble:
    """A search as seen from outside its nodes.

    Everything it knows comes from the run folder, so the same views serve a live display and
    a later look at a finished or broken run.

    Args:
        config: the search.
        folder: the run folder.

    Attributes:
        views: every node, as its own record tells it.
        deaths: of every node, those of earlier processes of the run included; known once it runs.
    """

    def __init__(self, config: RunConfig, folder: Path) -> None:
        self.folder = folder
        self.restarts = config.restarts
        self.views = [NodeView(node) for node in range(len(config.nodes))]
        self.deaths = Counter[int]()
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
            OSError: the disk is full.
        """
        path = ensemble_record(self.folder)
        with RunLog(path) as record, ensemble_logging(self.folder) as log:
            self.deaths = Counter(death.node for death in deaths(EventReader(path)))
            left = Counter({view.node: self.restarts for view in self.views})
            engine.start(left)
            log.info("started nodes: %d", len(left))
            while True:
                at_work = engine.running
                ended = engine.poll()
                self.refresh()
                for node, exit_code in ended.items():
                    if not self._died(node, exit_code, record, log):
                        continue
                    at_work |= self._restarted(engine, node, left, log)
                on_update(self.views)
                if not at_work:
                    break
                time.sleep(REFRESH_SECONDS)
            log.info("all nodes ended")
        if all(view.state == "dead" for view in self.views):
            raise RuntimeError(f"every node died; see {self.folder / 'logs'}")

    def _died(self, node: int, exit_code: int, record: RunLog, log: Logger) -> bool:
        """Did the node's process end before the node did? Then that is recorded."""
        state = self.views[node].state
        if not exit_code and state in ("finished", "halted", "spent"):
            log.info("node %d ended: %s", node, state)
            return False
        death = NodeDied(node=node, exit_code=exit_code)
        record.write(death)
        self.views[node].apply(death)
        self.deaths[node] += 1
        log.warning("node %d died, exit code %d", node, exit_code)
        return True

    def _restarted(self, engine: Engine, node: int, left: Counter[int], log: Logger) -> bool:
        """Start a node that died again, unless it was restarted too often.

        Raises:
            OSError: the disk is full; its log had no room to say so, and others will not have it.
        """
        if disk_usage(self.folder).free < ROOM:
            raise OSError(ENOSPC, os.strerror(ENOSPC), os.fspath(self.folder))
        if not left[node]:
            engine.abandon(node)
            self.views[
                node
            ].state = "dead"  # Also if its record is whole, but nobody can follow it.
            log.error("node %d given up after %d restarts", node, self.restarts)
            return False
        left[node] -= 1
        engine.start([node])
        log.warning("node %d started again, restarts left: %d", node, left[node])
        return True


def ensemble_record(folder: Path) -> Path:
    """Where the ensemble's own events are."""
    return folder / "events" / "ensemble.jsonl"


def deaths(reader: EventReader) -> list[NodeDied]:
    """The deaths in the ensemble's record that were not read yet."""
    return [event for event in reader.read() if isinstance(event, NodeDied)]
