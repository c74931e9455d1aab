"""Faults as they are found: raised as `Fault` where they occur, gathered in `Faults`."""

import difflib
import re
from collections.abc import Collection
from dataclasses import replace

from coreenv.redcode.errors import AssemblyError, Rejection
from coreenv.redcode.lines import Line

MAX_REPORTED = 20
"""Faults that one report lists; the last one tells how many more there are."""

MAX_FAULTS = 1000
"""Faults after which nothing more is looked at."""


class Fault(Exception):  # noqa: N818  never leaves this package
    """One fault of the line being read.

    Args:
        reason: the code, such as ``E_LABEL``.
        message: the fault in plain words.
        culprit: the offending word, to find the column by; may be empty.
        hint: what would be right; may be empty.
        near: names of which the culprit may be a misspelling.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        culprit: str = "",
        hint: str = "",
        near: Collection[str] = (),
    ) -> None:
        super().__init__(message)
        self.reason, self.message, self.culprit = reason, message, culprit
        self.hint, self.near = hint, near

    @property
    def advice(self) -> str:
        """Message and hint in one line."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Lapse(Fault):
    """A fault that pMARS only warns of. To `assemble` it is one like all others."""


class Stop(Fault):
    """A fault that ends the reading: a limit on loops or on the length of the program."""


class Faults:
    """All faults of one source. ``found`` has them as they came, each with its line."""

    def __init__(self) -> None:
        self.found: list[tuple[Fault, Line | None]] = []
        self._stop: Stop | None = None

    def add(self, fault: Fault, line: Line | None = None) -> None:
        """Note a fault.

        Raises:
            Stop: it ends the reading, or it is one of too many.
        """
        if fault is self._stop:
            raise fault
        self.found.append((fault, line))
        if isinstance(fault, Stop) or len(self.found) >= MAX_FAULTS:
            self._stop = Stop(fault.reason, fault.message)
            raise self._stop

    def check(self) -> None:
        """Raise what was found. The same fault of the same line counts once.

        Raises:
            AssemblyError: there was at least one fault.
        """
        if not self.found:
            return
        unique: dict[tuple[int, str, str], tuple[Fault, Line | None]] = {}
        for fault, line in self.found:
            key = (line.number if line else 2**31, fault.reason, fault.message)
            unique.setdefault(key, (fault, line))
        ordered = sorted(unique.items(), key=lambda item: item[0][0])
        shown = [_rejection(*found) for _, found in ordered[:MAX_REPORTED]]
        if more := len(ordered) - len(shown):
            shown[-1] = replace(shown[-1], message=f"{shown[-1].message}; and {more} more faults")
        raise AssemblyError(tuple(shown))


def quoted(text: str) -> str:
    """``text`` in quotes, cut to 40 characters: messages stay short."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _rejection(fault: Fault, line: Line | None) -> Rejection:
    hint = fault.hint
    if meant := closest(fault.culprit, fault.near):
        hint = f"did you mean {meant}?" + (f" {hint}" if hint else "")
    if line is None:
        return Rejection(fault.reason, fault.message, hint=hint)
    text = line.text.strip()[:80]
    return Rejection(
        fault.reason, fault.message, line.number, _column(line.text, fault.culprit), text, hint
    )


def closest(word: str, names: Collection[str]) -> str:
    """The name of which ``word`` is probably a misspelling, or nothing."""
    by_lower = {name.lower(): name for name in names}
    match = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[match[0]] if match else ""


def _column(text: str, culprit: str) -> int:
    """Where the culprit stands as a word of its own, or else where the line begins."""
    if culprit:
        whole = re.search(rf"(?<!\w){re.escape(culprit)}(?!\w)", text)
        at = whole.start() if whole else text.find(culprit)
        if at >= 0:
            return at + 1
    return len(text) - len(text.lstrip()) + 1
