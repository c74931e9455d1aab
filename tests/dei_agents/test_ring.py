"""The ring by itself, in one process, with writes and reads cut at every possible point."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dei_agents.exchange import Parcel, ring
from dei_agents.exchange.ring import SLOT_HEAD, Ring, ring_size

NODE, SLOT_SIZE = 5, 21
payloads = st.binary(max_size=SLOT_SIZE)
depths = st.integers(2, 4)


def view(memory: bytearray, depth: int) -> Ring:
    """The ring in ``memory`` as one more process sees it."""
    return Ring(NODE, memoryview(memory), depth, SLOT_SIZE)


class PowerCutError(Exception):
    """The process is gone; nothing it does from here on happens."""


def cut_power() -> None:
    raise PowerCutError


@dataclass
class Fuse:
    """Runs ``action`` once, after ``accesses`` loads or stores of a word or of a payload byte."""

    accesses: int
    action: Callable[[], object]

    def burn(self) -> None:
        if self.accesses == 0:
            self.action()
        self.accesses -= 1


@dataclass
class FusedMemory:
    """Stands in for the memory of a ring; slices are loaded and stored item by item."""

    memory: memoryview
    fuse: Fuse

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if isinstance(key, slice):
            for i, item in enumerate(value, start=key.start):
                self[i] = item
        else:
            self.fuse.burn()
            self.memory[key] = value

    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            items = [self[i] for i in range(*key.indices(len(self.memory)))]
            return bytes(items) if self.memory.format == "B" else items
        self.fuse.burn()
        return self.memory[key]


def insert_fuse(end: Ring, accesses: int, action: Callable[[], object]) -> Ring:
    fuse = Fuse(accesses, action)
    end._words = FusedMemory(end._words, fuse)  # type: ignore[assignment]
    end._bytes = FusedMemory(end._bytes, fuse)  # type: ignore[assignment]
    return end


class RingMachine(RuleBasedStateMachine):
    """Two readers of one ring, against a plain list of all that was ever published."""

    @initialize(depth=depths)
    def create(self, depth: int) -> None:
        self.depth = depth
        self.memory = bytearray(ring_size(depth, SLOT_SIZE))
        self.writer = view(self.memory, depth)
        self.readers = [view(self.memory, depth), view(self.memory, depth)]
        self.next = [1, 1]
        self.lost = [0, 0]
        self.published: list[Parcel] = []
        self.torn = False

    @rule(payload=payloads)
    def publish(self, payload: bytes) -> None:
        number = len(self.published) + 1
        self.writer.write(number, payload)
        self.published.append(Parcel(NODE, number, payload))
        self.torn = False

    @rule(payload=payloads, accesses=st.integers(0, SLOT_SIZE + 12))
    def die_in_the_middle(self, payload: bytes, accesses: int) -> None:
        number = len(self.published) + 1
        doomed = insert_fuse(view(self.memory, self.depth), accesses, cut_power)
        try:
            doomed.write(number, payload)
        except PowerCutError:
            # The first store follows one load of every stamp.
            self.torn = self.torn or accesses > self.depth
        else:
            self.published.append(Parcel(NODE, number, payload))
            self.torn = False
        self.writer = view(self.memory, self.depth)

    @rule(reader=st.integers(0, 1))
    def read(self, reader: int) -> None:
        oldest = len(self.published) + self.torn - self.depth + 1
        self.lost[reader] += max(0, oldest - self.next[reader])
        start = max(oldest, self.next[reader])
        assert self.readers[reader].arrived() == self.published[start - 1 :]
        self.next[reader] = max(start, len(self.published) + 1)

    @rule(reader=st.integers(0, 1))
    def restart_reader(self, reader: int) -> None:
        self.readers[reader] = view(self.memory, self.depth)
        self.next[reader], self.lost[reader] = 1, 0

    @invariant()
    def losses_are_counted(self) -> None:
        assert [reader.lost for reader in self.readers] == self.lost


TestRing = RingMachine.TestCase


def is_true_account(received: list[Parcel], published: list[Parcel]) -> bool:
    """In order, nothing twice, and every one as it was published (round r is number r)."""
    rounds = [parcel.round for parcel in received]
    return rounds == sorted(set(rounds)) and received == [published[r - 1] for r in rounds]


@given(st.data())
def test_a_read_in_the_middle_of_a_write_takes_only_whole_champions(data: st.DataObject) -> None:
    depth = data.draw(depths)
    sent = data.draw(st.lists(payloads, min_size=1, max_size=7))
    published = [Parcel(NODE, r, payload) for r, payload in enumerate(sent, start=1)]
    memory = bytearray(ring_size(depth, SLOT_SIZE))
    reader, received = view(memory, depth), []
    for parcel in published:
        fuse = data.draw(st.integers(0, depth + SLOT_HEAD + 1 + len(parcel.payload)))
        writer = insert_fuse(view(memory, depth), fuse, lambda: received.extend(reader.arrived()))
        writer.write(parcel.round, parcel.payload)
    received += reader.arrived()
    assert is_true_account(received, published)
    assert received[-1] == published[-1]
    assert len(received) + reader.lost == len(published)


def read_while_written(data: st.DataObject) -> None:
    depth = data.draw(depths)
    before = data.draw(st.lists(payloads, max_size=5))
    meanwhile = data.draw(st.lists(payloads, min_size=1, max_size=9))
    published = [Parcel(NODE, r, p) for r, p in enumerate(before + meanwhile, start=1)]
    memory = bytearray(ring_size(depth, SLOT_SIZE))
    writer, sent = view(memory, depth), 0

    def write_up_to(last: int) -> None:
        nonlocal sent
        for parcel in published[sent:last]:
            writer.write(parcel.round, parcel.payload)
        sent = last

    write_up_to(len(before))
    accesses = data.draw(st.integers(0, 3 * (depth + SLOT_HEAD + SLOT_SIZE)))
    reader = insert_fuse(view(memory, depth), accesses, lambda: write_up_to(len(published)))
    received = reader.arrived()
    while sent < len(published):
        received += reader.arrived()
    received += reader.arrived()
    assert is_true_account(received, published)
    assert len(received) + reader.lost == len(published)


@given(st.data())
def test_writes_in_the_middle_of_a_read_tear_nothing(data: st.DataObject) -> None:
    read_while_written(data)


@given(st.data())
def test_stamps_alone_suffice_where_stores_keep_their_order(data: st.DataObject) -> None:
    """So that on such processors not even a checksum that fits by chance lets a torn one in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring, "_checksum", lambda *_: 0)
        read_while_written(data)


@given(st.data())
def test_a_slot_whose_bytes_do_not_match_is_never_delivered(data: st.DataObject) -> None:
    """As when a stamp overtakes what it vouches for; stamps themselves are stored whole."""
    depth, payload = data.draw(depths), data.draw(payloads)
    memory = bytearray(ring_size(depth, SLOT_SIZE))
    writer, reader = view(memory, depth), view(memory, depth)
    writer.write(1, payload)
    slot = len(memory) // depth
    byte = slot + data.draw(st.integers(8, 8 * SLOT_HEAD + len(payload) - 1))
    right = memory[byte]
    memory[byte] ^= data.draw(st.integers(1, 255))
    assert reader.arrived() == []
    wrong, memory[byte] = memory[byte], right
    assert reader.peek() == Parcel(NODE, 1, payload), "it is looked at again"
    memory[byte] = wrong
    for round_ in range(2, depth + 2):
        writer.write(round_, b"later")
    assert [parcel.round for parcel in reader.arrived()] == list(range(2, depth + 2))
    assert reader.lost == 1


def test_a_stamp_that_overtakes_all_it_vouches_for_is_not_believed() -> None:
    """Whole and consistent bytes behind the stamp, but of an earlier number."""
    memory = bytearray(ring_size(2, SLOT_SIZE))
    writer, reader = view(memory, 2), view(memory, 2)
    slot = len(memory) // 2
    for round_ in (1, 2):
        writer.write(round_, b"old")
    assert len(reader.arrived()) == 2
    old = memory[slot + 8 :]
    writer.write(3, b"new")
    new, memory[slot + 8 :] = memory[slot + 8 :], old
    assert reader.arrived() == []
    memory[slot + 8 :] = new
    assert reader.arrived() == [Parcel(NODE, 3, b"new")]


def test_a_reader_takes_one_ring_at_most_however_fast_the_writer_is() -> None:
    memory = bytearray(ring_size(2, SLOT_SIZE))
    writer, reader = view(memory, 2), view(memory, 2)
    take = reader.take

    def take_and_be_outrun() -> None:
        take()
        writer.write(9, b"one more")

    reader.take = take_and_be_outrun  # type: ignore[method-assign]
    writer.write(9, b"the first")
    assert len(reader.arrived()) == 2


@pytest.mark.parametrize(("depth", "slot_size", "size"), [(2, 1, 80), (2, 8, 80), (3, 9, 144)])
def test_ring_size_is_in_whole_words(depth: int, slot_size: int, size: int) -> None:
    assert ring_size(depth, slot_size) == size
