"""The track `search`: an archive is submitted, and measured anew on a scale that all share.

Its elites fight the hill's common opponents at placements of the season, which no search has
seen, and are sorted into an empty archive. So neither luck nor weak opponents of the search's own
are left in its figures. The fittest of them then meets the hill, as a warrior of the other track
does. What cannot be done over (budget, models, lineage) is only ever shown as claimed.
"""

import json
from typing import Any, Final

from pydantic import ValidationError

from coreenv.config import CoreConfig
from coreenv.hill import Hill
from coreenv.measures import Evaluation
from coreenv.redcode import AssemblyError, Rejection
from eval.archive import Archive, ArchiveRecord, Elite, EliteRecord
from eval.protocol import Protocol
from eval.qd_metrics import ArchiveFigures, common_elites
from eval.run_files import Search
from leaderboard.blocks import Blocks, Place
from leaderboard.problem import printable

MAX_ELITES: Final = 288
"""Elites of a submission: eight full archives."""

CHUNK: Final = 8
"""Elites measured at once, and then kept."""


def parse_archive(content: bytes, config: CoreConfig) -> ArchiveRecord:
    """The archive in a submission, nothing of it assembled yet.

    Raises:
        AssemblyError: E_ARCHIVE, it is none, is empty, too large, or of another core.
    """
    try:
        record = ArchiveRecord.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise _fault(f"not an archive: {where}: {first['msg']}") from None
    if not 1 <= len(record.elites) <= MAX_ELITES:
        raise _fault(f"the archive has {len(record.elites)} elites; it must have 1..{MAX_ELITES}")
    rules = config.to_dict()
    for key, value in record.core.items():
        if key != "max_cycles" and rules.get(key) != value:
            raise _fault(f"{key} of the archive's core is {value!r}, the ruleset's is {rules[key]}")
    return record


def elite_rejections(elite: EliteRecord, error: ValueError) -> list[Rejection]:
    """Why an elite is refused; its lines are those of its own program."""
    if isinstance(error, AssemblyError):
        return list(error.rejections)
    return [Rejection("E_ARCHIVE", printable(str(error)), hint=f"see elite {elite.id[:12]!r}")]


def archive_of(search: Search) -> bytes:
    """A run's final elites as the archive to submit."""
    record = ArchiveRecord(
        made_by="",
        core=search.config.to_dict(),
        elites=tuple(claim.record for claim in search.claims),
    )
    return record.model_dump_json().encode()


def claims_of(search: Search) -> dict[str, Any]:
    """What a run folder says of itself and nobody can compute again."""
    run = search.record
    if run is None:
        return {}
    nodes = [
        {
            "operator": operator,
            "calls": view.calls,
            "rounds": view.round,
            "tokens": sum(tally.usage.tokens for tally in view.models.values()),
            "micro_usd": sum(tally.micro_usd for tally in view.models.values()),
        }
        for operator, view in zip(run.operators, run.views, strict=True)
    ]
    return {"seed": search.seed, "nodes": nodes}


def lineage(content: bytes) -> dict[str, Any]:
    """Where each elite of an archive says it was first written, by canonical id."""
    record = ArchiveRecord.model_validate_json(content)
    return {elite.id: elite.origin.model_dump(mode="json") for elite in record.elites}


def measured(
    content: bytes,
    hill: Hill,
    config: CoreConfig,
    protocol: Protocol,
    blocks: Blocks,
    threads: int,
) -> Archive[Elite]:
    """The archive on the common scale; elites that ``blocks`` holds are not measured again."""
    elites = [elite.to_elite(config) for elite in parse_archive(content, config).elites]
    distinct = list({elite.warrior.id: elite for elite in elites}.values())
    blocks.expect({_unit(elite): Place(elite.warrior.id, 0) for elite in distinct})
    todo = [elite for elite in distinct if _unit(elite) not in blocks]
    seed = common_seed(hill, protocol)
    for i in range(0, len(todo), CHUNK):
        found = common_elites(todo[i : i + CHUNK], hill, config, seed=seed, threads=threads)
        blocks.add({_unit(elite): _measures(elite) for elite in found})
    return Archive(
        elite.rescored(Evaluation(*json.loads(blocks[_unit(elite)]))) for elite in distinct
    )


def common_seed(hill: Hill, protocol: Protocol) -> int:
    """Seed of the common placements of a season; as secret as the season's own secret."""
    [seed] = protocol.season.numbers(f"search\n{hill.hash}", 1)
    return seed


def figures(archive: Archive[Elite]) -> dict[str, Any]:
    """An archive on the common scale as plain values."""
    found = ArchiveFigures.of(archive)
    return {
        "qd_score": found.qd_score,
        "coverage": found.coverage,
        "maximum": found.maximum,
        "profile": list(found.profile),
        "elites": [_row(elite) for elite in archive],
    }


def _row(elite: Elite) -> dict[str, Any]:
    e = elite.evaluation
    return {
        "id": elite.warrior.id,
        "cell": list(e.cell),
        "fitness": e.fitness,
        "tsp": e.tsp,
        "mc": e.mc,
    }


def _measures(elite: Elite) -> str:
    e = elite.evaluation
    return json.dumps([e.fitness, e.tsp, e.mc])


def _unit(elite: Elite) -> str:
    return f"elite {elite.warrior.id}"


def _fault(message: str) -> AssemblyError:
    hint = "submit the archive.json of a run, or its folder"
    return AssemblyError((Rejection("E_ARCHIVE", printable(message)[:300], hint=hint),))
