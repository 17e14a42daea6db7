"""Cycle length, by hand and against independent SQL."""

from __future__ import annotations

import datetime as dt
import statistics

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.measures.cycle_length import cycle_length
from stageproof.engine.period import Calendar
from tests.engine.history_books import book, path, rows

DEALS = [
    *path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "won")),
    *path("b", ("2025-01-01", "Discovery"), ("2025-01-31", "won"), owner="Bob"),
    *path("c", ("2025-01-01", "Discovery"), ("2025-04-11", "lost")),
    *path("d", ("2025-01-01", "Discovery"), ("2025-02-10", "won"), created_at=None),
    *path("e", ("2025-01-01", "Discovery")),
]


def test_days_from_created_to_closed_of_won_deals() -> None:
    table = cycle_length(book(DEALS).as_of("2025-12-31"))
    assert rows(table) == [(2, 40, 20.0, 20.0, 28.0, 30)]
    lost_too = cycle_length(book(DEALS).as_of("2025-12-31"), outcomes=("won", "lost"))
    assert rows(lost_too, "deals", "mean", "median", "longest") == [(3, 140 / 3, 30.0, 100)]


def test_by_owner_and_period() -> None:
    pipeline = book(DEALS).as_of("2025-12-31")
    assert rows(cycle_length(pipeline, by=["owner"]), "owner", "mean") == [("Ann", 10.0), ("Bob", 30.0)]
    nothing = cycle_length(pipeline, period=Calendar().period("2025-Q2"))
    assert rows(nothing, "deals", "mean", "median", "p90") == [(0, None, None, None)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=2, max_size=12))
def test_the_library_of_statistics_finds_the_same(days: list[int]) -> None:
    deals = []
    for index, count in enumerate(days):
        closed = dt.date(2025, 1, 1) + dt.timedelta(days=count)
        deals += path(f"d{index}", ("2025-01-01", "Discovery"), (closed.isoformat(), "won"))
    row = cycle_length(book(deals).as_of("2026-12-31")).row(0, named=True)
    assert row["mean"] == pytest.approx(statistics.fmean(days))
    assert row["median"] == statistics.median(days)
    assert row["p90"] == pytest.approx(statistics.quantiles(days, n=10, method="inclusive")[-1])
    assert (row["deals"], row["days"], row["longest"]) == (len(days), sum(days), max(days))
