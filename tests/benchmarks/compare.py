"""Measure the machine beside exhaust-ma and write BENCHMARKS.md: `make bench`.

All ratios come from one run in which the two sides take turns, in CPU time, minimum of all turns.
"""

import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Final, NamedTuple

import numpy as np

from coreenv import MADE_BY
from coreenv.battle import Battle, battle_batch
from coreenv.placement import pmars
from coreenv.redcode import Warrior, assemble
from dei_agents.compare import processor
from tests.benchmarks import board, throughput, workloads
from tests.benchmarks.conftest import cpu_seconds
from tests.benchmarks.exhaust import exhaust, winners
from tests.benchmarks.model_overhead import GOAL, share_of_battles_and_calls
from tests.benchmarks.sources import typical_source

TURNS: Final = 9
"""How often each side is measured."""

BATTLES: Final = {"old": 40, "modern": 15, "random": 200}
GOALS: Final = {"old": 1.7, "modern": 1.5, "random": 1.2}
"""What the ratio to exhaust-ma must be at least."""

CROWDS: Final = (2, 4, 8, 20, 64)
EVALUATIONS: Final = 60
"""Battles of different members of the hill that a crowd's figure is taken from."""

MEASURED_GOAL: Final = 1.3
"""What an instruction in a measured crowd may cost, in plain duels of the same warriors."""

THREADS_GOAL: Final = 1.9
START_GOAL: Final = 0.01

COUNT_BATTLES: Final = {"old": 6, "modern": 3, "random": 30}


class Row(NamedTuple):
    """A line of a table, and whether its goal was met."""

    cells: tuple[str, ...]
    met: bool = True


def interleaved(*sides: Callable[[], object]) -> list[float]:
    """CPU seconds of each side: the least of `TURNS`, taken in turns."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(TURNS):
        for side, measured in zip(sides, times, strict=True):
            measured.append(cpu_seconds(side))
    return [min(measured) for measured in times]


def instructions(battles: list[Battle]) -> int:
    return sum(int(result.turns.sum()) for result in battle_batch(battles, measures=False))


def against_exhaust(name: str) -> Row:
    battles = workloads.WORKLOADS[name](BATTLES[name])
    with exhaust(battles) as other:
        assert winners(battle_batch(battles, measures=False)) == other.play(), "results differ"
        ours, theirs = interleaved(lambda: battle_batch(battles, measures=False), other.play)
    executed, ratio = instructions(battles), theirs / ours
    rates = [f"{executed / s / 1e6:.0f}" for s in (ours, theirs)]
    costs = [f"{s / executed * 1e9:.2f}" for s in (ours, theirs)]
    cells = (name, str(len(battles)), f"{executed / 1e6:.0f}", *rates, *costs)
    return Row((*cells, f"**{ratio:.2f}**", f"{GOALS[name]}"), ratio >= GOALS[name])


def prices() -> dict[str, float]:
    """Seconds an instruction of each member of the hill costs in a plain duel with its copy."""
    found = {}
    for warrior in workloads.of_classes((*workloads.OLD, *workloads.MODERN)):
        pair = [workloads.duel(warrior)]
        executed = instructions(pair)
        repeated = pair * max(1, 2_000_000 // executed)
        (seconds,) = interleaved(partial(battle_batch, repeated, measures=False))
        found[warrior.id] = seconds / executed / len(repeated)
    return found


def crowd(size: int, duels: dict[str, float]) -> Row:
    """Evaluations of a search beside what the same instructions would cost in plain duels."""
    crowds = workloads.crowds(size, EVALUATIONS, placements=1)
    (measured,) = interleaved(lambda: battle_batch(crowds))
    plain = 0.0
    for battle, result in zip(crowds, battle_batch(crowds), strict=True):
        died = result.death_cycle.sum(axis=0)
        own_turns = np.where(died > 0, died, battle.config.max_cycles)
        plain += sum(
            duels[warrior.id] * turns
            for warrior, turns in zip(battle.warriors, own_turns, strict=True)
        )
    copies = exp(fmean(log(copied(warrior, size)) for warrior in workloads.one_of_each_class()))
    ratio = measured / plain
    cells = (str(size), f"**{ratio:.2f}**", f"{MEASURED_GOAL}", f"{copies:.2f}")
    return Row(cells, ratio <= MEASURED_GOAL)


def copied(warrior: Warrior, size: int) -> float:
    """A measured crowd of copies of one warrior beside a plain duel of two of it."""
    together, pair = [workloads.crowd(warrior, size)], [workloads.duel(warrior)]
    measured, plain = interleaved(
        partial(battle_batch, together), partial(battle_batch, pair, measures=False)
    )
    return measured / instructions(together) / (plain / instructions(pair))


def threads() -> Row:
    battles = workloads.WORKLOADS["old"](300)
    walls: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(TURNS):
        for count, measured in walls.items():
            began = time.perf_counter()
            battle_batch(battles, threads=count, measures=False)
            measured.append(time.perf_counter() - began)
    ratio = min(walls[1]) / min(walls[2])
    return Row(
        ("two threads, speed-up over one", f"**{ratio:.2f}**", f"{THREADS_GOAL}"),
        ratio >= THREADS_GOAL,
    )


def start() -> Row:
    """A thousand duels of one pair as one battle, and what is not spent in the kernel."""
    rules = workloads.NOP94
    hole, sitter = (assemble(source, rules) for source in ("dat 0, 0", "jmp 0"))
    pair = tuple(workloads.of_classes(("bomber",))[:2])
    batches = [
        [Battle(warriors, rules, pmars(rules, 2, 1000, 11))] for warriors in ((hole, sitter), pair)
    ]
    # Rounds that end in their first turn leave the fixed cost of a batch and of clearing cores;
    # the cost of one round of that is taken off a thousand times.
    single = [Battle((hole, sitter), rules, pmars(rules, 2, 1, 11))]
    whole, fixed, one = interleaved(
        lambda: battle_batch(batches[1], measures=False),
        lambda: battle_batch(batches[0], measures=False),
        lambda: [battle_batch(single, measures=False) for _ in range(100)],
    )
    per_round = fixed / 1000
    share = max(0.0, one / 100 - per_round) / whole
    return Row(
        ("starting 1000 duels, share of running them", f"**{share:.4%}**", f"{START_GOAL:.0%}"),
        share < START_GOAL,
    )


def assembler() -> Row:
    source = typical_source()
    (seconds,) = interleaved(lambda: [assemble(source, workloads.NOP94) for _ in range(100)])
    lines = len(source.splitlines())
    return Row(
        (f"1000 warriors of {lines} lines assembled, s", f"**{seconds * 10:.2f}**", "1"),
        seconds * 10 < 1,
    )


def overhead() -> Row:
    """Battles and calls in the wall time of a search whose model answers at once."""
    share = median(share_of_battles_and_calls() for _ in range(5))
    what = "a search with a model that answers at once, share of battles and calls"
    return Row((what, f"**{share:.1%}**", f"{GOAL:.0%}"), share >= GOAL)


def counted(name: str) -> Row:
    """Machine instructions for a simulated one, by callgrind: the same on every run."""
    counts = {}
    for times in (1, 2):
        command = [sys.executable, "-m", "tests.benchmarks.one_workload", name, str(times)]
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        done = subprocess.run([*tool, *command], capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        assert found is not None, done.stderr
        counts[times] = int(found[1])
    executed = instructions(workloads.WORKLOADS[name](COUNT_BATTLES[name]))
    return Row((name, f"{(counts[2] - counts[1]) / executed:.1f}"))


def table(head: tuple[str, ...], rows: list[Row]) -> str:
    lines = [head, ("---",) * len(head), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> int:
    rows: dict[str, list[Row]] = {}
    rows["exhaust"] = []
    for name in GOALS:
        print(f"measuring duels: {name}", file=sys.stderr)
        rows["exhaust"].append(against_exhaust(name))
    print("measuring duels of every member of the hill", file=sys.stderr)
    duels, rows["crowd"] = prices(), []
    for size in CROWDS:
        print(f"measuring crowds of {size}", file=sys.stderr)
        rows["crowd"].append(crowd(size, duels))
    print("measuring batches and assembler", file=sys.stderr)
    rows["batch"] = [threads(), start(), assembler()]
    print("measuring environments and the overhead of a search", file=sys.stderr)
    rows["steps"] = [Row(*line) for line in throughput.rows()]
    rows["overhead"] = [Row(*throughput.outside_row()), overhead()]
    print("measuring the leaderboard", file=sys.stderr)
    rows["board"] = [Row(*line) for line in board.rows()]
    rows["counted"] = []
    if shutil.which("valgrind"):
        for name in GOALS:
            print(f"counting {name}", file=sys.stderr)
            rows["counted"].append(counted(name))
    Path("BENCHMARKS.md").write_text(document(rows), encoding="utf-8")
    missed = [row for group in rows.values() for row in group if not row.met]
    for row in missed:
        print(f"below its goal: {' '.join(row.cells)}", file=sys.stderr)
    return 1 if missed else 0


def document(rows: dict[str, list[Row]]) -> str:
    others = ", ".join(f"{name} {version(name)}" for name in ("exhaust-ma", "numpy", "Cython"))
    duels = ("duels", "battles", "M instructions", "M/s", "theirs", "ns each", "theirs")
    counted_table = (
        table(("duels", "machine instructions for one of Redcode"), rows["counted"])
        if rows["counted"]
        else "Not counted: valgrind was not there."
    )
    return f"""# Benchmarks

Written by `make bench`. Ratios are from one run in which both sides take turns, in CPU time, the
minimum of {TURNS} turns; a run on another machine gives other seconds and much the same ratios.

- machine: {processor()}, one thread unless said otherwise
- {MADE_BY}, CPython {platform.python_version()}, {others}

## Duels, beside the C core of exhaust-ma
Ruleset nop94, the same rounds at the same places, ten a battle, results compared before anything
is timed. "old": the hill's imps, bombers, scanners, one-shots, vampires, clears and quick-scanners;
"modern": its papers, stone-imps and paper-stones; "random": half random programs, half mutants.

{table((*duels, "ratio", "goal"), rows["exhaust"])}

## Crowded cores with measures
The cost of an instruction in an evaluation (fitness, processes spawned, coverage; to the last
cycle even if one is left) as a multiple of its cost in a plain duel. Crowds: {EVALUATIONS} battles
of so many members of the hill. Plain: what each warrior's share of those instructions costs at the
price of a duel with its own copy, for different warriors' instructions have different prices.
Beside it the geometric mean over crowds of copies of one warrior, one of each class. Copies are
harder, for 3 to 5 imps in step make the processor wait for every cell they have just copied.

{table(("warriors", "evaluations", "at most", "copies"), rows["crowd"])}

## Batches and assembler
{table(("what", "measured", "goal"), rows["batch"])}

## Environments and searches
Steps per second of `CoreWar-v0`: one environment, {throughput.ENVS} in a `SyncVectorEnv`, and as
many in `CoreWarVectorEnv` on all processors; by the clock, so other work on the machine shows.

{table(throughput.HEAD, rows["steps"])}

{table(("what", "measured", "goal"), rows["overhead"])}

## The leaderboard
CPU time of the server for a page of the table, and of one thread for an entry's battles.

{table(("what", "measured", "goal"), rows["board"])}

## What does not depend on the machine's mood
callgrind's count of machine instructions for each simulated one, everything included that a
battle needs besides: a program of twice the battles minus one of once.

{counted_table}
"""


if __name__ == "__main__":
    sys.exit(main())
