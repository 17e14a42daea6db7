"""First response, hand-over, leaks, campaign costs and sources, worked by hand and against plain SQL."""

from __future__ import annotations

import datetime as dt
import sqlite3
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from stageproof.engine.definition import Definition, Stage
from stageproof.engine.frames import collect
from stageproof.engine.measures.attribution import attribution
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.campaign_costs import campaign_costs, unrated_costs
from stageproof.engine.measures.first_response import first_response
from stageproof.engine.measures.funnel import funnel
from stageproof.engine.measures.handover import audited_leads, handover
from stageproof.engine.measures.leaks import NO_REASON, leaks
from stageproof.engine.measures.sources import sources
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from tests.engine.history_books import at, bare, book, day, definition, path, rows
from tests.engine.test_funnel import lead

JANUARY = Calendar().period("2025-01")
QUARTER = Calendar().period("2025-Q1")


def activity(lead: str, kind: str, when: str, side: str = "buyer", deal: str | None = None) -> dict[str, Any]:
    return {"activity": f"{lead}{kind}{when}", "lead": lead if deal is None else None, "deal": deal, "kind": kind,
            "side": side, "happened_at": at(when)}  # fmt: skip


LEADS = [
    *lead("a", ("2025-01-01", "new"), ("2025-01-02", "qualified"), ("2025-01-03", "converted"), deal="d1",
          responded_at=at("2025-01-01T00:40")),
    *lead("b", ("2025-01-05", "new"), ("2025-01-06", "qualified"), ("2025-01-20", "disqualified"),
          disqualified_reason="Budget", source="Web"),
    *lead("c", ("2025-01-05", "new"), ("2025-01-08", "qualified"), responded_at=at("2025-01-05T04:00")),
    *lead("d", ("2025-01-05", "new"), ("2025-01-09", "converted"), deal="d2"),
    *lead("e", ("2025-01-10", "new")),
    *lead("f", ("2025-02-20", "new"), ("2025-02-26", "qualified"), responded_at=at("2025-02-19")),
    *lead("g", ("2025-01-10", "new"), ("2025-01-11", "disqualified")),
]  # fmt: skip
ACTIVITIES = [
    activity("a", "meeting", "2025-01-06", deal="d1"),
    activity("b", "email", "2025-01-06T02:00", side="seller"),
    activity("b", "meeting", "2025-01-04"),
    activity("b", "note", "2025-01-05T00:01", side="seller"),
    activity("c", "meeting", "2025-01-20"),
]
DEALS = [
    *path("d1", ("2025-01-03", "Discovery"), ("2025-01-30", "won"), amount=1000, source="Ads"),
    *path("d2", ("2025-01-09", "Discovery"), ("2025-01-15", "Proposal"), ("2025-02-10", "lost"), amount=500,
          lost_reason="Price", source="Web"),
    *path("d3", ("2025-01-20", "Discovery"), amount=300, source="Web"),
]  # fmt: skip


def pipeline(**more: Any) -> Any:
    tables = {"leads": LEADS, "activities": ACTIVITIES, **more}
    return book(DEALS, **tables).as_of("2025-02-28")


def test_how_soon_leads_are_answered() -> None:
    table = first_response(pipeline())
    # a 40 min, b 26 h by mail, c 4 h, f before it came in; d, e and g never.
    assert rows(table, "leads", "responded", "waiting", "unverifiable") == [(7, 4, 3, 0)]
    assert table["median"].item() == pytest.approx((40 + 240) / 2)
    assert table["p90"].item() == pytest.approx(240 + 0.7 * (26 * 60 - 240))
    assert (table["within_hour"].item(), table["within_day"].item()) == (2 / 7, 3 / 7)


def test_a_lead_younger_than_an_hour_is_not_late() -> None:
    leads = [*lead("x", ("2025-01-01T12:00", "new")), *lead("y", ("2025-01-01T12:30", "new"))]
    table = first_response(book(DEALS, leads=leads, activities=ACTIVITIES).as_of(at("2025-01-01T13:10")))
    assert (table["within_hour"].item(), table["within_day"].item()) == (0.0, None)


def test_an_answer_after_an_hour_to_the_minute_is_within_it_and_then_the_hour_is_over() -> None:
    leads = [
        *lead("x", ("2025-01-01T12:00", "new"), responded_at=at("2025-01-01T13:00")),
        *lead("y", ("2025-01-01T12:10", "new")),
    ]
    table = first_response(book(DEALS, leads=leads, activities=ACTIVITIES).as_of(at("2025-01-01T13:10")))
    assert table["within_hour"].item() == 1 / 2


def test_a_meeting_on_the_last_of_the_days_is_in_time_and_then_they_are_over() -> None:
    leads = [
        *lead("x", ("2025-01-01", "qualified")),
        *lead("y", ("2025-01-01", "qualified")),
        *lead("z", ("2025-01-01T00:00:00.000001", "qualified")),
    ]
    held = book(DEALS, leads=leads, activities=[activity("x", "meeting", "2025-01-08")])
    table = handover(held.as_of(at("2025-01-08")), days=7)
    assert rows(table, "met_in_time", "met_late", "waiting", "never_met") == [(1, 0, 1, 1)]


def test_a_book_without_responses_says_that_it_cannot_tell() -> None:
    plain = [{name: value for name, value in row.items() if name != "responded_at"} for row in LEADS]
    unknown = book(DEALS, leads=plain).as_of("2025-02-28")
    table = first_response(unknown, by=["source"])
    assert rows(table, "source", "leads", "unverifiable", "responded", "median") == [
        ("Ads", 6, 6, None, None), ("Web", 1, 1, None, None),
    ]  # fmt: skip
    found = handover(unknown).row(0, named=True)
    assert (found["qualified"], found["unverifiable"], found["untouched"], found["rate"]) == (4, 4, 0, None)


def test_what_marketing_qualified_and_sales_took_up() -> None:
    table = handover(pipeline(), days=7)
    # a met on its deal in 4 days, c after 12, f still has time; the meeting of b lay before it came in.
    assert rows(table, "qualified", "met_in_time", "met_late", "waiting", "never_met", "unverifiable") == [
        (4, 1, 1, 1, 1, 0)
    ]
    assert rows(table, "untouched", "converted_unqualified", "rate") == [(1, 1, 1 / 3)]
    in_january = handover(pipeline(), period=JANUARY, by=["source"])
    assert rows(in_january, "source", "qualified", "never_met", "untouched") == [
        ("Ads", 2, 0, 1),
        ("Web", 1, 1, 0),
    ]
    found = collect(audited_leads(pipeline())).filter(pl.col("handover") == "met_late")
    assert found["lead"].to_list() == ["c"]


def test_parts_of_the_handover_add_up_over_any_period() -> None:
    for period in (None, JANUARY, QUARTER, Calendar().period("2025-02")):
        row = handover(pipeline(), period=period).row(0, named=True)
        parts = ("met_in_time", "met_late", "waiting", "never_met", "unverifiable")
        assert row["qualified"] == sum(row[name] for name in parts)


def test_leaks_are_those_of_the_funnel_with_their_reasons() -> None:
    table = leaks(pipeline(), period=JANUARY)
    assert rows(table, "step", "unit", "reason", "count", "amount") == [
        ("new", "lead", NO_REASON, 1, None), ("qualified", "lead", "Budget", 1, None),
        ("Proposal", "deal", "Price", 1, 500),
    ]  # fmt: skip
    cohort = funnel(pipeline(), period=JANUARY, view="cohort")
    left = cohort.filter(pl.col("lost") + pl.col("disqualified") > 0)
    assert [row[0] for row in rows(left, "step")] == ["new", "qualified", "Proposal"]


def test_a_cohort_may_begin_with_the_first_touch() -> None:
    touches = [
        {"lead": "f", "deal": None, "source": "Web", "touched_at": at("2025-01-15")},
        {"lead": None, "deal": "d3", "source": "Web", "touched_at": at("2024-12-15")},
    ]
    touched = pipeline(touches=touches)
    arrived, first = (
        funnel(touched, period=JANUARY, view="cohort", since=since)
        for since in ("arrival", "first_touch")  # type: ignore[arg-type]
    )
    assert (arrived["count"][0], first["count"][0]) == (6, 7)
    steps = {row["step"]: row["count"] for row in first.iter_rows(named=True)}
    # The deal without a lead was first touched in December.
    assert steps["deals"] == 2
    assert {row["step"]: row["count"] for row in arrived.iter_rows(named=True)}["deals"] == 3


CAMPAIGNS = [
    {"campaign": "Spring", "source": "Web", "starts_on": day("2025-01-16"), "ends_on": day("2025-02-14"),
     "cost": 10_001, "currency": "USD", "valid_from": at("2025-01-01")},
    {"campaign": "Fair", "source": "Ads", "starts_on": day("2025-02-03"), "ends_on": None, "cost": 700,
     "currency": "USD", "valid_from": at("2025-01-01")},
    {"campaign": "Fair", "source": "Ads", "starts_on": day("2025-02-03"), "ends_on": None, "cost": 900,
     "currency": "USD", "valid_from": at("2025-02-10")},
    {"campaign": "Old", "source": "Ads", "starts_on": None, "ends_on": None, "cost": 50, "currency": "USD",
     "valid_from": at("2025-01-01")},
    {"campaign": "Blank", "source": "Web", "starts_on": day("2025-01-16"), "ends_on": None, "cost": None,
     "currency": "USD", "valid_from": at("2025-01-01")},
]  # fmt: skip


def test_costs_fall_on_the_days_of_their_campaigns() -> None:
    costed = pipeline(campaigns=CAMPAIGNS)
    assert rows(campaign_costs(costed), "campaign", "cost", "spent") == [
        ("Blank", None, None), ("Spring", 10_001, 10_001), ("Fair", 900, 900), ("Old", 50, 50),
    ]  # fmt: skip
    january, february = (campaign_costs(costed, period=Calendar().period(f"2025-0{n}")) for n in (1, 2))
    spent = [dict(zip(t["campaign"], t["spent"], strict=True)) for t in (january, february)]
    # 16 of 30 days lie in January.
    assert spent[0] == {"Blank": None, "Spring": 10_001 * 16 // 30, "Fair": 0, "Old": 0}
    assert spent[0]["Spring"] + spent[1]["Spring"] == 10_001
    then = book(DEALS, campaigns=CAMPAIGNS).as_of("2025-02-05")
    assert dict(campaign_costs(then).select("campaign", "spent").iter_rows())["Fair"] == 700
    assert campaign_costs(book(DEALS).as_of("2025-02-28")).is_empty()


def test_costs_in_another_currency_than_every_deal_are_converted_or_missed_by_name() -> None:
    """All deals are in USD; the fair cost 900 EUR at 1.1 of its first day, and no rate of GBP is known."""
    abroad = [
        {**each, "currency": {"Fair": "EUR", "Old": "GBP"}.get(str(each["campaign"]), "USD")}
        for each in CAMPAIGNS
    ]
    dated = [{"currency": "EUR", "from_on": day(on), "rate": rate}
             for on, rate in (("2025-01-01", "1.1"), ("2025-02-10", "1.2"))]  # fmt: skip
    costed = pipeline(campaigns=abroad, rates=dated)
    assert dict(campaign_costs(costed).select("campaign", "cost").iter_rows()) == {
        "Blank": None, "Spring": 10_001, "Fair": 990, "Old": None,
    }  # fmt: skip
    assert unrated_costs(costed) == ["GBP"]
    named = {row["source"]: row["cost"] for row in sources(costed).iter_rows(named=True)}
    assert (named["Ads"], named["Web"]) == (990, 10_001)
    assert unrated_costs(pipeline(campaigns=abroad)) == ["EUR", "GBP"]
    assert unrated_costs(pipeline()) == []


@given(
    cost=st.integers(0, 10**15),
    first=st.integers(0, 400),
    days=st.integers(1, 500),
    cuts=st.sets(st.integers(1, 900), max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_periods_that_follow_each_other_add_up_to_the_cent(
    cost: int, first: int, days: int, cuts: set[int]
) -> None:
    starts = dt.date(2025, 1, 1) + dt.timedelta(days=first)
    row = {"campaign": "X", "source": "Web", "starts_on": starts, "ends_on": starts + dt.timedelta(days=days - 1),
           "cost": cost, "currency": "USD", "valid_from": at("2024-01-01")}  # fmt: skip
    whole = book(DEALS, campaigns=[row]).as_of("2030-01-01")
    edges = [
        dt.date(2024, 1, 1),
        *sorted(dt.date(2025, 1, 1) + dt.timedelta(days=cut) for cut in cuts),
        dt.date(2029, 1, 1),
    ]
    parts = [
        campaign_costs(whole, period=Calendar().period(f"{one}..{other - dt.timedelta(days=1)}"))[
            "spent"
        ].item()
        for one, other in pairwise(edges)
    ]
    assert sum(parts) == cost
    assert min(parts) >= 0


TOUCHES = [
    {"lead": "a", "deal": None, "source": "Ads", "campaign": "Fair", "touched_at": at("2025-01-01")},
    {"lead": None, "deal": "d1", "source": "Web", "campaign": "Spring", "touched_at": at("2025-01-20")},
    {"lead": None, "deal": "d1", "source": "Web", "campaign": "Spring", "touched_at": at("2025-02-20")},
    {"lead": None, "deal": "d3", "source": "Ads", "campaign": None, "touched_at": at("2025-01-21")},
    {"lead": None, "deal": "d3", "source": "Web", "campaign": "Spring", "touched_at": at("2025-01-22")},
]  # fmt: skip


def test_what_each_source_brought_by_hand() -> None:
    whole = book(DEALS, leads=LEADS, touches=TOUCHES, campaigns=CAMPAIGNS, definitions=[definition()]).as_of(
        "2025-02-28"
    )
    table = sources(whole, model="linear", period=QUARTER)
    named = {row["source"]: row for row in table.iter_rows(named=True)}
    # d1 half Ads, half Web (the touch after it closed counts for nothing); d2 Web's own; d3 half and half.
    assert (named["Ads"]["won_amount"], named["Web"]["won_amount"]) == (500, 500)
    assert (named["Ads"]["won_deals"], named["Web"]["won_deals"], named["Web"]["lost_deals"]) == (
        0.5,
        0.5,
        1.0,
    )
    assert (named["Ads"]["open_amount"], named["Web"]["open_amount"]) == (150, 150)
    assert (named["Ads"]["deals"], named["Web"]["deals"]) == (1.0, 2.0)
    assert (named["Ads"]["leads"], named["Web"]["leads"]) == (6, 1)
    assert (named["Ads"]["qualified_leads"], named["Web"]["qualified_leads"]) == (3, 1)
    assert (named["Ads"]["cost"], named["Web"]["cost"]) == (900, 10_001)
    assert (named["Ads"]["cost_per_won"], named["Web"]["cost_per_won"]) == (1800, 20_002)
    assert (named["Ads"]["win_rate"], named["Web"]["win_rate"]) == (1.0, pytest.approx(1 / 3))
    assert named["Web"]["cycle_days"] == pytest.approx(27.0)


def test_a_third_of_a_deal_took_as_long_as_the_whole() -> None:
    thirds = [
        {"lead": None, "deal": "a", "source": name, "campaign": None, "touched_at": at("2025-01-02")}
        for name in ("Ads", "Mail", "Web")
    ]
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-11-17", "won"))
    found = sources(book(deals, touches=thirds).as_of("2025-12-31"), model="linear")
    assert rows(found, "won_deals", "cycle_days") == [(0.333333333, 320.0)] * 3


@pytest.mark.parametrize("model", ["first", "last", "linear", "w_shaped"])
@pytest.mark.parametrize("by", ["source", "campaign"])
def test_sources_add_up_to_the_whole(model: Any, by: Any) -> None:
    whole = book(DEALS, leads=LEADS, touches=TOUCHES, campaigns=CAMPAIGNS).as_of("2025-02-28")
    table = sources(whole, model=model, period=QUARTER, by=by)
    booked = bookings(whole, period=QUARTER).row(0, named=True)
    assert table["won_amount"].sum() == booked["won_amount"]
    assert table["won_deals"].sum() == pytest.approx(booked["won_count"])
    assert table["lost_deals"].sum() == pytest.approx(booked["lost_count"])
    assert table["leads"].sum() == 7
    assert table["deals"].sum() == pytest.approx(3)
    assert table["cost"].sum() == campaign_costs(whole, period=QUARTER)["spent"].sum()
    parts = attribution(whole, model=model, period=QUARTER, by=by)
    won = table.filter(pl.col("won_amount") > 0).select(by, "won_amount").sort(by).rows()
    assert won == parts.filter(pl.col("amount") > 0).select(by, "amount").sort(by).rows()


def test_a_book_of_deals_alone_leaves_leads_blank() -> None:
    table = sources(book(DEALS).as_of("2025-02-28"))
    assert table["leads"].null_count() == table["cost"].null_count() == table.height == 2
    alone = book(DEALS).as_of("2025-02-28")
    assert first_response(alone, by=["source"]).columns == first_response(pipeline(), by=["source"]).columns
    assert handover(alone).columns == handover(pipeline()).columns
    assert first_response(alone).height == handover(alone).height == 0
    with pytest.raises(Refused) as refused:
        audited_leads(alone)
    assert [each.code for each in refused.value.problems] == ["no_leads"]
    with pytest.raises(Refused) as refused:
        handover(pipeline(), by=["stage"])
    assert [each.code for each in refused.value.problems] == ["unknown_group"]


def test_the_demo_companys_leads_against_sql() -> None:
    from stageproof.demo.book import demo_company

    tables = demo_company(until=dt.date(2024, 3, 31))
    here = tables.book().as_of("2024-03-31")
    database = sqlite3.connect(":memory:")
    for name, columns in (("leads", ("lead", "source", "status", "created_at", "responded_at", "deal", "valid_from")),
                          ("activities", ("lead", "deal", "kind", "side", "happened_at"))):  # fmt: skip
        frame = tables.engine[name].select(columns)
        database.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        database.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", frame.rows())
    last = "(SELECT *, ROW_NUMBER() OVER (PARTITION BY lead ORDER BY valid_from DESC) n FROM leads)"
    counted = database.execute(
        f"SELECT source, COUNT(*), COUNT(responded_at) FROM {last} WHERE n = 1 GROUP BY source ORDER BY source"
    ).fetchall()
    assert rows(first_response(here, by=["source"]), "source", "leads", "responded") == counted
    (qualified, in_time) = database.execute(
        f"""SELECT COUNT(*), SUM(EXISTS (
                SELECT 1 FROM activities a WHERE a.kind = 'meeting' AND (a.lead = q.lead OR a.deal = l.deal)
                AND a.happened_at >= l.created_at AND a.happened_at <= q.since + 7 * 86400000000))
            FROM (SELECT lead, MIN(valid_from) since FROM leads WHERE status = 'qualified' GROUP BY lead) q
            JOIN {last} l ON l.lead = q.lead AND l.n = 1"""
    ).fetchone()
    assert rows(handover(here), "qualified", "met_in_time") == [(qualified, in_time)]


def test_what_present_customers_buy_is_not_new_business() -> None:
    mixed = [
        *DEALS,
        *path("r1", ("2025-01-05", "Notice"), ("2025-01-20", "won"), amount=9_000, pipeline="Renewals"),
    ]
    mixed = [{**row, "pipeline": row.get("pipeline") or "New business"} for row in mixed]
    renewals = Definition("Renewals", "Ada", (Stage("Notice"),), kind="expansion")
    both = book(mixed, leads=LEADS, definitions=[bare(), renewals]).as_of("2025-02-28")
    alone = of_pipelines(both)
    assert [each.pipeline for each in alone.definitions] == ["New business"]
    assert sources(both)["won_amount"].sum() == 10_000
    assert sources(alone)["won_amount"].sum() == 1_000
    table = funnel(alone, period=JANUARY, view="cohort")
    assert table.filter(pl.col("step") == "deals")["rate"].item() is not None
    only = book(DEALS, definitions=[bare()]).as_of("2025-02-28")
    assert of_pipelines(only) is only
