"""Days and instants of whole columns, in a zone."""

from __future__ import annotations

import polars as pl

from stageproof.engine.frames import DAY, day_of, instant_number
from stageproof.engine.zone import start_of_day


def starts_of_days(days: pl.Series, zone: str) -> pl.Series:
    """The instants at which days begin in the zone, in microseconds."""
    if zone == "UTC":
        return days * DAY
    distinct = days.drop_nulls().unique()
    starts = pl.Series([instant_number(start_of_day(day_of(day), zone)) for day in distinct], dtype=pl.Int64)
    return days.replace_strict(distinct, starts, default=None, return_dtype=pl.Int64)


def days_of(instants: pl.Series, zone: str) -> pl.Series:
    """The days in the zone on which instants fall, as days since 1970."""
    if zone == "UTC":
        return instants // DAY
    local = instants.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    return local.dt.date().cast(pl.Int32).cast(pl.Int64)


def look_up(keys: pl.Series, table: pl.DataFrame | None, value: str) -> pl.Series:
    """The value of each key in a table that has `key` once; null where it has none."""
    if table is None or table.is_empty():
        return pl.Series(value, [None], dtype=pl.String).new_from_index(0, len(keys))
    found = (
        keys.alias("key")
        .to_frame()
        .join(table.select("key", value), on="key", how="left", maintain_order="left")
    )
    return found.get_column(value)


def coalesced(*columns: pl.Series) -> pl.Series:
    """The first value that is not null, row by row."""
    frame = pl.DataFrame([column.alias(str(index)) for index, column in enumerate(columns)])
    return frame.select(pl.coalesce(pl.all())).to_series()
