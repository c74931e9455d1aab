"""A network namespace that has nothing but loopback, for what would listen on every address.

Ray replaces 127.0.0.1 by the address of the host. Where there is no other address, it stays.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CLONE_NEWNET = 0x40000000


@contextmanager
def loopback() -> Iterator[None]:
    """Put the calling thread, and what it starts meanwhile, into such a namespace.

    Skips the test where that is not allowed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET):
            reason = os.strerror(ctypes.get_errno())
            pytest.skip(f"a network namespace of our own, as Ray's tests need: {reason}; be root")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            assert libc.setns(before, CLONE_NEWNET) == 0, "back to the network of before"
    finally:
        os.close(before)
