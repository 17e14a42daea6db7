"""Time in stage, worked by hand."""

from __future__ import annotations

from fractions import Fraction

import hypothesis.strategies as st
import polars as pl
from hypothesis import given, settings

from stageproof.engine.measures.time_in_stage import time_in_stage
from stageproof.engine.period import Calendar
from tests.engine.history_books import book, path, rows

LENGTHS = ("deals", "completed", "still_there", "mean", "median_completed", "median", "p90")


def test_visits_are_summed_and_those_still_there_are_censored() -> None:
    deals = [
        # 10 + 5 days in Discovery over two visits.
        *path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal"), ("2025-01-16", "Discovery"),
              ("2025-01-21", "won")),
        *path("b", ("2025-01-01", "Discovery"), ("2025-01-05T12:00", "lost")),
        *path("c", ("2025-01-01", "Discovery")),
    ]  # fmt: skip
    table = time_in_stage(book(deals).as_of("2025-01-31"))
    discovery = table.filter(pl.col("stage") == "Discovery")
    # Survival: 2/3 after 4.5 days, 1/3 after 15; the third has been there for 31 days so far.
    assert rows(discovery, *LENGTHS) == [(3, 2, 1, 9.75, 9.75, 15.0, None)]
    assert discovery["says"].to_list() == ["2 completed; 1 still there count for the days so far."]


def test_the_median_is_unknown_while_fewer_than_half_have_left() -> None:
    deals = [
        *path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal")),
        *path("b", ("2025-01-01", "Discovery")),
        *path("c", ("2025-01-01", "Discovery")),
    ]
    row = time_in_stage(book(deals).as_of("2025-01-31")).row(0, named=True)
    assert (row["median_completed"], row["median"]) == (10.0, None)
    assert "no median yet" in row["says"]


def test_a_deal_censored_before_others_left_leaves_the_risk_set() -> None:
    deals = [
        *path("c", ("2025-01-20", "Discovery")),  # 12 days so far
        *path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "won")),  # 10 days
        *path("b", ("2025-01-01", "Discovery"), ("2025-01-21", "won")),  # 20 days
    ]
    row = time_in_stage(book(deals).as_of("2025-01-31")).row(0, named=True)
    # 2/3 after 10 days; after 20 only b was at risk, so nobody is left.
    assert (row["median"], row["p90"]) == (20.0, 20.0)


def test_a_stage_that_everybody_left_says_so() -> None:
    row = time_in_stage(
        book(path("a", ("2025-01-01", "Discovery"), ("2025-01-03", "won"))).as_of("2025-02-01")
    )
    assert rows(row, *LENGTHS, "says") == [(1, 1, 0, 2.0, 2.0, 2.0, 2.0, "1 completed, none still there.")]


def test_reopening_is_time_again_and_by_owner_is_the_present_one() -> None:
    deals = path(
        "a", ("2025-01-01", "Proposal"), ("2025-01-03", "lost"), ("2025-01-10", "Proposal", {"owner": "Bob"}),
        ("2025-01-14", "won"),
    )  # fmt: skip
    table = time_in_stage(book(deals).as_of("2025-02-01"), by=["owner"])
    assert rows(table, "owner", "stage", "mean") == [("Bob", "Proposal", 6.0)]


def test_by_month_it_is_that_of_coming_and_a_period_holds_whom_came_in_it() -> None:
    deals = [
        # Came to Discovery in December in UTC, but in January where the organisation is.
        *path("a", ("2024-12-31T23:30", "Discovery"), ("2025-01-10T23:30", "won")),
        *path("b", ("2025-01-05", "Discovery"), ("2025-01-09", "Proposal"), ("2025-02-03", "Discovery"),
              ("2025-02-05", "lost")),
        *path("c", ("2025-02-01", "Discovery"), ("2025-02-08", "won")),
    ]  # fmt: skip
    pipeline = book(deals, zone="Europe/Berlin").as_of("2025-02-28")
    table = time_in_stage(pipeline, by=["month"]).filter(pl.col("stage") == "Discovery")
    assert rows(table, "month", "deals", "mean") == [("2025-01", 2, 8.0), ("2025-02", 1, 7.0)]
    february = time_in_stage(pipeline, period=Calendar().period("2025-02"))
    assert rows(february, "stage", "deals", "median") == [("Discovery", 1, 7.0)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=12))
def test_the_median_is_that_of_the_product_of_fractions(spells: list[tuple[int, bool]]) -> None:
    deals = []
    for index, (days, left) in enumerate(spells):
        begin = f"2025-01-{31 - days + 1:02}" if not left else "2025-01-01"
        moves = [(begin, "Discovery")] + ([(f"2025-01-{days + 1:02}", "won")] if left else [])
        deals += path(f"d{index}", *moves)
    row = time_in_stage(book(deals).as_of("2025-01-31")).row(0, named=True)
    survival, reached = Fraction(1), {Fraction(1, 2): None, Fraction(1, 10): None}
    for day in sorted({days for days, _ in spells}):
        at_risk = sum(days >= day for days, _ in spells)
        survival *= 1 - Fraction(sum(days == day and left for days, left in spells), at_risk)
        for share in reached:
            if survival <= share and reached[share] is None:
                reached[share] = float(day)  # type: ignore[assignment]
    assert (row["median"], row["p90"]) == tuple(reached.values())
