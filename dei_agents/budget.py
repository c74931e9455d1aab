"""How many calls a search may make: a hard cap, counted before a call is made."""

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """Calls of one node and round. New warriors at the start of a round count like all others.

    Args:
        calls: the cap.
    """

    calls: int
    spent: int = 0

    def spend(self) -> bool:
        """Take one call out of the budget; False if nothing is left."""
        if self.spent >= self.calls:
            return False
        self.spent += 1
        return True
