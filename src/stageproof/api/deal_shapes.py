"""Deals as bodies: what is sent, and what is shown of one or of a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stageproof.api.shapes import Day, Given, Id, Instant, Money, Problem, Ref, as_money, ref
from stageproof.engine.frames import day_of, instant_of
from stageproof.records.models import Account, Deal, Person, Team
from stageproof.records.models.accounts import HERE
from stageproof.web.fields import amount as minor_amount

PLAIN = (
    "forecast_category",
    "source",
    "campaign",
    "segment",
    "product",
    "next_step",
    "lost_reason",
    "competitor",
    "deal_type",
    "follows",
)


class DealFacts(Given):
    """What people set of a deal. Stage and status change by moving it."""

    # What is not known here is handed on, so that the verb says why it cannot be set.
    model_config = ConfigDict(strict=True, extra="allow")

    name: str | None = Field(None, max_length=1_000)
    account: Id | None = None
    owner: Id | None = None
    amount: Money | None = None
    currency: str | None = Field(None, max_length=10)
    close_on: Day | None = None
    forecast_category: str | None = Field(None, max_length=100)
    source: str | None = Field(None, max_length=1_000)
    campaign: str | None = Field(None, max_length=1_000)
    segment: str | None = Field(None, max_length=1_000)
    product: str | None = Field(None, max_length=1_000)
    next_step: str | None = Field(None, max_length=2_000)
    next_step_on: Day | None = None
    competitor: str | None = Field(None, max_length=1_000)
    deal_type: str | None = Field(None, max_length=1_000)
    renews_on: Day | None = None
    follows: str | None = Field(None, max_length=1_000)
    lost_reason: str | None = Field(None, max_length=1_000)
    custom: dict[str, str | int | float | bool | None] | None = None

    def facts(self) -> dict[str, Any]:
        """The facts for the verb: people and accounts themselves, money in minor units."""
        facts = {**super().facts(), **(self.model_extra or {})}
        for name in ("expected_version", "pipeline"):
            if name in type(self).model_fields:
                facts.pop(name, None)
        if isinstance(facts.get("amount"), Money):
            money: Money = facts["amount"]
            facts["amount"] = minor_amount(money.amount, money.currency) if money.amount.strip() else None
            facts["currency"] = money.currency
        # An id of nobody stays as it is, for the verb to refuse.
        if facts.get("account") is not None:
            there = Account.objects.filter(HERE, pk=facts["account"]).first()
            facts["account"] = there or facts["account"]
        if facts.get("owner") is not None:
            facts["owner"] = Person.objects.filter(pk=facts["owner"]).first() or facts["owner"]
        if "custom" in facts and facts["custom"] is None:
            facts["custom"] = {}
        return facts


class NewDeal(DealFacts):
    """A new deal; it begins in the first stage of its pipeline, the only one where none is named."""

    pipeline: str | None = Field(None, max_length=200)

    def facts(self) -> dict[str, Any]:
        facts = super().facts()
        return {**facts, "pipeline": self.pipeline} if self.pipeline is not None else facts


class DealEdit(DealFacts):
    """Other facts of a deal; those left out stay as they are."""

    expected_version: int | None = Field(None, ge=0, le=2**31 - 1)


class Expansion(Given):
    """What follows a won deal: `deal_type` is renewal, upsell, cross-sell, onboarding or referral."""

    deal_type: str = Field("renewal", max_length=60)
    pipeline: str | None = Field(None, max_length=200)


class Move(Given):
    """A move: `to` is a stage, `won` or `lost`."""

    to: str = Field(max_length=200, examples=["Discovery"])
    expected_version: int | None = Field(None, ge=0, le=2**31 - 1)
    reason: str = Field("", max_length=500)
    lost_reason: str = Field("", max_length=300)


class Criteria(BaseModel):
    """How many criteria behind the deal are in which state."""

    met: int
    waived: int
    unverifiable: int
    unmet: int


class DealShown(BaseModel):
    """A deal. `value` is the amount in the reporting currency; `version` counts its changes."""

    key: str
    version: int | None
    name: str
    account: Ref | None
    pipeline: str | None
    stage: str | None
    status: str
    owner: Ref | None
    team: Ref | None
    amount: Money | None
    currency: str
    close_on: dt.date | None
    forecast_category: str | None
    source: str | None
    campaign: str | None
    segment: str | None
    product: str | None
    next_step: str | None
    next_step_on: dt.date | None
    lost_reason: str | None
    competitor: str | None
    deal_type: str | None
    renews_on: dt.date | None
    follows: str | None
    created_at: dt.datetime | None


class DealLine(DealShown):
    """A deal in a list, with what its proof says of it."""

    value: Money | None
    qualification: str | None
    days_in_stage: int | None
    norm_days: int | None
    criteria: Criteria | None


class DealChanged(DealShown):
    """A deal after a change; `seq` is the number of the change in the ledger."""

    custom: dict[str, Any]
    seq: int


class Moved(DealChanged):
    """A deal after a move, and the criteria that it passed on a waiver."""

    kind: str
    waived: list[str]


class CriterionShown(BaseModel):
    """An exit criterion of a stage: its state for this deal, what it asks for and how to meet it."""

    stage: str
    place: str = Field(description="done, here or ahead, as seen from the deal's stage")
    criterion: str
    says: str
    asks: str
    state: str
    remedy: str


class EvidenceShown(BaseModel):
    """A piece of evidence, or a waiver."""

    evidence: str
    deal: str
    kind: str
    criterion: str | None
    what: str
    given_by: str | None
    side: str | None
    given_at: Instant
    expires_on: dt.date | None
    located_at: str | None
    verified_by: str | None
    revoked: bool
    actor: str
    door: str
    recorded_at: Instant


class RoleShown(BaseModel):
    """A contact's role in the buying committee."""

    contact: Ref
    role: str
    title: str | None
    engaged_at: dt.datetime | None


class ActivityShown(BaseModel):
    """A thing that happened."""

    activity: str
    deal: str | None
    kind: str
    side: str
    direction: str | None
    subject: str
    contact: Ref | None
    owner: str | None
    happened_at: dt.datetime
    actor: str
    door: str
    recorded_at: dt.datetime


class VersionShown(BaseModel):
    """A deal as it was from one change to the next."""

    number: int
    seq: int
    change: str
    note: str
    actor: str
    door: str
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    recorded_at: dt.datetime
    name: str
    stage: str | None
    status: str
    amount: Money | None
    close_on: dt.date | None
    owner: str | None
    forecast_category: str | None


class DealInFull(DealShown):
    """One deal with its criteria, evidence, committee, the latest of what happened and of its versions."""

    as_of: str
    known_at: str | None
    custom: dict[str, Any]
    value: Money | None
    next_stage: str | None
    criteria: list[CriterionShown]
    evidence: list[EvidenceShown]
    roles: list[RoleShown]
    activities: list[ActivityShown]
    versions: list[VersionShown]


class OutcomeShown(BaseModel):
    """What became of one deal of many: done, unchanged, refused, forbidden, not_found or conflict."""

    deal: str
    status: str
    problems: list[Problem]
    seq: int | None
    version: int | None


def deal_shown(deal: Deal) -> dict[str, Any]:
    """A stored deal as it stands."""
    plain = {name: getattr(deal, name) for name in PLAIN}
    return {
        **plain,
        "key": deal.key,
        "version": deal.version,
        "name": deal.name,
        "account": ref(deal.account),
        "pipeline": deal.pipeline,
        "stage": deal.stage,
        "status": deal.status,
        "owner": ref(deal.owner),
        "team": ref(deal.team),
        "amount": as_money(deal.amount, deal.currency),
        "currency": deal.currency,
        "close_on": deal.close_on,
        "next_step_on": deal.next_step_on,
        "renews_on": deal.renews_on,
        "created_at": deal.created_at,
        "custom": deal.custom,
    }


def rows_shown(rows: Sequence[dict[str, Any]], *, reporting: str, is_now: bool) -> list[dict[str, Any]]:
    """Rows of the deal list, with ids where a name means one thing alone, and versions where they are present."""
    keys = [row["deal"] for row in rows]
    now = {}
    if is_now:
        stored = Deal.objects.filter(key__in=keys).values_list("key", "version", "account_id")
        now = {key: (version, account) for key, version, account in stored}
    people = _ids(Person, rows, "owner")
    teams = _ids(Team, rows, "team")
    accounts = _ids(Account, rows, "account")
    return [_row_shown(row, reporting, now.get(row["deal"]), people, teams, accounts) for row in rows]


def _row_shown(
    row: dict[str, Any], reporting: str, now: tuple[int, int | None] | None, people: dict[str, int | None],
    teams: dict[str, int | None], accounts: dict[str, int | None],
) -> dict[str, Any]:  # fmt: skip
    def named(name: str, ids: dict[str, int | None]) -> dict[str, Any] | None:
        return None if row[name] is None else {"id": ids.get(row[name]), "name": row[name]}

    def day(name: str) -> dt.date | None:
        return None if row[name] is None else day_of(row[name])

    account = named("account", accounts)
    if account is not None and now is not None:
        account["id"] = now[1]
    judged = row.get("criteria_met") is not None
    states = ("met", "waived", "unverifiable", "unmet")
    return {
        **{name: row[name] for name in PLAIN},
        "key": row["deal"],
        "version": None if now is None else now[0],
        "name": row["name"] or row["deal"],
        "account": account,
        "pipeline": row["pipeline"],
        "stage": row["stage"],
        "status": row["status"],
        "owner": named("owner", people),
        "team": named("team", teams),
        "amount": as_money(row["amount"], row["currency"]),
        "currency": row["currency"],
        "value": as_money(row["value"], reporting),
        "close_on": day("close_on"),
        "next_step_on": day("next_step_on"),
        "renews_on": day("renews_on"),
        "created_at": None if row["created_at"] is None else instant_of(row["created_at"]),
        "qualification": row.get("qualification"),
        "days_in_stage": row.get("days_in_stage"),
        "norm_days": row.get("norm_days"),
        "criteria": {name: row[f"criteria_{name}"] for name in states} if judged else None,
    }


def _ids(model: Any, rows: Sequence[dict[str, Any]], column: str) -> dict[str, int | None]:
    """Ids by name; none where several have it."""
    names = {row[column] for row in rows if row[column] is not None}
    found: dict[str, int | None] = {}
    for pk, name in model.objects.filter(name__in=names).values_list("pk", "name"):
        found[name] = None if name in found else pk
    return found
