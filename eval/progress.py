"""How far a long evaluation is, on the terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eval.units import Progress


@contextmanager
def progress_bar(words: str) -> Iterator[Progress | None]:
    """A bar on stderr, where that is a terminal.

    Args:
        words: what is done, in a few words.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
