"""Frames of any engine in, Polars tables out: the one place that knows how dates become integers and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeAlias

import narwhals as nw
import polars as pl

from stageproof.engine.tables import FOREVER, Table

Lazy: TypeAlias = nw.LazyFrame[Any]
"""A table that is computed when it is asked for, by whatever engine holds it."""

EPOCH = dt.date(1970, 1, 1)
_EPOCH_AT = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = 86_400_000_000
"""Microseconds of a day."""

_POLARS: dict[str, Any] = {
    "text": pl.String(),
    "whole": pl.Int64(),
    "money": pl.Int64(),
    "day": pl.Int64(),
    "instant": pl.Int64(),
    "yes_no": pl.Boolean(),
}
_INSTANTS = ("valid_from", "valid_to")


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def day_of(number: int) -> dt.date:
    """The date of a day number."""
    return EPOCH + dt.timedelta(days=number)


def instant_number(at: dt.datetime) -> int:
    """Microseconds since 1970 in UTC; a time without a zone is refused, for it names no instant."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; give one, for example +00:00")
    return (at - _EPOCH_AT) // dt.timedelta(microseconds=1)


def instant_of(number: int) -> dt.datetime:
    """The UTC instant of a number of microseconds."""
    return _EPOCH_AT + dt.timedelta(microseconds=number)


def is_instant(name: str) -> bool:
    """Whether a column of this name holds instants; `located_at` is a place, not a time."""
    return name in _INSTANTS or (name.endswith("_at") and name != "located_at")


def is_day(name: str) -> bool:
    """Whether a column of this name holds days."""
    return name.endswith("_on")


def to_days(name: str, dtype: Any) -> nw.Expr:
    """A date column as days since 1970, in arithmetic that every engine has."""
    column = nw.col(name)
    if dtype.is_integer():
        return column.cast(nw.Int64)
    if dtype == nw.String:
        column = column.str.to_datetime(format="%Y-%m-%d")
    year = column.dt.year().cast(nw.Int64)
    month = column.dt.month().cast(nw.Int64)
    # Days from the civil calendar with years that begin in March, so that leap days come last.
    early = nw.when(month <= 2).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
    y = year - early
    shifted = (month + 9) % 12
    era = y // 400
    of_era = y - era * 400
    of_year = (shifted * 153 + 2) // 5 + column.dt.day().cast(nw.Int64) - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def to_instants(name: str, dtype: Any) -> nw.Expr:
    """A timestamp column (taken as UTC where it says no zone) as microseconds since 1970."""
    column = nw.col(name)
    if dtype.is_integer():
        return column.cast(nw.Int64)
    if dtype == nw.Date:
        return to_days(name, dtype) * DAY
    seconds = (
        column.dt.hour().cast(nw.Int64) * 3600
        + column.dt.minute().cast(nw.Int64) * 60
        + column.dt.second().cast(nw.Int64)
    )
    return to_days(name, dtype) * DAY + seconds * 1_000_000 + column.dt.microsecond().cast(nw.Int64)


def from_rows(table: Table, rows: Sequence[dict[str, Any]]) -> pl.LazyFrame:
    """A table from dictionaries, for tests and small books; real dates and instants are welcome."""
    names = list(dict.fromkeys(key for row in rows for key in row)) or list(table.names)
    columns = {name: table.column(name) for name in names}
    kinds = {name: column.kind if column else None for name, column in columns.items()}
    data: dict[str, list[Any]] = {
        name: [_of_kind(row.get(name), kinds[name]) for row in rows] for name in names
    }
    return pl.LazyFrame(data, schema={name: _POLARS[kind] if kind else None for name, kind in kinds.items()})


def _of_kind(value: Any, kind: str | None) -> Any:
    """A plain date where an instant is asked for is the day's first moment, in UTC."""
    if kind == "instant" and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return day_number(value) * DAY
    return number(value)


def number(value: Any) -> Any:
    """Dates and instants as the engine's integers; everything else unchanged."""
    if isinstance(value, dt.datetime):
        return instant_number(value if value.tzinfo else value.replace(tzinfo=dt.UTC))
    if isinstance(value, dt.date):
        return day_number(value)
    return value


def collect(frame: Lazy) -> pl.DataFrame:
    """The frame as a Polars table in the engine's own integers, whatever engine computed it."""
    table: pl.DataFrame = frame.collect("polars").to_native()
    return table.with_columns(
        pl.col(name).cast(pl.Int64)
        for name, dtype in table.schema.items()
        # Summing widens integers differently in each engine.
        if dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)
    )


def readable(table: pl.DataFrame) -> pl.DataFrame:
    """The table with real dates and UTC instants, for people and for notebooks."""
    columns = []
    for name, dtype in table.schema.items():
        if not dtype.is_integer():
            continue
        if is_day(name):
            columns.append(pl.col(name).cast(pl.Int32).cast(pl.Date))
        elif is_instant(name):
            value = pl.when(pl.col(name) < FOREVER).then(pl.col(name))
            columns.append(value.cast(pl.Datetime("us", "UTC")).alias(name))
    return table.with_columns(columns)
