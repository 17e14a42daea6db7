"""Conversion: of the deals that entered a stage, how many went further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import collect, instant_number
from stageproof.engine.measures.grouping import count_where, same_as, summed, with_groups
from stageproof.engine.measures.interval import wilson
from stageproof.engine.measures.placing import deals_under, placed
from stageproof.engine.measures.stage_visits import stage_runs
from stageproof.engine.period import Period, end_of_day, start_of_day
from stageproof.engine.qualification import UNKNOWN_STAGE, stage_position

COUNTS = ("entered", "passed", "lost", "undecided")


def conversion(pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per group and stage: `entered`, `passed`, `lost`, `undecided`, `rate`, `low`, `high`,
    `rate_decided`.

    Of the deals that first entered the stage in the period, or ever: `passed` later reached any further stage
    or were won; `lost` were lost before that; `undecided` are open and have not. A stage that was jumped over
    counts as entered and passed. `rate` = passed / entered with the 95% Wilson interval `low` to `high`;
    `rate_decided` leaves the undecided out. Null where nothing entered. At a stage that the definition does
    not know, at position -1, every move to a stage not seen before is one further.
    """
    keys = [key for key in by if key != "stage"]
    parts = [_of(pipeline, definition, period, keys) for definition in pipeline.definitions]
    if not parts or _has_unknown_stages(pipeline):
        parts.append(_elsewhere(pipeline, period, keys))
    table = pl.concat(parts, how="vertical_relaxed")
    passed, entered = pl.col("passed"), pl.col("entered")
    rated = table.with_columns(
        rate=_over(passed, entered), rate_decided=_over(passed, passed + pl.col("lost"))
    )
    low, high = wilson(pl.col("rate"), entered)
    ranked = pl.when(pl.col("position") == UNKNOWN_STAGE).then(None).otherwise(pl.col("position"))
    return (
        rated.with_columns(low=low, high=high)
        .sort([*keys, "definition", ranked, "stage"], nulls_last=True)
        .select(*keys, "definition", "position", "stage", *COUNTS, "rate", "low", "high", "rate_decided")
    )


def first_reached(pipeline: Pipeline, definition: Definition, runs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row per deal with, per position p, `entered_p`, `reached_p` (p or further) and `above_p` (last
    beyond p)."""
    win = len(definition.stages)
    position = nw.when(nw.col("status") == "won").then(nw.lit(win)).otherwise(stage_position(definition))
    target = (
        nw.when(nw.col("left_status") == "won")
        .then(nw.lit(win))
        .otherwise(stage_position(definition, "left_to"))
    )
    known = runs.filter(nw.col("status").is_in(["open", "won"])).with_columns(at=position)
    known = known.filter(nw.col("at") >= 0).with_columns(
        to=nw.when(nw.col("left_status").is_in(["open", "won"])).then(target)
    )
    entered = nw.col("entered_at")
    sums: dict[str, nw.Expr] = {}
    for p in range(win):
        sums[f"at_{p}"] = nw.when(nw.col("at") == p).then(entered).min()
        sums[f"reached_{p}"] = nw.when(nw.col("at") >= p).then(entered).min()
        sums[f"below_{p}"] = nw.when(nw.col("at") < p).then(entered).min()
        sums[f"jumped_{p}"] = nw.when((nw.col("at") < p) & (nw.col("to") > p)).then(nw.col("left_at")).min()
        sums[f"above_{p}"] = nw.when(nw.col("at") > p).then(entered).max()
    wide = known.group_by("deal").agg(**sums)
    return wide.with_columns(**{f"entered_{p}": _entered(p) for p in range(win)}).select(
        "deal", *[f"{name}_{p}" for name in ("entered", "reached", "above") for p in range(win)]
    )


def _entered(p: int) -> nw.Expr:
    """The first visit or the first jump over it; a deal that began further on has not jumped."""
    at, jumped = nw.col(f"at_{p}"), nw.col(f"jumped_{p}")
    visited_first = at.is_null() | (jumped < at)
    began_below = nw.col(f"below_{p}") < nw.col(f"reached_{p}")
    return (
        nw.when(began_below)
        .then(nw.col(f"reached_{p}"))
        .otherwise(nw.when(~jumped.is_null() & visited_first).then(jumped).otherwise(at))
    )


def in_window(pipeline: Pipeline, instant: nw.Expr, period: Period | None) -> nw.Expr:
    """Whether the instant lies within the period's days in the organisation's zone; without one, whether it
    is known."""
    if period is None:
        return ~instant.is_null()
    zone = pipeline.book.zone
    starts_at = instant_number(start_of_day(period.starts_on, zone))
    ends_at = instant_number(end_of_day(period.ends_on, zone))
    return (instant >= starts_at) & (instant < ends_at)


def _of(
    pipeline: Pipeline, definition: Definition, period: Period | None, keys: Sequence[str]
) -> pl.DataFrame:
    joined = _entries(pipeline, definition, keys)
    sums: dict[str, nw.Expr] = {}
    for p in range(len(definition.stages)):
        sums |= _counts(str(p), *_at_stage(pipeline, p, period))
    wide = summed(joined, keys, **sums)
    rows = [
        {
            **{key: row[key] for key in keys},
            "definition": definition.pipeline,
            "position": p,
            "stage": stage.name,
            **{name: row[f"{name}_{p}"] for name in COUNTS},
        }
        for row in wide.iter_rows(named=True)
        for p, stage in enumerate(definition.stages)
    ]
    return pl.DataFrame(rows, schema=_schema(wide, keys), orient="row")


def _has_unknown_stages(pipeline: Pipeline) -> bool:
    visits = stage_runs(pipeline).filter(nw.col("status") == "open")
    if len(pipeline.definitions) > 1:
        visits = visits.join(pipeline.deals.select("deal", "pipeline"), on="deal", how="inner")
        names = visits.select("stage", "pipeline").unique()
    else:
        names = visits.select("stage").unique()
    return bool(collect(placed(pipeline, names).filter(nw.col("position") == UNKNOWN_STAGE)).height)


def _entries(pipeline: Pipeline, definition: Definition, keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """One row per deal under the definition with when it entered each stage, and its status."""
    deals = deals_under(pipeline, definition, with_groups(pipeline, pipeline.deals, keys))
    runs = stage_runs(pipeline)
    if len(pipeline.definitions) > 1:
        runs = runs.join(deals.select("deal"), on="deal", how="semi")
    return deals.select("deal", "status", *[key for key in keys if key != "status"]).join(
        first_reached(pipeline, definition, runs), on="deal", how="inner"
    )


def _at_stage(pipeline: Pipeline, p: int, period: Period | None) -> tuple[nw.Expr, nw.Expr]:
    """Whether a deal entered the stage in the period, and whether it went further."""
    entered = in_window(pipeline, nw.col(f"entered_{p}"), period)
    return entered, nw.coalesce(nw.col(f"above_{p}") >= nw.col(f"entered_{p}"), nw.lit(False))


def entered_deals(
    pipeline: Pipeline,
    *,
    definition: str | None,
    stage: str | None,
    period: Period | None = None,
    by: Sequence[str] = (),
) -> nw.LazyFrame[Any]:
    """The deals that entered the stage, one row each with the groups and `outcome`: passed, lost or undecided."""
    keys = [key for key in by if key != "stage"]
    rules = next((each for each in pipeline.definitions if each.pipeline == definition), None)
    known = [each.name for each in rules.stages] if rules else []
    if rules is not None and stage in known:
        frame = _entries(pipeline, rules, keys)
        entered, passed = _at_stage(pipeline, known.index(stage), period)
    else:
        frame = _unknown_entries(pipeline, keys).filter(
            *(same_as(name, value) for name, value in (("stage", stage), ("definition", definition)))
        )
        entered, passed = in_window(pipeline, nw.col("first"), period), nw.col("newest") > nw.col("first")
    lost = nw.when(nw.col("status") == "lost").then(nw.lit("lost")).otherwise(nw.lit("undecided"))
    outcome = nw.when(passed).then(nw.lit("passed")).otherwise(lost)
    names = [key for key in keys if key != "status"]
    return frame.filter(entered).select("deal", *names, outcome=outcome)


def _elsewhere(pipeline: Pipeline, period: Period | None, keys: Sequence[str]) -> pl.DataFrame:
    """Stages that no definition knows: further is whatever the deal had not seen before."""
    frame = _unknown_entries(pipeline, keys)
    entered = in_window(pipeline, nw.col("first"), period)
    sums = _counts("", entered, nw.col("newest") > nw.col("first"))
    table = summed(frame, [*keys, "definition", "stage"], **sums).rename(
        {f"{name}_": name for name in COUNTS}
    )
    return table.with_columns(position=pl.lit(UNKNOWN_STAGE, dtype=pl.Int64)).select(
        *keys, "definition", "position", "stage", *COUNTS
    )


def _unknown_entries(pipeline: Pipeline, keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """One row per deal and stage that no definition knows: `first` when it came, `newest` what it saw last."""
    deals = with_groups(pipeline, pipeline.deals, keys)
    present = deals.select("deal", "pipeline", *[key for key in keys if key != "pipeline"])
    runs = stage_runs(pipeline).filter(nw.col("status").is_in(["open", "won"]))
    firsts = (
        runs.with_columns(step=nw.coalesce(nw.col("stage"), nw.lit("")))
        .group_by("deal", "status", "step")
        .agg(first=nw.col("entered_at").min(), last=nw.col("entered_at").max())
    )
    newest = nw.when(nw.col("status") == "won").then(nw.col("last")).otherwise(nw.col("first"))
    reached = firsts.group_by("deal").agg(newest=newest.max())
    unknown = placed(
        pipeline,
        firsts.filter(nw.col("status") == "open")
        .select("deal", "first", stage=nw.when(nw.col("step") != "").then(nw.col("step")))
        .join(present, on="deal", how="inner"),
    ).filter(nw.col("position") == UNKNOWN_STAGE)
    return unknown.join(reached, on="deal", how="inner").join(
        pipeline.deals.select("deal", "status"), on="deal", how="inner"
    )


def _counts(suffix: str, entered: nw.Expr, passed: nw.Expr) -> dict[str, nw.Expr]:
    stuck = entered & ~passed
    tests = {
        "entered": entered,
        "passed": entered & passed,
        "lost": stuck & (nw.col("status") == "lost"),
        "undecided": stuck & (nw.col("status") != "lost"),
    }
    return {f"{name}_{suffix}": count_where(test) for name, test in tests.items()}


def _schema(wide: pl.DataFrame, keys: Sequence[str]) -> dict[str, Any]:
    texts = {"definition": pl.String, "position": pl.Int64, "stage": pl.String}
    return {**{key: wide.schema[key] for key in keys}, **texts, **dict.fromkeys(COUNTS, pl.Int64)}


def _over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)
