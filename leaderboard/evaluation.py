"""How a result is computed, and what is signed: the one way that workers and `verify` both go."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from coreenv.battle import Battle
from coreenv.config import ruleset
from coreenv.redcode import Warrior, assemble
from coreenv.redcode.lines import Encoding
from eval.generality import Generality, generality
from eval.results import Results
from eval.units import fight
from leaderboard import holdout, search_track
from leaderboard.blocks import Blocks, places
from leaderboard.conditions import Setting, duel_placement
from leaderboard.models import Entry, Evaluation, SeasonRow

SCHEMA: Final = "corewar-dei/board/1"


def warrior_of(entry: Entry) -> Warrior:
    """An entry of the track `warrior`, under the name it was submitted with."""
    encoding: Encoding = "latin-1" if entry.encoding == "latin-1" else "utf-8"
    warrior = assemble(entry.source, ruleset(entry.ruleset), encoding=encoding)
    return replace(warrior, name=entry.name, pin=None)


def result(
    setting: Setting,
    entry: Entry,
    other: Entry | None,
    blocks: Blocks,
    threads: int = 1,
) -> dict[str, Any]:
    """Compute a result, as plain values.

    Args:
        setting: under what.
        entry: whose.
        other: the opponent of a duel.
        blocks: those it holds are not fought again.
        threads: fight at once; the result does not depend on it.
    """
    if setting.kind == "search":
        args = (setting.hill, setting.config, setting.protocol, blocks, threads)
        archive = search_track.measured(entry.source, *args)
        champion = archive.champion
        assert champion is not None, "an archive holds at least one elite"
        scored = _scored(setting, replace(champion.warrior, pin=None), blocks, threads)
        return {
            "archive": search_track.figures(archive),
            "champion": _plain(setting, scored),
        }
    if other is not None:
        return _duel(setting, entry, other, blocks, threads)
    scored = _scored(setting, warrior_of(entry), blocks, threads)
    if setting.kind == "holdout":
        return {"holdout": setting.hill.hash, "tier": holdout.tier(scored.points)}
    return _plain(setting, scored)


def duel(setting: Setting, first: Entry, second: Entry) -> Battle:
    """All rounds of two entrants, in the order of their canonical hashes."""
    pair = (warrior_of(first), warrior_of(second))
    return Battle(pair, setting.config, duel_placement(setting, second.canonical))


def in_order(one: Entry, two: Entry) -> tuple[Entry, Entry]:
    """A pair as duels have it."""
    return (one, two) if one.canonical < two.canonical else (two, one)


def content(
    evaluation: Evaluation,
    entry: Entry,
    other: Entry | None,
    row: SeasonRow,
    found: dict[str, Any],
) -> dict[str, Any]:
    """What the board signs. Nothing of it depends on when or where it was computed."""
    return {
        "schema_version": SCHEMA,
        "kind": evaluation.kind,
        "key": evaluation.key,
        "entry": facts(entry),
        "opponent": None if other is None else facts(other),
        "season": row.number,
        "commitment": row.commitment,
        "result": found,
        "claimed": claims(entry),
    }


def claims(entry: Entry) -> dict[str, Any]:
    """What a search says of itself, with the origin of its elites; nobody can verify it."""
    told: dict[str, Any] = json.loads(entry.claimed)
    return {**told, "lineage": search_track.lineage(entry.source)} if told else {}


def facts(entry: Entry) -> dict[str, Any]:
    """Who an entry is: its manifest and its hashes, and the source of a warrior."""
    shown = {
        "id": entry.id,
        "track": entry.track,
        "ruleset": entry.ruleset,
        "name": entry.name,
        "author": entry.author,
        "method": entry.method,
        "link": entry.link,
        "parent": entry.parent,
        "canonical_hash": entry.canonical,
        "source_hash": entry.source_hash,
    }
    if entry.track == "warrior":
        shown["source"] = entry.source.decode(entry.encoding)
        shown["encoding"] = entry.encoding
    return shown


def _scored(setting: Setting, warrior: Warrior, blocks: Blocks, threads: int) -> Generality:
    hill, config, protocol = setting.hill, setting.config, setting.protocol
    opponents = hill.warriors(member.name for member in hill.split(setting.split))
    _fought(
        [Battle((warrior, o), config, protocol.placement(config, hill, o.id)) for o in opponents],
        blocks,
        threads,
    )
    [found] = generality([warrior], hill, config, protocol, split=setting.split, store=blocks)
    return found


def _duel(
    setting: Setting, entry: Entry, other: Entry, blocks: Blocks, threads: int
) -> dict[str, Any]:
    [letters] = _fought([duel(setting, entry, other)], blocks, threads)
    return {
        "conditions": setting.conditions,
        "wins": letters.count("W"),
        "losses": letters.count("L"),
        "ties": letters.count("T"),
    }


def _fought(duels: Sequence[Battle], blocks: Blocks, threads: int) -> list[str]:
    blocks.expect(places(duels))
    return fight(duels, blocks, threads=threads)


def _plain(setting: Setting, score: Generality) -> dict[str, Any]:
    results = Results(setting.hill, setting.split, setting.config, setting.protocol, (score,))
    plain: dict[str, Any] = json.loads(results.to_json())
    return plain
