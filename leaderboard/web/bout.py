"""Two warriors to watch: all rounds of their match, how each ended, and one turn by turn."""

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from coreenv.battle import Battle, BattleResult, battle_batch
from coreenv.config import ruleset
from coreenv.hill import Hill
from coreenv.placement import pmars
from coreenv.redcode import Warrior, assemble
from leaderboard.board import Board
from leaderboard.problem import Problem
from leaderboard.sandbox import Job, examine
from leaderboard.views import hill_of

ROUNDS: Final = 60
"""Rounds of a match in the playground, as many as entrants fight."""

MAX_LINK: Final = 16_000
"""Characters of a permalink: browsers and servers take so many and more."""

MAX_PLAIN: Final = 2 * 2**16 + 1000
"""Bytes of what a permalink holds."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A match of the playground: everything that its permalink holds.

    Attributes:
        rules: name of the ruleset.
        sources: of the first warrior and of the second.
        seed: of the positions, 0..2^31 - 2.
    """

    rules: str
    sources: tuple[str, str]
    seed: int

    def link(self) -> str:
        """All of it, in letters that an address may hold.

        Raises:
            Problem: E_SIZE, the sources are too long for a link.
        """
        plain = json.dumps([self.rules, *self.sources, self.seed]).encode()
        text = base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")
        if len(text) > MAX_LINK:
            hint = "leave out comments; the replayer needs only the code"
            raise Problem.of("E_SIZE", "the two sources are too long for a link", hint)
        return text

    @classmethod
    def of_link(cls, text: str) -> "Setup":
        """
        Raises:
            Problem: E_LINK, it is no such link.
        """
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            plain = zlib.decompressobj().decompress(packed, MAX_PLAIN)
            rules, first, second, seed = json.loads(plain)
            if [type(part) for part in (rules, first, second, seed)] != [str, str, str, int]:
                raise ValueError("other parts")
            (first + second).encode()  # no half characters
        except (ValueError, TypeError, zlib.error, binascii.Error, RecursionError):
            hint = "copy the whole address, or begin anew at /playground"
            raise Problem.of("E_LINK", "this link holds no match", hint) from None
        return cls(rules, (first, second), seed)


@dataclass(frozen=True, slots=True)
class Shown:
    """A match as a page shows it.

    Attributes:
        battle: all rounds.
        letters: how each round ended for the first warrior: W, L or T.
        round: the one in the replayer.
        page, stream: paths of the page and of the replayer's data.
        told: what their addresses tell beside the round.
    """

    battle: Battle
    letters: str
    round: int
    page: str
    stream: str
    told: dict[str, str]

    def address(self, path: str, round_: int) -> str:
        """Of the page or the stream, at a round."""
        return f"{path}?{urlencode({**self.told, 'round': round_})}"


def battle_of(board: Board, setup: Setup) -> Battle:
    """The rounds of a playground's match.

    Raises:
        Problem: a source does not assemble, see `faults`; E_RULESET or E_SEED.
    """
    hill_of(board, setup.rules)
    seconds = board.settings.assembly_seconds
    first, second = (_assembled(setup.rules, source, seconds) for source in setup.sources)
    config = ruleset(setup.rules)
    try:
        placement = pmars(config, 2, ROUNDS, setup.seed)
    except ValueError as error:
        raise Problem.of("E_SEED", str(error)) from None
    return Battle((first, second), config, placement)


def faults(board: Board, setup: Setup) -> tuple[Problem | None, Problem | None]:
    """What is wrong with either source."""
    first, second = (_fault(board, setup.rules, source) for source in setup.sources)
    return first, second


def _fault(board: Board, rules: str, source: str) -> Problem | None:
    try:
        _assembled(rules, source, board.settings.assembly_seconds)
    except Problem as problem:
        return problem
    return None


@lru_cache(maxsize=256)
def _assembled(rules: str, source: str, seconds: float) -> Warrior:
    """Somebody's source, assembled where it can do no harm."""
    found = examine(Job("warrior", rules, "utf-8", seconds), source.encode())
    start, _, code = found.program.partition("\n")
    config = replace(ruleset(rules), standard="94")  # a canonical program is always written so
    warrior = assemble(f"ORG {start.removeprefix('start ')}\n{code}", config)
    return replace(warrior, name=found.name or "Unknown")


def letters(battle: Battle) -> str:
    """How each round ends for the first warrior: W, L or T."""
    [result] = battle_batch([battle], measures=False)
    return "".join(_letter(result, i) for i in range(battle.placement.rounds))


def _letter(result: BattleResult, round_: int) -> str:
    mine, other = result.alive[round_]
    return "T" if mine == other else "W" if mine else "L"


def member_source(hill: Hill, name: str) -> str:
    """The source of a member of the hill.

    Raises:
        Problem: E_UNKNOWN.
    """
    try:
        return str(hill.warrior(name).source)
    except KeyError:
        raise Problem.of("E_UNKNOWN", f"the hill has no member {name[:80]!r}") from None


def fighters(hill: Hill) -> Sequence[tuple[str, list[str]]]:
    """Classes of the hill, with the names of their members."""
    classes: dict[str, list[str]] = {}
    for member in hill.members:
        classes.setdefault(member.warrior_class, []).append(member.name)
    return sorted(classes.items())
