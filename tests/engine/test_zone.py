"""Days of a time zone, against a scan of the zone's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.period import check_zone, day_at, end_of_day, start_of_day

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
]


@pytest.mark.parametrize(
    ("zone", "day", "starts_at"),
    [
        ("UTC", date(2018, 1, 1), "2018-01-01T00:00"),
        # Clocks jump from midnight to one o'clock.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00"),
        ("Asia/Beirut", date(2024, 3, 31), "2024-03-30T22:00"),
        ("Africa/Cairo", date(2023, 4, 28), "2023-04-27T22:00"),
        # Clocks return from midnight to eleven: the day before has 25 hours.
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00"),
        # One o'clock returns to midnight: both hours are of the new day.
        ("America/Havana", date(2023, 11, 5), "2023-11-05T04:00"),
        # A minute past midnight returns to 23:01: the day before goes on for another 59 minutes.
        ("America/St_Johns", date(2006, 10, 29), "2006-10-29T03:30"),
        ("Pacific/Kiritimati", date(2020, 1, 1), "2019-12-31T10:00"),
        ("Etc/GMT+12", date(2020, 1, 1), "2020-01-01T12:00"),
    ],
)
def test_a_day_starts_when_the_one_before_is_over(zone: str, day: date, starts_at: str) -> None:
    expected = datetime.fromisoformat(f"{starts_at}:00+00:00")
    assert start_of_day(day, zone) == expected
    assert end_of_day(day - timedelta(days=1), zone) == expected
    assert start_of_day(day, zone).tzinfo is UTC


def test_a_day_that_the_zone_never_had_is_empty() -> None:
    skipped = date(2011, 12, 30)
    assert start_of_day(skipped, "Pacific/Apia") == end_of_day(skipped, "Pacific/Apia")
    assert end_of_day(skipped, "Pacific/Apia") == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_days_have_23_24_and_25_hours() -> None:
    def hours(day: date) -> float:
        return (end_of_day(day, "Europe/Berlin") - start_of_day(day, "Europe/Berlin")) / timedelta(hours=1)

    assert hours(date(2024, 3, 31)) == 23
    assert hours(date(2024, 6, 1)) == 24
    assert hours(date(2024, 10, 27)) == 25


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), day=st.dates(date(1990, 1, 1), date(2030, 12, 31)))
def test_the_start_is_just_after_the_last_earlier_moment(zone: str, day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    minutes = (midnight + timedelta(minutes=step) for step in range(-16 * 60, 14 * 60))
    before = [at for at in minutes if at.astimezone(ZoneInfo(zone)).date() < day]
    assert start_of_day(day, zone) == before[-1] + timedelta(minutes=1)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([zone for zone in ZONES if zone != "America/St_Johns"]),
    at=st.datetimes(datetime(1990, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),
)
def test_an_instant_lies_within_its_day(zone: str, at: datetime) -> None:
    day = day_at(at, zone)
    assert start_of_day(day, zone) <= at < end_of_day(day, zone)


def test_a_time_without_a_zone_names_no_instant() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        day_at(datetime(2024, 1, 1), "UTC")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_known_zones_have_no_problem(zone: str) -> None:
    assert check_zone(zone) is None


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "x" * 500]
)
def test_other_names_are_a_problem_with_its_value(zone: str) -> None:
    problem = check_zone(zone)
    assert problem is not None
    assert problem.code == "zone_unknown"
    assert problem.value == zone[:80]


def test_the_likely_zone_is_named() -> None:
    problem = check_zone("Europe/Berlim")
    assert problem is not None
    assert problem.remedy.endswith("did you mean Europe/Berlin?")
