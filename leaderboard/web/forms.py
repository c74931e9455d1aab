"""A submission as it comes over HTTP: a form, whose file or text field holds the source."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from coreenv.redcode.lines import MAX_BYTES, Encoding
from leaderboard.manifest import Manifest
from leaderboard.problem import Problem
from leaderboard.submission import MAX_CLAIMS, Receipt, Upload, submit
from leaderboard.web.guard import MAX_BODY
from leaderboard.web.serving import board_of, in_turn

ID: Final = "^[0-9a-f]{16}$"

EntryId = Annotated[str, Path(pattern=ID, description="id of an entry: 16 hex digits")]
TrackName = Literal["warrior", "search"]
Ruleset = Annotated[
    str, Query(pattern="^[a-z0-9]{0,16}$", description="by default that of the first hill")
]

ENCODINGS: Final[tuple[Encoding, ...]] = ("utf-8", "latin-1")

FIELDS: Final = ("source", "encoding", "claimed", *Manifest.model_fields)
"""Text fields of the form; the part `file` takes the place of `source`."""

FORMS: Final = (b"multipart/form-data", b"application/x-www-form-urlencoded")

MAX_DEPTH: Final = 20
"""Lists and objects within one another in what a search claims: JSON writers have their limits."""

NOT_CLAIMED: Final = {"qd_score", "cells", "lineage"}
"""What the archive says itself."""


@asynccontextmanager
async def form_of(request: Request, *, files: int, most: int) -> AsyncIterator[FormData]:
    """The form of a request, for as long as it is looked at.

    Args:
        request: any.
        files: how many of its parts may be files.
        most: bytes of a field.

    Raises:
        Problem: E_FORM, it is no form; E_SIZE.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind not in FORMS:
        raise Problem.of("E_FORM", "the request is no form", _HOW)
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":  # Python has slow and odd ones
        raise Problem.of("E_FORM", "the form is not in UTF-8", _HOW)
    try:
        async with request.form(max_files=files, max_fields=20, max_part_size=most) as form:
            yield form
    except HTTPException as error:
        raise Problem.of("E_FORM", f"not a form: {error.detail}"[:300], _HOW) from None


@dataclass(frozen=True, slots=True)
class SubmittedForm:
    """The form of a submission, as it came.

    Attributes:
        content: the source, or an archive as JSON.
        texts: the other fields that were filled in, by name.
        token: of the header ``Authorization: Bearer ...``, or of the field `token`.
    """

    content: bytes
    texts: dict[str, str]
    token: str

    @classmethod
    async def of(cls, request: Request) -> "SubmittedForm":
        """
        Raises:
            Problem: E_FORM, it is no form; E_SIZE.
        """
        async with form_of(request, files=1, most=MAX_BODY) as form:
            return await cls._read(form, request.headers.get("authorization", ""))

    @classmethod
    async def _read(cls, form: FormData, authorization: str) -> "SubmittedForm":
        texts = {name: text for name, text in form.items() if isinstance(text, str)}
        files = form.keys() - texts.keys()
        if unknown := sorted(texts.keys() - {*FIELDS, "token"} | files - {"file"}):
            raise Problem.of("E_FORM", f"unknown field {unknown[0][:80]!r}", _HOW)
        file = form.get("file")
        content = texts.pop("source", "").replace("\r\n", "\n").encode()  # browsers send CRLF
        if isinstance(file, UploadFile) and (found := await file.read()):
            content = found
        else:
            texts.pop("encoding", "")  # which is that of a file
        texts = {name: text for name, text in texts.items() if text}
        scheme, _, token = authorization.partition(" ")
        typed = texts.pop("token", "")
        return cls(content, texts, token.strip() if scheme.lower() == "bearer" else typed)

    def upload(self, client: str) -> Upload:
        """What is to be submitted.

        Raises:
            Problem: E_ENCODING or E_CLAIMS.
        """
        texts = dict(self.texts)
        encoding = texts.pop("encoding", "utf-8")
        if encoding not in ENCODINGS:
            raise Problem.of("E_ENCODING", f"encoding is {encoding[:80]!r}", "utf-8 or latin-1")
        claimed = _claims(texts.pop("claimed", ""))
        manifest = Manifest.model_validate(texts)
        return Upload(self.content, manifest, encoding, claimed, self.token, client)

    def shown(self) -> dict[str, str]:
        """The form to be filled in once more; without an archive, or a source beyond its size."""
        encoding = "latin-1" if self.texts.get("encoding") == "latin-1" else "utf-8"
        fits = len(self.content) <= MAX_BYTES and self.texts.get("track") != "search"
        source = self.content if fits else b""
        return {**self.texts, "source": source.decode(encoding, "replace")}


async def enter(request: Request, form: SubmittedForm) -> Receipt:
    """Submit, when a bench is free.

    Raises:
        Problem: it was turned away.
    """
    upload = form.upload(request.client.host if request.client else "")
    return await in_turn(request, lambda: submit(board_of(request), upload))


def _claims(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    if len(text) > MAX_CLAIMS:
        raise Problem.of("E_SIZE", f"the run claims more than {MAX_CLAIMS} bytes")
    try:
        found = json.loads(text)
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
        depth = _depth(found)
    except (ValueError, RecursionError):  # no JSON, an infinity, half a character, or an abyss
        found, depth = None, 0
    if not isinstance(found, dict) or depth > MAX_DEPTH:
        raise Problem.of("E_CLAIMS", f"claimed is no JSON object of at most {MAX_DEPTH} levels")
    if known := sorted(found.keys() & NOT_CLAIMED):
        raise Problem.of("E_CLAIMS", f"claimed holds {known[0]}", "the archive itself tells it")
    return found


def _depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, parts), default=0)


_HOW: Final = f"send a form of {', '.join(FIELDS)}, token, and a part named file"
