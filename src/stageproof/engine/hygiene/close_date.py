"""Check 1: is the close date real?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.definition import Definition, HygieneRules
from stageproof.engine.frames import DAY, collect
from stageproof.engine.hygiene.subjects import (
    Checked,
    Test,
    Usual,
    day_of_instant,
    findings,
    later,
    missing_since,
    ruled,
)
from stageproof.engine.measures.placing import placed
from stageproof.engine.measures.slippage import push_count
from stageproof.engine.measures.stage_visits import open_runs, runs_ever, runs_of_all_days, stage_runs
from stageproof.engine.measures.time_in_stage import named_in_two_ways
from stageproof.engine.tables import FOREVER, NUMBER
from stageproof.engine.terms import deal_key

CHECK = 1
ENOUGH_WON = 10
"""How many won deals it takes to say how long the stages after one take."""


def close_date(pipeline: Pipeline, *, usual: Usual | None = None) -> Checked:
    """Close dates that are missing, past, unconfirmed by the buyer, pushed too often, or sooner than
    possible.

    `usual` is given for a book of a few deals, of which nothing can be learned; then there are no notes of what could
    not be checked either.
    """
    if "close_on" not in pipeline.book.fields:
        return Checked((), ("Close dates: the book holds none.",))
    remaining = days_after_stage(pipeline) if usual is None else usual.days_after_stage
    found: list[nw.LazyFrame[Any]] = []
    for definition, rules, deals in ruled(pipeline):
        known = _with_confirmation(pipeline, rules, missing_since(pipeline, deals, ["close_on"]))
        pushes = push_count(pipeline).with_columns(pushed_on=day_of_instant(pipeline, nw.col("last_push_at")))
        frame = in_memory(known.join(pushes, on="deal", how="left"))
        tests = [*_always(pipeline, rules), *_too_soon(pipeline, definition, remaining)]
        if pipeline.evidence is not None:
            tests.append(_unconfirmed(pipeline, rules))
        found += findings(frame, CHECK, tests)
    return Checked(tuple(found), tuple(_unchecked(pipeline, remaining)) if usual is None else ())


def days_after_stage(pipeline: Pipeline) -> dict[tuple[str, int], float]:
    """Median days from leaving a stage for good to winning, per definition and position, where enough were
    won."""
    quick = _took_of_all_days(pipeline)
    if quick is None:
        left = _took(pipeline).group_by("definition", "position")
        medians = collect(left.agg(deals=nw.len(), took=nw.col("took").median()))
    else:
        # Each stage has one name: the few stages are placed, not the many times that one was left.
        left_in = quick.group_by("stage").agg(pl.len().alias("deals"), pl.col("took").median())
        medians = left_in.with_columns(pl.col("stage").cast(pl.String)).collect()
        medians = collect(placed(pipeline, nw.from_native(medians.lazy()))).filter(pl.col("position") >= 0)
    return {
        (name, position): float(took) / DAY
        for name, position, deals, took in medians.select("definition", "position", "deals", "took").rows()
        if deals >= ENOUGH_WON
    }


def _took(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """One row per won deal and stage: `took`, the microseconds from leaving it for good to winning."""
    winners = pipeline.closed.filter(nw.col("status") == "won")
    key = deal_key(winners, visits := open_runs(pipeline))
    won = (
        stage_runs(pipeline)
        .filter(nw.col("status") == "won")
        .group_by(key)
        .agg(won_at=nw.col("entered_at").max())
    )
    visits = visits.join(winners.select(key, "pipeline"), on=key, how="inner")
    return (
        placed(pipeline, visits)
        .filter(nw.col("position") >= 0, ~nw.col("definition").is_null())
        .group_by(key, "definition", "position")
        .agg(left_at=nw.col("left_at").max())
        .join(won, on=key, how="inner")
        .with_columns(took=nw.col("won_at") - nw.col("left_at"))
    )


def _took_of_all_days(pipeline: Pipeline) -> pl.LazyFrame | None:
    """The same, with the stage by its name, from what was worked out once for all days; None where that cannot be."""
    runs = runs_of_all_days(pipeline)
    if runs is None or len(pipeline.definitions) != 1 or named_in_two_ways(pipeline, runs):
        return None
    every = pipeline.book.remember("took", lambda of: _wins(runs_ever(of)))
    return every.lazy().filter(pl.col("won_at") <= pipeline.at, pl.col("until_at") > pipeline.at)


def _wins(runs: pl.DataFrame) -> pl.DataFrame:
    """One row per time that a deal was won and stage that it had been in before: `took`, `won_at`, `until_at`."""
    number = [name for name in (NUMBER,) if name in runs.columns]
    table = runs.lazy().select(
        "status",
        "stage",
        "entered_at",
        "left_at",
        *number,
        deal=(pl.col("deal") != pl.col("deal").shift(1)).fill_null(True).cum_sum(),
    )
    won = table.filter(pl.col("status") == "won").select(
        "deal", *number, won_at="entered_at", until_at=pl.col("left_at").fill_null(FOREVER)
    )
    visits = table.filter(pl.col("status") == "open", pl.col("stage").is_not_null())
    before = won.join(visits, on="deal").filter(pl.col("left_at") <= pl.col("won_at"))
    return (
        before.group_by("deal", *number, "won_at", "until_at", "stage")
        .agg(took=pl.col("won_at").first() - pl.col("left_at").max())
        .drop("deal")
        # Few names, many rows: numbered, they are told apart several times faster.
        .with_columns(pl.col("stage").cast(pl.Categorical))
        .collect()
    )


def _always(pipeline: Pipeline, rules: HygieneRules) -> list[Test]:
    overdue = nw.lit(pipeline.day) - nw.col("close_on")
    return [
        Test("no_close_date", nw.col("close_on_missing"), nw.col("close_on_missing_on")),
        Test("past", nw.col("close_on") < pipeline.day, nw.col("close_on") + 1, overdue),
        Test(
            "pushed",
            nw.col("pushes") > rules.pushes_allowed,
            nw.col("pushed_on"),
            nw.col("pushes"),
            nw.lit(rules.pushes_allowed),
        ),
    ]


def _unconfirmed(pipeline: Pipeline, rules: HygieneRules) -> Test:
    """Close dates that lie ahead, near, and without the buyer's recent word for them."""
    ahead = nw.col("close_on") - pipeline.day
    soon = (ahead >= 0) & (ahead <= rules.closing_soon_days)
    lapsed_on = nw.col("confirmed_on") + rules.close_date_within_days
    confirmed = nw.coalesce(nw.col("confirmed_at") > _since(pipeline, rules), nw.lit(False))
    began = later(nw.col("close_on") - rules.closing_soon_days, nw.col("created_on"))
    return Test(
        "unconfirmed", soon & ~confirmed, later(began, lapsed_on), ahead, nw.lit(rules.closing_soon_days)
    )


def _with_confirmation(
    pipeline: Pipeline, rules: HygieneRules, deals: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    if pipeline.evidence is None:
        return deals
    key = deal_key(deals, pipeline.evidence)
    confirmed = (
        pipeline.evidence.filter(nw.col("kind") == rules.close_date_evidence, nw.col("side") == "buyer")
        .group_by(key)
        .agg(confirmed_at=nw.col("given_at").max())
    )
    day = day_of_instant(pipeline, nw.col("confirmed_at"))
    return deals.join(confirmed, on=key, how="left").with_columns(confirmed_on=day)


def _since(pipeline: Pipeline, rules: HygieneRules) -> int:
    return pipeline.at - rules.close_date_within_days * DAY


def _too_soon(
    pipeline: Pipeline, definition: Definition | None, remaining: Mapping[tuple[str, int], float]
) -> list[Test]:
    """Less time left than half of the won deals took once they had left the stage."""
    if definition is None:
        return []
    ahead = nw.col("close_on") - pipeline.day
    tests = []
    for position in range(len(definition.stages)):
        days = remaining.get((definition.pipeline, position))
        if days:
            here = (nw.col("position") == position) & (ahead >= 0) & (ahead < days)
            since = later(nw.col("close_on") - math.ceil(days) + 1, nw.col("entered_on"))
            tests.append(Test("too_soon", here, since, ahead, nw.lit(days)))
    return tests


def _unchecked(pipeline: Pipeline, remaining: Mapping[tuple[str, int], float]) -> list[str]:
    notes = []
    if pipeline.evidence is None:
        notes.append("Whether the buyer confirmed the close date: the book holds no evidence.")
    replaced = pipeline.versions.filter(nw.col("status") == "open", nw.col("valid_to") <= pipeline.at)
    key = deal_key(pipeline.open, replaced)
    if not _any(replaced.join(pipeline.open.select(key), on=key, how="semi")):
        notes.append("How often close dates were pushed: the book holds no history of open deals.")
    if not remaining:
        notes.append(
            f"Whether close dates are too soon: fewer than {ENOUGH_WON} won deals have a history of stages."
        )
    return notes


def _any(frame: nw.LazyFrame[Any]) -> bool:
    return bool(collect(frame.select("deal").head(1)).height)
