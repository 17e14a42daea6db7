"""Which deal a row of another file speaks of."""

from __future__ import annotations

import polars as pl

from stageproof.importers.days import coalesced, look_up
from stageproof.importers.intake import Intake


def referred_deal(said: pl.Series, deals: pl.DataFrame) -> pl.Series:
    """The deal by its id, else by its name where that is of one deal only; null where it is neither."""
    by_id = look_up(said, deals.select(key="deal", deal="deal"), "deal")
    if "name" not in deals.columns or not by_id.null_count():
        return by_id
    single = deals.filter(pl.col("name").is_not_null() & ~pl.col("name").is_duplicated())
    return coalesced(by_id, look_up(said, single.select(key="name", deal="deal"), "deal"))


def reject_unknown_deals(intake: Intake, deal: pl.Series, name: str) -> None:
    """Rejects the rows whose deal is not there, or is not said."""
    said = intake.text(name)
    intake.reject(said.is_null(), "no_deal", "The row names no deal.", "Fill in the id of the deal.", name)
    intake.reject(
        deal.is_null(),
        "unknown_deal",
        "The row is of a deal that no file of deals has.",
        "Write the id as the file of deals has it, or export the deals again.",
        name,
    )
