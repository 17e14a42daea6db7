"""Who calls: the person behind a token, or the one signed in to the pages."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from stageproof.actions.actor import Actor
from stageproof.actions.tokens import actor_of

SAFE = ("GET", "HEAD", "OPTIONS")


def caller(request: HttpRequest, now: dt.datetime) -> Actor | None:
    """The actor at the door of the API; None unless a token or a session says who it is.

    A session counts for the pages' own use, and for writing only with the proof that one of our pages sent it.
    """
    given = request.headers.get("Authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            return None
        return actor_of(token.strip(), now=now)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    if request.method not in SAFE and check_csrf(request) is not None:
        return None
    return Actor(user, "api")


def actor(request: HttpRequest) -> Actor:
    """The actor that the door let in."""
    found: Actor = request.actor  # type: ignore[attr-defined]
    return found


class Token(HttpBearer):
    """Says in the reference that a token is needed; the door has looked at it already."""

    def __call__(self, request: HttpRequest) -> Actor | None:
        return actor(request)

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return actor(request)
