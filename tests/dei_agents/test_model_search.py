"""Searches that ask language models: budgets, records, resuming and replaying, all in earnest."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.record import Answered, Asked, Called, Halted, NodeFinished, RoundStarted
from tests.dei_agents.fake_protocols import Failure, Reply
from tests.dei_agents.fake_servers import (
    Ask,
    Behaviour,
    FakeProvider,
    by_model,
    fake_models,
    script,
)
from tests.dei_agents.model_search import (
    CHAT,
    KEY,
    MESSAGES,
    RESPONSES,
    configuration,
    dei,
    events,
    model,
    summary,
    write_config,
)

PROTOCOLS = (RESPONSES, CHAT, MESSAGES)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider(by_model(fake_models())) as server:
        yield server


def test_four_models_of_different_temper_meet_the_budget(
    tmp_path: Path, provider: FakeProvider
) -> None:
    """Fast, slow, failing and talkative: exact budgets, nobody waits, every failure is named."""
    names = ("fast", "slow", "failing", "talkative")
    protocols = (*PROTOCOLS, CHAT)
    nodes = [
        model(provider.url, name, protocol, in_flight=6, retries=0)
        for name, protocol in zip(names, protocols, strict=True)
    ]
    path = write_config(tmp_path, configuration(nodes, rounds=2, calls=6))
    run = tmp_path / "run"
    done = dei("run", path, "--out", run)
    assert done.returncode == 0, done.stderr
    made = {
        name: [e for e in events(run, node) if isinstance(e, Called)]
        for node, name in enumerate(names)
    }
    assert {name: len(calls) for name, calls in made.items()} == dict.fromkeys(names, 12)
    asked = [ask.model for ask in provider.log]
    assert {name: asked.count(name) for name in names} == dict.fromkeys(names, 12)

    finished = [next(e.at for e in events(run, n) if isinstance(e, NodeFinished)) for n in range(4)]
    slow = [e.at for e in events(run, 1) if isinstance(e, Answered)]
    assert max(finished[0], finished[2], finished[3]) < max(slow), "the others did not wait"

    models = {entry["model"]: entry for entry in summary(run)["models"]}
    failures = sum(call.outcome == "failed" for call in made["failing"])
    assert failures > 0
    assert models["failing"]["faults"] == {"server": failures}
    assert models["talkative"]["rejected"] == 12
    assert models["slow"]["seconds"][0] >= 5
    assert models["fast"]["calls"] == 12
    assert {call.outcome for call in made["fast"]} <= {"placed", "beaten", "duplicate"}
    assert "server" in done.stdout


def test_a_replay_needs_no_network_and_finds_the_same_archive(
    tmp_path: Path, provider: FakeProvider
) -> None:
    nodes = [
        model(provider.url, "fast", RESPONSES, in_flight=3, repair=1),
        model(provider.url, "talkative", MESSAGES, repair=1),
        {"policy": "bomber"},
    ]
    path = write_config(tmp_path, configuration(nodes, rounds=3))
    run = tmp_path / "run"
    assert dei("run", path, "--out", run).returncode == 0
    before = len(provider.log)
    archive = (run / "archive.json").read_bytes()
    done = dei("replay", run, key=None)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["archive.json: identical", "archive_common.json: identical"]
    assert len(provider.log) == before
    assert (run / "archive.json").read_bytes() == archive

    log = run / "events" / "node-0.jsonl"
    whole = log.read_text(encoding="utf-8")
    log.write_text(re.sub(r'"fitness":[\d.]+', '"fitness":0.25', whole, count=1), encoding="utf-8")
    changed = dei("replay", run, key=None)
    assert changed.returncode == 1
    assert "node 0" in changed.stderr
    log.write_text(whole, encoding="utf-8")
    (run / "archive.json").write_bytes(archive.replace(b"fitness", b"fitnesz", 1))
    assert dei("replay", run, key=None).returncode == 1


def test_answers_in_any_order_are_judged_in_order(tmp_path: Path) -> None:
    """The delays of two runs differ; the searches do not."""

    def run(name: str, slow_first: bool) -> bytes:
        def behave(ask: Ask) -> Behaviour:
            late = (ask.number % 2 == 1) == slow_first
            return Reply(delay=0.2 if late else 0.0)

        with FakeProvider(behave) as server:
            nodes = [model("http://127.0.0.1:1", "fast", CHAT, in_flight=4)]
            config = configuration(nodes, rounds=2, calls=9)
            path = write_config(tmp_path, config)
            url = f"{server.url}/v1"
            done = dei("run", path, "--out", tmp_path / name, "--nodes.0.base-url", url)
            assert done.returncode == 0, done.stderr
        calls = [e for e in events(tmp_path / name, 0) if isinstance(e, Called)]
        assert [(c.round, c.call) for c in calls] == [(r, c) for r in (1, 2) for c in range(1, 10)]
        return (tmp_path / name / "archive.json").read_bytes()

    assert run("a", True) == run("b", False)


def test_repairs_are_calls_and_tell_the_errors(tmp_path: Path) -> None:
    broken = "```\nmov 0, nowhere\n```"
    with FakeProvider(script(Reply(broken), Reply(broken), Reply("```\nmov 0, 1\n```"))) as server:
        nodes = [model(server.url, "m", CHAT, repair=2)]
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=3))
        assert dei("run", path, "--out", tmp_path / "run").returncode == 0
        calls = [e for e in events(tmp_path / "run", 0) if isinstance(e, Called)]
        assert [c.kind for c in calls] == ["new", "repair", "repair"]
        assert [c.outcome for c in calls] == ["rejected", "rejected", "placed"]
        assert "nowhere" in server.log[1].prompt
        assert calls[0].rejections[0].reason in server.log[1].prompt


def test_prompts_tell_the_parents_results_or_nothing(
    tmp_path: Path, provider: FakeProvider
) -> None:
    nodes = [
        model(provider.url, "fast", CHAT),
        model(provider.url, "failing", CHAT, feedback="none", persona="You love imps."),
    ]
    path = write_config(tmp_path, configuration(nodes, rounds=1, calls=12, p_new=0.0))
    assert dei("run", path, "--out", tmp_path / "run").returncode == 0
    told = [ask.prompt for ask in provider.log if ask.model == "fast"]
    silent = [ask.prompt for ask in provider.log if ask.model == "failing"]
    assert any("outlived" in prompt for prompt in told)
    assert not any("outlived" in prompt for prompt in silent)
    assert all(prompt.startswith("You love imps.") for prompt in silent)


def test_a_wrong_key_stops_the_node_and_a_resume_goes_on(tmp_path: Path) -> None:
    """Calls 1 and 2 are answered, then the key is refused; nothing is lost or asked twice."""
    refused = [True]

    def behave(ask: Ask) -> Behaviour:
        if ask.number > 2 and refused[0]:
            return Failure(401, "invalid_api_key", f"bad key {ask.headers.get('authorization')}")
        return Reply()

    with FakeProvider(behave) as server:
        nodes = [model(server.url, "m", CHAT), {"policy": "bomber"}]
        path = write_config(tmp_path, configuration(nodes, rounds=1, calls=5))
        run = tmp_path / "run"
        done = dei("run", path, "--out", run)
        assert done.returncode == 1, "a provider that refuses is a failure"
        assert "node 0 stopped" in done.stderr
        halted = events(run, 0)[-1]
        assert isinstance(halted, Halted)
        assert (halted.call, halted.budget) == (3, False)
        assert summary(run)["nodes"][1]["calls"] == 5, "the other node went on"
        everything = b"".join(p.read_bytes() for p in run.rglob("*") if p.is_file())
        assert KEY.encode() not in everything + done.stdout.encode() + done.stderr.encode()

        refused[0] = False
        again = dei("resume", run)
        assert again.returncode == 0, again.stderr
        assert len(server.log) == 6, "two answers, one refusal, three answers"
        assert summary(run)["nodes"][0]["calls"] == 5
        assert summary(run)["models"][0]["uncertain_usd"] == 0


@pytest.mark.parametrize("unit", ["calls", "tokens", "usd"])
def test_a_cap_on_the_run_holds_among_nodes_in_flight(
    tmp_path: Path, provider: FakeProvider, unit: str
) -> None:
    nodes = [
        model(provider.url, "fast", CHAT, in_flight=4, max_output_tokens=100) for _ in range(3)
    ]
    # A call takes 160 tokens, and some 6,600 are set aside until that is known.
    cap = {"calls": 10, "tokens": 20_000, "usd": 0.02}[unit]
    config = configuration(nodes, budget={unit: cap}, rounds=3, calls=10)
    path = write_config(tmp_path, config)
    run = tmp_path / "run"
    if unit == "usd":
        text = path.read_text(encoding="utf-8") + "[prices.fast]\ninput = 1.0\noutput = 1.0\n"
        path.write_text(text, encoding="utf-8")
    done = dei("run", path, "--out", run)
    assert done.returncode == 0, done.stderr
    assert "budget of the run is spent" in done.stderr.replace("\n", " ")
    entry = summary(run)["models"][0]
    spent = {
        "calls": entry["calls"],
        "tokens": entry["input_tokens"] + entry["output_tokens"],
        "usd": entry["usd"],
    }[unit]
    assert 0 < spent <= cap
    if unit == "calls":
        assert len(provider.log) == 10

    # More money, and the same search goes on: nothing is asked twice.
    before = len(provider.log)
    more = dei("resume", run, f"--budget.{unit}", "None")
    assert more.returncode == 0, more.stderr
    assert summary(run)["calls"] == 90
    assert len(provider.log) == 90
    assert before < 90


def test_a_cap_in_dollars_needs_a_price(tmp_path: Path, provider: FakeProvider) -> None:
    nodes = [model(provider.url, "fast", CHAT)]
    path = write_config(tmp_path, configuration(nodes, budget={"usd": 1.0}))
    done = dei("run", path, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "no price is known for 'fast'" in done.stderr
    assert not provider.log
    assert not (tmp_path / "run").exists()


def test_a_dry_run_spends_nothing(tmp_path: Path, provider: FakeProvider) -> None:
    nodes = [model(provider.url, "fast", RESPONSES, persona="You love imps.")]
    path = write_config(tmp_path, configuration(nodes, rounds=2, calls=6))
    before = set(tmp_path.iterdir())
    done = dei("run", path, "--dry-run", key=None)
    assert done.returncode == 0, done.stderr
    assert "You love imps." in done.stdout
    assert "12" in done.stdout
    assert not provider.log
    assert set(tmp_path.iterdir()) == before
    assert dei("run", path, "--out", tmp_path / "run").returncode == 0
    first = next(ask.prompt for ask in provider.log)
    shown = re.sub(r"\s+", " ", done.stdout)
    lines = [re.sub(r"\s+", " ", line.strip()) for line in first.splitlines()]
    assert [line for line in lines if line not in shown] == []


def test_a_missing_key_is_found_before_anything_is_written(tmp_path: Path) -> None:
    for protocol, variable in ((CHAT, "OPENAI_API_KEY"), (MESSAGES, "ANTHROPIC_API_KEY")):
        path = write_config(tmp_path, configuration([{"model": "m", **protocol}]))
        done = dei("run", path, "--out", tmp_path / "run", key=None)
        assert done.returncode == 2
        assert variable in done.stderr
        assert not (tmp_path / "run").exists()


def test_a_bandit_calls_what_succeeds(tmp_path: Path, provider: FakeProvider) -> None:
    """The talkative model never fills a cell: its calls go to the other two."""
    nodes = [
        model(provider.url, "talkative", CHAT),
        model(provider.url, "fast", CHAT),
        {"policy": "bomber"},
    ]
    config = configuration(nodes, rounds=1, calls=60, allocation="bandit")
    run = tmp_path / "run"
    assert dei("run", write_config(tmp_path, config), "--out", run).returncode == 0
    for node in range(3):
        made = [e.operator for e in events(run, node) if isinstance(e, Called)]
        assert len(made) == 60
        assert set(made) == {"talkative", "fast", "bomber"}
        assert made.count("talkative") <= made.count("fast")
        assert made.count("talkative") < made.count("bomber")
    assert dei("replay", run, key=None).returncode == 0


def test_intents_precede_requests_and_answers_precede_their_use(
    tmp_path: Path, provider: FakeProvider
) -> None:
    nodes = [model(provider.url, "fast", MESSAGES, in_flight=2, extra={"top_k": 5})]
    run = tmp_path / "run"
    path = write_config(tmp_path, configuration(nodes, rounds=1, calls=4))
    text = path.read_text(encoding="utf-8").replace('{"top_k": 5}', "{top_k = 5}")
    path.write_text(text, encoding="utf-8")
    assert dei("run", path, "--out", run).returncode == 0
    made = events(run, 0)
    for call in range(1, 5):
        kinds = [type(e) for e in made if getattr(e, "call", 0) == call]
        assert kinds == [Asked, Answered, Called]
    asked = next(e for e in made if isinstance(e, Asked))
    assert asked.settings["top_k"] == 5
    assert asked.at <= provider.log[0].at + 0.001
    answered = next(e for e in made if isinstance(e, Answered))
    assert str(answered.answer.request_id).startswith("req-")
    assert answered.answer.usage is not None
    assert json.loads((run / "config.json").read_text())["nodes"][0]["model"] == "fast"
    assert next(e for e in made if isinstance(e, RoundStarted)).round == 1
