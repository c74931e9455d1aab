"""Pictures of the environments' battles, and the window they can be shown in."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.error import Error

from coreenv import corewar_v0
from coreenv.battle import Battle
from coreenv.config import ruleset
from coreenv.gym_env import CoreWarEnv
from coreenv.measures import seated
from coreenv.redcode import assemble
from coreenv.render import rgb
from coreenv.replay import CoreView
from coreenv.screen import MOST_TURNS, Screen

NOP94 = ruleset("nop94")
FAST = replace(NOP94, max_cycles=500)
IMP = assemble(";name Imp\nMOV 0, 1\n", NOP94)
SINGLE = {"ruleset": FAST, "opponents": [IMP]}


def made(api: str, **arguments: Any) -> Any:
    if api == "gymnasium":
        return CoreWarEnv(**{**SINGLE, **arguments})
    return corewar_v0.parallel_env(ruleset=FAST, n_agents=2, **arguments)


@pytest.mark.parametrize("api", ["gymnasium", "pettingzoo"])
def test_without_a_display_human_is_not_offered_and_says_why(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    env = made(api, render_mode="human")
    assert env.metadata["render_modes"] == ["ansi", "rgb_array"]
    with pytest.raises(Error, match=r"no display, DISPLAY is not set; use 'ansi' or 'rgb_array'"):
        env.reset(seed=1)
    env.close()


@pytest.mark.skipif(find_spec("_tkinter") is None, reason="this Python has no tkinter")
def test_a_display_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(Error, match=r":4711.*use 'ansi' or 'rgb_array'"):
        made("gymnasium", render_mode="human").reset(seed=1)


@pytest.mark.parametrize("api", ["gymnasium", "pettingzoo"])
def test_render_shows_the_first_round_to_its_end(api: str) -> None:
    picture, text = made(api, render_mode="rgb_array"), made(api, render_mode="ansi")
    for env in (picture, text):
        env.reset(seed=1)
    names = ["Imp", "Imp"] if api == "gymnasium" else ["warrior_0", "warrior_1"]
    assert "turn 1000 of 1000" in text.render()
    assert all(f"{name}: 1 process" in text.render() for name in names)
    places = seated(FAST, 2, 4, int(env_seed(picture)))
    stop: Any = "last_standing" if api == "gymnasium" else "all_dead"
    view = CoreView.of_battle(Battle((IMP, IMP), FAST, places, stop), 0)
    assert np.array_equal(picture.render(), rgb(replace(view, names=tuple(names))))


def env_seed(env: Any) -> int:
    """The position seed of the first battle, which equal seeds make equal."""
    seen = env.reset(seed=1)[1]
    return int((seen if "seeds" in seen else seen["warrior_0"])["seeds"][0])


def test_a_long_round_is_shown_as_it_was_after_some_turns() -> None:
    battle = Battle((IMP, IMP), NOP94, seated(NOP94, 2, 1, 7))
    text = Screen("ansi").show(battle)
    assert f"turn {MOST_TURNS} of 160000" in text


def test_without_a_render_mode_nothing_is_shown() -> None:
    env = made("gymnasium")
    env.reset(seed=1)
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


PRELUDE = """
import gymnasium, numpy as np
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import render_test
from PIL import ImageGrab
from coreenv import corewar_v0
from tests.coreenv.test_screen import FAST, SINGLE, made

def screenshot():
    return np.asarray(ImageGrab.grab(xdisplay=None))[..., :3]
"""


def run_with_display(code: str) -> None:
    """Runs ``code`` in a process of its own, which dies with its virtual screen of 1024 x 800."""
    if shutil.which("Xvfb") is None:
        pytest.skip("a window needs a display: sudo apt-get install xvfb")
    if find_spec("_tkinter") is None:
        pytest.skip("a window needs tkinter: sudo apt-get install python3-tk")
    read, write = os.pipe()
    screen = ["-screen", "0", "1024x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), *screen], pass_fds=[write], stderr=subprocess.DEVNULL
    ) as server:
        os.close(write)
        try:
            with open(read) as pipe:
                display = f":{pipe.readline().strip()}"
            done = subprocess.run(
                [sys.executable, "-W", "error", "-c", PRELUDE + code],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "DISPLAY": display},
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr


@pytest.mark.full
@pytest.mark.parametrize("api", ["gymnasium", "pettingzoo"])
def test_the_window_shows_the_picture(api: str) -> None:
    run_with_display(
        f"""
env, picture = made({api!r}, render_mode="human"), made({api!r}, render_mode="rgb_array")
assert env.metadata["render_modes"] == ["human", "ansi", "rgb_array"]
for each in (env, picture):
    each.reset(seed=1)
expected = picture.render()
height, width, _ = expected.shape
shot = screenshot()
assert np.array_equal(shot[:height, :width], expected)
assert not shot[height:].any()
env.close()
env.close()
assert not screenshot().any()
env.reset(seed=1)
assert screenshot().any()
"""
    )


@pytest.mark.full
def test_a_window_closed_by_hand_stays_closed() -> None:
    run_with_display(
        """
env = made("gymnasium", render_mode="human")
env.reset(seed=1)
root = env._screen._window._root
root.after(0, lambda: root.tk.call(root.protocol("WM_DELETE_WINDOW")))
for _ in range(2):
    env.step(np.zeros(8, np.int64))
    assert env.render() is None
assert not screenshot().any()
env.close()
"""
    )


@pytest.mark.full
def test_the_official_checks_pass_with_a_display() -> None:
    run_with_display(
        """
check_env(gymnasium.make("CoreWar-v0", render_mode="human", **SINGLE).unwrapped)
render_test(lambda **arguments: corewar_v0.env(ruleset=FAST, **arguments))
"""
    )
