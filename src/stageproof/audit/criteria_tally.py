"""How the exit criteria stand: met, waived, unverifiable and unmet, over the deals that they lie behind."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.criteria import RANK, STATES, assess
from stageproof.engine.definition import Definition
from stageproof.engine.frames import collect
from stageproof.engine.measures.grouping import count_where
from stageproof.engine.qualification import stage_position


def criteria_tally(pipeline: Pipeline, definition: Definition) -> pl.DataFrame:
    """One row per criterion: stage, criterion, says, and how many open deals behind which it lies, by state."""
    placed = pipeline.open.with_columns(position=stage_position(definition))
    assessed = assess(pipeline, definition, placed)
    sums = {}
    for place, (stage, _, name) in enumerate(assessed.columns):
        at = definition.position(stage.name) or 0
        for state in STATES:
            sums[f"{place}_{state}"] = count_where((nw.col("position") > at) & (nw.col(name) == RANK[state]))
    counted = collect(assessed.frame.select(**sums)).row(0, named=True) if sums else {}
    rows = [
        {"stage": stage.name, "criterion": criterion.id, "says": criterion.says}
        | {state: counted[f"{place}_{state}"] for state in STATES}
        for place, (stage, criterion, _) in enumerate(assessed.columns)
    ]
    schema = dict.fromkeys(("stage", "criterion", "says"), pl.String) | dict.fromkeys(STATES, pl.Int64)
    return pl.DataFrame(rows, schema=schema)
