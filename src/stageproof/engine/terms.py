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
from stageproof.engine.tables import NUMBER

T = TypeVar("T")


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


@dataclass(frozen=True)
class Recent:
    """That an instant in a column is less than some days ago: after `after`, in microseconds."""

    column: str
    days: int
    after: int


@dataclass(frozen=True)
class Wanted:
    """That at least so many rows of a table pass a test and, where it says so, are recent."""

    times: int
    test: Any
    recent: Recent | None = None

    def passed(self, words: Any) -> Any:
        """Whether a row passes, at the instant that was asked about."""
        recent = self.recent
        return self.test if recent is None else self.test & (words.col(recent.column) > recent.after)


class Source(Protocol):
    """Where the values of a test come from."""

    def __getitem__(self, name: str) -> Any: ...
    def lowered(self, name: str) -> Any: ...
    def known(self, term: Any) -> Any: ...
    def unknown(self) -> Any: ...
    def always(self) -> Any: ...
    def at_least(
        self, times: int, table: str, test: Callable[[Source], Any], recent: Recent | None = None
    ) -> Any: ...
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


PLACES = 62
"""How many tests a whole number tells of, one in each of its binary places."""


@dataclass
class Columns:
    """The columns of a frame; counts in other tables are gathered, one pass over each table."""

    words: Any = nw
    """Where expressions come from, as `own_words` gives it."""

    proven: bool = False
    """Whether what is asked of other tables was worked out for all days, and stands in the places of whole numbers."""

    wanted: dict[str, list[Wanted]] = field(default_factory=dict)
    """What is asked of each table, in the order in which it was asked."""

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

    def at_least(
        self, times: int, table: str, test: Callable[[Source], Any], recent: Recent | None = None
    ) -> Any:
        asked = self.wanted.setdefault(table, [])
        number = len(asked)
        asked.append(Wanted(times, test(Columns(self.words)), recent))
        if self.proven:
            place = self.words.lit(1 << number % PLACES)
            return self.known((self.words.col(held_in(table, number)) & place) != 0)
        found = self.words.col(counted_in(table, number)).cast(self.words.Int64)
        return self.words.coalesce(found, self.words.lit(0)) >= times

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
            tests = {
                counted_in(table, number): each.passed(self.words)
                for number, each in enumerate(self.wanted[table])
            }
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
        """The columns that were added for the tests."""
        named = held_in if self.proven else counted_in
        every = [named(table, number) for table, asked in self.wanted.items() for number in range(len(asked))]
        return list(dict.fromkeys(every))


def counted_in(table: str, number: int) -> str:
    """The column with the count of the rows of a table that pass one of the tests asked of it."""
    return f"_{table}_{number}"


def held_in(table: str, number: int) -> str:
    """The column with the whole number that tells whether one of the tests asked of a table holds."""
    return f"_{table}_held_{number // PLACES}"


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

    def at_least(
        self, times: int, table: str, test: Callable[[Source], Cell], recent: Recent | None = None
    ) -> Cell:
        found = 0
        for values in self.tables.get(table, ()):
            row: Row[Any] = Row(values)
            holds = test(row)
            if recent is not None:
                holds = holds & (row[recent.column] > recent.after)
            found += bool(holds.value)
        return Cell(found >= times)

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
