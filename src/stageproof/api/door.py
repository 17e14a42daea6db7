"""The door: who calls, whether they may, and whether the same was asked before; then the operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja.operation import PathView

from stageproof.actions.actor import Actor
from stageproof.api import limits
from stageproof.api.auth import SAFE, caller
from stageproof.api.idempotency import HEADER, once
from stageproof.api.problems import (
    answered,
    beyond_scope,
    broken,
    is_problems,
    no_such_method,
    not_signed_in,
    not_yours,
    out_of_reach,
    request_id,
    too_large,
    too_many,
    unstorable,
    wrong_media_type,
)
from stageproof.web.policy import PUBLIC

MOST_JSON = 10 * 1024 * 1024
ADMIN = ("admin",)
_AWAY = (OperationalError, InterfaceError)
_log = structlog.get_logger("stageproof.api")

Policies = Mapping[str, tuple[str, ...]]


class Door:
    """The view of one address. `policies` says for each method who may call it, for whoever checks the routes."""

    csrf_exempt = True
    # The pages' policy sends whoever is not signed in to a form; here the door answers for itself.
    policy = PUBLIC

    def __init__(self, view: PathView, *, uploads: bool = False) -> None:
        self.run: Callable[..., Any] = view.get_view()
        self.policies: Policies = {
            method: _declared(operation.view_func)
            for operation in view.operations
            for method in operation.methods
        }
        self.uploads = uploads
        self.takes_body = {
            method for operation in view.operations for method in operation.methods
            if any(model.__ninja_param_source__ in ("body", "file", "form") for model in operation.models)
        }  # fmt: skip

    def __call__(self, request: HttpRequest, **place: Any) -> HttpResponse:
        try:
            return self._let_in(request, place)
        except _AWAY:
            # While the caller was looked up, or at the very end of the transaction.
            return _away(request)

    def _let_in(self, request: HttpRequest, place: Mapping[str, Any]) -> HttpResponse:
        method = request.method or ""
        roles = self.policies.get(method)
        if roles is None:
            return no_such_method(method, sorted(self.policies))
        now = timezone.now()
        actor = caller(request, now)
        if actor is None or actor.person is None:
            return not_signed_in()
        request.actor = actor  # type: ignore[attr-defined]
        # So that the log names the person behind a token, too.
        request.user = actor.person
        refusal = _denied(actor, method, roles) or self._unfit(request, method)
        if refusal is not None:
            return refusal
        key, person = request.headers.get(HEADER), actor.person
        if method in SAFE or key is None:
            return self._run(request, place)
        try:
            return once(request, person, key, now, lambda: self._run(request, place))
        except RequestDataTooBig:
            return too_large()

    def _unfit(self, request: HttpRequest, method: str) -> HttpResponse | None:
        """What is wrong with the address, or with the body before it is read."""
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return unstorable()
        if method not in self.takes_body:
            return None
        needed = "multipart/form-data" if self.uploads else "application/json"
        given = request.content_type or ""
        if given != needed:
            return wrong_media_type(given, needed)
        if not self.uploads and int(request.headers.get("Content-Length") or 0) > MOST_JSON:
            return too_large()
        return None

    def _run(self, request: HttpRequest, place: Mapping[str, Any]) -> HttpResponse:
        try:
            response: HttpResponse = self.run(request, **place)
        except _AWAY:
            return _away(request)
        except Exception as raised:
            answer = answered(raised)
            if answer is not None:
                return answer
            _log.exception("api_fault", request_id=request_id(request), path=request.path)
            return broken(request_id(request))
        version = getattr(request, "version_shown", None)
        if version is not None and response.status_code < 300 and is_problems(response):
            response["ETag"] = f'"{version}"'
        return response


class Open:
    """The view of an address open to everyone, such as the description of the API."""

    csrf_exempt = True
    policy = PUBLIC

    def __init__(self, body: Callable[[], Any]) -> None:
        self.policies: Policies = {"GET": PUBLIC, "HEAD": PUBLIC}
        self.body = body

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.policies:
            return no_such_method(request.method or "", sorted(self.policies))
        return HttpResponse(json.dumps(self.body()), content_type="application/json; charset=utf-8")


def _denied(actor: Actor, method: str, roles: tuple[str, ...]) -> HttpResponse | None:
    """Why the actor may not call: too often, in another role, with a token for less."""
    if wait := limits.requests.take(actor.name):
        return too_many(wait)
    if actor.role not in roles:
        return not_yours(actor.role, roles)
    needed = "read" if method in SAFE else "admin" if roles == ADMIN else "write"
    if needed != "read" and actor.scope not in (needed, "admin"):
        return beyond_scope(actor.scope, needed)
    return None


def _away(request: HttpRequest) -> HttpResponse:
    _log.exception("database_away", request_id=request_id(request), path=request.path)
    return out_of_reach()


def _declared(operation: Callable[..., Any]) -> tuple[str, ...]:
    roles: tuple[str, ...] | None = getattr(operation, "policy", None)
    if roles is None:
        raise ImproperlyConfigured(f"{operation.__module__}.{operation.__name__} declares no policy")
    return roles
