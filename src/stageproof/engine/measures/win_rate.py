"""Win rate: won over won and lost, by count and by amount."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.interval import wilson
from stageproof.engine.period import Period


def win_rate(pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per group: `won_count`, `lost_count`, `by_count`, `by_amount`, `low`, `high`.

    Of the deals that closed in the period, or ever. The rates are between 0 and 1; null where nothing closed.
    `low` to `high` is the 95% Wilson interval of the rate by count, so that few deals do not shout.
    """
    closed = bookings(pipeline, period=period, by=by).select(
        *by,
        "won_count",
        "lost_count",
        by_count=share(pl.col("won_count"), pl.col("lost_count")),
        by_amount=share(pl.col("won_amount"), pl.col("lost_amount")),
    )
    low, high = wilson(pl.col("by_count"), pl.col("won_count") + pl.col("lost_count"))
    return closed.with_columns(low=low, high=high)


def share(won: pl.Expr, lost: pl.Expr) -> pl.Expr:
    """Won over won and lost; null where that is nothing."""
    return pl.when(won + lost != 0).then(won / (won + lost))
