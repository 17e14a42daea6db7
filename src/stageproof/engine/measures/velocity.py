"""Velocity: open deals x average deal size x win rate / cycle length, per day."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.average_deal_size import average_deal_size, half_even
from stageproof.engine.measures.cycle_length import cycle_length
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.measures.win_rate import win_rate
from stageproof.engine.period import Period


def velocity_per_day(
    open_count: int, average_amount: Fraction, win_rate: Fraction, cycle_days: Fraction
) -> int:
    """Minor units per day, rounded half-even once at the end. 50 x 25,000 x 25% / 60 = 5,208.33."""
    exact = open_count * average_amount * win_rate / cycle_days
    return half_even(exact.numerator, exact.denominator)


def velocity(pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per group: the four levers and `per_day` in minor units of the reporting currency.

    `open_count` is of the instant; `average_amount`, `win_rate` (by count) and `cycle_days` are of the deals that
    closed in the period, or ever. `per_day` is null where a lever is unknown or the mean cycle is zero.
    """
    keys = list(by)
    rows = [_row(row, keys) for row in exact_levers(pipeline, period=period, by=by)]
    schema: dict[str, Any] = {
        **dict.fromkeys(keys, pl.String),
        "open_count": pl.Int64,
        "average_amount": pl.Int64,
        "win_rate": pl.Float64,
        "cycle_days": pl.Float64,
        "per_day": pl.Int64,
    }
    result = pl.DataFrame(rows, schema=schema, orient="row")
    return result.sort(keys, nulls_last=True) if keys else result


def exact_levers(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """One row per group: `open_count`, and as fractions `size`, `rate` and `cycle`, each None where it is unknown."""
    keys = list(by)
    parts = [
        open_pipeline(pipeline, by=by).select(*keys, "open_count"),
        average_deal_size(pipeline, period=period, by=by),
        win_rate(pipeline, period=period, by=by).select(*keys, "won_count", "lost_count"),
        cycle_length(pipeline, period=period, by=by).select(*keys, "deals", "days"),
    ]
    table = parts[0]
    for part in parts[1:]:
        if keys:
            table = table.join(part, on=keys, how="full", coalesce=True, nulls_equal=True)
        else:
            table = pl.concat([table, part], how="horizontal")
    return [_levers(row, keys) for row in table.iter_rows(named=True)]


def _levers(row: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    closed = (row["won_count"] or 0) + (row["lost_count"] or 0)
    return {
        **{key: row[key] for key in keys},
        "open_count": row["open_count"] or 0,
        "size": Fraction(row["won_amount"], row["won_priced"]) if row["won_priced"] else None,
        "rate": Fraction(row["won_count"], closed) if closed else None,
        "cycle": Fraction(row["days"], row["deals"]) if row["deals"] else None,
    }


def _row(row: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    opened, size, rate, cycle = row["open_count"], row["size"], row["rate"], row["cycle"]
    known = size is not None and rate is not None and cycle
    return {
        **{key: row[key] for key in keys},
        "open_count": opened,
        "average_amount": None if size is None else half_even(size.numerator, size.denominator),
        "win_rate": None if rate is None else float(rate),
        "cycle_days": None if cycle is None else float(cycle),
        "per_day": velocity_per_day(opened, size, rate, cycle) if known else None,
    }
