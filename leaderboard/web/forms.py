"""A submission as it comes over HTTP: a form, whose file or text field holds the source."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from coreenv.redcode.lines import Encoding
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
        try:
            async with request.form(max_files=1, max_fields=20, max_part_size=MAX_BODY) as form:
                return await cls._read(form, request.headers.get("authorization", ""))
        except HTTPException as error:
            raise Problem.of("E_FORM", f"not a form: {error.detail}"[:300], _HOW) from None

    @classmethod
    async def _read(cls, form: FormData, authorization: str) -> "SubmittedForm":
        texts = {name: text for name, text in form.items() if isinstance(text, str) and text}
        unknown = sorted(texts.keys() - {*FIELDS, "token"})
        if unknown:
            raise Problem.of("E_FORM", f"unknown field {unknown[0][:80]!r}", _HOW)
        file = form.get("file")
        content = texts.pop("source", "").replace("\r\n", "\n").encode()  # browsers send CRLF
        if isinstance(file, UploadFile) and (found := await file.read()):
            content = found
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
        """The form to be filled in once more."""
        return {**self.texts, "source": self.content.decode("utf-8", "replace")}


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
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()  # no infinity, no half
    except (ValueError, RecursionError):  # characters, and nothing too deep to write down again
        found = None
    if not isinstance(found, dict):
        raise Problem.of("E_CLAIMS", "claimed is no JSON object")
    return found


_HOW: Final = f"send a form of {', '.join(FIELDS)}, token, and a part named file"
