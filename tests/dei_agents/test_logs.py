"""What a run's processes say in logs/: one JSON object a line, and no key."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coreenv.hill import open_hill
from dei_agents.config import RunConfig
from dei_agents.engine.local import LocalEngine
from dei_agents.ensemble import Ensemble
from dei_agents.logs import JsonLines, ensemble_logging, log_file
from dei_agents.opponents import initial_opponents
from dei_agents.runlog import node_log
from tests.dei_agents.fake_protocols import Failure, Reply
from tests.dei_agents.fake_servers import Ask, Behaviour, FakeProvider
from tests.dei_agents.model_search import (
    CHAT,
    KEY,
    MESSAGES,
    RESPONSES,
    command,
    configuration,
    environment,
    model,
    write_config,
)


def lines(folder: Path, node: int | None = None) -> list[dict[str, Any]]:
    """A log; every line must be a JSON object with the keys that all have."""
    found = [json.loads(line) for line in log_file(folder, node).read_text().splitlines()]
    for line in found:
        assert datetime.fromisoformat(line["at"]).tzinfo == UTC
        assert line["run"] == folder.name
        assert line.get("node") == node
        assert line["logger"].startswith("dei_agents")
    return found


def said(folder: Path, node: int | None = None) -> list[tuple[str, str]]:
    return [(line["level"], line["message"]) for line in lines(folder, node)]


def search(config: RunConfig, folder: Path, on_update: Callable[[dict[int, int]], None]) -> None:
    """Run a search's nodes; ``on_update`` is given their process ids."""
    folder.mkdir(exist_ok=True)
    initial = initial_opponents(("Imp",), open_hill("v1"), config.core.config)
    with LocalEngine(config, folder, initial) as engine:
        Ensemble(config, folder).run(engine, lambda _views: on_update(engine.pids))


def nobody(_pids: dict[int, int]) -> None:
    """Leaves all nodes alone."""


def test_a_run_is_told_with_its_deaths_and_each_round_once(tmp_path: Path) -> None:
    nodes = [{"policy": "bomber"}, {"policy": "tinkerer"}]
    settings = configuration(nodes, rounds=6, calls=100, placements=8)
    config = RunConfig.model_validate(settings | {"restarts": 1})
    folder = tmp_path / "run-7"
    killed: list[int] = []

    def kill(pids: dict[int, int]) -> None:
        if not killed and '"published"' in node_log(folder, 1).read_text():
            os.kill(pids[1], signal.SIGKILL)
            killed.append(pids[1])

    search(config, folder, lambda pids: kill(pids) if node_log(folder, 1).exists() else None)
    told = said(folder)
    assert told[0] == ("INFO", "started nodes: 2")
    assert ("WARNING", "node 1 died, exit code -9") in told
    assert ("WARNING", "node 1 started again, restarts left: 0") in told
    assert told[-1] == ("INFO", "all nodes ended")
    node = said(folder, 1)
    starts = [message for _, message in node if message.startswith("started: process ")]
    assert starts[0] == f"started: process {killed[0]}, 0 calls in the record"
    assert int(starts[1].split()[3]) >= 100, "it had published, and goes on from there"
    begun = [message.partition(":")[0] for _, message in node if "begun" in message]
    assert begun == [f"round {round_} begun" for round_ in range(1, 7)]
    for message in (*(f"round {round_} ended" for round_ in range(1, 7)), "finished"):
        assert node.count(("INFO", message)) == 1


def test_an_exception_in_a_node_is_one_line_with_its_traceback(tmp_path: Path) -> None:
    """A record that was changed meanwhile: the node cannot go on from it."""
    settings = configuration([{"policy": "bomber"}], rounds=1, calls=2)
    config = RunConfig.model_validate(settings | {"restarts": 0})
    run = tmp_path / "run"
    search(config, run, nobody)
    record = node_log(run, 0)
    record.write_text(record.read_text().replace('"operator":"bomber"', '"operator":"wizard"'))
    with pytest.raises(RuntimeError, match="every node died"):
        search(config, run, nobody)
    last = lines(run, 0)[-1]
    assert (last["level"], last["message"]) == ("CRITICAL", "ended by an exception")
    assert last["exception"].startswith("Traceback")
    assert "RecordError: node_started (round -, call -) differs" in last["exception"]
    assert ("WARNING", "node 0 died, exit code 1") in said(run)
    assert ("ERROR", "node 0 given up after 0 restarts") in said(run)


def test_a_run_that_is_stopped_says_so_in_every_log(tmp_path: Path) -> None:
    config = configuration([{"policy": "bomber"}], rounds=5000)
    run = tmp_path / "run"
    with subprocess.Popen(
        command("run", write_config(tmp_path, config), "--out", run),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        patience = time.monotonic() + 60
        while not (log_file(run, 0).exists() and "round 1 ended" in log_file(run, 0).read_text()):
            assert time.monotonic() < patience
            time.sleep(0.02)
        process.terminate()
    assert process.returncode == 143
    for node in (None, 0):
        assert said(run, node)[-1] == ("WARNING", "stopped by SystemExit(143)")


@pytest.mark.full
def test_no_key_is_in_a_log(tmp_path: Path) -> None:
    """Every protocol, with refusals that hold the key, and libraries told to log all they do."""

    asked = Counter[str]()

    def behave(ask: Ask) -> Behaviour:
        asked[ask.model] += 1
        return Failure(400, "bad", f"you sent {KEY}") if asked[ask.model] > 2 else Reply()

    with FakeProvider(behave) as server:
        protocols = {"a": CHAT, "b": RESPONSES, "c": MESSAGES}
        nodes = [model(server.url, name, protocol) for name, protocol in protocols.items()]
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=6))
        talkative = {"OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug"}
        run = tmp_path / "run"
        done = subprocess.run(
            command("run", path, "--out", run),
            env=environment() | talkative,
            capture_output=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 1
    assert KEY.encode() not in done.stdout + done.stderr
    halted = [said(run, node)[-1] for node in range(3)]
    assert all(level == "WARNING" and "[key]" in message for level, message in halted), halted
    for file in (path for path in run.rglob("*") if path.is_file()):
        assert KEY.encode() not in file.read_bytes(), file


LIBRARIES = """
import logging, sys, threading, warnings
from pathlib import Path
from dei_agents.logs import file_handler, node_logging
with node_logging(file_handler(Path(sys.argv[1]), 3), "run", 3):
    for name in ("openai", "anthropic", "httpx2"):
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).debug("a request with its headers")
        logging.getLogger(name).info("a request")
        logging.getLogger(name).warning("%s: %s", name, "two\\nlines")
    warnings.warn("old")
logging.getLogger("openai").warning("too late")
"""


def test_libraries_are_heard_from_warnings_on(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIBRARIES, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stderr == "too late\n"
    found = [json.loads(line) for line in log_file(tmp_path, 3).read_text().splitlines()]
    assert [line["message"] for line in found[:3]] == [
        f"{name}: two\nlines" for name in ("openai", "anthropic", "httpx2")
    ]
    (warning,) = found[3:]
    assert (warning["level"], warning["logger"]) == ("WARNING", "py.warnings")
    assert "UserWarning: old" in warning["message"]


def test_ensembles_of_one_process_do_not_share_a_log(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    with ensemble_logging(tmp_path / "a") as a, ensemble_logging(tmp_path / "b") as b:
        a.info("of a")
        b.info("of b")
    with pytest.raises(KeyError), ensemble_logging(tmp_path / "b"):
        raise KeyError("x")
    assert said(tmp_path / "a") == [("INFO", "of a")]
    assert said(tmp_path / "b") == [("INFO", "of b"), ("CRITICAL", "ended by an exception")]
    assert "KeyError: 'x'" in lines(tmp_path / "b")[-1]["exception"]


def test_any_text_is_one_line() -> None:
    for text in ("two\nlines", 'quoted "', "\u2028", "\udcff half a character", "\x00"):
        record = logging.LogRecord("dei_agents", logging.INFO, "x.py", 1, "%s", (text,), None)
        line = JsonLines("run").format(record)
        assert len(line.splitlines()) == 1
        assert line.isascii()
        assert json.loads(line)["message"] == text
