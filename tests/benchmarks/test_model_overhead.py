"""A search with language models must spend its time in battles and calls."""

from statistics import median

from tests.benchmarks.model_overhead import GOAL, share_of_battles_and_calls


def test_a_search_with_a_model_that_answers_at_once() -> None:
    assert median(share_of_battles_and_calls() for _ in range(5)) >= GOAL
