"""Terms: one way to write a test that answers for a column of a million deals and for a single row alike.

A test is written once against a `Source`. Over `Columns` it becomes a Narwhals expression; over a `Row` it is worked out
on the spot, which spares the gate the cost of planning a query for one deal. Unknown is null in both, and both follow
the three-valued logic of SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Generic, Protocol, TypeVar

import narwhals as nw
import polars as pl

from stageproof.engine.frames import Lazy

T = TypeVar("T")
NUMBER = "deal_no"
"""A whole number that tells deals apart in all tables that have this column."""


class Term(Protocol):
    """What tests are made of: compares, joins, negates; null spreads as in SQL."""

    def __eq__(self, other: Any) -> Any: ...
    def __ne__(self, other: Any) -> Any: ...
    def __lt__(self, other: Any) -> Any: ...
    def __le__(self, other: Any) -> Any: ...
    def __gt__(self, other: Any) -> Any: ...
    def __ge__(self, other: Any) -> Any: ...
    def __and__(self, other: Any) -> Any: ...
    def __or__(self, other: Any) -> Any: ...
    def __invert__(self) -> Any: ...
    def is_null(self) -> Any: ...
    def is_in(self, other: Any) -> Any: ...


class Source(Protocol):
    """Where the values of a test come from."""

    def __getitem__(self, name: str) -> Any: ...
    def lowered(self, name: str) -> Any: ...
    def known(self, term: Any) -> Any: ...
    def unknown(self) -> Any: ...
    def always(self) -> Any: ...
    def how_many(self, table: str, test: Callable[[Source], Any]) -> Any: ...
    def first_that_holds(self, choices: Sequence[tuple[Any, int]], otherwise: int) -> Any: ...


@dataclass(frozen=True, eq=False)
class Cell:
    """One value that answers to the operators of an expression."""

    value: Any

    def __hash__(self) -> int:
        return hash(self.value)

    def _with(self, other: Any, work: Callable[[Any, Any], Any]) -> Cell:
        right = other.value if isinstance(other, Cell) else other
        return Cell(None if self.value is None or right is None else work(self.value, right))

    def __eq__(self, other: object) -> Cell:  # type: ignore[override]
        return self._with(other, lambda a, b: a == b)

    def __ne__(self, other: object) -> Cell:  # type: ignore[override]
        return self._with(other, lambda a, b: a != b)

    def __lt__(self, other: Any) -> Cell:
        return self._with(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Cell:
        return self._with(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Cell:
        return self._with(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Cell:
        return self._with(other, lambda a, b: a >= b)

    def __add__(self, other: Any) -> Cell:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Cell:
        return self._with(other, lambda a, b: a - b)

    def __and__(self, other: Any) -> Cell:
        both = (self.value, other.value)
        return Cell(False if False in both else None if None in both else True)

    def __or__(self, other: Any) -> Cell:
        both = (self.value, other.value)
        return Cell(True if True in both else None if None in both else False)

    def __invert__(self) -> Cell:
        return Cell(None if self.value is None else not self.value)

    def is_null(self) -> Cell:
        return Cell(self.value is None)

    def is_in(self, other: Iterable[Any]) -> Cell:
        return Cell(None if self.value is None else self.value in list(other))


@dataclass
class Columns:
    """The columns of a frame; counts in other tables are gathered, one pass over each table."""

    words: Any = nw
    """Where expressions come from, as `own_words` gives it."""

    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Per table the test of each count, by the column that the count goes into."""

    def __getitem__(self, name: str) -> Any:
        return self.words.col(name)

    def lowered(self, name: str) -> Any:
        return self.words.col(name).str.to_lowercase()

    def known(self, term: Any) -> Any:
        return self.words.coalesce(term, self.words.lit(False))

    def unknown(self) -> Any:
        return self.words.lit(None).cast(self.words.Boolean)

    def always(self) -> Any:
        # Not a literal: engines refuse to add up a scalar per group.
        return ~self.words.col("deal").is_null()

    def how_many(self, table: str, test: Callable[[Source], Any]) -> Any:
        columns = self.wanted.setdefault(table, {})
        name = f"_{table}_{len(columns)}"
        columns[name] = test(Columns(self.words))
        return self.words.coalesce(self.words.col(name).cast(self.words.Int64), self.words.lit(0))

    def first_that_holds(self, choices: Sequence[tuple[Any, int]], otherwise: int) -> Any:
        chosen = self.words.lit(otherwise)
        for test, number in reversed(choices):
            chosen = self.words.when(test).then(self.words.lit(number)).otherwise(chosen)
        return chosen

    def counted_into(self, deals: Any, tables: Mapping[str, Any]) -> Any:
        """The deals with a column for each count; the frames are as `own_words` gives them."""
        held = {table: frame for table in self.wanted if (frame := tables[table]) is not None}
        if not held:
            return deals
        key = deal_key(deals, *held.values())
        # Other engines work the deals out again wherever they stand in the plan.
        in_memory = self.words is pl
        counts = deals.select(key) if in_memory else deals
        for table, frame in held.items():
            tests = self.wanted[table]
            # What passes no test counts nowhere: of activities mostly the last few weeks are left.
            theirs = frame.filter(
                ~self.words.col(key).is_null(), reduce(or_, map(self.known, tests.values()))
            )
            if in_memory:
                theirs = theirs.join(deals.select(key), on=key, how="semi")
            ones = {
                name: self.words.when(test).then(self.words.lit(1)).otherwise(self.words.lit(0)).sum()
                for name, test in tests.items()
            }
            counts = counts.join(theirs.group_by(key).agg(**ones), on=key, how="left")
        # The deals have many columns: where they are in memory, they are joined once, not with every table.
        return deals.join(counts, on=key, how="left") if in_memory else counts

    @property
    def names(self) -> list[str]:
        return [name for columns in self.wanted.values() for name in columns]


@dataclass(frozen=True)
class Row(Generic[T]):
    """The values of one deal, with the rows that belong to it in other tables."""

    values: Mapping[str, Any]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Cell:
        return Cell(self.values.get(name))

    def lowered(self, name: str) -> Cell:
        value = self.values.get(name)
        return Cell(None if value is None else str(value).lower())

    def known(self, term: Cell) -> Cell:
        return Cell(bool(term.value))

    def unknown(self) -> Cell:
        return Cell(None)

    def always(self) -> Cell:
        return Cell(True)

    def how_many(self, table: str, test: Callable[[Source], Cell]) -> Cell:
        return Cell(sum(1 for row in self.tables.get(table, ()) if test(Row(row)).value))

    def first_that_holds(self, choices: Sequence[tuple[Cell, int]], otherwise: int) -> Cell:
        return Cell(next((number for test, number in choices if test.value), otherwise))


def own_words(*frames: Lazy | None) -> tuple[Any, list[Any]]:
    """What expressions over the frames are made of, and the frames in it: Polars itself where it holds them.

    Its words for columns, conditions and joins are those of Narwhals. A definition makes hundreds of expressions, which
    are planned several times faster without a layer between.
    """
    natives = [None if frame is None else frame.to_native() for frame in frames]
    if all(native is None or isinstance(native, pl.LazyFrame) for native in natives):
        return pl, natives
    return nw, list(frames)


def deal_key(*frames: Any) -> str:
    """What to join these frames by: the deals' numbers where all have them, which is several times faster than names."""
    return NUMBER if all(NUMBER in frame.collect_schema().names() for frame in frames) else "deal"
