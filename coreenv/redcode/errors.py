"""What is wrong with a source: one `Rejection` per fault, all of them in an `AssemblyError`."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason why a source does not assemble.

    Attributes:
        reason: a stable code such as ``E_LABEL``; docs list them all.
        message: the fault in plain words, naming the culprit.
        line: 1-based line of the source, 0 where no line is to blame.
        column: 1-based column, 0 where none is to blame.
        text: the offending text, cut to 80 characters.
        hint: what would be right; may be empty.
    """

    reason: str
    message: str
    line: int = 0
    column: int = 0
    text: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        parts = [f"{self.reason}: {self.message}"]
        if self.line:
            parts.insert(0, f"{place}: ")
        if self.hint:
            parts.append(f" ({self.hint})")
        return "".join(parts)

    def to_dict(self) -> dict[str, str | int]:
        return asdict(self)


class AssemblyError(ValueError):
    """A source does not assemble. ``rejections`` holds every fault found, in source order."""

    def __init__(self, rejections: tuple[Rejection, ...]) -> None:
        self.rejections = rejections
        super().__init__("\n".join(map(str, rejections)))

    def __reduce__(self) -> tuple[type["AssemblyError"], tuple[tuple[Rejection, ...]]]:
        return AssemblyError, (self.rejections,)
