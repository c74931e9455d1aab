"""Puts trials together to a comparison.

Runs of different conditions with one seed are a pair. A condition that is run once for each model
counts as the mean over the models. Seeds for which one side of a difference is missing are left
out of it, so a comparison that was stopped half-way still compares.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean

from coreenv.measures import GRID
from eval.comparison_report import (
    QUESTIONS,
    ComparisonReport,
    Difference,
    Estimated,
    MeanArchive,
    MeanCurve,
    Row,
    Setup,
    Side,
)
from eval.trial import BY_MODEL, Condition, CurvePoint, Trial
from eval.trial_figures import MEASURES, Measure


def compare_trials(setup: Setup, trials: Sequence[Trial], planned: int) -> ComparisonReport:
    """The comparison as far as it has come.

    Args:
        setup: what the trials have in common.
        trials: those that are finished, at least one, measured by the same version; their order
            does not matter.
        planned: how many there will be.
    """
    pool = _Pool(setup, trials)
    return ComparisonReport(
        made_by=trials[0].made_by,
        setup=setup,
        finished=(len(trials), planned),
        rows=tuple(pool.rows()),
        differences=tuple(pool.differences()),
        curves=tuple(pool.curves()),
        archives=tuple(pool.archives()),
    )


class _Pool:
    """Trials by what they are."""

    def __init__(self, setup: Setup, trials: Sequence[Trial]) -> None:
        self._conditions = setup.conditions
        self._members = range(len(setup.models))
        self._seeds = setup.seeds
        ordered = sorted(trials, key=lambda t: (t.run.condition, t.run.member or 0, t.run.seed))
        self._trials = {(t.run.condition, t.run.member, t.run.seed): t for t in ordered}

    def _of(self, condition: Condition) -> list[Trial]:
        return [trial for key, trial in self._trials.items() if key[0] == condition]

    def _found(self) -> list[Condition]:
        return [condition for condition in self._conditions if self._of(condition)]

    def value(self, side: Side, measure: Measure, seed: int) -> float | None:
        """A side's figure with one seed, None if there is none (yet)."""
        alone = side.condition in BY_MODEL
        if alone and side.member is None:
            parts = [Side(condition=side.condition, member=member) for member in self._members]
            values = [self.value(part, measure, seed) for part in parts]
            known = [value for value in values if value is not None]
            return fmean(known) if len(known) == len(values) else None
        trial = self._trials.get((side.condition, side.member if alone else None, seed))
        if trial is None:
            return None
        nodes = [node for node in trial.nodes if side.member in (None, node.model)]
        return measure.value(trial, nodes)

    def rows(self) -> list[Row]:
        rows = []
        for side in (side for condition in self._found() for side in self._sides(condition)):
            figures = {}
            for key, measure in _measures(side):
                values = [self.value(side, measure, seed) for seed in self._seeds]
                if known := [value for value in values if value is not None]:
                    figures[key] = Estimated.of(known)
            if figures:
                rows.append(Row(side=side, figures=figures))
        return rows

    def _sides(self, condition: Condition) -> list[Side]:
        members = [None, *self._members]
        return [Side(condition=condition, member=member) for member in members]

    def differences(self) -> list[Difference]:
        return [
            Difference(question=key, first=first, second=second, figures=figures)
            for key, (_, one, other, by_model) in QUESTIONS.items()
            for first, second in zip(self._sides(one), self._sides(other), strict=True)
            if by_model or first.member is None
            if (figures := self._compared(first, second))
        ]

    def _compared(self, first: Side, second: Side) -> dict[str, Estimated]:
        figures = {}
        for key, measure in _measures(first, second):
            pairs = [
                (self.value(first, measure, seed), self.value(second, measure, seed))
                for seed in self._seeds
            ]
            if known := [a - b for a, b in pairs if a is not None and b is not None]:
                figures[key] = Estimated.of(known)
        return figures

    def curves(self) -> list[MeanCurve]:
        return [
            MeanCurve(
                condition=condition,
                raw=_mean_curve([trial.curve_raw for trial in self._of(condition)]),
                common=_mean_curve([trial.curve_common for trial in self._of(condition)]),
            )
            for condition in self._found()
        ]

    def archives(self) -> list[MeanArchive]:
        archives = []
        for condition in self._found():
            trials = self._of(condition)
            fitness = [[0.0] * GRID[1] for _ in range(GRID[0])]
            occupied = [[0.0] * GRID[1] for _ in range(GRID[0])]
            for held in (held for trial in trials for held in trial.archive):
                tsp, mc = held.cell
                fitness[tsp][mc] += held.fitness / len(trials)
                occupied[tsp][mc] += 1 / len(trials)
            archives.append(
                MeanArchive(
                    condition=condition,
                    fitness=tuple(map(tuple, fitness)),
                    occupied=tuple(map(tuple, occupied)),
                )
            )
        return archives


def _measures(*sides: Side) -> Iterator[tuple[str, Measure]]:
    """Those that apply. A run of all models has whole figures, of which no model has a part."""
    parts = all(side.member is not None and side.condition not in BY_MODEL for side in sides)
    for key, measure in MEASURES.items():
        if measure.of_nodes or not parts:
            yield key, measure


def _mean_curve(curves: Sequence[Sequence[CurvePoint]]) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(
            round=at[0].round,
            calls=at[0].calls,
            qd_score=fmean(point.qd_score for point in at),
            coverage=fmean(point.coverage for point in at),
        )
        for at in zip(*curves, strict=True)
    )
