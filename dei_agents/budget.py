"""What a search may spend: hard caps, taken out before a call is made."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import NamedTuple, Protocol, Self

from dei_agents.config import BudgetSettings, Price
from dei_agents.policy import HaltError
from eval.record import Usage


class Spending(NamedTuple):
    """Calls, tokens, and millionths of a dollar."""

    calls: int = 0
    tokens: int = 0
    micro_usd: int = 0

    def plus(self, other: "Spending") -> "Spending":
        return Spending(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "Spending") -> "Spending":
        return Spending(*(a - b for a, b in zip(self, other, strict=True)))


def cost(price: Price, usage: Usage) -> int:
    """What a completion costs, in millionths of a dollar, rounded up."""
    return ceil(round(usage.input_tokens * price.input + usage.output_tokens * price.output, 6))


def limits(caps: BudgetSettings) -> tuple[int | None, int | None, int | None]:
    """The caps in the units of `Spending`."""
    return caps.calls, caps.tokens, None if caps.usd is None else round(caps.usd * 1e6)


UNITS = ("calls", "tokens", "usd")
_ROW = Struct("=3q")


class Book:
    """What every node of a run has spent or reserved: one row a node, in one small file.

    Only a node changes its own row, and only while it holds the file's lock, which the operating
    system lifts when a process dies. So a cap on the whole run holds among processes, and a
    killed node's reservations stay taken until its record has been read again.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR)

    @staticmethod
    def create(path: Path, rows: list[Spending]) -> None:
        """Write a book with these rows. Only while no node is at work."""
        path.write_bytes(b"".join(_ROW.pack(*row) for row in rows))

    @contextmanager
    def locked(self) -> Iterator[Self]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield self
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def rows(self) -> list[Spending]:
        data = os.pread(self._file, os.fstat(self._file).st_size, 0)
        return [Spending(*row) for row in _ROW.iter_unpack(data)]

    def write(self, node: int, row: Spending) -> None:
        os.pwrite(self._file, _ROW.pack(*row), node * _ROW.size)

    def close(self) -> None:
        os.close(self._file)


class Purse(Protocol):
    """What a node pays its calls from."""

    def reserve(self, charge: Spending) -> None:
        """Take a charge out of the budget.

        Raises:
            HaltError: it does not fit under a cap; nothing was taken.
        """
        ...

    def settle(self, reserved: Spending, actual: Spending) -> None:
        """Replace a reservation by what was spent."""
        ...


class Account:
    """One node's access to the book; a `Purse`.

    Args:
        node: whose row.
        book: of the whole run.
        own: caps of the node.
        run: caps of the run.
    """

    def __init__(self, node: int, book: Book, own: BudgetSettings, run: BudgetSettings) -> None:
        self._node, self._book = node, book
        self._caps = ((f"node {node}", f"nodes.{node}.budget", own), ("the run", "budget", run))
        self._lock = Lock()

    def reserve(self, charge: Spending) -> None:
        """See `Purse`."""
        with self._lock, self._book.locked() as book:
            rows = book.rows()
            for (who, key, caps), spent in zip(
                self._caps,
                (rows[self._node], Spending(*map(sum, zip(*rows, strict=True)))),
                strict=True,
            ):
                for unit, cap, used, more in zip(UNITS, limits(caps), spent, charge, strict=True):
                    if cap is not None and more and used + more > cap:
                        raise HaltError(_spent(who, key, unit, cap, used, more), budget=True)
            book.write(self._node, rows[self._node].plus(charge))

    def settle(self, reserved: Spending, actual: Spending) -> None:
        """See `Purse`."""
        with self._lock, self._book.locked() as book:
            row = book.rows()[self._node]
            book.write(self._node, row.minus(reserved).plus(actual))


def _spent(who: str, key: str, unit: str, cap: int, used: int, more: int) -> str:
    def shown(amount: int) -> str:
        return f"${amount / 1e6:.4f}" if unit == "usd" else f"{amount} {unit}"

    return (
        f"the budget of {who} is spent: {shown(used)} of {shown(cap)}, and the next call may take "
        f"{shown(more)}; raise {key}.{unit} and resume"
    )
