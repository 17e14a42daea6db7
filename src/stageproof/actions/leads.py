"""Leads: create, say how far they are, convert into a deal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import Done, open_deal, prepare_deal
from stageproof.actions.facts import unknown_facts
from stageproof.actions.history import succeed
from stageproof.actions.permission import demand
from stageproof.actions.wrong import missing, one_of, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import LeadVersion, Person
from stageproof.records.models.marketing import LEAD_STATUSES

FIELDS = ("name", "account", "source", "campaign", "owner")
WORKS_LEADS = ("rep", "manager", "pipeline owner", "marketing", "admin")
OPEN_STATUSES = tuple(status for status in LEAD_STATUSES if status != "converted")


def create_lead(actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any]) -> LeadVersion:
    """A new lead, of nobody unless an owner is named."""
    demand(actor, WORKS_LEADS, "create leads")
    problems = unknown_facts(facts, FIELDS)
    problems += text_problems(LeadVersion, {name: facts[name] for name in facts if name in FIELDS})
    if not str(facts.get("name") or "").strip():
        problems.append(missing("name", "A lead needs a name.", "Give it one."))
    owner = facts.get("owner")
    if owner is not None and not isinstance(owner, Person):
        problems.append(wrong("owner", owner, "There is no such owner.", "Choose an existing one."))
    if problems:
        raise Refused(problems)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        lead = LeadVersion(
            lead=f"L{session.ledger.last_seq + 1}", status="new", created_at=now, valid_from=now, **facts
        )
        session.add([lead])
    return lead


def set_lead_status(actor: Actor, lead: str, *, status: str, now: dt.datetime) -> LeadVersion:
    """The lead at another status; converted it becomes only by converting it."""
    demand(actor, WORKS_LEADS, "change leads")
    problems = one_of("status", status, OPEN_STATUSES, "status of a lead")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = find_lead(lead)
        problems += _if_converted(current)
        if problems:
            raise Refused(problems)
        return current if current.status == status else succeed(session, current, at=now, status=status)


def convert_lead(actor: Actor, lead: str, *, facts: Mapping[str, Any], now: dt.datetime) -> Done:
    """The deal that the lead becomes, in the first stage, with the lead's source and campaign."""
    current = find_lead(lead)
    given = {"name": current.account or current.name, "source": current.source, "campaign": current.campaign}
    prepared = prepare_deal(actor, now=now, facts={**given, **facts})
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = find_lead(lead)
        problems = _if_converted(current)
        if problems:
            raise Refused(problems)
        done = open_deal(session, prepared, now=now)
        succeed(session, current, at=now, status="converted", deal=done.deal)
    return done


def find_lead(lead: str) -> LeadVersion:
    """The lead as it is; NotFound otherwise."""
    current = LeadVersion.objects.filter(lead=lead, valid_to__isnull=True, removed=False).first()
    if current is None:
        raise NotFound("lead", lead)
    return current


def _if_converted(lead: LeadVersion) -> list[Problem]:
    if lead.status != "converted":
        return []
    return [Problem("lead_converted", "This lead is a deal already.", "Work on the deal.", value=lead.lead)]
