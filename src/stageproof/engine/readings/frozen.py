"""A frozen reading against the present one: why each figure moved, cause by cause, to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args

import polars as pl

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.qualification import QUALIFICATIONS, QUALIFIED
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Line, Where
from stageproof.engine.readings.walk import walk

Cause = Literal["altered", "late_arrivals", "rates", "definition", "events"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
"""In the order in which what was then is replaced by what is now. `altered` is nought unless the history itself is no
longer the one that was frozen."""


@dataclass(frozen=True)
class Frozen:
    """What a frozen reading was asked, and what it said.

    Instants in microseconds; `definitions` are all versions that were published then, `figures` the amounts of the
    statement's lines by name, as they were shown.
    """

    as_of: int
    known_at: int
    period: Period
    definitions: tuple[Definition, ...]
    where: Where = field(default_factory=dict)
    pipelines: tuple[str, ...] | None = None
    figures: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Why each line of the statement is not what it was.

    `lines` has a row per line: line, title, `then`, one amount per cause, `now`; then and the causes add up to now.
    Amounts are minor units of the reporting currency; null where a line has no amount at one of the ends.
    """

    lines: pl.DataFrame
    _looked: Mapping[Cause, tuple[Looked, Looked]] = field(repr=False, compare=False)

    def deals(self, line: str, cause: Cause) -> pl.DataFrame:
        """The deals for which a line moved by a cause: deal, name, account, owner, `before`, `after`, `amount`, the
        furthest moved first. Refused where there is no such line or cause."""
        if line not in self.lines["line"] or cause not in CAUSES:
            says = f"Nothing is called '{line[:40]}' by '{str(cause)[:40]}' in this comparison."
            known = f"{', '.join(self.lines['line'])}; {', '.join(CAUSES)}"
            raise Refused([Problem("unknown_figure", says, f"Use one of: {known}.", value=line[:40])])
        if cause not in self._looked:
            return _moved(pl.DataFrame(schema=_WORTH), pl.DataFrame(schema=_WORTH))
        before, after = self._looked[cause]
        return _moved(_worth(before, line), _worth(after, line))


_WORTH = {**dict.fromkeys(("deal", "name", "account", "owner"), pl.String), "worth": pl.Int64}


def compare(then: Frozen, now: Pipeline) -> Comparison:
    """Why the figures of a frozen reading are what they are now.

    One thing after the other is replaced, at the frozen instant: first what was known by what is known now (late
    arrivals), then the rates by the present ones (corrected, and of the present day), then the rules by those in
    force now (definition); what is left is what happened since (events).
    """
    stages = _Stages(then, now)
    looked = [Looked(each, then.period, then.where, then.pipelines) for each in stages.all]
    values = [{line.name: line for line in walk(each)} for each in looked]
    rows = [_row(then, name, [each.get(name) for each in values]) for name in _names(values)]
    schema = {"line": pl.String, "title": pl.String, **dict.fromkeys(("then", *CAUSES, "now"), pl.Int64)}
    lines = pl.DataFrame(rows, schema=schema, orient="row")
    return Comparison(lines, dict(zip(CAUSES[1:], pairwise(looked), strict=True)))


@dataclass(frozen=True)
class _Stages:
    """The pipelines between then and now."""

    then: Frozen
    now: Pipeline

    @property
    def all(self) -> list[Pipeline]:
        return [self.frozen, self.with_late_arrivals, self.at_rates_of_now, self.under_rules_of_now, self.now]

    @cached_property
    def frozen(self) -> Pipeline:
        """As it was known then."""
        return Pipeline(self._book, self.then.as_of, self.then.known_at)

    @cached_property
    def with_late_arrivals(self) -> Pipeline:
        """The same instant as it is known now, at the rates known then."""
        book = self._book
        if book.holds("rates"):
            known = {"rates": book.rates(self.then.known_at)}
            book = replace(book, tables={**book.tables, **known})
        return Pipeline(book, self.then.as_of, self.now.known_at)

    @cached_property
    def at_rates_of_now(self) -> Pipeline:
        """The same at the rates known now, open deals at those of the present day."""
        return Pipeline(self._book, self.then.as_of, self.now.known_at, rates_on=self.now.day)

    @cached_property
    def under_rules_of_now(self) -> Pipeline:
        """The same under the rules in force now."""
        return self.at_rates_of_now.under(*self.now.definitions)

    @property
    def _book(self) -> Book:
        return self.now.book.with_definitions(self.then.definitions)


def _names(values: list[dict[str, Line]]) -> list[str]:
    """The lines of both ends, in the order of the statement; a target may be set or dropped in between."""
    first, last = values[0], values[-1]
    return list(last if len(last) > len(first) else first)


def _row(then: Frozen, name: str, lines: list[Line | None]) -> tuple[str | int | None, ...]:
    title = next(line.title for line in lines if line is not None)
    amounts = [None if line is None else line.amount for line in lines]
    said = then.figures.get(name, amounts[0])
    steps = [said, *amounts]
    parts = [None if a is None or b is None else b - a for a, b in pairwise(steps)]
    return (name, title, said, *parts, amounts[-1])


def _worth(looked: Looked, line: str) -> pl.DataFrame:
    """What each deal adds to a line."""
    base = looked.base.select("deal", "name", "account", "owner", worth="expected")
    won = _valued(looked.won)
    match line:
        case "nominal":
            return _valued(looked.open)
        case "outside":
            return _valued(looked.open.filter(pl.col("qualification") == QUALIFIED, ~pl.col("due")))
        case "base":
            return _valued(looked.base)
        case "unexpected":
            return looked.base.select(
                "deal", "name", "account", "owner", worth=pl.col("value").fill_null(0) - pl.col("expected")
            )
        case "expected":
            return base
        case "won":
            return won
        case "forecast" | "gap":
            return pl.concat([base, won])
    if line in QUALIFICATIONS:
        return _valued(looked.open.filter(pl.col("qualification") == line))
    return pl.DataFrame(schema=_WORTH)


def _valued(deals: pl.DataFrame) -> pl.DataFrame:
    return deals.select("deal", "name", "account", "owner", worth=pl.col("value").fill_null(0))


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    names = after.vstack(before).unique("deal", keep="first").drop("worth")
    sums = [part.group_by("deal").agg(pl.col("worth").sum()) for part in (before, after)]
    both = names.join(sums[0].rename({"worth": "before"}), on="deal", how="left").join(
        sums[1].rename({"worth": "after"}), on="deal", how="left"
    )
    amount = pl.col("after").fill_null(0) - pl.col("before").fill_null(0)
    moved = both.with_columns(amount=amount).filter(pl.col("amount") != 0)
    return moved.sort(pl.col("amount").abs(), "deal", descending=[True, False])
