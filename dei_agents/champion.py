"""The most general warrior of a search: what `dei champion` finds.

A search takes for fit what does well among its own opponents. Here every elite that any node had
at the end of any round meets the hill's dev split, one against one. The best of them are only
partly good and partly lucky, so they meet it again in more rounds, at other placements. Who then
leads is the champion; the test split, which nobody has met, judges it alone and once.

OUT/run/               the search, a run folder
OUT/units.jsonl        the rounds of the duels, so that nothing is fought twice
OUT/champion.red       the champion
OUT/champion.json      its score against the test split
OUT/report.html        the same to look at
OUT/summary.json       what was searched, who was considered, who was chosen
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from coreenv.config import ruleset
from coreenv.hill import Hill, Split
from coreenv.redcode import Warrior
from dei_agents.config import RunConfig
from dei_agents.engine.local import LocalEngine
from dei_agents.ensemble import Ensemble
from dei_agents.run_folder import open_folder, write_json
from dei_agents.runlog import node_log
from dei_agents.search import check, search
from eval.archive import EliteRecord, Origin
from eval.files import write_whole
from eval.generality import generality
from eval.progress import progress_bar
from eval.protocol import Profile, Protocol
from eval.record import EventReader, NodeView, RoundEnded
from eval.results import Results
from eval.score_page import score_page
from eval.units import UnitStore

FINALISTS: Final = 12
"""Warriors that meet the dev split a second time."""


class Finalist(BaseModel):
    """One of the best against the dev split.

    Attributes:
        id: canonical.
        first: points of the first meeting, of which it was among the best: on the lucky side.
        again: points of the second meeting, which alone decides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    first: float
    again: float


class ChampionSummary(BaseModel):
    """How the champion was found.

    Attributes:
        config: of the search.
        made_by: what scored it.
        calls: of all nodes.
        candidates: different warriors that met the dev split.
        finalists: best first; the first one is the champion.
        origin: where it was first written.
        points: against the test split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: RunConfig
    made_by: str
    calls: int
    candidates: int
    finalists: tuple[Finalist, ...]
    origin: Origin
    points: float


@dataclass(frozen=True)
class Jury:
    """Scores warriors against a hill, under its rules."""

    hill: Hill
    store: UnitStore

    def results(self, warriors: Sequence[Warrior], split: Split, profile: Profile) -> Results:
        """One score a warrior."""
        rules, protocol = ruleset(self.hill.ruleset), Protocol(profile)
        with progress_bar(f"{len(warriors)} against the {split} split, {profile}") as progress:
            scores = generality(
                warriors,
                self.hill,
                rules,
                protocol,
                split=split,
                threads=os.cpu_count() or 1,
                store=self.store,
                progress=progress,
            )
        return Results(self.hill, split, rules, protocol, tuple(scores))


def find_champion(config: RunConfig, out: Path) -> Results:
    """Search, choose, judge. What is there already is not done again.

    Returns:
        The champion's score against the test split; everything else is in the folder.

    Raises:
        ConfigError: something is wrong with the configuration; nothing was written.
        RuntimeError: ``out`` is of another search, or a node did not come to its end.
        BlockingIOError: another process is at work there.
    """
    hill, initial = check(config)
    folder = out / "run"
    open_folder(folder, config)
    with UnitStore(out / "units.jsonl") as store:
        views = searched(config, hill, initial, folder)
        found = every_elite(folder, len(views))
        warriors = {id_: elite.to_elite(config.core.config).warrior for id_, elite in found.items()}
        jury = Jury(hill, store)
        finalists = choose(jury, warriors)
        results = jury.results([warriors[finalists[0].id]], "test", "standard")
    summary = ChampionSummary(
        config=config,
        made_by=results.scores[0].made_by,
        calls=sum(view.calls for view in views),
        candidates=len(warriors),
        finalists=finalists,
        origin=found[finalists[0].id].origin,
        points=results.scores[0].points,
    )
    write_whole(out / "champion.red", found[finalists[0].id].redcode)
    write_whole(out / "champion.json", results.to_json())
    write_whole(out / "report.html", score_page(results))
    write_json(out / "summary.json", summary)
    return results


def searched(
    config: RunConfig, hill: Hill, initial: tuple[Warrior, ...], folder: Path
) -> list[NodeView]:
    """The nodes of the search at its end; it goes on if it has not come there.

    Raises:
        RuntimeError: a node did not come to its end.
    """
    ensemble = Ensemble(config, folder)
    ensemble.refresh()
    if not (folder / "summary.json").exists():
        search(config, hill, initial, folder, LocalEngine)
        ensemble.refresh()
    for view in ensemble.views:
        if view.state != "finished":
            raise RuntimeError(f"node {view.node} did not come to its end; see {folder / 'logs'}")
    return ensemble.views


def every_elite(folder: Path, nodes: int) -> dict[str, EliteRecord]:
    """The archives at the end of all rounds of all nodes, by canonical id."""
    found: dict[str, EliteRecord] = {}
    for node in range(nodes):
        view = NodeView(node)
        for event in EventReader(node_log(folder, node)).read():
            view.apply(event)
            if isinstance(event, RoundEnded):
                found |= {elite.id: elite for elite in view.completed}
    return found


def choose(jury: Jury, warriors: dict[str, Warrior]) -> tuple[Finalist, ...]:
    """The finalists, best first.

    Args:
        jury: who scores.
        warriors: by canonical id.
    """
    first = {s.warrior: s.points for s in jury.results([*warriors.values()], "dev", "quick").scores}
    best = sorted(first, key=lambda id_: (-first[id_], id_))[:FINALISTS]
    again = jury.results([warriors[id_] for id_ in best], "dev", "standard").scores
    finalists = [Finalist(id=s.warrior, first=first[s.warrior], again=s.points) for s in again]
    return tuple(sorted(finalists, key=lambda finalist: (-finalist.again, finalist.id)))
