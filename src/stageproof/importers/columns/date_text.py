"""A date or time as written: the day it may mean, the time of day, the offset from UTC.

The table made here has one row per text. `day` is certain; `dmy`, `mdy` and `yy` (year first, in two digits) are
what the text would mean in each order. Days count from 1970, `time` and `offset` are microseconds; a text without a
time, or without a zone, has null there. `at` is an instant outright.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from stageproof.engine.frames import DAY, day_number
from stageproof.importers.columns.calendar_words import (
    AT,
    MONTH,
    MONTHS,
    O_CLOCK,
    OFFSETS,
    WEEKDAY,
    ZONE_NAME,
)
from stageproof.importers.columns.distinct import by_distinct

_WEEKDAY = rf"(?:(?:{WEEKDAY}|[月火水木金土日]曜日?),?\s+)?"
_YEAR = r"\d{4}|\d{2}"
_DATE = "|".join(
    (
        r"(?P<y1>\d{4})(?:[-/.]|\.\s)(?P<m1>\d{1,2})(?:[-/.]|\.\s)(?P<d1>\d{1,2})\.?",
        r"(?P<y2>\d{4})(?P<m2>\d{2})(?P<d2>\d{2})",
        rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})[-/.](?P<y3>{_YEAR})",
        rf"(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|º|ª)?[-\s./]*(?:de\s+)?(?P<n4>{MONTH})[-\s.,/]*(?:de\s+)?(?P<y4>{_YEAR})",
        rf"(?P<n5>{MONTH})[-\s]*(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?[-\s]+(?P<y5>\d{{4}})",
        rf"(?P<y6>\d{{4}})[-\s](?P<n6>{MONTH})[-\s](?P<d6>\d{{1,2}})",
        r"(?P<y7>\d{4})\s*[年년]\s*(?P<m7>\d{1,2})\s*[月월]\s*(?P<d7>\d{1,2})\s*[日일]",
    )
)
_TIME = (
    rf"(?:(?:T|,?\s+(?:{AT}\s+)?)(?P<H>\d{{1,2}})(?:[:.hH](?P<M>\d{{2}}))?(?::(?P<S>\d{{2}})(?:[.,](?P<F>\d{{1,9}}))?)?"
    r"(?:\s*(?P<half>(?i:[ap]\.?m\.?)))?"
    rf"(?:\s*{O_CLOCK})?\s*(?P<zone>Z|z|(?i:UTC|GMT)|(?:(?i:UTC|GMT))?[+-]\d{{2}}:?(?:\d{{2}})?|{ZONE_NAME})?"
    r"(?:\s+\([^()]+\))?)?"
)
_TEXT = rf"^{_WEEKDAY}(?:{_DATE}){_TIME}$"
_TAIL = r"^(?:\.(?P<F>\d{1,9}))?\s*(?P<zone>Z|UTC|[+-]\d{2}:?(?:\d{2})?)?$"
_ISO = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
_ISO_LENGTH = 19
_SAMPLE = 100
_TOO_LATE = day_number(dt.date(2201, 1, 1)) * DAY
COLUMNS = ("day", "dmy", "mdy", "yy", "time", "offset", "at")


def date_parts(texts: pl.DataFrame) -> pl.DataFrame:
    """What each text of the column `text` says; all null where it is no date."""
    parts = texts.select(pl.col("text").str.extract_groups(_TEXT).alias("parts"), "text").unnest("parts")
    four = pl.col("y3").str.len_chars() == 4
    dotted = pl.col("mark") == "."
    month = pl.coalesce("n4", "n5", "n6").str.strip_suffix(".").str.to_lowercase()
    named = month.replace_strict(MONTHS, default=None)
    days = {
        "day": pl.coalesce(
            _day(*(pl.coalesce(f"{part}1", f"{part}2", f"{part}7") for part in "ymd")),
            _day(pl.coalesce("y4", "y5", "y6"), named, pl.coalesce("d4", "d5", "d6")),
        ),
        "dmy": _day(pl.col("y3"), pl.col("b"), pl.col("a")),
        # Nobody writes the month first with dots.
        "mdy": pl.when(~dotted).then(_day(pl.col("y3"), pl.col("a"), pl.col("b"))),
        "yy": pl.when(~four).then(_day(pl.col("a"), pl.col("b"), pl.col("y3"))),
    }
    time, offset = _time(), _offset()
    sound = (pl.col("H").is_null() | time.is_not_null()) & (pl.col("zone").is_null() | offset.is_not_null())
    return parts.select(
        *(pl.when(sound).then(day).alias(name) for name, day in days.items()),
        time.alias("time"),
        offset.alias("offset"),
        _epoch().alias("at"),
    )


def looks_iso(texts: pl.Series) -> bool:
    """Whether the first texts are mostly ISO times."""
    sample = texts.head(_SAMPLE).drop_nulls()
    return int(sample.str.contains(_ISO).sum()) * 2 > sample.len()


def iso_parts(texts: pl.Series) -> pl.DataFrame:
    """The same table for times such as 2025-10-14T09:05:00.000Z, far faster; null for all others."""
    first = texts.drop_nulls().head(1)
    mark = "T" if first.str.slice(10, 1).to_list() == ["T"] else " "
    head, tail = texts.str.slice(0, _ISO_LENGTH), texts.str.slice(_ISO_LENGTH)
    local = head.str.to_datetime(f"%Y-%m-%d{mark}%H:%M:%S", strict=False, time_unit="us").to_physical()
    parts = by_distinct(tail.to_frame("tail"), _tail_parts)
    # The parser also takes 2025-1-2 01:02:03 and reads the rest into the tail; two-digit parts only here.
    good = (head.str.len_bytes() == _ISO_LENGTH) & parts["fits"] & head.str.contains(_ISO)
    year = local.cast(pl.Datetime("us")).dt.year().is_between(1970, 2200)
    frame = pl.DataFrame([local.alias("local"), (good & year).alias("good")]).hstack(parts)
    return frame.select(
        pl.when("good").then(pl.col("local") // DAY).alias("day"),
        *(pl.lit(None, pl.Int64).alias(name) for name in ("dmy", "mdy", "yy")),
        pl.when("good").then(pl.col("local") % DAY + pl.col("fraction")).alias("time"),
        pl.when("good").then(pl.col("offset")).alias("offset"),
        pl.lit(None, pl.Int64).alias("at"),
    )


def _tail_parts(tails: pl.DataFrame) -> pl.DataFrame:
    groups = tails.select(pl.col("tail").str.extract_groups(_TAIL).alias("parts"), "tail").unnest("parts")
    fits = pl.col("tail").str.contains(_TAIL) & (pl.col("zone").is_null() | _offset().is_not_null())
    return groups.select(_fraction().alias("fraction"), _offset().alias("offset"), fits.alias("fits"))


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Days since 1970 of three texts; null where the calendar has no such day."""
    century = pl.when(year.cast(pl.Int32, strict=False) < 70).then(pl.lit("20")).otherwise(pl.lit("19"))
    full = pl.when(year.str.len_chars() == 2).then(century + year).otherwise(year)
    text = full + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    date = text.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(date.dt.year().is_between(1970, 2200)).then(date.to_physical().cast(pl.Int64))


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64, strict=False)


def _fraction() -> pl.Expr:
    """Microseconds of the digits after the point; what is finer is cut."""
    return (pl.col("F").fill_null("") + "000000").str.slice(0, 6).cast(pl.Int64)


def _time() -> pl.Expr:
    """Microseconds since midnight; null where no clock shows the time."""
    afternoon = pl.col("half").str.to_lowercase().str.starts_with("p")
    twelve = _number("H").is_between(1, 12)
    hour = (
        pl.when(pl.col("half").is_null() & pl.col("M").is_not_null() & (_number("H") <= 23))
        .then(_number("H"))
        .when(pl.col("half").is_not_null() & twelve)
        .then(_number("H") % 12 + afternoon.cast(pl.Int64) * 12)
    )
    minute, second = _number("M").fill_null(0), _number("S").fill_null(0)
    seconds = hour * 3600 + minute * 60 + second
    return pl.when((minute <= 59) & (second <= 59)).then(seconds * 1_000_000 + _fraction())


def _offset() -> pl.Expr:
    """Microseconds ahead of UTC; null without a zone or beyond 14 hours."""
    named = pl.col("zone").str.to_lowercase().replace_strict(OFFSETS, default=None, return_dtype=pl.String)
    zone = pl.coalesce(named, "zone")
    digits = zone.str.replace_all(r"[^\d]", "")
    hours = digits.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    ahead = pl.when(zone.str.contains("-", literal=True)).then(-1).otherwise(1)
    sound = pl.col("zone").is_not_null() & (hours <= 14) & (minutes <= 59)
    return pl.when(sound).then(ahead * (hours * 60 + minutes) * 60_000_000)


def _epoch() -> pl.Expr:
    """The instant of a bare count of seconds or milliseconds since 1970."""
    text = pl.col("text")
    milliseconds = pl.when(text.str.contains(r"^\d{13}$")).then(text.cast(pl.Int64, strict=False) * 1_000)
    seconds = pl.when(text.str.contains(r"^\d{10}$")).then(text.cast(pl.Int64, strict=False) * 1_000_000)
    at = pl.coalesce(milliseconds, seconds)
    return pl.when(at < _TOO_LATE).then(at)
