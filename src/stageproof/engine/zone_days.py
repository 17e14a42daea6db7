"""The day of an instant in a time zone, in integers that every engine has."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import narwhals as nw

from stageproof.engine.frames import DAY, instant_of

_BEFORE_ALL = 100_000
"""Days added so that nothing is negative: engines disagree on the division of negatives."""


def day_in_zone(instant: nw.Expr, zone: str, first: int, last: int) -> nw.Expr:
    """The day number of instants from `first` to `last`, both in microseconds."""
    local = instant + _offset(instant, _offsets(zone, first, last)) + _BEFORE_ALL * DAY
    # Spark divides integers as floats; from the middle of the day the floor is right despite that.
    return ((local - local % DAY + DAY // 2) // DAY).cast(nw.Int64) - _BEFORE_ALL


def _offset(instant: nw.Expr, offsets: Sequence[tuple[int, int]]) -> nw.Expr:
    if len(offsets) == 1:
        return nw.lit(offsets[0][1])
    middle = len(offsets) // 2
    before, after = _offset(instant, offsets[:middle]), _offset(instant, offsets[middle:])
    return nw.when(instant >= offsets[middle][0]).then(after).otherwise(before)


def _offsets(zone: str, first: int, last: int) -> list[tuple[int, int]]:
    """From which instant on the zone is how far ahead of UTC, in microseconds."""
    place = ZoneInfo(zone)

    def ahead(at: int) -> int:
        offset = instant_of(at).astimezone(place).utcoffset()
        assert offset is not None
        return round(offset.total_seconds() * 1_000_000)

    found = [(first, ahead(first))]
    for day in range(first, last, DAY):
        early, late = day, min(day + DAY, last)
        if ahead(late) == found[-1][1]:
            continue
        while late - early > 1:
            middle = (early + late) // 2
            early, late = (early, middle) if ahead(middle) != found[-1][1] else (middle, late)
        found.append((late, ahead(late)))
    return found
