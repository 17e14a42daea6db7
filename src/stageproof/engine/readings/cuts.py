"""Cuts: the deals of a reading summed up by group, so that every cut adds up to the same whole."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stageproof.engine.frames import day_number, day_of
from stageproof.engine.period import Calendar
from stageproof.engine.qualification import QUALIFICATIONS

STAGE = ("definition", "position", "place")
"""What tells stages apart: pipelines may call different ones the same."""


def cut(deals: pl.DataFrame, by: Sequence[str], *, aged: bool = False) -> pl.DataFrame:
    """One row per group, blanks last: `count`, `amount`, `unpriced_count`, count and amount per qualification.

    With `aged` also `age_median` and `age_longest`, days since the deals entered their stage.
    """
    sums = {
        "count": _rows(),
        "amount": _sum(),
        "unpriced_count": _count(pl.col("value").is_null()),
    }
    for each in QUALIFICATIONS:
        mine = pl.col("qualification") == each
        sums |= {f"{each}_count": _count(mine), f"{each}_amount": _amount(mine)}
    if aged:
        sums |= {"age_median": pl.col("age").median(), "age_longest": pl.col("age").max()}
    return grouped(deals, by, **sums)


def grouped(deals: pl.DataFrame, by: Sequence[str], **sums: pl.Expr) -> pl.DataFrame:
    """One row per group, sorted by it with blanks last."""
    return deals.group_by(*by).agg(**sums).sort(list(by), nulls_last=True)


def counted(deals: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    """One row per group: `<name>_count` and `<name>_amount`."""
    sums = {f"{name}_count": _rows(), f"{name}_amount": _sum()}
    return grouped(deals, by, **sums)


def joined(by: Sequence[str], *parts: pl.DataFrame) -> pl.DataFrame:
    """The parts side by side, a row for every group that any has; counts and amounts zero where a part has none."""
    table = parts[0]
    for part in parts[1:]:
        table = table.join(part, on=list(by), how="full", coalesce=True, nulls_equal=True)
    zero = [
        name for name in table.columns if name in ("count", "amount") or name.endswith(("_count", "_amount"))
    ]
    return table.with_columns(pl.col(zero).fill_null(0)).sort(list(by), nulls_last=True)


def in_months(deals: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """The deals with `month`, the name of the month in which they close; null where they have no close date."""
    days = deals["close_on"].drop_nulls().to_list()
    if not days:
        return deals.with_columns(month=pl.lit(None, dtype=pl.String))
    months = calendar.between(day_of(min(days)), day_of(max(days)), "month")
    starts = pl.Series([day_number(each.starts_on) for each in months], dtype=pl.Int64)
    dated = deals.filter(pl.col("close_on").is_not_null()).sort("close_on")
    named = dated.join_asof(
        pl.DataFrame({"month": [each.name for each in months], "starts": starts}),
        left_on="close_on", right_on="starts",
    ).drop("starts")  # fmt: skip
    undated = deals.filter(pl.col("close_on").is_null()).with_columns(month=pl.lit(None, dtype=pl.String))
    return pl.concat([named, undated.select(named.columns)])


def whole(deals: pl.DataFrame) -> int:
    """What the deals are worth together, in minor units."""
    return int(deals["value"].fill_null(0).sum())


def _count(test: pl.Expr) -> pl.Expr:
    return test.sum().cast(pl.Int64)


def _amount(test: pl.Expr) -> pl.Expr:
    return pl.col("value").fill_null(0).filter(test).sum().cast(pl.Int64)


def _rows() -> pl.Expr:
    return pl.len().cast(pl.Int64)


def _sum() -> pl.Expr:
    return pl.col("value").fill_null(0).sum().cast(pl.Int64)
