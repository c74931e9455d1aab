"""Scores as a page, a table and CSV, with names that mean harm."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from coreenv.config import ruleset
from coreenv.hill import Hill
from coreenv.redcode import assemble
from eval import plots
from eval.comparison import compare_all
from eval.generality import generality
from eval.protocol import QUICK, Profile, Protocol
from eval.results import COLUMNS, Results
from eval.score_page import score_page
from eval.score_table import interval, p_value, results_table
from eval.statistics import Estimate
from tests.eval.pages import Page

MakeHill = Callable[[str, dict[str, tuple[str, str, str]]], Hill]

HOSTILE = "<script>alert('$x^$')</script>\"& [red]"
DWARF = "add.ab #4, 3\nmov.i 2, @2\njmp -2\ndat #0, #0"
FIELD = {
    HOSTILE.replace("/", "|"): ("<b>$\\frac", "test", DWARF),
    "Imp": ("<b>$\\frac", "test", "mov 0, 1"),
    "Gate": ("gate", "test", "jmp 0, <-5"),
    "Sitter": ("gate", "test", "jmp 0"),
}


def results(make_hill: MakeHill, rules: str = "nano", profile: Profile = "quick") -> Results:
    hill, config = make_hill(rules, FIELD), ruleset(rules)
    codes = {HOSTILE: DWARF, "Imp": "mov 0, 1", "Plain": "jmp 0, <-3"}
    warriors = [replace(assemble(code, config), name=name) for name, code in codes.items()]
    protocol = Protocol(profile)
    scores = generality(warriors, hill, config, protocol, threads=2)
    return Results(hill, "test", config, protocol, tuple(scores), tuple(compare_all(scores)))


def test_the_page_tells_everything_and_loads_nothing(make_hill: MakeHill) -> None:
    made = results(make_hill, "nop94")
    html = score_page(made)
    page = Page(html)
    text = " ".join(page.text)
    for s in made.scores:
        assert f"{s.points:.1f}" in text
        assert interval(s.placement) in text
        assert interval(s.opponents) in text
    for c in made.comparisons:
        assert f"{c.points:+.1f}" in text
    assert made.conditions["placements"] in text
    assert len(page.ids) == len(set(page.ids))
    assert "//" not in html.replace("</", "").replace("|script", "")
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    assert set(re.findall(r"url\((.)", html)) <= {"#"}
    drawn = html[html.index("<svg") :]
    assert [colour for colour in plots.LIGHT.values() if colour in drawn] == []


def test_hostile_names_stay_text(make_hill: MakeHill) -> None:
    page = Page(score_page(results(make_hill)))
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) >= 3


def test_equal_rounds_give_equal_bytes(make_hill: MakeHill) -> None:
    made = results(make_hill)
    again = replace(made, scores=made.scores, comparisons=tuple(compare_all(made.scores)))
    assert score_page(again) == score_page(made)


def test_one_warrior_and_no_second_opponent(make_hill: MakeHill) -> None:
    """What cannot be estimated is a dash, on the page and in the table."""
    hill, config = make_hill("nano", {"Imp": ("imp", "test", "mov 0, 1")}), ruleset("nano")
    scores = generality([assemble("jmp 0", config)], hill, config, QUICK)
    made = Results(hill, "test", config, QUICK, tuple(scores))
    assert "<td>-</td>" in score_page(made)
    assert "Comparisons" not in score_page(made)
    assert " - " in printed(made, 80)
    assert "null" in made.to_json()


def printed(made: Results, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(results_table(made))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_names_every_figure(make_hill: MakeHill, width: int) -> None:
    made = results(make_hill, "nop94")
    text = printed(made, width)
    assert max(map(len, text.splitlines())) <= width
    for s in made.scores:
        assert f"{s.points:.1f}" in text
        assert f"{100 * s.defeat_or_tie:.1f}%" in text
    assert "[red]" in text.replace("\n", ""), "a name is no markup"


def test_csv_has_a_row_for_every_pair(make_hill: MakeHill) -> None:
    made = results(make_hill)
    rows = list(csv.DictReader(io.StringIO(made.to_csv())))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 3 * 4
    assert rows[0]["warrior"] == HOSTILE
    for row, pair in zip(rows, (p for s in made.scores for p in s.pairs), strict=True):
        counts = [int(row[key]) for key in ("wins", "losses", "ties", "rounds")]
        assert counts == [pair.wins, pair.losses, pair.ties, 142]
        assert row["opponent"] == pair.opponent


def test_numbers_as_people_read_them() -> None:
    assert interval(Estimate(100, 0)) == "100.0 to 100.0"
    assert interval(None) == p_value(None) == "-"
    assert (p_value(0.0004), p_value(0.0449)) == ("<0.001", "0.045")
