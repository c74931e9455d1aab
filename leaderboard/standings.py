"""What a finished result does to the tables: it lands, ranks are found anew, duels fall due."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from leaderboard.models import Evaluation, Standing
from leaderboard.ranking import ranks


def land(session: Session, evaluation: Evaluation, track: str, found: dict[str, Any]) -> None:
    """Enter a result, and rank all that share its conditions."""
    session.merge(standing_of(evaluation, track, found))
    session.flush()
    rows = list(
        session.scalars(select(Standing).where(Standing.conditions == evaluation.conditions))
    )
    for row, rank in zip(rows, ranks_of(rows, classes_of(found)), strict=True):
        row.rank = rank


def standing_of(evaluation: Evaluation, track: str, found: dict[str, Any]) -> Standing:
    """The row of a result, not ranked yet."""
    document = found["champion"] if track == "search" else found
    archive = found["archive"] if track == "search" else {"qd_score": None, "coverage": None}
    [score] = document["scores"]
    placement, opponents = score["placement_interval"], score["opponent_interval"]
    return Standing(
        evaluation=evaluation.key,
        entry=evaluation.entry,
        track=track,
        conditions=evaluation.conditions,
        rank=1,
        points=score["points"],
        placement_low=placement[0],
        placement_high=placement[1],
        opponent_low=opponents[0] if opponents else None,
        opponent_high=opponents[1] if opponents else None,
        win_share=score["win_share"],
        tie_share=score["tie_share"],
        worst_class=score["worst_class"],
        qd_score=archive["qd_score"],
        coverage=archive["coverage"],
        counts=json.dumps([[p["wins"], p["losses"], p["ties"]] for p in score["pairs"]]),
    )


def ranks_of(rows: Sequence[Standing], classes: Sequence[str]) -> list[int]:
    """Ranks of standings that share their conditions. Warriors: see `leaderboard.ranking`.
    Searches by corrected QD-score: 1 plus the number of those with a higher one."""
    if rows and rows[0].track == "search":
        scores = np.array([row.qd_score for row in rows], float)
        return [1 + int((scores > score).sum()) for score in scores]
    counts = np.array(json.loads(f"[{','.join(row.counts for row in rows)}]"), float)
    points = 100 * (3 * counts[:, :, 0] + counts[:, :, 2]) / counts.sum(axis=2)
    return ranks(points, classes)


def classes_of(found: dict[str, Any]) -> list[str]:
    """Classes of the opponents of a result, in the order of its counts."""
    [score] = found.get("champion", found)["scores"]
    return [pair["opponent_class"] for pair in score["pairs"]]
