"""Small drawings of a deal's past: steps of its amount and of its close date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stageproof.engine.money import Money
from stageproof.records.models import DealVersion
from stageproof.web.formats import day_text

WIDTH, HEIGHT, TOP, BOTTOM = 280, 64, 8, 60


@dataclass(frozen=True)
class Drawing:
    """A line of steps: the finding above it, the points of its path, and every value for whoever wants the table."""

    finding: str
    measure: str
    path: str
    end: tuple[float, float]
    first: str
    last: str
    begins: str
    ends: str
    rows: Sequence[tuple[str, str]]


def amount_drawing(versions: Sequence[DealVersion], until: dt.datetime) -> Drawing | None:
    """The amount over time; nothing where it has never changed."""
    steps = _steps([(each.valid_from, each.amount) for each in versions if each.amount is not None])
    if len(steps) < 2:
        return None
    currency = versions[-1].currency
    change = steps[-1][1] - steps[0][1]
    finding = "The amount is what it was at first"
    if change:
        finding = (
            f"The amount went {'up' if change > 0 else 'down'} by {Money(abs(change), currency).short()}"
        )
    return _drawing(finding, "Amount", steps, until, lambda value: Money(value, currency).exact(),
                    lambda value: Money(value, currency).short())  # fmt: skip


def close_date_drawing(versions: Sequence[DealVersion], until: dt.datetime) -> Drawing | None:
    """The close date over time; nothing where it has never changed."""
    steps = _steps(
        [(each.valid_from, each.close_on.toordinal()) for each in versions if each.close_on is not None]
    )
    if len(steps) < 2:
        return None
    later = sum(after > before for (_, before), (_, after) in pairwise(steps))
    days = steps[-1][1] - steps[0][1]
    times = "once" if later == 1 else f"{later} times"
    finding = f"Pushed {times}, {days} days in all" if later and days > 0 else f"Moved {len(steps) - 1} times"
    on = until.date()

    def said(value: int) -> str:
        return day_text(dt.date.fromordinal(value), on)

    return _drawing(finding, "Close date", steps, until, said, said)


def _steps(points: Sequence[tuple[dt.datetime, int]]) -> list[tuple[dt.datetime, int]]:
    """Where the value changed."""
    return [each for place, each in enumerate(points) if place == 0 or each[1] != points[place - 1][1]]


def _drawing(
    finding: str,
    measure: str,
    steps: Sequence[tuple[dt.datetime, int]],
    until: dt.datetime,
    exact: Callable[[int], str],
    short: Callable[[int], str],
) -> Drawing:
    begin = steps[0][0]
    span = max((until - begin).total_seconds(), 1)
    values = [value for _, value in steps]
    low, high = (0, max(values)) if measure == "Amount" else (min(values), max(values))
    height = max(high - low, 1)

    def x(at: dt.datetime) -> float:
        return round(WIDTH * (at - begin).total_seconds() / span, 1)

    def y(value: int) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / height, 1)

    path = f"M0 {y(values[0])}" + "".join(f"H{x(at)}V{y(value)}" for at, value in steps[1:]) + f"H{WIDTH}"
    rows = [(day_text(at.date(), until.date()), exact(value)) for at, value in steps]
    return Drawing(finding, measure, path, (WIDTH, y(values[-1])), short(values[0]), short(values[-1]),
                   day_text(begin.date(), until.date()), day_text(until.date(), until.date()), rows)  # fmt: skip
