"""Cells: the engine's integers as the text that other systems export."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stageproof.demo.book import Tables
from stageproof.engine.tables import FOREVER

WON_STAGE, LOST_STAGE = "Closed Won", "Closed Lost"


def utc(column: str, pattern: str = "%Y-%m-%dT%H:%M:%S.000Z") -> pl.Expr:
    """An instant as text in UTC."""
    return pl.col(column).cast(pl.Datetime("us")).dt.strftime(pattern)


def date(column: str) -> pl.Expr:
    """A day as 2024-09-30."""
    return pl.col(column).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")


def day_of(column: str) -> pl.Expr:
    """The day of an instant as 2024-09-30."""
    return utc(column, "%Y-%m-%d")


def money(column: str) -> pl.Expr:
    """Minor units of a currency with cents as 1234.50."""
    cents = pl.col(column)
    return pl.concat_str([cents // 100, (cents % 100).cast(pl.String).str.zfill(2)], separator=".")


def number(column: str) -> pl.Expr:
    """The number in an identifier such as D-0042."""
    return pl.col(column).str.slice(2).cast(pl.Int64)


def yes_no(condition: pl.Expr) -> pl.Expr:
    """true or false in small letters."""
    return pl.when(condition).then(pl.lit("true")).otherwise(pl.lit("false"))


def numbered(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """The values of a column with a number each from 1: the column and `number`."""
    return frame.select(key).unique(maintain_order=True).with_row_index("number", offset=1)


def stage_label(won: str = WON_STAGE, lost: str = LOST_STAGE) -> pl.Expr:
    """The stage, or the closed one that a CRM shows instead."""
    status = pl.col("status")
    return (
        pl.when(status == "won")
        .then(pl.lit(won))
        .when(status == "lost")
        .then(pl.lit(lost))
        .otherwise(pl.col("stage"))
    )


def present(tables: Tables) -> pl.DataFrame:
    """The deals as they stand at the end."""
    return tables.deals.filter(pl.col("valid_to") == FOREVER).sort("deal")


def present_leads(tables: Tables) -> pl.DataFrame:
    """The leads as they stand at the end."""
    return tables.engine["leads"].filter(pl.col("valid_to") == FOREVER).sort("lead")


def changed(versions: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The versions in which one of the columns differs from the deal's version before, first ones included."""
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in columns)
    first = pl.col("deal").ne_missing(pl.col("deal").shift(1))
    return versions.filter(first | ~same)


def changes(versions: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """One row per change of one of the columns: deal, field, old, new, valid_from, actor; all as text."""
    parts = []
    for name in columns:
        text = pl.col(name).cast(pl.String)
        moved = pl.col("deal").eq(pl.col("deal").shift(1)) & text.ne_missing(text.shift(1))
        parts.append(
            versions.with_columns(field=pl.lit(name), old=text.shift(1), new=text)
            .filter(moved)
            .select("deal", "field", "old", "new", "valid_from", "actor")
        )
    return pl.concat(parts).sort("valid_from", "deal", "field")


def first_name(column: str) -> pl.Expr:
    return pl.col(column).str.split(" ").list.first()


def last_name(column: str) -> pl.Expr:
    return pl.col(column).str.split(" ").list.slice(1).list.join(" ")
