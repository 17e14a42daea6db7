"""Leads and campaigns as bodies: what is sent, and what is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stageproof.api.deal_shapes import DealFacts
from stageproof.api.shapes import Day, Given, Id, Instant, Money, Problem, as_money
from stageproof.engine.frames import day_of, instant_of
from stageproof.engine.ideal_customer import Fit
from stageproof.records.models import CampaignVersion, LeadVersion, Person, Touch
from stageproof.records.models.marketing import LEAD_FACTS

Version = Field(None, ge=0, le=2**63 - 1, description="The version that was seen; 409 where it has changed.")


class LeadFacts(Given):
    """What is known of a lead. Status changes by qualifying, disqualifying and converting it."""

    # What is not known here is handed on, so that the verb says why it cannot be set.
    model_config = ConfigDict(strict=True, extra="allow")

    name: str | None = Field(None, max_length=1_000)
    account: str | None = Field(None, max_length=1_000)
    email: str | None = Field(None, max_length=1_000)
    title: str | None = Field(None, max_length=1_000)
    phone: str | None = Field(None, max_length=1_000)
    industry: str | None = Field(None, max_length=1_000)
    employees: int | None = Field(None, ge=-(2**53), le=2**53)
    country: str | None = Field(None, max_length=1_000)
    technology: str | None = Field(None, max_length=2_000, description="Divided by commas.")
    trigger: str | None = Field(None, max_length=1_000)
    source: str | None = Field(None, max_length=1_000)
    campaign: str | None = Field(None, max_length=1_000)
    owner: Id | None = None

    def facts(self) -> dict[str, Any]:
        own = {"even_if_similar", "expected_version"} & set(type(self).model_fields)
        given = {**super().facts(), **(self.model_extra or {})}
        if given.get("owner") is not None:
            given["owner"] = Person.objects.filter(pk=given["owner"]).first() or given["owner"]
        return {name: value for name, value in given.items() if name not in own}


class LeadIn(LeadFacts):
    """A new lead; `even_if_similar` says that a likely duplicate has been looked at."""

    even_if_similar: bool = False


class LeadEdit(LeadFacts):
    """Other facts of a lead; those left out stay as they are."""

    expected_version: int | None = Version


class LeadStatus(Given):
    """How far a lead is; qualified and disqualified it becomes for a reason."""

    status: str = Field(max_length=40, examples=["qualified"])
    reason: str = Field("", max_length=2_000)


class Qualified(Given):
    """Why a lead counts as qualified: a reason, or an answer to every element of a framework."""

    reason: str = Field("", max_length=2_000)
    framework: str = Field("", max_length=40, examples=["BANT"])
    answers: dict[str, str] = Field(default_factory=dict, max_length=20)
    expected_version: int | None = Version


class Disqualified(Given):
    """Why a lead is not worth pursuing."""

    reason: str = Field(max_length=2_000)
    expected_version: int | None = Version


class Reopened(Given):
    """A lead that goes back to work."""

    expected_version: int | None = Version


class Converting(DealFacts):
    """What the deal is. Account and contact left out are those likely the same, else new ones."""

    contact: Id | None = None
    role: str | None = Field(None, max_length=100)
    reason: str = Field(
        "", max_length=2_000, description="Why it counts as qualified, where nobody said so yet."
    )
    even_if_similar: bool = False
    expected_version: int | None = Version

    def facts(self) -> dict[str, Any]:
        own = {"contact", "role", "reason", "even_if_similar", "expected_version"}
        return {name: value for name, value in super().facts().items() if name not in own}


class MergeLead(Given):
    """The lead that becomes part of this one."""

    loser: str = Field(max_length=120)


class TouchIn(Given):
    """A touch by marketing or sales."""

    source: str = Field(max_length=1_000)
    campaign: str | None = Field(None, max_length=1_000)
    touched_at: Instant | None = None


class LeadActivity(Given):
    """A thing that happened; the first of ours (`side` seller) is the first response."""

    kind: str = Field(max_length=100, examples=["email"])
    subject: str = Field(max_length=2_000)
    side: str = Field("seller", max_length=20, examples=["seller"])
    happened_at: Instant | None = None
    direction: str | None = Field(None, max_length=20)


class BulkLeads(Given):
    """One change for many leads: `what` is owner, campaign, qualified, disqualified or working."""

    leads: list[str] = Field(max_length=1_000)
    what: str = Field(max_length=40)
    value: str = Field("", max_length=2_000, description="The owner's name, the campaign, or the reason.")


class LeadShown(BaseModel):
    """A lead at a moment. `version` is null in the past."""

    lead: str
    version: int | None
    name: str | None
    account: str | None
    email: str | None
    title: str | None
    phone: str | None
    industry: str | None
    employees: int | None
    country: str | None
    technology: str | None
    trigger: str | None
    source: str | None
    campaign: str | None
    status: str
    qualification: str | None
    disqualified_reason: str | None
    owner: str | None
    deal: str | None
    created_at: dt.datetime
    responded_at: dt.datetime | None


class LeadLine(LeadShown):
    """A lead in a list: how well it fits, how soon it was answered, whether sales took it up."""

    fit: str | None
    fit_points: int | None
    fit_of: int | None
    minutes_to_response: int | None
    handover: str | None
    touches: int


class ReasonShown(BaseModel):
    """What one trait adds to a lead's fit."""

    trait: str
    state: str
    points: int
    of: int
    says: str


class FitShown(BaseModel):
    """How well a lead fits the ideal customer, with reasons."""

    fit: str
    points: int
    possible: int
    of: int
    reasons: list[ReasonShown]


class TouchShown(BaseModel):
    """One touch."""

    source: str
    campaign: str | None
    touched_at: dt.datetime
    actor: str


class LeadVersionShown(BaseModel):
    """A lead as it was from one change to the next."""

    version: int
    change: str
    note: str
    status: str
    actor: str
    door: str
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    recorded_at: dt.datetime


class LeadInFull(LeadLine):
    """One lead with its fit, touches and history."""

    as_of: str
    known_at: str | None
    reasons: FitShown | None
    touched: list[TouchShown]
    versions: list[LeadVersionShown]


class LeadOutcome(BaseModel):
    """What became of one lead of many: done, unchanged, refused, not_found or conflict."""

    lead: str
    status: str
    problems: list[Problem]
    version: int | None


class CampaignFacts(Given):
    """Source, days and cost of a campaign."""

    model_config = ConfigDict(strict=True, extra="allow")

    source: str | None = Field(None, max_length=1_000)
    starts_on: Day | None = None
    ends_on: Day | None = None
    cost: Money | None = None

    def facts(self) -> dict[str, Any]:
        own = {"name", "expected_version"} & set(type(self).model_fields)
        facts = {**super().facts(), **(self.model_extra or {})}
        if isinstance(facts.get("cost"), Money):
            money: Money = facts["cost"]
            facts |= {"cost": money.minor("cost"), "currency": money.currency}
        return {name: value for name, value in facts.items() if name not in own}


class CampaignIn(CampaignFacts):
    """A new campaign; its name stays, for leads and touches know it by that."""

    name: str = Field(max_length=1_000)


class CampaignEdit(CampaignFacts):
    """Another source, other days or another cost; what is left out stays as it is."""

    expected_version: int | None = Version


class CampaignShown(BaseModel):
    """A campaign. `spent` is what of its cost lies on the days gone, in the reporting currency."""

    name: str
    version: int | None
    source: str | None
    starts_on: dt.date | None
    ends_on: dt.date | None
    cost: Money | None
    spent: Money | None


def lead_shown(row: LeadVersion) -> dict[str, Any]:
    """A stored lead as it stands."""
    return {
        **{name: getattr(row, name) for name in LEAD_FACTS},
        "lead": row.lead, "version": row.version, "status": row.status, "qualification": row.qualification,
        "disqualified_reason": row.disqualified_reason, "owner": row.owner.name if row.owner else None,
        "deal": row.deal.key if row.deal else None, "created_at": row.created_at, "responded_at": row.responded_at,
    }  # fmt: skip


def lead_line(row: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """A lead of the list at a moment."""
    names = (*LEAD_FACTS, "lead", "status", "qualification", "disqualified_reason", "owner", "deal", "fit",
             "fit_points", "fit_of", "handover")  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "version": version, "created_at": instant_of(row["created_at"]), "minutes_to_response": row["minutes"],
        "responded_at": None if row["answered_at"] is None else instant_of(row["answered_at"]),
        "touches": row["touches"] or 0,
    }  # fmt: skip


def fit_shown(fit: Fit | None) -> dict[str, Any] | None:
    """A fit as a body has it."""
    if fit is None:
        return None
    return {**vars(fit), "reasons": [vars(each) for each in fit.reasons]}


def touch_shown(row: Touch) -> dict[str, Any]:
    """A touch as a body has it."""
    return {"source": row.source, "campaign": row.campaign, "touched_at": row.touched_at, "actor": row.actor}


def version_shown(row: LeadVersion) -> dict[str, Any]:
    """A version of a lead as a body has it."""
    names = ("version", "change", "note", "status", "actor", "door", "valid_from", "valid_to", "recorded_at")
    return {name: getattr(row, name) for name in names}


def campaign_shown(row: CampaignVersion) -> dict[str, Any]:
    """A stored campaign as it stands."""
    return {
        "name": row.name, "version": row.version, "source": row.source, "starts_on": row.starts_on,
        "ends_on": row.ends_on, "cost": as_money(row.cost, row.currency), "spent": None,
    }  # fmt: skip


def campaign_line(row: Mapping[str, Any], version: int | None, currency: str) -> dict[str, Any]:
    """A campaign of the list at a moment, in the reporting currency."""
    days = {name: None if row[name] is None else day_of(row[name]) for name in ("starts_on", "ends_on")}
    return {
        "name": row["campaign"], "version": version, "source": row["source"], **days,
        "cost": as_money(row["cost"], currency), "spent": as_money(row["spent"], currency),
    }  # fmt: skip
