"""Passwords set by an admin or by the deployment's owner."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.organisation import password_problems
from stageproof.actions.permission import ADMINISTERS, demand
from stageproof.engine.problem import Refused
from stageproof.records.models import Person


def set_password(actor: Actor, person_id: int, *, password: str, now: dt.datetime) -> Person:
    """The person with another password; every session that was open under the old one ends."""
    demand(actor, ADMINISTERS, "set passwords")
    with transaction.atomic():
        person = Person.objects.select_for_update().filter(pk=person_id).first()
        if person is None:
            raise NotFound("person", str(person_id))
        problems = password_problems(password, person)
        if problems:
            raise Refused(problems)
        person.set_password(password)
        person.save(update_fields=["password"])
        note_change(actor, what="person", which=person.email, fields={"password": (None, "set")}, now=now)
    return person
