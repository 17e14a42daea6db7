"""Work done once per distinct value of a column."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

_SMALL = 1_000
_WORTHWHILE = 0.1
"""The share of distinct values beyond which looking answers up takes longer than working them out."""


def by_distinct(keys: pl.DataFrame, read: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """What `read` makes of each row of `keys`, which it is given without repetitions where there are many."""
    most: int = keys.select(pl.max_horizontal(pl.all().approx_n_unique())).item()
    if keys.height <= _SMALL or most > keys.height * _WORTHWHILE:
        return read(keys)
    distinct = keys.unique()
    answers = read(distinct)
    keyed = distinct.select(pl.all().name.prefix("key_")).hstack(answers)
    joined = keys.select(pl.all().name.prefix("key_")).join(
        keyed,
        on=[f"key_{name}" for name in keys.columns],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return joined.select(answers.columns)
