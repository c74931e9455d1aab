"""The words behind `corewar pmars`: pMARS's own rules for options, and what it says of mistakes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from coreenv.config import CoreConfig
from coreenv.redcode.expression import evaluate
from coreenv.redcode.faults import Fault

MAX_FILES = 36

DEFAULT_FORMULA = "(W*W-1)/S"
"""A survivor's score in a round that S of W warriors survive."""

Seed = Literal["F", "f", "clock"]

_FLAGS: Final = "bk8foPAVe"
_BILLION = 2**30
_RANGES: Final = {
    "r": (0, 2**31 - 1),
    "s": (1, _BILLION),
    "c": (1, 2**63 - 1),
    "p": (1, 2**31 - 1),
    "l": (1, 1000),
    "d": (1, 29_826_161),
    "S": (1, _BILLION),
    "R": (1, _BILLION),
    "W": (1, _BILLION),
    "F": (0, 2**31 - 1),
}
_WORD = re.compile(r';[^\n]*|"([^"\n]*)"?|(\S+)')


class UsageError(Exception):
    """The command line does not make sense. The text tells all that is wrong with it."""


@dataclass
class Options:
    """What the command line says. A flag is on if it was given an odd number of times.

    Attributes:
        files: warriors in order; ``-`` for one from standard input.
        flags: the letters of those that are on.
        numbers: letter -> number, of the options that were given.
        formula: of ``-=``, None if it was not given.
    """

    files: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    formula: str | None = None

    @property
    def rounds(self) -> int:
        if "r" in self.numbers:
            return self.numbers["r"]
        config = self.config
        return 2 * (config.core_size + 1 - 2 * config.min_distance) if "P" in self.flags else 1

    @property
    def config(self) -> CoreConfig:
        """The rules. Without -d the distance is the length limit, without -S p-space is a
        sixteenth of the core, or the next larger part that divides it.

        Raises:
            ValueError: they are beyond what our machine can do.
        """
        numbers = self.numbers
        core = numbers.get("s", 8000)
        length = numbers.get("l", 100)
        part = next(i for i in range(16, 0, -1) if core % i == 0)
        return CoreConfig(
            standard="88" if "8" in self.flags else "94",
            core_size=core,
            max_cycles=numbers.get("c", 80_000),
            max_processes=numbers.get("p", 8000),
            max_length=length,
            min_distance=numbers.get("d", length),
            pspace_size=numbers.get("S", core // part),
            read_limit=numbers.get("R", core),
            write_limit=numbers.get("W", core),
        )

    def scores(self) -> list[int]:
        """What a survivor gets, by the number of survivors from 1 to all.

        Raises:
            Fault: the formula is no expression, or divides by zero for one of the numbers.
        """
        formula, warriors = self.formula or DEFAULT_FORMULA, len(self.files)
        return [evaluate(formula, {"w": warriors, "s": s}) for s in range(1, warriors + 1)]


def parse(argv: Iterable[str], stdin_words: Callable[[], list[str]]) -> Options:
    """Options of a command line.

    Args:
        argv: the words behind the program's name.
        stdin_words: called for ``-@ -``: `words_of` standard input.

    Raises:
        UsageError: something is wrong with them.
    """
    options = Options()
    _read_words(list(argv), options, stdin_words)
    if faults := _faults(options):
        raise UsageError("\n\n".join(faults))
    return options


def words_of(text: str) -> tuple[list[str], str]:
    """Words of an option file up to a word ``$``, and the text behind that."""
    words: list[str] = []
    for match in _WORD.finditer(text):
        quoted, plain = match.groups()
        if plain == "$":
            return words, text[match.end() :]
        if quoted is not None or plain:
            words.append(plain or quoted)
    return words, ""


def _read_words(words: list[str], options: Options, stdin_words: Callable[[], list[str]]) -> None:
    rest = iter(words)
    for word in rest:
        if word in ("$", ""):
            return
        if word.startswith("-") and word != "-":
            _read_option(word, lambda: next(rest, ""), options, stdin_words)
        elif word.endswith("-"):
            _add_files(["-"] * _count(word[:-1]), options)
        else:
            _add_files([word], options)


def _count(number: str) -> int:
    """How many warriors ``2-`` asks of standard input; ``-`` alone asks for one."""
    count = int(number) if number.isascii() and number.isdigit() else not number
    if not count:
        raise UsageError(f'Unknown option "{number}"')
    return min(count, MAX_FILES + 1)


def _add_files(files: list[str], options: Options) -> None:
    options.files += files
    if len(options.files) > MAX_FILES:
        raise UsageError(f'Too many parameters "{files[0]}"')


def _read_option(
    word: str, value: Callable[[], str], options: Options, stdin_words: Callable[[], list[str]]
) -> None:
    """One word of options: flags, and perhaps at its end one that takes the next word."""
    for at, letter in enumerate(word[1:], 2):
        if letter in _FLAGS:
            options.flags ^= {letter}
        elif letter == "@":
            _read_file(value() if at == len(word) else "", options, stdin_words)
            return
        elif letter == "=":
            options.formula = _value(letter, word, at, value)
        elif letter in _RANGES:
            options.numbers[letter] = _number(letter, _value(letter, word, at, value))
        elif letter == "Q":
            raise UsageError('Option "-Q" is not supported')
        else:
            raise UsageError(f'Unknown option "{word}"')


def _value(letter: str, word: str, at: int, value: Callable[[], str]) -> str:
    text = value() if at == len(word) else ""
    if not text:
        raise UsageError(f'Bad argument for "-{letter}" switch')
    return text


def _number(letter: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        reason = "; a key is not supported, give a number" if letter == "F" else ""
        raise UsageError(f'Bad argument for "-{letter}" switch{reason}')
    low, high = _RANGES[letter]
    digits = text.lstrip("0") or "0"
    if len(digits) > 19 or not low <= int(digits) <= high:
        raise UsageError(f'Option "-{letter}" value must be in the range {low} - {high}')
    return int(digits)


def _read_file(name: str, options: Options, stdin_words: Callable[[], list[str]]) -> None:
    if name == "-":
        words = stdin_words()
    else:
        try:
            words = words_of(Path(name or "\0").read_text("utf-8", "surrogateescape"))[0]
        except (OSError, ValueError):
            raise UsageError("Cannot open parameter file") from None
    if any(word.startswith("-") and word.endswith("@") for word in words):
        raise UsageError(f'Unknown option "-@"\nThe error is located in "{name}"')
    try:
        _read_words(words, options, stdin_words)
    except UsageError as error:
        raise UsageError(f'{error}\nThe error is located in "{name}"') from None


def _faults(options: Options) -> list[str]:
    """What is wrong with the options as a whole, in pMARS's order."""
    numbers, warriors = options.numbers, len(options.files)
    core, length = numbers.get("s", 8000), numbers.get("l", 100)
    distance = numbers.get("d", length)
    checks = {
        "Only one of -f and -F can be given": "f" in options.flags and "F" in numbers,
        "Warrior distance cannot be smaller than warrior length": distance < length,
        "Core size is too small": core < warriors * distance,
        "Position of warrior #2 cannot be smaller than warrior distance": (
            numbers.get("F", distance) < distance
        ),
        "Bad score formula": bool(warriors) and not _has_scores(options),
        "P-space is bigger than core": numbers.get("S", 1) > core,
        "Permutation cannot be used in multiwarrior battles": (
            "P" in options.flags and warriors != 2
        ),
        "Read/Write limit must be a positive divisor of core size": any(
            core % numbers.get(limit, core) for limit in "RW"
        ),
        "No warrior file specified": not warriors,
    }
    faults = [text for text, is_so in checks.items() if is_so]
    return faults or _beyond_us(options)


def _has_scores(options: Options) -> bool:
    try:
        options.scores()
    except Fault:
        return False
    return True


def _beyond_us(options: Options) -> list[str]:
    try:
        options.config  # noqa: B018  asked for only to see whether there is one
    except ValueError as error:
        return [f"Beyond this machine: {error}"]
    return []
