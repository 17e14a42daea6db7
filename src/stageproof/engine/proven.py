"""Proven: since when and until when each proof held that criteria ask of evidence, roles and activities.

Worked out once for the whole history: what is proven at the end of any past day is then a matter of two comparisons.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import cast

import polars as pl

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, day_number, day_of, instant_number
from stageproof.engine.tables import FOREVER, NUMBER
from stageproof.engine.terms import PLACES, Wanted, held_in
from stageproof.engine.zone import end_of_day

_READ = {"evidence": ("evidence",), "activities": ("activities",), "roles": ("roles", "activities")}
"""What is read for the tests of a table: who takes part in a committee is told by activities too."""

_LAST_DAY = day_number(dt.date.max)
"""The end of this day is an instant of no calendar."""


def proven_of_all_days(pipeline: Pipeline) -> bool:
    """Whether the pipeline is that of a whole day, as known now, of deals with numbers that this process holds."""
    book = pipeline.book
    held = [book.tables[name].to_native() for name in ("deals", *_READ) if name in book.tables]
    return (
        pipeline.known_at is None
        and all(isinstance(each, pl.LazyFrame) and NUMBER in each.collect_schema() for each in held)
        and pipeline.at == instant_number(end_of_day(pipeline.on, book.zone)) - 1
    )


def proven_into(
    deals: pl.LazyFrame, pipeline: Pipeline, definition: Definition, wanted: Mapping[str, Sequence[Wanted]]
) -> pl.LazyFrame:
    """The deals with the whole numbers that tell which of the tests hold, in columns as `held_in` names them."""
    # Once: asked again, deals that were joined with rates might come in another order.
    held = deals.collect(engine="in-memory")
    numbers, found = held[NUMBER], []
    for table, tests in wanted.items():
        for first in range(0, len(tests), PLACES):
            column, some = held_in(table, first), tests[first : first + PLACES]
            runs = pipeline.book.remember(
                f"{column} under {definition.pipeline} {hash(definition)}",
                partial(runs_of, table=table, tests=some),
                of=tuple(name for name in _READ[table] if name in pipeline.book.tables),
            )
            then = runs.filter(pl.col("from_at") <= pipeline.at, pl.col("until_at") > pipeline.at)
            found.append(_looked_up(then, numbers).alias(column))
    return held.hstack(found).lazy()


def _looked_up(held: pl.DataFrame, numbers: pl.Series) -> pl.Series:
    """What is held by the deals of these numbers, in their order; zero of those of which nothing is."""
    # A place for every number there may be: the deals are numbered one after the other.
    top = pl.concat([numbers, held[NUMBER], pl.Series([0])]).max()
    places = pl.zeros(cast(int, top) + 1, dtype=pl.Int64, eager=True)
    return places.scatter(held[NUMBER], held["held"]).gather(numbers)


def runs_of(book: Book, table: str, tests: Sequence[Wanted]) -> pl.DataFrame:
    """One row per deal and time in which the same tests held: deal_no, from_at, until_at, held.

    `held` has a one in the place of each test that does, the first test in the lowest; where none does, there is no row.
    """
    spans = pl.concat([*_spans(book, table, tests)]).filter(pl.col("from_at") < pl.col("until_at"))
    of_test = pl.col(NUMBER) * PLACES + pl.col("test")
    steps = pl.concat(
        spans.select(of=of_test, at=name, step=pl.lit(step, pl.Int64))
        for name, step in (("from_at", 1), ("until_at", -1))
    )
    # What begins also ends, at the latest when time does: so one sum over all returns to nothing after each deal. Steps
    # at the same instant may come in any order, for what holds in between holds for no time.
    test = pl.col("of") % PLACES
    times = test.replace_strict({at: each.times for at, each in enumerate(tests)}, return_dtype=pl.Int64)
    standing = _in_turn(steps).select("of", "at", enough=pl.col("step").cum_sum() >= times)
    place = pl.lit(2, pl.Int64).pow(test)
    turned = standing.filter(pl.col("enough") != pl.col("enough").shift(1, fill_value=False)).select(
        of=pl.col("of") // PLACES, at="at", turn=pl.when("enough").then(place).otherwise(-place)
    )
    runs = _in_turn(turned).select(
        pl.col("of").alias(NUMBER),
        from_at="at",
        until_at=pl.col("at").shift(-1),
        held=pl.col("turn").cum_sum(),
    )
    return runs.filter(pl.col("held") != 0, pl.col("from_at") < pl.col("until_at")).collect()


def _in_turn(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows in the order of what they are of, and of each in time; two columns one by one sort quicker than both."""
    return rows.sort("at").sort("of", maintain_order=True)


def _spans(book: Book, table: str, tests: Sequence[Wanted]) -> Iterator[pl.LazyFrame]:
    """One row per row of the table and test that it passes: deal_no, test, from_at, until_at."""
    rows = _standing(book, table)
    for number, each in enumerate(tests):
        passed = rows.filter(each.test, pl.col(NUMBER).is_not_null())
        for seen in [passed] if each.recent is None else _recent(book, passed, each):
            yield seen.select(NUMBER, "from_at", "until_at", test=pl.lit(number, pl.Int64))


def _standing(book: Book, table: str) -> pl.LazyFrame:
    """The rows of the table with the time for which they count, from `from_at` until `until_at`."""
    rows: pl.LazyFrame = book.tables[table].to_native()
    if table == "activities":
        rows = rows.with_columns(from_at="happened_at", until_at=pl.lit(FOREVER, pl.Int64))
        return rows.filter(pl.col("withdrawn_at").is_null()) if book.holds(table, "withdrawn_at") else rows
    if book.holds(table, "removed"):
        rows = rows.filter(~pl.col("removed").fill_null(value=False))
    rows = rows.with_columns(from_at="valid_from", until_at="valid_to")
    if table == "evidence":
        expired = pl.col("expires_on").replace_strict(_ends_of_days(rows, book.zone), default=FOREVER)
        rows = rows.filter(pl.col("given_at").is_not_null()).with_columns(
            from_at=pl.max_horizontal("from_at", "given_at"), until_at=pl.min_horizontal("until_at", expired)
        )
    return rows


def _ends_of_days(rows: pl.LazyFrame, zone: str) -> dict[int, int]:
    days = rows.select(pl.col("expires_on").drop_nulls().unique()).collect()["expires_on"].to_list()
    return {day: instant_number(end_of_day(day_of(day), zone)) for day in days if day < _LAST_DAY}


def _recent(book: Book, passed: pl.LazyFrame, wanted: Wanted) -> Iterator[pl.LazyFrame]:
    """The rows for as long as their instant is recent; whoever has a role takes part with every activity, too."""
    assert wanted.recent is not None
    column, lasts = wanted.recent.column, wanted.recent.days * DAY
    yield _lasting(passed.filter(pl.col(column).is_not_null()), column, lasts)
    if column == "engaged_at" and "activities" in book.tables:
        by_buyers = _standing(book, "activities").filter(
            pl.col("side") == "buyer", pl.col("contact").is_not_null(), pl.col(NUMBER).is_not_null()
        )
        seen = passed.select(NUMBER, "contact", "from_at", "until_at").join(
            by_buyers.select(NUMBER, "contact", "happened_at"), on=[NUMBER, "contact"]
        )
        yield _lasting(seen, "happened_at", lasts)


def _lasting(rows: pl.LazyFrame, column: str, lasts: int) -> pl.LazyFrame:
    return rows.with_columns(
        from_at=pl.max_horizontal("from_at", column),
        until_at=pl.min_horizontal("until_at", pl.col(column) + lasts),
    )
