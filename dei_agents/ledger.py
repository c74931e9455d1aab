"""Every request of a node to a language model: intended, answered, paid, each on disk in time."""

import asyncio
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Self

from dei_agents.budget import Purse, Spending, cost
from dei_agents.completion import Client, Prompt
from dei_agents.config import Price
from dei_agents.history import Exchanged
from dei_agents.policy import CallId, HaltError
from eval.record import FATAL, NO_TOKENS, UNCERTAIN, Answer, Answered, Asked, Event, Usage


class Line:
    """An event loop in a thread of its own, on which a client is asked from other threads.

    A context manager; nobody may be waiting for an answer when it is left.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="model", daemon=True)

    def ask(self, prompt: Prompt) -> Answer:
        """Wait for the answer."""
        return asyncio.run_coroutine_threadsafe(self.client.send(prompt), self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self.client.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Ledger:
    """Gets answers: from the record if they are there, else from the provider.

    Args:
        line: to the model.
        record: takes intents and answers; what it returns from is on disk.
        account: the node's budget.
        price: of the model, None if unknown.
        past: asks and answers of the record so far, by (round, call).
    """

    def __init__(
        self,
        line: Line,
        record: Callable[[Event], None],
        account: Purse,
        price: Price | None,
        past: Mapping[tuple[int, int], Exchanged],
    ) -> None:
        self._line, self._record, self._account = line, record, account
        self._price, self._past = price, past

    def complete(self, call: CallId, prompt: Prompt) -> Answer:
        """The answer to a prompt; may be called from several threads.

        Raises:
            HaltError: a budget is spent, or the provider refuses for good.
            RecordError: the record has another prompt for this call.
        """
        past = self._past.get((call.round, call.call))
        if past is not None and past.answer is not None:
            return past.reuse(prompt)
        worst = Usage(
            input_tokens=prompt.most_tokens, output_tokens=self._line.client.max_output_tokens
        )
        reserved = Spending(0, worst.tokens, self._cost(worst) or 0)
        self._account.reserve(reserved)
        asked = Asked(
            round=call.round,
            call=call.call,
            lost=past.lost if past else 0,
            prompt=prompt.hash,
            model=self._line.client.model,
            settings=self._line.client.settings,
            worst=worst,
            worst_micro_usd=self._cost(worst),
        )
        self._record(asked)
        answer = self._line.ask(prompt)
        answered = self._answered(asked, answer)
        self._record(answered)
        spent = asked.worst if answered.uncertain else answer.usage or NO_TOKENS
        self._account.settle(reserved, Spending(0, spent.tokens, answered.micro_usd or 0))
        if answer.fault in FATAL:
            raise HaltError(f"{asked.model} takes no requests ({answer.fault}): {answer.detail}")
        return answer

    def _answered(self, asked: Asked, answer: Answer) -> Answered:
        """Without figures a completion is taken at its worst; a plain refusal to serve is free."""
        served = answer.status != "failed" or answer.fault in UNCERTAIN
        uncertain = answer.usage is None and served
        spent = asked.worst if uncertain else answer.usage or NO_TOKENS
        return Answered(
            round=asked.round,
            call=asked.call,
            answer=answer,
            micro_usd=self._cost(spent),
            uncertain=uncertain,
        )

    def _cost(self, usage: Usage) -> int | None:
        """In millionths of a dollar; nothing costs nothing even where no price is known."""
        if usage == NO_TOKENS:
            return 0
        return None if self._price is None else cost(self._price, usage)
