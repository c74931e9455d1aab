"""What language models cost: a dated table in the package, overridden by the configuration."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from dei_agents.config import ConfigError, Price, RunConfig

_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("dei_agents").joinpath("prices.toml").read_text(encoding="utf-8"))


def as_of() -> str:
    """The day of the package's table, such as 2026-11-24."""
    return str(_table()["as_of"])


def price_of(model: str, own: Mapping[str, Price]) -> Price | None:
    """The price of a model, or of the model whose dated version it is; None if unknown."""
    known = {name: Price(**price) for name, price in _table()["models"].items()} | dict(own)
    return known.get(model) or known.get(_DATED.sub("", model))


def check_prices(config: RunConfig) -> None:
    """A cap on money needs a price for every model that it caps.

    Raises:
        ConfigError: a price is missing: an unknown price is not zero.
    """
    for index, node in enumerate(config.nodes):
        capped = config.budget.usd is not None or node.budget.usd is not None
        models = [arm.label for arm in config.arms(index) if arm.is_model] if capped else []
        for model in models:
            if price_of(model, config.prices) is not None:
                continue
            raise ConfigError(
                f"nodes.{index}.model: no price is known for {model!r}, so that a cap in "
                f'dollars cannot hold; set [prices."{model}"] input and output, in dollars '
                "for a million tokens (0 for a model of your own)"
            )
