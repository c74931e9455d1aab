"""Environments must not get slower, and their overhead must stay small beside the battles."""

from coreenv.gym_env import CoreWarEnv
from tests.benchmarks.conftest import Gauge, cpu_seconds
from tests.benchmarks.throughput import (
    OUTSIDE_GOAL,
    SETTINGS,
    TURNS,
    course,
    ours,
    outside,
    sync,
)


def test_one_environment_with_the_smallest_battles(gauge: Gauge) -> None:
    run = course(CoreWarEnv(**SETTINGS["nano"].arguments), 32)
    gauge(lambda: [run() for _ in range(3)])


def test_sixteen_environments_with_the_smallest_battles(gauge: Gauge) -> None:
    gauge(course(ours(SETTINGS["nano"]), 32))


def test_sixteen_environments_share_their_overhead() -> None:
    """In CPU time, where a second processor is no help."""
    setting = SETTINGS["nano"]
    runs = [course(side, setting.steps) for side in (sync(setting), ours(setting))]
    turns = [[cpu_seconds(run) for run in runs] for _ in range(TURNS)]
    theirs, own = (min(seconds) for seconds in zip(*turns, strict=True))
    assert theirs >= setting.goal * own


def test_time_is_spent_in_battles() -> None:
    assert outside() < OUTSIDE_GOAL
