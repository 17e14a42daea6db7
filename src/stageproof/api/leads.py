"""Leads: create, edit, answer, qualify, disqualify, merge, convert; at any past moment, too."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.bulk_leads import bulk_leads
from stageproof.actions.contacts import find_contact
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.leads import (
    WORKS_LEADS,
    create_lead,
    disqualify_lead,
    edit_lead,
    find_lead,
    lead_history,
    log_on_lead,
    merge_leads,
    qualify_lead,
    reopen_lead,
    set_lead_status,
    touch_lead,
)
from stageproof.api.auth import actor
from stageproof.api.deal_shapes import ActivityShown, DealChanged, deal_shown
from stageproof.api.lead_shapes import (
    BulkLeads,
    Converting,
    Disqualified,
    LeadActivity,
    LeadEdit,
    LeadIn,
    LeadInFull,
    LeadLine,
    LeadOutcome,
    LeadShown,
    LeadStatus,
    MergeLead,
    Qualified,
    Reopened,
    TouchIn,
    TouchShown,
    fit_shown,
    lead_line,
    lead_shown,
    touch_shown,
    version_shown,
)
from stageproof.api.moment import moment_of, seen, shown
from stageproof.api.one_deal import activity_shown
from stageproof.api.paging import USUAL, cursor_of, place_of
from stageproof.api.reading import expected_version
from stageproof.api.shapes import Limit, Page, answers, problems_of
from stageproof.engine.frames import instant_of
from stageproof.records.models import LeadVersion
from stageproof.web.lead import lead_at
from stageproof.web.lead_history import touches_of
from stageproof.web.lead_list import LeadFilters, lead_list
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Leads"])


class LeadQuery(BaseModel):
    """Which leads, and when."""

    status: str = Field("", max_length=40)
    owner: str = Field("", max_length=200)
    source: str = Field("", max_length=200)
    campaign: str = Field("", max_length=200)
    fit: str = Field("", max_length=20, description="fits, unclear or does not fit")
    finding: str = Field("", max_length=40, description="Of the hand-over: never_met, untouched ...")
    period: str = Field("", max_length=40, description="In which they came in.")
    text: str = Field("", max_length=200, description="In name, company, mail or identifier.")
    as_of: str | None = Field(None, max_length=40)
    known_at: str | None = Field(None, max_length=40)
    cursor: str | None = Field(None, max_length=500)
    limit: Limit = USUAL


@router.get("/leads", response=answers(Page[LeadLine]))
@policy(*EVERYONE)
def leads(request: HttpRequest, asked: Query[LeadQuery]) -> Any:
    """The leads, the latest first."""
    moment = moment_of(asked.as_of, asked.known_at)
    listed = lead_list(seen(actor(request), moment.pipeline))
    if listed is None:
        return {"items": [], "next": None}
    found = LeadFilters.of(asked.model_dump()).apply(moment.pipeline, listed)
    if asked.status:
        found = found.filter(status=asked.status)
    found = found.sort("created_at", "lead", descending=[True, False])
    if asked.cursor:
        at, key = place_of(asked.cursor, [int, str])
        later = (pl.col("created_at") < at) | ((pl.col("created_at") == at) & (pl.col("lead") > key))
        found = found.filter(later)
    part = found.head(asked.limit).to_dicts()
    versions: dict[str, int] = {}
    if moment.is_now:
        present = LeadVersion.objects.filter(valid_to__isnull=True, lead__in=[row["lead"] for row in part])
        versions = dict(present.values_list("lead", "seq"))
    more = found.height > asked.limit
    return {
        "items": [lead_line(row, versions.get(row["lead"])) for row in part],
        "next": cursor_of(part[-1]["created_at"], part[-1]["lead"]) if more else None,
    }


@router.post("/leads", response=answers(LeadShown, 201))
@policy(*WORKS_LEADS)
def lead_create(request: HttpRequest, given: LeadIn) -> Any:
    """A new lead; refused where one is likely to be the same, unless that has been looked at."""
    row = create_lead(
        actor(request), now=timezone.now(), facts=given.facts(), even_if_similar=given.even_if_similar
    )
    return Status(201, lead_shown(row))


@router.post("/leads/bulk", response=answers(list[LeadOutcome]))
@policy(*WORKS_LEADS)
def leads_bulk(request: HttpRequest, given: BulkLeads) -> Any:
    """One change for many leads, each answered for itself."""
    outcomes = bulk_leads(actor(request), given.leads, what=given.what, value=given.value, now=timezone.now())
    return [
        {
            "lead": each.deal,
            "status": each.status,
            "problems": problems_of(each.problems),
            "version": each.version,
        }
        for each in outcomes
    ]


@router.get("/leads/{lead_id}", response=answers(LeadInFull))
@policy(*EVERYONE)
def lead(request: HttpRequest, lead_id: str, as_of: str | None = None, known_at: str | None = None) -> Any:
    """One lead with its fit and why, its touches and its history; of a merged one the lead that took it in."""
    moment, present = moment_of(as_of, known_at), find_lead(lead_id)
    found = lead_at(actor(request), moment, present.lead)
    at = instant_of(moment.pipeline.at)
    listed = lead_list(seen(actor(request), moment.pipeline))
    row = {} if listed is None else listed.filter(lead=present.lead).row(0, named=True)
    return {
        **lead_line(row, present.version if moment.is_now else None), **shown(moment), "reasons": fit_shown(found.fit),
        "touched": [touch_shown(each) for each in touches_of(present.lead, at)],
        "versions": [version_shown(each) for each in lead_history(present.lead) if each.valid_from <= at],
    }  # fmt: skip


@router.patch("/leads/{lead_id}", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_edit(request: HttpRequest, lead_id: str, given: LeadEdit) -> Any:
    """The lead with other facts, or another owner."""
    row = edit_lead(
        actor(request), lead_id, now=timezone.now(), changes=given.facts(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return lead_shown(row)


@router.post("/leads/{lead_id}/status", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_status(request: HttpRequest, lead_id: str, given: LeadStatus) -> Any:
    """The lead at another status; converted it becomes by converting it."""
    row = set_lead_status(
        actor(request), lead_id, status=given.status, reason=given.reason, now=timezone.now()
    )
    return lead_shown(row)


@router.post("/leads/{lead_id}/qualify", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_qualify(request: HttpRequest, lead_id: str, given: Qualified) -> Any:
    """The lead as qualified, for a reason or by a framework's answers."""
    row = qualify_lead(
        actor(request), lead_id, now=timezone.now(), reason=given.reason, framework=given.framework,
        answers=given.answers, expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return lead_shown(row)


@router.post("/leads/{lead_id}/disqualify", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_disqualify(request: HttpRequest, lead_id: str, given: Disqualified) -> Any:
    """The lead as not worth pursuing."""
    row = disqualify_lead(
        actor(request), lead_id, reason=given.reason, now=timezone.now(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return lead_shown(row)


@router.post("/leads/{lead_id}/reopen", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_reopen(request: HttpRequest, lead_id: str, given: Reopened) -> Any:
    """The lead back at work, neither qualified nor disqualified."""
    row = reopen_lead(
        actor(request), lead_id, now=timezone.now(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return lead_shown(row)


@router.post("/leads/{lead_id}/merge", response=answers(LeadShown))
@policy(*WORKS_LEADS)
def lead_merge(request: HttpRequest, lead_id: str, given: MergeLead) -> Any:
    """The one lead of two: touches and what happened count for it."""
    return lead_shown(merge_leads(actor(request), winner=lead_id, loser=given.loser, now=timezone.now()))


@router.post("/leads/{lead_id}/touches", response=answers(TouchShown, 201))
@policy(*WORKS_LEADS)
def lead_touch(request: HttpRequest, lead_id: str, given: TouchIn) -> Any:
    """A touch of the lead, which attribution counts."""
    row = touch_lead(
        actor(request), lead_id, source=given.source, campaign=given.campaign, touched_at=given.touched_at,
        now=timezone.now(),
    )  # fmt: skip
    return Status(201, touch_shown(row))


@router.post("/leads/{lead_id}/activities", response=answers(ActivityShown, 201))
@policy(*WORKS_LEADS)
def lead_activity(request: HttpRequest, lead_id: str, given: LeadActivity) -> Any:
    """A thing that happened on the lead; the first of ours is its first response."""
    row = log_on_lead(
        actor(request), lead_id, kind=given.kind, subject=given.subject, side=given.side,
        happened_at=given.happened_at, direction=given.direction, now=timezone.now(),
    )  # fmt: skip
    return Status(201, activity_shown(row))


@router.post("/leads/{lead_id}/convert", response=answers(DealChanged, 201))
@policy(*WORKS_LEADS)
def lead_convert(request: HttpRequest, lead_id: str, given: Converting) -> Any:
    """The deal that the lead becomes, with its source and campaign, its account and its contact."""
    done = convert_lead(
        actor(request), lead_id, facts=given.facts(), now=timezone.now(), role=given.role, reason=given.reason,
        contact=None if given.contact is None else find_contact(given.contact),
        even_if_similar=given.even_if_similar,
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return Status(201, {**deal_shown(done.deal), "seq": done.seq})
