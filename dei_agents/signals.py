"""Signals that tell a program to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


def leave(signum: int, _frame: FrameType | None) -> None:
    """End the program in good order, with the exit status a shell gives for the signal."""
    raise SystemExit(128 + signum)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the program by `SystemExit`, so that it tidies up.

    Where they are handled already they stay so; elsewhere than in the main thread it does nothing.
    """
    there = current_thread() is main_thread()
    both = (signal.SIGTERM, signal.SIGHUP)
    signals = [s for s in both if there and signal.getsignal(s) is signal.SIG_DFL]
    for signum in signals:
        signal.signal(signum, leave)
    try:
        yield
    finally:
        for signum in signals:
            signal.signal(signum, signal.SIG_DFL)


@contextmanager
def held(signum: signal.Signals) -> Iterator[None]:
    """Keep a signal waiting in this thread. A process that is started here holds it for good."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signum})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
