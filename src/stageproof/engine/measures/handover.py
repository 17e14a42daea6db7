"""Hand-over: whether what marketing qualified was taken up by sales, and what was never looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import DAY
from stageproof.engine.measures.first_response import responses
from stageproof.engine.measures.grouping import count_where, summed
from stageproof.engine.measures.lead_groups import in_period, needed, refuse_other_groups, without_leads
from stageproof.engine.period import Period

COUNTS = ("qualified", "met_in_time", "met_late", "waiting", "never_met", "unverifiable", "untouched",
          "converted_unqualified")  # fmt: skip
FINDINGS = ("never_met", "met_late", "waiting", "unverifiable", "untouched", "converted_unqualified")
"""What an audit of the hand-over says of single leads, the gravest first."""


def handover(
    pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = (), days: int = 7
) -> pl.DataFrame:
    """One row per group: `qualified` = `met_in_time` + `met_late` + `waiting` + `never_met` + `unverifiable`;
    `untouched`, `converted_unqualified`, `rate`.

    Of the leads first qualified in the period: a meeting with them, or on their deal, came at the latest `days`
    days after, later, may still come in time, or never came. `rate` = met in time of those whose days are over
    or that met; null where there are none. `untouched` leads came in during the period, have been new for
    `days` days, and nobody answered them. `converted_unqualified` became a deal in it without ever having been
    qualified. Where the book holds no activities, no meeting can be told: then `unverifiable`.
    A book without leads has no row.
    """
    refuse_other_groups(by)
    if pipeline.leads is None:
        return without_leads(by, {**dict.fromkeys(COUNTS, pl.Int64), "rate": pl.Float64})
    leads = audited_leads(pipeline, days=days)
    tests = audit_tests(pipeline, period)
    table = summed(leads, by, **{name: count_where(test) for name, test in tests.items()})
    decided = pl.col("met_in_time") + pl.col("met_late") + pl.col("never_met")
    return table.with_columns(rate=pl.when(decided > 0).then(pl.col("met_in_time") / decided))


def audit_tests(pipeline: Pipeline, period: Period | None) -> dict[str, nw.Expr]:
    """Which of the audited leads each column counts."""
    qualified = in_period(pipeline, "qualified_at", period)
    return {
        "qualified": qualified,
        **{
            name: qualified & (nw.col("handover") == name)
            for name in ("met_in_time", "met_late", "waiting", "never_met", "unverifiable")
        },
        "untouched": in_period(pipeline, "created_at", period) & nw.col("untouched"),
        "converted_unqualified": in_period(pipeline, "converted_at", period) & nw.col("skipped"),
    }


def audited_leads(pipeline: Pipeline, *, days: int = 7) -> nw.LazyFrame[Any]:
    """One row per lead: `qualified_at`, `converted_at`, `met_at`, `handover` (null where never qualified),
    `untouched` and `skipped`."""
    _, versions = needed(pipeline)
    leads, told = responses(pipeline)
    began = nw.col("valid_from")
    reached = (
        versions.filter(nw.col("valid_to") > began)
        .group_by("lead")
        .agg(
            qualified_at=nw.when(nw.col("status") == "qualified").then(began).min(),
            converted_at=nw.when(nw.col("status") == "converted").then(began).min(),
        )
    )
    leads = _with_meetings(pipeline, leads.join(reached, on="lead", how="left"))
    due = nw.col("qualified_at") + days * DAY
    met = nw.col("met_at")
    handover = (
        nw.when(~met.is_null() & (met <= due))
        .then(nw.lit("met_in_time"))
        .otherwise(
            nw.when(~met.is_null())
            .then(nw.lit("met_late"))
            .otherwise(
                nw.when(nw.lit(pipeline.at) < due).then(nw.lit("waiting")).otherwise(nw.lit("never_met"))
            )
        )
    )
    if pipeline.activities is None:
        handover = nw.lit("unverifiable")
    since = nw.lit(pipeline.at) - nw.col("created_at")
    ignored = (nw.col("status") == "new") & nw.col("answered_at").is_null() & (since >= days * DAY)
    skipped = (nw.col("status") == "converted") & nw.col("qualified_at").is_null()
    return leads.with_columns(
        handover=nw.when(~nw.col("qualified_at").is_null()).then(handover),
        untouched=ignored if told else nw.col("lead").is_null(),
        skipped=skipped,
    )


def _with_meetings(pipeline: Pipeline, leads: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """With `met_at`: the first meeting since it came in, with the lead or on its deal."""
    if pipeline.activities is None:
        return leads.with_columns(met_at=nw.lit(None).cast(nw.Int64))
    meetings = pipeline.activities.filter(nw.col("kind") == "meeting")
    parts = []
    for key in ("lead", "deal"):
        here = leads.filter(~nw.col(key).is_null())
        # A lead's own name twice in one selection would clash.
        here = here.select(key, "created_at", **({} if key == "lead" else {"lead": nw.col("lead")}))
        met = here.join(meetings.select(key, "happened_at"), on=key, how="inner")
        parts.append(met.filter(nw.col("happened_at") >= nw.col("created_at")).select("lead", "happened_at"))
    first = nw.concat(parts, how="vertical").group_by("lead").agg(met_at=nw.col("happened_at").min())
    return leads.join(first, on="lead", how="left")
