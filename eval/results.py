"""The results of a command: scores and comparisons with what made them, as JSON and as CSV.

Everything in them follows from whole numbers. Equal keys give equal bytes, on any number of
threads, on either machine, and after any interruption.
"""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from coreenv import ENGINE_VERSION
from coreenv.config import CoreConfig
from coreenv.hill import Hill, Split
from eval.comparison import Comparison, adjusted
from eval.generality import Generality, made_by
from eval.protocol import Protocol, digest
from eval.statistics import Estimate

SCHEMA: Final = "corewar-dei/scores/1"

DIGITS: Final = 4
"""Figures in JSON are rounded to so many decimal digits."""

COLUMNS: Final = (
    "warrior",
    "id",
    "opponent",
    "class",
    "rounds",
    "wins",
    "losses",
    "ties",
    "points",
)


@dataclass(frozen=True)
class Results:
    """Scores of warriors that met the same opponents at the same placements.

    Attributes:
        hill: theirs.
        split: of the hill.
        config: the rules.
        protocol: profile and season.
        scores: one a warrior.
        comparisons: of those scores that somebody asked to compare.
    """

    hill: Hill
    split: Split
    config: CoreConfig
    protocol: Protocol
    scores: tuple[Generality, ...]
    comparisons: tuple[Comparison, ...] = ()

    @property
    def conditions(self) -> dict[str, Any]:
        """What a result depends on beside the warrior."""
        return {
            "core": self.config.to_dict(),
            "engine": ENGINE_VERSION,
            "hill_hash": self.hill.hash,
            "placements": digest(
                self.protocol.placement(self.config, self.hill, member.id)
                for member in self.hill.split(self.split)
            ),
            "split": self.split,
        }

    def to_json(self) -> str:
        """The document, with a newline at its end."""
        conditions = self.conditions
        document = {
            **conditions,
            "schema_version": SCHEMA,
            "made_by": made_by(self.hill, self.protocol),
            "hill": f"{self.hill.name} {self.hill.version}",
            "profile": self.protocol.profile,
            "season": self.protocol.season.number,
            "scores": [_score(score, conditions) for score in self.scores],
            "comparisons": [
                _comparison(comparison, p)
                for comparison, p in zip(self.comparisons, adjusted(self.comparisons), strict=True)
            ],
        }
        return json.dumps(document, sort_keys=True, indent=1) + "\n"

    def to_csv(self) -> str:
        """A row for every warrior and opponent."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for s in self.scores:
            for p in s.pairs:
                counts = (p.rounds, p.wins, p.losses, p.ties, _rounded(p.points))
                writer.writerow((s.name, s.warrior, p.opponent, p.opponent_class, *counts))
        return text.getvalue()


def result_key(warrior: str, conditions: dict[str, Any]) -> str:
    """SHA-256 (64 hex digits) by which a result is known.

    Args:
        warrior: canonical id.
        conditions: `Results.conditions`.
    """
    text = json.dumps({**conditions, "warrior": warrior}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _score(score: Generality, conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": result_key(score.warrior, conditions),
        "warrior": score.warrior,
        "name": score.name,
        "points": _rounded(score.points),
        "placement_interval": _interval(score.placement),
        "opponent_interval": _interval(score.opponents),
        "class_points": {name: _rounded(p) for name, p in score.class_points().items()},
        "worst_class": score.worst_class,
        "rounds": score.rounds,
        "wins": score.wins,
        "losses": score.losses,
        "ties": score.ties,
        "win_share": _rounded(score.win_share),
        "tie_share": _rounded(score.tie_share),
        "win_rate": _rounded(score.win_rate),
        "defeat_or_tie": _rounded(score.defeat_or_tie),
        "pairs": [{**pair.model_dump(), "points": _rounded(pair.points)} for pair in score.pairs],
    }


def _comparison(comparison: Comparison, p_holm: float | None) -> dict[str, Any]:
    opponents = comparison.opponents
    return {
        "first": comparison.first.warrior,
        "second": comparison.second.warrior,
        "points": _rounded(comparison.points),
        "placement_interval": _interval(comparison.placement),
        "opponent_interval": _interval(opponents),
        "p": None if opponents is None else _rounded(opponents.p_different),
        "p_holm": None if p_holm is None else _rounded(p_holm),
    }


def _interval(estimate: Estimate | None) -> Sequence[float] | None:
    return None if estimate is None else [_rounded(end) for end in estimate.interval()]


def _rounded(figure: float) -> float:
    return round(figure, DIGITS) + 0.0  # no minus zero
