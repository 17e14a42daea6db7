"""Local days: the day on which an instant falls in a zone, as an expression that every engine computes
alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import narwhals as nw

from stageproof.engine.frames import DAY, instant_number, instant_of

_SECOND = 1_000_000
_YEARS = 40
"""How far back changes of the clock are followed; before that the oldest offset is taken."""
_LAST_YEAR = 9998
"""How far ahead: its end lies in a week that ends before the calendar does."""


def local_day(instant: nw.Expr, zone: str, until: int) -> nw.Expr:
    """Days since 1970 on the zone's calendar, for instants in microseconds up to `until`."""
    offsets = _offsets(zone, min(instant_of(until).year, _LAST_YEAR))
    return (instant + _chosen(instant, offsets)) // DAY


def _chosen(instant: nw.Expr, offsets: Sequence[tuple[int, int]]) -> nw.Expr:
    # Halving keeps the nesting shallow; engines limit how deep an expression may go.
    if len(offsets) == 1:
        return nw.lit(offsets[0][1])
    middle = len(offsets) // 2
    later = instant >= offsets[middle][0]
    return (
        nw.when(later).then(_chosen(instant, offsets[middle:])).otherwise(_chosen(instant, offsets[:middle]))
    )


@cache
def _offsets(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """From when each offset held and the offset itself until the year ends, both in microseconds, oldest first."""
    # Kept, for it is asked for many times in every page and takes thousands of conversions.
    place = ZoneInfo(zone)
    first, last = datetime(year - _YEARS, 1, 1, tzinfo=UTC), datetime(year, 12, 31, tzinfo=UTC)
    # The shortest spell of any zone's clock lasts weeks (Ramadan in Morocco), so weekly steps see every change.
    steps = [first + timedelta(days=7 * week) for week in range((last - first).days // 7 + 2)]
    found = [(instant_number(first), _offset(first, place))]
    for early, late in pairwise(steps):
        if _offset(late, place) != _offset(early, place):
            found.append((_change(early, late, place), _offset(late, place)))
    return tuple(found)


def _change(early: datetime, late: datetime, place: ZoneInfo) -> int:
    before = _offset(early, place)
    low, high = instant_number(early) // _SECOND, instant_number(late) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(instant_of(middle * _SECOND), place) == before:
            low = middle
        else:
            high = middle
    return high * _SECOND


def _offset(instant: datetime, place: ZoneInfo) -> int:
    offset = instant.astimezone(place).utcoffset() or timedelta(0)
    return offset // timedelta(microseconds=1)
