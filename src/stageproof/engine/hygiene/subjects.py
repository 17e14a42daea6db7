"""Subjects: the open deals that are checked, the rules they answer to, and how a test of them becomes
findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.definition import Definition, HygieneRules
from stageproof.engine.frames import DAY
from stageproof.engine.local_days import local_day
from stageproof.engine.measures.placing import deals_under, placed
from stageproof.engine.measures.stage_visits import in_order_of_deals, open_runs
from stageproof.engine.tables import NUMBER
from stageproof.engine.terms import deal_key

FINDING = ("deal", "check", "code", "detail", "since_on", "value", "limit", "amount", "definition")


@dataclass(frozen=True)
class Test:
    """What makes a deal a finding: `when`; and what is reported of it, null where there is nothing to say."""

    code: str
    when: nw.Expr
    since_on: nw.Expr | None = None
    value: nw.Expr | None = None
    limit: nw.Expr | None = None
    detail: nw.Expr | None = None


@dataclass(frozen=True)
class Usual:
    """What the history of all deals tells, by which each deal is judged.

    Median days from leaving a stage to winning and usual days in a stage, per definition and position; the longest
    cycle of a closed deal in days; whether any activity says whose it was.
    """

    days_after_stage: Mapping[tuple[str, int], float] = field(default_factory=dict)
    stage_norms: Mapping[tuple[str, int], float] = field(default_factory=dict)
    longest_cycle: int | None = None
    sides: bool = True


@dataclass(frozen=True)
class Checked:
    """The findings of a check, and what it could not check for want of data."""

    findings: tuple[nw.LazyFrame[Any], ...]
    unchecked: tuple[str, ...] = field(default=())


def ruled(
    pipeline: Pipeline,
) -> Iterator[tuple[Definition | None, HygieneRules, nw.LazyFrame[Any]]]:
    """The open deals under each definition, with the rules that it sets; last those under none."""
    definitions = pipeline.definitions
    for definition in definitions:
        yield definition, definition.rules, deals_under(pipeline, definition, subjects(pipeline))
    if len(definitions) != 1:
        yield None, HygieneRules(), deals_under(pipeline, None, subjects(pipeline))


def subjects(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """The open deals, placed, with `entered_on`: the day on which they entered their present stage."""
    return pipeline.remember("subjects", lambda: in_memory(_subjects(pipeline)))


def _subjects(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    here = open_runs(pipeline).filter(nw.col("left_at").is_null())
    key = deal_key(pipeline.open, here)
    deals = placed(pipeline, pipeline.open).join(here.select(key, "entered_at"), on=key, how="left")
    return deals.with_columns(entered_on=day_of_instant(pipeline, nw.col("entered_at")))


def findings(deals: nw.LazyFrame[Any], check: int, tests: Sequence[Test]) -> tuple[nw.LazyFrame[Any], ...]:
    """One frame per test, with a row per deal that it finds."""
    return tuple(
        deals.filter(test.when).select(
            "deal",
            check=nw.lit(check).cast(nw.Int64),
            code=nw.lit(test.code),
            detail=_or_null(test.detail, nw.String),
            since_on=_or_null(test.since_on, nw.Int64),
            value=_or_null(test.value, nw.Float64),
            limit=_or_null(test.limit, nw.Float64),
            amount=nw.col("value"),
            definition=nw.col("definition"),
        )
        for test in tests
    )


def day_of_instant(pipeline: Pipeline, instant: nw.Expr) -> nw.Expr:
    """The day of the instant in the organisation's zone, in days since 1970."""
    return (
        instant // DAY if pipeline.book.zone == "UTC" else local_day(instant, pipeline.book.zone, pipeline.at)
    )


def blank(name: str, dtype: Any) -> nw.Expr:
    """Whether the cell says nothing; an amount of zero says nothing either."""
    empty = nw.col(name).is_null()
    if dtype == nw.String:
        return empty | (nw.col(name) == "")
    return empty | (nw.col(name) == 0) if name == "amount" else empty


def missing_since(pipeline: Pipeline, deals: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """The deals with `<name>_missing` and `<name>_missing_on`: since when each column has said nothing."""
    schema = deals.collect_schema()
    flags = {f"{name}_missing": blank(name, schema[name]) for name in names}
    flagged = deals.with_columns(**flags)
    if pipeline.known_at is None and pipeline.book.remembers_days:
        for name in names:
            flagged = _with_days(pipeline, flagged, name, schema[name])
        return flagged
    key = deal_key(flagged, pipeline.versions)
    some = flagged.filter(nw.any_horizontal(*flags, ignore_nulls=True)).select(key)
    filled = {
        f"{name}_filled": nw.when(~blank(name, schema[name])).then(nw.col("valid_to")).max() for name in names
    }
    versions = pipeline.versions.join(some, on=key, how="semi")
    since = versions.group_by(key).agg(**filled, first_at=nw.col("valid_from").min())
    days = {f"{name}_missing_on": _began(pipeline, f"{name}_filled") for name in names}
    return flagged.join(since, on=key, how="left").with_columns(**days).drop([*filled, "first_at"])


def _with_days(pipeline: Pipeline, deals: nw.LazyFrame[Any], name: str, dtype: Any) -> nw.LazyFrame[Any]:
    """The deals with `<name>_missing_on`, from what was worked out once for all days."""
    book = pipeline.book
    every = book.remember(f"blank {name}", lambda of: _blanks(of.tables["deals"], name, dtype))
    here = nw.from_native(every.lazy()).filter(
        nw.col("valid_from") <= pipeline.at, nw.col("valid_to") > pipeline.at
    )
    key = deal_key(deals, here)
    joined = deals.join(here.select(key, "filled_until", "first_at"), on=key, how="left")
    return joined.with_columns(**{f"{name}_missing_on": _began(pipeline, "filled_until")}).drop(
        "filled_until", "first_at"
    )


def _began(pipeline: Pipeline, filled_until: str) -> nw.Expr:
    """The day on which a blank began: when the column last ceased to say something, else when the deal was created."""
    began = nw.coalesce(nw.col(filled_until), nw.col("created_at"), nw.col("first_at"))
    return day_of_instant(pipeline, began)


def _blanks(versions: nw.LazyFrame[Any], name: str, dtype: Any) -> pl.DataFrame:
    """The versions that say nothing in the column, with until when the deal last did, and when it began."""
    number = [each for each in (NUMBER,) if each in versions.collect_schema().names()]
    told = versions.select("deal", *number, "valid_from", "valid_to", says=~blank(name, dtype))
    table = in_order_of_deals(told.to_native().collect())
    starts = (pl.col("deal") != pl.col("deal").shift(1)).fill_null(True)
    first_at = pl.when(starts).then(pl.col("valid_from")).forward_fill()
    # Of another deal where it ended before this one began: deals stand one after the other, not in time.
    latest = pl.when(pl.col("says")).then(pl.col("place")).forward_fill()
    table = table.with_row_index("place").with_columns(
        first_at=first_at,
        begins=pl.when(starts).then(pl.col("place")).forward_fill(),
        latest=latest,
        filled_until=pl.when(pl.col("says")).then(pl.col("valid_to")).forward_fill(),
    )
    mine = pl.col("latest") >= pl.col("begins")
    blanks = (
        table.lazy()
        .filter(~pl.col("says"), pl.col("valid_to") > pl.col("valid_from"))
        .select(
            "deal",
            *number,
            "valid_from",
            "valid_to",
            "first_at",
            filled_until=pl.when(mine).then(pl.col("filled_until")),
        )
    )
    return blanks.collect()


def later(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """The later of two days; the one that is known where the other is not."""
    return nw.when(other.is_null() | (one >= other)).then(one).otherwise(other)


def _or_null(value: nw.Expr | None, dtype: Any) -> nw.Expr:
    return (nw.lit(None) if value is None else value).cast(dtype)
