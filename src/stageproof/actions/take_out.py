"""Taking out an account or a contact made by mistake: refused while anything hangs on it; its history stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict
from stageproof.actions.directory import KEEPS, Kind, find, history_since, save_entry, with_merged
from stageproof.actions.permission import demand, visible_deals
from stageproof.engine.counted import count_text
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import (
    Account,
    AccountVersion,
    Activity,
    Contact,
    ContactVersion,
    Deal,
    LeadVersion,
    RoleVersion,
)
from stageproof.records.models.accounts import HERE

TAKEN_OUT = "deleted"
"""What the change is called, of accounts and contacts as of deals."""

NAMED = 3
"""How many of each kind of thing a refusal names."""


def take_out(
    kind: Kind[Any],
    actor: Actor,
    pk: int,
    *,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> AccountVersion | ContactVersion:
    """The version with which it is no longer listed; refused with all that still hangs on it."""
    demand(actor, KEEPS, f"take {kind.word}s out")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        row: Account | Contact = find(kind.model, pk)
        if expected_version is not None and expected_version != row.version:
            raise Conflict(
                f"{kind.word} {pk}", expected_version, row.version, history_since(row, expected_version)
            )
        problems = [*_reason_missing(kind.word, reason), *_hanging(actor, row)]
        if problems:
            raise Refused(problems)
        # Another may be given its identifier, as it may that of one that became part of another.
        row.removed, row.external_id = True, None
        return save_entry(session, row, change=TAKEN_OUT, at=now, note=reason.strip())


def refuse_homeless() -> None:
    """Refuses what would leave something hanging on an account or a contact that is out; for the end of an undo."""
    accounts = dict(Account.objects.filter(removed=True).values_list("id", "name"))
    contacts = dict(Contact.objects.filter(removed=True).values_list("id", "name"))
    here = Deal.objects.exclude(status="deleted")
    found: list[tuple[str, str]] = []

    def note(rows: QuerySet[Any], name: str, other: str, names: dict[int, str]) -> None:
        held = rows.filter(**{f"{other}__in": names}).order_by("pk").values_list(name, f"{other}_id")
        found.extend((each, names[pk]) for each, pk in held)

    if accounts:
        note(here, "name", "account", accounts)
        note(Contact.objects.filter(HERE), "name", "account", accounts)
    if contacts:
        present = {"valid_to__isnull": True, "removed": False}
        note(RoleVersion.objects.filter(**present, deal__in=here), "deal__name", "contact", contacts)
        note(LeadVersion.objects.filter(**present), "name", "contact", contacts)
    if found:
        raise Refused(
            Problem("hangs_on_what_is_out", f"{name} hangs on {other}, which was taken out since.",
                    f"Put {other} back first.", value=other)
            for name, other in found[:NAMED]
        )  # fmt: skip


def _reason_missing(word: str, reason: str) -> list[Problem]:
    if reason.strip():
        return []
    says = f"Taking out {'an' if word[0] in 'aeiou' else 'a'} {word} needs a reason."
    return [Problem("reason_missing", says, "Say why.", column="reason")]


def _hanging(actor: Actor, row: Account | Contact) -> Iterator[Problem]:
    """A problem for each kind of thing that refers to the row; what is of a deal that was taken out does not count."""
    whole, seen = Deal.objects.exclude(status="deleted"), Q(deal__isnull=True)
    mine = whole.filter(visible_deals(actor))
    seen |= Q(deal__in=mine)
    if isinstance(row, Account):
        deals, contacts = whole.filter(account=row), Contact.objects.filter(HERE, account=row)
        yield from _used(row, "deal", deals, deals.filter(visible_deals(actor)), lambda each: each.name)
        yield from _used(row, "contact", contacts, contacts, lambda each: each.name)
        happened = _happened(account__in=with_merged(Account, row.pk))
        yield from _used(row, "activity", happened, happened.filter(seen), lambda each: each.subject)
        return
    roles = RoleVersion.objects.filter(contact=row, valid_to__isnull=True, removed=False, deal__in=whole)
    leads = LeadVersion.objects.filter(contact=row, valid_to__isnull=True, removed=False)
    happened = _happened(contact__in=with_merged(Contact, row.pk))
    yield from _used(row, "role", roles, roles.filter(deal__in=mine), _role)
    yield from _used(row, "lead", leads, leads, lambda each: each.name)
    yield from _used(row, "activity", happened, happened.filter(seen), lambda each: each.subject)


def _role(each: RoleVersion) -> str:
    return f"{each.role.replace('_', ' ')} of {each.deal.name}"


def _happened(**whose: Any) -> QuerySet[Activity]:
    rows = Activity.objects.filter(**whose, withdrawn_at__isnull=True)
    return rows.filter(Q(deal__isnull=True) | ~Q(deal__status="deleted"))


def _used(
    row: Account | Contact, noun: str, rows: QuerySet[Any], seen: QuerySet[Any], named: Callable[[Any], str]
) -> Iterator[Problem]:
    """That so many things refer to the row, with the names of the first of those that the actor sees."""
    count = rows.count()
    if not count:
        return
    names = [named(each) for each in seen.order_by("pk")[:NAMED]]
    listed = f": {', '.join(names)}{' and more' if count > len(names) else ''}" if names else ""
    says = f"{count_text(count, noun)} {'hangs' if count == 1 else 'hang'} on {row.name}{listed}."
    remedy = (
        f"Give {'it' if count == 1 else 'them'} to another first, or merge {row.name} into the right one."
    )
    yield Problem("still_used", says, remedy, value=row.name, count=count)
