"""Intervals: how far a share of few deals may be from the truth."""

from __future__ import annotations

import polars as pl

_Z = 1.959963984540054


def wilson(rate: pl.Expr, count: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Both ends of the 95% Wilson interval of a share; null where there was nothing to count."""
    z2 = _Z * _Z
    middle = rate + z2 / (2 * count)
    reach = _Z * (rate * (1 - rate) / count + z2 / (4 * count * count)).sqrt()
    low, high = ((middle - reach) / (1 + z2 / count), (middle + reach) / (1 + z2 / count))
    # Exactly none and exactly all touch the ends, which rounding would miss.
    return (
        pl.when(count > 0).then(pl.when(rate == 0).then(0.0).otherwise(low)),
        pl.when(count > 0).then(pl.when(rate == 1).then(1.0).otherwise(high)),
    )
