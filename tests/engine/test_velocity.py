"""Velocity, by hand."""

from __future__ import annotations

from fractions import Fraction

from stageproof.engine.measures.velocity import velocity, velocity_per_day
from stageproof.engine.period import Calendar
from tests.engine.history_books import book, path, rows


def test_the_example_of_the_field() -> None:
    # 50 deals x 25,000 x 25% / 60 days = 5,208.33 a day.
    assert velocity_per_day(50, Fraction(2_500_000), Fraction(1, 4), Fraction(60)) == 520_833


def test_it_rounds_once_at_the_end_half_even() -> None:
    assert velocity_per_day(1, Fraction(1), Fraction(1, 2), Fraction(1)) == 0
    assert velocity_per_day(3, Fraction(1), Fraction(1, 2), Fraction(1)) == 2
    # A third of a deal size, a third of a rate: rounding either first would give 0.
    assert velocity_per_day(9, Fraction(1, 3), Fraction(1, 3), Fraction(1)) == 1


DEALS = [
    *path("o1", ("2025-01-01", "Discovery")),
    *path("o2", ("2025-01-01", "Discovery"), owner="Bob"),
    *path("w1", ("2025-01-01", "Discovery"), ("2025-01-11", "won"), amount=1000),
    *path("w2", ("2025-01-01", "Discovery"), ("2025-04-11", "won"), amount=2000),
    *path("l1", ("2025-01-01", "Discovery"), ("2025-01-11", "lost"), amount=50),
]


def test_the_four_levers_of_a_pipeline() -> None:
    # 2 open x 1,500 x 2/3 / 55 days = 36.36 a day, in minor units.
    table = velocity(book(DEALS).as_of("2025-12-31"))
    assert rows(table, "open_count", "average_amount", "cycle_days", "per_day") == [(2, 1500, 55.0, 36)]
    assert table["win_rate"].item() == 2 / 3


def test_a_period_bounds_what_closed_not_what_is_open() -> None:
    # Of the first quarter: 2 open x 1,000 x 1/2 / 10 days.
    table = velocity(book(DEALS).as_of("2025-12-31"), period=Calendar().period("2025-Q1"))
    assert rows(table, "open_count", "average_amount", "cycle_days", "per_day") == [(2, 1000, 10.0, 100)]


def test_unknown_levers_leave_it_unknown() -> None:
    table = velocity(book(DEALS).as_of("2025-12-31"), by=["owner"])
    assert rows(table, "owner", "open_count", "win_rate", "per_day") == [
        ("Ann", 1, 2 / 3, 18),
        ("Bob", 1, None, None),
    ]
    same_day = path("w", ("2025-01-01", "Discovery"), ("2025-01-01T10:00", "won"))
    assert velocity(book([*same_day, *DEALS[:1]]).as_of("2025-12-31"))["per_day"].item() is None
