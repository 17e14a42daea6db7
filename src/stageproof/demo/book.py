"""Demo Company as the engine's tables: the same seed gives the same tables, to the cent and the second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import polars as pl

from stageproof.demo.company import CAMPAIGNS, COMPANY, DEMAND_GENERATION, PEOPLE, working_day
from stageproof.demo.journal import Journal, at_time
from stageproof.demo.market import Market
from stageproof.demo.story import BEGINS_ON, DEFAULT_SEED, UNTIL
from stageproof.demo.world import simulated
from stageproof.engine.book import KEYS, Book
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import DAY, day_number
from stageproof.engine.tables import FOREVER, TABLES


@dataclass(frozen=True)
class Tables:
    """The engine's tables, and what an export holds beside them: people, accounts, contacts, campaigns."""

    company: str
    engine: Mapping[str, pl.DataFrame]
    definitions: tuple[Definition, ...]
    people: pl.DataFrame
    accounts: pl.DataFrame
    contacts: pl.DataFrame
    campaigns: pl.DataFrame

    @property
    def deals(self) -> pl.DataFrame:
        return self.engine["deals"]

    def book(self) -> Book:
        """The book of these tables."""
        return self._book

    @cached_property
    def _book(self) -> Book:
        frames: dict[str, Any] = dict(self.engine)
        return Book.build(**frames, definitions=self.definitions, currency="USD")


def demo_company(seed: int = DEFAULT_SEED, until: dt.date = UNTIL, *, currencies: bool = False) -> Tables:
    """Demo Company's tables up to the end of the day `until`.

    With `currencies` deals with buyers in Germany and Britain are in EUR and GBP, at monthly rates.
    """
    world = simulated(seed, until, demo_definition(), currencies=currencies)
    ends_at, computed = (day_number(until) + 1) * DAY, ("rates", "campaigns")
    engine = {name: _versions(name, world.journal, ends_at) for name in TABLES if name not in computed}
    engine["campaigns"] = campaign_versions(until)
    if currencies:
        engine["deals"] = in_own_currency(engine["deals"])
        engine["rates"] = rates(until)
    market = world.market
    return Tables(
        COMPANY, engine, (demo_definition(),), people(), accounts(market), contacts(market), campaigns(until)
    )


@cache
def demo_definition() -> Definition:
    """The firm's own definition: in force from the first day, enforced from 2025 on."""
    text = files("stageproof.demo").joinpath("definition.toml").read_text(encoding="utf-8")
    return read_definition(text, source="demo company")


def _versions(name: str, journal: Journal, ends_at: int) -> pl.DataFrame:
    frame = journal.frame(name)
    # What is arranged ahead with leads has not happened yet.
    for ahead in {"leads": ["valid_from"], "activities": ["happened_at"]}.get(name, []):
        frame = frame.filter(pl.col(ahead) < ends_at)
    if not TABLES[name].versioned:
        return frame
    following = pl.col("valid_from").shift(-1).over(*KEYS[name], order_by=["valid_from", "recorded_at"])
    return frame.with_columns(valid_to=following.fill_null(FOREVER))


def people() -> pl.DataFrame:
    """One row per person: name, email, job, team, from_on, until_on."""
    rows = [
        {"name": each.name, "email": each.email, "job": each.job, "team": each.team,
         "from_on": each.from_on, "until_on": each.until_on}
        for each in PEOPLE
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"until_on": pl.Date}, infer_schema_length=None)


def accounts(market: Market) -> pl.DataFrame:
    """One row per company met: account, industry, segment, country, employees, domain."""
    rows = [
        {"account": each.name, "industry": each.industry, "segment": each.segment, "country": each.country,
         "employees": each.employees, "domain": each.domain}
        for each in market.accounts.values()
    ]  # fmt: skip
    return pl.DataFrame(rows)


def contacts(market: Market) -> pl.DataFrame:
    """One row per person at a buyer: contact, name, account, role, title, email."""
    rows = [
        {"contact": each.contact, "name": each.name, "account": account.name, "role": each.role,
         "title": each.title, "email": each.email}
        for account in market.accounts.values()
        for each in account.committee
    ]  # fmt: skip
    return pl.DataFrame(rows)


def campaigns(until: dt.date) -> pl.DataFrame:
    """One row per campaign begun: campaign, source, starts_on, ends_on, cost in whole US dollars."""
    rows = [
        {"campaign": each.name, "source": each.source, "starts_on": each.starts_on, "ends_on": each.ends_on,
         "cost": each.cost}
        for each in CAMPAIGNS
        if each.starts_on <= until
    ]  # fmt: skip
    return pl.DataFrame(rows)


def campaign_versions(until: dt.date) -> pl.DataFrame:
    """The engine's table of campaigns: planned two weeks ahead, and what it came to at the end."""
    rows: list[dict[str, Any]] = []
    for each in CAMPAIGNS:
        planned = working_day(each.starts_on - dt.timedelta(days=14), back=True)
        ended = working_day(each.ends_on + dt.timedelta(days=10))
        said = [(planned, -(-each.cost // 1_000) * 1_000), (ended, each.cost)]
        known = [(day, cost) for day, cost in said if day <= until]
        for place, (day, cost) in enumerate(known):
            following = known[place + 1][0] if place + 1 < len(known) else None
            at, to = at_time(day, 9 * 60), FOREVER if following is None else at_time(following, 9 * 60)
            rows.append(
                {"campaign": each.name, "source": each.source, "starts_on": day_number(each.starts_on),
                 "ends_on": day_number(each.ends_on), "cost": cost * 100, "currency": "USD", "valid_from": at,
                 "valid_to": to, "recorded_at": at, "actor": DEMAND_GENERATION, "door": "page"}
            )  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def in_own_currency(deals: pl.DataFrame) -> pl.DataFrame:
    """Amounts of deals in EUR and GBP as quoted in it, to the nearest 100."""
    quoted = pl.col("currency").replace_strict(QUOTED_AT, default=1.0, return_dtype=pl.Float64)
    foreign = (pl.col("amount") / quoted / 10_000).round().cast(pl.Int64) * 10_000
    return deals.with_columns(
        amount=pl.when(pl.col("currency") == "USD").then(pl.col("amount")).otherwise(foreign)
    )


QUOTED_AT = {"EUR": 1.08, "GBP": 1.27}
"""US dollars that one unit is taken for when a price is quoted."""


def rates(until: dt.date) -> pl.DataFrame:
    """Invented monthly rates around those prices are quoted at: currency, from_on, rate."""
    rows: list[dict[str, Any]] = []
    for count, month in enumerate(_months(until)):
        for currency, quoted in QUOTED_AT.items():
            swing = ((count * 7 + len(rows)) % 11 - 5) / 500
            rows.append(
                {"currency": currency, "from_on": day_number(month), "rate": f"{quoted * (1 + swing):.4f}"}
            )
    return pl.DataFrame(rows)


def _months(until: dt.date) -> list[dt.date]:
    span = (until.year - BEGINS_ON.year) * 12 + until.month - BEGINS_ON.month
    first = BEGINS_ON.year * 12 + BEGINS_ON.month - 1
    return [dt.date((first + count) // 12, (first + count) % 12 + 1, 1) for count in range(span + 1)]
