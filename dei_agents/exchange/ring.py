"""One node's ring of slots: one writer, any number of readers, no locks.

The writer numbers what it publishes 1, 2, 3, ...; number n goes to slot n modulo depth. A slot is
four native 8-byte words (stamp, round, length, checksum) and the payload. Its stamp is 2n - 1 while
number n is being written and 2n once it is whole, and 0 in a new ring. The stamps say all there is
to know: a reader keeps only the number it wants next, and a restarted writer finds its number in
them. A number whose write was cut short is written again, so the torn slot is always the newest,
and a reader that meets it misses nothing.

Why no reader takes a half-written champion: it reads the stamp before and after copying, and a
stamp is stored and loaded as one aligned word (item access of a cast memoryview; not so
``struct.pack_into``, which may clear the bytes first). On processors that let stores or loads
overtake each other a stamp can arrive before what it vouches for. The checksum covers number,
round, length and payload, so a mixture of old and new bytes fails it and is looked at again next
time.
"""

import zlib
from struct import pack
from typing import Final

from dei_agents.exchange import Parcel, check_parcel

SLOT_HEAD: Final = 4


def ring_size(depth: int, slot_size: int) -> int:
    """Bytes of a ring: a multiple of 8."""
    return 8 * depth * (SLOT_HEAD + (slot_size + 7) // 8)


class Ring:
    """One process's view of a ring, with a reader's place in it.

    Args:
        node: whose ring it is.
        memory: `ring_size` writable bytes, all zero in a new ring; released by `release`.
        depth: slots in the ring.
        slot_size: largest payload, in bytes.

    Attributes:
        lost: numbers that were overwritten before this reader took them.
    """

    def __init__(self, node: int, memory: memoryview, depth: int, slot_size: int) -> None:
        self.node: Final = node
        self.lost = 0
        self._next = 1
        self._depth = depth
        self._slot_size = slot_size
        self._slot_words = len(memory) // (8 * depth)
        self._bytes = memory
        self._words = memory.cast("Q")

    def write(self, round_: int, payload: bytes) -> None:
        """Publish the next number. For the ring's only writer.

        Raises:
            ValueError: the payload is larger than a slot, or the round is below 1.
        """
        check_parcel(round_, payload, self._slot_size)
        words = self._words
        number = self._latest_stamp() // 2 + 1
        slot = self._slot(number)
        start = 8 * (slot + SLOT_HEAD)
        words[slot] = 2 * number - 1
        words[slot + 1] = round_
        words[slot + 2] = len(payload)
        words[slot + 3] = _checksum(number, round_, payload)
        self._bytes[start : start + len(payload)] = payload
        words[slot] = 2 * number

    def last_round(self) -> int:
        """The round of the newest whole champion, 0 if there is none."""
        number = self._latest_stamp() // 2
        return self._words[self._slot(number) + 1] if number else 0

    def peek(self) -> Parcel | None:
        """The next number, left in place, or None if there is none or it is not whole."""
        self._skip_overwritten()
        number, words = self._next, self._words
        slot = self._slot(number)
        start = 8 * (slot + SLOT_HEAD)
        if words[slot] != 2 * number:
            return None
        round_, length, checksum = words[slot + 1 : slot + SLOT_HEAD]
        payload = bytes(self._bytes[start : start + length])
        if words[slot] != 2 * number or checksum != _checksum(number, round_, payload):
            return None
        return Parcel(self.node, round_, payload)

    def take(self) -> None:
        """Go past the number that `peek` returned."""
        self._next += 1

    def arrived(self) -> list[Parcel]:
        """Take what is there, oldest first: ``depth`` at most, lest a fast writer hold us here."""
        parcels: list[Parcel] = []
        while len(parcels) < self._depth and (parcel := self.peek()):
            parcels.append(parcel)
            self.take()
        return parcels

    def release(self) -> None:
        """Let go of the memory."""
        self._words.release()
        self._bytes.release()

    def _slot(self, number: int) -> int:
        """Index of the stamp of the slot for ``number``."""
        return number % self._depth * self._slot_words

    def _latest_stamp(self) -> int:
        return max(self._words[self._slot(i)] for i in range(self._depth))

    def _skip_overwritten(self) -> None:
        """Go on to the oldest number still there if the writer has lapped this reader."""
        if self._words[self._slot(self._next)] > 2 * self._next:
            oldest = (self._latest_stamp() + 1) // 2 - self._depth + 1
            self.lost += oldest - self._next
            self._next = oldest


def _checksum(number: int, round_: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(pack("=3Q", number, round_, len(payload))))
