"""Contacts: the people at the buyer, with duplicates found before they are made, and merged after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.facts import unknown_facts
from stageproof.actions.history import names_changed, succeed
from stageproof.actions.likeness import Likely, person_key
from stageproof.actions.permission import demand
from stageproof.actions.wrong import missing, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Account, Contact, RoleVersion

FIELDS = ("name", "account", "email", "title", "phone", "external_id")
KEEPS_CONTACTS = ("rep", "manager", "pipeline owner", "marketing", "admin")
MERGES = ("manager", "pipeline owner", "admin")


def create_contact(
    actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any], even_if_similar: bool = False
) -> Contact:
    """A new contact; refused where one is likely to be the same, unless that has been looked at."""
    demand(actor, KEEPS_CONTACTS, "create contacts")
    facts = _tidy(facts)
    problems = check_contact({"name": "", **facts})
    if problems:
        raise Refused(problems)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        similar = [] if even_if_similar else likely_contacts(facts)
        if similar:
            raise Refused([_likely(each) for each in similar])
        return Contact.objects.create(**facts, created_at=now)


def edit_contact(
    actor: Actor,
    contact_id: int,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Contact:
    """The contact with other facts."""
    demand(actor, KEEPS_CONTACTS, "change contacts")
    changes = _tidy(changes)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        contact = find_contact(contact_id)
        problems = check_contact(changes, contact)
        if problems:
            raise Refused(problems)
        if expected_version is not None and expected_version != contact.version:
            raise Conflict(f"contact {contact_id}", expected_version, contact.version, [])
        changed = [name for name, value in changes.items() if getattr(contact, name) != value]
        if changed:
            for name in changed:
                setattr(contact, name, changes[name])
            contact.version += 1
            contact.save()
            names_changed()
    return contact


def merge_contacts(actor: Actor, *, winner: int, loser: int, now: dt.datetime) -> Contact:
    """The one contact of two: the loser's roles pass to it, and its blanks are filled."""
    demand(actor, MERGES, "merge contacts")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        kept, gone = find_contact(winner), find_contact(loser)
        if kept.pk == gone.pk:
            raise Refused(
                [wrong("loser", loser, "A contact cannot be merged with itself.", "Choose another.")]
            )
        taken = {"external_id": gone.external_id}
        gone.merged_into, gone.external_id = kept, None
        gone.version += 1
        gone.save()
        for name in ("account", "email", "title", "phone"):
            taken[name] = getattr(gone, name)
        for name, value in taken.items():
            if not getattr(kept, name):
                setattr(kept, name, value)
        kept.version += 1
        kept.save()
        _pass_roles(session, gone, kept, now)
        names_changed()
    return kept


def find_contact(contact_id: int) -> Contact:
    """The contact, of a merged one the contact that it became part of; NotFound otherwise."""
    contact = Contact.objects.select_related("account", "merged_into").filter(pk=contact_id).first()
    while contact is not None and contact.merged_into is not None:
        contact = contact.merged_into
    if contact is None:
        raise NotFound("contact", str(contact_id))
    return contact


def likely_contacts(facts: Mapping[str, Any]) -> list[Likely]:
    """Contacts with the same address, or with the same name at the same account."""
    here = Contact.objects.filter(merged_into__isnull=True)
    email, account = facts.get("email"), facts.get("account")
    found: dict[int, Likely] = {}
    if email:
        for each in here.filter(email__iexact=email):
            found[each.pk] = Likely(each.pk, each.name, f"has the address {each.email}")
    key = person_key(str(facts.get("name", "")))
    if account is not None and key:
        for each in here.filter(account=account):
            if person_key(each.name) == key:
                found.setdefault(each.pk, Likely(each.pk, each.name, f"is at {account.name} too"))
    return list(found.values())


def check_contact(facts: Mapping[str, Any], contact: Contact | None = None) -> list[Problem]:
    """Everything that is wrong with values given for a contact."""
    problems = unknown_facts(facts, FIELDS)
    texts = {name: value for name, value in facts.items() if name in FIELDS and name != "account"}
    problems += text_problems(Contact, texts)
    if "name" in facts and not str(facts["name"] or "").strip():
        problems.append(missing("name", "A contact needs a name.", "Give it one."))
    account = facts.get("account")
    if account is not None and not isinstance(account, Account):
        problems.append(wrong("account", account, "There is no such account.", "Choose an existing one."))
    if facts.get("email") and not _is_email(str(facts["email"])):
        problems.append(
            wrong("email", facts["email"], "This is not an e-mail address.", "Write it as ada@example.com.")
        )
    external = facts.get("external_id")
    others = Contact.objects.all() if contact is None else Contact.objects.exclude(pk=contact.pk)
    if external and others.filter(external_id=external).exists():
        problems.append(wrong("external_id", external, "Another contact has this id.", "Give each its own."))
    return problems


def _pass_roles(session: Writing, gone: Contact, kept: Contact, now: dt.datetime) -> None:
    """Ends the roles of the one and gives them to the other, who may hold some of them already."""
    present = RoleVersion.objects.filter(valid_to__isnull=True)
    last = {(each.deal_id, each.role): each for each in present.filter(contact=kept)}
    for role in present.filter(contact=gone, removed=False).order_by("seq"):
        at = succeed(session, role, at=now, removed=True).valid_from
        mine = last.get((role.deal_id, role.role))
        engaged = max(filter(None, (role.engaged_at, mine and mine.engaged_at)), default=None)
        if mine is not None:
            # Written again even if unchanged: where both have the same name, the end of the one would hide the other.
            succeed(session, mine, at=at, engaged_at=engaged, removed=False)
        else:
            given = {"deal_id": role.deal_id, "contact": kept, "role": role.role, "engaged_at": engaged}
            session.add([RoleVersion(**given, valid_from=at)])


def _tidy(facts: Mapping[str, Any]) -> dict[str, Any]:
    tidy = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    for name in ("email", "title", "phone"):
        if name in tidy and tidy[name] is None:
            tidy[name] = ""
    if tidy.get("external_id") == "":
        tidy["external_id"] = None
    return tidy


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _likely(each: Likely) -> Problem:
    return Problem(
        "likely_duplicate",
        f"This is likely {each.name}, who {each.why}.",
        "Use that contact, or say that this is another person.",
        column="name",
        value=str(each.id),
    )
