"""Leads: create, say how far they are, convert into a deal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.leads import WORKS_LEADS, create_lead, find_lead, set_lead_status
from stageproof.api.auth import actor
from stageproof.api.deal_shapes import DealChanged, DealFacts, deal_shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Given, Id, Limit, Page, answers
from stageproof.records.models import LeadVersion, Person
from stageproof.web.policy import policy

router = Router(tags=["Leads"])
SHOWN = ("lead", "name", "account", "source", "campaign", "status", "created_at")


class LeadIn(Given):
    """A lead, of nobody unless an owner is named."""

    name: str = Field(max_length=1_000)
    account: str | None = Field(None, max_length=1_000)
    source: str | None = Field(None, max_length=1_000)
    campaign: str | None = Field(None, max_length=1_000)
    owner: Id | None = None

    def facts(self) -> dict[str, Any]:
        given = super().facts()
        if given.get("owner") is not None:
            given["owner"] = Person.objects.filter(pk=given["owner"]).first() or given["owner"]
        return given


class LeadStatus(Given):
    """How far a lead is."""

    status: str = Field(max_length=40, examples=["qualified"])


class LeadShown(BaseModel):
    """A lead as it is."""

    lead: str
    name: str
    account: str | None
    source: str | None
    campaign: str | None
    status: str
    owner: str | None
    created_at: dt.datetime


@router.get("/leads", response=answers(Page[LeadShown]))
@policy(*WORKS_LEADS)
def leads(request: HttpRequest, status: str = "", cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The leads, those of a status where one is given."""
    rows = LeadVersion.objects.filter(valid_to__isnull=True, removed=False).select_related("owner")
    return by_id(rows.filter(status=status) if status else rows, cursor, limit, lead_shown, field="seq")


@router.post("/leads", response=answers(LeadShown, 201))
@policy(*WORKS_LEADS)
def lead_create(request: HttpRequest, given: LeadIn) -> Any:
    """A new lead."""
    return Status(201, lead_shown(create_lead(actor(request), now=timezone.now(), facts=given.facts())))


@router.get("/leads/{lead_id}", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead(request: HttpRequest, lead_id: str) -> Any:
    """One lead."""
    return lead_shown(find_lead(lead_id))


@router.post("/leads/{lead_id}/status", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_status(request: HttpRequest, lead_id: str, given: LeadStatus) -> Any:
    """The lead at another status; converted it becomes by converting it."""
    return lead_shown(set_lead_status(actor(request), lead_id, status=given.status, now=timezone.now()))


@router.post("/leads/{lead_id}/convert", response=answers(DealChanged, 201))
@policy(*WORKS_LEADS)
def lead_convert(request: HttpRequest, lead_id: str, given: DealFacts) -> Any:
    """The deal that the lead becomes, with its source and campaign."""
    done = convert_lead(actor(request), lead_id, facts=given.facts(), now=timezone.now())
    return Status(201, {**deal_shown(done.deal), "seq": done.seq})


def lead_shown(row: LeadVersion) -> dict[str, Any]:
    """A lead as a body has it."""
    return {**{name: getattr(row, name) for name in SHOWN}, "owner": row.owner.name if row.owner else None}
