"""The buying committee: who at the buyer takes part in a deal, and in which role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.contacts import check_contact, find_contact
from stageproof.actions.deals import locked_deal
from stageproof.actions.directory import save_entry
from stageproof.actions.history import succeed
from stageproof.actions.roles import end_role
from stageproof.actions.wrong import not_ahead, one_of
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import ROLES
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Contact, Deal, RoleVersion
from stageproof.records.models.accounts import HERE


def add_to_committee(
    actor: Actor,
    key: str,
    *,
    contact: int | Mapping[str, Any],
    role: str,
    now: dt.datetime,
    engaged_at: dt.datetime | None = None,
) -> RoleVersion:
    """A contact's role in a deal; `contact` is one's id, or the facts of a new one at the deal's account.

    A contact of the same e-mail address is taken instead of made again.
    """
    problems = one_of("role", role, ROLES, "role")
    if engaged_at is not None:
        problems += not_ahead("engaged_at", engaged_at, now)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = locked_deal(actor, key, None)
        if isinstance(contact, Mapping):
            problems += check_contact({"name": "", **contact})
        if problems:
            raise Refused(problems)
        person = find_contact(contact) if isinstance(contact, int) else _contact(session, contact, deal, now)
        if _held(deal, person, role) is not None:
            says = f"{person.name} is {_words(role)} of this deal already."
            raise Refused(
                [Problem("role_held_already", says, "Choose another role.", column="role", value=role)]
            )
        return _give(session, deal, person, role, now, engaged_at)


def change_role(actor: Actor, key: str, *, contact: int, role: str, to: str, now: dt.datetime) -> RoleVersion:
    """The contact in another role: the one ends, the other begins."""
    problems = one_of("to", to, ROLES, "role")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = locked_deal(actor, key, None)
        if problems:
            raise Refused(problems)
        current = _find(deal, contact, role)
        if to == role:
            return current
        if _held(deal, current.contact, to) is not None:
            says = f"{current.contact.name} is {_words(to)} of this deal already."
            remedy = "Remove the other role instead."
            raise Refused([Problem("role_held_already", says, remedy, column="to", value=to)])
        ended = end_role(session, current, at=now)
        return _give(session, deal, current.contact, to, ended.valid_from, current.engaged_at)


def engage(
    actor: Actor, key: str, *, contact: int, role: str, engaged_at: dt.datetime, now: dt.datetime
) -> RoleVersion:
    """The role with a later engagement, for what no activity shows."""
    problems = not_ahead("engaged_at", engaged_at, now)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = _find(locked_deal(actor, key, None), contact, role)
        if problems:
            raise Refused(problems)
        if current.engaged_at is not None and current.engaged_at >= engaged_at:
            return current
        return succeed(session, current, at=now, engaged_at=engaged_at)


def remove_from_committee(
    actor: Actor, key: str, *, contact: int, role: str, now: dt.datetime
) -> RoleVersion:
    """The end of a contact's role in a deal; that it was held stays known."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = _find(locked_deal(actor, key, None), contact, role)
        return end_role(session, current, at=now)


def _contact(session: Writing, facts: Mapping[str, Any], deal: Deal, now: dt.datetime) -> Contact:
    email = str(facts.get("email") or "").strip()
    known = Contact.objects.filter(HERE, email__iexact=email).first() if email else None
    if known is not None:
        return known
    plain = {name: value.strip() for name, value in facts.items() if isinstance(value, str) and value.strip()}
    made = Contact(**{"account": deal.account, **plain}, created_at=now, version=0)
    save_entry(session, made, change="created", at=now)
    return made


def _give(
    session: Writing, deal: Deal, contact: Contact, role: str, at: dt.datetime, engaged_at: dt.datetime | None
) -> RoleVersion:
    # A role given back on the instant of its end would begin with the version that ended it.
    last = RoleVersion.objects.filter(deal=deal, contact=contact, role=role, valid_to__isnull=True).first()
    if last is not None:
        return succeed(session, last, at=at, removed=False, engaged_at=engaged_at)
    version = RoleVersion(deal=deal, contact=contact, role=role, engaged_at=engaged_at, valid_from=at)
    session.add([version])
    return version


def _held(deal: Deal, contact: Contact, role: str) -> RoleVersion | None:
    present = RoleVersion.objects.select_related("contact").filter(valid_to__isnull=True, removed=False)
    return present.filter(deal=deal, contact=contact, role=role).first()


def _find(deal: Deal, contact: int, role: str) -> RoleVersion:
    found = _held(deal, find_contact(contact), role)
    if found is None:
        raise NotFound("role", f"{role} of contact {contact}")
    return found


def _words(role: str) -> str:
    return role.replace("_", " ")
