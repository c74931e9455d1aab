"""The assembler against its golden data: small sources, random load files, hostile inputs.

Run as a script, this file assembles every hostile input and prints one JSON line for each. The
tests run it so: a crash or a hang of the assembler then fails the tests, not pytest.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from coreenv.config import CoreConfig
from coreenv.redcode import AssemblyError, Warrior, assemble, disassemble

GOLDEN = Path(__file__).parent / "golden" / "assembler"
CPU_SECONDS = 5.0  # an answer is due within 1 s; slack for a loaded machine
CPU_SECONDS_IN_ALL = 120
PEAK_BYTES = 200 * 2**20

Row = dict[str, Any]


def rows(file: str) -> list[Row]:
    """One record a line; only a newline ends a line."""
    return [json.loads(line) for line in (GOLDEN / file).read_text("ascii").split("\n") if line]


def rules(name: str) -> tuple[CoreConfig, int, int]:
    """Configuration, warriors and rounds of a named golden configuration."""
    values = json.loads((GOLDEN / "configs.json").read_text("ascii"))[name]
    warriors, rounds = values.pop("warriors"), values.pop("rounds")
    standard = "88" if values.pop("ruleset") == "icws88" else "94"
    return CoreConfig(standard=standard, **values), warriors, rounds


def load_form(warrior: Warrior) -> Row:
    """A warrior in the form of the golden records."""
    record = warrior.to_dict()
    return {key: record[key] for key in ("start", "name", "author", "instructions")}


def cooked(parts: list[Row]) -> bytes:
    """The input that a recipe describes: texts, raw bytes, and texts counted from a to b."""
    return b"".join(map(_cooked_part, parts))


def _cooked_part(part: Row) -> bytes:
    if "each" in part:
        numbers = range(part["from"], part["to"] + 1)
        return "".join(
            re.sub(r"\{([ihj])\}", lambda m: str(i + "hij".index(m[1]) - 1), part["each"])  # noqa: B023
            for i in numbers
        ).encode()
    unit = bytes.fromhex(part["hex"]) if "hex" in part else part["text"].encode()
    return unit * part.get("times", 1)


def by_name(file: str) -> Any:
    return pytest.mark.parametrize("row", [pytest.param(r, id=r["name"]) for r in rows(file)])


@by_name("expected.jsonl")
def test_case(row: Row) -> None:
    source, expect = (GOLDEN / row["file"]).read_bytes(), row["expect"]
    if expect["accepted"]:
        warrior = assemble(source, *rules(row["config"]), encoding=row["encoding"])
        assert load_form(warrior) == {key: expect[key] for key in load_form(warrior)}
        return
    with pytest.raises(AssemblyError) as error:
        assemble(source, *rules(row["config"]), encoding=row["encoding"])
    first = error.value.rejections[0]
    assert first.reason in [expect["code"], *expect["also"]]
    assert not expect["lines"] or first.line in expect["lines"]
    for fault in error.value.rejections:
        assert fault.message.isprintable()
        assert fault.hint.isprintable()
        assert len(str(fault)) < 320


@pytest.mark.parametrize("row", rows("roundtrip.jsonl"))
def test_load_file(row: Row) -> None:
    configuration = rules(row["config"])
    warrior = assemble(row["text"], *configuration)
    assert load_form(warrior) == {
        "start": row["start"],
        "instructions": row["instructions"],
        "name": "Unknown",
        "author": "Anonymous",
    }
    assert warrior.id == row["canonical_sha256"]
    assert assemble(disassemble(warrior), *configuration) == warrior


@pytest.fixture(scope="module")
def answers() -> dict[str, Row]:
    """The answer to every hostile input that one child process came to."""
    child = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {row["name"]: row for row in map(json.loads, child.stdout.splitlines())}
    assert child.returncode == 0, f"died behind {list(found)[-1:]}: {child.stderr}"
    return found


@by_name("hostile.jsonl")
def test_hostile(row: Row, answers: dict[str, Row]) -> None:
    answer = answers[row["name"]]
    if "warrior" in answer:
        assert "ok" in row["expect"]
        assert answer["warrior"] == row["if_ok"]
    else:
        assert answer["rejections"][0]["reason"] in row["expect"]
        assert len(answer["rejections"]) <= 20
    assert answer["seconds"] < CPU_SECONDS
    assert answer["peak"] < PEAK_BYTES


def answer_hostile(row: Row) -> Row:
    """The answer to one input, its CPU seconds, and the peak of what it allocated."""
    source, configuration = cooked(row["parts"]), rules(row["config"])

    def answer() -> Row:
        try:
            warrior = assemble(source, *configuration, encoding=row["encoding"])
        except AssemblyError as error:
            return {"rejections": [fault.to_dict() for fault in error.rejections]}
        return {"warrior": load_form(warrior)}

    began = time.process_time()
    result = answer()
    seconds = time.process_time() - began
    tracemalloc.start()
    answer()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"name": row["name"], "seconds": seconds, "peak": peak, **result}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_IN_ALL, CPU_SECONDS_IN_ALL))
    for hostile in rows("hostile.jsonl"):
        print(json.dumps(answer_hostile(hostile)), flush=True)
