"""Sources: what each source or campaign brought, from its leads to its revenue, and what that cost."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.frames import day_number
from stageproof.engine.measures.attribution import NONE, By, Model, attributed
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.engine.measures.conversion import in_window
from stageproof.engine.measures.grouping import count_where, summed
from stageproof.engine.measures.lead_groups import in_period
from stageproof.engine.period import Period
from stageproof.engine.qualification import QUALIFIED, qualified_deals

_PLACES = 9
COUNTS = ("deals", "won_deals", "lost_deals")
AMOUNTS = ("open_amount", "qualified_amount", "won_amount")


def sources(
    pipeline: Pipeline, *, model: Model = "first", period: Period | None = None, by: By = "source"
) -> pl.DataFrame:
    """One row per source or campaign: `leads`, `qualified_leads`, `deals`, `open_amount`, `qualified_amount`,
    `won_deals`, `lost_deals`, `won_amount`, `cost`, `cost_per_won`, `return_on_cost`, `win_rate`, `cycle_days`.

    `leads` came in and `qualified_leads` were first qualified in the period, or ever, by their own source; null
    where the book holds no leads. Deals are split by the model as in the attribution, in fractions: `deals`
    were created, `won_deals` and `lost_deals` closed in the period; what is open, and what of it is qualified,
    is that of the instant. Amounts add up to those of all deals, exactly. `cost` is what its campaigns spent,
    null where none has a cost; `cost_per_won` = cost / won deals; `win_rate` = won / (won + lost); `cycle_days`
    is the mean from created to won. Null where there is nothing to divide by.
    """
    deals = _deals(pipeline, model, period, by)
    table = deals.join(_leads(pipeline, period, by), on="what", how="full", coalesce=True)
    table = table.join(_costs(pipeline, period, by), on="what", how="full", coalesce=True)
    zero = [pl.col(name).fill_null(0) for name in (*COUNTS, *AMOUNTS)]
    counted = ["leads", "qualified_leads"] if pipeline.leads is not None else []
    table = table.with_columns(*zero, *(pl.col(name).fill_null(0) for name in counted))
    won, lost, cost = pl.col("won_deals"), pl.col("lost_deals"), pl.col("cost")
    table = table.with_columns(
        cost_per_won=pl.when(won > 0).then((cost / won).round().cast(pl.Int64)),
        return_on_cost=pl.when(cost > 0).then(pl.col("won_amount") / cost),
        win_rate=pl.when(won + lost > 0).then(won / (won + lost)),
        cycle_days=pl.when(pl.col("timed") > 0).then((pl.col("days") / pl.col("timed")).round(_PLACES)),
    )
    names = (
        "leads", "qualified_leads", "deals", "open_amount", "qualified_amount", "won_deals", "lost_deals",
        "won_amount", "cost", "cost_per_won", "return_on_cost", "win_rate", "cycle_days",
    )  # fmt: skip
    ordered = table.rename({"what": by}).select(by, *names)
    return ordered.sort(["won_amount", "qualified_amount", by], descending=[True, True, False])


def _deals(pipeline: Pipeline, model: Model, period: Period | None, by: By) -> pl.DataFrame:
    judged = qualified_deals(pipeline).filter(nw.col("qualification") == QUALIFIED)
    judged = judged.select("deal", proven=nw.lit(1))
    facts = pipeline.deals.select("deal", "status", "close_on", "created_on", "created_at")
    facts = facts.join(judged, on="deal", how="left")
    every = attributed(pipeline, pipeline.deals, model, by).join(facts, on="deal", how="inner")
    closed = ~nw.col("close_on").is_null()
    if period is not None:
        closed = (nw.col("close_on") >= day_number(period.starts_on)) & (
            nw.col("close_on") <= day_number(period.ends_on)
        )
    is_open, won, lost = (nw.col("status") == each for each in ("open", "won", "lost"))
    took = nw.col("close_on") - nw.col("created_on")
    timed = won & closed & (took >= 0)
    table = summed(
        in_memory(every),
        ["what"],
        deals=_sum(_created(pipeline, period), "share"),
        won_deals=_sum(won & closed, "share"),
        lost_deals=_sum(lost & closed, "share"),
        open_amount=_sum(is_open, "amount"),
        qualified_amount=_sum(is_open & ~nw.col("proven").is_null(), "amount"),
        won_amount=_sum(won & closed, "amount"),
        timed=_sum(timed, "share"),
        days=_sum_of(timed, nw.col("share") * took.cast(nw.Float64)),
    )
    # Sums of fractions run in no fixed order, which shows in the last places.
    return table.with_columns(pl.col(*COUNTS, "timed", "days").round(_PLACES))


def _created(pipeline: Pipeline, period: Period | None) -> nw.Expr:
    if period is None:
        return ~nw.col("deal").is_null()
    return nw.coalesce(in_window(pipeline, nw.col("created_at"), period), nw.lit(False))


def _sum(test: nw.Expr, column: str) -> nw.Expr:
    return _sum_of(test, nw.col(column))


def _sum_of(test: nw.Expr, value: nw.Expr) -> nw.Expr:
    return nw.coalesce(nw.when(test).then(value).otherwise(nw.lit(0)).sum(), nw.lit(0))


def _leads(pipeline: Pipeline, period: Period | None, by: By) -> pl.DataFrame:
    leads, versions = pipeline.leads, pipeline.lead_versions
    if leads is None or versions is None:
        kinds = {"what": pl.String, "leads": pl.Int64, "qualified_leads": pl.Int64}
        return pl.DataFrame(schema=kinds)
    reached = (
        versions.filter(nw.col("valid_to") > nw.col("valid_from"), nw.col("status") == "qualified")
        .group_by("lead")
        .agg(qualified_at=nw.col("valid_from").min())
    )
    named = _named(leads.join(reached, on="lead", how="left"), by)
    return summed(
        named,
        ["what"],
        leads=count_where(in_period(pipeline, "created_at", period)),
        qualified_leads=count_where(in_period(pipeline, "qualified_at", period)),
    )


def _costs(pipeline: Pipeline, period: Period | None, by: By) -> pl.DataFrame:
    costs = campaign_costs(pipeline, period=period).filter(pl.col("spent").is_not_null())
    blank = pl.col(by).is_null() | (pl.col(by) == "")
    named = costs.with_columns(what=pl.when(blank).then(pl.lit(NONE)).otherwise(pl.col(by)))
    return named.group_by("what").agg(cost=pl.col("spent").sum()).sort("what")


def _named(frame: nw.LazyFrame[Any], by: By) -> nw.LazyFrame[Any]:
    blank = nw.col(by).is_null() | (nw.col(by) == "")
    return frame.with_columns(what=nw.when(blank).then(nw.lit(NONE)).otherwise(nw.col(by)))
