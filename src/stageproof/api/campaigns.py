"""Campaigns: what each is, and what it cost."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status

from stageproof.actions.campaigns import (
    KEEPS_CAMPAIGNS,
    create_campaign,
    edit_campaign,
    find_campaign,
    remove_campaign,
)
from stageproof.api.auth import actor
from stageproof.api.lead_shapes import (
    CampaignEdit,
    CampaignIn,
    CampaignShown,
    campaign_line,
    campaign_shown,
)
from stageproof.api.moment import moment_of
from stageproof.api.paging import USUAL, cursor_of, place_of
from stageproof.api.reading import expected_version
from stageproof.api.shapes import Limit, Page, answers
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.records.models import CampaignVersion
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Campaigns"])


@router.get("/campaigns", response=answers(Page[CampaignShown]))
@policy(*EVERYONE)
def campaigns(
    request: HttpRequest, period: str | None = None, as_of: str | None = None, known_at: str | None = None,
    cursor: str | None = None, limit: Limit = USUAL,
) -> Any:  # fmt: skip
    """The campaigns by name, with what they spent in the period, or so far."""
    moment = moment_of(as_of, known_at)
    calendar = moment.pipeline.book.calendar
    found = campaign_costs(moment.pipeline, period=calendar.period(period) if period else None).sort(
        "campaign"
    )
    if cursor:
        (after,) = place_of(cursor, [str])
        found = found.filter(pl.col("campaign") > after)
    part = found.head(limit).to_dicts()
    versions = {}
    if moment.is_now:
        present = CampaignVersion.objects.filter(valid_to__isnull=True, removed=False)
        versions = dict(present.values_list("name", "seq"))
    return {
        "items": [
            campaign_line(row, versions.get(row["campaign"]), moment.pipeline.currency) for row in part
        ],
        "next": cursor_of(part[-1]["campaign"]) if found.height > limit else None,
    }


@router.post("/campaigns", response=answers(CampaignShown, 201))
@policy(*KEEPS_CAMPAIGNS)
def campaign_create(request: HttpRequest, given: CampaignIn) -> Any:
    """A new campaign."""
    row = create_campaign(actor(request), name=given.name, now=timezone.now(), facts=given.facts())
    return Status(201, campaign_shown(row))


@router.get("/campaigns/{path:name}", response=answers(CampaignShown))
@policy(*EVERYONE)
def campaign(request: HttpRequest, name: str) -> Any:
    """One campaign, its cost in its own currency."""
    return campaign_shown(find_campaign(name))


@router.patch("/campaigns/{path:name}", response=answers(CampaignShown))
@policy(*KEEPS_CAMPAIGNS)
def campaign_edit(request: HttpRequest, name: str, given: CampaignEdit) -> Any:
    """The campaign with another source, other days or another cost; what it was is kept."""
    row = edit_campaign(
        actor(request), name, now=timezone.now(), changes=given.facts(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return campaign_shown(row)


@router.delete("/campaigns/{path:name}", response=answers(CampaignShown))
@policy(*KEEPS_CAMPAIGNS)
def campaign_remove(request: HttpRequest, name: str) -> Any:
    """The campaign taken out; its history stays."""
    row = remove_campaign(
        actor(request), name, now=timezone.now(), expected_version=expected_version(request)
    )
    return campaign_shown(row)
