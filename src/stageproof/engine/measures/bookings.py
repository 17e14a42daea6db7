"""Bookings: what was won, and what was lost."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.grouping import amount_where, closing_in, count_where, summed, with_groups
from stageproof.engine.period import Period


def bookings(pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per group: `won_count`, `won_amount`, `won_priced`, `lost_count`, `lost_amount`.

    Deals count on the day they closed. Amounts are minor units of the reporting currency at that day's rate;
    `won_priced` counts the won deals that have an amount.
    """
    deals = with_groups(pipeline, closing_in(pipeline.closed, period), by)
    won, lost = nw.col("status") == "won", nw.col("status") == "lost"
    return summed(
        deals,
        by,
        won_count=count_where(won),
        won_amount=amount_where(won),
        won_priced=count_where(won & ~nw.col("value").is_null()),
        lost_count=count_where(lost),
        lost_amount=amount_where(lost),
    )
