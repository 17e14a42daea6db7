"""Required creation and the periods ahead, by hand and against independent arithmetic."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.definition import Definition, Stage
from stageproof.engine.measures.coverage import coverage
from stageproof.engine.measures.coverage_ahead import coverage_ahead
from stageproof.engine.measures.cycle_distribution import cycle_distribution
from stageproof.engine.measures.cycle_length import cycle_length
from stageproof.engine.measures.required_creation import required_creation
from stageproof.engine.period import Calendar
from tests.engine.history_books import book, day, path, rows
from tests.engine.test_coverage import DEALS, ON, Q2, target


def test_the_arithmetic() -> None:
    """Target 1,000, won 150: gap 850. Win rate 2 of 4: needed 1,700. Open 800: 900 to create.

    Average won (150 + 900) / 2 = 525: two deals. From 30 April 61 days are left: 900 x 7 / 61 = 103.28.
    """
    held = book(DEALS, targets=[target(1000)])
    row = required_creation(held.as_of(ON), period=Q2).row(0, named=True)
    assert {name: row[name] for name in ("target", "won_amount", "gap_amount", "needed_amount", "open_amount",
                                         "required_amount", "average_amount", "required_deals", "days_left",
                                         "per_week_amount")} == {
        "target": 1000, "won_amount": 150, "gap_amount": 850, "needed_amount": 1700, "open_amount": 800,
        "required_amount": 900, "average_amount": 525, "required_deals": 2, "days_left": 61, "per_week_amount": 103,
    }  # fmt: skip
    assert (row["progress"], row["win_rate"]) == (0.15, 0.5)
    # Nothing is qualified without evidence to look at, so all that is needed has to be created or qualified.
    assert row["required_qualified_amount"] == 1700 - row["qualified_amount"]


def test_a_deal_of_median_cycle_is_in_time_or_not() -> None:
    held = book(DEALS, targets=[target(1000)])
    # d took 99 days, e 40: the median is 69.5, and 61 are left.
    early = required_creation(held.as_of(ON), period=Q2).row(0, named=True)
    assert (early["cycle_days"], early["in_time"]) == (69.5, False)
    later = required_creation(held.as_of(ON), period=Calendar().next(Q2), target=1).row(0, named=True)
    assert (later["days_left"], later["in_time"]) == (92, True)
    # Created now it closes on the very last day.
    only = path("a", ("2025-01-01", "Proposal"), ("2025-03-03", "won"))
    just = required_creation(book(only).as_of(ON), period=Q2, target=1).row(0, named=True)
    assert (just["cycle_days"], just["days_left"], just["in_time"]) == (61.0, 61, True)


def test_a_reached_target_needs_nothing_and_an_unset_one_is_unknown() -> None:
    reached = required_creation(book(DEALS).as_of(ON), period=Q2, target=150).row(0, named=True)
    assert (reached["gap_amount"], reached["needed_amount"], reached["required_amount"]) == (0, 0, 0)
    unset = required_creation(book(DEALS).as_of(ON), period=Q2).row(0, named=True)
    assert (unset["gap_amount"], unset["required_amount"], unset["progress"]) == (None, None, None)


def test_without_a_win_nobody_can_tell() -> None:
    row = required_creation(book(DEALS[:1]).as_of(ON), period=Q2, target=150).row(0, named=True)
    assert (row["gap_amount"], row["needed_amount"], row["required_deals"]) == (150, None, None)


def test_everyone_with_a_target_has_a_row() -> None:
    held = book(DEALS, targets=[target(100, owner="Bob"), target(200, owner="Cleo")])
    table = required_creation(held.as_of(ON), period=Q2, by=["owner"])
    assert rows(table, "owner", "target", "gap_amount") == [
        ("Ann", None, None),
        ("Bob", 100, 100),
        ("Cleo", 200, 200),
    ]


@settings(max_examples=30)
@given(goal=st.integers(0, 10**9), amounts=st.lists(st.integers(0, 10**7), max_size=6))
def test_what_is_there_and_what_is_required_make_what_is_needed(goal: int, amounts: list[int]) -> None:
    facts = {"close_on": day("2025-06-15")}
    more = [
        path(f"o{n}", ("2025-01-01", "Discovery"), amount=each, **facts) for n, each in enumerate(amounts)
    ]
    deals = [version for each in more for version in each]
    row = required_creation(book([*DEALS, *deals]).as_of(ON), period=Q2, target=goal).row(0, named=True)
    gap = max(goal - 150, 0)
    needed = round(Fraction(gap * 4, 2))
    assert row["needed_amount"] == needed
    assert row["required_amount"] == max(needed - 800 - sum(amounts), 0)


def test_this_period_and_the_next_three() -> None:
    rules = Definition(
        "New business", "ada@example.com", (Stage("Discovery", band="early"), Stage("Proposal", band="late"))
    )
    held = book(DEALS, definitions=[rules], targets=[target(1000), target(500, "2025-07-01", "2025-09-30")])
    pipeline = held.as_of(ON)
    table = coverage_ahead(pipeline, period=Q2)
    assert rows(table, "closing_in", "target", "open_amount", "early_amount", "late_amount", "nominal") == [
        ("2025-Q2", 1000, 800, 300, 500, 0.8), ("2025-Q3", 500, 1000, 0, 1000, 2.0),
        ("2025-Q4", None, 0, 0, 0, None), ("2026-Q1", None, 0, 0, 0, None),
    ]  # fmt: skip
    for row in table.iter_rows(named=True):
        alone = coverage(pipeline, period=Calendar().period(row["closing_in"])).row(0, named=True)
        assert {name: row[name] for name in alone} == alone


def test_how_long_deals_took_in_steps() -> None:
    deals: list[dict[str, Any]] = []
    for n, days in enumerate([0, 29, 30, 95, 359, 360, 900]):
        ended = dt.date(2021, 1, 1) + dt.timedelta(days=days)
        deals += path(f"w{n}", ("2021-01-01", "Discovery"), (ended.isoformat() + "T12:00", "won"))
    pipeline = book(deals).as_of("2025-12-31")
    table = cycle_distribution(pipeline)
    counts = dict(rows(table, "took", "deals"))
    assert (counts["0 to 29 days"], counts["30 to 59 days"], counts["60 to 89 days"]) == (2, 1, 0)
    assert (counts["330 to 359 days"], counts["360 days and more"]) == (1, 2)
    assert table["from_days"].to_list() == list(range(0, 390, 30))
    assert table["deals"].sum() == cycle_length(pipeline)["deals"].item() == 7
    assert table["share"].sum() == pytest.approx(1.0)
    assert cycle_distribution(pipeline, period=Q2).height == 0
