"""How figures are written, in the terminal and on the pages."""


def points(value: float | None) -> str:
    """A figure with one decimal; nothing if there is none."""
    return "" if value is None else f"{value:.1f}"


def percent(value: float | None) -> str:
    """A share of 0..1; nothing if there is none."""
    return "" if value is None else f"{value:.0%}"
