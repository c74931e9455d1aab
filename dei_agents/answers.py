"""Where the program is in a language model's answer: `best_source`.

Models write prose around programs, drafts before final versions, and quotations of single lines.
Nothing of an answer is ever evaluated: it is cut into candidates, and the assembler has the last
word.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final, NamedTuple

from coreenv.config import CoreConfig
from coreenv.redcode import AssemblyError, assemble
from coreenv.redcode.lines import MAX_BYTES, MAX_LINES
from coreenv.redcode.symbols import Symbols
from dei_agents.spelling import is_code, is_prose, operation, respelt

# These bound the time. All count from the end of an answer, since final versions come late.

MAX_ANSWER: Final = 4 * MAX_BYTES
"""Characters that are looked at."""

MAX_ROWS: Final = 8 * MAX_LINES
"""Rows that are looked at."""

MAX_CANDIDATES: Final = 16
"""Different programs that go to the assembler."""

MAX_TOTAL: Final = 2 * MAX_BYTES
"""Bytes of all of them together; of one the assembler takes `MAX_BYTES`."""

_MARKER = re.compile(r"\s*;redcode(?!\w)", re.IGNORECASE)
_NAMED = re.compile(r"\s*;\s*(?:redcode|name)(?!\w)", re.IGNORECASE)
_UNREADABLE: Final = {"E_SIZE", "E_ENCODING", "E_CONTROL", "E_LINES", "E_LINE", "E_EMPTY"}


def best_source(text: str, config: CoreConfig) -> str:
    """The program that an answer means, as written if it assembles under ``config``.

    Candidates are the fenced blocks; without any, what stands from each ``;redcode`` to its END;
    without any, the whole text if it assembles, and if not, what stands between its prose; where
    there is no code at all, the whole text. A candidate that does not assemble is tried once
    more respelt.

    Of those that assemble, the last one with the marks of a whole program counts (``;redcode``,
    ``;name``, ORG or END): drafts and originals come before final versions, and lines quoted
    afterwards carry no such marks. If none has them, it is the last that has at least half as
    many rows of code as the longest candidate: a quoted line must not stand for a program that
    has faults.

    If none is left, the one with the fewest faults is returned as written, so that they can be
    kept and sent back. An answer without any candidate gives an empty string.
    """
    rows = re.split(r"\r\n|\r|\n", text[-MAX_ANSWER:])[-MAX_ROWS:]
    tried = [_tried(source, config) for source in _bounded(_candidates(rows, config))]
    longest = max((candidate.rows for candidate in tried), default=0)
    sound = [c for c in tried if not c.faults and (c.is_whole or 2 * c.rows >= longest)]
    if sound:
        whole = [candidate for candidate in sound if candidate.is_whole]
        return (whole or sound)[-1].source
    faulty = [candidate for candidate in reversed(tried) if candidate.faults]
    return min(faulty, key=lambda c: c.faults).source if faulty else ""


class _Candidate(NamedTuple):
    """A candidate as the assembler left it.

    Attributes:
        source: as written; respelt if it assembles only so.
        faults: how many, 0 if it assembles; 1000 if it was not read to the end, which may hide
            any number of them.
        rows: how many rows of code it has.
        is_whole: whether it has the marks of a whole program.
    """

    source: str
    faults: int
    rows: int
    is_whole: bool


def _tried(written: str, config: CoreConfig) -> _Candidate:
    source, faults = written, _faults(written, config)
    if faults:
        other = respelt(written, {*Symbols(config, 1, 1).constants, "CURLINE"})
        if not _faults(other, config):
            source, faults = other, 0
    rows = source.split("\n")
    is_whole = any(_NAMED.match(row) or operation(row) in ("ORG", "END") for row in rows)
    return _Candidate(source, faults, sum(map(is_code, rows)), is_whole)


def _faults(source: str, config: CoreConfig) -> int:
    try:
        assemble(source, config)
    except AssemblyError as error:
        return 1000 if error.rejections[0].reason in _UNREADABLE else len(error.rejections)
    return 0


def _bounded(candidates: list[str]) -> list[str]:
    """The last different candidates that keep to the limits, in their order."""
    kept: list[str] = []
    room = MAX_TOTAL
    for source in reversed(candidates):
        size = len(source.encode("utf-8", "surrogatepass"))
        if not source.strip() or size > MAX_BYTES or source in kept:
            continue
        room -= size
        if room < 0 or len(kept) == MAX_CANDIDATES:
            break
        kept.append(source)
    return kept[::-1]


def _candidates(rows: list[str], config: CoreConfig) -> list[str]:
    fenced = _fenced(rows)
    found = [block for block in fenced if any(map(is_code, block))] or _marked(rows)
    if not found and _faults("\n".join(rows), config):
        found = _stretches(rows)
    return ["\n".join(block) for block in found or fenced or [rows]]


def _fenced(rows: Iterable[str]) -> list[list[str]]:
    """The blocks between fences. A fence with an info string inside a block begins a new one:
    the one before was never closed."""
    blocks: list[list[str]] = []
    is_open = False
    for row in rows:
        mark = row.strip()
        if mark.startswith(("```", "~~~")):
            is_open = not is_open or bool(mark.strip("`~ "))
            if is_open:
                blocks.append([])
        elif is_open:
            blocks[-1].append(row)
    return blocks


def _marked(rows: Iterable[str]) -> list[list[str]]:
    """What stands from each ``;redcode`` to its END, or to the next one."""
    blocks: list[list[str]] = []
    is_open = False
    for row in rows:
        if _MARKER.match(row):
            is_open = True
            blocks.append([])
        if is_open:
            blocks[-1].append(row)
            is_open = operation(row) != "END" or not is_code(row)
    return blocks


def _stretches(rows: Iterable[str]) -> list[list[str]]:
    """The stretches between rows of prose that have code in them. A row that is neither stays, or
    else a program with a faulty row would lose it, and might fight with a hole."""
    runs = [list(run) for is_gap, run in groupby(rows, is_prose) if not is_gap]
    return [run for run in runs if any(map(is_code, run))]
