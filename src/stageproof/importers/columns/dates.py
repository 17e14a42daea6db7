"""Columns of dates and of instants, their order decided by the evidence of all cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from stageproof.engine.frames import DAY, day_number, day_of, instant_number
from stageproof.engine.zone import start_of_day
from stageproof.importers.columns.blanks import value_text
from stageproof.importers.columns.date_text import date_parts, iso_parts, looks_iso
from stageproof.importers.columns.distinct import by_distinct

Order = Literal["ymd", "dmy", "mdy"]

_SERIAL = r"^\d{5}(?:\.\d+)?$"
_SERIALS = (20_000, 80_000)
"""Days of 1954 to 2119; other five-digit numbers are more likely something else."""
_SERIAL_START = -25_569
"""The day number of 30 December 1899, from which spreadsheets count."""
_TABLED = day_number(dt.date(2100, 1, 1)) * DAY
"""Up to here Polars knows when clocks change; later times are looked up one by one."""
_TOLERATED = 0.1
"""The share of cells that may contradict the order of the others; beyond it a person must say."""


@dataclass(frozen=True)
class DateColumn:
    """Days since 1970, or microseconds UTC; null where blank or bad.

    `ambiguous` says that day and month cannot be told apart: `values` then holds only what is certain.
    """

    values: pl.Series
    bad: pl.Series
    order: str | None
    ambiguous: bool
    note: str


def read_dates(
    column: pl.Series, *, order: Order | None, zone: str, of_instant: bool, serials: bool = False
) -> DateColumn:
    """The day or instant of each cell; a time without a zone is local to `zone`.

    `serials` takes numbers such as 45000 for days as spreadsheets count them; without it they are taken so only
    where the whole column consists of them.
    """
    text = value_text(column)
    parts = _serial_parts(text) if serials or _all_serials(text) else None
    if parts is None:
        parts = _parts(text)
    parts = _settled(parts, year_first=order == "ymd")
    decided, ambiguous, note = (order, False, "") if order in ("dmy", "mdy") else _decide(parts)
    frame = parts.select("time", "offset", "at", pl.coalesce("day", decided) if decided else "day")
    values = (_instants(frame, zone) if of_instant else _days(frame, zone)).alias(column.name)
    unread = values.is_null() & text.is_not_null()
    undecided = (parts["dmy"].is_not_null() | parts["mdy"].is_not_null()) if ambiguous else None
    bad = unread if undecided is None else unread & ~undecided
    return DateColumn(values, bad, decided, ambiguous, note)


def _all_serials(text: pl.Series) -> bool:
    given = text.drop_nulls()
    if (
        not given.len()
        or not given.head(100).str.contains(_SERIAL).all()
        or not given.str.contains(_SERIAL).all()
    ):
        return False
    return bool(given.cast(pl.Float64).is_between(*_SERIALS).all())


def _serial_parts(text: pl.Series) -> pl.DataFrame:
    """Serial numbers as days and times, everything else as it is written."""
    parts = _parts(text)
    whole = text.str.extract(r"^(\d{5})(?:\.\d+)?$").cast(pl.Int64)
    share = ("0" + text.str.extract(r"^\d{5}(\.\d+)$")).cast(pl.Float64)
    # Spreadsheets keep times as shares of a day, good to about a millisecond; people mean seconds.
    seconds = (share * 86_400).round(0).cast(pl.Int64)
    frame = pl.DataFrame([whole.alias("whole"), seconds.alias("seconds")]).hstack(parts)
    inside = pl.col("whole").is_between(-_SERIAL_START, _SERIALS[1])
    moment = (pl.col("whole") + _SERIAL_START) * 86_400 + pl.col("seconds").fill_null(0)
    return frame.select(
        pl.when(inside).then(moment // 86_400).otherwise("day").alias("day"),
        "dmy",
        "mdy",
        "yy",
        pl.when(inside & pl.col("seconds").is_not_null())
        .then(moment % 86_400 * 1_000_000)
        .otherwise("time")
        .alias("time"),
        "offset",
        "at",
    )


def _parts(text: pl.Series) -> pl.DataFrame:
    text = text.alias("text")
    if not looks_iso(text):
        return by_distinct(text.to_frame(), date_parts)
    quick = iso_parts(text)
    rest = quick["day"].is_null() & text.is_not_null()
    if not rest.any():
        return quick
    others = pl.select(pl.when(rest).then(text).alias("text"))
    slow = by_distinct(others, date_parts)
    return pl.select(pl.coalesce(quick[name], slow[name]).alias(name) for name in quick.columns)


def _settled(parts: pl.DataFrame, *, year_first: bool) -> pl.DataFrame:
    """The parts with the days that need no evidence: 04/04/2025, and 25-10-14 where the year comes first."""
    known = pl.coalesce("day", "yy") if year_first else pl.col("day")
    day = pl.coalesce(known, pl.when(pl.col("dmy") == pl.col("mdy")).then("dmy"))
    open_still = day.is_null()
    return parts.with_columns(
        day.alias("day"), *(pl.when(open_still).then(name).alias(name) for name in ("dmy", "mdy"))
    )


def _decide(parts: pl.DataFrame) -> tuple[Order | None, bool, str]:
    """The order of day and month, whether it cannot be told, and what to say about it."""
    dmy, mdy = pl.col("dmy").is_not_null(), pl.col("mdy").is_not_null()
    day_first, month_first, either = parts.select(
        (dmy & ~mdy).sum().alias("day_first"),
        (mdy & ~dmy).sum().alias("month_first"),
        (dmy & mdy).sum().alias("either"),
    ).row(0)
    if not day_first and not month_first:
        says = "No date of the column tells whether the day or the month comes first."
        return None, bool(either), says if either else ""
    less, more = sorted((day_first, month_first))
    if less > _TOLERATED * more:
        return None, True, f"{day_first:,} dates have the day first and {month_first:,} the month."
    decided: Order = "dmy" if day_first > month_first else "mdy"
    first, others = ("month", "day") if decided == "dmy" else ("day", "month")
    note = f"{less:,} dates have the {first} first where the others have the {others}." if less else ""
    return decided, False, note


def _days(frame: pl.DataFrame, zone: str) -> pl.Series:
    """The day on the calendars of the zone."""
    at = pl.coalesce("at", pl.col("day") * DAY + pl.col("time") - pl.col("offset"))
    local = (
        at.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.date().to_physical().cast(pl.Int64)
    )
    return frame.select(pl.coalesce(local, "day")).to_series()


def _instants(frame: pl.DataFrame, zone: str) -> pl.Series:
    """The instant in UTC; a day alone is its start."""
    naive = pl.when(pl.col("offset").is_null()).then(pl.col("day") * DAY + pl.col("time"))
    local = (
        pl.when(naive < _TABLED)
        .then(naive)
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    read = frame.with_columns(naive.alias("naive"), local.to_physical().alias("local"))
    skipped = read.filter(pl.col("local").is_null() & pl.col("naive").is_not_null())["naive"].unique()
    starts = read.filter(pl.col("time").is_null())["day"].drop_nulls().unique()
    return read.select(
        pl.coalesce(
            "at",
            pl.col("day") * DAY + pl.col("time") - pl.col("offset"),
            "local",
            _answers("naive", {at: _looked_up_instant(at, zone) for at in skipped}),
            pl.when(pl.col("time").is_null()).then(_answers("day", _starts(starts, zone))),
        )
    ).to_series()


def _starts(days: pl.Series, zone: str) -> dict[int, int]:
    return {day: instant_number(start_of_day(day_of(day), zone)) for day in days}


def _looked_up_instant(naive: int, zone: str) -> int:
    """The instant of a local time; one that the clocks skipped comes as much later: 02:30 becomes 03:30."""
    at = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=naive)  # noqa: DTZ001 - the zone follows
    return instant_number(at.replace(tzinfo=ZoneInfo(zone)))


def _answers(name: str, answers: dict[int, int]) -> pl.Expr:
    if not answers:
        return pl.lit(None, pl.Int64)
    old, new = pl.Series(list(answers), dtype=pl.Int64), pl.Series(list(answers.values()), dtype=pl.Int64)
    return pl.col(name).replace_strict(old, new, default=None, return_dtype=pl.Int64)
