"""Check 3: is the deal alive?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book, Pipeline, holds_at, in_memory
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, collect
from stageproof.engine.hygiene.subjects import (
    Checked,
    Test,
    Usual,
    day_of_instant,
    findings,
    missing_since,
    ruled,
)
from stageproof.engine.measures.cycle_length import timed_deals
from stageproof.engine.measures.time_in_stage import spent_by_open_deals, time_in_stage
from stageproof.engine.tables import NUMBER
from stageproof.engine.terms import deal_key

CHECK = 3
CLOSED = ("won", "lost")
ENOUGH_COMPLETED = 10
"""How many deals must have left a stage before their time there is a norm."""
ENOUGH_CLOSED = 30
"""How many deals must have closed before one older than all of them is a ghost."""
QUIET_DAYS = 14
"""Days without the buyer at a stage that the definition does not know."""


def alive(pipeline: Pipeline, *, usual: Usual | None = None) -> Checked:
    """Deals without the buyer, without a next step ahead, too long in their stage, or older than any that
    closed.

    `usual` is given for a book of a few deals, of which nothing can be learned; then there are no notes of what could
    not be checked either.
    """
    contact, notes = _last_contact(
        pipeline, activities_have_sides(pipeline) if usual is None else usual.sides
    )
    norms = stage_norms(pipeline) if usual is None else usual.stage_norms
    longest = longest_cycle(pipeline) if usual is None else usual.longest_cycle
    found: list[nw.LazyFrame[Any]] = []
    for definition, rules, deals in ruled(pipeline):
        frame = _with_next_step(pipeline, _with_time_in_stage(pipeline, deals) if norms else deals)
        if contact is not None:
            frame = frame.join(contact, on=deal_key(frame, contact), how="left")
        tests = [*_next_step(pipeline), *_ghosts(pipeline, longest)]
        if contact is not None:
            tests += _silent(pipeline, definition)
        if definition is not None and norms:
            tests += _overdue(pipeline, definition, norms, rules.stage_age_factor)
        found += findings(in_memory(frame), CHECK, tests)
    return Checked(tuple(found), (*notes, *_unchecked(pipeline, norms)) if usual is None else ())


def stage_norms(pipeline: Pipeline) -> dict[tuple[str, int], float]:
    """Days that a deal usually stays, per definition and position: as the definition says, else as history
    shows."""
    stages = [
        (definition.pipeline, position, stage.norm_days)
        for definition in pipeline.definitions
        for position, stage in enumerate(definition.stages)
    ]
    stated = {(name, position): float(days) for name, position, days in stages if days is not None}
    # History is asked only where the definition is silent: of millions of versions it is no small question.
    return stated if len(stated) == len(stages) else _usual_days(pipeline) | stated


def _usual_days(pipeline: Pipeline) -> dict[tuple[str, int], float]:
    usual = {}
    table = time_in_stage(pipeline)
    for name, position, completed, median, simple in table.select(
        "definition", "position", "completed", "median", "median_completed"
    ).iter_rows():
        if completed >= ENOUGH_COMPLETED and name is not None and position >= 0:
            usual[name, position] = median if median is not None else simple
    return usual


def activities_have_sides(pipeline: Pipeline) -> bool:
    """Whether the book says of any activity whose it was."""
    activities = pipeline.activities
    if activities is None:
        return False
    return bool(collect(activities.filter(~nw.col("side").is_null()).select("side").head(1)).height)


def longest_cycle(pipeline: Pipeline) -> int | None:
    """The days that the longest of the closed deals took; None where too few have closed to say."""
    took = _cycles(pipeline).select("cycle_days")
    closed, longest = collect(took.select(closed=nw.len(), longest=nw.col("cycle_days").max())).row(0)
    return longest if closed >= ENOUGH_CLOSED else None


def _cycles(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    if pipeline.known_at is not None or not pipeline.book.remembers_days:
        return timed_deals(pipeline, outcomes=CLOSED)
    every = pipeline.book.remember("cycles", _cycles_ever)
    return nw.from_native(every.lazy()).filter(holds_at(pipeline.at))


def _cycles_ever(book: Book) -> pl.DataFrame:
    """What `timed_deals` says of every version that closed its deal."""
    versions = book.tables["deals"].filter(nw.col("status").is_in(CLOSED))
    number = [name for name in (NUMBER,) if name in versions.collect_schema().names()]
    took = nw.col("close_on") - nw.col("created_on")
    timed = versions.select(*number, "valid_from", "valid_to", cycle_days=took)
    return collect(timed.filter(nw.col("cycle_days") >= 0))


def _last_contact(pipeline: Pipeline, sides: bool) -> tuple[nw.LazyFrame[Any] | None, list[str]]:
    """Per deal the day of the buyer's last activity; of any, where the book does not say whose they were."""
    activities = pipeline.activities
    if activities is None:
        return None, ["When the buyer was last heard: the book holds no activities."]
    notes = []
    buyers = activities.filter(nw.col("side") == "buyer")
    if not sides:
        notes.append("Whose activities they were: the book does not say, so any activity counts.")
        buyers = activities
    key = deal_key(pipeline.open, buyers)
    last = (
        buyers.filter(~nw.col("deal").is_null())
        .group_by(key)
        .agg(heard_at=nw.col("happened_at").max())
        .with_columns(heard_on=day_of_instant(pipeline, nw.col("heard_at")))
    )
    return last, notes


def _silent(pipeline: Pipeline, definition: Definition | None) -> Iterator[Test]:
    """Longer without the buyer than the stage allows; of a deal never heard of, since it was created."""
    since = nw.coalesce(nw.col("heard_on"), nw.col("created_on"), nw.col("entered_on"))
    silence = nw.lit(pipeline.day) - since
    allowed: nw.Expr = nw.lit(QUIET_DAYS)
    for position, stage in enumerate(definition.stages if definition else ()):
        quiet = QUIET_DAYS if stage.quiet_days is None else stage.quiet_days
        allowed = nw.when(nw.col("position") == position).then(nw.lit(quiet)).otherwise(allowed)
    heard = ~nw.col("heard_on").is_null()
    yield Test("silent", heard & (silence > allowed), since, silence, allowed)
    yield Test("never_heard", ~heard & (silence > allowed), since, silence, allowed)


def _with_next_step(pipeline: Pipeline, deals: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    column = _next_step_column(pipeline)
    return deals if column is None else missing_since(pipeline, deals, [column])


def _next_step(pipeline: Pipeline) -> Iterator[Test]:
    column = _next_step_column(pipeline)
    if column is not None:
        yield Test("no_next_step", nw.col(f"{column}_missing"), nw.col(f"{column}_missing_on"))
    if column == "next_step_on":
        due = nw.col("next_step_on")
        yield Test("next_step_past", due < pipeline.day, due + 1, nw.lit(pipeline.day) - due)


def _next_step_column(pipeline: Pipeline) -> str | None:
    return next((name for name in ("next_step_on", "next_step") if name in pipeline.book.fields), None)


def _with_time_in_stage(pipeline: Pipeline, deals: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return deals.join(spent_by_open_deals(pipeline), on="deal", how="left").with_columns(
        days_in_stage=(nw.col("spent") - 1) // DAY
    )


def _overdue(
    pipeline: Pipeline, definition: Definition, norms: Mapping[tuple[str, int], float], factor: float
) -> Iterator[Test]:
    days = nw.col("days_in_stage")
    for position in range(len(definition.stages)):
        norm = norms.get((definition.pipeline, position))
        if norm:
            limit = norm * factor
            since = nw.lit(pipeline.day) - days + int(limit) + 1
            here = (nw.col("position") == position) & (days > limit)
            yield Test("too_long_in_stage", here, since, days, nw.lit(limit))


def _ghosts(pipeline: Pipeline, longest: int | None) -> Iterator[Test]:
    if longest is not None:
        age = nw.lit(pipeline.day) - nw.col("created_on")
        yield Test("ghost", age > longest, nw.col("created_on") + longest + 1, age, nw.lit(longest))


def _unchecked(pipeline: Pipeline, norms: Mapping[tuple[str, int], float]) -> Iterator[str]:
    if _next_step_column(pipeline) is None:
        yield "Next steps: the book holds none."
    elif _next_step_column(pipeline) == "next_step":
        yield "Whether next steps lie in the past: the book holds no dates of next steps."
    without = [
        stage.name
        for definition in pipeline.definitions
        for position, stage in enumerate(definition.stages)
        if (definition.pipeline, position) not in norms
    ]
    if without:
        yield f"Time in {', '.join(without)}: no norm is set, and too few deals have left to show one."
