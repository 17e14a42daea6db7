"""Time in stage: how long deals stay, with those still there taken into account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.frames import DAY, collect
from stageproof.engine.local_days import local_day
from stageproof.engine.measures.conversion import in_window
from stageproof.engine.measures.grouping import GRAINS, with_groups
from stageproof.engine.measures.placing import placed
from stageproof.engine.measures.stage_visits import runs_ever, runs_of_all_days, stage_visits
from stageproof.engine.period import Period
from stageproof.engine.qualification import UNKNOWN_STAGE, known_position
from stageproof.engine.tables import FOREVER, NUMBER
from stageproof.engine.terms import deal_key

_PLACES = 6
"""Decimals of a day that are kept: about a tenth of a second."""


def time_in_stage(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group and stage: `deals`, `completed`, `still_there`, `mean`, `median_completed`, `median`,
    `p90`.

    Of the deals that were first in the stage in the period, or ever; grouped by week, month, quarter or year it is
    that of the day on which they came. Days, summed over a deal's visits. `mean` and `median_completed` are of the
    deals that have left. `median` and `p90` (Kaplan-Meier) count those still there for the days they have been there
    so far: the days by which half and nine in ten have left, null where fewer have. `says` puts that into words.
    """
    keys = [key for key in by if key != "stage"]
    spent = collect(stays(pipeline, period, keys))
    group = [*keys, "definition", "position", "stage"]
    days = pl.col("spent") / DAY
    done = pl.col("completed") == 1
    table = spent.group_by(group).agg(
        deals=pl.len().cast(pl.Int64),
        completed=pl.col("completed").sum(),
        mean=pl.when(done).then(days).mean(),
        median_completed=pl.when(done).then(days).median(),
    )
    left = _survival(spent, group)
    table = table.join(left, on=group, how="left", nulls_equal=True)
    table = table.with_columns(still_there=pl.col("deals") - pl.col("completed"))
    lengths = ("mean", "median_completed", "median", "p90")
    # Sums run in no fixed order, which shows in the last places.
    table = table.with_columns(pl.col(name).round(_PLACES) for name in lengths).with_columns(says=_says())
    ranked = pl.when(pl.col("position") < 0).then(None).otherwise(pl.col("position"))
    return table.sort([*keys, "definition", ranked, "stage"], nulls_last=True).select(
        *group, "deals", "completed", "still_there", *lengths, "says"
    )


def stays(pipeline: Pipeline, period: Period | None = None, by: Sequence[str] = ()) -> nw.LazyFrame[Any]:
    """One row per deal and stage with the groups: `spent` in microseconds, and whether the deal has left."""
    grains = [name for name in by if name in GRAINS]
    keys = [name for name in by if name not in (*GRAINS, "stage")]
    deals = with_groups(pipeline, pipeline.deals, keys)
    spent = spent_per_deal(pipeline)
    spent = spent.drop("pipeline").join(deals.select("deal", *keys), on="deal", how="inner")
    if period is not None:
        spent = spent.filter(in_window(pipeline, nw.col("came_at"), period))
    if not grains:
        return spent
    # Which periods there are is asked of it before it is grouped by them.
    spent = in_memory(
        spent.with_columns(came_on=local_day(nw.col("came_at"), pipeline.book.zone, pipeline.at))
    )
    return with_groups(pipeline, spent, grains, dated_by="came_on")


def spent_per_deal(pipeline: Pipeline, deals: nw.LazyFrame[Any] | None = None) -> nw.LazyFrame[Any]:
    """One row per deal and stage as the definition calls it: `spent` in microseconds, `completed` as 1 or 0, and
    `came_at` when it was there first.

    Of all deals, or of those given.
    """
    among = (pipeline.deals if deals is None else deals).select("deal", "pipeline")
    visits = stage_visits(pipeline).join(among, on="deal", how="inner")
    # The instant itself is still part of the stay: the end of a day is the whole of that day.
    until = nw.coalesce(nw.col("left_at"), nw.lit(pipeline.at + 1))
    here = nw.when(nw.col("left_at").is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
    placed_visits = placed(pipeline, visits).with_columns(
        place=nw.coalesce(nw.col("place"), nw.lit("")),
        definition=nw.coalesce(nw.col("definition"), nw.lit("")),
        pipeline=nw.coalesce(nw.col("pipeline"), nw.lit("")),
    )
    summed = placed_visits.group_by("deal", "pipeline", "definition", "position", "place").agg(
        spent=(until - nw.col("entered_at")).sum(), completed=here.min(), came_at=nw.col("entered_at").min()
    )
    return summed.select(
        "deal",
        "pipeline",
        "position",
        "completed",
        "came_at",
        spent=nw.col("spent").cast(nw.Int64),
        definition=nw.when(nw.col("definition") != "").then(nw.col("definition")),
        stage=nw.when(nw.col("place") != "").then(nw.col("place")),
    )


def spent_by_open_deals(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """One row per open deal: `spent` in microseconds in the stage it is in, earlier visits included.

    Worked out once per pipeline: lists and checks both ask for it.
    """
    return pipeline.remember("spent by open deals", lambda: in_memory(_spent_by_open_deals(pipeline)))


def _spent_by_open_deals(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    whole = runs_of_all_days(pipeline)
    if whole is None or named_in_two_ways(pipeline, whole):
        spent = spent_per_deal(pipeline, pipeline.open).filter(nw.col("completed") == 0)
        return spent.select("deal", "spent")
    every = pipeline.book.remember("visits", lambda of: _with_earlier(runs_ever(of).lazy()))
    visits = nw.from_native(every.lazy())
    here = visits.filter(
        nw.col("entered_at") <= pipeline.at, nw.coalesce(nw.col("left_at"), nw.lit(FOREVER)) > pipeline.at
    )
    key = deal_key(pipeline.open, here)
    so_far = nw.col("earlier") + (nw.lit(pipeline.at + 1) - nw.col("entered_at"))
    here = here.select(key, spent=so_far.cast(nw.Int64))
    number = {key} - {"deal"}
    spent = pipeline.open.select("deal", *number).join(here, on=key, how="inner")
    return spent.select("deal", *number, "spent")


def named_in_two_ways(pipeline: Pipeline, runs: nw.LazyFrame[Any]) -> bool:
    """Whether a definition in force knows one of its stages by two names that deals were in."""
    stages = pipeline.book.remember("stages", lambda of: _stages(runs_ever(of)))
    names = stages["stage"].unique().to_list()
    for definition in pipeline.definitions:
        known = [place for name in names if (place := known_position(definition, name)) != UNKNOWN_STAGE]
        if len(known) > len(set(known)):
            return True
    return False


def _stages(runs: pl.DataFrame) -> pl.DataFrame:
    """The stages that deals were ever in, of no deal in particular: one that was left by all remains."""
    names = runs.select(pl.col("stage").drop_nulls().unique())
    return names.with_columns(pl.lit(None, pl.Int64).alias(NUMBER))


def _with_earlier(runs: pl.LazyFrame) -> pl.DataFrame:
    """The visits with `earlier`: the microseconds that the deal had spent there before it came back."""
    visits = (
        runs.filter(pl.col("status") == "open")
        .select(pl.exclude("status", "left_to", "left_status"))
        .collect()
    )
    visit = pl.struct((pl.col("deal") != pl.col("deal").shift(1)).fill_null(True).cum_sum(), "stage")
    again = visits.select(visit.is_duplicated()).to_series()
    spent = (pl.col("left_at") - pl.col("entered_at")).cum_sum().shift(1).over("deal", "stage")
    earlier = visits.filter(again).select(spent.fill_null(0)).to_series()
    none = pl.zeros(visits.height, dtype=pl.Int64, eager=True)
    return visits.with_columns(earlier=none.scatter(again.arg_true(), earlier))


def _survival(spent: pl.DataFrame, group: Sequence[str]) -> pl.DataFrame:
    """The Kaplan-Meier median and ninth decile per group, in days."""
    steps = (
        spent.group_by([*group, "spent"])
        .agg(left=pl.col("completed").sum(), seen=pl.len().cast(pl.Int64))
        .sort("spent")
    )
    at_risk = pl.col("seen").sum().over(group) - pl.col("seen").cum_sum().over(group) + pl.col("seen")
    survival = (1 - pl.col("left") / pl.col("at_risk")).cum_prod().over(group)
    curve = steps.with_columns(at_risk=at_risk).with_columns(survival=survival)
    # Half of the deals is half, however the product was rounded.
    reached = [pl.col("spent").filter(pl.col("survival") <= share + 1e-9).min() / DAY for share in (0.5, 0.1)]
    return curve.group_by(group).agg(median=reached[0], p90=reached[1])


def _says() -> pl.Expr:
    alone = pl.format("{} completed, none still there.", pl.col("completed"))
    censored = pl.format(
        "{} completed; {} still there count for the days so far{}.",
        pl.col("completed"),
        pl.col("still_there"),
        pl.when(pl.col("median").is_null())
        .then(pl.lit(", and fewer than half have left: no median yet"))
        .otherwise(pl.lit("")),
    )
    return pl.when(pl.col("still_there") == 0).then(alone).otherwise(censored)
