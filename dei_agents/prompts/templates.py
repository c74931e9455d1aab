"""The text templates of this package: read once, filled in, and kept within bounds."""

from functools import cache
from importlib.resources import files
from string import Template

from coreenv.redcode.warrior import UNSAFE


class _Template(Template):
    """Names stand behind `%`, since `$` is Redcode's own."""

    delimiter = "%"


def fill(name: str, **values: object) -> str:
    """The template ``name``.txt with its names replaced, without the newline at its end.

    What is filled in is never read as a template.

    Raises:
        KeyError: the template has a name that ``values`` lacks.
    """
    return _Template(read(f"{name}.txt")).substitute(values).removesuffix("\n")


@cache
def read(file: str) -> str:
    """A data file of this package."""
    return files(__package__).joinpath(file).read_text(encoding="utf-8")


def clean(text: str) -> str:
    """``text`` without what cannot be sent or seen: lone surrogates, control and bidi characters.

    A model's answer may hold any of them, and a repair shows it again.
    """
    return UNSAFE.sub("?", text.encode("utf-8", "replace").decode())


def cut(text: str, size: int) -> str:
    """The first ``size`` bytes of ``text``, and a word if that was not all."""
    data = text.encode("utf-8", "replace")
    if len(data) <= size:
        return text
    return data[:size].decode("utf-8", "ignore") + " [cut]"
