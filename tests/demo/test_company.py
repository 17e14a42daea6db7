"""The cast: 45 people, invented names, addresses that cannot belong to anybody."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from stageproof.demo.book import Tables, demo_company
from stageproof.demo.company import LEAVES_ON, MANAGERS, PEOPLE, SELLERS, TEAMS, is_working_day


@pytest.mark.parametrize("day", [dt.date(2023, 7, 3), dt.date(2024, 9, 23), dt.date(2025, 9, 22)])
def test_forty_five_people_work_there_nine_of_them_sellers(day: dt.date) -> None:
    assert sum(person.works_on(day) for person in PEOPLE) == 45
    assert sum(person.works_on(day) for person in SELLERS) == 9
    assert {person.team for person in SELLERS} == set(TEAMS) == set(MANAGERS)


def test_names_and_addresses_are_nobodys(company: Tables) -> None:
    assert company.people["email"].is_unique().all()
    assert company.people["email"].str.ends_with(".example").all()
    assert company.contacts["email"].str.ends_with(".example").all()
    assert company.accounts["domain"].str.ends_with(".example").all()
    assert company.accounts["account"].is_unique().all()
    assert company.contacts["contact"].is_unique().all()


def test_nobody_works_on_weekends_and_holidays() -> None:
    assert not is_working_day(dt.date(2024, 9, 22))
    assert not is_working_day(dt.date(2024, 12, 25))
    assert is_working_day(dt.date(2024, 9, 23))
    assert is_working_day(LEAVES_ON)


def test_every_campaign_of_a_lead_or_touch_is_known_with_its_cost(company: Tables) -> None:
    known = set(company.campaigns["campaign"])
    for table in ("leads", "touches", "deals"):
        assert set(company.engine[table]["campaign"].drop_nulls()) <= known
    assert company.campaigns["cost"].min() > 0  # type: ignore[operator]


def test_with_currencies_deals_abroad_are_in_their_own_at_dated_rates() -> None:
    until = dt.date(2023, 10, 31)
    own, dollars = demo_company(7, until, currencies=True), demo_company(7, until)
    assert set(own.deals["currency"]) == {"USD", "EUR", "GBP"}
    assert set(dollars.deals["currency"]) == {"USD"}
    assert own.engine["rates"].height == 2 * 4
    abroad = own.deals.with_columns(in_dollars=dollars.deals["amount"]).filter(pl.col("currency") == "EUR")
    # Quoted at 1.08 dollars, to the nearest hundred euros.
    apart = (abroad["amount"] * 1.08 - abroad["in_dollars"]).abs().max()
    assert apart <= 0.5 * 10_000 * 1.08 + 1  # type: ignore[operator]
    book = own.book()
    assert book.currency == "USD"
    assert book.currencies == {"USD", "EUR", "GBP"}
    values = book.as_of(until).open.collect("polars").to_native()
    assert values["value"].null_count() == 0
