"""The first run: the organisation, its pipeline owner and the definition to start from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change, values_of
from stageproof.actions.definitions import ALWAYS
from stageproof.actions.facts import unknown_facts
from stageproof.actions.history import names_changed
from stageproof.actions.permission import DEFINES, demand
from stageproof.actions.wrong import missing, text_problems, wrong
from stageproof.engine.definition import read_definition
from stageproof.engine.money import is_currency
from stageproof.engine.owner import why_not_a_person
from stageproof.engine.period import Calendar, check_zone
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.templates import template_text
from stageproof.records.ledger import writing
from stageproof.records.models import Deal, DefinitionVersion, Organisation, Person, RateVersion

ORGANISATION = ("name", "zone", "currency", "calendar_kind", "year_starts", "week_starts", "pipeline_owner")
TEMPLATES_OWNER = '"owner@example.com"'


@dataclass(frozen=True)
class Founded:
    """What the first run made."""

    organisation: Organisation
    owner: Person
    definition: DefinitionVersion


def set_up(
    *,
    name: str,
    zone: str,
    currency: str,
    owner_name: str,
    owner_email: str,
    now: dt.datetime,
    template: str = "mid-market",
    year_starts: int = 1,
    week_starts: int = 0,
    calendar_kind: str = "months",
    password: str | None = None,
    door: str = "cli",
) -> Founded:
    """The organisation with its owner, an admin, and a template in force from always; once only.

    Without a password the owner cannot sign in before setting one.
    """
    name, owner_name, owner_email = name.strip(), owner_name.strip(), owner_email.strip().casefold()
    currency = currency.strip().upper()
    problems = [
        *_of_organisation(name, zone, currency),
        *_of_calendar(calendar_kind, year_starts, week_starts),
        *_of_owner(owner_name, owner_email, password),
    ]
    text = ""
    try:
        text = template_text(template)
    except Refused as refused:
        problems += refused.problems
    with writing(recorded_at=now, actor=owner_email[:254], door=door):
        if Organisation.objects.exists():
            says = "This deployment has its organisation already."
            raise Refused([Problem("set_up_already", says, "Sign in, or begin with an empty data folder.")])
        if problems:
            raise Refused(problems)
        owner = Person.objects.create_user(
            owner_email, password, name=owner_name, role="admin", joined_at=now
        )
        organisation = Organisation.objects.create(
            name=name,
            zone=zone,
            currency=currency,
            calendar_kind=calendar_kind,
            year_starts=year_starts,
            week_starts=week_starts,
            pipeline_owner=owner,
        )
        toml = text.replace(TEMPLATES_OWNER, json.dumps(owner_email))
        definition = DefinitionVersion.objects.create(
            pipeline=read_definition(toml).pipeline,
            version=1,
            toml=toml,
            # Deals that come with a history are judged by it from their beginning.
            effective_from=ALWAYS,
            drafted_by=owner_email,
            drafted_at=now,
            published_by=owner_email,
            published_at=now,
        )
        names_changed()
    return Founded(organisation, owner, definition)


def change_organisation(actor: Actor, *, changes: Mapping[str, Any], now: dt.datetime) -> Organisation:
    """The organisation with another name, zone, currency, calendar or pipeline owner.

    The currency stays once there are deals or rates: every figure given out is in it.
    """
    demand(actor, DEFINES, "change the organisation")
    problems = unknown_facts(changes, ORGANISATION)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        organisation = Organisation.objects.select_for_update().get()
        before = values_of(organisation, ORGANISATION)
        wanted = {**before, **{name: value for name, value in changes.items() if name in ORGANISATION}}
        wanted["name"], wanted["currency"] = wanted["name"].strip(), wanted["currency"].strip().upper()
        problems += _of_organisation(wanted["name"], wanted["zone"], wanted["currency"])
        problems += _of_calendar(wanted["calendar_kind"], wanted["year_starts"], wanted["week_starts"])
        if wanted["currency"] != before["currency"] and (
            Deal.objects.exists() or RateVersion.objects.exists()
        ):
            says = "There are deals or rates already, and every figure is in the present currency."
            problems.append(wrong("currency", wanted["currency"], says, f"Keep {before['currency']}."))
        problems += _of_new_owner(wanted["pipeline_owner"])
        if problems:
            raise Refused(problems)
        for name, value in wanted.items():
            setattr(organisation, name, value)
        organisation.save()
        fields = {name: (before[name], value) for name, value in wanted.items()}
        note_change(actor, what="organisation", which=organisation.name, fields=fields, now=now)
        names_changed()
    return organisation


def _of_new_owner(person: Person | None) -> list[Problem]:
    if person is None:
        return [missing("pipeline_owner", "A pipeline has one owner, by name.", "Name a person.")]
    if not person.is_active:
        says = f"{person.name} cannot sign in."
        return [wrong("pipeline_owner", person, says, "Name someone who works here.")]
    if person.role not in DEFINES:
        says = f"{person.name} is a {person.role}, who may not change the definition."
        return [wrong("pipeline_owner", person, says, "Make the person a pipeline owner or an admin first.")]
    return []


def _of_organisation(name: str, zone: str, currency: str) -> list[Problem]:
    problems = text_problems(Organisation, {"name": name, "zone": zone})
    if not name:
        problems.append(missing("name", "The organisation needs a name.", "Give it one."))
    if (problem := check_zone(zone)) is not None:
        problems.append(replace(problem, column="zone"))
    if not is_currency(currency):
        problems.append(
            wrong("currency", currency, "This is not a currency.", "Use a code such as USD or EUR.")
        )
    return problems


def _of_calendar(kind: str, year_starts: int, week_starts: int) -> list[Problem]:
    try:
        Calendar(kind=kind, year_starts=year_starts, week_starts=week_starts)  # type: ignore[arg-type]
    except Refused as refused:
        return list(refused.problems)
    return []


def _of_owner(name: str, email: str, password: str | None) -> list[Problem]:
    problems = text_problems(Person, {"name": name, "email": email})
    why = why_not_a_person(name)
    if why is not None:
        says = f"The pipeline owner must be one person, and '{name}' {why}."
        problems.append(wrong("owner_name", name, says, "Name one person."))
    try:
        validate_email(email)
    except ValidationError:
        says = "This is not an e-mail address."
        problems.append(wrong("owner_email", email, says, "Write it as ada@example.com."))
    else:
        why = why_not_a_person(email)
        if why is not None:
            says = f"The pipeline owner must be one person, and '{email}' {why}."
            problems.append(wrong("owner_email", email, says, "Use the person's own address."))
    if password is not None:
        problems += password_problems(password, Person(name=name, email=email))
    return problems


def password_problems(password: str, person: Person) -> list[Problem]:
    """Why the password is too weak for the person; nothing where it will do."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        return [
            Problem("weak_password", says, "Choose a longer one that nobody guesses.", column="password")
            for says in error.messages
        ]
    return []
