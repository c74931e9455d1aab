"""The core as a picture: a `CoreView` as text, as pixels, or as a file.

A picture shows each cell in the colour of the warrior that wrote it last, bright while the write
is recent. A pale dot is a process, a framed square the process that its warrior executes next.
"""

import math
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from coreenv.replay import CoreView

Picture = TypeVar("Picture")

# ---- Colours: a picture is an array of indices into one palette

# Okabe and Ito's colours, which people with any colour vision tell apart; black became grey.
_HUES: Final = ("56B4E9", "E69F00", "009E73", "CC79A7", "F0E442", "D55E00", "0072B2", "BBBBBB")
_LEVELS: Final = 8
_DIMMEST: Final = 0.45
_BACKGROUND_RGB, _EMPTY_RGB, _WHITE_RGB = (12, 14, 19), (29, 32, 40), (255, 255, 255)

# where in the palette: levels of each hue, process dots of each hue, ink from background to white
_DOTS: Final = len(_HUES) * _LEVELS
_INK: Final = _DOTS + len(_HUES)
_WHITE: Final = _INK + _LEVELS - 1
_EMPTY: Final = _WHITE + 1


def _palette() -> NDArray[np.uint8]:
    hues = np.array([list(bytes.fromhex(hue)) for hue in _HUES], float)
    steps = np.linspace(0, 1, _LEVELS)[:, None]
    levels = hues[:, None] * (_DIMMEST + (1 - _DIMMEST) * steps)
    ink = _BACKGROUND_RGB + (np.array(_WHITE_RGB) - _BACKGROUND_RGB) * steps
    dots = hues * 0.3 + np.array(_WHITE_RGB) * 0.7
    colours = np.concatenate([levels.reshape(-1, 3), dots, ink, [_EMPTY_RGB]])
    return colours.round().astype(np.uint8)


_PALETTE: Final = _palette()


def _cell_colours(view: CoreView) -> NDArray[np.uint8]:
    """Palette index of each cell. A write loses half its brightness in core_size/4 turns."""
    freshness = 0.5 ** (np.maximum(view.age, 0) * 4 / len(view.owner))
    level = np.rint(freshness * (_LEVELS - 1)).astype(np.int64)
    hue = view.owner.astype(np.int64) % len(_HUES)
    return np.where(view.owner < 0, _EMPTY, hue * _LEVELS + level).astype(np.uint8)


def _dot_colours(view: CoreView) -> NDArray[np.uint8]:
    """Palette index of a process at each address: of the warrior that has the most there."""
    hue: NDArray[np.int64] = view.processes.argmax(axis=0) % len(_HUES)
    return (_DOTS + hue).astype(np.uint8)


# ---- Text

_COLUMNS: Final = 80


def ansi(view: CoreView, colour: bool = True) -> str:
    """The core as text of 80 columns, address 0 top left, and a line for each warrior.

    Args:
        colour: two cells in each half-block character, in 24-bit ANSI colours; a process is
            pale. Without, one letter a cell: ``a`` written by warrior 0, ``A`` with a process
            on it (of whichever warrior), ``.`` never written, ``*`` that with a process.
    """
    rows = _blocks(view) if colour else _letters(view)
    lines = [f"turn {view.turn} of {view.turns}"]
    for seat, text in enumerate(_status(view, name_width=40)):
        sign = f"{_escape(38, _full(seat))}\u2588\u2588\x1b[0m" if colour else _letter(seat)
        lines.append(f"{sign} {text}")
    return "\n".join([*rows, *lines, ""])


def _letters(view: CoreView) -> list[str]:
    signs = [
        (_letter(owner).upper() if owner >= 0 else "*") if busy else _letter(owner)
        for owner, busy in zip(view.owner.tolist(), view.occupied.tolist(), strict=True)
    ]
    return ["".join(signs[i : i + _COLUMNS]) for i in range(0, len(signs), _COLUMNS)]


def _letter(seat: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[seat % 26] if seat >= 0 else "."


def _blocks(view: CoreView) -> list[str]:
    colours = np.where(view.occupied, _dot_colours(view), _cell_colours(view))
    padded = np.full(-(-len(colours) // (2 * _COLUMNS)) * 2 * _COLUMNS, _INK)
    padded[: len(colours)] = colours
    pairs: list[list[list[int]]] = padded.reshape(-1, 2, _COLUMNS).tolist()
    lines = []
    for upper, lower in pairs:
        line, before = "", None
        for pair in zip(upper, lower, strict=True):
            if pair != before:
                line += _escape(38, pair[0]) + _escape(48, pair[1])
            line, before = line + "\u2580", pair
        lines.append(line + "\x1b[0m")
    return lines


def _escape(ground: int, index: int) -> str:
    red, green, blue = _PALETTE[index].tolist()
    return f"\x1b[{ground};2;{red};{green};{blue}m"


def _full(seat: int) -> int:
    """Palette index of a warrior's colour at its brightest."""
    return seat % len(_HUES) * _LEVELS + _LEVELS - 1


def _status(view: CoreView, name_width: int) -> list[str]:
    """A line for each warrior: its name, processes and cells."""
    lines = []
    for seat, name in enumerate(view.names):
        short = name if len(name) <= name_width else name[: name_width - 1] + "\u2026"
        processes, cells = int(view.processes[seat].sum()), int((view.owner == seat).sum())
        alive = f"{processes} process{'es' * (processes != 1)}" if processes else "dead"
        lines.append(f"{short}: {alive}, {cells} cell{'s' * (cells != 1)}")
    return lines


# ---- Pictures

_MARGIN, _WIDTH, _HEIGHT = 16, 800, 640
_LINE = 24
_NAMED = len(_HUES)  # warriors with a colour of their own; the footer names no more


def rgb(view: CoreView) -> NDArray[np.uint8]:
    """The picture, uint8, shape (height, 832, 3): the core row by row, address 0 top left, above
    a bar for the time, and a footer that names the warriors. The height, even, depends only on
    how many warriors there are; the core's area is 800 x 640 whatever its size."""
    return _PALETTE[_picture(view)]


def _picture(view: CoreView) -> NDArray[np.uint8]:
    footer = _LINE * (1 + -(-min(len(view.names), _NAMED) // 2))
    height = _MARGIN + _HEIGHT + _MARGIN + footer + _MARGIN // 2
    picture = np.full((height, _WIDTH + 2 * _MARGIN), _INK, np.uint8)
    _draw_core(picture, view)
    _draw_footer(picture[_MARGIN + _HEIGHT :, _MARGIN:-_MARGIN], view)
    return picture


def _draw_core(picture: NDArray[np.uint8], view: CoreView) -> None:
    size = len(view.owner)
    columns = math.ceil(math.sqrt(size * _WIDTH / _HEIGHT))
    rows = -(-size // columns)
    cell = min(_WIDTH // columns, _HEIGHT // rows)
    top = _MARGIN + (_HEIGHT - rows * cell) // 2
    left = _MARGIN + (_WIDTH - columns * cell) // 2

    def grid(values: NDArray[Any], rest: int) -> NDArray[Any]:
        """(rows, 1, columns, 1), with ``rest`` in the cells that the core does not have."""
        padding = np.full(rows * columns - size, rest, values.dtype)
        return np.concatenate([values, padding]).reshape(rows, 1, columns, 1)

    pixels = np.empty((rows, cell, columns, cell), np.uint8)
    pixels[:] = grid(_cell_colours(view), rest=_INK)
    if cell >= 4:  # room for a line between the cells
        pixels[:, -1] = pixels[..., -1] = _INK
    edge = cell // 4
    dots = pixels[:, edge : max(cell - 1 - edge, 1), :, edge : max(cell - 1 - edge, 1)]
    np.copyto(dots, grid(_dot_colours(view), 0), where=grid(view.occupied, False))
    picture[top : top + rows * cell, left : left + columns * cell] = pixels.reshape(
        rows * cell, columns * cell
    )
    for seat, address in enumerate(view.upcoming.tolist()):
        if address >= 0:  # else the warrior is dead
            y, x = top + address // columns * cell, left + address % columns * cell
            picture[y - 3 : y + cell + 2, x - 3 : x + cell + 2] = _WHITE
            picture[y - 1 : y + cell, x - 1 : x + cell] = _full(seat)


def _draw_footer(area: NDArray[np.uint8], view: CoreView) -> None:
    bar = area[_MARGIN // 2 : _MARGIN // 2 + 4]
    bar[:] = _EMPTY
    bar[:, : _WIDTH * view.turn // max(view.turns, 1)] = _WHITE
    unnamed = len(view.names) - _NAMED
    time = f"turn {view.turn:,} of {view.turns:,}" + f"; {unnamed} more warriors" * (unnamed > 0)
    sheet = Image.new("L", (area.shape[1], area.shape[0]))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    draw.text((0, _MARGIN), time, 160, font)
    entries = _status(view, name_width=20)[:_NAMED]
    corners = [(seat % 2 * _WIDTH // 2, _LINE * (1 + seat // 2)) for seat in range(len(entries))]
    for (x, y), text in zip(corners, entries, strict=True):
        draw.text((x + 20, _MARGIN + y), text, 255, font)
    ink = np.asarray(sheet) // (256 // _LEVELS)
    np.copyto(area, _INK + ink, where=ink > 0)
    for seat, (x, y) in enumerate(corners):
        area[_MARGIN + y + 4 : _MARGIN + y + 16, x : x + 12] = _full(seat)


# ---- Files and the screen

_FRAMES_A_SECOND, _REST_SECONDS = 20, 2  # and how long an animation rests on the round's end


def save_png(view: CoreView, file: Path) -> None:
    """Writes the picture of ``view``, as `rgb` shows it."""
    _image(view).save(file, "PNG")


def save_gif(views: Iterable[CoreView], file: Path) -> None:
    """Writes an endless animation of 20 frames a second.

    Raises:
        ValueError: there are no views.
    """
    images = map(_image, views)
    first = _first(images, file)
    first.save(file, "GIF", save_all=True, append_images=images, loop=0, optimize=False)


def save_mp4(views: Iterable[CoreView], file: Path) -> None:
    """Writes an H.264 film of 20 frames a second, with the system's ffmpeg.

    Raises:
        ValueError: there are no views.
        RuntimeError: there is no ffmpeg, or it failed; the message holds what it said.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise RuntimeError(
            "MP4 needs ffmpeg: install it (sudo apt-get install ffmpeg), or make a GIF (--gif)"
        )
    pictures = map(rgb, views)
    first = _first(pictures, file)
    height, width, _ = first.shape
    command = [ffmpeg, "-y", "-loglevel", "error", "-f", "rawvideo", "-pixel_format", "rgb24"]
    command += ["-video_size", f"{width}x{height}", "-framerate", str(_FRAMES_A_SECOND), "-i", "-"]
    command += ["-vf", f"tpad=stop_mode=clone:stop_duration={_REST_SECONDS}"]
    command += ["-pix_fmt", "yuv420p", "-f", "mp4", f"file:{file}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        try:
            for picture in chain([first], pictures):
                encoder.stdin.write(picture.tobytes())
        except BrokenPipeError:
            pass  # it gave up, and says why below
        _, complaint = encoder.communicate()
    if encoder.returncode:
        raise RuntimeError(f"ffmpeg could not write {file}: {complaint.decode().strip()}")


def _image(view: CoreView) -> Image.Image:
    image = Image.fromarray(_picture(view))
    image.putpalette(_PALETTE.tobytes())
    last = view.turn == view.turns
    image.info["duration"] = 1000 * _REST_SECONDS if last else 1000 // _FRAMES_A_SECOND
    return image


def _first(pictures: Iterator[Picture], file: Path) -> Picture:
    first = next(pictures, None)
    if first is None:
        raise ValueError(f"no views for {file}; an animation needs at least one")
    return first
