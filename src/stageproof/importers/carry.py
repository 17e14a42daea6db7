"""Carrying values forward within each deal, in one pass over rows that are in order."""

from __future__ import annotations

import polars as pl


def first_of_deal(ix: pl.Series) -> pl.Series:
    """For each row the index of the first row of its deal."""
    index = pl.int_range(len(ix), dtype=pl.UInt32, eager=True)
    starts = (ix != ix.shift(1)).fill_null(True)
    return _kept(index, starts).forward_fill()


def last_index(hit: pl.Series, first: pl.Series) -> pl.Series:
    """For each row the index of the last row of its deal, up to itself, that is a hit; null before the first."""
    index = pl.int_range(len(hit), dtype=pl.UInt32, eager=True)
    latest = _kept(index, hit.fill_null(False)).forward_fill()
    return _kept(latest, (latest >= first).fill_null(False))


def at_index(column: pl.Series, index: pl.Series) -> pl.Series:
    """The column's values at the indexes; null where there is none."""
    return column.gather(index)


def _kept(values: pl.Series, mask: pl.Series) -> pl.Series:
    """The values where the mask is true, null elsewhere."""
    name = values.name
    return (
        pl.DataFrame([values.alias("v"), mask.alias("m")])
        .select(pl.when("m").then("v"))
        .to_series()
        .alias(name)
    )
