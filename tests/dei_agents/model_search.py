"""Searches whose nodes ask a fake provider, run as users run them: the command in a process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eval.record import Event, EventReader

KEY = "sk-test-0123456789abcdef"

CHAT = {"policy": "openai", "api": "chat"}
RESPONSES = {"policy": "openai", "api": "responses"}
MESSAGES = {"policy": "anthropic"}


def model(url: str, name: str, protocol: Mapping[str, object], **more: object) -> dict[str, object]:
    """A node that asks the model ``name`` of a fake provider."""
    base = url if protocol["policy"] == "anthropic" else f"{url}/v1"
    return {"model": name, "base_url": base, "key_env": "FAKE_KEY", **protocol, **more}


def configuration(
    nodes: Iterable[Mapping[str, object]],
    *,
    mode: str = "async",
    budget: Mapping[str, object] | None = None,
    seed: int = 3,
    **search: object,
) -> dict[str, Any]:
    settings = {"rounds": 2, "calls": 6, "n_init": 2, "placements": 2, "last_k": 3} | search
    return {
        "name": "models",
        "seed": seed,
        "core": {"ruleset": "nop94", "max_cycles": 1000},
        "search": settings,
        "exchange": {"mode": mode},
        "budget": dict(budget or {}),
        "nodes": list(nodes),
    }


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "dei_agents.cli", *map(str, arguments)]


def environment(key: str | None = KEY) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    return kept | ({"FAKE_KEY": key} if key else {})


def dei(*arguments: object, key: str | None = KEY) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=300, env=environment(key)
    )


def write_config(folder: Path, config: Mapping[str, Any]) -> Path:
    """A configuration as TOML."""
    lines = [f"{key} = {json.dumps(config[key])}" for key in ("name", "seed")]
    for part in ("core", "search", "exchange", "budget"):
        lines += [f"[{part}]", *(f"{k} = {json.dumps(v)}" for k, v in config[part].items())]
    for node in config["nodes"]:
        lines += ["[[nodes]]"]
        lines += [f"{k} = {json.dumps(v)}" for k, v in node.items() if k != "budget"]
        if "budget" in node:
            lines += ["[nodes.budget]"]
            lines += [f"{k} = {json.dumps(v)}" for k, v in node["budget"].items()]
    path = folder / "search.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def events(run: Path, node: int) -> list[Event]:
    return EventReader(run / "events" / f"node-{node}.jsonl").read()


def summary(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return found
