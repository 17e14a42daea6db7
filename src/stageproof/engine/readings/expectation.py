"""Expectation: what of the qualified deals lands, by the win rate of their stage, and within which interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.stage_win_rate import STRENGTH, stage_win_rate
from stageproof.engine.money import SCALE, converted

Z80 = 1.2815515655446004
"""Standard deviations either side of the mean that hold 80% of a normal distribution."""


@dataclass(frozen=True)
class Expectation:
    """`deals` with `probability`, `expected` and `own_expected`; their sum, and its 80% interval in minor units."""

    deals: pl.DataFrame
    rates: pl.DataFrame
    amount: int
    low: int
    high: int


def expected(pipeline: Pipeline, deals: pl.DataFrame) -> Expectation:
    """The expectation of deals that have definition, position, value and amount.

    Each deal counts for its value times its stage's probability, half-even to the minor unit, so that all cuts add
    up. The interval is model-based: deals are won or lost each for itself, while the stages' rates are as uncertain
    as the counts behind them and err together, for the same deals stand behind them. It never leaves what the deals
    could come to at all.
    """
    rates = pipeline.remember("stage_win_rate", lambda: stage_win_rate(pipeline)).with_columns(
        nano=(pl.col("probability") * SCALE).round().cast(pl.Int64)
    )
    keys = ["definition", "position"]
    joined = deals.join(rates.select(*keys, "closed", "nano"), on=keys, how="left", nulls_equal=True)
    frame = nw.from_native(joined)
    priced = frame.with_columns(
        expected=nw.coalesce(converted(nw.col("value"), nw.col("nano")), nw.lit(0)),
        own_expected=nw.coalesce(converted(nw.col("amount"), nw.col("nano")), nw.lit(0)),
        probability=nw.col("nano") / SCALE,
    ).to_native()
    amount = int(priced["expected"].sum())
    low, high = _interval(priced, amount)
    return Expectation(priced.drop("nano"), rates.drop("nano"), amount, low, high)


def _interval(deals: pl.DataFrame, amount: int) -> tuple[int, int]:
    value, p = pl.col("value").fill_null(0).cast(pl.Float64), pl.col("probability")
    unsure = p * (1 - p) / (pl.col("closed") + STRENGTH + 1)
    table = deals.select(own=value**2 * (p * (1 - p) - unsure), shared=value * unsure.sqrt())
    # Added exactly, so that no order of rows shows in the cents.
    spread = math.sqrt(math.fsum(table["own"]) + math.fsum(table["shared"]) ** 2)
    least = int(deals.select(value.filter(value < 0).sum()).item())
    most = int(deals.select(value.filter(value > 0).sum()).item())
    return max(least, math.floor(amount - Z80 * spread)), min(most, math.ceil(amount + Z80 * spread))
