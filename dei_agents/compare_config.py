"""The configuration of a comparison, such as ``configs/compare.toml``, and its runs."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from coreenv.hill import Hill
from dei_agents.config import (
    FREE_KEYS,
    BudgetSettings,
    CoreSettings,
    EvaluationSettings,
    ExchangeSettings,
    NodeSettings,
    Price,
    RunConfig,
    SearchSettings,
    load_settings,
)
from eval.comparison_report import Setup
from eval.trial import BY_MODEL, CONDITIONS, TOPOLOGIES, Condition

DEFAULT_CONDITIONS = tuple(c for c in CONDITIONS if c not in TOPOLOGIES)


class CompareConfig(BaseModel):
    """What is compared: the tables are those of a `RunConfig`, and hold for every run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="compare", min_length=1, max_length=60, pattern=r"^[\w.-]+$")
    seeds: tuple[int, ...] = Field(min_length=1)
    """Of the runs: all conditions run with every one of them, and are compared pair by pair."""
    conditions: tuple[Condition, ...] = Field(default=DEFAULT_CONDITIONS, min_length=1)
    core: CoreSettings = CoreSettings()
    search: SearchSettings = SearchSettings()
    """``calls`` is that of a node in an ensemble; a solo node gets all that its peers would."""
    exchange: ExchangeSettings = ExchangeSettings(mode="lockstep")
    """In lockstep unless its ``mode`` says otherwise: results then depend on the seeds alone. The
    topology holds where the condition is not called like another."""
    evaluation: EvaluationSettings = EvaluationSettings()
    budget: BudgetSettings = BudgetSettings()
    """Caps of every single run. A run that meets one is no result: it waits to be resumed."""
    prices: dict[str, Price] = {}
    models: tuple[NodeSettings, ...] = Field(min_length=2, max_length=256)
    """The models, or built-in operators, of the heterogeneous ensemble: one a node. One may be
    there several times."""

    @field_validator("exchange", mode="before")
    @classmethod
    def _in_lockstep(cls, table: object) -> object:
        return {"mode": "lockstep"} | table if isinstance(table, dict) else table

    @field_validator("seeds", "conditions")
    @classmethod
    def _distinct(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(values)) < len(values):
            raise ValueError(f"{values} holds something twice")
        return values

    @model_validator(mode="after")
    def _one_topology(self) -> "CompareConfig":
        named = [condition for condition in self.conditions if condition in TOPOLOGIES]
        if named and self.exchange.topology != "all":
            raise ValueError(
                f"exchange.topology is {self.exchange.topology!r}, and conditions has "
                f"{' and '.join(named)}, to be compared with all-to-all: leave one of the two out"
            )
        return self

    @property
    def calls(self) -> int:
        """Of the whole run, the same in every condition."""
        return self.search.rounds * self.search.calls * len(self.models)

    def setup(self) -> Setup:
        """What all runs have in common."""
        search = self.search
        return Setup(
            name=self.name,
            models=_labels(self.models),
            rounds=search.rounds,
            calls=self.calls,
            n_init=search.n_init,
            p_new=search.p_new,
            placements=search.placements,
            last_k=search.last_k,
            initial_opponents=search.initial_opponents,
            exchange=self.exchange.mode,
            topology=self.exchange.topology,
            fanout=self._fanout(),
            core=self.core.config.to_dict(),
            seeds=self.seeds,
            conditions=self.conditions,
        )

    def _fanout(self) -> int | None:
        """Peers a node hears in gossip, None where nobody gossips."""
        gossip = "gossip" in self.conditions or self.exchange.topology == "gossip"
        return min(self.exchange.fanout, len(self.models) - 1) if gossip else None

    def run(self, condition: Condition, member: int | None, seed: int) -> RunConfig:
        """The search that a condition stands for."""
        nodes = self.models
        search, exchange = self.search.model_dump(), self.exchange.model_dump()
        if member is not None:
            nodes = (self.models[member],) * (1 if condition == "solo" else len(self.models))
        if condition == "solo":
            search["calls"] *= len(self.models)
        if condition == "no_exchange":
            exchange["mode"] = "none"
        if condition in TOPOLOGIES:
            exchange["topology"] = condition
        if condition in ("random_search", "best_of_n"):
            search["p_new"] = 1.0
        return RunConfig.model_validate(
            {
                "name": _name(condition, member, nodes[0].label),
                "seed": seed,
                "core": self.core,
                "search": search,
                "exchange": exchange,
                "evaluation": self.evaluation,
                "budget": self.budget,
                "prices": self.prices,
                "nodes": nodes,
            }
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A search, and the conditions it stands for.

    Random search and the best of N make the same calls: one search serves both.

    Attributes:
        config: of the search.
        conditions: one or two.
        member: index of its only model; None if it has them all.
        models: of every node, index in the comparison.
    """

    config: RunConfig
    conditions: tuple[Condition, ...]
    member: int | None
    models: tuple[int, ...]

    @property
    def folder(self) -> str:
        """Name of its run folder."""
        return _slug(self.config.name, self.config.seed)

    def file(self, condition: Condition) -> str:
        """Name of a result's file."""
        label = self.config.nodes[0].label if self.member is not None else ""
        return _slug(_name(condition, self.member, label), self.config.seed) + ".json"

    def digest(self, condition: Condition, hill: Hill, made_by: str) -> str:
        """SHA-256 of all that the result depends on."""
        inputs = self.inputs(condition, hill, made_by)
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def inputs(self, condition: Condition, hill: Hill, made_by: str) -> dict[str, object]:
        """All that the result depends on, fit for JSON."""
        # Keys at their defaults are left out, so that a new one leaves older results valid; whoever
        # changes a default raises the version.
        search = self.config.model_dump(
            mode="json",
            exclude_defaults=True,
            exclude={"budget": True, "prices": True, "nodes": {"__all__": FREE_KEYS}},
        )
        return {
            "search": search,
            "condition": condition,
            "models": self.models,
            "hill": hill.hash,
            "made_by": made_by,
        }


def _labels(models: Sequence[NodeSettings]) -> tuple[str, ...]:
    """What tables call the models; those that are called the same are numbered."""
    copies, met, labels = Counter(model.label for model in models), Counter[str](), []
    for label in (model.label for model in models):
        met[label] += 1
        several = copies[label] > 1
        labels.append(f"{label} ({met[label]} of {copies[label]})" if several else label)
    return tuple(labels)


def _name(condition: Condition, member: int | None, label: str) -> str:
    if member is None:
        return condition
    return f"{condition}-{member}-{re.sub(r'[^A-Za-z0-9.-]+', '-', label)[:30]}"


def _slug(name: str, seed: int) -> str:
    return f"{name}-seed-{seed}"


def load_comparison(path: Path) -> tuple[CompareConfig, tuple[Run, ...]]:
    """Read a TOML file; the runs come seed by seed, so that whatever is finished can be compared.

    Raises:
        ConfigError: the file is missing or no TOML, or a key or value is wrong.
    """

    def validate(data: dict[str, object]) -> tuple[CompareConfig, tuple[Run, ...]]:
        config = CompareConfig.model_validate(data)
        return config, tuple(run for seed in config.seeds for run in _runs(config, seed))

    return load_settings(path, validate)


def _runs(config: CompareConfig, seed: int) -> Iterator[Run]:
    everybody = tuple(range(len(config.models)))
    written_anew = tuple(c for c in config.conditions if c in ("random_search", "best_of_n"))
    for condition in config.conditions:
        if condition in written_anew[1:]:
            continue
        conditions = written_anew if condition in written_anew else (condition,)
        for member in everybody if condition in BY_MODEL else (None,):
            search = config.run(condition, member, seed)
            models = everybody if member is None else (member,) * len(search.nodes)
            yield Run(search, conditions, member, models)
