"""The manifest: what a submitter says of an entry."""

import re
import tomllib
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from coreenv.hill import Hill
from coreenv.redcode.warrior import name_fault
from leaderboard.problem import Problem

MAX_MANIFEST: Final = 8192
"""Bytes of a manifest as TOML."""

MAX_LINK: Final = 200


class Manifest(BaseModel):
    """What a submitter says of an entry. An empty text means that it was not said.

    Attributes:
        name, author: one line of at most 80 characters; otherwise the source's own.
        ruleset: whose rules it is for.
        track: ``warrior`` or ``search``.
        method: how it was made, in a line.
        link: an https address to read more.
        parent: id of the entry it was made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    author: str = ""
    ruleset: str = "nop94"
    track: str = "warrior"
    method: str = ""
    link: str = ""
    parent: str = ""

    @classmethod
    def from_toml(cls, content: bytes) -> "Manifest":
        """
        Raises:
            Problem: E_SIZE or E_MANIFEST.
        """
        if len(content) > MAX_MANIFEST:
            raise Problem.of("E_SIZE", f"the manifest has more than {MAX_MANIFEST} bytes")
        try:
            return cls.model_validate(tomllib.loads(content.decode()))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise Problem.of("E_MANIFEST", message, _KEYS) from None
        except ValueError as error:
            raise Problem.of("E_MANIFEST", f"not TOML: {error}", _KEYS) from None


_KEYS: Final = f"keys are {', '.join(Manifest.model_fields)}; all of them texts"


def no_parent(parent: str) -> Problem:
    """The entry that another is said to be made from is none of this board."""
    hint = "give the id of an entry of this board, 16 hex digits"
    return Problem.of("E_PARENT", f"parent is {parent[:80]!r}", hint)


def check_manifest(manifest: Manifest, hills: Mapping[str, Hill]) -> None:
    """Look at what can be told without the store.

    Raises:
        Problem: E_TRACK, E_RULESET, E_NAME, E_PARENT or E_LINK.
    """
    if manifest.track not in ("warrior", "search"):
        raise Problem.of("E_TRACK", f"track is {manifest.track!r}", "warrior or search")
    if manifest.ruleset not in hills:
        known = ", ".join(hills)
        raise Problem.of("E_RULESET", f"ruleset is {manifest.ruleset!r}", f"it must be {known}")
    if manifest.track == "search" and not hills[manifest.ruleset].common_opponents:
        hint = "name some of its dev split in hill.toml"
        raise Problem.of("E_TRACK", "the hill has no common opponents for searches", hint)
    for field in ("name", "author", "method"):
        text = getattr(manifest, field)
        if text and (fault := name_fault(field, text)):
            raise Problem.of("E_NAME", fault, "1 to 80 printable characters")
    if manifest.parent and not re.fullmatch("[0-9a-f]{16}", manifest.parent):
        raise no_parent(manifest.parent)
    link = manifest.link
    fine = link.startswith("https://") and link.isprintable() and " " not in link
    if link and not (fine and len(link) <= MAX_LINK):
        raise Problem.of("E_LINK", f"link is {link[:80]!r}", f"https://, at most {MAX_LINK} long")
