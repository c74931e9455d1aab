"""`corewar-board submit`: from files and flags to a receipt."""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from eval.run_files import open_search
from leaderboard import search_track, submission
from leaderboard.board import Board
from leaderboard.manifest import MAX_MANIFEST, Manifest
from leaderboard.problem import Problem, printable
from leaderboard.submission import MAX_ARCHIVE, Upload

TOKEN: Final = "CORE_BOARD_TOKEN"
"""Environment variable that holds a submitter's token: arguments are there for all to see."""


def add_options(command: argparse.ArgumentParser) -> None:
    """The arguments of `submit`."""
    add = command.add_argument
    add(
        "path",
        type=Path,
        metavar="PATH",
        help="Redcode; or with --track search a run or archive",
    )
    add(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="TOML; the flags below take its place",
    )
    for name in Manifest.model_fields:
        add(f"--{name}", metavar="TEXT")
    add("--latin-1", action="store_true", help="the source is latin-1, not UTF-8")
    add(
        "--json",
        action="store_true",
        help="print the receipt, or what is wrong, as JSON",
    )


def submit(arguments: argparse.Namespace, board: Board) -> int:
    """Submit a warrior (a Redcode file) or a search (a run folder or its archive.json)."""
    manifest = _manifest(arguments)
    upload = Upload(b"", manifest, "latin-1" if arguments.latin_1 else "utf-8")
    upload = replace(upload, token=os.environ.get(TOKEN, ""))
    if manifest.track == "search" and arguments.path.is_dir():
        upload = _search(upload, arguments.path)
    else:
        with arguments.path.open("rb") as file:
            upload = replace(upload, content=file.read(MAX_ARCHIVE + 1))
    receipt = submission.submit(board, upload)
    if arguments.json:
        print(json.dumps(receipt.to_dict(), indent=1))
        return 0
    for name, value in receipt.to_dict().items():
        if value is not None:
            print(f"{name.replace('_', ' '):<15} {value}")
    return 0


def _manifest(arguments: argparse.Namespace) -> Manifest:
    manifest = Manifest()
    if arguments.manifest:
        with arguments.manifest.open("rb") as file:
            manifest = Manifest.from_toml(file.read(MAX_MANIFEST + 1))
    flags = {name: getattr(arguments, name) for name in Manifest.model_fields}
    return manifest.model_copy(update={k: v for k, v in flags.items() if v is not None})


def _search(upload: Upload, folder: Path) -> Upload:
    try:
        search = open_search(folder)
    except ValueError as error:
        raise Problem.of("E_ARCHIVE", printable(str(error))[:500]) from None
    content, claimed = search_track.archive_of(search), search_track.claims_of(search)
    return replace(upload, content=content, claimed=claimed)
