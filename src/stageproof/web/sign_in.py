"""Signing in: by invitation only, with limits that no spelling of an address gets around."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from requests import Session

from stageproof.actions.sign_ins import note_refused_sign_in
from stageproof.engine.problem import Problem, Refused
from stageproof.outgoing.requests_session import requests_session
from stageproof.records.models import Person
from stageproof.records.sealed import Unreadable, seal, unseal
from stageproof.web.answers import wrong
from stageproof.web.policy import EVERYONE, policy

View = TypeVar("View", bound=Callable[..., Any])


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """How allauth treats our people: nobody signs up, and limits count an address however it is written."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def reauthenticate(self, user: Person, password: str) -> bool:
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        address = str(credentials.get("email") or credentials.get("username") or "")
        person = Person.objects.filter(email=address.strip().casefold()).first()
        note_refused_sign_in(person, "password", now=timezone.now())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_settings")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str = "", *args: Any, **kwargs: Any
    ) -> None:
        # That one has signed in shows by itself.
        if not message_template.endswith(("logged_in.txt", "logged_out.txt")):
            super().add_message(request, level, message_template, *args, **kwargs)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"sign-in:{plain(credentials.get('email') or credentials.get('username') or '')}"


def plain(address: str) -> str:
    """The address without case, accents and other dress, so that look-alikes count as one."""
    letters = unicodedata.normalize("NFKD", address.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names the deployment in authenticator apps, and keeps what the codes are made from sealed."""

    def get_totp_issuer(self) -> str:
        return "Stageproof"

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return unseal(encrypted_text)
        except Unreadable:
            says = "Your second factor cannot be read any more: the key of this deployment has changed."
            remedy = "Ask an admin to run `stageproof user reset-factors`; then sign in and turn it on again."
            raise Refused([Problem("factor_unreadable", says, remedy)]) from None


class ElsewhereAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Lets in whom the issuer knows by a verified address, if they are here already; makes nobody."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> Session:
        return requests_session(settings.PRIVATE_HOSTS)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **_: Any) -> None:
        note_refused_sign_in(None, "elsewhere", now=timezone.now())

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        verified = [each.email.casefold() for each in sociallogin.email_addresses if each.verified is True]
        person = Person.objects.filter(email__in=verified, is_active=True).first()
        if person is None:
            note_refused_sign_in(None, "elsewhere", now=timezone.now())
            messages.error(request, "Nobody here has this address. Ask an admin for an invitation.")
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, person)


def confirmed(view: View) -> View:
    """The view, whose changes ask for the password or a code again unless one was given a moment ago."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD") and not lately(request):
            raise ReauthenticationRequired
        answer: HttpResponse = view(request, *args, **kwargs)
        return answer

    return asking  # type: ignore[return-value]


def lately(request: HttpRequest) -> bool:
    """Whether the person has signed in or confirmed it a moment ago, or has nothing to confirm it with."""
    given = [record["at"] for record in get_authentication_records(request, request.user)]
    fresh = bool(given) and time.time() - max(given) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return fresh or not get_reauthentication_flows(request.user)


def enter(request: HttpRequest, person: Person) -> None:
    """Signs in someone who has just set a password, as if it had been typed."""
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, person, method="password", email=person.email)


def form_without_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form that does not carry its token: it is too old, or not one of ours."""
    says = "This form was open for too long, or cookies are off."
    problem = Problem("form_without_token", says, "Open the page again and repeat the change.")
    return wrong(request, "Nothing was changed", [problem], status=403)


def sends_mail() -> bool:
    """Whether this deployment can send mail."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def mail_state(_request: HttpRequest) -> dict[str, bool]:
    """The template context that says whether mail can be sent."""
    return {"sends_mail": sends_mail()}


@policy(*EVERYONE)
@require_safe
def account_settings(request: HttpRequest) -> HttpResponse:
    """One's own account: password, second factor, passkeys, tokens."""
    kinds = Authenticator.objects.filter(user=request.user).values_list("type", flat=True)
    context = {"totp": "totp" in kinds, "passkeys": list(kinds).count("webauthn")}
    return render(request, "account_settings.html", context)
