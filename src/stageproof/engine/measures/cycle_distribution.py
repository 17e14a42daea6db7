"""Cycle distribution: how many deals took how long, in steps of a month."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.measures.cycle_length import timed_deals
from stageproof.engine.measures.grouping import summed
from stageproof.engine.period import Period

STEP, STEPS = 30, 13
"""Days of a step, and how many there are: the last one has no end."""


def cycle_distribution(
    pipeline: Pipeline,
    *,
    period: Period | None = None,
    by: Sequence[str] = (),
    outcomes: Sequence[str] = ("won",),
) -> pl.DataFrame:
    """One row per group and step of 30 days: `took` in words, `from_days`, `deals`, `share` of the group's.

    Of the deals that closed in the period, or ever, and whose creation is known and not after it. Every step up to
    the longest is there, zero where nothing took so long; from 360 days on all are together.
    """
    keys = list(by)
    deals = stepped(timed_deals(pipeline, period=period, by=by, outcomes=outcomes))
    counted = summed(deals, [*keys, "step"], deals=nw.len())
    longest = collect(deals.select(step=nw.col("step").max()))["step"].item()
    ends = range(0, 0 if longest is None else longest + STEP, STEP)
    steps = pl.DataFrame({"step": ends}, schema={"step": pl.Int64})
    grid = counted.select(keys).unique().join(steps, how="cross") if keys else steps
    table = grid.join(counted, on=[*keys, "step"], how="left", nulls_equal=True)
    table = table.with_columns(deals=pl.col("deals").fill_null(0).cast(pl.Int64))
    whole = pl.col("deals").sum().over(keys) if keys else pl.col("deals").sum()
    return table.sort([*keys, "step"], nulls_last=True).select(
        *keys, took=took("step"), from_days="step", deals="deals", share=pl.col("deals") / whole
    )


def stepped(timed: Lazy) -> Lazy:
    """The timed deals with `step`: the days at which theirs begins."""
    days = nw.col("cycle_days")
    step = days - days % STEP
    return timed.with_columns(
        step=nw.when(step < STEP * (STEPS - 1)).then(step).otherwise(nw.lit(STEP * (STEPS - 1)))
    )


def took(step: str) -> pl.Expr:
    """A step in words."""
    first = pl.col(step)
    upto = pl.format("{} to {} days", first, first + STEP - 1)
    return pl.when(first < STEP * (STEPS - 1)).then(upto).otherwise(pl.format("{} days and more", first))
