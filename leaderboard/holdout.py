"""The holdout: a hill of the operator's own. What gets out is its hashes, and tiers.

Every score against it tells something about it, so the board counts them; and per-opponent
results never leave the store.
"""

import shutil
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coreenv.collection import collect
from coreenv.hill import MANIFEST, Hill
from leaderboard.events import append
from leaderboard.models import Holdout
from leaderboard.problem import BoardError, Problem
from leaderboard.signing import canonical

TIERS: Final = ((150, "A"), (100, "B"), (50, "C"), (0, "D"))
"""Least points, 0..300, of each tier. Who only ever ties makes 100."""


def tier(points: float) -> str:
    """The tier of a class-balanced mean of KOTH points."""
    return next(name for least, name in TIERS if points >= least)


def add(session: Session, folder: Path, source: Path, rules: str) -> Holdout:
    """Make a folder of Redcode, or a hill, the holdout of a ruleset; it takes the place of another.

    Args:
        session: one that may write.
        folder: of the board; gets a copy that its owner alone can read.
        source: a folder of Redcode; a ``hill.toml`` in it gives classes and splits.
        rules: name of the ruleset.

    Raises:
        Problem: E_HOLDOUT, the folder will not do.
    """
    try:
        hill = (
            Hill.load(source)
            if (source / MANIFEST).is_file()
            else collect(source, name="holdout", rules=rules)
        )
        hill.verify()
    except (OSError, ValueError) as error:
        raise Problem.of("E_HOLDOUT", str(error), "give a folder of Redcode files") from None
    if hill.ruleset != rules or len({member.split for member in hill.members}) != 1:
        hint = f"all of it must be for {rules}, and in one split"
        raise Problem.of("E_HOLDOUT", f"{source} is for {hill.ruleset}", hint)
    if session.get(Holdout, hill.hash):
        raise Problem.of("E_HOLDOUT", "the board had this holdout before", "add a new one")
    _copy(hill, source, _home(folder, hill.hash))
    number = session.scalar(select(func.count()).select_from(Holdout)) or 0
    members = sorted(member.id for member in hill.members)
    row = Holdout(hash=hill.hash, number=number + 1, ruleset=rules, members=canonical(members))
    session.add(row)
    append(session, "holdout_added", hash=hill.hash, ruleset=rules, members=members)
    return row


def current(folder: Path, session: Session, rules: str) -> Hill | None:
    """The holdout of a ruleset; None if it has none.

    Raises:
        BoardError: its files are not those that were added.
    """
    newest = select(Holdout).where(Holdout.ruleset == rules).order_by(Holdout.number.desc())
    row = session.scalars(newest.limit(1)).first()
    if row is None:
        return None
    try:
        hill = Hill.load(_home(folder, row.hash))
        hill.verify()
    except (OSError, ValueError):
        hill = None
    if hill is None or hill.hash != row.hash:
        # Not the cause: it would name what nobody is to know.
        raise BoardError(f"holdout {row.hash[:16]} is damaged: restore its folder")
    return hill


def _copy(hill: Hill, source: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)  # of an addition that was cut off
    home.parent.mkdir(mode=0o700, exist_ok=True)
    home.mkdir()
    for member in hill.members:
        (home / member.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / member.file, home / member.file)
    (home / MANIFEST).write_text(hill.to_toml(), encoding="utf-8")


def _home(folder: Path, hill_hash: str) -> Path:
    return folder / "holdouts" / hill_hash[:16]
