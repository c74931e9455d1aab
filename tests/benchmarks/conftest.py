"""The gate against regressions: a case's CPU time as a multiple of a reference run beside it.

Machines here are noisy and differ, so seconds are not compared. Each round of a case is preceded
by a fixed reference workload; the ratio of the two minima is compared with the committed one.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

BASELINE: Final = Path(__file__).parent / "baseline.json"
TOLERANCE: Final = 1.25
"""A case that takes more than this multiple of its baseline has regressed."""

ROUNDS: Final = 9

Gauge = Callable[[Callable[[], object]], float]
_ratios: dict[str, float] = {}


def reference() -> int:
    """Some 20 ms of plain Python."""
    total = 0
    for i in range(300_000):
        total += i ^ (i >> 3)
    return total


def cpu_seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


@pytest.fixture
def gauge(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Gauge:
    """Measure a function beside the reference, and fail if it got slower than the baseline."""

    def measure(function: Callable[[], object]) -> float:
        own, other = [], []
        for _ in range(ROUNDS):
            other.append(cpu_seconds(reference))
            own.append(cpu_seconds(function))
        benchmark.pedantic(function, rounds=1)
        name, ratio = request.node.name, min(own) / min(other)
        _ratios[name] = ratio
        if request.config.getoption("--rebase"):
            return ratio
        baseline = json.loads(BASELINE.read_text()).get(name)
        assert baseline is not None, f"{name} has no baseline; run: pytest --benchmark --rebase"
        assert ratio <= TOLERANCE * baseline, (
            f"{name} takes {ratio:.3f} times the reference, its baseline is {baseline:.3f}"
        )
        return ratio

    return measure


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _ratios:
        return
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    terminalreporter.section("multiples of the reference")
    for name, ratio in _ratios.items():
        before = f"{ratio / baseline[name]:7.2f} of baseline" if name in baseline else "new"
        terminalreporter.write_line(f"{name:<50} {ratio:9.3f} {before}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--rebase"):
        ratios = {name: round(ratio, 4) for name, ratio in _ratios.items()}
        BASELINE.write_text(json.dumps(ratios, indent=1) + "\n")
