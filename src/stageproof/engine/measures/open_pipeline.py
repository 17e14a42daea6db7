"""Open pipeline: nominal, and how much of it is qualified, waived, unverifiable or unqualified."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.grouping import amount_where, closing_in, count_where, summed, with_groups
from stageproof.engine.period import Period
from stageproof.engine.qualification import QUALIFICATIONS, qualified_deals


def nominal_pipeline(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group: `open_count` and `open_amount` alone, without looking at evidence."""
    deals = with_groups(pipeline, closing_in(pipeline.open, period), by)
    every = ~nw.col("deal").is_null()
    return summed(deals, by, open_count=count_where(every), open_amount=amount_where(every))


def open_pipeline(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group: `open_count`, `open_amount`, `unpriced_count`, and count and amount per qualification.

    Amounts are minor units of the reporting currency. The four qualifications add up to the open pipeline. With a
    period, only deals whose close date lies in it. `unpriced_count` counts open deals without an amount or a rate.
    """
    deals = with_groups(pipeline, closing_in(qualified_deals(pipeline), period), by)
    every = ~nw.col("deal").is_null()
    sums = {
        "open_count": count_where(every),
        "open_amount": amount_where(every),
        "unpriced_count": count_where(nw.col("value").is_null()),
    }
    for each in QUALIFICATIONS:
        sums[f"{each}_count"] = count_where(nw.col("qualification") == each)
        sums[f"{each}_amount"] = amount_where(nw.col("qualification") == each)
    return summed(deals, by, **sums)
