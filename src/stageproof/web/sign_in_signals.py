"""What allauth tells of passwords and second factors, passed on to be noted."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.dispatch import Signal
from django.utils import timezone

from stageproof.actions.sign_ins import note_own_factor, note_own_password, note_refused_sign_in
from stageproof.records.models import Person

_PASSWORDS = {password_changed: "changed", password_set: "set", password_reset: "reset by mail"}
_FACTORS = {authenticator_added: "added", authenticator_removed: "removed", authenticator_reset: "made anew"}


def listen() -> None:
    """Listens from now on; a second call changes nothing."""
    for signal, how in _PASSWORDS.items():
        _on_password(signal, how)
    for signal, how in _FACTORS.items():
        _on_factor(signal, how)
    authentication_failed.connect(_on_wrong_code, dispatch_uid="sign-in code")


def _on_password(signal: Signal, how: str) -> None:
    def note(user: Person, **_: Any) -> None:
        note_own_password(user, how, now=timezone.now())

    signal.connect(note, weak=False, dispatch_uid=f"password {how}")


def _on_factor(signal: Signal, how: str) -> None:
    def note(user: Person, authenticator: Authenticator, **_: Any) -> None:
        note_own_factor(user, authenticator.type, how, now=timezone.now())

    signal.connect(note, weak=False, dispatch_uid=f"factor {how}")


def _on_wrong_code(user: Person, authenticator: Authenticator | None = None, **_: Any) -> None:
    way = "passkey" if authenticator is not None and authenticator.type == "webauthn" else "code"
    note_refused_sign_in(user, way, now=timezone.now())
