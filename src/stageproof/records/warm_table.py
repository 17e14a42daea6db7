"""A table kept warm: what was loaded stays where it is, and what came since lies beside it.

One change then costs a few rows and one column of ends, not a copy of everything that ever happened.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stageproof.engine.tables import FOREVER

FEW = 2_000
"""Up to how many fresh rows are laid beside; more are sorted in at once."""

FOLDED_AT = 20_000
"""How many rows may lie beside, or an eighth of what was loaded, before all are sorted anew."""

_ORDER = ("valid_from", "recorded_at", "seq")


@dataclass(frozen=True)
class WarmTable:
    """The versions of one table, each until the next of the same thing; without a key nothing ends.

    `base` is in the order of the key, and its rows never move; `tail` is in the order in which changes came.
    """

    key: tuple[str, ...]
    base: pl.DataFrame
    tail: pl.DataFrame

    @classmethod
    def loaded(cls, rows: pl.DataFrame, key: tuple[str, ...]) -> WarmTable:
        """The table of rows that were all read at once."""
        base = ended(rows, key).rechunk()
        return cls(key, base, base.clear())

    @property
    def frame(self) -> pl.DataFrame:
        """All rows, in no order that anyone may count on."""
        return self.base if self.tail.is_empty() else pl.concat([self.base, self.tail], rechunk=False)

    def with_changes(self, fresh: pl.DataFrame) -> WarmTable:
        """The table with rows that came since, numbered after all that it has; they may have further columns."""
        base, *later = _alike([self.base, self.tail, fresh])
        # In one piece, as the column of ends is: pieces that differ would be copied whole by whoever reads them.
        young = pl.concat(later, rechunk=True)
        if fresh.height > FEW or young.height > max(FOLDED_AT, base.height // 8):
            return WarmTable.loaded(pl.concat([base, young]), self.key)
        if not self.key:
            return WarmTable(self.key, base, young)
        return WarmTable(self.key, *self._ended(base, young, fresh))

    def deals_after(self, seq: int, named: str = "deal") -> pl.Series:
        """The deals of rows that came after this number, as a column names them."""
        parts = [
            part.select(named, "seq").filter(pl.col("seq") > seq)[named] for part in (self.base, self.tail)
        ]
        return pl.concat(parts)

    def _ended(
        self, base: pl.DataFrame, young: pl.DataFrame, fresh: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Both parts with the ends of whatever shares the first column of its key with a fresh row."""
        first, needed = self.key[0], [*self.key, *_ORDER]
        same = fresh[first].unique()
        old = _places(base[first], same)
        beside = young.select(needed).with_row_index("place", offset=base.height)
        beside = beside.filter(pl.col(first).is_in(same.implode(), nulls_equal=True))
        before = base.select(needed)[old].with_columns(place=old)
        ends = ended(pl.concat([before.select(beside.columns).cast(beside.schema), beside]), self.key)
        ends = ends.select(pl.col("place").cast(pl.Int64), "valid_to").sort("place")
        of_base = pl.col("place") < base.height
        return (
            _ending(base, ends.filter(of_base)),
            _ending(young, ends.filter(~of_base).with_columns(pl.col("place") - base.height)),
        )


def ended(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Each version until the next of the same thing, in the order in which the engine breaks ties."""
    if not key:
        return rows
    ordered = rows.sort([*key, *_ORDER])
    following = pl.col("valid_from").shift(-1).over(list(key))
    return ordered.with_columns(valid_to=following.fill_null(FOREVER))


def _places(column: pl.Series, values: pl.Series) -> pl.Series:
    """Where the values stand in a column that is sorted, blanks first."""
    blank = column.null_count()
    filled, wanted = column.slice(blank), values.drop_nulls()
    begins = filled.search_sorted(wanted, side="left") + blank
    ends = filled.search_sorted(wanted, side="right") + blank
    places = [pl.int_range(begin, end, eager=True) for begin, end in zip(begins, ends, strict=True)]
    if blank and values.null_count():
        places.append(pl.int_range(0, blank, eager=True))
    return pl.concat(places) if places else pl.Series([], dtype=pl.Int64)


def _ending(rows: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    if ends.is_empty():
        return rows
    # The copy shares its values with the table until they are written to.
    column = rows["valid_to"].clone()
    return rows.with_columns(column.scatter(ends["place"], ends["valid_to"]))


def _alike(frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """The frames with every column that one of them has; blank where it has none."""
    columns: dict[str, pl.DataType] = {}
    for frame in frames:
        columns.update(frame.schema)
    blanks = [{n: pl.lit(None, t) for n, t in columns.items() if n not in frame.columns} for frame in frames]
    return [
        frame.with_columns(**blank).select(list(columns)) for frame, blank in zip(frames, blanks, strict=True)
    ]
