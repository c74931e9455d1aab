"""The report: figures, page and table, from searches told event by event."""

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from coreenv import MADE_BY
from coreenv.measures import Evaluation
from coreenv.redcode import Instruction, Mode, Modifier, Opcode, Rejection, Warrior
from eval import plots
from eval.archive import Archive, Elite, EliteRecord, Origin
from eval.generality import Generality, PairScore
from eval.record import (
    Called,
    NodeDied,
    NodeFinished,
    NodeStarted,
    NodeView,
    Published,
    Received,
    RoundEnded,
    RoundStarted,
)
from eval.report import summary_table, write_report
from eval.summary import NodeSummary, Summary, merged_archive
from tests.eval.pages import Page

HOSTILE = "<script>alert('$x^$')</script>\"&"
OPERATORS = ("replace", "splice")
CLASSES = ("imp", "paper", "$\\frac$")
CALLS = 12
"""Calls a round; every sixth is rejected, every fourth a duplicate."""


def warrior(number: int, name: str = "Sprout") -> Warrior:
    """MOV.I 0, n: an imp for n = 1, another small warrior for another n."""
    step = Instruction(Opcode.MOV, Modifier.I, Mode.DIRECT, 0, Mode.DIRECT, number)
    return Warrior((step,), 0, 8000, name=name, strategy=f"{name} walks")


def elite(node: int, round_: int, call: int, name: str = "Sprout") -> Elite:
    """The warrior a node wrote at a call; behaviour and fitness spread over the grid."""
    number = 1 + 1000 * node + 100 * round_ + call
    measured = Evaluation(0.5 + number % 7 / 4, 10 ** (call % 5), 7 ** (call % 4 + node))
    origin = Origin(node=node, round=round_, call=call, operator=OPERATORS[node % 2])
    return Elite(warrior(number, name), measured, origin)


class Search:
    """Tells every node's events as a real search would, and keeps the views."""

    def __init__(self, rounds: int = 3, name: str = "Sprout") -> None:
        self.name = name
        self.views = [NodeView(node) for node in range(2)]
        for view in self.views:
            view.apply(NodeStarted(node=view.node, operator=OPERATORS[view.node]))
        for round_ in range(1, rounds + 1):
            received = [self._received(view, round_) for view in self.views]
            for view in self.views:
                self._round(view, round_, received[view.node])
        for view in self.views:
            view.apply(NodeFinished(node=view.node))

    def _received(self, view: NodeView, round_: int) -> tuple[Received, ...]:
        return tuple(
            Received(
                node=peer.node, round=round_ - 1, elite=peer.published[-1].elite, fills=round_ == 2
            )
            for peer in self.views
            if peer is not view and peer.published
        )

    def _round(self, view: NodeView, round_: int, received: tuple[Received, ...]) -> None:
        view.apply(RoundStarted(round=round_, received=received, lost=round_ - 1, opponents=()))
        for call in range(1, CALLS + 1):
            view.apply(self._call(view, round_, call))
        champion = view.archive.champion
        assert champion is not None
        corrected = champion.model_copy(update={"fitness": champion.fitness - 0.25})
        view.apply(Published(round=round_, elite=corrected, claimed=champion.fitness))
        view.apply(RoundEnded(round=round_))

    def _call(self, view: NodeView, round_: int, call: int) -> Called:
        made: dict[str, Any] = {"round": round_, "call": call, "kind": "new"}
        made |= {"parent": None, "source": "", "operator": view.operator}
        if call % 6 == 0:
            fault = Rejection("E_LABEL", "no such label", 1)
            return Called(**made, outcome="rejected", rejections=(fault,))
        if call % 4 == 0:
            return Called(**made, outcome="duplicate")
        found = EliteRecord.of(elite(view.node, round_, call, self.name))
        placed = Archive(view.archive).insert(found)
        outcome = "placed" if placed else "beaten"
        return Called(**made, outcome=outcome, placed=placed, elite=found)


def common(search: Search) -> Archive[Elite]:
    """The final elites, measured to be a fifth less fit."""
    finals = [record for view in search.views for record in view.final]
    written = [elite(r.origin.node, r.origin.round, r.origin.call, search.name) for r in finals]
    return Archive(
        e.rescored(Evaluation(e.fitness * 0.8, e.evaluation.tsp, e.evaluation.mc)) for e in written
    )


def held_out(warrior_id: str, name: str, *, hostile: bool) -> Generality:
    """60 rounds against two opponents of each class; wins fall and ties rise along them."""
    pairs = tuple(
        PairScore(
            opponent=f"{HOSTILE if hostile else 'Keeper'} {i}",
            opponent_class=HOSTILE if hostile and i > 3 else CLASSES[i // 2],
            wins=40 - 5 * i,
            losses=20 - 2 * i,
            ties=7 * i,
        )
        for i in range(6)
    )
    hill = {"hill": HOSTILE if hostile else "bundled 1", "hill_hash": "ab" * 32, "split": "test"}
    return Generality(
        warrior=warrior_id, name=name, protocol="quick", made_by=MADE_BY, pairs=pairs, **hill
    )


def summary(views: list[NodeView], measured: Archive[Elite], *, hostile: bool = False) -> Summary:
    nodes = tuple(map(NodeSummary.of, views))
    merged = merged_archive(views)
    best = measured.champion
    ids = [best.warrior.id] if best else []
    ids += [node.champion for node in nodes if node.champion]
    return Summary(
        made_by=MADE_BY,
        name=HOSTILE if hostile else "quick",
        seed=11,
        seconds=3.21,
        calls=sum(node.calls for node in nodes),
        rejected=sum(node.rejected for node in nodes),
        duplicates=sum(node.duplicates for node in nodes),
        exchanged=sum(node.received for node in nodes),
        qd_score_raw=merged.qd_score,
        coverage_raw=merged.coverage,
        qd_score_common=measured.qd_score,
        coverage_common=measured.coverage,
        champion=EliteRecord.of(best) if best else None,
        generality=tuple(
            held_out(i, HOSTILE if hostile else "Sprout", hostile=hostile)
            for i in dict.fromkeys(ids)
        ),
        nodes=nodes,
    )


def report(folder: Path, search: Search, *, hostile: bool = False) -> str:
    measured = common(search)
    figures = summary(search.views, measured, hostile=hostile)
    path = write_report(folder, figures, search.views, merged_archive(search.views), measured)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(tmp_path_factory.mktemp("run"), Search())


def test_page_is_well_formed_and_every_reference_lands(html: str) -> None:
    page = Page(html)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = [value[1:] for value in page.values("xlink:href")]
    targets += [i for value in page.values("aria-labelledby") for i in value.split()]
    targets += re.findall(r"url\(#([^)]*)\)", html)
    assert len(targets) > 20
    assert set(targets) <= set(ids)
    assert page.tags.count("svg") == page.tags.count("figure") == page.values("role").count("img")


def test_page_needs_no_network(html: str) -> None:
    assert "//" not in html.replace("</", "")
    assert not {"script", "link", "img", "iframe", "object"} & set(Page(html).tags)
    assert "@import" not in html
    assert set(re.findall(r"url\((.)", html)) == {"#"}


def test_page_tells_every_node_opponent_and_figure(html: str) -> None:
    text = "\n".join(Page(html).text)
    for told in (*OPERATORS, *CLASSES, *(f"Keeper {i}" for i in range(6)), "E_LABEL", "ab" * 32):
        assert told in text, told
    search = Search()
    figures = summary(search.views, common(search))
    for number in (figures.qd_score_common, figures.qd_score_raw, figures.nodes[1].qd_score):
        assert f"{number:.2f}" in text
    assert str(warrior(1)).splitlines()[0] in text
    assert "ORG    0" in text


def test_figures_take_their_colours_from_the_page(html: str) -> None:
    drawn = html[html.index("<svg") :]
    assert [colour for colour in plots.LIGHT.values() if colour in drawn] == []
    defined = set(re.findall(r"--([\w-]+):", html))
    assert set(re.findall(r"var\(--([\w-]+)\)", html)) <= defined == set(plots.LIGHT)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    page = Page(report(tmp_path, Search(name=HOSTILE), hostile=True))
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) >= 3
    assert f";name {HOSTILE}" in "".join(page.text)


def test_same_search_gives_the_same_bytes(tmp_path: Path, html: str) -> None:
    assert report(tmp_path, Search()) == html


def test_a_search_that_found_nobody(tmp_path: Path) -> None:
    views = [NodeView(0), NodeView(1)]
    views[0].apply(NodeStarted(node=0, operator="replace"))
    views[0].apply(NodeDied(node=0, exit_code=-9))
    nobody: Archive[Elite] = Archive()
    figures = summary(views, nobody)
    page = Page(write_report(tmp_path, figures, views, Archive(), nobody).read_text("utf-8"))
    text = "\n".join(page.text)
    assert "dead" in text
    assert "waiting" in text
    assert "there is no champion" in text
    assert "nan" not in text
    assert "none: no warrior was placed" in printed(figures)


def test_a_node_that_dies_in_a_round_keeps_its_line(tmp_path: Path) -> None:
    search = Search(rounds=1)
    dying = search.views[1]
    dying.apply(RoundStarted(round=2, received=(), lost=0, opponents=()))
    dying.apply(search._call(dying, 2, 1))
    dying.apply(NodeDied(node=1, exit_code=1))
    assert len(dying.curve) == CALLS + 1
    page = Page(report(tmp_path, search))
    assert page.values("class").count("dead") == 1


def test_a_failed_write_leaves_the_old_report(tmp_path: Path, html: str) -> None:
    search = Search()
    report(tmp_path, search)
    measured = common(search)
    broken = summary(search.views, measured).model_copy(update={"name": "\ud800"})
    with pytest.raises(UnicodeEncodeError):
        write_report(tmp_path, broken, search.views, merged_archive(search.views), measured)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text("utf-8") == html


def test_who_reads_the_old_report_reads_it_whole(tmp_path: Path, html: str) -> None:
    report(tmp_path, Search())
    with (tmp_path / "report.html").open(encoding="utf-8") as old:
        assert report(tmp_path, Search(rounds=1)) != html
        assert old.read() == html


def test_importing_the_report_does_not_load_matplotlib() -> None:
    code = "import sys, eval.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def printed(figures: Summary, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), no_color=True)
    console.print(summary_table(figures))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_table_holds_every_figure_at_80_columns() -> None:
    search = Search()
    figures = summary(search.views, common(search))
    text = printed(figures)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "\x1b" not in text
    champion = figures.champion_generality
    assert champion is not None
    expected = [f"{figures.qd_score_common:.2f} common, {figures.qd_score_raw:.2f} raw"]
    expected += [f"{100 * figures.coverage_common:.1f}% common", f"{champion.points:.1f} of 300"]
    expected += ["won 45.8%, tied 29.2%, lost 25.0%", "3.2 s"]
    expected += ["calls     72, 12 rejected, 12 duplicates", "4 champions received"]
    for told in expected:
        assert told in text, told
    rows = [line.split() for line in text.splitlines() if line.split()[1:2] == ["splice"]]
    node = figures.nodes[1]
    assert rows == [
        [
            *("1", "splice", "36", str(node.placed), "6", "6", "2"),
            *(str(node.cells), f"{node.qd_score:.2f}"),
            *(f"{node.best:.2f}", "→", f"{node.best - 0.25:.2f}", "166.7"),
        ]
    ]


def test_table_takes_long_and_hostile_names() -> None:
    search = Search()
    measured = common(search)
    figures = summary(search.views, measured, hostile=True)
    node = figures.nodes[0].model_copy(update={"operator": "[red]provider/model-" + "9" * 60})
    text = printed(figures.model_copy(update={"nodes": (node,)}))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("9") >= 60
    assert "[red]" in text


def test_restarts_are_the_rounds_first_calls() -> None:
    for view in Search(rounds=4).views:
        assert plots.restarts(view.curve) == [0, CALLS, 2 * CALLS, 3 * CALLS]
    assert plots.restarts([]) == []


def test_curve_breaks_and_is_marked_at_every_restart() -> None:
    views = Search(rounds=3).views
    axes = plots.curve(views, lambda point: point.qd_score).axes[0]
    lines = [np.asarray(line.get_xydata()) for line in axes.lines if line.get_linestyle() != ":"]
    spans = sorted((line[0, 0], line[-1, 0]) for line in lines if line[0, 0] != line[-1, 0])
    rounds = [(0, 12), (12, 24), (24, 36)]
    assert spans == sorted(rounds * 2)
    marks = {line[0, 0] for line in map(np.asarray, (m.get_xydata() for m in axes.lines))}
    assert {12.0, 24.0} <= marks


def test_heatmap_writes_fitness_where_the_bins_say() -> None:
    placed = Elite(warrior(1), Evaluation(1.5, 50.0, 4000.0), elite(0, 1, 1).origin)
    axes = plots.archive_heatmap(Archive([placed])).axes[0]
    texts = {t.get_text(): t.get_position() for t in axes.texts if t.get_text()}
    assert texts == {"1.50": (5.5, 2.48)}
    ticks = [[t.get_text() for t in axis.get_ticklabels()] for axis in (axes.xaxis, axes.yaxis)]
    assert ticks == [
        ["0", "10", "100", "500", "1000", "4000", "∞"],
        ["0", "1", "10", "100", "1000", "10000", "∞"],
    ]


def test_heatmap_is_also_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "archive.png"
    plots.archive_heatmap(common(Search())).savefig(path, dpi=100)
    with Image.open(path) as picture:
        assert picture.size == (460, 430)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 18) or []}
    assert (253, 231, 37) in colours  # viridis at its top: the fittest cell
    assert tuple(bytes.fromhex(plots.LIGHT["empty"][1:])) in colours


def test_class_bars_show_shares_of_rounds() -> None:
    axes = plots.class_bars(held_out("id", "Sprout", hostile=False)).axes[0]
    widths = [bar.get_width() for bar in axes.patches]
    assert widths[:3] == pytest.approx([100 * 75 / 120, 100 * 7 / 120, 100 * 38 / 120])
    assert np.reshape(widths, (3, 3)).sum(axis=1) == pytest.approx([100, 100, 100])
    assert [bar.get_hatch() for bar in axes.patches[:3]] == ["", "////", ""]
