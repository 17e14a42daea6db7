"""Invitations: good once and for a week; only the key's hash is kept."""

from __future__ import annotations

import datetime as dt
import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.history import names_changed
from stageproof.actions.import_directory import NOT_INVITED
from stageproof.actions.organisation import password_problems
from stageproof.actions.permission import ADMINISTERS, demand
from stageproof.actions.tokens import digest
from stageproof.actions.wrong import missing, one_of, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Invitation, Person, Team
from stageproof.records.models.organisation import ROLES

LASTS = dt.timedelta(days=7)


def invite(
    actor: Actor, *, email: str, name: str, role: str, now: dt.datetime, team: Team | None = None
) -> tuple[Invitation, str]:
    """An invitation and its key; an earlier one to the same address ends."""
    demand(actor, ADMINISTERS, "invite people")
    email, name = email.strip().casefold(), name.strip()
    problems = [
        *one_of("role", role, ROLES, "role"),
        *text_problems(Invitation, {"email": email, "name": name}),
    ]
    try:
        validate_email(email)
    except ValidationError:
        problems.append(
            wrong("email", email, "This is not an e-mail address.", "Write it as ada@example.com.")
        )
    if not name:
        problems.append(missing("name", "An invitation needs a name.", "Say who it is for."))
    if Person.objects.filter(email=email).exists():
        problems.append(wrong("email", email, "This person is here already.", "Change the person instead."))
    elif _taken(name):
        says = f"There is another {name}; figures by owner need different names."
        problems.append(wrong("name", name, says, "Add a middle name or an initial."))
    inviter = actor.person or Person.objects.filter(role="admin", is_active=True).order_by("id").first()
    if inviter is None:
        problems.append(
            Problem("no_admin", "There is no admin to invite anyone.", "Set up the organisation first.")
        )
    if problems or inviter is None:
        raise Refused(problems)
    key = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(email=email, accepted_at__isnull=True).update(expires_at=now)
        row = Invitation.objects.create(
            email=email,
            name=name,
            role=role,
            team=team,
            digest=digest(key),
            invited_by=inviter,
            invited_at=now,
            expires_at=now + LASTS,
        )
        fields = {"name": (None, name), "role": (None, role), "team": (None, team)}
        note_change(actor, what="invitation", which=email, fields=fields, now=now)
    return row, key


def accept_invitation(key: str, *, password: str, now: dt.datetime) -> Person:
    """The person who joins; one whom an import named becomes this person, with the deals."""
    with transaction.atomic():
        row = open_invitation(key, now=now, lock=True)
        person = Person.objects.filter(name__iexact=row.name, email__endswith=f"@{NOT_INVITED}").first()
        person = person or Person()
        person.email, person.name, person.role, person.is_active = row.email, row.name, row.role, True
        if row.team is not None or person.pk is None:
            person.team = row.team
        if person.pk is None:
            person.joined_at = now
        problems = password_problems(password, person)
        if Person.objects.exclude(pk=person.pk).filter(email=row.email).exists():
            problems.append(wrong("email", row.email, "This person is here already.", "Sign in instead."))
        if problems:
            raise Refused(problems)
        person.set_password(password)
        person.save()
        row.accepted_at = now
        row.save(update_fields=["accepted_at"])
        fields = {"name": (None, person.name), "role": (None, person.role)}
        note_change(Actor(person, "page"), what="person", which=person.email, fields=fields, now=now)
        names_changed()
    return person


def open_invitation(key: str, *, now: dt.datetime, lock: bool = False) -> Invitation:
    """The invitation of this key, neither used nor expired; NotFound otherwise, without saying which."""
    rows = Invitation.objects.select_for_update() if lock else Invitation.objects
    row = rows.filter(digest=digest(key), accepted_at__isnull=True, expires_at__gt=now).first()
    if row is None:
        raise NotFound("invitation", "")
    return row


def withdraw_invitation(actor: Actor, invitation: int, *, now: dt.datetime) -> None:
    """Ends an invitation that nobody has accepted."""
    demand(actor, ADMINISTERS, "invite people")
    with transaction.atomic():
        open_ones = Invitation.objects.filter(pk=invitation, accepted_at__isnull=True, expires_at__gt=now)
        row = open_ones.select_for_update().first()
        if row is None:
            raise NotFound("invitation", str(invitation))
        row.expires_at = now
        row.save(update_fields=["expires_at"])
        note_change(actor, what="invitation", which=row.email, fields={"open": (True, False)}, now=now)


def _taken(name: str) -> bool:
    named = Person.objects.filter(name__iexact=name)
    return named.exclude(email__endswith=f"@{NOT_INVITED}").exists()
