"""Reading and writing bodies: JSON that every database can hold in, the version of what is shown out."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from stageproof.actions.wrong import storable
from stageproof.engine.problem import Problem, Refused

_ODD = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


class StrictParser(Parser):
    """JSON as the standard has it: no NaN, no text that cannot be kept."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = request.body
        try:
            read = json.loads(body, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise HttpError(400, "unreadable") from None
        if _ODD.search(body) or b"\x00" in body:
            refuse_unstorable(read)
        return read


class VersionedRenderer(JSONRenderer):
    """JSON; remembers the version of a single thing, for its ETag."""

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        if isinstance(data, dict) and isinstance(data.get("version"), int):
            request.version_shown = data["version"]  # type: ignore[attr-defined]
        return super().render(request, data, response_status=response_status)


def refuse_unstorable(read: Any, place: str = "") -> None:
    """Refuses a value in which there is a text that no database can hold."""
    if isinstance(read, str) and not storable(read):
        says = "This holds a character that cannot be kept."
        raise Refused([Problem("unstorable_text", says, "Type it again as plain text.", column=place)])
    if isinstance(read, dict):
        for name, value in read.items():
            refuse_unstorable(name, place)
            refuse_unstorable(value, str(name))
    elif isinstance(read, list):
        for value in read:
            refuse_unstorable(value, place)


def expected_version(request: HttpRequest, given: int | None = None) -> int | None:
    """The version that the caller has seen, from the body or from If-Match; None where neither says."""
    header = request.headers.get("If-Match", "").strip()
    if not header or header == "*":
        return given
    digits = header.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        says = "If-Match is not the ETag of a version."
        raise Refused([Problem("wrong_if_match", says, 'Send the ETag as it was given, such as "3".',
                               column="If-Match", value=header[:80])])  # fmt: skip
    if given is not None and given != int(digits):
        says = "The body and If-Match expect different versions."
        raise Refused([Problem("two_versions", says, "Send one of them.", column="expected_version")])
    return int(digits)


def _no_number(text: str) -> Any:
    raise ValueError(text)
