"""Stage visits: when each deal entered and left each stage, from its versions."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book, Pipeline, in_memory
from stageproof.engine.tables import FOREVER, NUMBER


def stage_visits(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """One row per deal, stage and visit: deal, stage, entered_at, left_at, left_to.

    Versions that follow each other in the same open stage are one visit. `left_at` and `left_to` (the next
    stage, or won, lost, deleted) are null while the deal is there. `stage` is null where the deal had none.
    """
    return open_runs(pipeline).select("deal", "stage", "entered_at", "left_at", "left_to")


def open_runs(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """The same with the deals' numbers, where the book has them, for whoever joins by these."""
    return stage_runs(pipeline).filter(nw.col("status") == "open").drop("status", "left_status")


def stage_runs(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """The visits and, told apart by `status`, the times that the deal was won, lost or deleted."""
    return pipeline.remember("stage_runs", lambda: _known_runs(pipeline))


def _known_runs(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    at, whole = pipeline.at, runs_of_all_days(pipeline)
    if whole is None:
        return in_memory(_runs(pipeline.versions, at))
    left = nw.col("left_at") <= at
    return whole.filter(nw.col("entered_at") <= at).with_columns(
        **{name: nw.when(left).then(nw.col(name)) for name in ("left_at", "left_to", "left_status")}
    )


def runs_of_all_days(pipeline: Pipeline) -> nw.LazyFrame[Any] | None:
    """The runs of the whole history, deal by deal; None where only some of it is known, or another engine holds it.

    What came later changes nothing of a run but how it ended, so they are worked out once for all past days.
    """
    book = pipeline.book
    if pipeline.known_at is not None or not book.remembers_days:
        return None
    return nw.from_native(runs_ever(book).lazy())


def runs_ever(book: Book) -> pl.DataFrame:
    """The same of a book that remembers days."""
    return book.remember(
        "stage_runs", lambda of: _runs(of.tables["deals"], FOREVER - 1).to_native().collect()
    )


def _runs(versions: nw.LazyFrame[Any], at: int) -> nw.LazyFrame[Any]:
    """The runs of versions that began by the instant `at`."""
    opened = nw.col("status") == "open"
    number = [name for name in (NUMBER,) if name in versions.collect_schema().names()]
    # A version that another replaced at the same instant never held.
    versions = versions.filter(nw.col("valid_to") > nw.col("valid_from")).select(
        "deal",
        *number,
        "status",
        "valid_from",
        "valid_to",
        place=nw.when(opened).then(nw.coalesce(nw.col("stage"), nw.lit(""))).otherwise(nw.col("status")),
    )
    native = versions.to_native()
    runs = _in_order(native) if isinstance(native, pl.LazyFrame) else _windowed(versions)
    gone = nw.col("next_at").is_null() & (nw.col("until") <= at)
    return runs.select(
        "deal",
        *number,
        "status",
        stage=nw.when((nw.col("status") == "open") & (nw.col("place") != "")).then(nw.col("place")),
        entered_at=nw.col("valid_from"),
        left_at=nw.when(gone).then(nw.col("until")).otherwise(nw.col("next_at")),
        left_to=nw.when(gone).then(nw.lit("deleted")).otherwise(nw.col("next_place")),
        left_status=nw.when(gone).then(nw.lit("deleted")).otherwise(nw.col("next_status")),
    )


def _in_order(versions: pl.LazyFrame) -> nw.LazyFrame[Any]:
    """Neighbours in one sorted table, and sorted still: several times faster than windows over each deal."""
    table = in_order_of_deals(versions.collect())
    same = pl.col("deal") == pl.col("deal").shift(1)
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
        ).join(ends.filter(pl.col("until") < FOREVER), on="deal", how="left", maintain_order="left")
    )


def in_order_of_deals(versions: pl.DataFrame) -> pl.DataFrame:
    """The versions deal by deal, from the first to the last."""
    same = pl.col("deal") == pl.col("deal").shift(1)
    later = same & (pl.col("valid_from") > pl.col("valid_from").shift(1))
    # Histories often come in order already, and looking is much cheaper than sorting.
    ordered = versions.select(
        ((pl.col("deal") > pl.col("deal").shift(1)) | later).fill_null(True).all()
    ).item()
    return versions if ordered else versions.sort("deal", "valid_from")


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
