"""Accounts: create, edit, find duplicates, merge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.deals import save_version
from stageproof.actions.facts import unknown_facts
from stageproof.actions.history import names_changed
from stageproof.actions.likeness import Likely, company_key, domain_key
from stageproof.actions.permission import demand
from stageproof.actions.wrong import missing, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Account, Contact, Deal

FIELDS = ("name", "domain", "industry", "country", "employees", "segment", "external_id")
KEEPS_ACCOUNTS = ("rep", "manager", "pipeline owner", "marketing", "admin")
MERGES = ("manager", "pipeline owner", "admin")
MOST_EMPLOYEES = 10_000_000


def create_account(
    actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any], even_if_similar: bool = False
) -> Account:
    """A new account; refused where one is likely to be the same, unless that has been looked at."""
    demand(actor, KEEPS_ACCOUNTS, "create accounts")
    facts = _tidy(facts)
    problems = check_account({"name": "", **facts})
    if problems:
        raise Refused(problems)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        similar = [] if even_if_similar else likely_accounts(facts)
        if similar:
            raise Refused([_likely(each) for each in similar])
        return Account.objects.create(**facts, created_at=now)


def edit_account(
    actor: Actor,
    account_id: int,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Account:
    """The account with other facts."""
    demand(actor, KEEPS_ACCOUNTS, "change accounts")
    changes = _tidy(changes)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        account = find_account(account_id)
        problems = check_account(changes, account)
        if problems:
            raise Refused(problems)
        if expected_version is not None and expected_version != account.version:
            raise Conflict(f"account {account_id}", expected_version, account.version, [])
        changed = [name for name, value in changes.items() if getattr(account, name) != value]
        if changed:
            for name in changed:
                setattr(account, name, changes[name])
            account.version += 1
            account.save()
            names_changed()
    return account


def merge_accounts(actor: Actor, *, winner: int, loser: int, now: dt.datetime) -> Account:
    """The one account of two: deals and contacts pass to it, and its blanks are filled.

    Deals get a version that says so; what happened at the loser stays there.
    """
    demand(actor, MERGES, "merge accounts")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        kept, gone = find_account(winner), find_account(loser)
        if kept.pk == gone.pk:
            raise Refused(
                [wrong("loser", loser, "An account cannot be merged with itself.", "Choose another.")]
            )
        taken = {name: getattr(gone, name) for name in FIELDS if name != "name"}
        gone.merged_into, gone.external_id = kept, None
        gone.version += 1
        gone.save()
        for name, value in taken.items():
            if not getattr(kept, name):
                setattr(kept, name, value)
        kept.version += 1
        kept.save()
        for deal in Deal.objects.select_for_update().filter(account=gone).order_by("id"):
            deal.account = kept
            save_version(
                session, deal, change="account merged", at=now, note=f"{gone.name} became part of {kept.name}"
            )
        Contact.objects.filter(account=gone).update(account=kept)
        names_changed()
    return kept


def find_account(account_id: int) -> Account:
    """The account, of a merged one the account that it became part of; NotFound otherwise."""
    account = Account.objects.select_related("merged_into").filter(pk=account_id).first()
    while account is not None and account.merged_into is not None:
        account = account.merged_into
    if account is None:
        raise NotFound("account", str(account_id))
    return account


def likely_accounts(facts: Mapping[str, Any]) -> list[Likely]:
    """Accounts with the same domain, or the same name but for case, accents and legal form."""
    here = Account.objects.filter(merged_into__isnull=True)
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


def duplicate_accounts() -> list[list[Likely]]:
    """Groups of accounts that are likely to be the same, the oldest first in each."""
    groups: dict[str, list[Likely]] = {}
    rows = Account.objects.filter(merged_into__isnull=True).order_by("id").values_list("id", "name")
    for pk, name in rows:
        if key := company_key(name):
            groups.setdefault(key, []).append(Likely(pk, name, "has the same name"))
    return [group for group in groups.values() if len(group) > 1]


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


def _tidy(facts: Mapping[str, Any]) -> dict[str, Any]:
    tidy = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    for name in ("domain", "industry", "country", "segment"):
        if name in tidy and tidy[name] is None:
            tidy[name] = ""
    if tidy.get("external_id") == "":
        tidy["external_id"] = None
    return tidy


def _likely(each: Likely) -> Problem:
    return Problem(
        "likely_duplicate",
        f"This is likely {each.name}, which {each.why}.",
        "Use that account, or say that this is another company.",
        column="name",
        value=str(each.id),
    )
