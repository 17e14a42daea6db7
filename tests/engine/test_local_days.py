"""Local days agree with the calendar of the zone."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import narwhals as nw
import polars as pl
from hypothesis import given, settings

from stageproof.engine.frames import collect, day_number, instant_number
from stageproof.engine.local_days import local_day

ZONES = ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kiritimati",
         "Pacific/Apia", "Africa/Cairo", "UTC"]  # fmt: skip
UNTIL = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
INSTANTS = st.datetimes(dt.datetime(1990, 1, 1), UNTIL.replace(tzinfo=None))


@settings(max_examples=80, deadline=None)
@given(zone=st.sampled_from(ZONES), instants=st.lists(INSTANTS, min_size=1, max_size=20))
def test_the_day_is_the_one_on_the_zones_calendar(zone: str, instants: list[dt.datetime]) -> None:
    aware = [instant.replace(tzinfo=dt.UTC) for instant in instants]
    frame = nw.from_native(pl.LazyFrame({"at": [instant_number(instant) for instant in aware]}))
    days = collect(frame.select(day=local_day(nw.col("at"), zone, instant_number(UNTIL))))["day"].to_list()
    assert days == [day_number(instant.astimezone(ZoneInfo(zone)).date()) for instant in aware]


def test_either_side_of_a_change_of_the_clock() -> None:
    # Berlin went from +1 to +2 on 30 March 2025 at 01:00 UTC; 22:30 UTC was the 29th before and the 31st after.
    instants = [dt.datetime(2025, 3, day, 22, 30, tzinfo=dt.UTC) for day in (29, 30)]
    frame = nw.from_native(pl.LazyFrame({"at": [instant_number(instant) for instant in instants]}))
    days = collect(frame.select(day=local_day(nw.col("at"), "Europe/Berlin", instant_number(UNTIL))))["day"]
    assert days.to_list() == [day_number(dt.date(2025, 3, 29)), day_number(dt.date(2025, 3, 31))]


def test_an_end_on_the_last_day_of_the_calendar_is_none_too_far() -> None:
    end = instant_number(dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.UTC))
    frame = nw.from_native(
        pl.LazyFrame({"at": [instant_number(dt.datetime(2025, 3, 30, 22, 30, tzinfo=dt.UTC))]})
    )
    days = collect(frame.select(day=local_day(nw.col("at"), "Pacific/Kiritimati", end)))["day"]
    assert days.to_list() == [day_number(dt.date(2025, 3, 31))]
