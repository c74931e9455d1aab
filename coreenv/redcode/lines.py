"""Source text to `Source`: limits, comment directives, joined lines, and the words of each line."""

import re
from dataclasses import dataclass
from string import ascii_letters
from typing import Final, Literal, NamedTuple, NoReturn

from coreenv.redcode.errors import AssemblyError, Rejection
from coreenv.redcode.warrior import MAX_STRATEGY, UNSAFE

Encoding = Literal["utf-8", "latin-1"]

MAX_BYTES = 65_536
MAX_LINES = 2000
MAX_LINE = 240

# A word may be glued to loop indices by &, and to a colon. Only ASCII makes words and numbers.
_TOKEN = re.compile(
    r"[A-Za-z_]\w*+(?:&(?!&)[A-Za-z_]\w*+)*+:?+|\d++|[^\x00-\x7f]++|\S",
    re.ASCII,
)
STARTS_WORD: Final = frozenset(ascii_letters + "_")
"""First characters of the tokens that may be names."""

DIRECTIVE = re.compile(
    r"\s*;(?:(redcode)|[ \t]*(name|author|strategy|assert))(?!\w)(.*)", re.ASCII | re.IGNORECASE
)
"""A comment that says something: the marker, or the word, and what follows."""


class Line(NamedTuple):
    """A line that says something: its 1-based number, its whole text, and its words."""

    number: int
    text: str
    tokens: list[str]
    is_assert: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A source that keeps to the limits. Comments and blank lines are gone.

    ``named`` holds the lines that gave ``name`` and ``author``, where there were any.
    """

    lines: list[Line]
    text: str
    name: str
    author: str
    strategy: str
    named: dict[str, Line]


def read(text: str | bytes, encoding: Encoding) -> Source:
    """Split ``text`` into lines, and take the comment directives out of it.

    Everything above the first ``;redcode`` is dropped but for ``;name``, ``;author`` and
    ``;strategy``; the second ``;redcode`` ends the source.

    Raises:
        AssemblyError: E_SIZE, E_ENCODING, E_CONTROL, E_LINES or E_LINE, looked at in this order.
    """
    decoded = _decode(text, encoding)
    lines: list[Line] = []
    named: dict[str, Line] = {}
    values: dict[str, str] = {}
    strategy: list[str] = []
    marked = False
    rows = _rows(decoded)
    for number, row in _logical(rows) if "\\" in decoded else enumerate(rows, 1):
        code, comment, _ = row.partition(";")
        if code and not code.isspace():
            lines.append(Line(number, row, _TOKEN.findall(code)))
            continue
        directive = DIRECTIVE.match(row) if comment else None
        if directive is None:
            continue
        marker, word, rest = directive.groups()
        if marker and marked:
            break
        if marker:
            marked = True
            lines.clear()
        elif word.lower() == "assert":
            lines.append(Line(number, row, _TOKEN.findall(rest), is_assert=True))
        elif word.lower() == "strategy":
            strategy.append(rest.replace("\t", " ").removeprefix(" ")[:MAX_STRATEGY])
        else:
            named[word.lower()] = Line(number, row, [])
            values[word.lower()] = rest.replace("\t", " ").strip()
    return Source(
        lines,
        decoded,
        values.get("name", "Unknown"),
        values.get("author", "Anonymous"),
        "\n".join(strategy),
        named,
    )


def _decode(text: str | bytes, encoding: Encoding) -> str:
    raw = text
    if isinstance(text, str) and len(text) <= MAX_BYTES and not text.isascii():
        raw = text.encode("utf-8", "surrogatepass")
        encoding = "utf-8"
    if len(raw) > MAX_BYTES:
        _reject(
            "E_SIZE",
            f"the source has more than {MAX_BYTES} bytes",
            hint=f"at most {MAX_BYTES} bytes",
        )
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        _reject(
            "E_ENCODING",
            f"byte {raw[error.start]:#04x} at offset {error.start} is not {encoding}",
            line=raw.count(b"\n", 0, error.start) + 1,
            hint="save the source as UTF-8, or read it as latin-1",
        )


def _rows(text: str) -> list[str]:
    """The lines of the text. Only LF, CR LF and CR end a line; a leading BOM is dropped."""
    if unsafe := UNSAFE.search(text):
        before = re.split(r"\r\n|\r|\n", text[: unsafe.start()])
        _reject(
            "E_CONTROL",
            f"control character U+{ord(unsafe[0]):04X}",
            line=len(before),
            column=len(before[-1]) + 1,
            hint="remove it: only tab and line ends are allowed",
        )
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = text.removeprefix("\ufeff").removesuffix("\n").split("\n")
    if len(rows) > MAX_LINES:
        _reject("E_LINES", f"the source has {len(rows)} lines", hint=f"at most {MAX_LINES}")
    if max(map(len, rows)) > MAX_LINE:
        at = next(at for at, row in enumerate(rows) if len(row) > MAX_LINE)
        _too_long(at + 1, rows[at])
    return rows


def _logical(rows: list[str]) -> list[tuple[int, str]]:
    """Numbered lines, those that end in a backslash outside a comment joined to the next."""
    logical = []
    joined: list[str] = []
    first = 1
    for number, row in enumerate(rows, 1):
        if not joined:
            first = number
        joins = row.endswith("\\") and ";" not in row
        joined.append(row[:-1] if joins else row)
        if not joins or number == len(rows):
            whole = "".join(joined)
            if len(whole) > MAX_LINE:
                _too_long(first, whole)
            logical.append((first, whole))
            joined = []
    return logical


def _too_long(number: int, row: str) -> NoReturn:
    _reject(
        "E_LINE",
        f"the line has {len(row)} characters",
        line=number,
        column=MAX_LINE + 1,
        text=row[:80],
        hint=f"at most {MAX_LINE}; lines joined by a backslash count as one",
    )


def _reject(
    reason: str, message: str, line: int = 0, column: int = 0, text: str = "", hint: str = ""
) -> NoReturn:
    raise AssemblyError((Rejection(reason, message, line, column, text, hint),)) from None
