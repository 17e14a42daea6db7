"""Funnel: leads by status into deals by stage reached, down to won; nothing is dropped on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_number
from stageproof.engine.measures.conversion import first_reached, in_window
from stageproof.engine.measures.grouping import amount_where, count_where, summed
from stageproof.engine.measures.placing import deals_under
from stageproof.engine.measures.stage_visits import stage_runs
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused

View = Literal["period", "cohort"]
Since = Literal["arrival", "first_touch"]
SHARED = ("owner", "source", "campaign", "account")
LEAD_STEPS = ("new", "working", "qualified", "converted")
_PARTS = ("count", "amount", "joined", "passed", "lost", "disqualified", "undecided")
_STEP = ("definition", "position", "step", "unit")


def funnel(
    pipeline: Pipeline,
    *,
    period: Period,
    view: View = "period",
    by: Sequence[str] = (),
    since: Since = "arrival",
) -> pl.DataFrame:
    """One row per group and step: `count`, `amount`, `joined`, `passed`, `lost`, `disqualified`, `undecided`,
    `before`, `rate`.

    Steps are leads that came in (new), were worked on, qualified, converted, then per definition deals, each
    stage reached or passed over, and won. `period` counts what happened in the period: the first time of each
    step, wins and losses by the day of closing, losses at the furthest step. `cohort` follows the leads that
    came in during it, with their deals, and the deals without a lead: at each step `count` = `passed` +
    `lost` + `disqualified` + `undecided`; `joined` came in at that step. `before` is the count of the step before,
    `rate` the step over it: in the cohort what passed it, in the period the two counts; both null for the first and
    where there is no single step before, the rate also where nothing came before. With `since` "first_touch" leads
    and deals count as come in when they were first touched, where that was before. Amounts are minor units of the
    reporting currency, of deals. `by` is owner, source, campaign or account.
    """
    _refuse_other_groups(by)
    keys = list(by)
    rows: list[dict[str, Any]] = []
    if pipeline.leads is not None:
        wide = summed(lead_progress(pipeline, since), keys, **_lead_sums(pipeline, period, view))
        rows += _rows(wide, keys, None, "lead", LEAD_STEPS)
    definitions: list[Definition | None] = [*pipeline.definitions]
    if len(definitions) != 1:
        definitions.append(None)
    for definition in definitions:
        deals = deal_progress(pipeline, definition, period, view, since)
        names = [stage.name for stage in definition.stages] if definition else []
        wide = summed(deals, keys, **_deal_sums(pipeline, len(names), period, view))
        name = definition.pipeline if definition else None
        rows += _rows(wide, keys, name, "deal", ["deals", *names, "won"])
    return _rated(_completed(rows, keys), view, keys, several=len(definitions) > 1)


def _refuse_other_groups(by: Sequence[str]) -> None:
    choices = f"Use one of: {', '.join(SHARED)}."
    problems = [
        Problem("unknown_group", f"Leads and deals have no '{name}' in common.", choices, value=name)
        for name in by
        if name not in SHARED
    ]
    if problems:
        raise Refused(problems)


# Leads


def lead_progress(pipeline: Pipeline, since: Since = "arrival") -> nw.LazyFrame[Any]:
    """One row per lead: the furthest it ever got, when it first reached each status, and its deal if there is
    one."""
    leads, versions = pipeline.leads, pipeline.lead_versions
    assert leads is not None
    assert versions is not None
    rank: nw.Expr = nw.lit(0)
    for step, status in enumerate(LEAD_STEPS):
        rank = nw.when(nw.col("status") == status).then(nw.lit(step)).otherwise(rank)
    began = nw.col("valid_from")
    history = (
        versions.filter(nw.col("valid_to") > began)
        .with_columns(rank=rank)
        .group_by("lead")
        .agg(
            furthest=nw.col("rank").max(),
            out_at=nw.when(nw.col("status") == "disqualified").then(began).max(),
            **{f"reached_{step}": nw.when(nw.col("rank") >= step).then(began).min() for step in (1, 2, 3)},
        )
    )
    known = pipeline.deals.select("deal", has_deal=nw.lit(1))
    joined = leads.join(history, on="lead", how="left").join(known, on="deal", how="left")
    return _came(pipeline, joined, "lead", since, nw.col("created_at")).with_columns(
        reached_0=nw.col("came_at")
    )


def _came(
    pipeline: Pipeline, frame: nw.LazyFrame[Any], key: str, since: Since, arrived: nw.Expr
) -> nw.LazyFrame[Any]:
    """With `came_at`: when it came in, or was first touched where that is asked for and was before."""
    if since == "arrival" or pipeline.touches is None:
        return frame.with_columns(came_at=arrived)
    touched = (
        pipeline.touches.filter(~nw.col(key).is_null())
        .group_by(key)
        .agg(first_touch=nw.col("touched_at").min())
    )
    earlier = nw.when(nw.col("first_touch") < arrived).then(nw.col("first_touch")).otherwise(arrived)
    return frame.join(touched, on=key, how="left").with_columns(came_at=earlier)


def _lead_sums(pipeline: Pipeline, period: Period, view: View) -> dict[str, nw.Expr]:
    sums: dict[str, nw.Expr] = {}
    for step in range(len(LEAD_STEPS)):
        sums |= _counted(step, lead_tests(pipeline, step, period, view))
    return sums


def lead_tests(pipeline: Pipeline, step: int, period: Period, view: View) -> dict[str, nw.Expr]:
    """Which leads each column of the step counts."""
    arrived = in_window(pipeline, nw.col("came_at"), period)
    furthest, out = nw.col("furthest"), nw.col("status") == "disqualified"
    if view == "period":
        there = in_window(pipeline, nw.col(f"reached_{step}"), period)
        ended = in_window(pipeline, nw.col("out_at"), period)
        tests = {"disqualified": out & ended & (furthest == step)}
    else:
        there = arrived & (furthest >= step)
        last = step == len(LEAD_STEPS) - 1
        passed = ~nw.col("has_deal").is_null() if last else furthest > step
        tests = {
            "passed": there & passed,
            "disqualified": there & ~passed & out,
            "undecided": there & ~passed & ~out,
        }
    joined = {"joined": there} if step == 0 else {}
    return {"count": there, **joined, **tests}


# Deals


def deal_progress(
    pipeline: Pipeline,
    definition: Definition | None,
    period: Period,
    view: View,
    since: Since = "arrival",
) -> nw.LazyFrame[Any]:
    """One row per deal under the definition: when it first reached each step, and whether a lead became
    it."""
    deals = deals_under(pipeline, definition, pipeline.deals)
    runs = stage_runs(pipeline).join(deals.select("deal"), on="deal", how="semi")
    first = runs.group_by("deal").agg(first_at=nw.col("entered_at").min())
    deals = deals.join(first, on="deal", how="left").with_columns(
        reached_0=nw.coalesce(nw.col("created_at"), nw.col("first_at"))
    )
    if definition is not None:
        reached = first_reached(pipeline, definition, runs)
        stages = range(len(definition.stages))
        moved = reached.select("deal", **{f"reached_{p + 1}": nw.col(f"reached_{p}") for p in stages})
        deals = deals.join(moved, on="deal", how="left")
    deals = _with_leads(pipeline, deals, period, since)
    if view == "cohort":
        deals = _came(pipeline, deals, "deal", since, nw.col("reached_0"))
        own = in_window(pipeline, nw.col("came_at"), period)
        came = (nw.col("leads") == 0) & own | (nw.col("leads_in_period") > 0)
        deals = deals.filter(came)
    return deals


def _with_leads(
    pipeline: Pipeline, deals: nw.LazyFrame[Any], period: Period, since: Since
) -> nw.LazyFrame[Any]:
    if pipeline.leads is None:
        none = nw.lit(0).cast(nw.Int64)
        return deals.with_columns(leads=none, leads_in_period=none)
    arrived = in_window(pipeline, nw.col("came_at"), period)
    theirs = (
        _came(pipeline, pipeline.leads, "lead", since, nw.col("created_at"))
        .filter(~nw.col("deal").is_null())
        .group_by("deal")
        .agg(leads=nw.len(), leads_in_period=count_where(arrived))
    )
    return deals.join(theirs, on="deal", how="left").with_columns(
        leads=nw.coalesce(nw.col("leads").cast(nw.Int64), nw.lit(0)),
        leads_in_period=nw.coalesce(nw.col("leads_in_period").cast(nw.Int64), nw.lit(0)),
    )


def _deal_sums(pipeline: Pipeline, stages: int, period: Period, view: View) -> dict[str, nw.Expr]:
    """Step 0 is the deal itself, steps 1 to `stages` the stages, the last one won."""
    sums: dict[str, nw.Expr] = {}
    for step in range(stages + 2):
        tests = deal_tests(pipeline, step, stages, period, view)
        sums |= _counted(step, tests)
        sums[f"amount_{step}"] = amount_where(tests["count"])
    return sums


def deal_tests(pipeline: Pipeline, step: int, stages: int, period: Period, view: View) -> dict[str, nw.Expr]:
    """Which deals each column of the step counts."""
    won, lost = nw.col("status") == "won", nw.col("status") == "lost"
    closed = (nw.col("close_on") >= day_number(period.starts_on)) & (
        nw.col("close_on") <= day_number(period.ends_on)
    )
    there = [~nw.col("deal").is_null(), *[~nw.col(f"reached_{p + 1}").is_null() for p in range(stages)], won]
    final = step == stages + 1
    here, further = there[step], won if final else there[step + 1]
    if view == "cohort":
        counted = here
        tests = {
            "passed": here & further,
            "lost": here & ~further & lost,
            "undecided": here & ~further & ~lost,
        }
    else:
        counted = won & closed if final else in_window(pipeline, nw.col(f"reached_{step}"), period)
        tests = {"lost": here & ~further & lost & closed}
    joined = {"joined": counted & (nw.col("leads") == 0)} if step == 0 else {}
    return {"count": counted, **joined, **tests}


# The table


def _counted(step: int, tests: Mapping[str, nw.Expr]) -> dict[str, nw.Expr]:
    return {f"{name}_{step}": count_where(nw.coalesce(test, nw.lit(False))) for name, test in tests.items()}


def _rows(
    wide: pl.DataFrame, keys: Sequence[str], definition: str | None, unit: str, steps: Sequence[str]
) -> list[dict[str, Any]]:
    """One row per group and step; a single one of nothing where there are no groups, to keep the step."""
    groups = wide.rows(named=True) or [dict.fromkeys(wide.columns)]
    return [
        {
            **{key: row[key] for key in keys},
            "grouped": wide.height > 0,
            "definition": definition,
            "position": position,
            "step": step,
            "unit": unit,
            **{part: row.get(f"{part}_{position}") for part in _PARTS},
        }
        for row in groups
        for position, step in enumerate(steps)
    ]


def _completed(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> pl.DataFrame:
    """Every step for every group, zero where nothing was."""
    schema: dict[str, Any] = {
        **dict.fromkeys(keys, pl.String),
        "grouped": pl.Boolean,
        "definition": pl.String,
        "position": pl.Int64,
        "step": pl.String,
        "unit": pl.String,
        **dict.fromkeys(_PARTS, pl.Int64),
    }
    table = pl.DataFrame(rows, schema=schema, orient="row")
    steps = table.select(_STEP).unique(maintain_order=True).with_row_index("order")
    known = table.filter("grouped").drop("grouped")
    if not keys:
        return steps.join(known, on=_STEP, how="left", nulls_equal=True)
    grid = known.select(keys).unique().join(steps, how="cross")
    return grid.join(known, on=[*keys, *_STEP], how="left", nulls_equal=True)


def _rated(table: pl.DataFrame, view: View, keys: Sequence[str], *, several: bool) -> pl.DataFrame:
    counts = [part for part in _PARTS if part != "amount"]
    unknown = ["passed", "undecided"] if view == "period" else []
    deal = pl.col("unit") == "deal"
    table = (
        table.sort([*keys, "order"], nulls_last=True)
        .with_columns(pl.col(counts).fill_null(0), amount=pl.when(deal).then(pl.col("amount").fill_null(0)))
        .with_columns(pl.lit(None, dtype=pl.Int64).alias(name) for name in unknown)
    )
    part = pl.col("count") if view == "period" else pl.col("passed").shift(1)
    before, through = (each.over(keys) if keys else each for each in (pl.col("count").shift(1), part))
    # Leads turn into deals of any definition, so with several there is no single step before.
    first_deals = deal & (pl.col("position") == 0)
    table = table.with_columns(
        before=pl.when(first_deals & pl.lit(several)).then(None).otherwise(before), through=through
    )
    rate = pl.when(pl.col("before") > 0).then(pl.col("through") / pl.col("before"))
    return table.with_columns(rate=rate).select(*keys, *_STEP, *_PARTS, "before", "rate")
