"""Attribution: which sources or campaigns the amounts are due to, by the touches that led to each deal."""

from __future__ import annotations

from typing import Any, Literal

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.local_days import local_day
from stageproof.engine.measures.grouping import closing_in, summed
from stageproof.engine.period import Period
from stageproof.engine.qualification import QUALIFIED, qualified_deals

Model = Literal["first", "last", "linear", "w_shaped"]
Of = Literal["won", "open", "qualified"]
By = Literal["source", "campaign"]

NONE = "(none)"
_PLACES = 9
MILESTONE, REST = 30, 10
"""W-shaped: percent of each of the three milestones, and of all other touches together."""


def attribution(
    pipeline: Pipeline,
    *,
    model: Model = "first",
    of: Of = "won",
    period: Period | None = None,
    by: By = "source",
) -> pl.DataFrame:
    """One row per source or campaign: `deals` (in fractions) and `amount`, the largest first.

    The amounts are minor units of the reporting currency and add up to the bookings or pipeline they came
    from, exactly: each deal's amount is split by weight, and what rounding leaves goes to the largest
    remainders, earlier touches first. Touches are those of the deal and of its leads until the day it
    closed. `w_shaped` gives 30% each to the first touch, the last by the time the lead was created, and the
    last by the time the deal was, and 10% to all others evenly; where a milestone or all others are missing,
    the rest share in proportion, and a touch that is several milestones gets each. A deal without touches
    counts for its own source or campaign, else (none).
    """
    every = attributed(pipeline, closing_in(chosen_deals(pipeline, of), period), model, by)
    table = summed(every, ["what"], deals=nw.col("share").sum(), amount=nw.col("amount").sum())
    # Sums of fractions run in no fixed order, which shows in the last places.
    return (
        table.rename({"what": by})
        .with_columns(pl.col("deals").round(_PLACES))
        .sort(["amount", "deals", by], descending=[True, True, False])
    )


def attributed(pipeline: Pipeline, deals: nw.LazyFrame[Any], model: Model, by: By) -> nw.LazyFrame[Any]:
    """One row per deal and touch that counts: `deal`, `what` it is due to, its `share` and `amount`.

    The shares of a deal add up to one, the amounts to its value. `what` is (none) where nothing is known.
    """
    deals = deals.select("deal", "value", "close_on", "status", "created_at", own=nw.col(by))
    parts = []
    untouched = deals
    if pipeline.touches is not None:
        touched = in_memory(_weighted(_touches(pipeline, deals, by), model))
        parts.append(_split(touched).select("deal", "what", "share", "amount"))
        untouched = deals.join(touched.select("deal"), on="deal", how="anti")
    own = untouched.select(
        "deal",
        what=nw.col("own"),
        share=nw.lit(1.0),
        amount=nw.coalesce(nw.col("value"), nw.lit(0)).cast(nw.Int64),
    )
    every = nw.concat([*parts, own], how="vertical")
    blank = nw.col("what").is_null() | (nw.col("what") == "")
    return every.with_columns(what=nw.when(blank).then(nw.lit(NONE)).otherwise(nw.col("what")))


def chosen_deals(pipeline: Pipeline, of: Of) -> nw.LazyFrame[Any]:
    """The deals that amounts are attributed of."""
    if of == "won":
        return pipeline.closed.filter(nw.col("status") == "won")
    if of == "open":
        return pipeline.open
    return qualified_deals(pipeline).filter(nw.col("qualification") == QUALIFIED)


def _touches(pipeline: Pipeline, deals: nw.LazyFrame[Any], by: By) -> nw.LazyFrame[Any]:
    """One row per deal and touch until it closed: in order `seq`, of `touches`, and the two milestones'
    places."""
    touches = pipeline.touches
    assert touches is not None
    named = touches.select("deal", "lead", "touched_at", what=nw.coalesce(nw.col(by), nw.lit("")))
    mine = named.filter(~nw.col("deal").is_null()).select("deal", "touched_at", "what")
    joined = deals.select("deal", "value", "close_on", "status", "created_at")
    if pipeline.leads is None:
        joined = joined.with_columns(lead_at=nw.lit(None).cast(nw.Int64))
    else:
        leads = pipeline.leads.filter(~nw.col("deal").is_null())
        theirs = (
            named.filter(nw.col("deal").is_null())
            .drop("deal")
            .join(leads.select("lead", "deal"), on="lead", how="inner")
        )
        mine = nw.concat([mine, theirs.select("deal", "touched_at", "what")], how="vertical")
        created = leads.group_by("deal").agg(lead_at=nw.col("created_at").min())
        joined = joined.join(created, on="deal", how="left")
    found = joined.join(mine, on="deal", how="inner")
    touched_on = local_day(nw.col("touched_at"), pipeline.book.zone, pipeline.at)
    return found.filter((nw.col("status") == "open") | (touched_on <= nw.col("close_on")))


def _weighted(touches: nw.LazyFrame[Any], model: Model) -> nw.LazyFrame[Any]:
    """With `weight` of each touch and `whole`, the sum of the deal's weights; whole numbers."""
    one = nw.col("one")
    placed = touches.with_columns(one=nw.lit(1).cast(nw.Int64)).with_columns(
        seq=one.cum_sum().over("deal", order_by=["touched_at", "what"]),
        touches=one.sum().over("deal"),
        lead_seq=_last_by("lead_at"),
        deal_seq=_last_by("created_at"),
    )
    if model == "linear":
        placed = placed.with_columns(weight=one)
    elif model == "w_shaped":
        placed = _w_shaped(placed)
    else:
        chosen = nw.lit(1) if model == "first" else nw.col("touches")
        placed = placed.with_columns(weight=_one_where(nw.col("seq") == chosen))
    return placed.with_columns(
        weight=nw.col("weight").cast(nw.Int64), whole=nw.col("weight").sum().over("deal").cast(nw.Int64)
    )


def _last_by(instant: str) -> nw.Expr:
    """The place of the last touch by then, or of the first where all came later; null where then is
    unknown."""
    count = _one_where(nw.col("touched_at") <= nw.col(instant)).sum().over("deal")
    return nw.when(~nw.col(instant).is_null()).then(nw.when(count > 1).then(count).otherwise(nw.lit(1)))


def _w_shaped(placed: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    hits = [
        _one_where(nw.col("seq") == place) for place in (nw.lit(1), nw.col("lead_seq"), nw.col("deal_seq"))
    ]
    counted = placed.with_columns(hits=hits[0] + hits[1] + hits[2])
    counted = counted.with_columns(rest=_one_where(nw.col("hits") == 0).sum().over("deal"))
    # Multiplied by the number of other touches, so that their share stays whole.
    scale = nw.when(nw.col("rest") > 0).then(nw.col("rest")).otherwise(nw.lit(1))
    other = nw.when(nw.col("hits") == 0).then(nw.lit(REST)).otherwise(nw.lit(0))
    return counted.with_columns(weight=nw.col("hits") * MILESTONE * scale + other)


def _split(weighted: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """With `share` and `amount`: the largest remainders take what rounding down leaves."""
    value = nw.coalesce(nw.col("value"), nw.lit(0)).cast(nw.Int64)
    sign = nw.when(value < 0).then(nw.lit(-1)).otherwise(nw.lit(1)).cast(nw.Int64)
    weight, whole, size = nw.col("weight"), nw.col("whole"), nw.col("size")
    # Split before multiplying, so that large amounts stay within 64 bits.
    rest = size % whole
    parts = weighted.filter(weight > 0).with_columns(sign=sign, size=value * sign)
    parts = parts.with_columns(each=(size - rest) // whole, over=rest * weight)
    parts = parts.with_columns(
        floor=nw.col("each").cast(nw.Int64) * weight
        + ((nw.col("over") - nw.col("over") % whole) // whole).cast(nw.Int64),
        remainder=(nw.col("over") % whole) * -1,
    )
    parts = parts.with_columns(
        left=size - nw.col("floor").sum().over("deal"),
        rank=nw.col("one").cum_sum().over("deal", order_by=["remainder", "seq"]),
    )
    more = _one_where(nw.col("rank") <= nw.col("left")).cast(nw.Int64)
    return parts.with_columns(
        amount=((nw.col("floor") + more) * nw.col("sign")).cast(nw.Int64),
        share=weight.cast(nw.Float64) / whole.cast(nw.Float64),
    )


def _one_where(test: nw.Expr) -> nw.Expr:
    return nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0))
