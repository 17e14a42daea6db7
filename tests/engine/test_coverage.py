"""Coverage, by hand and against independent SQL."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any

import pytest

from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, Stage
from stageproof.engine.frames import from_rows
from stageproof.engine.measures.coverage import coverage, target_of
from stageproof.engine.period import Calendar
from stageproof.engine.tables import TABLES
from tests.engine.history_books import at, book, day, definition, path, rows

Q2 = Calendar().period("2025-Q2")
ON = "2025-04-30"
IN, LATER = day("2025-06-15"), day("2025-07-15")
DEALS = [
    *path("a", ("2025-01-01", "Discovery"), close_on=IN, amount=300),
    *path("b", ("2025-01-01", "Proposal"), close_on=IN, amount=500, owner="Bob"),
    *path("c", ("2025-01-01", "Proposal"), close_on=LATER, amount=1000),
    *path("d", ("2025-01-01", "Proposal"), ("2025-04-10", "won"), amount=150),
    *path("e", ("2025-01-01", "Proposal"), ("2025-02-10", "won"), amount=900),
    *path("f", ("2025-01-01", "Proposal"), ("2025-04-11", "lost"), amount=70),
    *path("g", ("2025-01-01", "Proposal"), ("2025-04-11", "lost"), amount=80),
]


def target(amount: int, starts: str = "2025-04-01", ends: str = "2025-06-30", **who: Any) -> dict[str, Any]:
    return {"amount": amount, "starts_on": day(starts), "ends_on": day(ends), "currency": "USD",
            "valid_from": at("2025-01-01"), **who}  # fmt: skip


def test_nominal_qualified_remaining_and_needed() -> None:
    # Only the deal in the first stage is qualified: the other has nothing to show for Discovery.
    held = book(DEALS, definitions=[definition()], evidence=[], roles=[], targets=[target(1000)])
    row = coverage(held.as_of(ON), period=Q2).row(0, named=True)
    assert (row["target"], row["open_amount"], row["qualified_amount"], row["won_amount"]) == (
        1000,
        800,
        300,
        150,
    )
    assert row["nominal"] == pytest.approx(0.8)
    assert row["qualified"] == pytest.approx(0.3)
    assert row["remaining"] == pytest.approx(800 / 850)
    assert row["needed"] == pytest.approx(2.0)


def test_without_a_target_there_is_no_coverage_and_a_given_one_overrides() -> None:
    pipeline = book(DEALS).as_of(ON)
    row = coverage(pipeline, period=Q2).row(0, named=True)
    assert (row["target"], row["nominal"], row["qualified"], row["remaining"]) == (None, None, None, None)
    assert coverage(pipeline, period=Q2, target=1600)["nominal"].item() == pytest.approx(0.5)


def test_nothing_remains_of_a_target_that_is_reached() -> None:
    assert coverage(book(DEALS).as_of(ON), period=Q2, target=150)["remaining"].item() is None


def test_by_owner_everyone_with_deals_or_a_target_has_a_row() -> None:
    held = book(DEALS, targets=[target(100, owner="Bob"), target(200, owner="Cleo")])
    table = coverage(held.as_of(ON), period=Q2, by=["owner"])
    assert rows(table, "owner", "target", "open_amount", "nominal") == [
        ("Ann", None, 300, None),
        ("Bob", 100, 500, 5.0),
        ("Cleo", 200, 0, 0.0),
    ]


def test_targets_of_shorter_periods_add_up_where_they_fill_the_whole() -> None:
    months = [("2025-04-01", "2025-04-30"), ("2025-05-01", "2025-05-31"), ("2025-06-01", "2025-06-30")]
    filled = [target(100, *month) for month in months]
    assert target_of(book(DEALS, targets=filled).as_of(ON), Q2) == 300
    assert target_of(book(DEALS, targets=filled[:2]).as_of(ON), Q2) is None
    assert target_of(book(DEALS, targets=[*filled, target(500)]).as_of(ON), Q2) == 500


def test_of_people_some_may_have_a_target_of_the_quarter_and_some_of_its_months() -> None:
    months = [("2025-04-01", "2025-04-30"), ("2025-05-01", "2025-05-31"), ("2025-06-01", "2025-06-30")]
    bob = [target(30, *month, owner="Bob") for month in months]
    ann = target(100, owner="Ann")
    held = book(DEALS, targets=[ann, *bob]).as_of(ON)
    assert target_of(held, Q2) == 190
    assert coverage(held, period=Q2, by=["owner"])["target"].to_list() == [100, 90]
    # Who came in May has no target of April, which leaves the others' as they are.
    assert target_of(book(DEALS, targets=[ann, *bob[1:]]).as_of(ON), Q2) == 160
    assert target_of(book(DEALS, targets=bob[1:]).as_of(ON), Q2) is None
    assert target_of(book(DEALS, targets=bob[::2]).as_of(ON), Q2) is None
    # Of a year, a quarter's target and those of its months would count twice.
    year = Calendar().period("2025")
    quarters = [("2025-01-01", "2025-03-31"), ("2025-04-01", "2025-06-30"),
                ("2025-07-01", "2025-09-30"), ("2025-10-01", "2025-12-31")]  # fmt: skip
    whole = [target(100, *quarter, owner="Ann") for quarter in quarters]
    assert target_of(book(DEALS, targets=whole).as_of(ON), year) == 400
    twice = [{**each, "owner": "Ann"} for each in bob]
    assert target_of(book(DEALS, targets=[*whole, *twice]).as_of(ON), year) is None


def test_the_whole_is_its_own_target_else_the_teams_else_the_peoples() -> None:
    people = [target(100, owner="Ann", team="North"), target(100, owner="Bob", team="South")]
    teams = [target(250, team="North"), target(250, team="South")]
    assert target_of(book(DEALS, targets=people).as_of(ON), Q2) == 200
    assert target_of(book(DEALS, targets=[*people, *teams]).as_of(ON), Q2) == 500
    assert target_of(book(DEALS, targets=[*people, *teams, target(900)]).as_of(ON), Q2) == 900
    assert target_of(book(DEALS, targets=[*people, *teams]).as_of(ON), Q2, team="North") == 250
    assert target_of(book(DEALS, targets=people).as_of(ON), Q2, owner="Bob") == 100


def test_a_target_changed_later_was_another_one_then() -> None:
    later = {**target(900), "valid_from": at("2025-05-01")}
    held = book(DEALS, targets=[target(100), later])
    assert target_of(held.as_of(ON), Q2) == 100
    assert target_of(held.as_of("2025-05-31"), Q2) == 900


def test_a_target_in_another_currency_than_every_deal_is_converted_or_unknown() -> None:
    abroad = {**target(1000), "currency": "EUR"}
    dated = [{"currency": "EUR", "from_on": day("2025-01-01"), "rate": "1.1"}]
    assert target_of(book(DEALS, targets=[abroad], rates=dated).as_of(ON), Q2) == 1100
    parts = [{**abroad, "owner": "Ann"}, target(50, owner="Bob")]
    assert target_of(book(DEALS, targets=parts).as_of(ON), Q2) is None
    assert coverage(book(DEALS, targets=[abroad]).as_of(ON), period=Q2)["nominal"].item() is None


def test_open_and_won_are_what_sql_finds_in_the_same_versions() -> None:
    sql = sqlite3.connect(":memory:")
    sql.execute("create table deals (deal, status, amount, close_on, valid_from)")
    sql.executemany(
        "insert into deals values (?, ?, ?, ?, ?)",
        [
            (
                row["deal"],
                row["status"],
                row["amount"],
                row["close_on"].isoformat(),
                row["valid_from"].isoformat(),
            )
            for row in DEALS
        ],
    )
    found = sql.execute(
        """
        with latest as (
            select *, row_number() over (partition by deal order by valid_from desc) as place
            from deals where valid_from < '2025-05-01'
        )
        select sum(case when status = 'open' then amount end), sum(case when status = 'won' then amount end)
        from latest where place = 1 and close_on between '2025-04-01' and '2025-06-30'
        """
    ).fetchone()
    table = coverage(book(DEALS).as_of(ON), period=Q2)
    assert rows(table, "open_amount", "won_amount") == [found] == [(800, 150)]


def test_bands_split_what_is_open_over_the_whole_target() -> None:
    definition = Definition(
        pipeline="New business",
        owner="Olga",
        stages=tuple(Stage(name) for name in ("One", "Two", "Three", "Four")),
    )
    deals = [
        {"deal": name, "status": status, "stage": stage, "amount": amount, "currency": "USD",
         "close_on": dt.date(2025, 9, 1), "valid_from": dt.datetime(2025, 7, 1, tzinfo=dt.UTC)}
        for name, status, stage, amount in (
            ("a", "open", "One", 300), ("b", "open", "Two", 100), ("c", "open", "four", 200), ("d", "won", "Four", 500),
            ("e", "open", "Elsewhere", 50),
        )
    ]  # fmt: skip
    found = coverage(
        Book.build(deals=from_rows(TABLES["deals"], deals), definitions=[definition]).as_of("2025-08-01"),
        period=Calendar().period("2025-Q3"),
        target=1_000,
        by=["band"],
    )
    columns = ("band", "open_count", "open_amount", "won_amount", "nominal", "remaining")
    assert found.select(columns).rows() == [
        ("early", 2, 400, 500, 0.4, 0.8),
        ("late", 1, 200, 500, 0.2, 0.4),
        (None, 1, 50, 500, 0.05, 0.1),
    ]
