"""What the built-in operators share: how writers and editors make a proposal.

They stand in for four different language models. Each knows its own kind of warrior, given as
writers (which write one anew) and editors (which change one), and the odds of each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from coreenv.config import CoreConfig
from coreenv.redcode import Warrior
from dei_agents.policies.draw import Draw
from dei_agents.policies.program import Program
from dei_agents.policy import Context, Proposal

TRIES: Final = 8
"""Edits tried before a warrior is written anew: one that is in the archive already is no use."""

AGAIN: Final = 0.5
"""Chance that an edit is followed by another. With it, searches of 250 calls found more cells."""

LEAST_ROOM: Final = 5
"""Shortest ``max_length`` the operators can write for; every one has a writer that fits."""


class Sketch(NamedTuple):
    """A program and, in plain words, how it came about."""

    program: Program
    words: str


Writer = Callable[[Draw], Sketch]
"""Writes a program from nothing."""

Editor = Callable[[Draw, Program], Sketch | None]
"""Changes a program, or returns None where it finds nothing to change."""


@dataclass(frozen=True, slots=True)
class Heuristic:
    """A mutation policy made of odds on writers and on editors.

    Args:
        name: of the operator.
        writers: how likely each is to write a new warrior; one too long passes its turn on.
        editors: likewise for a mutation; one that does not apply passes its turn on.
    """

    name: str
    writers: Mapping[Writer, float]
    editors: Mapping[Editor, float]

    def propose(self, context: Context) -> Proposal:
        """Write or mutate a warrior, if possible one that the archive does not hold yet.

        The proposal assembles under ``context.config``. It holds no LDP or STP unless the parent
        or a mate does.

        Raises:
            ValueError: the rules ask for ICWS'88, or for programs shorter than 5 cells.
        """
        self.check(context.config)
        parent = context.parent.warrior if context.parent else None
        held = {elite.warrior for elite in context.elites} | {parent}
        mates = tuple(Program.of(e.warrior) for e in context.elites if e.warrior != parent)
        draw = Draw(context.rng, context.config, mates)
        for attempt in range(2 * TRIES):
            if parent is not None and attempt < TRIES:
                sketch = self._edited(draw, parent)
            else:
                sketch = self._written(draw)
            warrior = self._signed(sketch, context.config)
            if warrior not in held:
                break
        return Proposal(str(warrior))

    def check(self, config: CoreConfig) -> None:
        """
        Raises:
            ValueError: the rules ask for ICWS'88, or for programs shorter than 5 cells.
        """
        if config.standard != "94":
            raise ValueError(
                f"operator {self.name} writes for standard '94', not {config.standard!r}; "
                "choose a ruleset of that standard, such as nop94"
            )
        if config.max_length < LEAST_ROOM:
            raise ValueError(
                f"operator {self.name} needs a max_length of {LEAST_ROOM} or more, "
                f"not {config.max_length}"
            )

    def _written(self, draw: Draw) -> Sketch:
        for writer in draw.order(self.writers):
            program, words = writer(draw)
            if len(program.cells) <= draw.room:
                return Sketch(program, f"new: {words}")
        raise AssertionError(f"operator {self.name} has no writer for {draw.room} cells")

    def _edited(self, draw: Draw, parent: Warrior) -> Sketch:
        program, words = Program.of(parent), list[str]()
        while not words or draw.chance(AGAIN):
            sketch = self._edit(draw, program)
            if sketch is None:
                break
            program = sketch.program.reduced(draw.config.core_size)
            words.append(sketch.words)
        if not words:
            return self._written(draw)
        return Sketch(program, "\n".join([f"mutant of {parent.id[:8]}:", *words]))

    def _edit(self, draw: Draw, program: Program) -> Sketch | None:
        """What the first editor that applies makes of a program."""
        for editor in draw.order(self.editors):
            sketch = editor(draw, program)
            if sketch and len(sketch.program.cells) <= draw.room:
                return sketch
        return None

    def _signed(self, sketch: Sketch, config: CoreConfig) -> Warrior:
        """The warrior with its operator and the head of its id as a name."""
        (cells, start), words = sketch
        bare = Warrior(cells, start, config.core_size)
        name = f"{self.name} {bare.id[:8]}"
        return Warrior(cells, start, config.core_size, None, name, self.name, words)
