"""Stage visits: when each deal entered and left each stage, from its versions."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.tables import FOREVER


def stage_visits(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """One row per deal, stage and visit: deal, stage, entered_at, left_at, left_to.

    Versions that follow each other in the same open stage are one visit. `left_at` and `left_to` (the next
    stage, or won, lost, deleted) are null while the deal is there. `stage` is null where the deal had none.
    """
    return stage_runs(pipeline).filter(nw.col("status") == "open").drop("status", "left_status")


def stage_runs(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """The visits and, told apart by `status`, the times that the deal was won, lost or deleted."""
    return pipeline.remember("stage_runs", lambda: in_memory(_runs(pipeline)))


def _runs(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    opened = nw.col("status") == "open"
    # A version that another replaced at the same instant never held.
    versions = pipeline.versions.filter(nw.col("valid_to") > nw.col("valid_from")).select(
        "deal",
        "status",
        "valid_from",
        "valid_to",
        place=nw.when(opened).then(nw.coalesce(nw.col("stage"), nw.lit(""))).otherwise(nw.col("status")),
    )
    native = versions.to_native()
    runs = _in_order(native) if isinstance(native, pl.LazyFrame) else _windowed(versions)
    gone = nw.col("next_at").is_null() & (nw.col("until") <= pipeline.at)
    return runs.select(
        "deal",
        "status",
        stage=nw.when((nw.col("status") == "open") & (nw.col("place") != "")).then(nw.col("place")),
        entered_at=nw.col("valid_from"),
        left_at=nw.when(gone).then(nw.col("until")).otherwise(nw.col("next_at")),
        left_to=nw.when(gone).then(nw.lit("deleted")).otherwise(nw.col("next_place")),
        left_status=nw.when(gone).then(nw.lit("deleted")).otherwise(nw.col("next_status")),
    )


def _in_order(versions: pl.LazyFrame) -> nw.LazyFrame[Any]:
    """Neighbours in one sorted table: several times faster than windows over each deal."""
    table = versions.collect()
    same = pl.col("deal") == pl.col("deal").shift(1)
    later = (pl.col("deal") > pl.col("deal").shift(1)) | (
        same & (pl.col("valid_from") > pl.col("valid_from").shift(1))
    )
    # Histories often come in order already, and looking is much cheaper than sorting.
    if not table.select(later.fill_null(True).all()).item():
        table = table.sort("deal", "valid_from")
    stayed = (pl.col("place") == pl.col("place").shift(1)) & (pl.col("status") == pl.col("status").shift(1))
    # Only a deal's last version can end without another one following.
    follows = (pl.col("deal") == pl.col("deal").shift(-1)).fill_null(False)
    ends = table.lazy().filter(~follows).select("deal", until="valid_to")
    runs = table.lazy().filter(~(same & stayed).fill_null(False))
    return nw.from_native(
        runs.with_columns(
            next_at=pl.when(follows).then(pl.col("valid_from").shift(-1)),
            next_place=pl.when(follows).then(pl.col("place").shift(-1)),
            next_status=pl.when(follows).then(pl.col("status").shift(-1)),
        ).join(ends.filter(pl.col("until") < FOREVER), on="deal", how="left")
    )


def _windowed(versions: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    def beside(name: str, rows: int) -> nw.Expr:
        return nw.col(name).shift(rows).over("deal", order_by="valid_from")

    ordered = versions.with_columns(
        last_place=beside("place", 1),
        last_status=beside("status", 1),
        until=nw.col("valid_to").max().over("deal"),
    )
    began = (
        nw.col("last_place").is_null()
        | (nw.col("last_place") != nw.col("place"))
        | (nw.col("last_status") != nw.col("status"))
    )
    return ordered.filter(began).with_columns(
        next_at=beside("valid_from", -1), next_place=beside("place", -1), next_status=beside("status", -1)
    )
