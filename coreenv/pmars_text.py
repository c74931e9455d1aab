"""What pMARS prints on standard output: listings, load files, results."""

from collections.abc import Sequence

from coreenv.config import CoreConfig
from coreenv.redcode.instruction import Instruction
from coreenv.redcode.lenient import LoadedProgram
from coreenv.redcode.warrior import operands

Counts = Sequence[Sequence[int]]
"""For each warrior: rounds survived with 1, 2, .. W survivors, last the rounds it died in."""


def listing(program: LoadedProgram, config: CoreConfig) -> str:
    """A program as pMARS shows it before a battle."""
    head = f'Program "{program.name}" (length {len(program)}) by "{program.author}"\n\n'
    has_start = program.start < len(program)
    org = "       ORG      START\n" if has_start and config.standard == "94" else ""
    lines = _lines(program, config, labelled=True)
    return "".join([head, org, *lines, _end_88(program, config), "\n"])


def load_file(program: LoadedProgram, config: CoreConfig) -> str:
    """A program as -A shows it: without names, ready to be assembled."""
    pin = "" if program.pin is None else f"       PIN     {program.pin:6}\n"
    org = f"       ORG     {program.start:6}\n"
    lines = _lines(program, config, labelled=False)
    return "".join([org, *lines, pin, _end_88(program, config), "       END\n"])


def results(
    programs: Sequence[LoadedProgram], counts: Counts, scores: Sequence[int], is_sorted: bool
) -> str:
    """A line for each warrior, and how its rounds ended."""
    order = list(range(len(programs)))
    if is_sorted:
        order.sort(key=lambda i: -scores[i])
    lines = []
    for i in order:
        lines.append(f"{programs[i].name} by {programs[i].author} scores {scores[i]}\n")
        if len(programs) > 2:
            lines.append("  Results: " + " ".join(map(str, counts[i])) + "\n")
    if len(programs) == 2:
        wins, ties, losses = counts[order[0]]
        lines.append(f"Results: {wins} {losses} {ties}\n")
    return "".join(lines)


def koth_results(counts: Counts, scores: Sequence[int]) -> str:
    """The same for programs (-k): of two warriors wins and ties, of others score and counts."""
    if len(counts) == 2:
        return "".join(f"{wins} {ties}\n" for wins, ties, _ in counts)
    rows = zip(scores, counts, strict=True)
    return "".join(" ".join(map(str, [score, *row])) + "\n" for score, row in rows)


def _lines(program: LoadedProgram, config: CoreConfig, labelled: bool) -> list[str]:
    start = program.start if labelled else -1
    numbered = enumerate(zip(program.opcodes, program.instructions, strict=True))
    return [
        f"{'START' if i == start else '':6} {_operation(opcode, each, config)} "
        f"{operands(each, config.core_size)}     \n"
        for i, (opcode, each) in numbered
    ]


def _operation(opcode: str, instruction: Instruction, config: CoreConfig) -> str:
    if config.standard == "88":
        return f"{opcode}   "
    return f"{opcode}.{instruction.modifier.name:2}"


def _end_88(program: LoadedProgram, config: CoreConfig) -> str:
    has_start = program.start < len(program)
    return "       END      START\n" if has_start and config.standard == "88" else ""
