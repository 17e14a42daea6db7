"""Policy: every route says who may come in; a route that does not is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from stageproof.records.models.organisation import ROLES
from stageproof.web.answers import closed_to

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = ("public",)
EVERYONE: tuple[str, ...] = ROLES


def policy(*roles: str) -> Callable[[View], View]:
    """Declares the roles that may call a view: `public`, or some of the roles of people."""
    unknown = [role for role in roles if role not in (*PUBLIC, *ROLES)]
    if unknown or not roles:
        raise ImproperlyConfigured(f"no such role: {', '.join(unknown) or '(none given)'}")

    def declare(view: View) -> View:
        view.policy = roles  # type: ignore[attr-defined]
        return view

    return declare


class PolicyMiddleware:
    """Lets a request through to a view only if the view's policy names the person's role."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        roles = getattr(view, "policy", None)
        if roles is None:
            raise ImproperlyConfigured(f"{view} declares no policy")
        if roles == PUBLIC:
            return None
        if not request.user.is_authenticated:
            return redirect(f"/sign-in?next={request.get_full_path()}")
        if request.user.role not in roles:
            return closed_to(request)
        return None
