"""Sign-ins: what is noted of passwords, second factors, and of those who were not let in."""

from __future__ import annotations

import datetime as dt

from allauth.mfa.models import Authenticator
from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import ADMINISTERS, demand
from stageproof.actions.sessions import end_sessions
from stageproof.records.models import Change, Person

NOBODY = "(nobody signed in)"
UNKNOWN = "(nobody here)"
"""Stands for an address that is not one of ours: what was typed there may have been a password."""
WAYS = ("password", "code", "passkey", "elsewhere")


def note_refused_sign_in(person: Person | None, way: str, *, now: dt.datetime) -> None:
    """Notes that someone was not let in, by one of the WAYS."""
    which = person.email if person is not None else UNKNOWN
    Change.objects.create(
        changed_at=now,
        actor=NOBODY,
        door="page",
        what="sign-in",
        which=which,
        fields={"refused": [None, way]},
    )


def note_own_password(person: Person, how: str, *, now: dt.datetime) -> None:
    """Notes that a person has set another password: changed, set for the first time, or forgotten and reset."""
    fields = {"password": (None, how)}
    note_change(Actor(person, "page"), what="person", which=person.email, fields=fields, now=now)


def note_own_factor(person: Person, kind: str, how: str, *, now: dt.datetime) -> None:
    """Notes that a person has added, removed or renewed a second factor of a kind."""
    fields = {_NAMES.get(kind, kind): (None, how)}
    note_change(Actor(person, "page"), what="person", which=person.email, fields=fields, now=now)


def reset_factors(actor: Actor, person_id: int, *, now: dt.datetime) -> Person:
    """The person without any second factor or passkey, signed out everywhere: for who has lost them."""
    demand(actor, ADMINISTERS, "reset second factors")
    with transaction.atomic():
        person = Person.objects.select_for_update().filter(pk=person_id).first()
        if person is None:
            raise NotFound("person", str(person_id))
        Authenticator.objects.filter(user=person).delete()
        end_sessions(person)
        note_change(
            actor, what="person", which=person.email, fields={"second_factors": (None, "reset")}, now=now
        )
    return person


_NAMES = {"totp": "authenticator_app", "webauthn": "passkey", "recovery_codes": "recovery_codes"}
