"""Coverage ahead: this period and those after it, with what early stages hold for them."""

from __future__ import annotations

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.coverage import coverage
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.period import Period

PERIODS = 4


def coverage_ahead(pipeline: Pipeline, *, period: Period) -> pl.DataFrame:
    """One row per period, the one asked for and the three after it: `closing_in`, `target`, what is open, qualified,
    in early and in late stages, `won_amount`, and the four ratios of coverage.

    Early stages cover future periods, late ones this one. `early_amount` and `late_amount` add up to
    `open_amount`, but for deals in stages that no definition knows. Null where no target is set.
    """
    parts = []
    for _ in range(PERIODS):
        bands = open_pipeline(pipeline, period=period, by=["band"])
        early, late = (_of_band(bands, band) for band in ("early", "late"))
        parts.append(
            coverage(pipeline, period=period).select(
                pl.lit(period.name).alias("closing_in"),
                "target",
                "open_count",
                "open_amount",
                "qualified_amount",
                pl.lit(early, pl.Int64).alias("early_amount"),
                pl.lit(late, pl.Int64).alias("late_amount"),
                "won_amount",
                "nominal",
                "qualified",
                "remaining",
                "needed",
            )
        )
        period = pipeline.book.calendar.next(period)
    return pl.concat(parts)


def _of_band(bands: pl.DataFrame, band: str) -> int:
    return int(bands.filter(pl.col("band") == band)["open_amount"].sum())
