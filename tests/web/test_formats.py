"""Formats: money, days and ages as people read them."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from stageproof.web.formats import age, category, counted, day_text, money, period_text


@pytest.mark.parametrize(
    ("amount", "currency", "form", "seen", "read"),
    [
        (820_000_000, "USD", "short", "8.2M USD", "8,200,000.00 USD"),
        (820_000_000, "USD", "plain", "8,200,000.00", "8,200,000.00 USD"),
        (820_000_000, "USD", "bare", "8.2M", "8,200,000.00 USD"),
        (-125_000, "EUR", "exact", "−1,250.00 EUR", "−1,250.00 EUR"),
        (1_500, "JPY", "short", "1.5k JPY", "1,500 JPY"),
        (1_500, "KWD", "short", "2 KWD", "1.500 KWD"),
        (0, "USD", "short", "0 USD", "0.00 USD"),
    ],
)  # fmt: skip
def test_money_is_short_to_see_and_exact_to_hear(
    amount: int, currency: str, form: str, seen: str, read: str
) -> None:
    html = money(amount, currency, form)
    assert re.findall(r'title="([^"]+)".*aria-hidden="true">([^<]+)<.*heard">([^<]+)<', html) == [
        (read, seen, read)
    ]


def test_no_amount_says_so() -> None:
    assert "none" in money(None, "USD")


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("2025-10-14", "Tue 14 Oct"),
        ("2025-01-01", "Wed 1 Jan"),
        ("2024-10-14", "14 Oct 2024"),
        ("2026-01-01", "1 Jan 2026"),
    ],
)
def test_days_of_this_year_leave_it_out(day: str, text: str) -> None:
    assert day_text(dt.date.fromisoformat(day), dt.date(2025, 10, 1)) == text


def test_a_day_says_its_year_where_today_is_not_known() -> None:
    assert day_text(dt.date(2025, 10, 14), None) == "14 Oct 2025"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("2026-12", "Dec 2026"),
        ("2026-Q4", "2026-Q4"),
        ("FY2026-M03", "FY2026-M03"),
        ("2026-W09", "2026-W09"),
        ("2025-12-29..2026-01-04", "Mon 29 Dec 2025 to Sun 4 Jan 2026"),
        ("2025-12-29 .. 2026-01-04", "2025-12-29 .. 2026-01-04"),
        ("..", ".."),
    ],
)
def test_months_and_ranges_are_named_as_people_do(name: str, text: str) -> None:
    assert period_text(name) == text


def test_categories_have_their_capital() -> None:
    assert [category("best case"), category("commit"), category(None)] == ["Best case", "Commit", ""]


def test_ages_and_counts() -> None:
    assert [age(12), age(1200), age(None)] == ["12 d", "1,200 d", "–"]
    assert [counted(1, "deal"), counted(1200, "deal"), counted(2, "criterion,criteria")] == [
        "1 deal",
        "1,200 deals",
        "2 criteria",
    ]
