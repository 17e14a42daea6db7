"""Wording of days, counts, shares, ratios and amounts."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageproof.charts.wording import (
    day_text,
    days_text,
    digits_text,
    exact_text,
    listed,
    percent_text,
    ratio_text,
    share_text,
    short_text,
)
from stageproof.engine.counted import count_text


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (dt.date(2025, 10, 14), "Tue 14 Oct 2025"),
        (0, "Thu 1 Jan 1970"),
        (20_375, "Tue 14 Oct 2025"),
        (None, "–"),
    ],
)
def test_days(day: dt.date | int | None, text: str) -> None:
    assert day_text(day) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (None, "–"), (0, "0x"), (0.001, "under 0.01x"), (0.0666, "0.07x"), (0.449, "0.4x"), (3.28, "3.3x"), (12.4, "12x"),
        (1234.0, "1,234x"),
    ],
)  # fmt: skip
def test_ratios(ratio: float | None, text: str) -> None:
    assert ratio_text(ratio) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 3, "33%"), (0, 3, "0%"), (3, 3, "100%"), (1, 10_000, "under 1%"), (9_999, 10_000, "over 99%"), (1, 0, "–")],
)  # fmt: skip
def test_shares_are_never_rounded_to_nothing_or_all(part: int, whole: int, text: str) -> None:
    assert share_text(part, whole) == text


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_part_never_reads_as_all_or_nothing(one: int, other: int) -> None:
    text = percent_text(one / (one + other), 1)
    assert text not in ("0.0%", "100.0%")


def test_counts() -> None:
    assert [count_text(n, "deal") for n in (0, 1, 2310)] == ["0 deals", "1 deal", "2,310 deals"]
    assert [count_text(2, noun) for noun in ("activity", "day")] == ["2 activities", "2 days"]


def test_days_of_duration() -> None:
    assert [days_text(12.4), days_text(1234.0), days_text(66.38, 1), days_text(None)] == [
        "12 d", "1,234 d", "66.4 d", "–"
    ]  # fmt: skip


def test_what_is_negative_has_a_minus_sign() -> None:
    assert [days_text(-751.0), ratio_text(-0.5), percent_text(-0.25)] == ["−751 d", "−0.5x", "−25.0%"]


def test_amounts() -> None:
    assert short_text(8_200_000_00, "USD") == "8.2M"
    assert exact_text(-1_50, "USD") == "−1.50 USD"
    assert digits_text(1_234_567_89, "USD") == "1,234,567.89"
    assert (short_text(None, "USD"), exact_text(None, "USD"), digits_text(None, "USD")) == (
        "–",
        "unknown",
        "–",
    )


def test_lists() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")] == [
        "", "a", "a and b", "a, b or c"
    ]  # fmt: skip
