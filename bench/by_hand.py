"""The same work by hand: what someone who knows Polars and these very files would write."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Callable

import polars as pl


def audit(opportunity: str, history: str) -> None:
    """Reads both files, types every column used, and computes the groups that the audit computes."""
    deals = pl.scan_csv(opportunity, infer_schema=False).select(
        "Id", "AccountId", "OwnerId", "StageName", "LeadSource",
        pl.col("Amount").cast(pl.Float64, strict=False).mul(100).round().cast(pl.Int64),
        pl.col("CloseDate").str.to_date("%Y-%m-%d", strict=False),
        pl.col("CreatedDate").str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False),
        won=pl.col("IsWon") == "true", closed=pl.col("IsClosed") == "true",
    ).collect()  # fmt: skip
    changes = pl.scan_csv(history, infer_schema=False).select(
        "OpportunityId", "StageName",
        pl.col("Amount").cast(pl.Float64, strict=False).mul(100).round().cast(pl.Int64),
        pl.col("CloseDate").str.to_date("%Y-%m-%d", strict=False),
        pl.col("CreatedDate").str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False),
    ).collect()  # fmt: skip
    versions = changes.sort("OpportunityId", "CreatedDate").with_columns(
        valid_to=pl.col("CreatedDate").shift(-1).over("OpportunityId"),
        pushed=(pl.col("CloseDate") > pl.col("CloseDate").shift(1).over("OpportunityId")),
        moved=(pl.col("StageName") != pl.col("StageName").shift(1).over("OpportunityId")).fill_null(True),
    )
    open_ = deals.filter(~pl.col("closed"))
    closed = deals.filter(pl.col("closed"))
    won = closed.filter(pl.col("won"))
    cycle = (won["CloseDate"] - won["CreatedDate"].dt.date()).dt.total_days()
    entered = versions.filter(pl.col("moved")).group_by("OpportunityId").agg(pl.col("CreatedDate").max())
    pushes = versions.group_by("OpportunityId").agg(pl.col("pushed").sum())
    quarter = pl.col("CloseDate").dt.truncate("1q")
    sums = (pl.len(), pl.col("Amount").sum())
    runs = versions.filter("moved").with_columns(
        left=pl.col("CreatedDate").shift(-1).over("OpportunityId"),
        last=pl.col("CreatedDate").max().over("OpportunityId"),
    )
    stays = runs.with_columns(days=(pl.col("left") - pl.col("CreatedDate")).dt.total_days())
    to_win = runs.join(won.select("Id", closed_on="CloseDate"), left_on="OpportunityId", right_on="Id")
    tables = [
        open_.group_by("StageName").agg(*sums),
        open_.group_by("OwnerId").agg(*sums),
        open_.group_by("LeadSource").agg(*sums),
        open_.group_by(quarter).agg(*sums),
        closed.group_by("OwnerId", "won").agg(*sums),
        closed.group_by("LeadSource", "won").agg(*sums),
        closed.group_by(quarter, "won").agg(*sums),
        won.with_columns(days=cycle).group_by("OwnerId").agg(mean=pl.col("days").mean(), median=pl.col("days").median()),
        open_.join(entered, left_on="Id", right_on="OpportunityId", how="left", suffix="_stage")
        .with_columns(age=dt.datetime(2026, 1, 1) - pl.col("CreatedDate_stage"))
        .group_by("StageName").agg(median=pl.col("age").median(), longest=pl.col("age").max()),
        open_.join(pushes, left_on="Id", right_on="OpportunityId", how="left").filter(pl.col("pushed") > 1)
        .select(pl.len()),
        stays.group_by("OpportunityId", "StageName").agg(pl.col("days").sum()).group_by("StageName", "days").len()
        .sort("StageName", "days").with_columns(left=pl.col("len").cum_sum().over("StageName")),
        stays.group_by("StageName").agg(median=pl.col("days").median(), p90=pl.col("days").quantile(0.9)),
        to_win.group_by("StageName").agg(
            (pl.col("closed_on") - pl.col("CreatedDate").dt.date()).dt.total_days().median()
        ),
        won.select(low=pl.col("Amount").quantile(0.1), high=pl.col("Amount").quantile(0.9)),
        open_.filter(pl.col("CloseDate") < dt.date(2025, 12, 31)).select(*sums),
        open_.select(pl.col("AccountId", "OwnerId", "LeadSource", "Amount").is_null().sum()),
    ]  # fmt: skip
    print(json.dumps({
        "open": open_.height, "won": won.height, "lost": closed.height - won.height,
        "won_amount": f"{won['Amount'].sum() / 100:.2f}",
        "cycle": [cycle.mean(), cycle.median(), cycle.quantile(0.9)],
        "rows": sum(table.height for table in tables),
    }))  # fmt: skip


def as_of(folder: str) -> None:
    """The open pipeline by stage at an instant over all versions in memory, by hand and by the engine."""
    from stageproof.engine.book import Book
    from stageproof.engine.measures.open_pipeline import nominal_pipeline

    versions = pl.read_parquet(f"{folder}/deals.parquet")
    book = Book.build(deals=versions.lazy(), currency="USD")
    held = book.tables["deals"].collect("polars").to_native()
    book = Book.build(deals=held.lazy(), currency="USD")
    first, last = book.span()
    day = first + (last - first) / 2
    instant = book.instant(day)

    def by_hand() -> pl.DataFrame:
        return (
            held.lazy()
            .filter(pl.col("valid_from") <= instant, pl.col("valid_to") > instant, pl.col("status") == "open")
            .group_by("stage").agg(pl.len(), pl.col("amount").sum()).sort("stage").collect()
        )  # fmt: skip

    def ours() -> pl.DataFrame:
        return nominal_pipeline(book.as_of(day), by=["stage"])

    assert ours().rows() == by_hand().rows()
    print(json.dumps({"ours": quickest(ours), "by_hand": quickest(by_hand), "versions": held.height}))


def quickest(work: Callable[[], object]) -> float:
    """The middle of eleven runs, in seconds."""
    times = []
    for _ in range(11):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    audit(*sys.argv[2:]) if sys.argv[1] == "audit" else as_of(sys.argv[2])
