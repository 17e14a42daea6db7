"""Win rate by stage: of the deals that got as far as a stage and have closed, how many were won."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.measures.grouping import count_where, summed
from stageproof.engine.measures.placing import deals_under
from stageproof.engine.measures.stage_visits import stage_runs
from stageproof.engine.qualification import stage_position

ASSUMED = 0.2
"""The win rate taken for granted before anything has closed."""
STRENGTH = 10
"""For how many closed deals an expectation counts against what was seen."""


def stage_win_rate(pipeline: Pipeline) -> pl.DataFrame:
    """One row per stage of each definition: definition, position, stage, `closed`, `won`, `rate`, `probability`.

    Of the closed deals that stood in the stage or a further one; a won deal has passed all of them. `rate` = won /
    closed, null where none closed. `probability` is the rate pulled towards that of all closed deals of the pipeline,
    as if `STRENGTH` more had closed at it; that one likewise towards `ASSUMED`. So few deals say little, and a
    pipeline without any says what was assumed.
    """
    parts = [_of(pipeline, definition) for definition in pipeline.definitions]
    if not parts:
        text, whole, real = pl.String, pl.Int64, pl.Float64
        return pl.DataFrame(
            schema={"definition": text, "position": whole, "stage": text, "closed": whole, "won": whole,
                    "rate": real, "probability": real}
        )  # fmt: skip
    return pl.concat(parts)


def _of(pipeline: Pipeline, definition: Definition) -> pl.DataFrame:
    stages = range(len(definition.stages))
    deals = furthest_of_closed(pipeline, definition)
    won = nw.col("status") == "won"
    sums: dict[str, nw.Expr] = {}
    for place in stages:
        there = won | (nw.col("furthest") >= place)
        sums |= {f"closed_{place}": count_where(there), f"won_{place}": count_where(there & won)}
    row = summed(deals, (), **sums).row(0, named=True)
    table = pl.DataFrame(
        {
            "definition": [definition.pipeline for _ in stages],
            "position": list(stages),
            "stage": [stage.name for stage in definition.stages],
            "closed": [row[f"closed_{place}"] for place in stages],
            "won": [row[f"won_{place}"] for place in stages],
        },
        schema_overrides={"position": pl.Int64, "closed": pl.Int64, "won": pl.Int64},
    )
    # Every closed deal has stood in the first stage at least.
    whole = pulled(pl.col("won").first(), pl.col("closed").first(), pl.lit(ASSUMED))
    seen = pl.when(pl.col("closed") > 0).then(pl.col("won") / pl.col("closed"))
    return table.with_columns(rate=seen, probability=pulled(pl.col("won"), pl.col("closed"), whole))


def pulled(won: pl.Expr, closed: pl.Expr, towards: pl.Expr) -> pl.Expr:
    """The share of won, pulled towards another as if `STRENGTH` more deals had closed at that."""
    return (won + STRENGTH * towards) / (closed + STRENGTH)


def furthest_of_closed(pipeline: Pipeline, definition: Definition) -> nw.LazyFrame[Any]:
    """The closed deals with the furthest position they were seen in, as a visit or as the stage they closed from."""
    closed = deals_under(pipeline, definition, pipeline.closed).with_columns(last=stage_position(definition))
    visits = stage_runs(pipeline).filter(nw.col("status") == "open")
    seen = visits.with_columns(at=stage_position(definition)).group_by("deal").agg(at=nw.col("at").max())
    joined = closed.select("deal", "status", "last").join(seen, on="deal", how="left")
    further = nw.when(nw.col("at") > nw.col("last")).then(nw.col("at")).otherwise(nw.col("last"))
    known = nw.when(further > 0).then(further).otherwise(nw.lit(0))
    return joined.with_columns(furthest=known)
