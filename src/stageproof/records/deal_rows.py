"""Rows of deals: where those of a few deals stand in the tables that are kept warm, without looking through them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from stageproof.records.warm_table import WarmTable

OF_A_DEAL = ("deals", "evidence", "roles", "activities")
"""The tables of which rows belong to a deal."""


@dataclass(frozen=True)
class DealRows:
    """Where the rows of each deal stand among those of a table that do not move: the deals in order, and their places.

    No places where the table itself is in the order of its deals.
    """

    deals: pl.Series
    places: pl.Series | None = None

    @classmethod
    def of(cls, table: WarmTable) -> DealRows:
        """The places in a table as it is loaded."""
        deals = table.base["deal"]
        if table.key[:1] == ("deal",):
            return cls(deals)
        places = deals.arg_sort(nulls_last=False)
        return cls(deals.gather(places), places)

    def still_of(self, table: WarmTable) -> bool:
        """Whether the rows stand where they stood: they move only when others are sorted in among them."""
        return self.deals.len() == table.base.height

    def found(self, table: WarmTable, keys: Sequence[str]) -> pl.Series:
        """The places of the rows of some deals in `table.frame`."""
        blank = self.deals.null_count()
        filled, wanted = self.deals.slice(blank), pl.Series(keys, dtype=pl.String)
        begins = filled.search_sorted(wanted, side="left")
        ends = filled.search_sorted(wanted, side="right")
        parts = [
            pl.int_range(begin + blank, end + blank, eager=True)
            for begin, end in zip(begins, ends, strict=True)
        ]
        if self.places is not None:
            parts = [self.places.gather(part).cast(pl.Int64) for part in parts]
        beside = table.tail["deal"].is_in(list(keys)).arg_true().cast(pl.Int64) + self.deals.len()
        return pl.concat([*parts, beside])
