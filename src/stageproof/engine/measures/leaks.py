"""Leaks: where leads and deals of a cohort left the funnel, and the reasons that were given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.measures.conversion import in_window
from stageproof.engine.measures.funnel import LEAD_STEPS, Since, deal_progress, lead_progress
from stageproof.engine.measures.grouping import amount_where, summed
from stageproof.engine.period import Period

NO_REASON = "(no reason given)"
_GROUP = ("position", "reason")


def leaks(pipeline: Pipeline, *, period: Period, since: Since = "arrival") -> pl.DataFrame:
    """One row per step and reason: `definition`, `position`, `step`, `unit`, `reason`, `count`, `amount`.

    Of the cohort that came in during the period (`since` as in the funnel): leads that were disqualified and
    deals that were lost, at the furthest step that they reached. The counts of a step are those of the funnel.
    """
    parts = []
    for leaving in left_behind(pipeline, period, since):
        amounts = {"amount": amount_where(~nw.col("deal").is_null())} if leaving.unit == "deal" else {}
        parts.append(_steps(summed(leaving.rows, _GROUP, count=nw.len(), **amounts), leaving))
    schema = {
        "definition": pl.String, "position": pl.Int64, "step": pl.String, "unit": pl.String, "reason": pl.String,
        "count": pl.Int64, "amount": pl.Int64,
    }  # fmt: skip
    return pl.concat([part.cast(schema) for part in parts]) if parts else pl.DataFrame(schema=schema)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Leaving:
    """Those that left: leads, or the deals of a definition, each with `position` of its furthest step and `reason`."""

    definition: str | None
    unit: str
    steps: tuple[str, ...]
    rows: nw.LazyFrame[Any]


def left_behind(pipeline: Pipeline, period: Period, since: Since) -> list[Leaving]:
    """Those of the cohort that left the funnel."""
    found = []
    if pipeline.leads is not None:
        leads = lead_progress(pipeline, since).filter(
            in_window(pipeline, nw.col("came_at"), period), nw.col("status") == "disqualified"
        )
        named = _reasoned(leads.with_columns(position=nw.col("furthest")), "disqualified_reason")
        found.append(Leaving(None, "lead", LEAD_STEPS, named))
    definitions: list[Definition | None] = [*pipeline.definitions]
    if len(definitions) != 1:
        definitions.append(None)
    for definition in definitions:
        names = [stage.name for stage in definition.stages] if definition else []
        deals = deal_progress(pipeline, definition, period, "cohort", since).filter(
            nw.col("status") == "lost"
        )
        reached: nw.Expr = nw.lit(0)
        for place in range(len(names)):
            there = ~nw.col(f"reached_{place + 1}").is_null()
            reached = nw.when(there).then(nw.lit(place + 1)).otherwise(reached)
        named = _reasoned(deals.with_columns(position=reached), "lost_reason")
        found.append(Leaving(definition.pipeline if definition else None, "deal", ("deals", *names), named))
    return found


def _reasoned(frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    blank = nw.col(column).is_null() | (nw.col(column) == "")
    return frame.with_columns(
        position=nw.col("position").cast(nw.Int64),
        reason=nw.when(blank).then(nw.lit(NO_REASON)).otherwise(nw.col(column)),
    )


def _steps(table: pl.DataFrame, leaving: Leaving) -> pl.DataFrame:
    """The table with the names of its steps, the most frequent reason of each first."""
    if "amount" not in table.columns:
        table = table.with_columns(amount=pl.lit(None, pl.Int64))
    steps = leaving.steps
    names = pl.Series(list(steps), dtype=pl.String)
    return (
        table.with_columns(
            definition=pl.lit(leaving.definition, pl.String),
            unit=pl.lit(leaving.unit),
            step=pl.col("position").replace_strict(
                range(len(steps)), names, return_dtype=pl.String, default=None
            ),
        )
        .sort(["position", "count", "reason"], descending=[False, True, False])
        .select("definition", "position", "step", "unit", "reason", "count", "amount")
    )
