"""Conditions: what a result depends on beside the entry, and who may be compared with whom.

Kinds: ``score`` of a warrior against the hill's test split, ``search`` of an archive, ``holdout``
of a warrior, known as a tier alone, and ``duel`` of two entrants.
"""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from sqlalchemy.orm import Session

from coreenv import ENGINE_VERSION
from coreenv.config import CoreConfig, ruleset
from coreenv.hill import Hill, Split
from coreenv.placement import Placement
from eval.protocol import SEASON_0, Protocol
from eval.results import Results, result_key
from leaderboard import holdout, search_track
from leaderboard.board import Board
from leaderboard.models import Entry, Evaluation, SeasonRow
from leaderboard.seasons import season
from leaderboard.signing import canonical

DUEL: Final = Protocol("quick", SEASON_0)
"""Entrants meet one another in public: anybody can watch these rounds again."""


@dataclass(frozen=True)
class Setting:
    """What a result depends on beside the entry.

    Attributes:
        kind: of the result.
        hill: who the opponents are; of a duel, whose rules hold.
        split: of the hill.
        protocol: profile and season.
    """

    kind: str
    hill: Hill
    split: Split
    protocol: Protocol

    @property
    def config(self) -> CoreConfig:
        return ruleset(self.hill.ruleset)

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """As in `eval.results`; for a score they are the same, and so is its key."""
        if self.kind == "duel":
            return {
                "core": self.config.to_dict(),
                "engine": ENGINE_VERSION,
                "hill_hash": self.hill.hash,
                "profile": self.protocol.profile,
                "kind": self.kind,
            }
        found = Results(self.hill, self.split, self.config, self.protocol, ()).conditions
        if self.kind == "score":
            return found
        if self.kind == "search":
            seed = search_track.common_seed(self.hill, self.protocol)
            found["common_placements"] = sha256(f"{seed}".encode()).hexdigest()
        return {**found, "kind": self.kind}

    def key(self, entry: str, other: str | None = None) -> str:
        """The result's name, by canonical hashes."""
        against = {} if other is None else {"opponent": other}
        return result_key(entry, {**self.conditions, **against})


def conditions_hash(conditions: dict[str, Any]) -> str:
    """SHA-256 (64 hex digits): only results that share it can be compared."""
    return sha256(canonical(conditions).encode()).hexdigest()


def official(board: Board, row: SeasonRow, entry: Entry) -> Setting:
    """Under what an entry is scored in a season."""
    return official_for(board, row, board.hills[entry.ruleset], entry.track)


def official_for(board: Board, row: SeasonRow, hill: Hill, track: str) -> Setting:
    """Under what entries of a track are scored in a season."""
    protocol = Protocol(board.settings.profile, season(board.folder, row))
    return Setting("score" if track == "warrior" else "search", hill, "test", protocol)


def setting_of(board: Board, session: Session, evaluation: Evaluation) -> Setting | None:
    """Under what a stored evaluation was or will be made; None if this board has moved on: other
    machine, other hill, other profile."""
    entry, row = (
        session.get_one(Entry, evaluation.entry),
        session.get_one(SeasonRow, evaluation.season),
    )
    if entry.ruleset not in board.hills:
        return None
    if evaluation.kind == "duel":
        found: Setting | None = duel_setting(board.hills[entry.ruleset])
    elif evaluation.kind == "holdout":
        found = holdout_setting(board, session, row, entry.ruleset)
    else:
        found = official(board, row, entry)
    same = found and conditions_hash(found.conditions) == evaluation.conditions
    return found if same else None


def duel_setting(hill: Hill) -> Setting:
    """Under what entrants meet one another."""
    return Setting("duel", hill, "test", DUEL)


def holdout_setting(board: Board, session: Session, row: SeasonRow, rules: str) -> Setting | None:
    """Under what entries meet the holdout; None if there is none."""
    hill = holdout.current(board.folder, session, rules)
    if hill is None:
        return None
    protocol = Protocol(board.settings.profile, season(board.folder, row))
    return Setting("holdout", hill, hill.members[0].split, protocol)


def duel_placement(setting: Setting, second: str) -> Placement:
    """Where a warrior with the canonical hash ``second`` meets all others."""
    return setting.protocol.placement(setting.config, setting.hill, second)
