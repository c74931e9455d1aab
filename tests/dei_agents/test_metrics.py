"""`--metrics`: a run's figures, scraped over HTTP as Prometheus does."""

import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from http.server import HTTPServer
from pathlib import Path
from typing import get_args, get_type_hints
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dei_agents.config import ConfigError
from dei_agents.metrics import STATES, parse_address, serve
from eval.record import Answer, Answered, Asked, Called, NodeStarted, NodeView, RoundEnded, Usage
from tests.dei_agents.chaos import until
from tests.dei_agents.model_search import command, configuration, environment, summary, write_config

Sample = tuple[str, frozenset[tuple[str, str]]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def scrape(port: int, host: str = "127.0.0.1") -> dict[Sample, float]:
    """All figures that are served, by name and labels."""
    with urlopen(f"http://{host}:{port}/metrics", timeout=60) as answer:
        if not answer.headers:  # Cut off, for the command ends in this moment.
            raise HTTPException("an answer without a head")
        assert answer.headers["content-type"].startswith("text/plain")
        text = answer.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def key(name: str, **labels: object) -> Sample:
    return name, frozenset({"run": "run-1", **{k: str(v) for k, v in labels.items()}}.items())


def asked(call: int) -> Asked:
    return Asked(
        round=1,
        call=call,
        lost=0,
        prompt="x",
        model="m-1",
        settings={},
        worst=Usage(input_tokens=10, output_tokens=90),
        worst_micro_usd=500,
    )


def answered(call: int, usage: Usage | None) -> Answered:
    answer = Answer(status="complete", usage=usage)
    return Answered(
        round=1,
        call=call,
        answer=answer,
        micro_usd=500 if usage is None else 30,
        uncertain=usage is None,
    )


def called(call: int, outcome: str = "duplicate") -> Called:
    return Called.model_validate(
        {
            "round": 1,
            "call": call,
            "operator": "m-1",
            "kind": "new",
            "parent": None,
            "source": "",
            "outcome": outcome,
        }
    )


def test_every_figure_is_served_under_its_name() -> None:
    view, other = NodeView(0), NodeView(1)
    usage = Usage(input_tokens=3, output_tokens=4)
    for event in (
        NodeStarted(node=0, operator="m-1"),
        *(asked(1), answered(1, usage), called(1)),
        *(asked(2), answered(2, None), called(2, "refused")),
        RoundEnded(round=1),
        asked(3),
    ):
        view.apply(event)
    view.lost = 2
    port = free_port()
    with serve(str(port)) as observe:
        assert scrape(port) == {}, "nothing is known yet"
        observe("run-1", [view, other], {1: 3})
        found = scrape(port)
    expected = {
        key("dei_calls_total", node=0): 2,
        key("dei_calls_total", node=1): 0,
        key("dei_call_outcomes_total", node=0, outcome="duplicate"): 1,
        key("dei_call_outcomes_total", node=0, outcome="refused"): 1,
        key("dei_call_outcomes_total", node=0, outcome="placed"): 0,
        key("dei_rounds_total", node=0): 1,
        key("dei_best_fitness", node=0): 0,
        key("dei_champions_received_total", node=0): 0,
        key("dei_champions_lost_total", node=0): 2,
        key("dei_node_deaths_total", node=0): 0,
        key("dei_node_deaths_total", node=1): 3,
        key("dei_node_state", node=0, state="running"): 1,
        key("dei_node_state", node=0, state="waiting"): 0,
        key("dei_node_state", node=1, state="waiting"): 1,
        # The third call is under way: at its worst, the counters would fall when it ends.
        key("dei_model_input_tokens_total", node=0, model="m-1"): 3 + 10,
        key("dei_model_output_tokens_total", node=0, model="m-1"): 4 + 90,
        key("dei_model_cost_usd_total", node=0, model="m-1"): 530e-6,
        key("dei_model_uncertain_cost_usd_total", node=0, model="m-1"): 500e-6,
        key("dei_archive_cells"): 0,
        key("dei_archive_qd_score"): 0,
    }
    assert {sample: found.get(sample) for sample in expected} == expected
    assert {name for name, _ in found} == {name for name, _ in expected}
    assert set(STATES) == set(get_args(get_type_hints(NodeView)["state"]))


def test_a_scrape_never_sees_half_an_update() -> None:
    """All nodes make the same calls all the time, and every answer has them all equally far."""
    views = [NodeView(node) for node in range(16)]
    port = free_port()
    done = threading.Event()
    seen: list[dict[Sample, float]] = []

    def scrape_on() -> None:
        while not done.is_set():
            seen.append(scrape(port))

    with serve(str(port)) as observe:
        observe("run-1", views, {})
        scraper = threading.Thread(target=scrape_on)
        scraper.start()
        patience = time.monotonic() + 60
        call = 0
        while len(seen) < 20 and time.monotonic() < patience:
            call += 1
            for view in views:
                view.apply(called(call))
                time.sleep(1e-4)  # Lets the server in, where it could see some of it.
            observe("run-1", views, {})
        done.set()
        scraper.join()
    assert len(seen) >= 20
    calls = [{v for (name, _), v in found.items() if name == "dei_calls_total"} for found in seen]
    assert all(len(values) == 1 for values in calls)
    counts = [value for values in calls for value in values]
    assert counts == sorted(counts)
    assert len(set(counts)) > 1


def test_the_server_ends_with_the_run() -> None:
    port = free_port()
    before = threading.active_count()
    with serve(f"localhost:{port}"):
        assert scrape(port) == {}
    # The last answer's thread may still be on its way.
    until(lambda: threading.active_count() == before, threading.enumerate, 10)
    with pytest.raises(URLError):
        scrape(port)
    with serve(str(port)):
        assert scrape(port) == {}, "the port is free again"


def test_only_the_host_that_is_named_is_served() -> None:
    port = free_port()
    with serve(f"127.0.0.2:{port}"):
        assert scrape(port, "127.0.0.2") == {}
        with pytest.raises(URLError):
            scrape(port)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("9400", "127.0.0.1", 9400),
        (":9400", "127.0.0.1", 9400),
        ("0.0.0.0:1", "0.0.0.0", 1),
        ("example.org:65535", "example.org", 65535),
        ("[::1]:9400", "::1", 9400),
    ],
)
def test_addresses(address: str, host: str, port: int) -> None:
    assert parse_address(address) == (host, port)


@pytest.mark.parametrize("address", ["", "0", "65536", "-1", "host", "host:", "9" * 5000, "9٣"])
def test_no_address_is_named(address: str) -> None:
    with pytest.raises(ConfigError, match="it must be PORT or HOST:PORT"):
        parse_address(address)


@pytest.mark.parametrize("shared", [False, True])
def test_a_taken_port_is_named(shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Python's servers share a port with whoever lets them, as some versions do."""
    monkeypatch.setattr(HTTPServer, "allow_reuse_port", shared)
    with socket.create_server(("127.0.0.1", 0), reuse_port=shared) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1: .* another port"),
            serve(str(port)),
        ):
            pass


WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
from dei_agents.cli import main
sys.exit(main(["run", *sys.argv[1:]]))
"""


def test_a_missing_library_is_named_and_nothing_written(tmp_path: Path) -> None:
    path = write_config(tmp_path, configuration([{"policy": "bomber"}], rounds=1, calls=2))
    arguments = [path, "--metrics", "9400", "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "pip install 'corewar-dei[metrics]'" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.full
def test_a_run_is_scraped_while_it_lasts(tmp_path: Path) -> None:
    nodes = [{"policy": "bomber"}, {"policy": "tinkerer"}]
    path = write_config(tmp_path, configuration(nodes, rounds=40, calls=20))
    port, run = free_port(), tmp_path / "run-1"
    seen: list[dict[Sample, float]] = []
    with subprocess.Popen(
        command("run", path, "--out", run, "--metrics", port),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            try:
                seen.append(scrape(port))
            except (URLError, ConnectionError, HTTPException):  # not yet, or no more
                time.sleep(0.05)
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, "Traceback" in err) == (0, False)
    calls = [found.get(key("dei_calls_total", node=1), 0.0) for found in seen]
    assert calls == sorted(calls)
    assert len(set(calls)) > 3
    last, told = seen[-1], summary(run)
    assert calls[-1] == 800
    assert last[key("dei_node_state", node=1, state="finished")] == 1
    assert last[key("dei_archive_qd_score")] == pytest.approx(told["qd_score_raw"])
    for node in told["nodes"]:
        heard = last[key("dei_champions_received_total", node=node["node"])]
        assert heard == node["received"]
