"""Bookings, win rate and deal size, by hand and against independent SQL."""

from __future__ import annotations

import sqlite3
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.measures.average_deal_size import average_deal_size, half_even
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.win_rate import win_rate
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from tests.engine.history_books import book, day, path, rows

ON = "2025-12-31"
DEALS = [
    *path("a", ("2025-01-01", "Discovery"), ("2025-03-31", "won"), amount=100),
    *path("b", ("2025-01-01", "Discovery"), ("2025-04-01", "won"), amount=201),
    *path("c", ("2025-01-01", "Discovery"), ("2025-04-02", "won"), amount=None, owner="Bob"),
    *path("d", ("2025-01-01", "Discovery"), ("2025-05-01", "lost"), amount=99, owner="Bob"),
    *path("e", ("2025-01-01", "Discovery")),
    *path("f", ("2025-01-01", "Discovery"), ("2025-05-01", "won"), ("2025-06-01", "Discovery"), amount=7),
    *path("g", ("2025-01-01", "Discovery"), ("2025-05-01", "won"), ("2025-06-01", "deleted"), amount=7),
]


def test_won_and_lost_by_count_and_by_amount() -> None:
    pipeline = book(DEALS).as_of(ON)
    assert bookings(pipeline).rows() == [(3, 301, 2, 1, 99)]
    assert rows(win_rate(pipeline), "by_count", "by_amount") == [(0.75, 301 / 400)]


def test_few_deals_say_how_far_off_they_may_be() -> None:
    """Three of four: (0.75 + 3.8415/8) / (1 + 3.8415/4) = 0.6275, give or take 0.3269."""
    ((low, high),) = rows(win_rate(book(DEALS).as_of(ON)), "low", "high")
    assert (low, high) == (pytest.approx(0.30064, abs=1e-5), pytest.approx(0.95442, abs=1e-5))


def test_deals_count_in_the_period_of_the_day_they_closed() -> None:
    pipeline = book(DEALS).as_of(ON)
    calendar = Calendar()
    assert rows(bookings(pipeline, period=calendar.period("2025-Q1")), "won_count", "won_amount") == [
        (1, 100)
    ]
    assert rows(bookings(pipeline, by=["quarter"]), "quarter", "won_amount", "lost_amount") == [
        ("2025-Q1", 100, 0),
        ("2025-Q2", 201, 99),
    ]


def test_what_was_won_then_is_told_as_it_was() -> None:
    assert rows(bookings(book(DEALS).as_of("2025-05-15")), "won_count", "won_amount") == [(5, 315)]


def test_nothing_closed_has_no_rate() -> None:
    pipeline = book(DEALS).as_of("2025-02-01")
    assert win_rate(pipeline).rows() == [(0, 0, None, None, None, None)]
    assert average_deal_size(pipeline).rows() == [(0, 0, None)]


def test_deal_size_leaves_out_deals_without_an_amount_and_rounds_half_even() -> None:
    assert average_deal_size(book(DEALS).as_of(ON)).rows() == [(2, 301, 150)]
    assert [half_even(*each) for each in ((1, 2), (3, 2), (5, 2), (-1, 2), (-3, 2), (1, -2), (7, 3))] == [
        0, 2, 2, 0, -2, 0, 2,
    ]  # fmt: skip


def test_an_unknown_group_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused) as refused:
        win_rate(book(DEALS).as_of(ON), by=["mood"])
    assert [(problem.code, problem.value) for problem in refused.value.problems] == [
        ("unknown_group", "mood")
    ]


CLOSED = st.tuples(
    st.sampled_from(["won", "lost", "open"]),
    st.one_of(st.none(), st.integers(-(10**6), 10**12)),
    st.sampled_from(["Ann", "Bob", None]),
    st.integers(1, 28),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CLOSED, min_size=1, max_size=10))
def test_sql_finds_the_same(closed: list[tuple[str, int | None, str | None, int]]) -> None:
    deals: list[dict[str, Any]] = []
    sql = sqlite3.connect(":memory:")
    sql.execute("create table deals (status, amount, owner, closed)")
    for index, (status, amount, owner, number) in enumerate(closed):
        moves = [("2025-01-01", "Discovery")]
        if status != "open":
            moves.append((f"2025-04-{number:02}", status))
        deals += path(f"d{index}", *moves, amount=amount, owner=owner)
        sql.execute("insert into deals values (?, ?, ?, ?)", (status, amount, owner, number))
    found = sql.execute(
        """
        select owner, sum(status = 'won'), coalesce(sum(amount) filter (where status = 'won'), 0),
               sum(status = 'lost'), coalesce(sum(amount) filter (where status = 'lost'), 0)
        from deals where status in ('won', 'lost') and closed between 10 and 20
        group by owner order by owner is null, owner
        """
    ).fetchall()
    period = Calendar().period("2025-04-10..2025-04-20")
    table = bookings(book(deals).as_of(ON), period=period, by=["owner"])
    assert rows(table, "owner", "won_count", "won_amount", "lost_count", "lost_amount") == found
    rates = {
        row["owner"]: row
        for row in win_rate(book(deals).as_of(ON), period=period, by=["owner"]).rows(named=True)
    }
    for owner, won, _, lost, _ in found:
        assert rates[owner]["by_count"] == pytest.approx(won / (won + lost))


def test_a_deal_closes_on_its_close_date_not_on_the_day_it_was_typed_in() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-04-03", "won", {"close_on": day("2025-03-28")}))
    table = bookings(book(deals).as_of(ON), by=["quarter"])
    assert rows(table, "quarter", "won_count") == [("2025-Q1", 1)]
