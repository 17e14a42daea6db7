"""Days of a time zone: the instants at which they begin and end."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from stageproof.engine.problem import Problem

_SECOND = timedelta(seconds=1)


def check_zone(zone: str) -> Problem | None:
    """What is wrong with the name of a zone, if anything."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        likely = get_close_matches(zone, available_timezones(), n=1, cutoff=0.5)
        hint = f"; did you mean {likely[0]}?" if likely else "."
        remedy = f"Use a name such as Europe/Berlin or UTC{hint}"
        return Problem("zone_unknown", f"“{zone[:80]}” is not a time zone.", remedy, value=zone[:80])
    return None


def day_at(instant: datetime, zone: str) -> date:
    """The date on the zone's calendars at the instant."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone, so it names no instant")
    return instant.astimezone(ZoneInfo(zone)).date()


def end_of_day(day: date, zone: str) -> datetime:
    """The UTC instant at which the day is over, exclusive."""
    return start_of_day(day + timedelta(days=1), zone)


def start_of_day(day: date, zone: str) -> datetime:
    """The UTC instant from which the zone's date is this day or a later one, for good."""
    place = ZoneInfo(zone)
    midnight = datetime.combine(day, time(), place)
    first, second = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    if first < second:
        # Midnight comes twice; where clocks go back to the day before, that day ends the second time.
        return second if day_at(second - _SECOND, zone) < day else first
    if first > second:
        return _first_instant(second, first, day, zone)
    return first


def _first_instant(early: datetime, late: datetime, day: date, zone: str) -> datetime:
    """Where clocks skip midnight, the instant of the skip: after `early`, no later than `late`."""
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if day_at(middle, zone) >= day:
            late = middle
        else:
            early = middle
    return late
