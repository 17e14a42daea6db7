"""Wording: days, counts, shares, ratios and amounts as people read them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from stageproof.engine.frames import day_of
from stageproof.engine.money import Money

UNKNOWN = "–"
"""What stands for a figure that is not known."""

# Named here, not by the locale of the machine, so that a report reads the same everywhere.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def day_text(day: dt.date | int | None) -> str:
    """A day as Tue 14 Oct 2025."""
    if day is None:
        return UNKNOWN
    on = day_of(day) if isinstance(day, int) else day
    return f"{_DAYS[on.weekday()]} {on.day} {_MONTHS[on.month - 1]} {on.year}"


def period_text(name: str) -> str:
    """The name of a period as people say it: Dec 2026 for 2026-12, a range from day to day, all others as they are."""
    if month := _MONTH.fullmatch(name):
        return f"{_MONTHS[int(month[2]) - 1]} {month[1]}"
    first, _, last = name.partition("..")
    try:
        return f"{day_text(dt.date.fromisoformat(first))} to {day_text(dt.date.fromisoformat(last))}"
    except ValueError:
        return name


def share_text(part: float, whole: float) -> str:
    """A share in whole percent, never rounded to nothing or to all of it."""
    return UNKNOWN if whole <= 0 else percent_text(part / whole, places=0)


def percent_text(ratio: float | None, places: int = 1) -> str:
    """A ratio as a percentage, never rounded to nothing or to all of it."""
    if ratio is None:
        return UNKNOWN
    text = f"{ratio * 100:.{places}f}%"
    if ratio < 0:
        return text.replace("-", "−")
    if ratio > 0 and float(text[:-1]) == 0:
        return f"under {1 / 10**places:g}%"
    if ratio < 1 and float(text[:-1]) == 100:
        return f"over {100 - 1 / 10**places:g}%"
    return text


def ratio_text(ratio: float | None) -> str:
    """A coverage ratio, as 3.3x; two decimals below 0.1."""
    if ratio is None:
        return UNKNOWN
    if ratio == 0:
        return "0x"
    if ratio < 0:
        return f"−{ratio_text(-ratio)}"
    if ratio < 0.005:
        return "under 0.01x"
    return f"{ratio:.2f}x" if ratio < 0.1 else f"{ratio:.1f}x" if ratio < 10 else f"{ratio:,.0f}x"


def days_text(days: float | None, places: int = 0) -> str:
    """A number of days, as 12 d."""
    return UNKNOWN if days is None else f"{days:,.{places}f} d".replace("-", "−")


def minutes_text(minutes: float | None) -> str:
    """How long something took, given in minutes: 40 min, 5 h, 3 d."""
    if minutes is None:
        return UNKNOWN
    if minutes < 90:
        return f"{minutes:,.0f} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.0f} h"
    return f"{minutes / 1440:,.0f} d"


def short_text(amount: int | None, currency: str) -> str:
    """About three digits of an amount in minor units, without the currency."""
    return UNKNOWN if amount is None else Money(amount, currency).short().rsplit(" ", 1)[0]


def exact_text(amount: int | None, currency: str) -> str:
    """Every digit of an amount in minor units, with the currency."""
    return "unknown" if amount is None else Money(amount, currency).exact()


def digits_text(amount: int | None, currency: str) -> str:
    """Every digit of an amount in minor units, without the currency."""
    return UNKNOWN if amount is None else Money(amount, currency).exact().rsplit(" ", 1)[0]


def listed(words: Sequence[str], last: str = "and") -> str:
    """The words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def opened(sentence: str) -> str:
    """The sentence with a capital at its start."""
    return sentence[:1].upper() + sentence[1:]
