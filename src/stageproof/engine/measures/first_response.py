"""First response: how soon somebody answers a lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.grouping import count_where, summed
from stageproof.engine.measures.lead_groups import in_period, needed, refuse_other_groups, without_leads
from stageproof.engine.period import Period

COUNTS = ("leads", "responded", "waiting", "unverifiable")
RATES = ("median", "p90", "within_hour", "within_day")
MINUTE = 60_000_000
WITHIN = {"hour": 60, "day": 24 * 60}
"""How soon an answer is soon, in minutes."""


def first_response(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group: `leads`, `responded`, `waiting`, `unverifiable`, `median` and `p90` in minutes,
    `within_hour`, `within_day`.

    Of the leads that came in during the period, or ever. Answered is a lead from the first of `responded_at`
    and what one of us did on it; before it came in counts as at once. The shares are over the leads answered
    so soon or older than that; null where there are none. A book that holds neither cannot tell: all its leads
    are `unverifiable`, and the rest is null. A book without leads has no row.
    """
    refuse_other_groups(by)
    if pipeline.leads is None:
        return without_leads(by, dict.fromkeys(COUNTS, pl.Int64) | dict.fromkeys(RATES, pl.Float64))
    leads, told = responses(pipeline)
    leads = leads.filter(in_period(pipeline, "created_at", period))
    if not told:
        table = summed(leads, by, leads=nw.len())
        blank = [pl.lit(None, pl.Int64).alias(name) for name in ("responded", "waiting")]
        rates = [
            pl.lit(None, pl.Float64).alias(name) for name in ("median", "p90", "within_hour", "within_day")
        ]
        return table.select(*by, "leads", *blank, pl.col("leads").alias("unverifiable"), *rates)
    minutes = nw.col("minutes")
    answered = ~minutes.is_null()
    sums: dict[str, nw.Expr] = {
        "leads": nw.len(),
        "responded": count_where(answered),
        "median": minutes.median(),
        "p90": minutes.quantile(0.9, interpolation="linear"),
    }
    for name, limit in WITHIN.items():
        soon, due = answered_within(pipeline, limit)
        sums |= {f"soon_{name}": count_where(soon), f"due_{name}": count_where(due)}
    table = summed(leads, by, **sums)
    shares = {
        f"within_{name}": pl.when(pl.col(f"due_{name}") > 0).then(
            pl.col(f"soon_{name}") / pl.col(f"due_{name}")
        )
        for name in WITHIN
    }
    return table.with_columns(
        waiting=pl.col("leads") - pl.col("responded"), unverifiable=pl.lit(0, pl.Int64), **shares
    ).select(
        *by, "leads", "responded", "waiting", "unverifiable", "median", "p90", "within_hour", "within_day"
    )


def answered_within(pipeline: Pipeline, limit: int) -> tuple[nw.Expr, nw.Expr]:
    """Whether a lead was answered within so many minutes, and whether it was or is as old as that."""
    soon = nw.coalesce(nw.col("minutes") <= limit, nw.lit(False))
    return soon, soon | (pipeline.at - nw.col("created_at") >= limit * MINUTE)


def responses(pipeline: Pipeline) -> tuple[nw.LazyFrame[Any], bool]:
    """The leads with `answered_at` and `minutes` until then, null while nobody answered; whether the book can tell."""
    leads, _ = needed(pipeline)
    book, activities = pipeline.book, pipeline.activities
    stated = book.holds("leads", "responded_at")
    happened = activities is not None and book.holds("activities", "lead")
    at = nw.when(nw.col("responded_at") <= pipeline.at).then(nw.col("responded_at"))
    leads = leads.with_columns(answered_at=at.otherwise(nw.lit(None)))
    if happened and activities is not None:
        ours = (
            activities.filter(~nw.col("lead").is_null(), nw.col("side") == "seller", nw.col("kind") != "note")
            .group_by("lead")
            .agg(acted_at=nw.col("happened_at").min())
        )
        acted, answered = nw.col("acted_at"), nw.col("answered_at")
        first = nw.when(answered.is_null() | (acted < answered)).then(acted).otherwise(answered)
        leads = leads.join(ours, on="lead", how="left").with_columns(
            answered_at=nw.when(acted.is_null()).then(answered).otherwise(first)
        )
    waited = nw.col("answered_at") - nw.col("created_at")
    minutes = nw.when(waited < 0).then(nw.lit(0)).otherwise(waited).cast(nw.Float64) / float(MINUTE)
    return leads.with_columns(minutes=minutes), stated or happened
