"""`corewar pmars`: takes pMARS's command line and prints what pMARS prints (see docs/PMARS.md)."""

import io
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from coreenv import __version__
from coreenv.placement import (
    SEED_LIMIT,
    Series,
    checksum,
    exact_series,
    pmars_series,
    seed_of_number,
)
from coreenv.pmars_battle import play
from coreenv.pmars_options import DEFAULT_FORMULA, Options, UsageError, parse, words_of
from coreenv.pmars_text import koth_results, listing, load_file, results
from coreenv.redcode.lenient import Assembly, LoadedProgram, assemble_leniently

USAGE = f"""\
corewar pmars {__version__}: Core War as pMARS 0.9.4 plays it, ICWS'94 and '88
usage: corewar pmars [options] FILE [FILE ...]
  FILE -   one warrior from standard input, 2- two of them

  -r N  rounds [1; with -P all]           -b    no listings
  -s N  core size [8000]                  -k    results for programs
  -c N  cycles of a round [80000]         -o    best warrior first
  -p N  processes of a warrior [8000]     -A    print load files, no battle
  -l N  instructions of a warrior [100]   -8    ICWS'88
  -d N  distance of warriors [-l]         -P    all positions of two warriors
  -S N  p-space [1/16 of the core]        -f    positions from the warriors
  -R N  read limit [none]                 -F N  positions from N, the first of warrior 2
  -W N  write limit [none]                -V    show the passes of assembly
  -= X  score of a survivor [{DEFAULT_FORMULA}]
  -@ X  options and files from file X, or from standard input if it is -
-e is ignored: there is no debugger. Not supported: -Q, -F with letters.
"""


_MARKER = re.compile(rb"^[ \t]*;redcode(?![A-Za-z0-9_])", re.IGNORECASE | re.MULTILINE)


def main(argv: Sequence[str]) -> int:
    """Runs the command with the streams of the process; the exit code.

    Names of warriors and files pass unchanged, whatever the locale.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")
    try:
        return run(argv, sys.stdin.buffer, sys.stdout, sys.stderr)
    except KeyboardInterrupt:
        return 130


def run(argv: Sequence[str], stdin: BinaryIO, out: TextIO, err: TextIO) -> int:
    """One call of pMARS.

    Args:
        argv: the words behind the program's name.
        stdin: read only if the words ask for it.
        out: for listings and results.
        err: for warnings and errors.

    Returns:
        0: done; 2: a mistake in the command line; 3: a warrior that does not assemble.
    """
    standard_input = _Stdin(stdin, err)
    try:
        options = parse(argv, standard_input.words)
    except UsageError as error:
        err.write(f"{USAGE}{error}\n")
        return 2
    programs: list[LoadedProgram] = []
    for file in options.files:
        program, messages = _assembled(file, options, standard_input, is_first=not programs)
        err.write(messages)
        if program is None:
            return 3
        out.write(_shown(program, options))
        programs.append(program)
    if options.rounds and "A" not in options.flags:
        out.write(_fought(programs, options))
    return 0


class _Stdin:
    """Standard input, from which option words and warriors may come."""

    def __init__(self, stdin: BinaryIO, err: TextIO) -> None:
        self._stdin, self._err = stdin, err
        self._rest: bytes | None = None

    def words(self) -> list[str]:
        """The words up to a ``$``."""
        self._err.write('[Reading from standard input until EOF or "$"]\n')
        words, rest = words_of(self._read().decode("utf-8", "surrogateescape"))
        self._rest = rest.encode("utf-8", "surrogateescape")
        return words

    def warrior(self) -> bytes:
        """The next source: it ends before the second ``;redcode``."""
        text = self._read()
        markers = [match.start() for match in _MARKER.finditer(text)]
        end = markers[1] if len(markers) > 1 else len(text)
        self._rest = text[end:]
        return text[:end]

    def _read(self) -> bytes:
        return self._stdin.read() if self._rest is None else self._rest


def _assembled(file: str, options: Options, stdin: _Stdin, is_first: bool) -> Assembly:
    try:
        text = stdin.warrior() if file == "-" else Path(file).read_bytes()
    except IsADirectoryError:
        return Assembly(None, f"Error:\n        Unable to read file '{file}'\n")
    except (OSError, ValueError):
        return Assembly(None, f"Error:\n        Unable to open file '{file}'\n")
    warriors = len(options.files)
    # The formula leaves the last W and S it was worked out for to the first source.
    registers = {"w": warriors, "s": warriors} if is_first else {}
    return assemble_leniently(
        text,
        options.config,
        warriors,
        options.rounds,
        registers=registers,
        verbose="V" in options.flags,
    )


def _shown(program: LoadedProgram, options: Options) -> str:
    if "b" in options.flags:
        return ""
    return (load_file if "A" in options.flags else listing)(program, options.config)


def _fought(programs: Sequence[LoadedProgram], options: Options) -> str:
    """The results of all rounds."""
    counts = play(programs, options.config, _series(programs, options), options.rounds)
    values = options.scores()
    scores = [sum(n * value for n, value in zip(row, values, strict=False)) for row in counts]
    if "k" in options.flags:
        return koth_results(counts, scores)
    return results(programs, counts, scores, is_sorted="o" in options.flags)


def _series(programs: Sequence[LoadedProgram], options: Options) -> Series:
    """Positions and beginners, from -F, from the warriors (-f), or else from the clock."""
    config = options.config
    if "F" in options.numbers:
        seed = seed_of_number(config, options.numbers["F"])
    elif "f" in options.flags:
        seed = checksum(
            each for p in programs for each in zip(p.opcodes, p.instructions, strict=True)
        )
    else:
        seed = 1 + time.time_ns() % (SEED_LIMIT - 1)
    if "P" in options.flags:
        return exact_series(config, seed)
    return pmars_series(config, len(programs), seed)
