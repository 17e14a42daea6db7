"""Cycle length: from created to closed, of won deals."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import Lazy
from stageproof.engine.measures.grouping import closing_in, summed, with_groups
from stageproof.engine.period import Period


def cycle_length(
    pipeline: Pipeline,
    *,
    period: Period | None = None,
    by: Sequence[str] = (),
    outcomes: Sequence[str] = ("won",),
) -> pl.DataFrame:
    """One row per group: `deals`, `days` in all, and `mean`, `median`, `p90`, `longest` in days.

    Of the deals that closed in the period, or ever, and whose creation is known and not after it. `p90` is
    interpolated linearly.
    """
    timed = timed_deals(pipeline, period=period, by=by, outcomes=outcomes)
    days = nw.col("cycle_days")
    table = summed(
        timed,
        by,
        deals=nw.len(),
        days=days.sum(),
        median=days.median(),
        p90=days.quantile(0.9, interpolation="linear"),
        longest=days.max(),
    )
    mean = pl.when(pl.col("deals") > 0).then(pl.col("days") / pl.col("deals"))
    return table.with_columns(mean=mean).select(*by, "deals", "days", "mean", "median", "p90", "longest")


def timed_deals(
    pipeline: Pipeline,
    *,
    period: Period | None = None,
    by: Sequence[str] = (),
    outcomes: Sequence[str] = ("won",),
) -> Lazy:
    """The deals that closed, with `cycle_days`; those whose creation is unknown or after it are left out."""
    deals = closing_in(pipeline.closed.filter(nw.col("status").is_in(list(outcomes))), period)
    took = nw.col("close_on") - nw.col("created_on")
    timed = with_groups(pipeline, deals, by).with_columns(cycle_days=took)
    # Closed before it was created is a wrong date, not a quick sale.
    return timed.filter(nw.col("cycle_days") >= 0)
