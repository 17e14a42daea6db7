"""Average deal size: the mean amount of won deals."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.period import Period


def average_deal_size(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group: `won_priced`, `won_amount`, and their quotient `average_amount`, rounded half-even.

    Minor units of the reporting currency; null where no won deal has an amount.
    """
    table = bookings(pipeline, period=period, by=by).select(*by, "won_priced", "won_amount")
    means = [
        half_even(amount, count) if count else None
        for count, amount in table.select("won_priced", "won_amount").iter_rows()
    ]
    return table.with_columns(average_amount=pl.Series(means, dtype=pl.Int64))


def half_even(numerator: int, denominator: int) -> int:
    """The quotient of integers, rounded half to even without a float."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        whole += 1
    return whole
