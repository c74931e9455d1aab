"""A run watched from outside, from its record alone: what `dei show --follow` does."""

import time
from collections import Counter
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live

from dei_agents.config import RunConfig
from dei_agents.ensemble import Observer, deaths, ensemble_record
from dei_agents.progress import progress_view
from dei_agents.runlog import node_log
from eval.record import EventReader, NodeDied, NodeView

FOLLOW_SECONDS: Final = 0.5
"""How often the record is read; the folder may be on another machine's disk."""


class Watch:
    """A run as its whole record tells it: the nodes' events, and their deaths.

    Args:
        config: the search.
        folder: the run folder; no node need have begun.

    Attributes:
        views: every node. It is dead if the newest that is known of it is its death: one that was
            started again has written since.
        deaths: of every node.
    """

    def __init__(self, config: RunConfig, folder: Path) -> None:
        nodes = range(len(config.nodes))
        self.views = [NodeView(node) for node in nodes]
        self.deaths = Counter[int]()
        self._newest = dict.fromkeys(nodes, 0.0)
        self._died: dict[int, NodeDied] = {}
        self._readers = [EventReader(node_log(folder, node)) for node in nodes]
        self._ensemble = EventReader(ensemble_record(folder))

    def refresh(self) -> None:
        """Take in what was recorded since the last call.

        Raises:
            ValueError: the record is damaged; the message names the file.
        """
        # Deaths first: what a node wrote before its death is there once its death is.
        for death in deaths(self._ensemble):
            self.deaths[death.node] += 1
            self._died[death.node] = death
        for view, reader in zip(self.views, self._readers, strict=True):
            for event in reader.read():
                view.apply(event)
                self._newest[view.node] = event.at
            self._settle(view)

    def _settle(self, view: NodeView) -> None:
        """Is the node dead, or did it go on after its last death?"""
        death = self._died.get(view.node)
        if death is None:
            return
        if death.at >= self._newest[view.node]:
            view.apply(death)
        elif view.state == "dead":
            view.state = "running"


def follow(config: RunConfig, folder: Path, observe: Observer | None = None) -> None:
    """Show the progress of a run, whoever runs it and wherever, until its result is there.

    Where stderr is no terminal, it only waits.

    Args:
        config: the search.
        folder: the run folder.
        observe: is shown the run whenever its record was read.

    Raises:
        ValueError: the record is damaged; the message names the file.
    """
    watch = Watch(config, folder)
    terminal = Console(stderr=True)
    silent = not terminal.is_terminal
    with Live(console=terminal, auto_refresh=False, transient=silent) as live:
        while True:
            ended = (folder / "summary.json").exists()  # Written last: the record is complete.
            watch.refresh()
            if observe:  # First: what the terminal shows can be had from the metrics already.
                observe(folder.resolve().name, watch.views, watch.deaths)
            live.update(progress_view(config, watch.views), refresh=True)
            if ended:
                return
            time.sleep(FOLLOW_SECONDS)
