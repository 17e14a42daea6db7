"""Qualification: whether every exit criterion behind a deal holds."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.criteria import (
    MET,
    RANK,
    STATES,
    UNMET,
    UNVERIFIABLE,
    WAIVED,
    Assessed,
    assess,
    assess_one,
    counted,
)
from stageproof.engine.definition import Definition
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.one_deal import OneDeal
from stageproof.engine.terms import own_words

QUALIFIED, UNQUALIFIED = "qualified", "unqualified"
QUALIFICATIONS = (QUALIFIED, WAIVED, UNVERIFIABLE, UNQUALIFIED)
UNKNOWN_STAGE = -1


def qualified_deals(pipeline: Pipeline) -> Lazy:
    """The open deals with `qualification`, `position` of the stage, and criteria met / waived / unverifiable / unmet.

    One row per open deal. `qualified`: all criteria of the stages before the present one are met. `waived`: all met
    or waived. `unverifiable`: none is unmet, but the book cannot tell about some, or does not know the stage.
    `unqualified`: at least one is unmet. `position` is 0 for the first stage, -1 where the definition has no such stage.
    """
    return pipeline.remember("qualified_deals", lambda: in_memory(_qualified(pipeline)))


def _qualified(pipeline: Pipeline) -> Lazy:
    definitions = pipeline.definitions
    if not definitions:
        return _without_definition(pipeline.open)
    if len(definitions) == 1:
        return _under(pipeline, definitions[0], pipeline.open)
    names = [definition.pipeline for definition in definitions]
    parts = [
        _under(pipeline, definition, pipeline.open.filter(nw.col("pipeline") == definition.pipeline))
        for definition in definitions
    ]
    elsewhere = nw.col("pipeline").is_null() | ~nw.col("pipeline").is_in(names)
    return nw.concat([*parts, _without_definition(pipeline.open.filter(elsewhere))], how="vertical")


def _under(pipeline: Pipeline, definition: Definition, deals: Lazy) -> Lazy:
    assessed = assessed_deals(pipeline, definition, deals)
    return assessed.frame.drop([name for *_, name in assessed.columns])


def assessed_deals(pipeline: Pipeline, definition: Definition, deals: Lazy) -> Assessed:
    """The deals as `qualified_deals` has them, with the rank of each exit criterion's state in a column beside."""
    assessed = assess(pipeline, definition, _with_position(pipeline, definition, deals))
    positions = {stage.name: index for index, stage in enumerate(definition.stages)}
    behind = {name: positions[stage.name] for stage, _, name in assessed.columns}

    words, (frame,) = own_words(assessed.frame)

    def how_many(state: str) -> Any:
        def counts(name: str) -> Any:
            return (words.col("position") > behind[name]) & (words.col(name) == RANK[state])

        return counted(words, behind, counts)

    frame = frame.with_columns(**{f"criteria_{state}": how_many(state) for state in STATES})
    frame = nw.from_native(frame, pass_through=True).with_columns(qualification=_verdict())
    return Assessed(frame, assessed.columns)


def _with_position(pipeline: Pipeline, definition: Definition, deals: Lazy) -> Lazy:
    """The deals with `position`; where they are in memory, each of the few names is looked up once."""
    native = deals.to_native()
    if not (pipeline.keeps and isinstance(native, pl.LazyFrame)):
        return deals.with_columns(position=stage_position(definition))
    names = native.select(pl.col("stage").drop_nulls().unique()).collect()["stage"].to_list()
    places = {name: known_position(definition, name) for name in names}
    position = pl.col("stage").replace_strict(places, default=UNKNOWN_STAGE, return_dtype=pl.Int64)
    placed: Lazy = nw.from_native(native.with_columns(position=position))
    return placed


def assessed_in_hand(definition: Definition, one: OneDeal) -> dict[str, Any]:
    """The same of one deal in hand: deal, position, qualification, the counts, and each criterion's column."""
    states = assess_one(one.moment, definition, one.deal, one.in_force)
    position = known_position(definition, one.deal["stage"])
    places = {stage.name: place for place, stage in enumerate(definition.stages)}
    found = {
        f"criterion_{places[stage.name]}_{criterion.id}": RANK[state] for stage, criterion, state in states
    }
    behind = [state for stage, _, state in states if position > places[stage.name]]
    count = {state: behind.count(state) for state in STATES}
    if count[UNMET]:
        qualification = UNQUALIFIED
    elif count[UNVERIFIABLE] or position == UNKNOWN_STAGE:
        qualification = UNVERIFIABLE
    else:
        qualification = WAIVED if count[WAIVED] else QUALIFIED
    counts = {f"criteria_{state}": number for state, number in count.items()}
    facts = {name: one.deal.get(name) for name in ("deal", "pipeline")}
    return {**facts, "position": position, "qualification": qualification, **counts, **found}


def known_position(definition: Definition, stage: str | None) -> int:
    """What `stage_position` says of one stage."""
    wanted = None if stage is None else stage.lower()
    names = [[word.lower() for word in (each.name, *each.aliases)] for each in definition.stages]
    return max((place for place, known in enumerate(names) if wanted in known), default=UNKNOWN_STAGE)


def _verdict() -> nw.Expr:
    unknown = (nw.col(f"criteria_{UNVERIFIABLE}") > 0) | (nw.col("position") == UNKNOWN_STAGE)
    return (
        nw.when(nw.col(f"criteria_{UNMET}") > 0)
        .then(nw.lit(UNQUALIFIED))
        .otherwise(
            nw.when(unknown)
            .then(nw.lit(UNVERIFIABLE))
            .otherwise(
                nw.when(nw.col(f"criteria_{WAIVED}") > 0).then(nw.lit(WAIVED)).otherwise(nw.lit(QUALIFIED))
            )
        )
    )


def _without_definition(deals: Lazy) -> Lazy:
    zero = {f"criteria_{state}": nw.lit(0).cast(nw.Int64) for state in STATES}
    return deals.with_columns(
        position=nw.lit(UNKNOWN_STAGE).cast(nw.Int64), **zero, qualification=nw.lit(UNVERIFIABLE)
    )


def stage_position(definition: Definition, stage: str = "stage") -> nw.Expr:
    """The position of a deal's stage in the definition, -1 where it has none; names and aliases, any case."""
    expression: nw.Expr = nw.lit(UNKNOWN_STAGE)
    name = nw.col(stage).str.to_lowercase()
    for position, each in enumerate(definition.stages):
        names = [word.lower() for word in (each.name, *each.aliases)]
        expression = nw.when(name.is_in(names)).then(nw.lit(position)).otherwise(expression)
    return expression.cast(nw.Int64)


def criterion_states(pipeline: Pipeline, deals: list[str] | None = None) -> pl.DataFrame:
    """One row per open deal and exit criterion: deal, stage, criterion, says, behind, state.

    `behind` tells whether the criterion lies before the deal's stage, and so counts for its qualification.
    """
    rows = []
    chosen = pipeline.open if deals is None else pipeline.open.filter(nw.col("deal").is_in(deals))
    for definition in pipeline.definitions:
        mine = chosen
        if len(pipeline.definitions) > 1:
            mine = chosen.filter(nw.col("pipeline") == definition.pipeline)
        assessed = assess(pipeline, definition, mine.with_columns(position=stage_position(definition)))
        wide = collect(assessed.in_words("deal", "position"))
        for stage, criterion, name in assessed.columns:
            at = definition.position(stage.name)
            rows.append(
                wide.select(
                    "deal",
                    stage=pl.lit(stage.name),
                    criterion=pl.lit(criterion.id),
                    says=pl.lit(criterion.says),
                    behind=pl.col("position") > at,
                    state=pl.col(name),
                )
            )
    if not rows:
        text = dict.fromkeys(("deal", "stage", "criterion", "says"), pl.String)
        return pl.DataFrame(schema={**text, "behind": pl.Boolean, "state": pl.String})
    return pl.concat(rows).sort("deal", maintain_order=True)


__all__ = ["MET", "QUALIFICATIONS", "QUALIFIED", "UNQUALIFIED", "criterion_states", "qualified_deals"]
