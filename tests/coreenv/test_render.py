"""Views of the core against the machine, pictures against views, and `corewar replay`."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coreenv import _mars, mars, placement
from coreenv.battle import Battle, Stop, battle_batch
from coreenv.config import CoreConfig, ruleset
from coreenv.redcode import Warrior, assemble
from coreenv.render import ansi, rgb, save_gif, save_mp4, save_png
from coreenv.replay import CoreView, frame_turns, replay, round_turns

NANO, TINY = ruleset("nano"), ruleset("tiny")
IMP = ";name Imp\nmov 0, 1\n"
BOMBER = ";name Bomber\nadd #7, 3\nmov 2, @2\njmp -2\ndat #0, #9\n"
SPLITTER = ";name Splitter\nspl 0, <-20\nmov -1, <-9\njmp -2, {50\n"
BRIEF = ";name Brief\ndjn 0, #50\ndat 0, 0\n"
# Goes by its last result: survivors 0, loop on cell 1; 1, count down and die; else loop on cell 0.
MOODY = ";name Moody\nldp.ab #0, 1\njmp @0, 0\ndjn 0, #300\ndat 0, 0\n"


def make(*sources: str, config: CoreConfig, rounds: int = 1, stop: Stop = "all_dead") -> Battle:
    warriors = [assemble(source, config) for source in sources]
    places = placement.pmars(config, len(warriors), rounds, seed=11)
    return Battle(tuple(warriors), config, places, stop)


@pytest.fixture(scope="module")
def fight() -> Battle:
    return make(SPLITTER, BOMBER, IMP, config=TINY)


def same(one: CoreView, other: CoreView) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


# ---- Views


@pytest.mark.parametrize("sources", [(IMP, BOMBER, SPLITTER), (MOODY, BRIEF, BRIEF)])
@pytest.mark.parametrize("stop", ["all_dead", "last_standing"])
@pytest.mark.parametrize("round_", [0, 1, 2])
def test_a_round_ends_as_in_the_kernel(sources: tuple[str, ...], stop: Stop, round_: int) -> None:
    config = replace(TINY, pspace_size=16)
    battle = make(*sources, config=config, rounds=3, stop=stop)
    view = CoreView.of_battle(battle, round_)
    kernel = _mars.Machine(config)
    kernel.enter(battle.warriors)
    rounds = slice(round_ + 1)
    positions, first = battle.placement.positions[rounds], battle.placement.first[rounds]
    *_, turns = kernel.play(positions, first, stop == "last_standing", False)
    assert view.turn == view.turns == turns[-1]
    assert_queues(view, [kernel.queue(seat) for seat in range(3)])


def assert_queues(view: CoreView, queues: list[list[int]]) -> None:
    for seat, queue in enumerate(queues):
        assert view.upcoming[seat] == (queue[0] if queue else -1)
        addresses = np.repeat(np.arange(len(view.owner)), view.processes[seat])
        assert addresses.tolist() == sorted(queue)


@pytest.mark.parametrize("cycles", [1, 7, 100, 999])
def test_a_view_within_a_round_is_the_end_of_a_shorter_one(fight: Battle, cycles: int) -> None:
    short = replace(fight, config=replace(TINY, max_cycles=cycles))
    kernel = _mars.Machine(short.config)
    [result] = battle_batch([short])
    kernel.enter(short.warriors)
    kernel.play(short.placement.positions, short.placement.first, False, False)
    view = CoreView.of_battle(fight, turn=int(result.turns[0]))
    assert_queues(view, [kernel.queue(seat) for seat in range(3)])


def test_whoever_changes_a_cell_owns_it(fight: Battle) -> None:
    machine = mars.Machine(TINY)
    machine.enter(fight.warriors)
    machine.load(fight.placement.positions[0].tolist())
    changes = 0
    for before, after in pairwise(replay(fight, range(900))):
        core = machine.core()
        seat = (before.turn + int(fight.placement.first[0])) % 3
        assert all(machine.queues), "nobody may die, for seats to take turns evenly"
        machine.step(seat)
        changed = (machine.core() != core).any(axis=1)
        changes += int(changed.sum())
        assert (after.owner[changed] == seat).all()
        assert (after.age[changed] == 0).all()
        untouched = after.age != 0
        assert np.array_equal(after.owner[untouched], before.owner[untouched])
        aged = untouched & (after.owner >= 0)
        assert np.array_equal(after.age[aged], before.age[aged] + 1)
    assert changes > 500


def test_an_imp_leaves_a_trail() -> None:
    view = CoreView.of_battle(make(IMP, config=NANO), turn=5)
    assert view.owner.tolist() == [0] * 6 + [-1] * 74
    assert view.age.tolist() == [5, 4, 3, 2, 1, 0] + [-1] * 74
    assert (view.upcoming.tolist(), view.processes[0, 5], view.processes.sum()) == ([5], 1, 1)


def test_a_changed_pointer_counts_as_written() -> None:
    view = CoreView.of_battle(make("jmp 0, <-3", config=NANO), turn=1)
    assert np.flatnonzero(view.owner == 0).tolist() == [0, 77]


def test_the_last_warrior_loaded_owns_an_overlap() -> None:
    code = assemble("nop 0, 0\n" * 3, NANO)
    places = placement.Placement(np.array([[0, 79]], np.int32), np.array([0], np.int32))
    view = CoreView.of_battle(Battle((code, code), NANO, places), turn=0)
    assert view.owner.tolist() == [1, 1, 0, *[-1] * 76, 1]


def test_one_replay_gives_what_many_give(fight: Battle) -> None:
    turns = [0, 1, 1, 500, round_turns(fight)]
    views = list(replay(fight, turns))
    assert [view.turn for view in views] == turns
    assert all(same(view, CoreView.of_battle(fight, turn=view.turn)) for view in views)


def test_a_view_cannot_be_changed(fight: Battle) -> None:
    with pytest.raises(ValueError, match="read-only"):
        CoreView.of_battle(fight, turn=0).owner[0] = 1


@pytest.mark.parametrize("turns", [[-1], [5, 4], [10**9]])
def test_turns_that_do_not_come_are_named(fight: Battle, turns: list[int]) -> None:
    with pytest.raises(ValueError, match=f"turn {turns[-1]} is"):
        list(replay(fight, turns))


@pytest.mark.parametrize("round_", [-1, 1])
def test_rounds_that_do_not_exist_are_named(fight: Battle, round_: int) -> None:
    with pytest.raises(ValueError, match=rf"round {round_} does not exist.* 0\.\.0"):
        CoreView.of_battle(fight, round_)


@given(st.integers(0, 10**7), st.integers(2, 400))
def test_frames_go_from_the_beginning_to_the_end(turns: int, frames: int) -> None:
    chosen = frame_turns(turns, frames)
    assert (chosen[0], chosen[-1]) == (0, turns)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= frames


# ---- Text


def test_letters() -> None:
    view = CoreView.of_battle(make("spl 2, <-3\ndat 0\n;name Two\n", IMP, config=NANO), turn=3)
    row, *lines = ansi(view, colour=False).splitlines()
    at = int(view.upcoming[1])
    expected = list("aa" + "." * 78)
    expected[77] = "a"
    expected[2] = "*"
    expected[at - 1 : at + 1] = "bB"
    assert row == "".join(expected)
    assert lines == ["turn 3 of 803", "a Two: 1 process, 3 cells", "b Imp: 1 process, 2 cells"]


@pytest.mark.parametrize("size", [2, 80, 797, 8000])
def test_text_has_80_columns(size: int) -> None:
    config = CoreConfig("94", size, 50, 50, 1, 1)
    view = CoreView.of_battle(make(IMP, config=config), turn=min(size, 50))
    plain, coloured = ansi(view, colour=False).splitlines(), ansi(view).splitlines()
    assert sum(map(len, plain[:-2])) == size
    assert max(map(len, plain)) <= 80
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured]
    assert bare[:-2] == ["\u2580" * 80] * -(-size // 160)
    assert all(line.endswith("\x1b[0m") for line in coloured[:-2]), "colours must not run on"


# ---- Pictures


@pytest.mark.parametrize("size", [2, 3, 80, 797, 8000, 65536])
def test_every_core_fits_the_same_picture(size: int) -> None:
    config = CoreConfig("94", size, 50, 50, 1, 1)
    battle = make(IMP, config=config)
    picture = rgb(CoreView.of_battle(battle))
    assert picture.shape == (728, 832, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, rgb(CoreView.of_battle(battle)))


@pytest.mark.parametrize("warriors", [1, 2, 3, 8, 9, 60])
def test_pictures_of_many_warriors_have_even_sides(warriors: int) -> None:
    view = CoreView.of_battle(make(*[IMP] * warriors, config=CoreConfig(max_cycles=9)))
    height, width, _ = rgb(view).shape
    assert (height % 2, width) == (0, 832)
    assert height <= 800


def pixel(picture: np.ndarray, address: int, inset: int = 0) -> list[int]:
    """The colour of a cell of a core of 8000, ``inset`` pixels from its upper left corner."""
    row, column = divmod(address, 100)
    colour: list[int] = picture[16 + 8 * row + inset, 16 + 8 * column + inset].tolist()
    return colour


def test_cells_have_the_colours_of_their_owners() -> None:
    view = CoreView.of_battle(make(IMP, BOMBER, config=CoreConfig()), turn=8000)
    picture = rgb(view)
    quiet = [a for a in range(8000) if abs(view.upcoming - a).min() > 101 and not view.occupied[a]]
    colours = {
        owner: [pixel(picture, a) for a in quiet if view.owner[a] == owner] for owner in (-1, 0, 1)
    }
    assert min(map(len, colours.values())) > 50
    assert {tuple(colour) for colour in colours[-1]} == {(29, 32, 40)}
    assert {int(np.argmax(colour)) for colour in colours[0]} == {2}, "the imp is blue"
    assert {int(np.argmax(colour)) for colour in colours[1]} == {0}, "the bomber is orange"


def test_recent_writes_are_brighter() -> None:
    picture = rgb(CoreView.of_battle(make(IMP, config=CoreConfig()), turn=7000))
    brightness = [sum(pixel(picture, address)) for address in range(0, 6800, 100)]
    assert brightness == sorted(brightness)
    assert brightness[-1] > 1.5 * brightness[0]


def test_processes_are_marked() -> None:
    view = CoreView.of_battle(make(SPLITTER, BOMBER, config=CoreConfig()), turn=400)
    picture = rgb(view)
    waiting = [
        a for a in np.flatnonzero(view.processes[0]).tolist() if abs(view.upcoming - a).min() > 1
    ]
    assert waiting
    assert all(min(pixel(picture, a, inset=3)) > 180 for a in waiting)
    for address in view.upcoming.tolist():
        assert pixel(picture, address, inset=-2) == [255, 255, 255]


# ---- Files and windows


def test_png_is_the_picture(fight: Battle, tmp_path: Path) -> None:
    view = CoreView.of_battle(fight)
    save_png(view, tmp_path / "core.png")
    with Image.open(tmp_path / "core.png") as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), rgb(view))


def test_gif_has_every_frame_unharmed(fight: Battle, tmp_path: Path) -> None:
    views = list(replay(fight, frame_turns(round_turns(fight), 12)))
    save_gif(views, tmp_path / "one.gif")
    save_gif(iter(views), tmp_path / "two.gif")
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    with Image.open(tmp_path / "one.gif") as image:
        assert getattr(image, "n_frames", 1) == len(views) == 12
        durations = []
        for number, view in enumerate(views):
            image.seek(number)
            assert np.array_equal(np.asarray(image.convert("RGB")), rgb(view))
            durations.append(image.info["duration"])
    assert durations == [50] * 11 + [2000]


def test_an_animation_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no views for .*film\.gif"):
        save_gif([], tmp_path / "film.gif")


def test_a_film_without_ffmpeg_says_how_to_get_it(
    fight: Battle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"apt-get install ffmpeg.*--gif"):
        save_mp4(replay(fight, [0]), tmp_path / "film.mp4")


needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="no ffmpeg here; sudo apt-get install ffmpeg"
)


@pytest.mark.full
@needs_ffmpeg
def test_a_film_plays(fight: Battle, tmp_path: Path) -> None:
    views = list(replay(fight, frame_turns(round_turns(fight), 20)))
    save_mp4(views, tmp_path / "film.mp4")
    frames = decoded(tmp_path / "film.mp4", rgb(views[0]).shape)
    assert len(frames) == 20 + 40, "twenty frames and two seconds of rest"
    difference = frames[19].astype(int) - rgb(views[-1])
    assert np.abs(difference).mean() < 6


def decoded(film: Path, shape: tuple[int, ...]) -> np.ndarray:
    command = [
        "ffmpeg",
        "-loglevel",
        "error",
        "-i",
        str(film),
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
    ]
    raw = subprocess.run([*command, "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, *shape)


@pytest.mark.full
@needs_ffmpeg
def test_what_ffmpeg_complains_about_is_passed_on(fight: Battle, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"ffmpeg could not write .*No such file"):
        save_mp4(replay(fight, range(50)), tmp_path / "nowhere" / "film.mp4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "imp.red").write_text(IMP)
    (tmp_path / "bomber.red").write_text(BOMBER)
    (tmp_path / "broken.red").write_text("mov 0, nowhere\n")
    return tmp_path


def command(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    line = [sys.executable, "-m", "coreenv.cli", "replay", *arguments]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_command_prints_the_end_of_the_round(folder: Path) -> None:
    options = ("--ruleset", "tiny", "--seed", "5", "--round", "2")
    code, out, err = command("imp.red", "bomber.red", *options, cwd=folder)
    warriors: tuple[Warrior, ...] = tuple(assemble(text, TINY) for text in (IMP, BOMBER))
    battle = Battle(warriors, TINY, placement.pmars(TINY, 2, 3, seed=5))
    assert (code, err) == (0, "")
    assert out == ansi(CoreView.of_battle(battle, 2), colour=False)


def test_the_command_writes_pictures(folder: Path) -> None:
    for option in ("--gif", "--png"):
        options = ("--ruleset", "tiny", option, "core", "--frames", "9")
        assert command("imp.red", "bomber.red", *options, cwd=folder) == (0, "", "")
        with Image.open(folder / "core") as image:
            assert image.format == option[2:].upper()
            assert getattr(image, "n_frames", 1) == (9 if option == "--gif" else 1)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ((), "no FILE"),
        (("imp.red", "broken.red"), "broken.red:1:"),
        (("imp.red", "--round", "-1"), "round -1"),
        (("imp.red", "--seed", "-1"), "seed is -1"),
        (("imp.red", "--gif", "a", "--png", "b"), "more than one of --gif, --mp4 and --png"),
        (("imp.red", "--gif", "a", "--frames", "1"), "frames is 1"),
        (("imp.red", "--gif", "nowhere/a.gif"), "nowhere/a.gif"),
        (("imp.red", "--png", "nowhere/a.png"), "nowhere/a.png"),
    ],
)
def test_bad_input_is_named(folder: Path, arguments: tuple[str, ...], culprit: str) -> None:
    code, out, err = command(*arguments, cwd=folder)
    assert (code, out) == (2, "")
    assert culprit in err
    assert len(err.splitlines()) == 1
