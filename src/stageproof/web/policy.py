"""Policy: every route says who may come in; a route that does not is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from stageproof.records.models.organisation import ROLES
from stageproof.web.answers import closed_to, wants_part

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = ("public",)
EVERYONE: tuple[str, ...] = ROLES

BY_NAME: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "account_login", "account_logout", "sign_out", "account_inactive", "account_reset_password",
            "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done",
            "mfa_authenticate", "mfa_login_webauthn", "socialaccount_login_cancelled", "socialaccount_login_error",
            "socialaccount_signup",
        ),
        PUBLIC,
    ),
    **dict.fromkeys(
        (
            "account_reauthenticate", "account_change_password", "account_set_password", "mfa_index",
            "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_activate_totp", "mfa_deactivate_totp",
            "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_list_webauthn", "mfa_add_webauthn",
            "mfa_edit_webauthn", "mfa_remove_webauthn",
        ),
        EVERYONE,
    ),
}  # fmt: skip
"""Who may call the views that others wrote, by the route's name: they cannot declare it themselves."""


def policy(*roles: str) -> Callable[[View], View]:
    """Declares the roles that may call a view: `public`, or some of the roles of people."""
    unknown = [role for role in roles if role not in (*PUBLIC, *ROLES)]
    if unknown or not roles:
        raise ImproperlyConfigured(f"no such role: {', '.join(unknown) or '(none given)'}")

    def declare(view: View) -> View:
        view.policy = roles  # type: ignore[attr-defined]
        return view

    return declare


def policy_of(view: Callable[..., Any], name: str | None) -> tuple[str, ...] | None:
    """The roles that may call a view at the route of this name; None where nobody said."""
    declared: tuple[str, ...] | None = getattr(view, "policy", None)
    return declared or BY_NAME.get(name or "")


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """The way to sign in and come back; a part of a page sends the whole page there."""
    if wants_part(request):
        page = urlsplit(request.headers.get("HX-Current-URL", "/"))
        back = urlencode({"next": page._replace(scheme="", netloc="", fragment="").geturl()})
        return HttpResponse(status=204, headers={"HX-Redirect": f"{reverse('account_login')}?{back}"})
    back = urlencode({"next": request.get_full_path()}) if request.method in ("GET", "HEAD") else ""
    return redirect(f"{reverse('account_login')}{'?' if back else ''}{back}")


class PolicyMiddleware:
    """Lets a request through to a view only if the view's policy names the person's role."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        roles = policy_of(view, request.resolver_match.url_name if request.resolver_match else None)
        if roles is None:
            raise ImproperlyConfigured(f"{view} declares no policy")
        if roles == PUBLIC:
            return None
        if not request.user.is_authenticated:
            return sign_in_first(request)
        if request.user.role not in roles:
            return closed_to(request)
        return None
