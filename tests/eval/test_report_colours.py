"""The report's colours: readable on both grounds, and different to every eye."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from eval import plots


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB of an sRGB colour, three values of 0..1."""
    channels = np.frombuffer(bytes.fromhex(colour[1:]), np.uint8) / 255
    curved = ((channels + 0.055) / 1.055) ** 2.4
    return np.where(channels <= 0.04045, channels / 12.92, curved)


def contrast(a: str, b: str) -> float:
    """WCAG 2 contrast ratio of two colours, 1..21."""
    low, high = sorted(float(linear(colour) @ (0.2126, 0.7152, 0.0722)) for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


THEMES = pytest.mark.parametrize("theme", [plots.LIGHT, plots.DARK], ids=["light", "dark"])


@THEMES
def test_colours_can_be_read(theme: dict[str, str]) -> None:
    assert list(theme) == list(plots.LIGHT)
    assert len(set(theme.values())) == len(theme)
    for ground in ("paper", "panel"):
        assert contrast(theme["ink"], theme[ground]) >= 7
        assert contrast(theme["muted"], theme[ground]) >= 4.5
    for node in range(8):
        colour = theme[plots.node_colour(node)]
        assert contrast(theme["on-node"], colour) >= 4.5, node
        assert contrast(theme["paper"], colour) >= 3, node


SIGHT = {
    "full": np.eye(3),
    "protan": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deutan": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9690]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}
"""What is left of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)."""


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of linear RGB under D65: equal distances look about equally different."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.clip(to_xyz @ rgb.clip(0, 1) / (0.9505, 1, 1.089), 1e-4, 1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@THEMES
@pytest.mark.parametrize("sight", SIGHT)
def test_nodes_differ_to_every_eye(theme: dict[str, str], sight: str) -> None:
    seen = [lab(SIGHT[sight] @ linear(theme[plots.node_colour(node)])) for node in range(8)]
    distances = [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    assert min(distances) >= 10
