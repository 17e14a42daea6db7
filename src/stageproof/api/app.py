"""The API: every resource's operations behind one door, and their description."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.utils import normalize_path, replace_path_param_notation

from stageproof.api import (
    accounts,
    activities,
    campaigns,
    committee,
    contacts,
    deals,
    definitions,
    duplicates,
    evidence,
    frozen_readings,
    imports,
    leads,
    me,
    measures,
    people,
    rates,
    readings,
    targets,
    undo,
)
from stageproof.api.auth import Token
from stageproof.api.door import Door, Open
from stageproof.api.links import linked
from stageproof.api.problems import answered, nothing_here
from stageproof.api.reading import StrictParser, VersionedRenderer
from stageproof.api.shapes import refusals
from stageproof.web.policy import PUBLIC

ROOT = "/api/v1/"
ABOUT = """Everything that the pages can do, through the same verbs and the same gate.

Money is text in major units with its currency, days and instants are ISO 8601, unknown is null. Whatever is refused
answers with `problems`: every reason at once, each with its remedy. Lists come in parts of 100 (at most 1,000) with a
cursor in `next`. `as_of` and `known_at` read any past day or instant. The ETag of a single thing is its version; send
it as If-Match, or `expected_version`, and get 409 with what changed where someone was quicker. Send an
`Idempotency-Key` with anything that writes, and the same answer comes however often it is sent.
"""
RESOURCES = (
    deals, evidence, committee, activities, accounts, contacts, duplicates, undo, leads, campaigns, targets, rates,
    definitions, imports, measures,
    readings, frozen_readings, people, me,
)  # fmt: skip

api = NinjaAPI(
    title="Stageproof",
    version="1",
    description=ABOUT,
    docs_url=None,
    openapi_url=None,
    auth=Token(),
    parser=StrictParser(),
    renderer=VersionedRenderer(),
    urls_namespace="api",
)
for resource in RESOURCES:
    api.add_router("", resource.router)


def _answered(request: HttpRequest, raised: Exception | type[Exception]) -> HttpResponse:
    answer = answered(raised) if isinstance(raised, Exception) else None
    if answer is None:
        raise raised
    return answer


for kind in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(kind, _answered)


def _anywhere(request: HttpRequest, **_: Any) -> HttpResponse:
    return nothing_here(request.path)


_anywhere.policy = PUBLIC  # type: ignore[attr-defined]
_anywhere.csrf_exempt = True  # type: ignore[attr-defined]
_anywhere.policies = {}  # type: ignore[attr-defined]


def _routes() -> list[URLPattern]:
    found = []
    # The bound routers are what the library itself makes its routes from; it has no public name for them.
    for bound in api._get_bound_routers():
        for place, view in bound.path_operations.items():
            door = Door(view, uploads=any(_uploads(each) for each in view.operations))
            name = view.operations[0].view_func.__name__
            route = normalize_path(replace_path_param_notation(place)).lstrip("/")
            found.append(path(route, door, name=f"api_{name}"))
    described = Open(description)
    found.append(path("openapi.json", described, name="api_description"))
    return [*found, re_path("^.*$", _anywhere, name="api_nothing")]


def _uploads(operation: Any) -> bool:
    return any(model.__ninja_param_source__ == "file" for model in operation.models)


def description() -> dict[str, Any]:
    """The OpenAPI description, with the headers that every operation takes."""
    found: dict[str, Any] = json.loads(json.dumps(dict(api.get_openapi_schema(path_prefix=ROOT))))
    refused, shapes = refusals()
    found["components"]["schemas"].update(shapes)
    found["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    for operations in found["paths"].values():
        for method, operation in operations.items():
            operation["operationId"] = operation["operationId"].removeprefix("stageproof_api_")
            operation["responses"] |= refused
            if method not in ("get", "head"):
                operation["parameters"] = [*operation.get("parameters", []), *_HEADERS]
    return linked(found)


_HEADERS: list[dict[str, Any]] = [
    {
        "in": "header",
        "name": "Idempotency-Key",
        "required": False,
        "description": "The same key gets the same answer again, and nothing is done twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
]

urlpatterns = _routes()

__all__ = ["ROOT", "api", "description", "urlpatterns"]
