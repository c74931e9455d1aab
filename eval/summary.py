"""What a search came to: the figures of its final table."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from coreenv import MADE_BY
from coreenv.config import CoreConfig
from coreenv.hill import Hill
from eval.archive import Archive, Elite, EliteRecord
from eval.generality import Generality, generality
from eval.protocol import QUICK, Protocol
from eval.qd_metrics import common_archive
from eval.record import ModelTally, NodeView


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSummary(_Model):
    """One node's share.

    Attributes:
        node: its index.
        operator: its mutation policy.
        state: ``finished``, ``spent`` (its budget), ``halted`` (its provider does not answer),
            ``dead``, or where it was when the run was stopped.
        reason: why it did not finish, if it says so.
        rounds: rounds completed.
        calls: calls made; the next seven add up to it.
        placed, beaten, duplicates, rejected, refused, truncated, failed_calls: what became of
            them.
        rejections: rejected proposals by reason.
        received: champions of peers taken from the exchange.
        fills: how many of those filled a cell that was empty here: DEI's niche novelty [S].
        lost: champions overwritten before this node collected them.
        cells: occupied cells of its final archive.
        qd_score: sum of their fitness, as claimed.
        best: fitness of its last champion, as claimed.
        best_corrected: the same on fresh placements; None if it never published.
        champion: canonical id of that champion.
    """

    node: int
    operator: str
    state: str
    reason: str
    rounds: int
    calls: int
    placed: int
    beaten: int
    duplicates: int
    rejected: int
    refused: int
    truncated: int
    failed_calls: int
    rejections: dict[str, int]
    received: int
    fills: int
    lost: int
    cells: int
    qd_score: float
    best: float
    best_corrected: float | None
    champion: str | None

    @property
    def failed(self) -> bool:
        """It died, or its provider stopped answering."""
        return self.state in ("dead", "halted")

    @classmethod
    def of(cls, view: NodeView) -> "NodeSummary":
        last = view.published[-1] if view.published else None
        return cls(
            node=view.node,
            operator=view.operator,
            state=view.state,
            reason=view.reason,
            rounds=view.rounds,
            calls=view.calls,
            placed=view.outcomes["placed"],
            beaten=view.outcomes["beaten"],
            duplicates=view.outcomes["duplicate"],
            rejected=view.outcomes["rejected"],
            refused=view.outcomes["refused"],
            truncated=view.outcomes["truncated"],
            failed_calls=view.outcomes["failed"],
            rejections=dict(sorted(view.rejections.items())),
            received=len(view.received),
            fills=sum(received.fills for received in view.received),
            lost=view.lost,
            cells=len(view.final),
            qd_score=view.final.qd_score,
            best=last.claimed if last else view.best,
            best_corrected=last.elite.fitness if last else None,
            champion=last.elite.id if last else None,
        )


class ModelSummary(_Model):
    """What the calls of one language model came to, over all nodes.

    Attributes:
        model: as configured.
        calls: answers, whatever came of them.
        input_tokens, output_tokens: as charged; where the provider gave no figure, at their worst.
        usd: what they cost; None if a price is unknown.
        uncertain_usd: the part of it that was taken at its worst.
        seconds: 50th, 90th and 99th percentile of a call's time.
        placed, beaten, duplicates, rejected, refused, truncated, failed: judged calls by outcome;
            an answer that ended its node was not judged.
        faults: failed calls by cause.
    """

    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    uncertain_usd: float
    seconds: tuple[float, float, float]
    placed: int
    beaten: int
    duplicates: int
    rejected: int
    refused: int
    truncated: int
    failed: int
    faults: dict[str, int]

    @classmethod
    def of(cls, model: str, tally: ModelTally) -> "ModelSummary":
        seconds = np.percentile(tally.seconds or [0.0], (50, 90, 99))
        return cls(
            model=model,
            calls=tally.calls,
            input_tokens=tally.usage.input_tokens,
            output_tokens=tally.usage.output_tokens,
            usd=tally.micro_usd / 1e6 if tally.priced else None,
            uncertain_usd=tally.uncertain_micro_usd / 1e6,
            seconds=(round(seconds[0], 3), round(seconds[1], 3), round(seconds[2], 3)),
            placed=tally.outcomes["placed"],
            beaten=tally.outcomes["beaten"],
            duplicates=tally.outcomes["duplicate"],
            rejected=tally.outcomes["rejected"],
            refused=tally.outcomes["refused"],
            truncated=tally.outcomes["truncated"],
            failed=tally.outcomes["failed"],
            faults=dict(sorted(tally.faults.items())),
        )


class Summary(_Model):
    """The final figures of a search.

    Attributes:
        made_by: what computed them.
        name, seed: of the run.
        seconds: wall-clock time of the search itself.
        calls, rejected, duplicates: totals over the nodes.
        exchanged: champions received, over all nodes.
        qd_score_raw, coverage_raw: of the archive merged by claimed fitness, as in the paper [S].
        qd_score_common, coverage_common: after the re-score under equal conditions: the headline.
        champion: the fittest warrior of the re-scored archive; None if no warrior was found.
        generality: that champion and every node's last one against the held-out split.
        nodes: one entry a node.
        models: one entry a language model.
    """

    made_by: str
    name: str
    seed: int
    seconds: float
    calls: int
    rejected: int
    duplicates: int
    exchanged: int
    qd_score_raw: float
    coverage_raw: float
    qd_score_common: float
    coverage_common: float
    champion: EliteRecord | None
    generality: tuple[Generality, ...]
    nodes: tuple[NodeSummary, ...]
    models: tuple[ModelSummary, ...] = ()

    @property
    def champion_generality(self) -> Generality | None:
        """The champion's held-out score."""
        return self.generality[0] if self.generality else None


def merged_archive(views: Sequence[NodeView]) -> Archive[EliteRecord]:
    """Best per cell over the nodes' final archives, by claimed fitness [S]."""
    return Archive.merged(view.final for view in views)


def _models(views: Sequence[NodeView]) -> tuple[ModelSummary, ...]:
    tallies: dict[str, ModelTally] = {}
    for view in views:
        for model, tally in view.tallies().items():
            tallies.setdefault(model, ModelTally()).merge(tally)
    return tuple(ModelSummary.of(model, tally) for model, tally in sorted(tallies.items()))


def summarise(
    views: Sequence[NodeView],
    *,
    name: str,
    seed: int,
    config: CoreConfig,
    hill: Hill,
    protocol: Protocol = QUICK,
    seconds: float = 0.0,
    threads: int = 1,
) -> tuple[Summary, Archive[Elite]]:
    """The final figures of a search, and the archive re-scored under equal conditions."""
    merged = merged_archive(views)
    finals = [record.to_elite(config) for view in views for record in view.final]
    common = common_archive(finals, hill, config, seed=seed, threads=threads)
    champions = [common.champion] if common.champion else []
    champions += [v.published[-1].elite.to_elite(config) for v in views if v.published]
    distinct = list({elite.warrior.id: elite.warrior for elite in champions}.values())
    nodes = tuple(map(NodeSummary.of, views))
    summary = Summary(
        made_by=f"{MADE_BY} / hill {hill.name} {hill.version}",
        name=name,
        seed=seed,
        seconds=round(seconds, 1),
        calls=sum(node.calls for node in nodes),
        rejected=sum(node.rejected for node in nodes),
        duplicates=sum(node.duplicates for node in nodes),
        exchanged=sum(node.received for node in nodes),
        qd_score_raw=merged.qd_score,
        coverage_raw=merged.coverage,
        qd_score_common=common.qd_score,
        coverage_common=common.coverage,
        champion=EliteRecord.of(common.champion) if common.champion else None,
        generality=tuple(generality(distinct, hill, config, protocol, threads=threads)),
        nodes=nodes,
        models=_models(views),
    )
    return summary, common
