"""Amounts left blank, filled from a price list where the mapping says so."""

from __future__ import annotations

import polars as pl

from stageproof.engine.problem import Problem
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake
from stageproof.importers.keys import Matches, match_keys
from stageproof.importers.mapping import Join


def read_prices(intake: Intake, key: str | None) -> pl.DataFrame:
    """key, amount, currency of a price list; by the columns that the mapping names, else as recognised."""
    keys = _column(intake, key, "product")
    amounts = intake.money("price", intake.text("currency") if intake.has("currency") else None)
    frame = pl.DataFrame([keys.alias("key"), amounts["amount"], amounts["currency"]])
    intake.reject(
        keys.is_null(), "no_product", "The row names no product.", "Fill it in, or remove the row.", "product"
    )
    taken = intake.settle(frame)
    return taken.sort("key", "amount", nulls_last=True).unique("key", keep="first", maintain_order=True)


def _column(intake: Intake, header: str | None, name: str) -> pl.Series:
    if header is not None:
        for position, each in enumerate(intake.sheet.columns):
            if header_key(each) == header_key(header):
                return intake.column(position)
    return intake.text(name)


def matched_products(versions: pl.DataFrame, products: pl.Series, join: Join) -> Matches:
    """Which product of the list each product of the deals stands for."""
    return match_keys(versions["product"].drop_nulls().unique(), products.drop_nulls(), join)


def with_prices(versions: pl.DataFrame, prices: pl.DataFrame, matches: Matches) -> tuple[pl.DataFrame, int]:
    """The versions with blank amounts of open deals filled, and how many open deals remain without.

    A price says what an open deal may bring, never what a won one brought.
    """
    joined = pl.DataFrame(
        {"product": list(matches.joined), "key": list(matches.joined.values())},
        schema={"product": pl.String, "key": pl.String},
    )
    table = joined.join(prices.select("key", _price="amount", _in="currency"), on="key", how="inner").drop(
        "key"
    )
    full = versions.join(table, on="product", how="left", maintain_order="left")
    blank = pl.col("amount").is_null() & (pl.col("status") == "open") & pl.col("_price").is_not_null()
    fits = pl.col("currency").is_null() | (pl.col("currency") == pl.col("_in"))
    filled = full.with_columns(
        amount=pl.when(blank & fits).then("_price").otherwise("amount"),
        currency=pl.when(blank & fits).then("_in").otherwise("currency"),
    ).drop("_price", "_in")
    unfilled = filled.filter((pl.col("status") == "open") & pl.col("amount").is_null())["deal"].n_unique()
    return filled, unfilled


def near_problems(matches: Matches, counts: dict[str, int], source: str) -> list[Problem]:
    """A problem for each key that nearly matches, naming its likely twin."""
    return [
        Problem(
            "near_key",
            f"'{key}' is not in {source}; '{twin}' is, and is likely meant.",
            f'Say "{key}" = "{twin}", or near = true, under [join.product] in the mapping file.',
            source=source,
            column="product",
            value=key,
            count=counts.get(key, 1),
        )
        for key, twin in matches.near.items()
    ]
