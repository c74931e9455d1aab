"""The exchange over shared memory between real processes: floods, kills, and what is left over."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from dei_agents.exchange import Parcel, Status
from dei_agents.exchange.shared_memory import SharedMemoryBlock, SharedMemoryExchange

Recipe = Callable[[], SharedMemoryExchange]
SPAWN = multiprocessing.get_context("spawn")


def payload_of(node: int, round_: int, largest: int) -> bytes:
    """A payload that nothing else equals, of any size up to ``largest``."""
    size = (round_ * 7919 + node * 104729) % (largest + 1)
    head = b"%d of %d " % (round_, node)
    return (head * (size // len(head) + 1))[:size]


def collect_whole(exchange: SharedMemoryExchange, largest: int) -> list[tuple[int, int]]:
    """(node, round) of all that has arrived, each checked to be what was published."""
    parcels = exchange.collect()
    for parcel in parcels:
        assert parcel.payload == payload_of(parcel.node, parcel.round, largest), f"torn: {parcel}"
    return [(parcel.node, parcel.round) for parcel in parcels]


def rounds_of(node: int, received: list[tuple[int, int]]) -> list[int]:
    return [round_ for publisher, round_ in received if publisher == node]


# --- a flood ----------------------------------------------------------------------------------

FLOOD, FLOOD_SIZE = 3000, 16 * 1024


def chat(recipe: Recipe, every: int) -> tuple[list[tuple[int, int]], int]:
    """Publish as fast as it goes, collect now and then; returns (node, round) and the losses."""
    received: list[tuple[int, int]] = []
    with recipe() as exchange:
        peers = {0, 1, 2, 3} - {exchange.node}
        for round_ in range(1, FLOOD + 1):
            exchange.publish(round_, payload_of(exchange.node, round_, FLOOD_SIZE))
            if round_ % every == 0:
                received += collect_whole(exchange, FLOOD_SIZE)
            while round_ == 1 and {node for node, _ in received} != peers:
                received += collect_whole(exchange, FLOOD_SIZE)
                time.sleep(0.001)
        exchange.finish()
        while not all(exchange.retired(peer) for peer in peers):
            received += collect_whole(exchange, FLOOD_SIZE)
            time.sleep(0.001)
        received += collect_whole(exchange, FLOOD_SIZE)
        return received, exchange.lost


def test_a_flood_between_four_processes_tears_nothing_and_accounts_for_all() -> None:
    with (
        SharedMemoryBlock(4, depth=4, slot_size=FLOOD_SIZE) as block,
        ProcessPoolExecutor(4, mp_context=SPAWN) as pool,
    ):
        chats = [pool.submit(chat, block.recipe(k), every) for k, every in enumerate((1, 1, 7, 50))]
        results = [future.result(timeout=120) for future in chats]
    for received, lost in results:
        assert len(received) + lost == 3 * FLOOD
        for node in range(4):
            rounds = rounds_of(node, received)
            assert rounds == sorted(set(rounds))
    assert results[3][1] > 0, "who collects every fiftieth time cannot keep up"


# --- kills ------------------------------------------------------------------------------------

KILLS, KILL_SIZE = 8, 256 * 1024
"""Champions so large that a kill is likely to hit a write."""


def scribble(recipe: Recipe, first: int) -> None:
    """Publish for ever, from round ``first`` on."""
    with recipe() as exchange:
        round_ = first
        while True:
            exchange.publish(round_, payload_of(exchange.node, round_, KILL_SIZE))
            exchange.collect()
            round_ += 1


def start(target: Callable[..., None], *args: object) -> BaseProcess:
    process = SPAWN.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def read_until(exchange: SharedMemoryExchange, node: int, round_: int) -> list[tuple[int, int]]:
    """Collect until something of ``node`` from ``round_`` or later has arrived."""
    deadline = time.monotonic() + 60
    received: list[tuple[int, int]] = []
    while not any(r >= round_ for r in rounds_of(node, received)):
        assert time.monotonic() < deadline, f"node {node} never came to round {round_}"
        received += collect_whole(exchange, KILL_SIZE)
        time.sleep(0.001)
    return received


def test_a_node_killed_at_any_moment_harms_nobody_and_can_carry_on() -> None:
    rng = random.Random(94)
    bystander, victim = 1, 2
    with (
        SharedMemoryBlock(3, depth=4, slot_size=KILL_SIZE) as block,
        block.recipe(0)() as reader,
    ):
        unharmed = start(scribble, block.recipe(bystander), 1)
        received = read_until(reader, bystander, 1)
        for life in range(1, KILLS + 1):
            block.mark(victim, Status.RUNNING)
            process = start(scribble, block.recipe(victim), life * 10**6)
            received += read_until(reader, victim, life * 10**6)
            time.sleep(rng.uniform(0, 0.02))
            process.kill()
            process.join()
            block.mark(victim, Status.DEAD)
            assert reader.retired(victim)
            newest = rounds_of(bystander, received)[-1]
            received += read_until(reader, bystander, newest + 1)
        unharmed.kill()
        unharmed.join()
        received += collect_whole(reader, KILL_SIZE)
        with block.recipe(0)() as late:
            published = len(late.collect()) + late.lost
    for node in (bystander, victim):
        rounds = rounds_of(node, received)
        assert rounds == sorted(set(rounds))
    assert len(received) + reader.lost == published


def walk_until_killed(recipe: Recipe, last: int) -> None:
    """A lockstep node that hangs after publishing round ``last``."""
    with recipe() as exchange:
        for round_ in range(1, last + 1):
            exchange.publish(round_, b"%d" % round_)
            if round_ == last:
                time.sleep(600)
            exchange.collect_round(round_, timeout=60)


def test_lockstep_goes_on_without_a_killed_node_once_it_is_marked() -> None:
    with (
        SharedMemoryBlock(3, depth=2) as block,
        block.recipe(0)() as first,
        block.recipe(1)() as second,
    ):
        doomed = start(walk_until_killed, block.recipe(2), 3)
        for round_ in (1, 2, 3):
            first.publish(round_, b"a")
            second.publish(round_, b"b")
            parcels = first.collect_round(round_, timeout=60)
            assert parcels == [Parcel(1, round_, b"b"), Parcel(2, round_, b"%d" % round_)]
            second.collect_round(round_, timeout=60)
        doomed.kill()
        doomed.join()
        second.publish(4, b"b")
        with pytest.raises(TimeoutError, match="round 4 of node 2;"):
            first.collect_round(4, timeout=0.05)
        block.mark(2, Status.DEAD)
        assert first.collect_round(4, timeout=60) == [Parcel(1, 4, b"b")]


# --- what is left over ------------------------------------------------------------------------

ENSEMBLE = """
import os, sys, time
from multiprocessing import get_context
from dei_agents.exchange.shared_memory import SharedMemoryBlock

def node(recipe, parent):
    with recipe() as exchange:
        exchange.publish(1, b"here")
        while os.getppid() == parent:
            time.sleep(0.005)

def main(ending):
    with SharedMemoryBlock(3) as block, block.recipe(0)() as exchange:
        for k in (1, 2):
            args = block.recipe(k), os.getpid()
            get_context("spawn").Process(target=node, args=args, daemon=True).start()
        exchange.collect_round(1, timeout=60)
        print(block.name, flush=True)
        if ending == "exception":
            raise ValueError("on purpose")
        if ending == "signal":
            time.sleep(60)

if __name__ == "__main__":
    main(sys.argv[1])
"""


def shm(name: str) -> Path:
    return Path("/dev/shm") / name


def python(*args: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, *args],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("ending", "signum", "status"),
    [
        ("return", None, 0),
        ("exception", None, 1),
        ("signal", signal.SIGINT, -signal.SIGINT),
        ("signal", signal.SIGTERM, 128 + signal.SIGTERM),
        ("signal", signal.SIGHUP, 128 + signal.SIGHUP),
        ("signal", signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=["return", "exception", "SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_nothing_is_left_over(
    tmp_path: Path, ending: str, signum: signal.Signals | None, status: int
) -> None:
    script = tmp_path / "ensemble.py"
    script.write_text(ENSEMBLE)
    with python(str(script), ending) as ensemble:
        assert ensemble.stdout is not None
        name = ensemble.stdout.readline().strip()
        if signum:
            assert shm(name).exists()
            ensemble.send_signal(signum)
        # Ends when the nodes and the resource tracker, who share the pipe, have ended as well.
        _, errors = ensemble.communicate(timeout=60)
    assert ensemble.returncode == status, errors
    assert name
    assert not shm(name).exists()
    if signum == signal.SIGKILL:
        assert "1 leaked shared_memory objects" in errors, "the tracker says what it cleaned up"
    else:
        assert "resource_tracker" not in errors
        assert errors == "" or ending == "exception" or signum == signal.SIGINT


def test_a_program_of_another_family_may_come_and_go() -> None:
    """It has a resource tracker of its own, which must not take the block away."""
    code = (
        "from dei_agents.exchange.shared_memory import SharedMemoryExchange as Exchange\n"
        "import sys\n"
        "with Exchange(sys.argv[1], 1) as exchange: exchange.publish(1, b'hello')"
    )
    with SharedMemoryBlock(2) as block, block.recipe(0)() as reader:
        with python("-c", code, block.name) as guest:
            assert guest.communicate(timeout=60) == ("", "")
        assert shm(block.name).exists()
        assert reader.collect() == [Parcel(1, 1, b"hello")]


def test_signal_handlers_of_the_program_are_kept_and_defaults_come_back() -> None:
    def own(*_: object) -> None:
        raise AssertionError("nobody sends this signal")

    before = signal.signal(signal.SIGHUP, own)
    try:
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        with SharedMemoryBlock(1):
            assert callable(signal.getsignal(signal.SIGTERM))
            assert signal.getsignal(signal.SIGHUP) is own
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is own
    finally:
        signal.signal(signal.SIGHUP, before)


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 8, 1024), "nodes is 0; it must be at least 1"),
        ((4, 1, 1024), "depth is 1; it must be at least 2"),
        ((4, 8, 0), "slot_size is 0; it must be at least 1"),
    ],
)
def test_a_block_without_room_is_refused(sizes: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SharedMemoryBlock(*sizes)


def test_memory_that_is_no_exchange_is_refused() -> None:
    memory = SharedMemory(create=True, size=4096)
    try:
        with pytest.raises(ValueError, match="is not an exchange"):
            SharedMemoryExchange(memory.name, 0)
    finally:
        memory.close()
        memory.unlink()


def test_an_exchange_of_another_version_is_refused() -> None:
    with SharedMemoryBlock(2) as block:
        with shm(block.name).open("r+b") as file:
            file.seek(8)
            file.write((2).to_bytes(8, sys.byteorder))
        with pytest.raises(ValueError, match="version 2, this program knows 1"):
            SharedMemoryExchange(block.name, 0)


def test_a_node_that_comes_too_late_is_told() -> None:
    with SharedMemoryBlock(2) as block:
        recipe = block.recipe(1)
    with pytest.raises(FileNotFoundError, match=block.name):
        recipe()


# --- speed ------------------------------------------------------------------------------------


def test_an_exchange_costs_little() -> None:
    """A guard against hangs: five times the promised millisecond, in CPU time.

    The promise itself is measured by tests/benchmarks.
    """
    champion = bytes(8000)
    with SharedMemoryBlock(4) as block:
        ends = [block.recipe(node)() for node in range(4)]
        before = time.process_time()
        for round_ in range(1, 251):
            for end in ends:
                end.publish(round_, champion)
            for end in ends:
                assert len(end.collect()) == 3
        cost = time.process_time() - before
        for end in ends:
            end.close()
    assert cost / (250 * 4) < 0.005
