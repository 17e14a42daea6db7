"""Whole history: tables worked out once of all that ever happened to each deal, kept while only some deals change."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stageproof.engine.tables import NUMBER

MANY = 2_000
"""From how many changed deals on everything is worked out anew."""

PIECES = 16
"""Of how many pieces a table may be before it is put together."""


@dataclass(frozen=True)
class Worked:
    """A table with rows of each deal, and the numbers of the deals that have changed since; None where none has."""

    table: pl.DataFrame
    behind: pl.Series | None = None

    def with_changed(self, rows: pl.DataFrame) -> Worked:
        """The table up to date, with these rows in the place of those of the deals that changed."""
        assert self.behind is not None
        # A row without a number is of no deal in particular, and stays.
        theirs = pl.col(NUMBER).is_in(self.behind.implode()).fill_null(value=False)
        others = self.table.filter(~theirs)
        table = pl.concat([others, rows.select(others.columns).cast(others.schema)], rechunk=False)
        return Worked(table.rechunk() if table.n_chunks() > PIECES else table)


class WholeHistory(dict[tuple[str, tuple[str, ...]], Worked]):
    """What was worked out, by its name and the tables that it is of."""

    def after(self, table: str, changed: pl.Series | None) -> WholeHistory:
        """What is left of it when rows of a table are others: of the deals that changed, or of any where None."""
        left = WholeHistory()
        for key, worked in self.items():
            if table not in key[1]:
                left[key] = worked
            elif changed is not None and NUMBER in worked.table.columns:
                behind = changed if worked.behind is None else pl.concat([worked.behind, changed]).unique()
                if behind.len() < MANY:
                    left[key] = Worked(worked.table, behind)
        return left
