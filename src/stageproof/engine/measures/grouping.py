"""Grouping: the columns that every measure can be asked by, and one way of adding up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import Lazy, collect, day_number, day_of
from stageproof.engine.measures.placing import by_definition
from stageproof.engine.period import Grain, Period, period_label
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.qualification import stage_position

GRAINS: tuple[str, ...] = get_args(Grain)
COLUMNS = (
    "owner",
    "team",
    "stage",
    "source",
    "campaign",
    "segment",
    "product",
    "account",
    "pipeline",
    "forecast_category",
    "currency",
    "status",
    "lost_reason",
    "competitor",
    "deal_type",
)


def with_groups(pipeline: Pipeline, deals: Lazy, by: Sequence[str], *, dated_by: str = "close_on") -> Lazy:
    """The deals with a column for each of `by`.

    Week, month, quarter and year are those of `dated_by`; `band` is the stage's, early or late, null where the
    definition in force does not know the stage.
    """
    for name in by:
        if name == "band":
            deals = deals.with_columns(band=stage_band(pipeline))
        elif name in GRAINS:
            deals = deals.with_columns(**{name: _period_of(pipeline, deals, name, dated_by)})
        elif name not in COLUMNS and name not in deals.collect_schema().names():
            known = ", ".join((*COLUMNS, "band", *GRAINS))
            raise Refused(
                [Problem("unknown_group", f"There is nothing called '{name}' to group by.", f"Use one of: {known}.",
                         value=name)]
            )  # fmt: skip
    return deals


def stage_band(pipeline: Pipeline) -> nw.Expr:
    """The band of a deal's stage: early covers future periods, late this one.

    By the definition of the deal's pipeline, for another one may have a stage of the same name in another band.
    """
    return by_definition(pipeline, _band, nw.lit(None).cast(nw.String))


def _band(definition: Definition) -> nw.Expr:
    position = stage_position(definition)
    chosen: nw.Expr = nw.lit(None).cast(nw.String)
    for band in ("early", "late"):
        places = [place for place, stage in enumerate(definition.stages) if (stage.band or "early") == band]
        chosen = nw.when(position.is_in(places)).then(nw.lit(band)).otherwise(chosen) if places else chosen
    return chosen


def _period_of(pipeline: Pipeline, deals: Lazy, grain: str, dated_by: str) -> nw.Expr:
    first, last = collect(deals.select(first=nw.col(dated_by).min(), last=nw.col(dated_by).max())).row(0)
    if first is None:
        return nw.lit(None).cast(nw.String)
    periods = pipeline.book.calendar.between(day_of(first), day_of(last), grain)  # type: ignore[arg-type]
    return period_label(nw.col(dated_by), periods)


def summed(frame: Lazy, by: Sequence[str], **sums: nw.Expr) -> pl.DataFrame:
    """One row per group, sorted by it with blanks last; a single row where there is nothing to group by."""
    if not by:
        return collect(frame.select(**sums))
    return collect(frame.group_by(*by).agg(**sums)).sort(list(by), nulls_last=True)


def count_where(test: nw.Expr) -> nw.Expr:
    """How many rows pass; zero, not blank, where none does."""
    return nw.coalesce(nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0)).sum(), nw.lit(0))


def amount_where(test: nw.Expr, amount: str = "value") -> nw.Expr:
    """The amount of the rows that pass, in minor units; blanks add nothing."""
    chosen = nw.when(test & ~nw.col(amount).is_null()).then(nw.col(amount)).otherwise(nw.lit(0))
    return nw.coalesce(chosen.sum(), nw.lit(0))


def same_as(name: str, value: str | None) -> nw.Expr:
    """Whether a column holds the value; a blank is the same as a blank."""
    return nw.col(name).is_null() if value is None else nw.col(name) == value


def closing_in(deals: Lazy, period: Period | None) -> Lazy:
    """The deals whose close date lies in the period; all of them where none is given."""
    if period is None:
        return deals
    first, last = day_number(period.starts_on), day_number(period.ends_on)
    return deals.filter(nw.col("close_on") >= first, nw.col("close_on") <= last)
