"""Going on with a search that stopped: after an outage, a spent budget, Ctrl-C, a full disk."""

import errno
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dei_agents.history import History, RecordError
from dei_agents.runlog import RunLog
from eval.record import (
    Answer,
    Answered,
    Asked,
    EventReader,
    NodeDied,
    NodeStarted,
    NodeView,
    Usage,
)
from tests.dei_agents.fake_protocols import Failure, Reply
from tests.dei_agents.fake_servers import Ask, Behaviour, FakeProvider
from tests.dei_agents.model_search import (
    CHAT,
    command,
    configuration,
    dei,
    environment,
    model,
    summary,
    write_config,
)

WORST = Usage(input_tokens=10, output_tokens=90)


def asked(call: int, lost: int = 0) -> Asked:
    return Asked(
        round=1,
        call=call,
        lost=lost,
        prompt="x",
        model="m",
        settings={},
        worst=WORST,
        worst_micro_usd=500,
    )


def test_a_node_goes_on_after_an_outage(tmp_path: Path) -> None:
    """Ten failures in a row stop it; none of them counts against the provider later."""
    down = [True]
    with FakeProvider(lambda _: Failure(500) if down[0] else Reply()) as server:
        nodes = [model(server.url, "m", CHAT, retries=0)]
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=14))
        run = tmp_path / "run"
        done = dei("run", path, "--out", run)
        assert done.returncode == 1
        assert "10 calls in a row" in " ".join(done.stderr.split())
        assert len(server.log) == 10
        down[0] = False
        assert dei("resume", run).returncode == 0
        assert len(server.log) == 14
    assert summary(run)["nodes"][0]["failed_calls"] == 10


def test_reservations_in_flight_do_not_end_a_search_early(tmp_path: Path) -> None:
    """Eight calls at their worst would fill the cap; what they really take is a tenth of it."""
    with FakeProvider(lambda _: Reply(delay=0.1)) as server:
        nodes = [model(server.url, "m", CHAT, in_flight=8, max_output_tokens=1000)]
        config = configuration(nodes, budget={"tokens": 50_000}, rounds=1, calls=400)
        run = tmp_path / "run"
        assert dei("run", write_config(tmp_path, config), "--out", run).returncode == 0
        entry = summary(run)["models"][0]
        assert 35_000 < entry["input_tokens"] + entry["output_tokens"] <= 50_000
        assert entry["calls"] == len(server.log)


def test_ctrl_c_keeps_the_answers_under_way(tmp_path: Path) -> None:
    with FakeProvider(lambda _: Reply(delay=1.0)) as server:
        nodes = [model(server.url, "m", CHAT, in_flight=4)]
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=4))
        run = tmp_path / "run"
        with subprocess.Popen(
            command("run", path, "--out", run),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            patience = time.monotonic() + 60
            while len(server.log) < 4:
                assert time.monotonic() < patience
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
        assert process.returncode == 130
        assert dei("resume", run).returncode == 0
        assert len(server.log) == 4
    assert summary(run)["calls"] == 4


def test_results_of_a_resumed_run_are_its_own(tmp_path: Path) -> None:
    """A halted run leaves results; once it goes on they are gone until it ends."""
    state = ["bad"]

    def behave(ask: Ask) -> Behaviour:
        if state[0] == "bad" and ask.number > 3:
            return Failure(401, "invalid_api_key", "no")
        if state[0] == "slow" and ask.number > 6:
            return Reply(delay=30)
        return Reply()

    with FakeProvider(behave) as server:
        nodes = [model(server.url, "m", CHAT)]
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=12))
        run = tmp_path / "run"
        assert dei("run", path, "--out", run).returncode == 1
        assert (run / "summary.json").exists()
        state[0] = "slow"
        with subprocess.Popen(
            command("resume", run),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            patience = time.monotonic() + 60
            while len(server.log) < 7:
                assert time.monotonic() < patience
                time.sleep(0.01)
            process.kill()
    assert not (run / "summary.json").exists()
    done = dei("replay", run, key=None)
    assert done.returncode == 0, done.stderr
    assert "archive.json: not written yet" in done.stderr


def test_a_past_without_a_price_cannot_be_capped_in_dollars(tmp_path: Path) -> None:
    with FakeProvider(lambda a: Reply() if a.number < 3 else Failure(401, "x", "no")) as server:
        nodes = [model(server.url, "m", CHAT)]
        run = tmp_path / "run"
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=4))
        assert dei("run", path, "--out", run).returncode == 1
        config = json.loads((run / "config.json").read_text(encoding="utf-8"))
        config["prices"] = {"m": {"input": 1.0, "output": 1.0}}
        (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
        before = len(server.log)
        done = dei("resume", run, "--budget.usd", "1.0")
        assert done.returncode == 2
        assert "price was unknown" in done.stderr
        assert len(server.log) == before


def test_the_search_itself_cannot_change_in_the_middle(tmp_path: Path) -> None:
    path = write_config(tmp_path, configuration([{"policy": "bomber"}], rounds=1, calls=2))
    run = tmp_path / "run"
    assert dei("run", path, "--out", run).returncode == 0
    for flag, value, key in (
        ("--seed", "9", "seed"),
        ("--search.calls", "3", "search"),
        ("--nodes.0.policy", "scanner", "nodes.0.policy"),
    ):
        done = dei("resume", run, flag, value)
        assert done.returncode == 2
        assert f"dei: {key} is part of the search" in done.stderr


def test_a_request_that_a_kill_cut_off_is_charged_at_its_worst() -> None:
    view = NodeView(0)
    for event in (NodeStarted(node=0, operator="m"), asked(1), NodeDied(node=0, exit_code=-9)):
        view.apply(event)
    tally = view.tallies()["m"]
    assert (tally.usage, tally.micro_usd, tally.uncertain_micro_usd) == (WORST, 500, 500)
    answer = Answer(status="complete", usage=Usage(input_tokens=1, output_tokens=2))
    view.apply(asked(1, lost=1))
    view.apply(Answered(round=1, call=1, answer=answer, micro_usd=3, uncertain=False))
    tally = view.tallies()["m"]
    assert (tally.usage.tokens, tally.micro_usd, tally.uncertain_micro_usd) == (103, 503, 500)
    assert view.tallies() == view.models
    past = History.of([asked(1), asked(1, lost=1)])
    assert (past.spent.calls, past.spent.tokens, past.spent.micro_usd) == (1, 200, 1000)


def test_an_answer_to_nothing_is_a_damaged_record() -> None:
    answer = Answer(status="complete")
    answered = Answered(round=1, call=2, answer=answer, micro_usd=0, uncertain=False)
    with pytest.raises(RecordError, match="call 2 of round 1 was answered but never asked"):
        History.of([answered])


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, calls = os.write, [0]

    def short(file: int, data: bytes) -> int:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:20] if calls[0] == 1 else data)

    path = tmp_path / "node-0.jsonl"
    with RunLog(path) as log:
        monkeypatch.setattr(os, "write", short)
        with pytest.raises(OSError, match="No space"):
            log.write(NodeStarted(node=0, operator="lost"))
        log.write(NodeStarted(node=0, operator="kept"))
    (event,) = EventReader(path).read()
    assert isinstance(event, NodeStarted)
    assert event.operator == "kept"


def test_a_kill_before_the_first_file_blocks_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / ".config.json.17.draft").touch()
    path = write_config(tmp_path, configuration([{"policy": "bomber"}], rounds=1, calls=2))
    assert dei("run", path, "--out", run).returncode == 0


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "node-0.jsonl"
    with RunLog(path) as log:
        log.write(NodeStarted(node=0, operator="a"))
    with path.open("ab") as file:
        file.write(b'{"event":"round_en')
    with RunLog(path) as log:
        log.write(NodeStarted(node=0, operator="b"))
    assert len(EventReader(path).read()) == 2
