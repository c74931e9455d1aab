"""What the language models of a search did and cost: a section of the report page."""

from eval.markup import NOTHING, name, percent, row, table
from eval.summary import ModelSummary, Summary


def language_models(summary: Summary) -> str:
    """Two tables, a row a model; a sentence where no model was asked."""
    if not summary.models:
        return "<p>No language model was asked: every node ran a built-in operator.</p>"
    spent = ("Model", "Calls", "Tokens in", "Tokens out", "Cost", "Of it uncertain", "Half within")
    became = (
        "Model",
        "Placed",
        "Beaten",
        "Duplicate",
        "Rejected",
        "Refused",
        "Cut off",
        "Failed",
        "Causes",
    )
    note = (
        "A call is one completion. Cost is in dollars by the run's table of prices; where a "
        "provider gave no figures, or its answer was lost, a call is taken at the most it can have "
        "cost, which is the uncertain part. Times are of calls, retries and waits included: the "
        "time within which half, 90% and 99% were answered."
    )
    return "\n".join(
        (
            table("Spent", (*spent, "90%", "99%"), map(_spent, summary.models)),
            f"<p>{note}</p>",
            table("What became of the calls", became, map(_became, summary.models)),
        )
    )


def _spent(model: ModelSummary) -> str:
    cost, uncertain = (
        (NOTHING, NOTHING)
        if model.usd is None
        else (f"${model.usd:.4f}", f"${model.uncertain_usd:.4f}")
    )
    return row(
        name(model.model),
        str(model.calls),
        f"{model.input_tokens:,}",
        f"{model.output_tokens:,}",
        cost,
        uncertain,
        *(f"{seconds:.1f} s" for seconds in model.seconds),
    )


def _became(model: ModelSummary) -> str:
    counts = (
        model.placed,
        model.beaten,
        model.duplicates,
        model.rejected,
        model.refused,
        model.truncated,
        model.failed,
    )
    shares = (percent(count / model.calls) if model.calls else NOTHING for count in counts)
    causes = ", ".join(f"{count} {fault}" for fault, count in model.faults.items())
    return row(name(model.model), *shares, name(causes) if causes else NOTHING)
