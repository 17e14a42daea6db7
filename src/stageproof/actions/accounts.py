"""Accounts: create, edit, find duplicates, merge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions import directory
from stageproof.actions.actor import Actor
from stageproof.actions.deals import save_version
from stageproof.actions.facts import unknown_facts
from stageproof.actions.likeness import Likely, company_key, domain_key
from stageproof.actions.wrong import missing, text_problems, wrong
from stageproof.engine.problem import Problem
from stageproof.records.ledger import Writing
from stageproof.records.models import Account, Contact, Deal
from stageproof.records.models.accounts import HERE

FIELDS = ("name", "domain", "industry", "country", "employees", "segment", "external_id")
PASSED = "account merged"
MOST_EMPLOYEES = 10_000_000


def create_account(
    actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any], even_if_similar: bool = False
) -> Account:
    """A new account; refused where one is likely to be the same, unless that has been looked at."""
    return directory.create(ACCOUNTS, actor, now=now, facts=facts, even_if_similar=even_if_similar)


def edit_account(
    actor: Actor,
    account_id: int,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Account:
    """The account with other facts."""
    return directory.edit(
        ACCOUNTS, actor, account_id, now=now, changes=changes, expected_version=expected_version
    )


def merge_accounts(actor: Actor, *, winner: int, loser: int, now: dt.datetime) -> Account:
    """The one account of two: deals and contacts pass to it, and its blanks are filled.

    Deals and contacts get a version that says so; what happened at the loser stays there.
    """
    return directory.merge(ACCOUNTS, actor, winner=winner, loser=loser, now=now, pass_on=_pass_on)


def _pass_on(session: Writing, gone: Account, kept: Account, now: dt.datetime) -> None:
    note = f"{gone.name} became part of {kept.name}"
    for deal in Deal.objects.select_for_update().filter(account=gone).order_by("id"):
        deal.account = kept
        save_version(session, deal, change=PASSED, at=now, note=note)
    for contact in Contact.objects.filter(account=gone).order_by("id"):
        contact.account = kept
        directory.save_entry(session, contact, change=PASSED, at=now, note=note)


def find_account(account_id: int) -> Account:
    """The account, of a merged one the account that it became part of; NotFound otherwise."""
    return directory.find(Account, account_id)


def likely_accounts(facts: Mapping[str, Any]) -> list[Likely]:
    """Accounts with the same domain, or the same name but for case, accents and legal form."""
    here = Account.objects.filter(HERE)
    found: dict[int, Likely] = {}
    domain = domain_key(str(facts.get("domain") or ""))
    if domain:
        for each in here.filter(domain__icontains=domain):
            if domain_key(each.domain) == domain:
                found[each.pk] = Likely(each.pk, each.name, f"has the domain {domain}")
    key = company_key(str(facts.get("name", "")))
    if key:
        for pk, name in here.values_list("id", "name"):
            if company_key(name) == key:
                found.setdefault(pk, Likely(pk, name, "has the same name"))
    return list(found.values())


def check_account(facts: Mapping[str, Any], account: Account | None = None) -> list[Problem]:
    """Everything that is wrong with values given for an account."""
    problems = unknown_facts(facts, FIELDS)
    problems += text_problems(Account, {name: value for name, value in facts.items() if name in FIELDS})
    if "name" in facts and not str(facts["name"] or "").strip():
        problems.append(missing("name", "An account needs a name.", "Give it one."))
    employees = facts.get("employees")
    if employees is not None and not (isinstance(employees, int) and 0 <= employees <= MOST_EMPLOYEES):
        says = "This is not a number of people."
        problems.append(wrong("employees", employees, says, f"Give a number up to {MOST_EMPLOYEES:,}."))
    external = facts.get("external_id")
    others = Account.objects.all() if account is None else Account.objects.exclude(pk=account.pk)
    if external and others.filter(external_id=external).exists():
        problems.append(wrong("external_id", external, "Another account has this id.", "Give each its own."))
    return problems


def _likely(each: Likely) -> Problem:
    return Problem(
        "likely_duplicate",
        f"This is likely {each.name}, which {each.why}.",
        "Use that account, or say that this is another company.",
        column="name",
        value=str(each.id),
    )


ACCOUNTS = directory.Kind(Account, "account", FIELDS, check_account, likely_accounts, _likely)
