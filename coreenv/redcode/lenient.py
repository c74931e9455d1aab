"""`assemble_leniently`: what pMARS makes of a source, and what it says about it.

pMARS plays much that `assemble` refuses, and only warns: a label defined twice, a start outside the
code, no code at all. It also tells CMP from SEQ. The drop-in for its command line needs all that,
and so has its own second half of the assembler; the first half, up to the statements, is shared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.redcode.errors import AssemblyError
from coreenv.redcode.faults import Fault, Faults, Lapse
from coreenv.redcode.instruction import Instruction, Opcode
from coreenv.redcode.lenient_program import LenientProgram
from coreenv.redcode.lines import DIRECTIVE, Line, Source, read
from coreenv.redcode.notes import Note, Notes, TooManyNotes, warning
from coreenv.redcode.preprocess import MAX_WRITTEN_LINES, Statement, leading, preprocess
from coreenv.redcode.symbols import Symbols
from coreenv.redcode.verbose import expanded, reading
from coreenv.redcode.warrior import MAX_NAME, name_fault

_LAPSES = {
    "E_LABEL": "Ignored, redefinition of label '{}'",
    "E_EQU": "Attempting to append a string to an undefined label",
    "E_FOR": "Unclosed ROF",
}


@dataclass(frozen=True, eq=False)
class LoadedProgram:
    """A program as pMARS loads it. Unlike a `Warrior` it may be empty and begin anywhere.

    Attributes:
        instructions: fields lie in 0..core_size-1.
        opcodes: the name of each instruction's opcode: ``CMP`` where the source says so.
        start: offset of the first instruction to execute, 0..core_size-1.
        pin: None if it has none.
        name, author: as they stand in the source, blanks at the end included.
    """

    instructions: tuple[Instruction, ...]
    opcodes: tuple[str, ...]
    start: int
    pin: int | None
    name: str
    author: str

    def __len__(self) -> int:
        return len(self.instructions)

    @cached_property
    def code(self) -> NDArray[np.int32]:
        """As `Warrior.code`."""
        return np.array(self.instructions, np.int32).reshape(len(self), 6)


class Assembly(NamedTuple):
    """What became of a source: the program, None if it has errors; and what there is to say."""

    program: LoadedProgram | None
    messages: str


def assemble_leniently(
    text: str | bytes,
    config: CoreConfig,
    warriors: int = 1,
    rounds: int = 1,
    *,
    registers: Mapping[str, int] | None = None,
    verbose: bool = False,
) -> Assembly:
    """Assemble Redcode as pMARS does: what it only warns of is a message, not a fault.

    All limits of `assemble` on sizes, loops, texts, characters and names hold.

    Args:
        text, config, warriors, rounds: as for `assemble`; bytes are UTF-8.
        registers: what a..z hold before the first instruction, 0 where missing.
        verbose: put what the passes over the source made of it among the messages.
    """
    notes = Notes()
    try:
        symbols = Symbols(config, warriors, rounds, registers or {})
        program = _assemble(text, symbols, config, notes, verbose)
    except AssemblyError as error:
        for rejection in error.rejections:
            notes.add(Note("{}", str(rejection)))
        program = None
    except TooManyNotes:
        program = None
    return Assembly(None if notes.errors else program, str(notes))


def _assemble(
    text: str | bytes, symbols: Symbols, config: CoreConfig, notes: Notes, verbose: bool
) -> LoadedProgram:
    source = read(text, "utf-8")
    faults = Faults()
    statements = preprocess(source.lines, symbols, MAX_WRITTEN_LINES, faults, lenient=True)
    code = [statement for statement in statements if statement.kind != ";assert"]
    length = sum(isinstance(statement.kind, Opcode) for statement in code)
    if verbose:
        notes.say(reading(source, statements, symbols))
    for note in _reading_notes(source, statements, symbols, faults):
        notes.add(note)
    if verbose:
        notes.say(expanded(code, symbols))
    if length > config.max_length:
        more = str(length - config.max_length)
        notes.add(Note("Too many instructions (about {} more)", more))
    program = LenientProgram(config, symbols, notes)
    for statement in code:
        program.add(statement)
    start = program.start % config.core_size
    if not length:
        notes.add(warning("No instructions"))
    elif start >= length:
        notes.add(warning("Execution starts from outside of the program"))
    return LoadedProgram(
        tuple(program.instructions),
        tuple(program.opcodes),
        start,
        program.pin,
        _named(source, "name") or "Unknown",
        _named(source, "author") or "Anonymous",
    )


def _reading_notes(
    source: Source, statements: list[Statement], symbols: Symbols, faults: Faults
) -> Iterator[Note]:
    """All that comes to light before any instruction is looked at."""
    asserts = [statement for statement in statements if statement.kind == ";assert"]
    judged = [_judged(statement, symbols) for statement in asserts]
    notes = [_reading_note(fault, line) for fault, line in faults.found]
    notes += [warning(_LAPSES["E_EQU"], line=line) for line in symbols.misplaced.values()]
    notes += [note for note in judged if note]
    notes += _name_notes(source)
    yield from sorted(notes, key=lambda note: note.line.number if note.line else 2**31)
    if symbols.dangling:
        yield warning("Discarding these labels: '{}'", " ".join(reversed(symbols.dangling)))
    if all(note and not note.is_error for note in judged):
        yield warning("Missing ';assert'. Warrior may not work with the current setting")


def _reading_note(fault: Fault, line: Line | None) -> Note:
    if isinstance(fault, Lapse):
        return warning(
            _LAPSES[fault.reason], fault.culprit, None if fault.reason == "E_FOR" else line
        )
    if fault.reason == "E_SYNTAX" and line:
        at, keyword = leading(line)
        words_only = keyword is not None or at == len(line.tokens)
        token = fault.culprit if words_only else line.tokens[at]
        return Note("Unrecognized or improper placement of token: '{}'", token, line)
    return Note("{}", fault.advice, line)


def _judged(statement: Statement, symbols: Symbols) -> Note | None:
    """What is wrong with an ;assert: nothing, a warning that it says nothing, or an error."""
    line, at = statement.line, statement.address
    try:
        (tokens, *_) = symbols.expand(statement.tokens, statement.indices)
    except Fault as fault:
        return Note("{}", fault.advice, line)
    try:
        if symbols.value(tokens, at, at, []):
            return None
    except Fault:
        return warning("Invalid ';assert' parameter", line=line)
    return Note("Assertion in this line fails", line=line)


def _named(source: Source, field: str) -> str:
    """The name or author with the blanks that follow it; empty if there is none."""
    line = source.named.get(field)
    match = DIRECTIVE.match(line.text) if line else None
    return match[3].lstrip() if match else ""


def _name_notes(source: Source) -> list[Note]:
    hint = f"(1 to {MAX_NAME} printable characters)"
    faults = [
        (name_fault(field, _named(source, field).replace("\t", " ").strip()), line)
        for field, line in source.named.items()
        if _named(source, field)
    ]
    return [Note("{}", f"{fault} {hint}", line) for fault, line in faults if fault]
