"""A worker: takes evaluations one by one, fights their blocks, signs the results."""

import os
import socket
import time
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from leaderboard import jobs
from leaderboard.blocks import Blocks, Place
from leaderboard.board import Board
from leaderboard.conditions import Setting, conditions_hash, setting_of
from leaderboard.evaluation import content, result
from leaderboard.events import append
from leaderboard.jobs import LEASE_SECONDS, LeaseLost
from leaderboard.models import Entry, Evaluation, SeasonRow
from leaderboard.problem import printable
from leaderboard.standings import land

IDLE_SECONDS: Final = 1.0
"""Between two looks at an empty queue."""


@dataclass(frozen=True)
class Worker:
    """Works for a board.

    Attributes:
        board: whose.
        threads: fight at once.
        lease_seconds: how long a silent worker is waited for.
        name: of this process, unlike all others.
    """

    board: Board
    threads: int
    lease_seconds: int = LEASE_SECONDS
    name: str = ""

    @classmethod
    def start(cls, board: Board, threads: int, lease_seconds: int = LEASE_SECONDS) -> "Worker":
        """A worker with a name of its own. What is missing on the board becomes due."""
        with board.writing() as session:
            jobs.enqueue_missing(board, session)
        name = f"{socket.gethostname()} {os.getpid()} {token_hex(4)}"
        return cls(board, threads, lease_seconds, name)

    def run(self, *, until_idle: bool) -> int:
        """Work on what is due.

        Args:
            until_idle: end when nothing is due or being worked on; otherwise never.

        Returns:
            How many evaluations this worker finished.
        """
        finished = 0
        while True:
            worked = self.step()
            finished += worked is True
            if worked is not None:
                continue
            if until_idle and not self._others_at_work():
                return finished
            time.sleep(IDLE_SECONDS)

    def step(self) -> bool | None:
        """Work on the next evaluation. Returns whether it was finished; None if none is due."""
        with self.board.writing() as session:
            evaluation = jobs.claim(session, self.name, self.lease_seconds)
        if evaluation is None:
            return None
        try:
            return self._evaluate(evaluation)
        except LeaseLost:
            return False
        except KeyboardInterrupt:
            self._give_back(evaluation, "its worker was stopped")
            raise
        except Exception as error:  # whatever it is: the queue must know, and go on
            reason = type(error).__name__
            if evaluation.kind != "holdout":  # whose details are nobody's business
                reason += f": {printable(str(error))[:500]}"
            self._give_back(evaluation, reason)
            return False

    def _give_back(self, evaluation: Evaluation, reason: str) -> None:
        with self.board.writing() as session:
            jobs.give_back(session, evaluation.key, self.name, reason)

    def _evaluate(self, evaluation: Evaluation) -> bool:
        key = evaluation.key
        with self.board.reading() as session:
            entry = session.get_one(Entry, evaluation.entry)
            other = session.get(Entry, evaluation.other) if evaluation.other else None
            row = session.get_one(SeasonRow, evaluation.season)
            setting = setting_of(self.board, session, evaluation)
            kept = jobs.kept(session, key)
            session.expunge_all()
        if setting is None:
            raise ValueError("the board has other rules now, under which it is scored anew")
        blocks = Blocks(kept, lambda new: self._keep(key, new))
        found = result(setting, entry, other, blocks, self.threads)
        document = self.board.signer.sign(content(evaluation, entry, other, row, found))
        self._finish(key, document, entry, setting, found)
        return True

    def _keep(self, key: str, outcomes: dict[Place, str]) -> None:
        with self.board.writing() as session:
            jobs.keep(session, key, self.name, outcomes, self.lease_seconds)

    def _finish(
        self,
        key: str,
        document: str,
        entry: Entry,
        setting: Setting,
        found: dict[str, object],
    ) -> None:
        with self.board.writing() as session:
            jobs.keep(session, key, self.name, {}, self.lease_seconds)
            evaluation = session.get_one(Evaluation, key)
            evaluation.status, evaluation.worker, evaluation.document = (
                "done",
                "",
                document,
            )
            digest = conditions_hash({"document": document})
            append(session, "scored", entry.id, key=key, what=setting.kind, document=digest)
            if setting.kind in ("score", "search"):
                land(session, evaluation, entry.track, found)
            if setting.kind == "score":
                jobs.enqueue_duels(self.board, session, evaluation.conditions, entry.ruleset)

    def _others_at_work(self) -> bool:
        with self.board.reading() as session:
            found = jobs.counts(session)
        return bool(found.get("running") or found.get("queued"))
