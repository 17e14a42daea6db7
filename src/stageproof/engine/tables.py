"""The tables of a pipeline: their columns, types, units and grain.

Inside the engine every instant (`*_at`, `valid_from`, `valid_to`) is an integer of microseconds since 1970 in UTC, and
every date (`*_on`) an integer of days since 1970 in the organisation's zone. Integers subtract, compare and round the
same way in Polars, DuckDB, Ibis and Spark; durations do not. What comes out of a measure has real dates again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "whole", "money", "day", "instant", "yes_no"]

FOREVER = 2**62
"""The `valid_to` of a version that still holds, in microseconds: later than any instant."""

NUMBER = "deal_no"
"""A whole number that tells deals apart in all tables that have this column."""

STATUSES = ("open", "won", "lost", "deleted")


@dataclass(frozen=True)
class Column:
    """One column: `kind` fixes type and unit (money = integer minor units of the row's currency)."""

    name: str
    kind: Kind
    says: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: `grain` says what a row is; a `versioned` one keeps every change with both times."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    versioned: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


VERSION_COLUMNS = (
    Column("valid_from", "instant", "from when it held", required=True),
    Column("valid_to", "instant", "until when it held, exclusive"),
    Column("recorded_at", "instant", "when it was learned; `valid_from` where the source does not say"),
    Column("actor", "text", "who made the change"),
    Column("door", "text", "through which door: page, api, import, sync, automation, agent, admin"),
)

DEALS = Table(
    "deals",
    "one deal and version",
    (
        Column("deal", "text", "identifier of the deal", required=True),
        Column("name", "text", "what people call it"),
        Column("account", "text", "the buying company"),
        Column("pipeline", "text", "the pipeline it runs in"),
        Column("stage", "text", "present stage; the last open one on a closed deal"),
        Column("status", "text", "open, won, lost, or deleted", required=True),
        Column("owner", "text", "who works it"),
        Column("team", "text", "the owner's team"),
        Column("amount", "money", "what it is worth, in minor units of `currency`"),
        Column("currency", "text", "ISO 4217 code"),
        Column("close_on", "day", "expected close; on a closed deal the day it closed"),
        Column("forecast_category", "text", "commit, best case, pipeline, omitted"),
        Column("source", "text", "where it came from"),
        Column("campaign", "text", "the campaign that it came from"),
        Column("segment", "text", "market segment"),
        Column("product", "text", "what is sold"),
        Column("next_step", "text", "the agreed next step"),
        Column("next_step_on", "day", "when it is due"),
        Column("lost_reason", "text", "why it was lost"),
        Column("competitor", "text", "who else is in it"),
        Column("deal_type", "text", "new business, renewal, upsell, cross-sell, referral"),
        Column("renews_on", "day", "on a won deal the day on which what it sold is up for renewal"),
        Column("follows", "text", "the won deal that this one renews or builds on"),
        Column("created_at", "instant", "when it came into being"),
        Column("created_on", "day", "the day of `created_at`"),
        *VERSION_COLUMNS,
    ),
    versioned=True,
)

EVIDENCE = Table(
    "evidence",
    "one deal, criterion or kind, and version",
    (
        Column("evidence", "text", "identifier"),
        Column("deal", "text", "the deal that it supports", required=True),
        Column("criterion", "text", "the exit criterion it was given for, if for one alone"),
        Column(
            "kind",
            "text",
            "what it proves: pain, budget, order ...; `waiver` waives `criterion`",
            required=True,
        ),
        Column("what", "text", "in words; on a waiver the reason"),
        Column("given_by", "text", "who gave it"),
        Column("side", "text", "buyer or seller"),
        Column("given_at", "instant", "when it was given", required=True),
        Column("expires_on", "day", "the last day on which it counts"),
        Column("located_at", "text", "where it is: mail, meeting, document"),
        Column("verified_by", "text", "who checked it; on a waiver who granted it"),
        *VERSION_COLUMNS,
    ),
    versioned=True,
)

ROLES = Table(
    "roles",
    "one deal, contact, role and version",
    (
        Column("deal", "text", "the deal", required=True),
        Column("contact", "text", "the person at the buyer", required=True),
        Column(
            "role",
            "text",
            "economic_buyer, champion, decision_maker, technical_evaluator, legal, coach, blocker",
        ),
        Column("title", "text", "the person's title"),
        Column("engaged_at", "instant", "when the person last took part"),
        *VERSION_COLUMNS,
    ),
    versioned=True,
)

ACTIVITIES = Table(
    "activities",
    "one thing that happened",
    (
        Column("activity", "text", "identifier"),
        Column("deal", "text", "the deal"),
        Column("lead", "text", "the lead"),
        Column("account", "text", "the account"),
        Column("contact", "text", "the person at the buyer"),
        Column("kind", "text", "email, meeting, call, task, note", required=True),
        Column("side", "text", "buyer where the buyer acted or took part, else seller"),
        Column("direction", "text", "inbound or outbound"),
        Column("happened_at", "instant", "when", required=True),
        Column("subject", "text", "what about"),
        Column("owner", "text", "who of ours"),
        Column("recorded_at", "instant", "when it was learned"),
    ),
)

LEADS = Table(
    "leads",
    "one lead and version",
    (
        Column("lead", "text", "identifier", required=True),
        Column("name", "text", "the person"),
        Column("account", "text", "the company"),
        Column("email", "text", "the person's address"),
        Column("title", "text", "the person's title"),
        Column("phone", "text", "the person's number"),
        Column("industry", "text", "what the company does"),
        Column("employees", "whole", "how many people work there"),
        Column("country", "text", "where it is"),
        Column("technology", "text", "what it works with, divided by commas"),
        Column("trigger", "text", "what happened there that makes it look for help"),
        Column("source", "text", "where it came from"),
        Column("campaign", "text", "the campaign"),
        Column("status", "text", "new, working, qualified, converted, disqualified", required=True),
        Column("qualification", "text", "why it counts as qualified"),
        Column("disqualified_reason", "text", "why it was disqualified"),
        Column("responded_at", "instant", "when one of us first answered"),
        Column("owner", "text", "who works it"),
        Column("deal", "text", "the deal it was converted into"),
        Column("created_at", "instant", "when it came in", required=True),
        *VERSION_COLUMNS,
    ),
    versioned=True,
)

TOUCHES = Table(
    "touches",
    "one touch of a lead or deal by marketing or sales",
    (
        Column("lead", "text", "the lead touched"),
        Column("deal", "text", "the deal touched"),
        Column("source", "text", "the source", required=True),
        Column("campaign", "text", "the campaign"),
        Column("touched_at", "instant", "when", required=True),
        Column("recorded_at", "instant", "when it was learned"),
    ),
)

CAMPAIGNS = Table(
    "campaigns",
    "one campaign and version",
    (
        Column("campaign", "text", "its name, as leads and touches have it", required=True),
        Column("source", "text", "the source that it belongs to"),
        Column("starts_on", "day", "first day"),
        Column("ends_on", "day", "last day"),
        Column("cost", "money", "what it cost in all, spread evenly over its days"),
        Column("currency", "text", "ISO 4217 code"),
        *VERSION_COLUMNS,
    ),
    versioned=True,
)

TARGETS = Table(
    "targets",
    "one owner or team, period, and version",
    (
        Column("owner", "text", "the person; blank for a team's or the whole target"),
        Column("team", "text", "the team; blank for the whole target"),
        Column("starts_on", "day", "first day of the period", required=True),
        Column("ends_on", "day", "last day of the period", required=True),
        Column("amount", "money", "the target", required=True),
        Column("currency", "text", "ISO 4217 code"),
        *VERSION_COLUMNS,
    ),
    versioned=True,
)

CALLS = Table(
    "calls",
    "one submitted forecast",
    (
        Column("person", "text", "who submitted it", required=True),
        Column("starts_on", "day", "first day of the period", required=True),
        Column("ends_on", "day", "last day of the period", required=True),
        Column("category", "text", "commit, best case, pipeline", required=True),
        Column("amount", "money", "the amount", required=True),
        Column("currency", "text", "ISO 4217 code"),
        Column("called_at", "instant", "when", required=True),
    ),
)

RATES = Table(
    "rates",
    "one currency and day; more where it was corrected",
    (
        Column("currency", "text", "the currency converted from", required=True),
        Column("from_on", "day", "first day the rate holds; until the next one's", required=True),
        Column(
            "rate", "text", "units of the reporting currency for one unit, as a decimal number", required=True
        ),
        Column(
            "recorded_at",
            "instant",
            "when it was learned; the last of a currency's day is the one that counts, or none if `removed`",
        ),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (DEALS, EVIDENCE, ROLES, ACTIVITIES, LEADS, TOUCHES, CAMPAIGNS, TARGETS, CALLS, RATES)
}
