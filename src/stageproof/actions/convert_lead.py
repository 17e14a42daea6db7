"""Converting a lead: into a deal in the first stage, with its account and its contact, existing or new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions.accounts import ACCOUNTS, likely_accounts
from stageproof.actions.actor import Actor
from stageproof.actions.contacts import CONTACTS, likely_contacts
from stageproof.actions.deals import Done, open_deal, prepare_deal
from stageproof.actions.directory import open_entry
from stageproof.actions.history import succeed
from stageproof.actions.leads import (
    WORKS_LEADS,
    activities_of,
    copies,
    find_lead,
    if_converted,
    locked_lead,
    qualified,
)
from stageproof.actions.likeness import Likely, domain_key
from stageproof.actions.permission import demand
from stageproof.actions.wrong import one_of, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import ROLES
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Account, Contact, LeadVersion, RoleVersion

SELLS = ("rep", "manager")


def convert_lead(
    actor: Actor,
    lead: str,
    *,
    facts: Mapping[str, Any],
    now: dt.datetime,
    contact: Contact | None = None,
    role: str | None = None,
    reason: str = "",
    even_if_similar: bool = False,
    expected_version: int | None = None,
) -> Done:
    """The deal that the lead becomes, in the first stage of its pipeline, with the lead's source and campaign.

    Account and contact are those given, else the one that is likely the same, else new ones from what the lead says;
    refused where several are likely. A lead that is not qualified needs the `reason` why it counts as that. What
    happened on the lead is recorded on the deal as well; the contact joins its committee where a `role` is given.
    """
    demand(actor, WORKS_LEADS, "convert leads")
    current = find_lead(lead)
    owner = current.owner if current.owner is not None and current.owner.role in SELLS else actor.person
    given = {
        "name": current.account or current.name,
        "source": current.source,
        "campaign": current.campaign,
        "owner": owner,
    }
    prepared = prepare_deal(actor, now=now, facts={**given, **facts})
    problems = one_of("role", role, ROLES, "role") if role else []
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = locked_lead(lead, expected_version)
        problems += if_converted(current) or _if_unqualified(current, reason)
        if problems:
            raise Refused(problems)
        if current.status != "qualified":
            current = qualified(session, current, reason, "", {}, now)
        account = prepared.account or _account(session, current, now, even_if_similar=even_if_similar)
        person = contact or _contact(session, current, account, now, even_if_similar=even_if_similar)
        if contact is not None and account is not None and contact.account_id not in (None, account.pk):
            says = f"{contact.name} is not at {account.name}."
            raise Refused([wrong("contact", contact.pk, says, "Choose someone who is, or leave it blank.")])
        prepared.account = account
        done = open_deal(session, prepared, now=now)
        if role and person is not None:
            met = max(
                (each.happened_at for each in activities_of(current.lead) if each.side == "buyer"),
                default=None,
            )
            session.add(
                [RoleVersion(deal=done.deal, contact=person, role=role, engaged_at=met, valid_from=now)]
            )
        at_deal = {"deal_id": done.deal.pk, "lead": None}
        at_buyer = {
            "account_id": account.pk if account else None,
            "contact_id": person.pk if person else None,
        }
        copies(session, activities_of(current.lead), **at_deal, **at_buyer)
        succeed(
            session, current, at=now, status="converted", deal=done.deal, contact=person, change="converted",
            note=f"became {done.deal.name}"[:500],
        )  # fmt: skip
    return done


def account_facts(lead: LeadVersion) -> dict[str, Any]:
    """What a lead says of its company, as facts of an account; the domain is not taken from a mail provider's."""
    domain = domain_key((lead.email or "").rpartition("@")[2])
    facts = {
        "name": lead.account, "domain": "" if domain in _PROVIDERS else domain, "industry": lead.industry,
        "country": lead.country, "employees": lead.employees,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value not in (None, "")}


def contact_facts(lead: LeadVersion, account: Account | None) -> dict[str, Any]:
    """What a lead says of its person, as facts of a contact."""
    facts = {
        "name": lead.name,
        "account": account,
        "email": lead.email,
        "title": lead.title,
        "phone": lead.phone,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


_PROVIDERS = frozenset(
    ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de", "gmx.net",
     "web.de", "proton.me", "aol.com")
)  # fmt: skip


def _account(
    session: Writing, lead: LeadVersion, now: dt.datetime, *, even_if_similar: bool
) -> Account | None:
    if not lead.account:
        return None
    facts = account_facts(lead)
    alike = [] if even_if_similar else likely_accounts(facts)
    if alike:
        return Account.objects.get(pk=_only(alike, "account"))
    return open_entry(session, ACCOUNTS, facts, now=now, even_if_similar=True)


def _contact(
    session: Writing, lead: LeadVersion, account: Account | None, now: dt.datetime, *, even_if_similar: bool
) -> Contact | None:
    facts = contact_facts(lead, account)
    alike = [] if even_if_similar else likely_contacts(facts)
    if alike:
        found = Contact.objects.get(pk=_only(alike, "contact"))
        if account is None or found.account_id in (None, account.pk):
            return found
        says = f"This is likely {found.name}, who is at another account."
        remedy = "Choose that account, or say that this is another person."
        raise Refused([Problem("likely_duplicate", says, remedy, column="contact", value=str(found.pk))])
    return open_entry(session, CONTACTS, facts, now=now, even_if_similar=True)


def _only(alike: list[Likely], noun: str) -> int:
    """The one that is likely the same; refused where several are."""
    if len(alike) == 1:
        return int(alike[0].id)
    raise Refused(
        Problem(
            "likely_duplicate",
            f"This may be {each.name}, which {each.why}.",
            f"Choose which {noun} it is, or say that it is another one.",
            column=noun,
            value=str(each.id),
        )
        for each in alike
    )


def _if_unqualified(lead: LeadVersion, reason: str) -> list[Problem]:
    if lead.status == "qualified" or reason.strip():
        return []
    says = "This lead is not qualified."
    remedy = "Qualify it first, or say why it counts as qualified."
    return [Problem("lead_not_qualified", says, remedy, column="reason", value=lead.status)]
