"""A language model as a mutation operator."""

from collections.abc import Callable

from coreenv.config import CoreConfig
from dei_agents.answers import best_source
from dei_agents.completion import Client, Prompt
from dei_agents.config import NodeSettings
from dei_agents.policy import CallId, Context, Proposal
from dei_agents.prompts import prompt
from eval.record import Answer

Complete = Callable[[CallId, Prompt], Answer]
"""Gets the answer to a prompt: from a provider, or from the record of an earlier run."""


def open_client(settings: NodeSettings, rules: CoreConfig) -> Client:
    """The client of a node's provider; its SDK is loaded when first asked for.

    Args:
        settings: of the node.
        rules: of the search, for a server that is sent the grammar of Redcode.

    Raises:
        ValueError: the key is missing, or a setting is not the provider's.
    """
    if settings.policy == "anthropic":
        from dei_agents.policies import anthropic

        return anthropic.client(settings)
    from dei_agents.policies import openai

    return openai.client(settings, rules)


class ModelPolicy:
    """Asks a language model: prompt, completion, and the program found in it.

    Args:
        settings: of the node.
        complete: how a prompt gets its answer.
    """

    def __init__(self, settings: NodeSettings, complete: Complete) -> None:
        self.name = settings.label
        self._settings, self._complete = settings, complete

    def check(self, config: CoreConfig) -> None:
        """Any rules will do: the prompt states them."""

    def prompt(self, context: Context) -> Prompt:
        """What is sent for ``context``."""
        return prompt(context, self._settings.feedback, self._settings.persona)

    def propose(self, context: Context) -> Proposal:
        """One completion, and the program in it.

        Raises:
            HaltError: see `MutationPolicy`.
        """
        answer = self._complete(context.call, self.prompt(context))
        if answer.status in ("refused", "failed"):
            return Proposal("", answer)
        return Proposal(best_source(answer.text, context.config), answer)
