"""What `render` does in both environments: a battle as text, as pixels, or in a window."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from gymnasium.error import Error
from numpy.typing import NDArray

from coreenv.battle import Battle
from coreenv.game import check_choice
from coreenv.replay import CoreView, round_turns

RENDER_MODES: Final = ("human", "ansi", "rgb_array")

MOST_TURNS: Final = 40_000
"""A picture shows no later turn: a replay takes some 4 microseconds a turn."""


def render_modes() -> list[str]:
    """The `RENDER_MODES` that this machine has: ``"human"`` only where a window can open."""
    return [mode for mode in RENDER_MODES if mode != "human" or not _obstacle()]


def _obstacle() -> str:
    """Why no window can open here, as far as that can be told without trying; or nothing."""
    if sys.platform not in ("win32", "darwin") and not os.environ.get("DISPLAY"):
        return "there is no display, DISPLAY is not set"
    if find_spec("_tkinter") is None:
        return "this Python has no tkinter (on Debian: sudo apt-get install python3-tk)"
    return ""


class Screen:
    """Shows battles in one render mode.

    Args:
        mode: one of `RENDER_MODES`, or None.

    Raises:
        ValueError: an unknown mode.
    """

    def __init__(self, mode: str | None) -> None:
        check_choice("render_mode", mode, (*RENDER_MODES, None))
        self.mode = mode
        self._window: Window | None = None

    def show(self, battle: Battle, names: Sequence[str] | None = None) -> Any:
        """The core after the first round, or after `MOST_TURNS` turns of it.

        Args:
            battle: what is shown.
            names: of those who fight, in seat order, if not the warriors' own.

        Returns:
            str for ``"ansi"``, see `coreenv.render.ansi`; uint8 of shape (height, width, 3) for
            ``"rgb_array"``, see `coreenv.render.rgb`; else None.

        Raises:
            gymnasium.error.Error: mode ``"human"``, but no window can open.
        """
        from coreenv.render import ansi, rgb

        if self.mode == "human" and self._window is None:
            self._window = Window()
        view = CoreView.of_battle(battle, 0, min(round_turns(battle), MOST_TURNS))
        view = replace(view, names=tuple(names or view.names))
        if self.mode == "ansi":
            return ansi(view)
        if self.mode == "rgb_array":
            return rgb(view)
        if self._window is not None:
            self._window.show(rgb(view))
        return None

    def close(self) -> None:
        """Close the window, if one is open. A later `show` opens another."""
        if self._window is not None:
            self._window.close()
            self._window = None


def _no_window(cause: object) -> Error:
    return Error(f"render_mode 'human' opens a window, but {cause}; use 'ansi' or 'rgb_array'")


class Window:
    """A window for pictures. Once someone closed it by hand, it stays closed and shows nothing.

    Raises:
        gymnasium.error.Error: it cannot open; the message says why and names the other modes.
    """

    def __init__(self) -> None:
        if obstacle := _obstacle():
            raise _no_window(obstacle)
        import tkinter

        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise _no_window(error) from error
        self._root.title("Core War")
        self._root.resizable(False, False)
        self._root.protocol("WM_DELETE_WINDOW", self.close)
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self.is_open = True

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Shows ``picture``, of shape (height, width, 3), and takes in what the user did."""
        if not self.is_open:
            return
        from tkinter import PhotoImage

        height, width, _ = picture.shape
        header = f"P6 {width} {height} 255\n".encode()
        self._photo = PhotoImage(data=header + picture.tobytes(), master=self._root)
        self._label.configure(image=self._photo)
        self._root.update()

    def close(self) -> None:
        """Closes the window; once is enough, twice is no error."""
        if self.is_open:
            self.is_open = False
            self._root.destroy()
