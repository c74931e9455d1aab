"""Two workers of a cluster against one: 200 warriors and the held-out split of the hill.

Takes some minutes, and means something only where nothing else runs.
"""

import logging
import os
import time
from typing import Final

import pytest

from coreenv.hill import bundled
from coreenv.redcode import Warrior
from eval.cli import JOBS
from eval.cluster import cluster
from eval.generality import Generality, generality
from eval.protocol import QUICK
from tests.benchmarks.workloads import MODERN, NOP94, OLD, of_classes, offspring
from tests.loopback import loopback

WARRIORS: Final = 200
GOAL: Final = 1.6
"""Times as fast as one worker."""


def scored(warriors: list[Warrior], workers: int) -> tuple[float, list[Generality]]:
    """Seconds and scores on a cluster of so many workers, which are at work before."""
    ray = pytest.importorskip("ray")
    hill = bundled("v1")
    with loopback():
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
        try:
            with cluster() as play:
                jobs = JOBS * play.cpus
                generality(warriors[:1], hill, NOP94, QUICK, threads=jobs, play=play)
                began = time.perf_counter()
                scores = generality(warriors, hill, NOP94, QUICK, threads=jobs, play=play)
                return time.perf_counter() - began, scores
        finally:
            ray.shutdown()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two cores")
def test_two_workers_against_one(capsys: pytest.CaptureFixture[str]) -> None:
    warriors = offspring(of_classes((*OLD, *MODERN)), WARRIORS, 5)
    (alone, expected), (both, scores) = (scored(warriors, workers) for workers in (1, 2))
    rounds = sum(score.rounds for score in expected)
    with capsys.disabled():
        print(f"\n{len(warriors)} warriors, {rounds} rounds")
        for workers, seconds in ((1, alone), (2, both)):
            print(f"{workers} of Ray's workers: {seconds:.1f} s, {rounds / seconds:.0f} rounds/s")
        print(f"two are {alone / both:.2f} times as fast as one")
    assert scores == expected
    assert alone / both >= GOAL
