"""Contacts: the people at the buyer, with duplicates found before they are made, and merged after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Max

from stageproof.actions import directory
from stageproof.actions.actor import Actor
from stageproof.actions.facts import unknown_facts
from stageproof.actions.history import succeed
from stageproof.actions.likeness import Likely, person_key
from stageproof.actions.wrong import missing, text_problems, wrong
from stageproof.engine.problem import Problem
from stageproof.records.ledger import Writing
from stageproof.records.models import Account, Activity, Contact, LeadVersion, RoleVersion
from stageproof.records.models.accounts import HERE

PASSED = "contact merged"
FIELDS = ("name", "account", "email", "title", "phone", "external_id")


def create_contact(
    actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any], even_if_similar: bool = False
) -> Contact:
    """A new contact; refused where one is likely to be the same, unless that has been looked at."""
    return directory.create(CONTACTS, actor, now=now, facts=facts, even_if_similar=even_if_similar)


def edit_contact(
    actor: Actor,
    contact_id: int,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Contact:
    """The contact with other facts."""
    return directory.edit(
        CONTACTS, actor, contact_id, now=now, changes=changes, expected_version=expected_version
    )


def merge_contacts(actor: Actor, *, winner: int, loser: int, now: dt.datetime) -> Contact:
    """The one contact of two: the loser's roles and leads pass to it, and its blanks are filled.

    What the loser took part in stays as it happened and is shown with the winner; the roles keep the engagement.
    """
    return directory.merge(CONTACTS, actor, winner=winner, loser=loser, now=now, pass_on=_pass_on)


def find_contact(contact_id: int) -> Contact:
    """The contact, of a merged one the contact that it became part of; NotFound otherwise."""
    return directory.find(Contact, contact_id)


def likely_contacts(facts: Mapping[str, Any]) -> list[Likely]:
    """Contacts with the same address, or with the same name at the same account."""
    here = Contact.objects.filter(HERE)
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
    # Asked for again, since it may have become part of another, or have been taken out, since it was chosen.
    known = isinstance(account, Account) and Account.objects.filter(HERE, pk=account.pk).exists()
    if account is not None and not known:
        problems.append(wrong("account", account, "There is no such account.", "Choose an existing one."))
    problems += email_problems(facts.get("email"))
    external = facts.get("external_id")
    others = Contact.objects.all() if contact is None else Contact.objects.exclude(pk=contact.pk)
    if external and others.filter(external_id=external).exists():
        problems.append(wrong("external_id", external, "Another contact has this id.", "Give each its own."))
    return problems


def _pass_on(session: Writing, gone: Contact, kept: Contact, now: dt.datetime) -> None:
    seen = _took_part(gone)
    _pass_roles(session, gone, kept, seen, now)
    for role in RoleVersion.objects.filter(contact=kept, valid_to__isnull=True, removed=False, deal__in=seen):
        at = seen[role.deal_id]
        if role.engaged_at is None or role.engaged_at < at:
            succeed(session, role, at=now, engaged_at=at)
    note = f"{gone.name} became part of {kept.name}"[:500]
    for lead in LeadVersion.objects.filter(contact=gone, valid_to__isnull=True, removed=False).order_by(
        "seq"
    ):
        succeed(session, lead, at=now, contact=kept, change=PASSED, note=note)


def _took_part(contact: Contact) -> dict[int, dt.datetime]:
    """When the contact, and whoever became part of it, last took part, by deal."""
    people = directory.with_merged(Contact, contact.pk)
    happened = Activity.objects.filter(contact__in=people, side="buyer", withdrawn_at__isnull=True)
    return dict(happened.exclude(deal=None).values_list("deal_id").annotate(Max("happened_at")))


def _pass_roles(
    session: Writing, gone: Contact, kept: Contact, seen: Mapping[int, dt.datetime], now: dt.datetime
) -> None:
    """Ends the roles of the one and gives them to the other, who may hold some of them already."""
    present = RoleVersion.objects.filter(valid_to__isnull=True)
    last = {(each.deal_id, each.role): each for each in present.filter(contact=kept)}
    for role in present.filter(contact=gone, removed=False).order_by("seq"):
        at = succeed(session, role, at=now, removed=True).valid_from
        mine = last.get((role.deal_id, role.role))
        held = (role.engaged_at, mine and mine.engaged_at, seen.get(role.deal_id))
        engaged = max(filter(None, held), default=None)
        if mine is not None:
            # Written again even if unchanged: where both have the same name, the end of the one would hide the other.
            succeed(session, mine, at=at, engaged_at=engaged, removed=False)
        else:
            given = {"deal_id": role.deal_id, "contact": kept, "role": role.role, "engaged_at": engaged}
            session.add([RoleVersion(**given, valid_from=at)])


def email_problems(email: Any) -> list[Problem]:
    """A problem where something is given that is no e-mail address."""
    if not email:
        return []
    try:
        validate_email(str(email))
    except ValidationError:
        return [wrong("email", email, "This is not an e-mail address.", "Write it as ada@example.com.")]
    return []


def _likely(each: Likely) -> Problem:
    return Problem(
        "likely_duplicate",
        f"This is likely {each.name}, who {each.why}.",
        "Use that contact, or say that this is another person.",
        column="name",
        value=str(each.id),
    )


CONTACTS = directory.Kind(Contact, "contact", FIELDS, check_contact, likely_contacts, _likely)
