"""Matches: any two warriors, in the rounds of their duel."""

import json
from dataclasses import dataclass

from sqlalchemy.orm import Session

from coreenv.battle import Battle
from coreenv.hill import Hill
from coreenv.redcode import Warrior
from leaderboard.board import Board
from leaderboard.conditions import duel_placement, duel_setting
from leaderboard.evaluation import in_order, warrior_of
from leaderboard.models import Entry, Evaluation
from leaderboard.problem import Problem
from leaderboard.views import hill_of


@dataclass(frozen=True, slots=True)
class Match:
    """Two warriors, and the rounds in which anybody can watch them.

    Attributes:
        battle: all rounds, replayable by `coreenv.replay`.
        wins, losses, ties: of the first; None until the round robin has fought it.
    """

    battle: Battle
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None


def match(board: Board, session: Session, first: str, second: str) -> Match:
    """Two warriors of one ruleset, each an entry's id or a member of the hill by name.

    Raises:
        Problem: E_UNKNOWN or E_RULESET.
    """
    entries = [session.get(Entry, name) for name in (first, second)]
    rules = {entry.ruleset for entry in entries if entry}
    if len(rules) > 1:
        raise Problem.of("E_RULESET", f"{first} and {second} are for different rulesets")
    hill = hill_of(board, rules.pop() if rules else None)
    pair = tuple(
        _fighter(hill, entry, name) for entry, name in zip(entries, (first, second), strict=True)
    )
    setting = duel_setting(hill)
    battle = Battle(pair, setting.config, duel_placement(setting, pair[1].id))
    one, two = entries
    if one is None or two is None or in_order(one, two) != (one, two):
        return Match(battle)
    found = session.get(Evaluation, setting.key(one.canonical, two.canonical))
    if found is None or not found.document:
        return Match(battle)
    result = json.loads(found.document)["signed"]["result"]
    return Match(battle, result["wins"], result["losses"], result["ties"])


def _fighter(hill: Hill, entry: Entry | None, name: str) -> Warrior:
    if entry is not None and entry.track == "warrior":
        return warrior_of(entry)
    try:
        return hill.warrior(name)
    except KeyError:
        hint = "give an entry's id, or the name of a member of the hill"
        raise Problem.of("E_UNKNOWN", f"there is no warrior {name[:80]!r}", hint) from None
