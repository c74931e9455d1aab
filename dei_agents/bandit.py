"""Which of several mutation policies gets the next call: UCB1, an option beyond the paper."""

from math import log, sqrt


class Bandit:
    """Shifts calls toward the policy whose proposals fill or improve cells.

    UCB1: the highest share of successes plus sqrt(2 ln(all calls) / own calls), each policy once
    to begin with. There is no randomness in it: equal histories give equal choices.

    Args:
        arms: how many policies; with one there is nothing to choose.
    """

    def __init__(self, arms: int) -> None:
        self._calls = [0] * arms
        self._successes = [0] * arms

    def choose(self) -> int:
        """The policy for the next call. Calls under way count as calls without success so far."""
        arm = max(range(len(self._calls)), key=self._bound)
        self._calls[arm] += 1
        return arm

    def learn(self, arm: int, *, success: bool) -> None:
        """Count the outcome of a call."""
        self._successes[arm] += success

    def _bound(self, arm: int) -> float:
        own, total = self._calls[arm], sum(self._calls)
        if own == 0:
            return float("inf")
        return self._successes[arm] / own + sqrt(2 * log(total) / own)
