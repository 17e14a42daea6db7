"""What files of history say, in the order in which it happened."""

from __future__ import annotations

import polars as pl

from stageproof.importers.history import Histories
from stageproof.importers.outcome import Stages


def recorded_states(histories: Histories) -> pl.DataFrame:
    """Rows of state in order, one per deal and instant: of several the one that its deal goes on from."""
    if not histories.states:
        return pl.DataFrame(schema={"ix": pl.UInt32, "at": pl.Int64, "stage": pl.String})
    rows = pl.concat([frame.drop("row", strict=False) for frame in histories.states], how="diagonal")
    histories.states.clear()
    rows = rows.sort("ix", "at")
    tied = (pl.col("ix") == pl.col("ix").shift(-1)) & (pl.col("at") == pl.col("at").shift(-1))
    if rows.select(tied.any()).item():
        order = [name for name in ("change", *rows.columns) if name in rows.columns]
        rows = rows.sort(["ix", "at", *dict.fromkeys(name for name in order if name not in ("ix", "at"))])
        rows = rows.filter(~tied.fill_null(False))
    return rows.drop("change", strict=False)


def with_ends(states: pl.DataFrame) -> pl.DataFrame:
    """With a deletion where a row ceases to hold and no other follows."""
    if "ends_at" not in states.columns:
        return states
    following = pl.when(pl.col("ix") == pl.col("ix").shift(-1)).then(pl.col("at").shift(-1))
    ended = states.filter(
        pl.col("ends_at") > pl.col("at"),
        following.is_null() | (following > pl.col("ends_at") + 2_000_000),
    )
    gone = ended.with_columns(at=pl.col("ends_at"), status=pl.lit("deleted"))
    return pl.concat([states, gone], how="diagonal").drop("ends_at").sort("ix", "at")


def recorded_changes(histories: Histories, states: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Changes by field in order, without those that rows of state tell already."""
    told = states.select("ix").unique()
    found = {}
    for name in sorted(histories.changes):
        rows = pl.concat(histories.changes[name]).sort("ix", "at", "change", "value", nulls_last=True)
        if name in states.columns:
            rows = rows.join(told, on="ix", how="anti", maintain_order="left")
        if rows.height:
            found[name] = rows
    if "is_deleted" in found:
        gone = found.pop("is_deleted").filter(pl.col("value") == "deleted")
        found["status"] = pl.concat([found["status"], gone]).sort("ix", "at") if "status" in found else gone
    return found


def decided(timeline: pl.DataFrame, stages: Stages) -> pl.DataFrame:
    """With the status of every row: stated, else told by its stage, else open."""
    names = timeline["stage"].drop_nulls().unique()
    outcomes = [stages.outcome(name) for name in names]
    known = [outcome if outcome in ("won", "lost", "deleted") else "open" for outcome in outcomes]
    told = (
        timeline["stage"].replace_strict(
            names, pl.Series(known, dtype=pl.String), default="open", return_dtype=pl.String
        )
        if len(names)
        else pl.Series(["open"]).new_from_index(0, timeline.height)
    )
    timeline = timeline.with_columns(told.alias("_told"))
    status = pl.coalesce("status", "_told") if "status" in timeline.columns else pl.col("_told")
    # A stage that means won or lost is no stage of the pipeline.
    ends = (status != "open") & (pl.col("_told") != "open")
    return timeline.with_columns(status.alias("status"), pl.when(~ends).then("stage").alias("stage")).drop(
        "_told"
    )
