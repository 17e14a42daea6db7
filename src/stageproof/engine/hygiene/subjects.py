"""Subjects: the open deals that are checked, the rules they answer to, and how a test of them becomes
findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.definition import Definition, HygieneRules
from stageproof.engine.frames import DAY
from stageproof.engine.local_days import local_day
from stageproof.engine.measures.placing import deals_under, placed
from stageproof.engine.measures.stage_visits import stage_visits

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
    here = stage_visits(pipeline).filter(nw.col("left_at").is_null()).select("deal", "entered_at")
    deals = placed(pipeline, pipeline.open).join(here, on="deal", how="left")
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
    tests = {name: blank(name, schema[name]) for name in names}
    flagged = deals.with_columns(**{f"{name}_missing": test for name, test in tests.items()})
    some = flagged.filter(nw.any_horizontal(*[f"{name}_missing" for name in names], ignore_nulls=True))
    filled = {f"{name}_filled": nw.when(~test).then(nw.col("valid_to")).max() for name, test in tests.items()}
    since = (
        pipeline.versions.join(some.select("deal"), on="deal", how="semi")
        .group_by("deal")
        .agg(**filled, first_at=nw.col("valid_from").min())
    )
    created = nw.coalesce(nw.col("created_at"), nw.col("first_at"))
    days = {
        f"{name}_missing_on": day_of_instant(pipeline, nw.coalesce(nw.col(f"{name}_filled"), created))
        for name in names
    }
    return flagged.join(since, on="deal", how="left").with_columns(**days).drop([*filled, "first_at"])


def later(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """The later of two days; the one that is known where the other is not."""
    return nw.when(other.is_null() | (one >= other)).then(one).otherwise(other)


def _or_null(value: nw.Expr | None, dtype: Any) -> nw.Expr:
    return (nw.lit(None) if value is None else value).cast(dtype)
