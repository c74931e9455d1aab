"""What the operator of a board does: seasons, the holdout, tokens, failed evaluations."""

import argparse
from pathlib import Path

from sqlalchemy import func, select

from leaderboard import holdout, jobs, seasons, tokens, views
from leaderboard.board import Board
from leaderboard.conditions import holdout_setting
from leaderboard.events import append
from leaderboard.models import Evaluation, SeasonRow
from leaderboard.problem import Problem

Subparsers = argparse._SubParsersAction  # the only name there is for it


def add_parsers(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the operator's commands. ``run`` takes the parsed arguments and the board."""
    season = _group(commands, "season", "open and close seasons")
    _command(season, "open", open_season)
    _command(season, "close", close_season)
    _command(season, "list", list_seasons)
    kept = _group(commands, "holdout", "warriors that only the operator knows")
    add = _command(kept, "add", add_holdout)
    add.add_argument("folder", type=Path, metavar="DIR", help="of Redcode, or with a hill.toml")
    add.add_argument("--ruleset", help="default: that of the board's first hill")
    score = _command(kept, "score", score_holdout)
    score.add_argument("id", metavar="ID", help="of the entry")
    token = _group(commands, "token", "who may submit, where the settings ask for tokens")
    for name, run in (("add", add_token), ("revoke", revoke_token)):
        _command(token, name, run).add_argument("holder", metavar="NAME")
    retry = _command(commands, "retry", retry_failed)
    retry.add_argument("id", metavar="ID", help="of the entry")


def open_season(_arguments: argparse.Namespace, board: Board) -> int:
    """Open the next season and publish the commitment to its secret."""
    with board.writing() as session:
        row = seasons.open_season(session, board.folder)
        jobs.enqueue_missing(board, session)
    print(f"season {row.number} is open; commitment {row.commitment}")
    return 0


def close_season(_arguments: argparse.Namespace, board: Board) -> int:
    """Close the season and publish its secret."""
    with board.writing() as session:
        row = seasons.close_season(session, board.folder)
    print(f"season {row.number} is closed; secret {row.secret}")
    return 0


def list_seasons(_arguments: argparse.Namespace, board: Board) -> int:
    """Print every season's commitment, and the secrets of those that are over."""
    with board.reading() as session:
        for row in session.scalars(select(SeasonRow).order_by(SeasonRow.number)):
            state = "open" if row.closed is None else "closed"
            secret = f"  secret {row.secret}" if row.secret else ""
            print(f"season {row.number}  {state}  commitment {row.commitment}{secret}")
    return 0


def add_holdout(arguments: argparse.Namespace, board: Board) -> int:
    """Make a folder the holdout, and publish its hashes."""
    hill = views.hill_of(board, arguments.ruleset)
    with board.writing() as session:
        row = holdout.add(session, board.folder, arguments.folder, hill.ruleset)
    print(f"holdout {row.hash}")
    return 0


def score_holdout(arguments: argparse.Namespace, board: Board) -> int:
    """Let an entry be scored against the holdout: a tier, and one of the season's queries."""
    with board.writing() as session:
        entry = views.known(session, arguments.id)
        row = seasons.require_open(session)
        setting = holdout_setting(board, session, row, entry.ruleset)
        if setting is None or entry.track != "warrior":
            hint = "add one for its ruleset with: corewar-board holdout add DIR"
            raise Problem.of("E_HOLDOUT", f"there is no holdout for entry {entry.id}", hint)
        if session.get(Evaluation, setting.key(entry.canonical)):
            raise Problem.of("E_DUPLICATE", "the entry was scored, see show", existing=entry.id)
        asked = (Evaluation.kind == "holdout") & (Evaluation.season == row.number)
        count = session.scalar(select(func.count()).select_from(Evaluation).where(asked)) or 0
        most = board.settings.holdout_queries
        if count >= most:
            raise Problem.of("E_RATE", f"season {row.number} allows {most} holdout queries")
        jobs.enqueue(session, setting, entry)
        append(session, "holdout_asked", entry.id, query=count + 1, of=most)
    print(f"query {count + 1} of {most}")
    return 0


def add_token(arguments: argparse.Namespace, board: Board) -> int:
    """Print a new token for somebody; it is not kept."""
    with board.writing() as session:
        print(tokens.add(session, arguments.holder))
    return 0


def revoke_token(arguments: argparse.Namespace, board: Board) -> int:
    """Make somebody's token worthless."""
    with board.writing() as session:
        tokens.revoke(session, arguments.holder)
    return 0


def retry_failed(arguments: argparse.Namespace, board: Board) -> int:
    """Make the failed evaluations of an entry due again."""
    with board.writing() as session:
        print(f"{jobs.retry(session, views.known(session, arguments.id).id)} due again")
    return 0


def _group(
    commands: "Subparsers[argparse.ArgumentParser]", name: str, text: str
) -> "Subparsers[argparse.ArgumentParser]":
    parser = commands.add_parser(name, help=text, description=text)
    return parser.add_subparsers(required=True, metavar="COMMAND")


def _command(
    commands: "Subparsers[argparse.ArgumentParser]",
    name: str,
    run: object,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    parser.set_defaults(run=run)
    return parser
