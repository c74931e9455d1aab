"""Units of work: short stretches of a duel, named by all they depend on, kept as they are fought.

A unit that was kept is never fought again, whichever command asks for it. So a score that was
interrupted goes on where it stopped, and ends as if it had not been.
"""

import fcntl
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

from coreenv import ENGINE_VERSION
from coreenv.battle import Battle, BattleResult, Engine, battle_batch
from coreenv.play import Play, divided
from eval.protocol import digest

BLOCK: Final = 100
"""Rounds of a unit."""

CHUNK: Final = 8
"""Units that a thread fights before they are kept."""

Progress = Callable[[int, int], None]
"""Told how many units are done, and how many there are."""


class UnitStore:
    """Outcomes by unit: one letter a round, W, L or T for the warrior under test.

    The file has one JSON object a line. A last line without its end was cut off by a kill and is
    dropped. Use it as a context manager.

    Args:
        path: file to read and append to, in a folder that exists; None keeps nothing.

    Raises:
        BlockingIOError: another process is using the file.
        ValueError: a whole line is no unit; the message names it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._outcomes: dict[str, str] = {}
        self._file = None if path is None else path.open("a+b")
        if self._file is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.seek(0)
            text = self._file.read()
            whole = text.rfind(b"\n") + 1
            self._file.truncate(whole)
            self._outcomes = dict(map(self._unit, text[:whole].splitlines()))
        except BaseException:
            self._file.close()
            raise

    def _unit(self, line: bytes) -> tuple[str, str]:
        try:
            record = json.loads(line)
            name, outcomes = record["unit"], record["outcomes"]
            if re.fullmatch("[0-9a-f]{64}", name) and re.fullmatch("[WLT]+", outcomes):
                return name, outcomes
        except (TypeError, KeyError, ValueError):
            pass
        shown = line.decode(errors="replace")[:60]
        raise ValueError(f"{self.path} is damaged: {shown!r} is no unit; remove that line")

    def __contains__(self, unit: str) -> bool:
        return unit in self._outcomes

    def __getitem__(self, unit: str) -> str:
        return self._outcomes[unit]

    def add(self, outcomes: dict[str, str]) -> None:
        """Keep units, whole lines at once."""
        self._outcomes |= outcomes
        if self._file is not None:
            lines = [json.dumps({"unit": u, "outcomes": o}) + "\n" for u, o in outcomes.items()]
            self._file.write("".join(lines).encode())
            self._file.flush()

    def __enter__(self) -> "UnitStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()


def fight(
    duels: Sequence[Battle],
    store: UnitStore,
    *,
    threads: int = 1,
    engine: Engine = "cython",
    play: Play = battle_batch,
    progress: Progress | None = None,
) -> list[str]:
    """The outcomes of duels, one letter a round, for the first warrior of each.

    Equal units are fought once. The result depends neither on ``threads``, ``engine`` or
    ``play``, nor on what the store held before.
    """
    units = [[(unit_name(block), block) for block in blocks(duel)] for duel in duels]
    todo = {name: block for unit in units for name, block in unit if name not in store}
    names = list(todo)
    step = CHUNK * threads
    for done in range(0, len(names), step):
        chunk = names[done : done + step]
        battles = [todo[name] for name in chunk]
        results = play(battles, threads=threads, measures=False, engine=engine)
        store.add(dict(zip(chunk, map(_letters, results), strict=True)))
        if progress is not None:
            progress(done + len(chunk), len(names))
    return ["".join(store[name] for name, _ in unit) for unit in units]


def unit_name(battle: Battle) -> str:
    """SHA-256 (64 hex digits) of everything that can change how the battle ends."""
    record = {
        "engine": ENGINE_VERSION,
        "config": battle.config.to_dict(),
        "stop": battle.stop,
        "warriors": [[warrior.id, warrior.pin] for warrior in battle.warriors],
        "placement": digest([battle.placement]),
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def blocks(duel: Battle) -> Iterator[Battle]:
    """The duel in units. Where p-space carries over from round to round, it is one unit."""
    return divided(duel, BLOCK)


def _letters(result: BattleResult) -> str:
    first, second = result.alive.T
    letters = np.where(first == second, "T", np.where(first, "W", "L"))
    return "".join(letters.tolist())
