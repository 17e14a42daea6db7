"""Problems as answers: one shape for everything that goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja.errors import HttpError, ValidationError

from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.permission import Forbidden
from stageproof.engine.problem import Problem, Refused

JSON = "application/json; charset=utf-8"


def answered(raised: Exception) -> HttpResponse | None:
    """The answer to what a verb, or the reading of the request, raised; None for a bug."""
    if isinstance(raised, HttpError) and isinstance(raised.__context__, Refused):
        # What reads the body wraps whatever it meets.
        raised = raised.__context__
    match raised:
        case Refused():
            return wrong(422, raised.problems)
        case Forbidden():
            return wrong(403, [raised.problem])
        case NotFound():
            return wrong(404, [raised.problem])
        case Conflict():
            return wrong(409, [raised.problem], changed=raised.changed, version=raised.version)
        case ValidationError():
            return wrong(422, [_of_value(each) for each in raised.errors])
        case RequestDataTooBig():
            return too_large()
        case HttpError() | SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            return unreadable()
        case Http404():
            return nothing_here("")
    return None


def wrong(status: int, problems: Iterable[Problem], **more: Any) -> HttpResponse:
    """An answer that says what is wrong and what to do about it."""
    body = {"problems": [problem.as_dict() for problem in problems], **more}
    return HttpResponse(json.dumps(body), status=status, content_type=JSON)


def not_signed_in() -> HttpResponse:
    """401: no token, or one that is unknown, expired, revoked, or of someone who is shut out."""
    problem = Problem(
        "not_signed_in",
        "This needs a token that is in force.",
        "Send 'Authorization: Bearer' with a token from your settings.",
    )
    response = wrong(401, [problem])
    response["WWW-Authenticate"] = 'Bearer realm="stageproof"'
    return response


def not_yours(role: str, roles: Sequence[str]) -> HttpResponse:
    """403: the role may not call this."""
    says = f"This is not open to the role '{role}'."
    return wrong(403, [Problem("not_allowed", says, f"It is open to: {', '.join(roles)}.", value=role)])


def beyond_scope(scope: str, needed: str) -> HttpResponse:
    """403: the token was made for less."""
    says = f"This token may only {scope}."
    return wrong(403, [Problem("token_scope", says, f"Use one with the scope '{needed}'.", value=scope)])


def nothing_here(path: str) -> HttpResponse:
    """404: no such address."""
    problem = Problem(
        "not_found", "There is nothing at this address.", "See the reference of the API.", value=path[:200]
    )
    return wrong(404, [problem])


def no_such_method(method: str, allowed: Sequence[str]) -> HttpResponse:
    """405, with what the address does take."""
    says = f"This address does not take {method[:20]}."
    response = wrong(405, [Problem("method_not_allowed", says, f"Use {' or '.join(allowed)}.")])
    response["Allow"] = ", ".join(allowed)
    return response


def unreadable() -> HttpResponse:
    """400: the body is no JSON."""
    return wrong(400, [Problem("unreadable_body", "The body cannot be read.", "Send one JSON object.")])


def unstorable() -> HttpResponse:
    """422: the address holds a character that no database can look for."""
    says = "The address holds a character that cannot be kept."
    return wrong(422, [Problem("unstorable_text", says, "Write it again as plain text.")])


def too_large(limit: str = "10 MB") -> HttpResponse:
    """413: the body is beyond its limit."""
    says = f"The body is larger than {limit}."
    return wrong(413, [Problem("body_too_large", says, "Send less at once, or import a file.")])


def wrong_media_type(given: str, needed: str) -> HttpResponse:
    """415: the body is of another kind."""
    says = f"A body of '{given[:80]}' is not taken here."
    return wrong(415, [Problem("unsupported_media_type", says, f"Send {needed}.", value=given[:80])])


def too_many(seconds: int) -> HttpResponse:
    """429, with when to come back."""
    says = "These are too many requests at once."
    response = wrong(429, [Problem("too_many_requests", says, f"Wait {seconds} s.")])
    response["Retry-After"] = str(seconds)
    return response


def broken(request_id: str) -> HttpResponse:
    """500: a fault of ours, which the log has under the request's id."""
    problem = Problem(
        "internal_error",
        "Something went wrong here; nothing was changed.",
        "Try again. If it stays, give the id to whoever runs this.",
        value=request_id,
    )
    return wrong(500, [problem])


def out_of_reach() -> HttpResponse:
    """503: the database is away, locked or full; whether a write came through is known when it is sent again."""
    problem = Problem(
        "database_away",
        "The database does not answer just now.",
        "Send the same again, with the same Idempotency-Key if it writes.",
    )
    response = wrong(503, [problem])
    response["Retry-After"] = "1"
    return response


def is_problems(response: HttpResponse) -> bool:
    """Whether a response is in our shape already."""
    return response.headers.get("Content-Type", "").startswith("application/json")


def request_id(request: HttpRequest) -> str:
    """The id under which the log has the request; blank where nothing keeps one."""
    return str(getattr(request, "request_id", ""))


def _of_value(error: dict[str, Any]) -> Problem:
    """A value that does not fit its field."""
    place = ".".join(str(part) for part in error["loc"][2 if error["loc"][0] == "body" else 1 :])
    says = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    if error["type"] == "missing":
        return Problem("missing_value", f"'{place or 'body'}' is missing.", "Give it.", column=place)
    if error["type"] == "extra_forbidden":
        return Problem("unknown_field", f"There is no field '{place}' here.", "Leave it out.", column=place)
    return Problem("wrong_value", f"{says}.", "See the reference for what this field takes.", column=place)
