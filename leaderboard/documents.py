"""Signed results, as a third party has them: all that can be told without the board."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from coreenv.config import ruleset
from coreenv.redcode import AssemblyError, assemble
from coreenv.redcode.lines import Encoding
from leaderboard.evaluation import SCHEMA
from leaderboard.signing import document_key, opened


def check_document(document: bytes, key: str = "") -> Iterator[str]:
    """What a signed result says, line by line.

    Args:
        document: as `leaderboard.views.document` gives it.
        key: public key of the board, 64 hex digits; empty takes the document's own.

    Raises:
        ValueError: it is not what it says it is: the signature, or a hash, does not fit.
    """
    signed = opened(document, key)
    if signed.get("schema_version") != SCHEMA:
        raise ValueError(f"schema_version is {signed.get('schema_version')!r}, not {SCHEMA!r}")
    entry = signed["entry"]
    _check_source(entry)
    yield f"signed with {document_key(document)}" + ("" if key else "; compare it with the board's")
    yield f"entry {entry['id']}: {entry['name']} by {entry['author']}, {entry['ruleset']}"
    yield f"{signed['kind']} in season {signed['season']}, commitment {signed['commitment']}"
    yield from _headline(signed["kind"], signed["result"])
    if signed["claimed"]:
        yield "claimed, and verified by nobody: " + ", ".join(signed["claimed"])


def _check_source(entry: dict[str, Any]) -> None:
    if "source" not in entry:
        return
    encoding: Encoding = "latin-1" if entry["encoding"] == "latin-1" else "utf-8"
    source = entry["source"].encode(encoding)
    if sha256(source).hexdigest() != entry["source_hash"]:
        raise ValueError("the source is not the one of source_hash")
    try:
        warrior = assemble(source, ruleset(entry["ruleset"]), encoding=encoding)
    except AssemblyError as error:
        raise ValueError(f"the source does not assemble: {error.rejections[0]}") from None
    if warrior.id != entry["canonical_hash"]:
        raise ValueError("the source is not the program of canonical_hash")


def _headline(kind: str, result: dict[str, Any]) -> Iterator[str]:
    if kind == "holdout":
        yield f"tier {result['tier']}"
    elif kind == "duel":
        yield f"{result['wins']} won, {result['losses']} lost, {result['ties']} tied"
    else:
        if kind == "search":
            found = result["archive"]
            yield f"QD-score {found['qd_score']:.2f}, coverage {found['coverage']:.0%}"
        scores = result.get("champion", result)
        yield f"{scores['scores'][0]['points']} points of 300; {scores['made_by']}"
