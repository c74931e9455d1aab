"""Measures a finished run of a comparison by its record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coreenv.config import CoreConfig
from coreenv.hill import Hill
from eval.archive import Archive, E, Elite, EliteRecord
from eval.generality import generality, made_by
from eval.protocol import Protocol
from eval.qd_metrics import common_elites
from eval.record import Called, Event, NodeView
from eval.trial import CellFitness, CurvePoint, Score, Trial, TrialNode, TrialRun
from eval.units import Progress

SAMPLES = 50
"""Most points of a curve, unless there are more rounds: every one of them has at least one."""

DIGITS = 6
"""After the point, where many figures are kept: the files are many too."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What runs are measured with; the last two do not change a result.

    Attributes:
        config: the rules.
        hill: names the common and the held-out opponents.
        protocol: of the held-out score.
        threads: fight at once.
        progress: is told about the held-out duels.
    """

    config: CoreConfig
    hill: Hill
    protocol: Protocol
    threads: int = 1
    progress: Progress | None = None

    @property
    def made_by(self) -> str:
        return made_by(self.hill, self.protocol)

    def rescore(self, records: Iterable[EliteRecord], seed: int) -> dict[str, Elite]:
        """The common re-score of every distinct warrior, by its canonical id."""
        elites = {record.id: record for record in records}
        measured = common_elites(
            [record.to_elite(self.config) for record in elites.values()],
            self.hill,
            self.config,
            seed=seed,
            threads=self.threads,
        )
        return {elite.warrior.id: elite for elite in measured}

    def held_out(self, elites: Sequence[Elite]) -> dict[str, Score]:
        """The score of every distinct warrior, by its canonical id."""
        warriors = {elite.warrior.id: elite.warrior for elite in elites}
        results = generality(
            list(warriors.values()),
            self.hill,
            self.config,
            self.protocol,
            threads=self.threads,
            progress=self.progress,
        )
        return {result.warrior: Score.of(result) for result in results}


def measure(
    run: TrialRun, models: Sequence[int], events: Sequence[Sequence[Event]], gauge: Gauge
) -> Trial:
    """Measure a run.

    `best_of_n` has a single warrior instead of archives: of the nodes' last champions the
    fittest. So its coverage is one cell, its QD-score that warrior's fitness, and its nodes have
    no figures of their own: they are those of random search.

    Args:
        run: which one it is; all its nodes came to their end.
        models: of every node, index in the comparison.
        events: of every node, in order.
        gauge: what to measure it with.
    """
    alone = run.condition == "best_of_n"
    moments = _moments(events, alone=alone)
    ends = list({moment.round: moment for moment in moments}.values())
    rescored = gauge.rescore((e for end in ends for a in end.archives for e in a), run.seed)
    commons = [_common(end, rescored, alone=alone) for end in ends]
    claimed, common = moments[-1].merged(alone=alone), commons[-1]
    views = [] if alone else list(map(_view, range(len(events)), events))
    published = [p.elite.to_elite(gauge.config) for view in views for p in view.published]
    champion = common.champion
    scores = gauge.held_out(published + ([champion] if champion else []))
    return Trial(
        made_by=gauge.made_by,
        run=run,
        calls=sum(isinstance(event, Called) for told in events for event in told),
        qd_score_raw=claimed.qd_score,
        coverage_raw=claimed.coverage,
        qd_score_common=common.qd_score,
        coverage_common=common.coverage,
        archive=tuple(CellFitness(cell=e.cell, fitness=round(e.fitness, DIGITS)) for e in common),
        champion=EliteRecord.of(champion) if champion else None,
        score=scores[champion.warrior.id] if champion else None,
        nodes=tuple(_node(view, models[view.node], scores) for view in views),
        curve_raw=tuple(_point(moment, moment.merged(alone=alone)) for moment in moments),
        curve_common=tuple(map(_point, ends, commons)),
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """All nodes' archives after the same call of the same round.

    Attributes:
        round: from 1.
        calls: of the whole run so far.
        archives: of every node.
    """

    round: int
    calls: int
    archives: tuple[Archive[EliteRecord], ...]

    def merged(self, *, alone: bool) -> Archive[EliteRecord]:
        """Merged by claimed fitness [S]."""
        return _kept(Archive.merged(self.archives), alone=alone)


def _moments(events: Sequence[Sequence[Event]], *, alone: bool) -> list[Moment]:
    """The nodes' archives at equal steps of every round, the last of them at its end."""
    last = max((e.round, e.call) for e in events[0] if isinstance(e, Called))
    rounds, calls = last
    steps = min(calls, max(1, SAMPLES // rounds))
    marks = [(r, -(-s * calls // steps)) for r in range(1, rounds + 1) for s in range(1, steps + 1)]
    archives = zip(*(_archives_at(marks, told, alone=alone) for told in events), strict=True)
    return [
        Moment(round_, ((round_ - 1) * calls + call) * len(events), held)
        for (round_, call), held in zip(marks, archives, strict=True)
    ]


def _archives_at(
    marks: Sequence[tuple[int, int]], events: Sequence[Event], *, alone: bool
) -> list[Archive[EliteRecord]]:
    """A node's archive after each of the (round, call) marks."""
    view, wanted, found = NodeView(0), set(marks), []
    for event in events:
        view.apply(event)
        if isinstance(event, Called) and (event.round, event.call) in wanted:
            found.append(_kept(Archive(view.archive), alone=alone))
    return found


def _kept(archive: Archive[E], *, alone: bool) -> Archive[E]:
    """What a condition keeps of an archive: all of it, or its champion."""
    return Archive([archive.champion] if alone and archive.champion else archive)


def _common(end: Moment, rescored: Mapping[str, Elite], *, alone: bool) -> Archive[Elite]:
    """The re-scored archive of a moment."""
    elites = (rescored[record.id] for archive in end.archives for record in archive)
    return _kept(Archive(elites), alone=alone)


def _point(moment: Moment, archive: Archive[E]) -> CurvePoint:
    return CurvePoint(
        round=moment.round,
        calls=moment.calls,
        qd_score=round(archive.qd_score, DIGITS),
        coverage=round(archive.coverage, DIGITS),
    )


def _view(node: int, events: Sequence[Event]) -> NodeView:
    view = NodeView(node)
    for event in events:
        view.apply(event)
    return view


def _node(view: NodeView, model: int, scores: Mapping[str, Score]) -> TrialNode:
    return TrialNode(
        model=model,
        calls=view.calls,
        received=len(view.received),
        fills=sum(received.fills for received in view.received),
        champions=tuple(scores[published.elite.id] for published in view.published),
    )
