"""The command ``dei arena``: an episode to watch, and its standings."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from coreenv.config import ruleset
from dei_agents.arena import ArenaResult, arena
from dei_agents.config import ConfigError
from dei_agents.policies import builtin
from eval.files import write_whole


def command(
    names: str,
    *,
    steps: int,
    seed: int,
    rules: str = "nop94",
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """``dei arena``: play with built-in operators, show every step, print the standings.

    Args:
        names: of the operators, with commas between.
        rules: name of a ruleset.
        out: folder for the warriors at the end, one file an agent; made if missing.
        as_json: print the result as JSON, not as a table.

    Raises:
        ConfigError: an unknown operator or ruleset, or what `arena` raises.
    """
    try:
        policies = [builtin(name.strip()) for name in names.split(",")]
        config = ruleset(rules)
    except ValueError as error:
        raise ConfigError(f"arena: {error}") from None
    terminal = Console(stderr=True)
    with Live(console=terminal, auto_refresh=False) as live:
        result = arena(
            policies,
            steps=steps,
            seed=seed,
            config=config,
            on_step=lambda so_far: live.update(table(so_far, steps), refresh=True),
        )
        live.update("")
    for standing in result.standings:
        if standing.halted:
            stopped = f"{standing.agent} stopped: {standing.halted}"
            terminal.print(stopped, highlight=False, markup=False, soft_wrap=True)
    if out is not None:
        write_warriors(result, out)
        terminal.print(f"warriors: {out}", highlight=False, soft_wrap=True)
    if as_json:
        print(result.model_dump_json(indent=1))
    else:
        Console().print(table(result, steps))
    return 0


def write_warriors(result: ArenaResult, folder: Path) -> None:
    """Write every agent's last warrior as ``AGENT.red``."""
    folder.mkdir(parents=True, exist_ok=True)
    for standing in result.standings:
        write_whole(folder / f"{standing.agent}.red", standing.redcode)


def table(result: ArenaResult, steps: int) -> Table:
    """The standings, best mean reward first, for a terminal of 80 columns."""
    title = f"arena, {result.ruleset}, seed {result.seed}: step {result.steps} of {steps}"
    view = Table(box=box.SIMPLE_HEAD, title=title, title_style="bold", title_justify="left")
    view.add_column("agent", no_wrap=True)
    view.add_column("operator", no_wrap=True)
    for heading in ("mean reward", "last", "steps won", "rejected", "length"):
        view.add_column(heading, justify="right", no_wrap=True)
    for standing in sorted(result.standings, key=lambda s: -s.mean_reward):
        view.add_row(
            standing.agent,
            standing.operator,
            f"{standing.mean_reward:.3f}",
            f"{standing.last_reward:.3f}",
            str(standing.wins),
            str(standing.rejected),
            str(standing.length),
        )
    return view
