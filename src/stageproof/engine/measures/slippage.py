"""Slippage: deals that were to close in a period and did not, and how often close dates move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.frames import day_number, instant_number
from stageproof.engine.measures.conversion import _over
from stageproof.engine.measures.grouping import amount_where, closing_in, count_where, summed, with_groups
from stageproof.engine.measures.stage_visits import in_order_of_deals
from stageproof.engine.period import Period, end_of_day, start_of_day
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.tables import FOREVER, NUMBER
from stageproof.engine.terms import deal_key

OUTCOMES = ("slipped", "won", "lost", "pulled", "deleted", "undecided")


def slippage(pipeline: Pipeline, *, period: Period, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per group: `due_count`, `due_amount`, count and amount per outcome, `rate_by_count`,
    `rate_by_amount`.

    Due are the deals open as the period began with their close date in it, in minor units of the reporting
    currency as of then. At its end, or at the pipeline's instant where that is earlier, each of them is one
    of `slipped` (open with a later close date, or open when the period ended), `won`, `lost`, `pulled` (open
    with an earlier one), `deleted` or `undecided`. The rates are slipped over due; null where nothing was
    due. Groups are as of the start.
    """
    frame = due_deals(pipeline, period, by)
    every = ~nw.col("deal").is_null()
    sums = {"due_count": count_where(every), "due_amount": amount_where(every)}
    for each in OUTCOMES:
        sums[f"{each}_count"] = count_where(nw.col("outcome") == each)
        sums[f"{each}_amount"] = amount_where(nw.col("outcome") == each)
    return summed(frame, by, **sums).with_columns(
        rate_by_count=_over(pl.col("slipped_count"), pl.col("due_count")),
        rate_by_amount=_over(pl.col("slipped_amount"), pl.col("due_amount")),
    )


def due_deals(pipeline: Pipeline, period: Period, by: Sequence[str] = ()) -> nw.LazyFrame[Any]:
    """One row per deal that was due, as the period began, with its `outcome`."""
    start, now = _both_ends(pipeline, period)
    due = with_groups(start, closing_in(start.open, period), by)
    present = now.deals.select("deal", status_now=nw.col("status"), close_on_now=nw.col("close_on"))
    outcome = _outcome(period, over=now.day >= day_number(period.ends_on))
    return due.join(present, on="deal", how="left").with_columns(outcome=outcome)


def push_count(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """One row per open deal: `pushes`, `days_pushed` in all, `first_push_at`, `last_push_at`.

    A push is a move of the close date to a later day than the open deal had before; zero and null where there
    is none.
    """
    return pipeline.remember("push_count", lambda: in_memory(_pushes(pipeline)))


def _pushes(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    opened = pipeline.open
    pushes = _pushes_so_far(pipeline)
    key = deal_key(opened, pushes)
    return (
        opened.select("deal", *({key} - {"deal"}))
        .join(pushes, on=key, how="left")
        .select(
            "deal",
            pushes=nw.coalesce(nw.col("pushes").cast(nw.Int64), nw.lit(0)),
            days_pushed=nw.coalesce(nw.col("days_pushed").cast(nw.Int64), nw.lit(0)),
            first_push_at=nw.col("first_push_at"),
            last_push_at=nw.col("last_push_at"),
        )
    )


def _pushes_so_far(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """One row per deal that was ever pushed: how often, how far, when first and last."""
    book = pipeline.book
    if pipeline.known_at is None and book.remembers_days:
        # What comes later changes no earlier push, so those of all days are counted once.
        every = book.remember("pushes", lambda of: _counted(of.tables["deals"]))
        return nw.from_native(every.lazy()).filter(
            nw.col("last_push_at") <= pipeline.at, nw.col("until_at") > pipeline.at
        )
    dated = _dated(pipeline.versions).join(pipeline.open.select("deal"), on="deal", how="semi")
    moved = dated.with_columns(
        days=nw.col("close_on") - nw.col("close_on").shift(1).over("deal", order_by="valid_from")
    ).filter(nw.col("days") > 0)
    return moved.group_by("deal").agg(
        pushes=nw.len(),
        days_pushed=nw.col("days").sum(),
        first_push_at=nw.col("valid_from").min(),
        last_push_at=nw.col("valid_from").max(),
    )


def _dated(versions: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The open versions with a close date that ever held."""
    number = [name for name in (NUMBER,) if name in versions.collect_schema().names()]
    return versions.filter(
        nw.col("status") == "open", ~nw.col("close_on").is_null(), nw.col("valid_to") > nw.col("valid_from")
    ).select("deal", *number, "valid_from", "close_on")


def _counted(versions: nw.LazyFrame[Any]) -> pl.DataFrame:
    """One row per push: the count up to it, and `until_at`, when the next one came."""
    dated = in_order_of_deals(_dated(versions).to_native().collect())
    days = pl.when(pl.col("deal") == pl.col("deal").shift(1)).then(
        pl.col("close_on") - pl.col("close_on").shift(1)
    )
    moved = dated.with_columns(days=days).filter(pl.col("days") > 0)
    return moved.select(
        pl.exclude("valid_from", "close_on", "days"),
        pushes=pl.int_range(1, pl.len() + 1).over("deal"),
        days_pushed=pl.col("days").cum_sum().over("deal"),
        first_push_at=pl.col("valid_from").first().over("deal"),
        last_push_at="valid_from",
        until_at=pl.col("valid_from").shift(-1).over("deal").fill_null(FOREVER),
    )


def _both_ends(pipeline: Pipeline, period: Period) -> tuple[Pipeline, Pipeline]:
    """The pipeline as the period began, and as it ended or is now."""
    zone = pipeline.book.zone
    before = instant_number(start_of_day(period.starts_on, zone)) - 1
    if before > pipeline.at:
        problem = Problem(
            "period_ahead",
            f"{period.name} has not begun on {pipeline.on}, so nothing in it can have slipped.",
            "Ask for a period that has begun, or for a later day.",
            value=period.name,
        )
        raise Refused([problem])
    after = min(pipeline.at, instant_number(end_of_day(period.ends_on, zone)) - 1)
    return _at(pipeline, before), _at(pipeline, after)


def _at(pipeline: Pipeline, instant: int) -> Pipeline:
    if instant == pipeline.at:
        return pipeline
    return pipeline.remember(f"at {instant}", lambda: Pipeline(pipeline.book, instant, pipeline.known_at))


def _outcome(period: Period, *, over: bool) -> nw.Expr:
    status, close_on = nw.col("status_now"), nw.col("close_on_now")
    first, last = day_number(period.starts_on), day_number(period.ends_on)
    undecided = nw.lit("slipped" if over else "undecided")
    still_open = (
        nw.when(close_on > last)
        .then(nw.lit("slipped"))
        .otherwise(nw.when(close_on < first).then(nw.lit("pulled")).otherwise(undecided))
    )
    if over:
        still_open = nw.lit("slipped")
    return (
        nw.when(status.is_null())
        .then(nw.lit("deleted"))
        .otherwise(nw.when(status.is_in(["won", "lost"])).then(status).otherwise(still_open))
    )
