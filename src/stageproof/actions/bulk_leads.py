"""Bulk changes of leads: one change for many, each answered for itself by the same rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.bulk import Outcome
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.leads import (
    WORKS_LEADS,
    disqualify_lead,
    edit_lead,
    find_lead,
    qualify_lead,
    reopen_lead,
)
from stageproof.actions.permission import demand
from stageproof.actions.wrong import one_of, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import LeadVersion, Person

CHANGES = ("owner", "campaign", "qualified", "disqualified", "working")
MOST = 1_000


def bulk_leads(
    actor: Actor, leads: Sequence[str], *, what: str, value: str = "", now: dt.datetime
) -> list[Outcome]:
    """The outcome for each lead, in the order given: another `owner` (by name) or `campaign`, or another status.

    `value` is the owner, the campaign, or the reason. Refused whole where the change itself is wrong.
    """
    demand(actor, WORKS_LEADS, "change leads")
    change = _change(actor, what, value.strip(), now)
    if len(leads) > MOST:
        says = f"{len(leads):,} leads are more than the {MOST:,} that are changed at once."
        raise Refused(
            [Problem("too_many_leads", says, "Choose fewer, or import the changes.", count=len(leads))]
        )
    outcomes = []
    with transaction.atomic():
        for lead in dict.fromkeys(leads):
            outcomes.append(_outcome(lead, change))
    return outcomes


def _change(actor: Actor, what: str, value: str, now: dt.datetime) -> Callable[[str], LeadVersion]:
    problems = one_of("what", what, CHANGES, "change of leads")
    if what in ("qualified", "disqualified") and not value:
        problems.append(Problem("missing_reason", "It is not said why.", "Give the reason.", column="value"))
    owner = None
    if what == "owner" and value:
        owner = Person.objects.filter(name=value, is_active=True).first()
        if owner is None:
            problems.append(
                wrong("owner", value, f"There is nobody called '{value[:80]}'.", "Choose one of the list.")
            )
    if problems:
        raise Refused(problems)
    changes: dict[str, Callable[[str], LeadVersion]] = {
        "owner": lambda lead: edit_lead(actor, lead, now=now, changes={"owner": owner}),
        "campaign": lambda lead: edit_lead(actor, lead, now=now, changes={"campaign": value or None}),
        "qualified": lambda lead: qualify_lead(actor, lead, reason=value, now=now),
        "disqualified": lambda lead: disqualify_lead(actor, lead, reason=value, now=now),
        "working": lambda lead: reopen_lead(actor, lead, now=now),
    }
    return changes[what]


def _outcome(lead: str, change: Callable[[str], LeadVersion]) -> Outcome:
    try:
        before = find_lead(lead).version
        after = change(lead)
    except NotFound as missing:
        return Outcome(lead, "not_found", (missing.problem,))
    except Refused as refused:
        return Outcome(lead, "refused", tuple(refused.problems))
    except Conflict as conflict:
        return Outcome(lead, "conflict", (conflict.problem,), version=conflict.version)
    status = "done" if after.version != before else "unchanged"
    return Outcome(lead, status, (), after.seq if status == "done" else None, after.version)
