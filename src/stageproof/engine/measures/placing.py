"""Placing: where a stage stands in the definition that is in force for its deal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals as nw

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.qualification import UNKNOWN_STAGE, stage_position


def placed(pipeline: Pipeline, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """With `definition` (its pipeline's name), `position` and `place`: the stage as the definition calls it.

    Needs `stage`, and `pipeline` where several definitions are in force. A stage that the definition does not
    know keeps its own name at position -1.
    """
    position = by_definition(pipeline, stage_position, nw.lit(UNKNOWN_STAGE)).cast(nw.Int64)
    frame = frame.with_columns(
        position=position,
        definition=by_definition(pipeline, lambda each: nw.lit(each.pipeline), nw.lit(None).cast(nw.String)),
    )
    return frame.with_columns(place=by_definition(pipeline, _name, nw.col("stage")))


def by_definition(pipeline: Pipeline, value: Callable[[Definition], nw.Expr], otherwise: nw.Expr) -> nw.Expr:
    """What each deal's definition says; `otherwise` where none is in force for its pipeline."""
    definitions = pipeline.definitions
    if len(definitions) == 1:
        return value(definitions[0])
    chain = otherwise
    for definition in definitions:
        chain = nw.when(nw.col("pipeline") == definition.pipeline).then(value(definition)).otherwise(chain)
    return chain


def deals_under(
    pipeline: Pipeline, definition: Definition | None, deals: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """The deals that the definition rules, or with None those that none does."""
    definitions = pipeline.definitions
    if definition is not None:
        return deals if len(definitions) == 1 else deals.filter(nw.col("pipeline") == definition.pipeline)
    if not definitions:
        return deals
    names = [each.pipeline for each in definitions]
    # With one definition nothing is left over: it serves every pipeline.
    elsewhere = nw.col("pipeline").is_null() | ~nw.col("pipeline").is_in(names)
    return deals.filter(elsewhere if len(names) > 1 else nw.lit(False))


def _name(definition: Definition) -> nw.Expr:
    chain: nw.Expr = nw.col("stage")
    for position, stage in enumerate(definition.stages):
        chain = nw.when(nw.col("position") == position).then(nw.lit(stage.name)).otherwise(chain)
    return chain
