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
from stageproof.engine.measures.lead_groups import in_period, needed
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
        cycle_days=pl.when(pl.col("timed") > 0).then(pl.col("days") / pl.col("timed")),
    )
    # Sums of fractions run in no fixed order, which shows in the last places.
    table = table.with_columns(pl.col(*COUNTS, "win_rate", "cycle_days").round(_PLACES))
    names = (
        "leads", "qualified_leads", "deals", "open_amount", "qualified_amount", "won_deals", "lost_deals",
        "won_amount", "cost", "cost_per_won", "return_on_cost", "win_rate", "cycle_days",
    )  # fmt: skip
    ordered = table.rename({"what": by}).select(by, *names)
    return ordered.sort(["won_amount", "qualified_amount", by], descending=[True, True, False])


def _deals(pipeline: Pipeline, model: Model, period: Period | None, by: By) -> pl.DataFrame:
    tests = deal_tests(pipeline, period)
    took = nw.col("close_on") - nw.col("created_on")
    return summed(
        in_memory(credited_deals(pipeline, model, by)),
        ["what"],
        **{name: _sum_of(test, nw.col("share" if name in COUNTS else "amount")) for name, test in tests.items()
           if name in (*COUNTS, *AMOUNTS)},
        timed=_sum_of(tests["cycle_days"], nw.col("share")),
        days=_sum_of(tests["cycle_days"], nw.col("share") * took.cast(nw.Float64)),
    )  # fmt: skip


def credited_deals(pipeline: Pipeline, model: Model, by: By) -> nw.LazyFrame[Any]:
    """One row per deal and touch that counts: `what` it is due to, its `share` and `amount`, with the deal's facts."""
    judged = qualified_deals(pipeline).filter(nw.col("qualification") == QUALIFIED)
    judged = judged.select("deal", proven=nw.lit(1))
    facts = pipeline.deals.select("deal", "status", "close_on", "created_on", "created_at")
    facts = facts.join(judged, on="deal", how="left")
    return attributed(pipeline, pipeline.deals, model, by).join(facts, on="deal", how="inner")


def deal_tests(pipeline: Pipeline, period: Period | None) -> dict[str, nw.Expr]:
    """Which of the credited deals each column is of."""
    closed = ~nw.col("close_on").is_null()
    if period is not None:
        closed = (nw.col("close_on") >= day_number(period.starts_on)) & (
            nw.col("close_on") <= day_number(period.ends_on)
        )
    is_open, won, lost = (nw.col("status") == each for each in ("open", "won", "lost"))
    return {
        "deals": _created(pipeline, period),
        "won_deals": won & closed,
        "lost_deals": lost & closed,
        "open_amount": is_open,
        "qualified_amount": is_open & ~nw.col("proven").is_null(),
        "won_amount": won & closed,
        "cycle_days": won & closed & (nw.col("close_on") >= nw.col("created_on")),
    }


def _created(pipeline: Pipeline, period: Period | None) -> nw.Expr:
    if period is None:
        return ~nw.col("deal").is_null()
    return nw.coalesce(in_window(pipeline, nw.col("created_at"), period), nw.lit(False))


def _sum_of(test: nw.Expr, value: nw.Expr) -> nw.Expr:
    return nw.coalesce(nw.when(test).then(value).otherwise(nw.lit(0)).sum(), nw.lit(0))


def _leads(pipeline: Pipeline, period: Period | None, by: By) -> pl.DataFrame:
    if pipeline.leads is None:
        kinds = {"what": pl.String, "leads": pl.Int64, "qualified_leads": pl.Int64}
        return pl.DataFrame(schema=kinds)
    return summed(
        named_leads(pipeline, by),
        ["what"],
        leads=count_where(in_period(pipeline, "created_at", period)),
        qualified_leads=count_where(in_period(pipeline, "qualified_at", period)),
    )


def named_leads(pipeline: Pipeline, by: By) -> nw.LazyFrame[Any]:
    """The leads with `what` they came by and `qualified_at`, null where they never were."""
    leads, versions = needed(pipeline)
    reached = (
        versions.filter(nw.col("valid_to") > nw.col("valid_from"), nw.col("status") == "qualified")
        .group_by("lead")
        .agg(qualified_at=nw.col("valid_from").min())
    )
    return _named(leads.join(reached, on="lead", how="left"), by)


def _costs(pipeline: Pipeline, period: Period | None, by: By) -> pl.DataFrame:
    named = named_costs(pipeline, period, by)
    return named.group_by("what").agg(cost=pl.col("spent").sum()).sort("what")


def named_costs(pipeline: Pipeline, period: Period | None, by: By) -> pl.DataFrame:
    """The campaigns of which a cost is known, with `what` they count for."""
    costs = campaign_costs(pipeline, period=period).filter(pl.col("spent").is_not_null())
    blank = pl.col(by).is_null() | (pl.col(by) == "")
    return costs.with_columns(what=pl.when(blank).then(pl.lit(NONE)).otherwise(pl.col(by)))


def _named(frame: nw.LazyFrame[Any], by: By) -> nw.LazyFrame[Any]:
    blank = nw.col(by).is_null() | (nw.col(by) == "")
    return frame.with_columns(what=nw.when(blank).then(nw.lit(NONE)).otherwise(nw.col(by)))
