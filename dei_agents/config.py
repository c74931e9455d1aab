"""The configuration of a search, as written in ``configs/*.toml``.

Defaults carry the marks of their sources: [S] stated by the DEI paper or notes on it, [C] read
in DRQ's public code, [I] inferred.
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from coreenv.config import CoreConfig, ruleset

S = TypeVar("S")

PROVIDERS = ("openai", "anthropic")
"""Policies that ask a language model."""


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
    allocation: Literal["static", "bandit"] = "static"
    """``static``: a node calls its own policy [S]. ``bandit``: a node may call the policy of any
    node, and more often those that fill or improve cells; beyond the paper."""
    last_k: int = Field(default=20, ge=0)
    """How many of the newest champions, own and received, are opponents and seeds [C]."""
    seed_policy: Literal["elitist", "empty_only"] = "elitist"
    """May a received champion replace a weaker elite, or only fill an empty cell? [I]"""
    initial_opponents: tuple[str, ...] = ("Imp",)
    """Opponents of every round, never seeds: dev members of the hill, or .red files [C]."""


class ExchangeSettings(_Settings):
    """How champions travel."""

    mode: Literal["async", "lockstep", "none"] = "async"
    """``async``: a node takes what has arrived [S]. ``lockstep``: round r reads exactly round
    r - 1 of every living peer, so that equal seeds give equal archives. ``none``: nobody
    takes anything, to see what the exchange brings."""
    topology: Literal["all", "ring", "gossip"] = "all"
    """Whom a node listens to. ``all``: every peer [S]. ``ring``: the node before it. ``gossip``:
    ``fanout`` peers, drawn anew every round. The last two are beyond the paper."""
    fanout: int = Field(default=2, ge=1)
    """Peers that a node listens to in a round of gossip."""


class BudgetSettings(_Settings):
    """Hard caps, requests in flight included; None is no cap."""

    calls: int | None = Field(default=None, ge=1)
    """Calls of the mutation policy."""
    tokens: int | None = Field(default=None, ge=1)
    """Input and output tokens."""
    usd: float | None = Field(default=None, gt=0)
    """Dollars, by the table of prices."""


class Price(_Settings):
    """What a model costs, in dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class NodeSettings(_Settings):
    """One node: which mutation policy it is bound to, for life [S].

    All below ``budget`` is for language models only.
    """

    policy: str
    """A built-in operator, or the protocol of a language model: `openai`, `anthropic`."""
    cores: int = Field(default=1, ge=1)
    """How many parts of an evaluation's battles are played at once; it changes no result."""
    budget: BudgetSettings = BudgetSettings()
    """Caps of this node alone, beside those of the run."""
    model: str | None = None
    """The model's name, as its server takes it."""
    api: Literal["responses", "chat"] = "responses"
    """Which of OpenAI's two protocols; nearly all other servers speak only `chat`."""
    base_url: str | None = None
    """Address of an OpenAI- or Anthropic-compatible server, if not the provider's own."""
    key_env: str | None = None
    """Environment variable that holds the key; default OPENAI_API_KEY or ANTHROPIC_API_KEY, and
    with a ``base_url`` none: a provider's key is not sent to other servers unasked."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None leaves it to the server: many models take no temperature. DRQ used 1.0 [C]."""
    max_output_tokens: int = Field(default=8192, ge=16)
    """Most tokens of an answer, hidden reasoning included."""
    extra: dict[str, JsonValue] = Field(default={}, max_length=20)
    """Further keys of the request's body, such as the effort of a reasoning model."""
    grammar: bool = False
    """Send the grammar of Redcode: llama.cpp and servers like it then write nothing else."""
    deadline: float = Field(default=120.0, gt=0)
    """Seconds a call may take in all, retries and waits included."""
    retries: int = Field(default=4, ge=0, le=20)
    """Requests repeated after a refusal of the moment (429, 5xx) or without a connection."""
    in_flight: int = Field(default=1, ge=1, le=64)
    """Calls at once. Proposals are judged in the order of their calls, so that call k knows the
    results of all calls up to k - in_flight."""
    feedback: Literal["results", "none"] = "results"
    """Tell the model its parent's results, or as published nothing but the parent [S]."""
    repair: int = Field(default=0, ge=0, le=8)
    """How often the assembler's errors go back to the model; each time is a call."""
    persona: str = Field(default="", max_length=2000)
    """Said to this node's model about itself; beyond the paper."""

    @property
    def is_model(self) -> bool:
        return self.policy in PROVIDERS

    @property
    def label(self) -> str:
        """What tables call the node: its model, or its operator."""
        return self.model or self.policy

    @model_validator(mode="after")
    def _complete(self) -> "NodeSettings":
        if self.is_model and not self.model:
            raise ValueError(f"policy {self.policy!r} needs model, the name of the model to ask")
        if not self.is_model:
            fields = type(self).model_fields
            for key in list(fields)[list(fields).index("model") :]:
                if getattr(self, key) != fields[key].default:
                    raise ValueError(f"{key} is for language models; {self.policy!r} is none")
        return self


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
    restarts: int = Field(default=3, ge=0)
    """How often a node that dies is started again, from its record."""
    budget: BudgetSettings = BudgetSettings()
    prices: dict[str, Price] = {}
    """By model, before those of the package's own dated table."""
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

    def arms(self, node: int) -> tuple[NodeSettings, ...]:
        """The policies that a node may call: its own, or its own first and then all others."""
        own = self.nodes[node]
        if self.search.allocation == "static":
            return (own,)
        return (own, *(peer for i, peer in enumerate(self.nodes) if i != node))

    def search_difference(self, other: "RunConfig") -> str | None:
        """The first key of the search itself in which ``other`` differs, None if there is none.

        Budgets, prices, cores and how a provider is reached are no part of the search.
        """
        mine, theirs = _search_keys(self), _search_keys(other)
        return next((key for key in mine if mine[key] != theirs.get(key)), None)


FREE_KEYS = {"budget", "cores", "base_url", "key_env", "deadline", "retries"}
"""Keys of a node that may change when a run is resumed."""


def _search_keys(config: RunConfig) -> dict[str, object]:
    """What makes a search what it is, by dotted key."""
    keys: dict[str, object] = {"nodes": len(config.nodes)}
    for part in ("name", "seed", "core", "search", "exchange", "evaluation"):
        keys[part] = getattr(config, part)
    for index, node in enumerate(config.nodes):
        for key in set(NodeSettings.model_fields) - FREE_KEYS:
            keys[f"nodes.{index}.{key}"] = getattr(node, key)
    return keys


class ConfigError(ValueError):
    """A configuration that cannot be run; the text is one line that names the culprit."""


def load_config(path: Path) -> RunConfig:
    """Read a search; see `load_settings`."""
    return load_settings(path, RunConfig.model_validate)


def load_settings(path: Path, validate: Callable[[dict[str, Any]], S]) -> S:
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
        return validate(data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_fault(error)}") from None


def parse_overrides(config: RunConfig, flags: Sequence[str], program: str) -> RunConfig:
    """The configuration with keys overridden by flags, such as ``--search.rounds 7``.

    Exits like every command line for ``--settings``, which lists the flags, and for bad flags.
    """
    if not flags:
        return config
    import tyro

    args = ["--help" if flag == "--settings" else flag for flag in flags]
    return tyro.cli(RunConfig, default=config, args=args, prog=program)


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
