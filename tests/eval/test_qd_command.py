"""`corewar-eval qd` on a real search: three nodes, lockstep, an opponent from a file."""

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coreenv.measures import evaluate
from coreenv.seeds import Domain, position_seed
from eval.archive import ArchiveRecord
from eval.cli import main
from eval.corrected import Opponents, corrected_evaluations
from eval.lineage import Ancestry
from eval.qd_export import COLUMNS
from eval.run_files import open_search
from tests.eval.pages import Page

CONFIG = """
name = "small"
seed = 7
core.max_cycles = 1500
exchange.mode = "lockstep"
nodes = [{policy = "bomber"}, {policy = "replicator"}, {policy = "bomber"}]
[search]
rounds = 3
calls = 10
n_init = 4
placements = 4
last_k = 3
initial_opponents = ["Pebble", "mine.red"]
"""


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def qd(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return run(folder, "eval.cli", "qd", *arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder a search was started in; its run folder is ``small``."""
    folder = tmp_path_factory.mktemp("searches")
    (folder / "mine.red").write_text(";name mine\nmov 0, 1\n")
    (folder / "small.toml").write_text(CONFIG)
    code, _, err = run(folder, "dei_agents.cli", "run", "small.toml", "--out", "small")
    assert code == 0, err
    return folder


@pytest.fixture(scope="module")
def report(made: Path) -> dict[str, Any]:
    files = ("--csv", "elites.csv", "--html", "qd.html")
    code, out, err = qd(made, "small", "--json", "--jobs", "1", *files)
    assert (code, err) == (0, "")
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.fixture
def inside(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def test_the_figures_are_those_of_the_search(made: Path, report: dict[str, Any]) -> None:
    summary = json.loads((made / "small" / "summary.json").read_text())
    (search,) = report["searches"]
    assert search["claimed"]["qd_score"] == summary["qd_score_raw"]
    assert search["claimed"]["coverage"] == summary["coverage_raw"]
    assert search["common"]["qd_score"] == summary["qd_score_common"]
    assert search["common"]["coverage"] == summary["coverage_common"]
    assert report["together"] == search["common"]
    assert report["made_by"] == summary["made_by"]
    for node, told in zip(search["nodes"], summary["nodes"], strict=True):
        assert node["claimed"]["qd_score"] == told["qd_score"]
        assert (node["received"], node["fills"]) == (told["received"], told["fills"])
        assert node["novelty"] == told["fills"] / told["received"]
    archive = ArchiveRecord.model_validate_json((made / "small" / "archive.json").read_bytes())
    claimed = open_search(made / "small").claimed
    assert [claim.record for claim in claimed] == list(archive.elites)


def reproduced(folder: Path) -> set[int]:
    """Every claim, fought again at the very placements it was chosen on; the rounds of them."""
    search = open_search(folder)
    assert search.record is not None
    pool = Opponents(search.record, search.config)
    rounds = set()
    for claim in search.claims:
        assert claim.node is not None
        assert claim.round is not None
        rounds.add(claim.round)
        seed = position_seed(search.seed, Domain.PLACEMENT, claim.node, claim.round)
        elite = claim.record.to_elite(search.config)
        opponents = pool.of(claim.node, claim.round)
        (again,) = evaluate([elite.warrior], opponents, search.config, placements=4, seed=seed)
        assert (again.fitness, again.tsp, again.mc) == (
            elite.fitness,
            claim.record.tsp,
            claim.record.mc,
        )
    return rounds


def test_a_claim_is_judged_by_those_it_was_chosen_against(inside: Path) -> None:
    assert reproduced(inside / "small") == {3}


def test_a_node_cut_off_in_a_round_has_claims_of_two(inside: Path, tmp_path: Path) -> None:
    shutil.copytree(inside / "small", tmp_path / "cut")
    events = tmp_path / "cut" / "events" / "node-1.jsonl"
    lines = events.read_text().splitlines(keepends=True)
    end = [i for i, line in enumerate(lines) if '"round":3,"call":3' in line]
    events.write_text("".join(lines[: end[0] + 1]) + '{"event": "torn')
    assert reproduced(tmp_path / "cut") == {2, 3}
    code, out, _ = qd(inside, str(tmp_path / "cut"), "--json")
    assert code == 0
    assert json.loads(out)["searches"][0]["nodes"][1]["corrected"]["qd_score"] > 0


def test_fresh_placements_are_no_placements_of_the_search(inside: Path) -> None:
    search = open_search(inside / "small")
    fresh = corrected_evaluations(search)
    assert fresh == corrected_evaluations(search, threads=3)
    claimed = [claim.fitness for claim in search.claims]
    assert sum(a != b.fitness for a, b in zip(claimed, fresh, strict=True)) > len(claimed) / 2


def test_threads_do_not_change_a_byte(made: Path, report: dict[str, Any]) -> None:
    before = [(made / name).read_bytes() for name in ("elites.csv", "qd.html")]
    files = ("--csv", "again.csv", "--html", "again.html")
    code, out, _ = qd(made, "small", "--json", "--jobs", "2", *files)
    assert code == 0
    assert json.loads(out) == report
    assert [(made / name).read_bytes() for name in ("again.csv", "again.html")] == before


def test_rows_add_up_to_the_scores(made: Path, report: dict[str, Any]) -> None:
    text = (made / "elites.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert tuple(rows[0]) == COLUMNS
    (search,) = report["searches"]
    assert len(rows) == sum(len(node["claimed"]["profile"]) for node in search["nodes"])
    twice = Counter(row["id"] for row in rows)
    assert any(row["in_common"] == "1" and twice[row["id"]] > 1 for row in rows), (
        "two nodes hold an elite of the common archive, which must count once"
    )
    for kind in ("claimed", "corrected", "common"):
        kept = [row for row in rows if row[f"in_{kind}"] == "1"]
        score = sum(float(row[f"{kind}_fitness"]) for row in kept)
        assert score == pytest.approx(search[kind]["qd_score"])
        assert kind == "common" or all(row["in_claimed"] == "1" for row in kept)
        cells = {(row[f"{kind}_tsp_bin"], row[f"{kind}_mc_bin"]) for row in kept}
        assert len(cells) == len(kept) == len(search[kind]["profile"])


@pytest.mark.full
def test_pandas_reads_numbers_as_numbers(made: Path, report: dict[str, Any]) -> None:
    import pandas as pd

    frame = pd.read_csv(made / "elites.csv")
    text = {"search", "id", "operator", "parent"}
    assert {name for name in COLUMNS if frame[name].dtype.kind not in "if"} == text
    common = frame[frame.in_common == 1]
    assert common.common_fitness.sum() == pytest.approx(report["searches"][0]["common"]["qd_score"])
    assert frame.parent.isna().equals(frame.depth == 0)


def test_every_elite_has_its_line(made: Path, report: dict[str, Any]) -> None:
    (search,) = report["searches"]
    record = open_search(made / "small").record
    assert record is not None
    ancestry = Ancestry(record.events)
    assert len(search["lines"]) == len(search["common"]["profile"])
    for told in search["lines"]:
        origins = told["line"]
        assert origins[-1]["parent"] is None
        ids = [child["parent"] for child in origins[:-1]]
        for id_, origin in zip(ids, origins[1:], strict=True):
            written = [elite.origin.model_dump() for elite in ancestry.written(id_)]
            assert origin in written
    depths = [len(told["line"]) - 1 for told in search["lines"]]
    assert search["lineage"]["depth_max"] == max(depths)
    crossed = [len({o["node"] for o in told["line"]}) > 1 for told in search["lines"]]
    assert search["lineage"]["crossed"] == sum(crossed) > 0, "champions travel in this search"


def test_a_line_as_text(made: Path, report: dict[str, Any]) -> None:
    told = max(report["searches"][0]["lines"], key=lambda told: len(told["line"]))
    code, out, _ = qd(made, "small", "--lineage", told["id"][:16])
    assert code == 0
    title, *rows = out.splitlines()
    assert title == "small"
    assert len(rows) == len(told["line"])
    assert told["id"][:12] in rows[-1]
    for row, origin in zip(reversed(rows), told["line"], strict=True):
        assert f"node {origin['node']}, round {origin['round']}, call {origin['call']}: " in row


def test_an_archive_alone(made: Path, report: dict[str, Any]) -> None:
    code, out, err = qd(made, "small/archive.json", "--json", "--csv", "alone.csv")
    assert (code, err) == (0, "")
    (search,) = json.loads(out)["searches"]
    assert search["claimed"] == report["searches"][0]["claimed"]
    assert search["corrected"] is search["loss"] is search["lineage"] is None
    assert [part["line_qd_score"] for part in search["by_node"]] == [None] * len(search["by_node"])
    rows = list(csv.DictReader((made / "alone.csv").read_text().splitlines()))
    unknown = {name for name in COLUMNS if not rows[0][name] and name != "parent"}
    assert unknown == {
        *("node", "round", "depth", "line_nodes", "line_operators", "crossings", "in_corrected"),
        *(name for name in COLUMNS if name.startswith("corrected_")),
    }
    code, out, _ = qd(made, "small/archive.json")
    assert code == 0
    assert "nan" not in out.lower()


def test_an_archive_of_nobody(made: Path) -> None:
    record = json.loads((made / "small" / "archive.json").read_text())
    (made / "nobody.json").write_text(json.dumps({**record, "elites": []}))
    code, out, err = qd(made, "nobody.json", "--html", "nobody.html", "--csv", "nobody.csv")
    assert (code, err) == (0, "")
    assert "nan" not in out.lower()
    assert (made / "nobody.csv").read_text().splitlines() == [",".join(COLUMNS)]
    assert "svg" not in Page((made / "nobody.html").read_text()).tags


def test_searches_side_by_side(made: Path, report: dict[str, Any]) -> None:
    code, out, _ = qd(made, "small", "small/archive.json", "--json", "--csv", "both.csv")
    assert code == 0
    both = json.loads(out)
    assert both["searches"][0] == report["searches"][0]
    best: dict[tuple[str, str], float] = {}
    for row in csv.DictReader((made / "both.csv").read_text().splitlines()):
        cell, fitness = (row["common_tsp_bin"], row["common_mc_bin"]), float(row["common_fitness"])
        best[cell] = max(best.get(cell, 0.0), fitness)
    assert both["together"]["qd_score"] == pytest.approx(sum(best.values()))
    assert both["together"]["coverage"] == len(best) / 36
    code, out, _ = qd(made, "small", "small/archive.json")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "side by side" in out


def test_an_opponent_that_is_gone_is_named(made: Path, tmp_path: Path) -> None:
    code, out, err = qd(tmp_path, str(made / "small"), "--json")
    assert (code, out) == (2, "")
    record = open_search(made / "small").record
    assert record is not None
    mine = record.opponents(0, 3)[1]
    assert f"no program is known for opponents {mine[:12]} of node 0, round 3" in err
    assert "mine.red: No such file or directory" in err
    (tmp_path / "mine.red").write_text("jmp 0\n")
    code, _, err = qd(tmp_path, str(made / "small"), "--json")
    assert code == 2
    assert mine[:12] in err, "another program under the same name is not that opponent"


def spoilt(made: Path, tmp_path: Path) -> dict[str, Path]:
    """Run folders that are none."""
    for name in ("other", "torn", "odd"):
        shutil.copytree(made / "small", tmp_path / name)
    config = tmp_path / "other" / "config.json"
    config.write_text(config.read_text().replace('"max_cycles": 1500', '"max_cycles": 1400'))
    events = tmp_path / "torn" / "events" / "node-0.jsonl"
    events.write_text(events.read_text().replace('"fitness":', '"fitness":"much', 1))
    (tmp_path / "odd" / "config.json").write_text('{"name": "odd"}')
    (tmp_path / "empty").mkdir()
    return {name: tmp_path / name for name in ("other", "torn", "odd", "empty", "nowhere")}


def test_bad_input_is_told_and_nothing_is_written(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(made / "mine.red", tmp_path)
    monkeypatch.chdir(tmp_path)
    paths = spoilt(made, tmp_path)
    small = str(made / "small")
    cases = [
        ((small, str(paths["other"])), "differ in their rules"),
        ((str(paths["torn"]),), "node-0.jsonl is damaged"),
        ((str(paths["odd"]),), "config.json is damaged"),
        ((str(paths["empty"]),), "is no run folder: it has no config.json"),
        ((str(paths["nowhere"]),), "No such file or directory"),
        ((str(tmp_path / "mine.red"),), "is no archive and no run folder"),
        ((small, "--jobs", "0"), "--jobs is 0"),
        ((small, "--hill", "v0"), "hill is 'v0'"),
        ((small, "--csv", "no/where.csv"), "there is no folder no"),
        ((small, "--lineage", "f00d" * 8), "no warrior that fought has such an id"),
        ((small, "--lineage", ""), "ids begin so"),
        ((small, "--lineage", "a", "--html", "a.html"), "leave out --html"),
        ((f"{small}/archive.json", "--lineage", "a"), "needs its run"),
    ]
    before = sorted(tmp_path.rglob("*"))
    for arguments, told in cases:
        assert main(["qd", *arguments]) == 2, arguments
        out, err = capsys.readouterr()
        assert out == "", arguments
        assert told in err, arguments
    assert sorted(tmp_path.rglob("*")) == before


def test_the_page_tells_every_figure(made: Path, report: dict[str, Any]) -> None:
    html = (made / "qd.html").read_text(encoding="utf-8")
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("svg") == page.tags.count("figure") == 2
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "//" not in html.replace("</", "")
    text = "\n".join(page.text)
    (search,) = report["searches"]
    for kind in ("claimed", "corrected", "common"):
        assert f"{search[kind]['qd_score']:.2f}" in text
    for part in (*search["by_node"], *search["by_operator"]):
        assert f"{part['line_qd_score']:.2f}" in text
    assert report["hill_hash"] in text


def test_hostile_names_stay_text(made: Path, tmp_path: Path) -> None:
    hostile = "<script>&'$x^$"
    shutil.copytree(made / "small", tmp_path / hostile)
    shutil.copy(made / "mine.red", tmp_path)
    for file in (tmp_path / hostile).rglob("*.json*"):
        file.write_text(file.read_text().replace('"bomber"', json.dumps(hostile)))
    code, out, err = qd(tmp_path, hostile, hostile, "--html", "qd.html")
    assert (code, err) == (0, "")
    assert hostile in out
    page = Page((tmp_path / "qd.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert page.text.count(hostile) > 4
