"""What is looked at: the pipeline of some deals, kept for the next figure of them; and tables to take away."""

from __future__ import annotations

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.kept import Kept
from stageproof.engine.measures.asking import kind_of
from stageproof.engine.money import Money, exponent
from stageproof.engine.narrowing import Where, narrowed

NARROWED, TABLES = 6, 64
"""How many narrowed pipelines of a moment, and tables of a pipeline, a process keeps ready."""


def looked_at(pipeline: Pipeline, where: Where) -> Pipeline:
    """The pipeline of the deals that match, kept with the whole one; that one where there is nothing to match."""
    if not where:
        return pipeline
    found: Kept[Pipeline] = pipeline.remember("narrowed", lambda: Kept(NARROWED))
    return found.get(repr(where), lambda: narrowed(pipeline, where))


def in_major(table: pl.DataFrame, currency: str) -> pl.DataFrame:
    """A measure's table with its amounts in major units and their currency beside."""
    money = [name for name, dtype in table.schema.items() if kind_of(name, dtype) == "money"]
    decimals = [major(table[name], currency) for name in money]
    return table.with_columns(*decimals).with_columns(currency=pl.lit(currency)) if money else table


def major(amounts: pl.Series, currency: str) -> pl.Series:
    """Amounts in minor units as decimals in major ones."""
    scale = exponent(currency)
    values = [None if amount is None else Money(amount, currency).decimal for amount in amounts]
    return pl.Series(amounts.name, values, dtype=pl.Decimal(38, scale))
