"""Campaign costs: what campaigns cost in a period, spread evenly over the days on which they run."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, day_number
from stageproof.engine.period import Period


def campaign_costs(pipeline: Pipeline, *, period: Period | None = None) -> pl.DataFrame:
    """One row per campaign: `campaign`, `source`, `starts_on`, `ends_on`, `cost`, `spent`.

    `cost` is that of the whole campaign, `spent` what of it falls on the days of the period, or on all its days,
    up to the instant's; minor units of the reporting currency, so that the parts of any periods that follow each
    other add up. Both are null where the cost or its currency's rate is unknown. A campaign that lacks a first or last
    day is spent on the one that it has; with neither it counts only where no period is asked for.
    """
    if pipeline.campaigns is None:
        kinds = {"campaign": pl.String, "source": pl.String}
        numbers = dict.fromkeys(("starts_on", "ends_on", "cost", "spent"), pl.Int64)
        return pl.DataFrame(schema={**kinds, **numbers})
    first = nw.coalesce(nw.col("starts_on"), nw.col("ends_on"))
    last = nw.coalesce(nw.col("ends_on"), nw.col("starts_on"))
    until, before = pipeline.day, None
    if period is not None:
        until, before = min(until, day_number(period.ends_on)), day_number(period.starts_on) - 1
    spent = _spent_until(first, last, until)
    if before is not None:
        # A period that has not begun holds nothing yet.
        spent = spent - _spent_until(first, last, min(before, until))
    undated = nw.lit(0) if period else nw.col("value")
    campaigns = pipeline.campaigns.select(
        "campaign",
        "source",
        "starts_on",
        "ends_on",
        cost=nw.col("value"),
        spent=nw.when(first.is_null() & ~nw.col("value").is_null()).then(undated).otherwise(spent),
    )
    return collect(campaigns).sort("starts_on", "campaign", nulls_last=True)


def unrated_costs(pipeline: Pipeline) -> list[str]:
    """The currencies of costs that count nowhere, for no rate of them is known."""
    if pipeline.campaigns is None:
        return []
    lost = pipeline.campaigns.filter(~nw.col("cost").is_null(), nw.col("value").is_null())
    return sorted(collect(lost.select("currency").unique())["currency"].to_list())


def _spent_until(first: nw.Expr, last: nw.Expr, day: int) -> Any:
    """What of the cost lies on days up to this one; rounded down, so that differences add up exactly."""
    days = last - first + 1
    gone = nw.lit(day) - first + 1
    elapsed = nw.when(gone < 0).then(nw.lit(0)).otherwise(nw.when(gone > days).then(days).otherwise(gone))
    cost = nw.col("value")
    # Split before multiplying, so that large costs stay within 64 bits.
    over = (cost % days) * elapsed
    return ((cost - cost % days) // days) * elapsed + (over - over % days) // days
