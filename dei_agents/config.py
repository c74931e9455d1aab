"""The configuration of a search, as written in ``configs/*.toml``.

Defaults carry the marks of their sources: [S] stated by the DEI paper or notes on it, [C] read
in DRQ's public code, [I] inferred.
"""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from coreenv.config import CoreConfig, ruleset


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CoreSettings(_Settings):
    """The rules the warriors fight under."""

    ruleset: str = "nop94"
    """A named ruleset [C]."""
    max_cycles: int | None = Field(default=None, ge=1)
    """Cycles a battle, if other than the ruleset's 80,000 [S]."""

    @field_validator("ruleset")
    @classmethod
    def _known(cls, name: str) -> str:
        ruleset(name)
        return name

    @property
    def config(self) -> CoreConfig:
        rules = ruleset(self.ruleset)
        return rules if self.max_cycles is None else replace(rules, max_cycles=self.max_cycles)


class SearchSettings(_Settings):
    """What every node does in a round."""

    rounds: int = Field(default=10, ge=1)
    """Rounds a node [C]."""
    calls: int = Field(default=62, ge=1)
    """Calls of the mutation policy, a node and round: floor(250 / 4) [S]."""
    n_init: int = Field(default=8, ge=0)
    """New warriors at the start of a round [C]; they come out of ``calls``."""
    p_new: float = Field(default=0.1, ge=0, le=1)
    """Probability that a later call asks for a new warrior instead of a mutation [S, C]."""
    placements: int = Field(default=20, ge=1)
    """Battles an evaluation [S]."""
    placement: Literal["pmars", "drq"] = "pmars"
    """Placement scheme: rotating seats, new each round; or as published, for comparison [C]."""
    last_k: int = Field(default=20, ge=0)
    """How many of the newest champions, own and received, are opponents and seeds [C]."""
    seed_policy: Literal["elitist", "empty_only"] = "elitist"
    """May a received champion replace a weaker elite, or only fill an empty cell? [I]"""
    initial_opponents: tuple[str, ...] = ("Imp",)
    """Opponents of every round, never seeds: dev members of the hill, or .red files [C]."""


class ExchangeSettings(_Settings):
    """How champions travel."""

    mode: Literal["async", "lockstep"] = "async"
    """``async``: a node takes what has arrived [S]. ``lockstep``: round r reads exactly round
    r - 1 of every living peer, so that equal seeds give equal archives."""


class NodeSettings(_Settings):
    """One node: which mutation policy it is bound to, for life [S]."""

    policy: str


class EvaluationSettings(_Settings):
    """What the result is measured against."""

    hill: str = "v1"
    """A bundled hill, or a directory with a hill.toml."""


class RunConfig(_Settings):
    """A whole search."""

    name: str = Field(default="run", min_length=1, max_length=60, pattern=r"^[\w.-]+$")
    seed: int = Field(default=1, ge=0)
    core: CoreSettings = CoreSettings()
    search: SearchSettings = SearchSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    nodes: tuple[NodeSettings, ...] = Field(min_length=1, max_length=256)

    @model_validator(mode="after")
    def _fits(self) -> "RunConfig":
        rules = self.core.config
        warriors = 1 + len(self.search.initial_opponents) + self.search.last_k
        room = rules.core_size // rules.min_distance
        if warriors > room:
            raise ValueError(
                f"the candidate, {len(self.search.initial_opponents)} search.initial_opponents and "
                f"search.last_k {self.search.last_k} make {warriors} warriors; a core of "
                f"{rules.core_size} cells at distance {rules.min_distance} holds {room}"
            )
        return self


class ConfigError(ValueError):
    """A configuration that cannot be run; the text is one line that names the culprit."""


def load_config(path: Path) -> RunConfig:
    """Read a TOML file.

    Raises:
        ConfigError: the file is missing or no TOML, or a key or value is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from None
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_fault(error)}") from None


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "value_error":
        return f"{key}: {fault['ctx']['error']}" if key else str(fault["ctx"]["error"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}"
    if fault["type"] == "missing":
        return f"{key} is missing"
    return f"{key} is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
