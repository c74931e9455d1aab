"""What a language model is sent: standing instructions, and a request of one of three kinds.

The texts are templates beside this file. `prompt` fills them in and never sends what another
model wrote in words; `grammar` is the language itself for servers that can hold a model to it.
"""

import re
from copy import deepcopy
from typing import Literal

from coreenv.config import RULESETS, CoreConfig
from coreenv.measures import MC_EDGES, TSP_EDGES
from coreenv.redcode.grammar import MODES_88
from dei_agents.completion import Prompt
from dei_agents.policy import Context, Repair
from dei_agents.prompts.feedback import archive, bins, listing, results
from dei_agents.prompts.templates import clean, cut, fill, read

MAX_BYTES = 24 * 1024
"""No prompt is longer, whatever the context, with a persona of up to 2000 characters."""

MAX_SOURCE = 5000
"""Bytes of a failed program that a repair shows."""

MAX_REJECTIONS = 8
"""Faults that a repair names."""

MAX_REJECTION = 300
"""Bytes of each."""

MAX_REPETITION = 1000
"""The most instructions a grammar allows: llama.cpp refuses repetitions of 2000."""


def prompt(context: Context, feedback: Literal["results", "none"], persona: str) -> Prompt:
    """The prompt for ``context``; equal contexts give equal prompts.

    Args:
        context: the request; its generator is copied, not drawn from.
        feedback: `results` tells what the parent did against each opponent and which cells are
            empty; `none` shows the parent's program alone, as published [S].
        persona: put before everything else; may be empty.
    """
    repair = context.repair
    if repair is not None and repair.source.strip():
        request = _repair(repair)
    else:
        request = _request(context, feedback)
        if repair is not None:
            request += "\n" + fill("silent")
    system = f"{persona}\n\n{_system(context.config)}".lstrip()
    return Prompt(clean(system), clean(request))


def _system(config: CoreConfig) -> str:
    return fill(
        "system",
        core_size=config.core_size,
        max_cycles=config.max_cycles,
        max_processes=config.max_processes,
        max_length=config.max_length,
        min_distance=config.min_distance,
        pspace=f"{config.pspace_size} cells" if config.pspace_size else "none",
        tsp_bins=", ".join(bins(TSP_EDGES)),
        mc_bins=", ".join(bins(MC_EDGES)),
        instruction_set=_instruction_set(config),
        example=fill(f"example{config.standard}"),
    )


def _instruction_set(config: CoreConfig) -> str:
    last = config.core_size - 1
    if config.standard == "88":
        modes = {
            f"modes_{opcode.name.lower()}": f"A {a:<4}  B {b:<4}"
            for opcode, (a, b) in MODES_88.items()
        }
        return fill("redcode88", last_field=last, modes_cmp=modes["modes_seq"], **modes)
    pspace = fill("pspace") + "\n" if config.pspace_size else ""
    return fill("redcode94", last_field=last, pspace_opcodes=pspace)


def _request(context: Context, feedback: Literal["results", "none"]) -> str:
    """A request for a new warrior, or for a variant of the parent.

    Two requests for a new warrior must not be the same, or else a model without a temperature
    answers with the same warrior. With `results` they differ in the cell to aim for; with `none`
    in a drawn number, which says nothing about results.
    """
    rng = deepcopy(context.rng)
    parent, standard = context.parent, context.config.standard
    met = len(context.opponents)
    opponents = f"{met} opponent{'s' if met != 1 else ''} in one core"
    if feedback == "none":
        said = fill("draw", number=rng.integers(10_000, 100_000))
    else:
        said = archive(context, rng)
    if parent is None:
        return fill("new", opponents=opponents, feedback=said)
    if feedback == "results":
        said = f"{results(parent, context.opponents, standard)}\n{said}"
    shown = listing(parent.warrior, standard)
    return fill("mutate", opponents=opponents, parent=shown, feedback=said)


def _repair(repair: Repair) -> str:
    """The failed program with its lines numbered, so that none of them can end the quotation."""
    rows = enumerate(repair.source.splitlines(), 1)
    source = "\n".join(f"{number:4}| {row}" for number, row in rows)
    rejections = [cut(str(fault), MAX_REJECTION) for fault in repair.rejections[:MAX_REJECTIONS]]
    if (more := len(repair.rejections) - MAX_REJECTIONS) > 0:
        rejections.append(f"and {more} more")
    return fill("repair", source=cut(source, MAX_SOURCE), rejections="\n".join(rejections))


def grammar(config: CoreConfig | None = None) -> str:
    """The grammar of Redcode in llama.cpp's GBNF: each of its sentences assembles.

    The files are for cores of 8000 cells and 100 instructions; here they are fitted to ``config``
    (default: nop94). Without p-space, labels other than the start, or expressions.
    """
    config = config or RULESETS["nop94"]
    length = min(config.max_length, MAX_REPETITION)
    half, digits = length // 2, len(str(config.core_size // 2))
    fitted = {
        "{1,100}": f"{{1,{length}}}",
        "{0,50}": f"{{0,{half}}}",
        "{1,50}": f"{{1,{length - half}}}",
        "{0,3}": f"{{0,{digits - 1}}}",
    }
    text = read("redcode88.gbnf" if config.standard == "88" else "redcode.gbnf")
    return re.sub(r"\{\d+,\d+\}", lambda bound: fitted[bound[0]], text)
