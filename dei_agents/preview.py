"""What a search would ask and cost: `dei run --dry-run`. Nothing is sent and nothing is written."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from coreenv.redcode import Warrior
from coreenv.seeds import Domain, generator
from dei_agents.budget import cost
from dei_agents.completion import FRAME_TOKENS, Prompt
from dei_agents.config import NodeSettings, RunConfig
from dei_agents.policy import CallId, Context, Opponent
from dei_agents.prices import as_of, price_of
from dei_agents.prompts import MAX_BYTES, prompt
from eval.record import Usage

BYTES_A_TOKEN = 3.5
"""Of a prompt, on average: Redcode has shorter tokens than prose. An estimate, unlike the caps."""

ANSWER_TOKENS = 1000
"""Of an answer, on average; models that reason write several times as many."""


def preview(config: RunConfig, initial: tuple[Warrior, ...]) -> RenderableType:
    """Calls, estimated tokens and money, and the first prompt of every node."""
    prompts = {
        index: first_prompt(config, index, initial)
        for index, node in enumerate(config.nodes)
        if node.is_model
    }
    return Group(_table(config, prompts), *_notes(config), *map(_shown, prompts.items()))


def first_prompt(config: RunConfig, node: int, initial: tuple[Warrior, ...]) -> Prompt:
    """What node ``node`` will send first."""
    settings = config.nodes[node]
    rng = generator(config.seed, Domain.CALL, node, 1, 1)
    rng.random(2)  # the draws that choose a parent, as in `Node.begin`
    context = Context(
        config=config.core.config,
        rng=rng,
        opponents=tuple(map(Opponent, initial)),
        call=CallId(node, 1, 1),
    )
    return prompt(context, settings.feedback, settings.persona)


def _table(config: RunConfig, prompts: dict[int, Prompt]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=f"{config.name}: nothing is sent", title_style="bold")
    table.add_column("", justify="right")
    table.add_column("policy")
    for heading in ("calls", "tokens in", "out", "cost", "at most"):
        table.add_column(heading, justify="right", no_wrap=True)
    for index, node in enumerate(config.nodes):
        calls = config.search.rounds * config.search.calls
        figures = ["-"] * 4
        if index in prompts:
            figures = _figures(config, node, prompts[index], calls)
        table.add_row(str(index), Text(node.label), str(calls), *figures)
    return table


def _figures(config: RunConfig, node: NodeSettings, first: Prompt, calls: int) -> list[str]:
    size = first.most_tokens
    likely = Usage(
        input_tokens=round(size / BYTES_A_TOKEN) * calls,
        output_tokens=min(ANSWER_TOKENS, node.max_output_tokens) * calls,
    )
    longest = MAX_BYTES + FRAME_TOKENS
    worst = Usage(input_tokens=longest * calls, output_tokens=node.max_output_tokens * calls)
    price = price_of(node.label, config.prices)
    costs = ["?", "?"]
    if price is not None:
        costs = [f"${cost(price, usage) / 1e6:.2f}" for usage in (likely, worst)]
    return [f"{likely.input_tokens:,}", f"{likely.output_tokens:,}", *costs]


def _notes(config: RunConfig) -> list[Text]:
    caps = [
        f"{key} {value}" for key, value in config.budget.model_dump().items() if value is not None
    ]
    notes = [
        f"cost: {BYTES_A_TOKEN} bytes a token, {ANSWER_TOKENS} tokens an answer; prompts of later "
        "calls are longer",
        "at most: the longest prompts, a token a byte, and every answer at its limit; a cap "
        "counts so until an answer is there",
        f"prices of {as_of()}, in dollars; override them under [prices]",
        f"caps of the run: {', '.join(caps) or 'none'}",
    ]
    return [Text(f" {note}", style="dim") for note in notes]


def _shown(node_prompt: tuple[int, Prompt]) -> RenderableType:
    node, sent = node_prompt
    heading = Text(f"\nnode {node}, first prompt, system part", style="bold")
    return Group(heading, Text(sent.system), Text("\nrequest", style="bold"), Text(sent.user))
