"""Where the command `corewar-board` begins: says what is missing if the extra is not installed."""

import sys


def main() -> int:
    """Run `leaderboard.cli`; exit code 2 with one line if a library of the extra is missing."""
    try:
        from leaderboard.cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("coreenv", "eval", "leaderboard"):
            raise
        print(
            f"corewar-board: {error.name} is not installed; the leaderboard needs the extra: "
            "pip install 'corewar-dei[board]', in a clone pip install -e '.[board]'",
            file=sys.stderr,
        )
        return 2
    return run()
