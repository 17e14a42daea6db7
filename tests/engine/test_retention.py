"""What became of contracts up for renewal, against a list kept by hand."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.book import Book
from stageproof.engine.frames import collect, from_rows
from stageproof.engine.measures import retention
from stageproof.engine.measures.retention import contracts_due
from stageproof.engine.period import Calendar
from stageproof.engine.tables import DEALS
from tests.engine.engines import OTHERS, on_engine, table

BOOK = Book.build(
    deals=table(
        "deals",
        """
        deal status amount currency close_on   renews_on  deal_type    follows account owner valid_from created_at
        A    won    1000   EUR      2024-03-10 2025-03-10 new_business -       Alder   Ann   2024-03-10 2024-01-01
        B    won    2000   EUR      2024-05-01 2025-05-01 new_business -       Birch   Ben   2024-05-01 2024-01-01
        C    won    3000   EUR      2024-05-20 2025-05-20 new_business -       Cedar   Ann   2024-05-20 2024-01-01
        D    won    4000   EUR      2024-06-15 2025-06-15 new_business -       Damson  Ben   2024-06-15 2024-01-01
        E    won    5000   EUR      2024-06-20 2025-06-20 -            -       Elder   Ann   2024-06-20 2024-01-01
        F    won    6000   EUR      2024-09-01 2025-09-01 -            -       Fir     Ann   2024-09-01 2024-01-01
        G    won    -      EUR      2024-06-25 2025-06-25 -            -       Gorse   Ben   2024-06-25 2024-01-01
        A2   won    1500   EUR      2025-03-01 2026-03-10 Renewal      A       Alder   Ann   2025-03-01 2024-12-01
        B2   won    1200   EUR      2025-04-20 2026-05-01 -            B       Birch   Ben   2025-04-20 2025-02-01
        B3   won    700    EUR      2024-11-01 -          upsell       B       Birch   Ben   2024-11-01 2024-09-01
        B4   won    9000   EUR      2024-12-01 -          referral     B       Beech   Ben   2024-12-01 2024-09-01
        C2   lost   3000   EUR      2025-05-10 -          renewal      C       Cedar   Ann   2025-05-10 2025-02-01
        D2   open   4400   EUR      2025-06-30 -          renewal      D       Damson  Ben   2025-04-01 2025-04-01
        """,
    ),
    currency="EUR",
)
SECOND = Calendar().period("2025-Q2")


def test_each_contract_is_in_the_state_it_came_to() -> None:
    pipeline = BOOK.as_of("2025-06-22")
    rows = collect(contracts_due(pipeline).select("deal", "state", "retained", "shrunk", "expanded")).sort(
        "deal"
    )
    assert rows.rows() == [
        ("A", "renewed", 1000, 0, 500),
        ("A2", "awaited", 0, 0, 0),
        ("B", "renewed", 1200, 800, 700),
        ("B2", "awaited", 0, 0, 0),
        ("C", "lost", 0, 0, 0),
        ("D", "open", 0, 0, 0),
        ("E", "lapsed", 0, 0, 0),
        ("F", "awaited", 0, 0, 0),
        ("G", "awaited", 0, 0, 0),
    ]


@pytest.mark.parametrize(("on", "state"), [("2025-06-20", "awaited"), ("2025-06-21", "lapsed")])
def test_a_contract_is_awaited_until_its_day_is_over(on: str, state: str) -> None:
    due = collect(contracts_due(BOOK.as_of(on)).select("deal", "state"))
    assert due.filter(pl.col("deal") == "E")["state"].to_list() == [state]


def test_the_quarter_by_hand() -> None:
    (row,) = retention(BOOK.as_of("2025-06-22"), period=SECOND).to_dicts()
    # Due: B 2000, C 3000, D 4000, E 5000, and G of unknown amount.
    assert (row["due_count"], row["due_amount"], row["unpriced_count"]) == (5, 14_000, 1)
    amounts = {
        name: row[f"{name}_amount"] for name in ("retained", "shrunk", "lost", "lapsed", "open", "awaited")
    }
    assert amounts == {
        "retained": 1200,
        "shrunk": 800,
        "lost": 3000,
        "lapsed": 5000,
        "open": 4000,
        "awaited": 0,
    }
    assert row["expanded_amount"] == 700
    assert row["gross"] == pytest.approx(1200 / 10_000)
    assert row["net"] == pytest.approx(1900 / 10_000)


def test_before_anything_is_decided_there_is_no_rate() -> None:
    (row,) = retention(BOOK.as_of("2025-02-20"), period=Calendar().period("2025-Q3")).to_dicts()
    assert (row["due_amount"], row["awaited_amount"], row["gross"], row["net"]) == (6000, 6000, None, None)


def test_what_came_of_a_contract_of_unknown_amount_raises_no_rate() -> None:
    # G was of no known amount, so there is nothing that its renewal and what was built on it could be held against.
    more = """
        deal status amount currency close_on   renews_on deal_type follows valid_from created_at
        G2   won    8000   EUR      2025-06-20 -         renewal   G       2025-06-20 2025-06-01
        G3   won    500    EUR      2025-06-21 -         upsell    G       2025-06-21 2025-06-01
        """
    deals = pl.concat([BOOK.tables["deals"].to_native(), table("deals", more)], how="diagonal")
    (row,) = retention(Book.build(deals=deals, currency="EUR").as_of("2025-06-22"), period=SECOND).to_dicts()
    assert (row["renewed_count"], row["unpriced_count"]) == (2, 1)
    assert row["expanded_amount"] == 700
    assert (row["gross"], row["net"]) == (pytest.approx(1200 / 10_000), pytest.approx(1900 / 10_000))


def test_quarters_are_those_of_the_day_of_renewal() -> None:
    found = retention(BOOK.as_of("2025-06-22"), by=["quarter", "owner"])
    due = {(row["quarter"], row["owner"]): row["due_amount"] for row in found.to_dicts()}
    assert due[("2025-Q1", "Ann")] == 1000
    assert due[("2025-Q2", "Ben")] == 6000
    assert due[("2025-Q2", "Ann")] == 8000
    assert sum(due.values()) == 1000 + 14_000 + 6000 + 1500 + 1200


@pytest.mark.parametrize("engine", OTHERS)
def test_every_engine_says_the_same(engine: str) -> None:
    here = retention(BOOK.as_of("2025-06-22"), by=["owner"])
    there = retention(on_engine(engine, BOOK).as_of("2025-06-22"), by=["owner"])
    assert there.to_dicts() == here.to_dicts()


DAYS = st.integers(0, 900).map(lambda days: dt.date(2024, 1, 1) + dt.timedelta(days=days))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["open", "won", "lost"]),
            st.integers(0, 10**9) | st.none(),
            DAYS,
            st.none() | DAYS,
            st.sampled_from(["renewal", "upsell", "referral", None]),
            st.none() | st.integers(0, 14),
        ),
        min_size=1,
        max_size=15,
    ),
    DAYS,
)
def test_what_is_due_is_what_became_of_it_to_the_cent(rows: list[tuple[Any, ...]], on: dt.date) -> None:
    deals = [
        {
            "deal": str(number), "status": status, "amount": amount, "currency": "EUR", "close_on": close_on,
            "renews_on": renews_on, "deal_type": kind, "follows": None if follows is None else str(follows),
            "valid_from": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "created_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        }
        for number, (status, amount, close_on, renews_on, kind, follows) in enumerate(rows)
    ]  # fmt: skip
    (row,) = retention(Book.build(deals=from_rows(DEALS, deals), currency="EUR").as_of(on)).to_dicts()
    parts = ("retained", "shrunk", "lost", "lapsed", "open", "awaited")
    assert row["due_amount"] == sum(row[f"{name}_amount"] for name in parts)
    contracts = [each for each in deals if each["status"] == "won" and each["renews_on"] is not None]
    assert row["due_amount"] == sum(each["amount"] or 0 for each in contracts)
    won: defaultdict[str, int] = defaultdict(int)
    for each in deals:
        if each["status"] == "won" and each["follows"] is not None and each["deal_type"] in ("renewal", None):
            won[each["follows"]] += each["amount"] or 0
    assert row["retained_amount"] == sum(
        min(each["amount"] or 0, won[each["deal"]]) for each in contracts if each["deal"] in won
    )
