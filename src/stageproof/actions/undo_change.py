"""Undo of what one change did: evidence, roles, happened, targets, rates, edits, and deals that were taken out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.directory import KEEPS, MERGES
from stageproof.actions.history import names_changed
from stageproof.actions.leads import WORKS_LEADS
from stageproof.actions.permission import demand, forbid, may_edit, visible_deals
from stageproof.actions.rates import SETS_RATES, note_rate
from stageproof.actions.take_back import (
    Span,
    Touched,
    conflicts,
    identifiers_taken,
    restore_rows,
    take_back,
    touched,
)
from stageproof.actions.take_out import refuse_homeless
from stageproof.actions.targets import demand_target
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import (
    AccountVersion,
    Activity,
    ContactVersion,
    Deal,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
    Ledger,
    Merge,
    RateVersion,
    RoleVersion,
    TargetVersion,
    Touch,
)

UNDONE = "undone"
EDITS = ("edited", "deleted", "answered", "working", "qualified", "disqualified", "reopened", UNDONE)
"""Changes of deals, leads, accounts and contacts that are set back as they are; a move goes through the gate."""

MOST = 5_000
_PRESENT: tuple[type[Any], ...] = (DealVersion, AccountVersion, ContactVersion)
_REST: tuple[type[Any], ...] = (EvidenceVersion, RoleVersion, TargetVersion, RateVersion)
_SAYING: tuple[type[Any], ...] = (*_PRESENT, LeadVersion)
"""Whose versions say what change made them."""


Things = dict[Any, list[Touched[Any]]]
Happened = Sequence[Activity | Touch]


def undo_changes(actor: Actor, first: int, last: int, *, now: dt.datetime) -> int:
    """How many things are as they were before these changes, which came about together.

    Refused whole where one was changed again since, or is taken back in another way.
    """
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        span = _span(first, last)
        things = {model: touched(model, span) for model in (*_SAYING, *_REST)}
        happened: list[Activity | Touch] = [
            *Activity.objects.filter(seq__range=span, withdrawn_at__isnull=True),
            *Touch.objects.filter(seq__range=span, withdrawn_at__isnull=True),
        ]
        _demand(actor, things, happened, first)
        problems = [*_apart(span), *_otherwise(span, things)]
        problems = problems or _nothing(things, happened)
        problems = problems or [each for rows in things.values() for each in conflicts(rows, "then")]
        problems = problems or [
            each for model in (AccountVersion, ContactVersion) for each in identifiers_taken(things[model])
        ]
        if problems:
            raise Refused(problems)
        for model in _PRESENT:
            restore_rows(session, _turned(things[model]), at=now, change=UNDONE, note="")
        for model in _REST:
            take_back(session, things[model], at=now)
        take_back(session, _turned(things[LeadVersion]), at=now, change=UNDONE, note="")
        for each in happened:
            each.withdrawn_at = now
            each.save(update_fields=["withdrawn_at"])
        for rate in _turned(things[RateVersion]):
            before = None if rate.present.removed else rate.present.rate
            note_rate(actor, _present_rate(rate), before=before, now=now)
        if happened or things[AccountVersion] or things[ContactVersion] or things[RateVersion]:
            names_changed()
        refuse_homeless()
    return sum(len(_turned(rows)) for rows in things.values()) + len(happened)


def _present_rate(each: Touched[RateVersion]) -> RateVersion:
    is_now = {"currency": each.present.currency, "from_on": each.present.from_on, "valid_to": None}
    return RateVersion.objects.get(**is_now)


def undoes(actor: Actor, made_by: str) -> bool:
    """Whether the actor may undo what somebody did: the own changes, and as a manager those of others."""
    return actor.may_write and (made_by == actor.name or actor.role in MERGES)


def _span(first: int, last: int) -> Span:
    """The changes, if there are such; NotFound otherwise."""
    if not 0 < first <= last <= Ledger.objects.get(id=1).last_seq:
        raise NotFound("change", str(first))
    if last - first >= MOST:
        says = f"{last - first + 1:,} changes are more than the {MOST:,} that are undone at once."
        raise Refused([Problem("too_many_changes", says, "Undo fewer at a time.", count=last - first + 1)])
    return first, last


def _turned(things: list[Touched[Any]]) -> list[Touched[Any]]:
    return [each for each in things if each.back]


def _demand(actor: Actor, things: Things, happened: Happened, first: int) -> None:
    """Whoever may make such a change may undo their own; what is on a deal that the actor does not see never was."""
    if not any(things.values()) and not happened:
        raise NotFound("change", str(first))
    about = {
        row.present.deal_id for model in (DealVersion, EvidenceVersion, RoleVersion) for row in things[model]
    }
    noted = {each.deal_id for each in happened if each.actor == actor.name and each.deal_id is not None}
    about |= {each.deal_id for each in happened if each.deal_id is not None}
    deals = Deal.objects.filter(visible_deals(actor), Q(pk__in=about))
    if len(deals) != len(about):
        raise NotFound("change", str(first))
    if not all(may_edit(actor, each) or (each.pk in noted and actor.may_write) for each in deals):
        raise forbid("change this deal")
    made_by = {row.became.actor for rows in things.values() for row in rows} | {
        each.actor for each in happened
    }
    if not all(undoes(actor, each) for each in made_by):
        raise forbid("undo what somebody else did")
    if things[AccountVersion] or things[ContactVersion]:
        demand(actor, KEEPS, "change accounts and contacts")
    if things[LeadVersion] or any(each.deal_id is None for each in happened):
        demand(actor, WORKS_LEADS, "change leads")
    if things[RateVersion]:
        demand(actor, SETS_RATES, "change exchange rates")
    for each in things[TargetVersion]:
        demand_target(actor, each.present.owner, each.present.team)


def _otherwise(span: Span, things: Things) -> list[Problem]:
    """Problems of changes that have a way back of their own."""
    merged = Merge.objects.filter(first_seq__lte=span[1], last_seq__gte=span[0]).first()
    if merged is not None:
        says = f"This was the merge of {merged.loser_name} into {merged.winner_name}."
        return [Problem("was_a_merge", says, "Undo the merge.", value=str(merged.pk))]
    others = [each.became for model in _SAYING for each in things[model] if each.became.change not in EDITS]
    if not others:
        return []
    says = f"What became of {others[0].name} then is not undone like this."
    remedy = "Move the deal back through the gate, take out what was created, or undo the import."
    return [Problem("undone_otherwise", says, remedy, value=others[0].change)]


def _apart(span: Span) -> list[Problem]:
    """A problem where another change came in between."""
    tables: tuple[type[Any], ...] = (*_SAYING, *_REST, Activity, Touch)
    made = {
        made
        for model in tables
        for made in model._default_manager.filter(seq__range=span)
        .values_list("actor", "recorded_at")
        .distinct()
    }
    if len(made) == 1:
        return []
    says = "These changes were not made together."
    return [Problem("not_together", says, "Undo them one by one.", count=len(made))]


def _nothing(things: Things, happened: Happened) -> list[Problem]:
    if happened or any(_turned(rows) for rows in things.values()):
        return []
    says = "All is as it was before this change already."
    return [Problem("nothing_to_undo", says, "Look at the present state.")]
