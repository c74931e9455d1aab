"""The statistics and the pages of a comparison, from trials whose figures are known."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from random import Random

import pytest

from eval.comparison_page import comparison_page
from eval.comparison_report import ComparisonReport, Difference, Estimated, Setup
from eval.comparison_tables import verdict
from eval.comparison_text import results_text
from eval.comparison_trials import compare_trials
from eval.trial import (
    CONDITIONS,
    CellFitness,
    Condition,
    CurvePoint,
    Score,
    Trial,
    TrialNode,
    TrialRun,
)

HOSTILE = "<script>alert('$x^$')</script>\"|&`*"
MODELS = ("alpha", HOSTILE)
T_975_2 = 4.302652729911275
"""The 97.5% point of Student's t with two degrees of freedom, from printed tables."""


TOPOLOGIES: tuple[Condition, ...] = ("heterogeneous", "ring", "gossip", "no_exchange")
"""Conditions without the paper's solo and homogeneous."""


def setup(
    seeds: Sequence[int] = (1, 2, 3), conditions: Sequence[Condition] = tuple(CONDITIONS)
) -> Setup:
    return Setup(
        name="known",
        models=MODELS,
        rounds=2,
        calls=40,
        n_init=2,
        p_new=0.1,
        placements=4,
        last_k=2,
        initial_opponents=("Imp",),
        exchange="lockstep",
        fanout=1 if "gossip" in conditions else None,
        core={"core_size": 8000, "max_cycles": 1000},
        seeds=tuple(seeds),
        conditions=tuple(conditions),
    )


def trial(
    condition: Condition,
    seed: int,
    qd_score: float,
    member: int | None = None,
    win_rates: Sequence[float] = (0.25, 0.75),
) -> Trial:
    """A run of two nodes; each published two champions, of which the first was the better one."""
    models = (0, 1) if member is None else (member, member)
    return Trial(
        made_by="a test",
        run=TrialRun(
            condition=condition,
            member=member,
            seed=seed,
            digest="d",
            finished=f"2026-01-0{seed}",
            machine="a machine",
        ),
        calls=40,
        qd_score_raw=2 * qd_score,
        coverage_raw=0.5,
        qd_score_common=qd_score,
        coverage_common=0.25,
        archive=(CellFitness(cell=(1, 2), fitness=qd_score),),
        champion=None,
        score=None,
        nodes=tuple(
            TrialNode(
                model=m,
                calls=20,
                received=0 if condition in ("solo", "no_exchange") else 4,
                fills=m,
                champions=(score(r + 0.1), score(r)),
            )
            for m, r in zip(models, win_rates, strict=True)
        ),
        curve_raw=curve(qd_score),
        curve_common=curve(qd_score / 2),
    )


def curve(qd_score: float) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(round=r, calls=20 * r, qd_score=qd_score * r, coverage=0.1) for r in (1, 2)
    )


def score(win_rate: float) -> Score:
    return Score(points=100 * win_rate, win_rate=win_rate, defeat_or_tie=1.0)


def whole(seeds: Sequence[int] = (1, 2, 3)) -> list[Trial]:
    """Heterogeneous runs have 5 + seed, homogeneous ones of the first model 4, of the other 6."""
    trials = []
    for seed in seeds:
        trials += [trial("homogeneous", seed, 4.0 + 2 * m, m) for m in (0, 1)]
        trials += [trial("solo", seed, 1.0 + seed * m, m) for m in (0, 1)]
        trials += [trial("heterogeneous", seed, 5.0 + seed)]
        trials += [trial("no_exchange", seed, 5.0 + seed)]
        trials += [trial("ring", seed, 4.0 + seed), trial("gossip", seed, 6.0)]
        trials += [trial("random_search", seed, 3.0), trial("best_of_n", seed, 3.5 + seed % 2)]
    return trials


def report(
    trials: Sequence[Trial], conditions: Sequence[Condition] = tuple(CONDITIONS)
) -> ComparisonReport:
    return compare_trials(setup(conditions=conditions), trials, 24)


def among(*conditions: Condition) -> tuple[ComparisonReport, str, str]:
    """A comparison of these alone: the report, RESULTS.md, and the page."""
    trials = [t for t in whole() if t.run.condition in conditions]
    of = report(trials, conditions)
    return of, results_text(of, trials), comparison_page(of)


def difference(of: ComparisonReport, question: str, member: int | None = None) -> Difference:
    (found,) = (d for d in of.differences if d.question == question and d.first.member == member)
    return found


def test_a_difference_is_taken_seed_by_seed_from_the_mean_over_models() -> None:
    found = difference(report(whole()), "heterogeneity").figures["qd_score_common"]
    # 6, 7, 8 less 5 each time: 1, 2, 3, with standard deviation 1.
    assert found.seeds == 3
    assert found.mean == pytest.approx(2)
    assert found.effect == pytest.approx(2)
    assert found.t == pytest.approx((2 - T_975_2 / 3**0.5, 2 + T_975_2 / 3**0.5))
    assert found.bootstrap is not None
    assert found.t[0] < found.bootstrap[0] < found.bootstrap[1] < found.t[1]


def test_a_difference_by_model_has_that_models_runs_on_the_other_side() -> None:
    compared = difference(report(whole()), "heterogeneity", 1)
    assert compared.figures["qd_score_common"].mean == pytest.approx(7 - 6)


def test_figures_of_nodes_are_of_the_nodes_of_the_model() -> None:
    of = report(whole())
    assert of.row("heterogeneous", 0)["node_win_rate"].mean == pytest.approx(0.25)
    assert of.row("heterogeneous", 1)["node_win_rate"].mean == pytest.approx(0.75)
    assert of.row("heterogeneous", 1)["node_peak_win_rate"].mean == pytest.approx(0.85)
    assert of.row("heterogeneous", 1)["novelty"].mean == pytest.approx(0.25)
    assert of.row("heterogeneous")["node_win_rate"].mean == pytest.approx(0.5)
    assert of.row("homogeneous", 0)["node_win_rate"].mean == pytest.approx(0.5)
    assert "qd_score_common" not in of.row("heterogeneous", 1), "that is the whole run's"


def test_equal_conditions_differ_by_nothing() -> None:
    found = difference(report(whole()), "exchange").figures
    assert "novelty" not in found, "where nobody hears of another, there is none"
    assert {f.mean for f in found.values()} == {0}
    assert {f.sign for f in found.values()} == {0}
    assert {f.effect for f in found.values()} == {None}


def test_a_comparison_stopped_half_way_compares_the_seeds_it_has() -> None:
    trials = whole((1, 2))
    lacking = [
        *trials,
        trial("heterogeneous", 3, 100.0),
        trial("homogeneous", 3, 100.0, 0),  # its pendant of the other model is not there yet
        trial("no_exchange", 3, 7.0),
    ]
    of = report(lacking)
    assert of.finished == (len(lacking), 24)
    assert difference(of, "heterogeneity").figures["qd_score_common"].mean == pytest.approx(1.5)
    assert difference(of, "heterogeneity", 0).figures["qd_score_common"].seeds == 3
    assert difference(of, "exchange").figures["qd_score_common"].mean == pytest.approx(31)
    assert of.row("homogeneous")["qd_score_common"].seeds == 2


def test_a_single_seed_has_no_interval() -> None:
    of = report(whole((2,)))
    found = difference(of, "heterogeneity").figures["qd_score_common"]
    assert found == Estimated(seeds=1, mean=2.0, t=None, bootstrap=None, effect=None)
    assert "single seed" in verdict(difference(of, "heterogeneity"), "qd_score_common")


def test_the_verdict_follows_the_interval() -> None:
    of = report(whole())
    more, less = difference(of, "mutation"), difference(of, "archive")
    assert "more, +4.00 (" in verdict(more, "qd_score_common")
    # 3 less 4.5, 3.5, 4.5: the interval of three such differences contains 0.
    assert "no difference shown, -1.17 (" in verdict(less, "qd_score_common")
    swapped = less.model_copy(
        update={"figures": {"qd_score_common": Estimated.of([-1.5, -1.4, -1.6])}}
    )
    assert "less, -1.50 (" in verdict(swapped, "qd_score_common")


def test_the_order_of_the_trials_does_not_matter() -> None:
    trials = whole()
    Random(1).shuffle(trials)
    assert report(trials) == report(whole())


def test_a_report_is_the_same_after_a_round_trip_through_json() -> None:
    of = report(whole())
    assert ComparisonReport.model_validate_json(of.model_dump_json()) == of


def test_mean_archives_count_empty_cells_as_zero() -> None:
    trials = [t for t in whole() if t.run.condition == "solo"]
    emptied = trials[0].model_copy(update={"archive": ()})
    (archive,) = report([emptied, *trials[1:]]).archives
    assert archive.occupied[1][2] == pytest.approx(5 / 6)
    # Fitness 1, 1, 1 of the first model, of which the first is gone; 2, 3, 4 of the second.
    assert archive.fitness[1][2] == pytest.approx((0 + 1 + 1 + 2 + 3 + 4) / 6)


def test_mean_curves_are_means_over_the_runs() -> None:
    (solo,) = (c for c in report(whole()).curves if c.condition == "solo")
    # QD-scores 1, 1, 1, 2, 3, 4 in the first round, twice as much in the second.
    assert [point.qd_score for point in solo.raw] == pytest.approx([2, 4])
    assert [point.qd_score for point in solo.common] == pytest.approx([1, 2])
    assert [point.calls for point in solo.raw] == [20, 40]


class Reader(HTMLParser):
    """Keeps what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br", "img", "link"}:
            self.open.append(tag)
        for key, value in attrs:
            if key == "id":
                self.ids.append(value or "")
            if key in {"src", "href", "xlink:href"} and not (value or "").startswith("#"):
                self.loads.append(f"{tag} {key}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("seeds", [(1, 2, 3), (1,)])
def test_the_page_needs_nothing_and_believes_no_name(seeds: tuple[int, ...]) -> None:
    text = comparison_page(report(whole(seeds)))
    page = Reader(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.loads == []
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    for condition in CONDITIONS:
        assert f"archive-{condition.replace('_', '-')}-title" in page.ids


def tables(text: str) -> dict[str, list[list[str]]]:
    """Every table of RESULTS.md by its caption: the cells of its head, and of every row."""
    found = re.findall(r"^(.+):\n\n((?:\|.*\n)+)", text, re.MULTILINE)
    return {
        caption: [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in table.splitlines()]
        for caption, table in found
    }


def test_results_have_whole_tables_and_no_foreign_markdown() -> None:
    trials = whole()
    text = results_text(report(trials), trials)
    assert len(tables(text)) > 10
    for caption, lines in tables(text).items():
        assert len({len(line) for line in lines}) == 1, caption
    assert "<script" not in re.sub(r"\\<", "", text)
    assert "2026-01-01 to 2026-01-03 on a machine" in text
    for published in ("45.90", "80.6%", "85.0% ± 8.7%"):
        assert published in text


def test_topologies_are_what_all_to_all_is_compared_with() -> None:
    of, text, page = among(*TOPOLOGIES)
    # 6, 7, 8 with all to all; 5, 6, 7 in a ring; 6, 6, 6 in gossip; 6, 7, 8 without exchange.
    common = {d.question: d.figures["qd_score_common"].mean for d in of.differences[::3]}
    assert common == pytest.approx({"exchange": 0, "ring": 1, "gossip": 1})
    assert [d.first.member for d in of.differences] == [None, 0, 1] * 3
    for caption in ("Heterogeneous less ring", "Heterogeneous less gossip"):
        assert f"({caption})" in text
        assert f"<caption>{caption}</caption>" in page


def test_a_comparison_without_the_papers_conditions_is_a_whole_report() -> None:
    _, text, page = among(*TOPOLOGIES)
    for written in (text, page):
        assert not re.search(r"solo|homogeneous\b(?<!heterogeneous)", written, re.IGNORECASE)
        assert "45.90" not in written
        assert "Sonnet" not in written
    found = tables(text)
    assert [line[0] for line in found["Coverage and QD-score"][2:]] == [
        "Heterogeneous", "Ring", "Gossip", "No exchange",
    ]  # fmt: skip
    named = {line[0] for line in found["Means over the seeds, with 95% intervals"]}
    assert {"Ring", "Ring: alpha", "Gossip", "Gossip: alpha"} <= named
    for caption, (_, _, *rows) in found.items():
        assert rows, caption
        if "by model" in caption:
            assert not [c for c in zip(*rows, strict=True) if set(c) == {"-"}], caption
    settings = {line[0]: line[2] for line in found["Settings beside the published ones"]}
    assert settings["Exchange"] == "lockstep, all to all except in ring and gossip"
    assert settings["Peers a node hears in gossip"] == "1"


def test_the_papers_figures_stand_beside_its_conditions_and_the_others() -> None:
    _, text, page = among("solo", "homogeneous", "heterogeneous", "ring")
    (caption,) = (c for c in tables(text) if c.startswith("Coverage and QD-score"))
    head, _, solo, *_, ring = tables(text)[caption]
    assert head[:2] == ["Condition", "Coverage, paper"]
    assert (solo[:2], ring[:2]) == (["Solo", "63.0%"], ["Ring", "-"])
    assert "gossip" not in text.lower()
    assert "Sonnet" in page


def test_conditions_without_a_question_about_models_have_no_table_of_them() -> None:
    _, text, page = among("random_search", "best_of_n")
    for written in (text, page):
        assert "by model" not in written.lower()
        assert "Random search less best of N" in written
