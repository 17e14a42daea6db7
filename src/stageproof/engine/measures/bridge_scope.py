"""The scope of a bridge: which versions count, for what they count, and what they are worth on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_

import narwhals as nw

from stageproof.engine.book import Pipeline
from stageproof.engine.exchange import valued
from stageproof.engine.frames import Lazy, day_number
from stageproof.engine.measures.grouping import GRAINS, with_groups
from stageproof.engine.period import Period

STATE = ("deal", "status", "close_on", "amount", "currency")
"""What is carried of each version, beside the columns asked for."""


@dataclass(frozen=True)
class Scope:
    """Open deals that match `where` and close in `period`, cut into groups `by`.

    With `own_currency` a deal is worth its amount in its own currency, unconverted.
    """

    where: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    period: Period | None = None
    by: tuple[str, ...] = ()
    own_currency: bool = False

    @property
    def carried(self) -> tuple[str, ...]:
        """Every column that a state must show."""
        return tuple(dict.fromkeys((*STATE, *self.where, *self.by)))

    @property
    def places(self) -> tuple[str, ...]:
        """The columns in which a deal moves when it is transferred."""
        return tuple(name for name in dict.fromkeys((*self.where, *self.by)) if name not in GRAINS)

    def states(self, pipeline: Pipeline, versions: Lazy, *also: str) -> Lazy:
        """The versions with `dated` (the close date is right) and `inside` (all is), and little else."""
        grouped = with_groups(pipeline, versions, self.carried)
        inside = (nw.col("status") == "open") & self._dated() & self._placed()
        return grouped.select(*self.carried, *also, dated=self._dated(), inside=inside)

    def worth(self, pipeline: Pipeline, states: Lazy, name: str, on: nw.Expr) -> Lazy:
        """With `name`: what each state is worth on the day, in minor units; nothing where that is unknown."""
        if self.own_currency:
            return states.with_columns(**{name: nw.coalesce(nw.col("amount"), nw.lit(0))})
        priced = valued(states, pipeline.book, on, rates=pipeline.rates)
        return priced.with_columns(**{name: nw.coalesce(nw.col("value"), nw.lit(0))}).drop("value")

    def converts(self, pipeline: Pipeline) -> bool:
        """Whether the day of a valuation matters at all."""
        book = pipeline.book
        return not self.own_currency and book.holds("rates") and book.currencies != {book.currency}

    def _dated(self) -> nw.Expr:
        tests = [_is_one_of(name, self.where[name]) for name in self.where if name in GRAINS]
        if self.period is not None:
            tests.append(nw.col("close_on") >= day_number(self.period.starts_on))
            tests.append(nw.col("close_on") <= day_number(self.period.ends_on))
        return _all(tests)

    def _placed(self) -> nw.Expr:
        return _all([_is_one_of(name, self.where[name]) for name in self.where if name not in GRAINS])


def matches(where: Mapping[str, Sequence[str | None]]) -> nw.Expr:
    """Whether every column named has one of its values, None among them for a blank."""
    return _all([_is_one_of(name, values) for name, values in where.items()])


def changed(name: str) -> nw.Expr:
    """Whether the column differs before and after; two blanks are the same."""
    before, after = nw.col(f"before_{name}"), nw.col(f"after_{name}")
    return ~nw.coalesce(before == after, before.is_null() & after.is_null())


def _is_one_of(name: str, values: Sequence[str | None]) -> nw.Expr:
    stated = [value for value in values if value is not None]
    blank = nw.col(name).is_null()
    # SQL knows no empty list of choices, and a filter wants a column.
    found = nw.coalesce(nw.col(name).is_in(stated), nw.lit(False)) if stated else blank & ~blank
    return found | blank if None in values else found


def _all(tests: Sequence[nw.Expr]) -> nw.Expr:
    """Whether every test passes; a blank fails."""
    return nw.coalesce(reduce(and_, tests, nw.lit(True)), nw.lit(False))
