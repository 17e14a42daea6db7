"""Identifiers of Salesforce's objects, and the frames that refer to them."""

from __future__ import annotations

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.exports.cells import number, numbered


def identifier(prefix: str, numbers: pl.Expr) -> pl.Expr:
    """An 18-character identifier of an object; null where there is no number."""
    return pl.lit(f"{prefix}DC") + numbers.cast(pl.String).str.zfill(10) + pl.lit("AAA")


def joined(frame: pl.DataFrame, keys: pl.DataFrame, key: str, prefix: str, name: str) -> pl.DataFrame:
    """The frame with the identifier `name` of what its column `key` names."""
    wanted = numbered(keys, key).select(pl.col(key), identifier(prefix, pl.col("number")).alias(name))
    return frame.join(wanted, on=key, how="left", maintain_order="left")


def with_user(frame: pl.DataFrame, tables: Tables, column: str, name: str) -> pl.DataFrame:
    people = tables.people.select(pl.col("name").alias(column))
    return joined(frame, people, column, "005", name)


def with_contact(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """With ContactId: a person is named within an account."""
    people = tables.contacts.select(
        "account", pl.col("name").alias("contact"), identifier("003", number("contact")).alias("ContactId")
    )
    return frame.join(people, on=["account", "contact"], how="left", maintain_order="left")
