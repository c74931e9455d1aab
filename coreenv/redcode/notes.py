"""What pMARS says about a source: its warnings and errors, in its form."""

from collections import Counter
from typing import NamedTuple

from coreenv.redcode.lines import Line

MAX_NOTES = 9
"""With this many different ones pMARS gives a source up, even if all of them are warnings."""


class Note(NamedTuple):
    """A warning or an error.

    Attributes:
        template: the words, with ``{}`` where the argument goes.
        argument: what the note is about; may be empty.
        line: where; None if no line is to blame.
        is_error: whether the source fails for it.
    """

    template: str
    argument: str = ""
    line: Line | None = None
    is_error: bool = True


def warning(template: str, argument: str = "", line: Line | None = None) -> Note:
    return Note(template, argument, line, is_error=False)


class TooManyNotes(Exception):  # noqa: N818  never leaves this package
    """There were `MAX_NOTES` different notes."""


class Notes:
    """The notes of one source, and how many of them are errors. Repeated ones are only counted."""

    def __init__(self) -> None:
        self.errors = self.warnings = 0
        self._shown: list[str] = []
        self._times: Counter[tuple[str, int]] = Counter()
        self._given_up = False

    def add(self, note: Note) -> None:
        """
        Raises:
            TooManyNotes: this one was the last that pMARS bears.
        """
        self.errors += note.is_error
        self.warnings += not note.is_error
        key = note.template, note.line.number if note.line else 0
        self._times[key] += 1
        if self._times[key] > 1:
            return
        level = "Error" if note.is_error else "Warning"
        place = f" in line {note.line.number}: '{note.line.text}'" if note.line else ":"
        self._shown.append(f"{level}{place}\n        {note.template.format(note.argument)}\n")
        if len(self._times) == MAX_NOTES:
            self._given_up = True
            raise TooManyNotes

    def say(self, text: str) -> None:
        """Puts ``text`` among the notes."""
        self._shown.append(text)

    def __str__(self) -> str:
        """All notes, then their numbers; empty if there are none."""
        if self._given_up:
            return "".join([*self._shown, "Too many errors or warnings.\nProgram aborted.\n"])
        numbers = [
            f"Number of {name}: {number}\n"
            for name, number in (("errors", self.errors), ("warnings", self.warnings))
            if number
        ]
        repeated = [
            f"Duplicate errors/warnings found in line {number} ({times})\n"
            for (_, number), times in self._times.items()
            if times > 1
        ]
        return "".join([*self._shown, *numbers, *repeated, "\n" if numbers else ""])
