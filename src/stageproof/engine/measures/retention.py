"""Retention: what became of the contracts that were up for renewal, and what was built on them."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import Lazy, day_number
from stageproof.engine.measures.grouping import amount_where, count_where, summed, with_groups
from stageproof.engine.period import Period

STATES = ("renewed", "lost", "lapsed", "open", "awaited")
_NOT_GROWTH = "renew|referr|new business|new customer"


def retention(pipeline: Pipeline, *, period: Period | None = None, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per group: `due_count`, `due_amount`, `unpriced_count`, count and amount of each state,
    `retained_amount`, `shrunk_amount`, `expanded_amount`, `gross`, `net`.

    Of the won deals whose contract is up for renewal in the period, or ever. Amounts are minor units of the reporting
    currency, and due = retained + shrunk + lost + lapsed + open + awaited, to the cent. `expanded_amount` is what
    renewals brought beyond the contract, and what won deals that build on it brought. `gross` is what was retained,
    `net` that and the expansion, over the contracts that are decided: renewed, lost or lapsed; null where none is. A
    contract without an amount is counted in `unpriced_count`, and what came of it in no amount and no rate. Grouped by
    month, quarter or year it is that of the day of renewal.
    """
    contracts = with_groups(pipeline, contracts_due(pipeline, period), by, dated_by="renews_on")
    decided = nw.col("state").is_in(["renewed", "lost", "lapsed"])
    whole = ~nw.col("value").is_null()
    sums = {
        "due_count": count_where(whole | ~whole),
        "due_amount": amount_where(whole),
        "unpriced_count": count_where(~whole),
    }
    for state in STATES:
        sums[f"{state}_count"] = count_where(nw.col("state") == state)
        sums[f"{state}_amount"] = amount_where(nw.col("state") == state)
    sums["retained_amount"] = amount_where(whole, "retained")
    sums["shrunk_amount"] = amount_where(whole, "shrunk")
    sums["expanded_amount"] = amount_where(whole, "expanded")
    sums["decided_amount"] = amount_where(decided)
    sums["grown_amount"] = amount_where(decided & whole, "expanded")
    table = summed(contracts, by, **sums)
    base = pl.when(pl.col("decided_amount") != 0).then(pl.col("decided_amount"))
    return table.with_columns(
        gross=pl.col("retained_amount") / base,
        net=(pl.col("retained_amount") + pl.col("grown_amount")) / base,
    ).drop("decided_amount", "grown_amount")


def contracts_due(pipeline: Pipeline, period: Period | None = None) -> Lazy:
    """One row per won deal whose contract is up for renewal in the period: its columns, with `state` and what came of
    it in minor units of the reporting currency: `renewed`, `retained`, `shrunk`, `expanded`.

    A deal follows another by naming it; one of type renewal, or of no type, renews it, one of another type builds on it,
    and a referral or new business does neither. A contract is renewed as soon as a renewal was won; `open` while one is
    open, `lost` where all were lost, and without any `awaited` until its day has passed and `lapsed` from then on.
    """
    contracts = pipeline.deals.filter(nw.col("status") == "won", ~nw.col("renews_on").is_null())
    if period is not None:
        first, last = day_number(period.starts_on), day_number(period.ends_on)
        contracts = contracts.filter(nw.col("renews_on") >= first, nw.col("renews_on") <= last)
    kind = nw.col("deal_type").str.to_lowercase()
    renews = nw.coalesce(kind.str.contains("renew"), nw.lit(True))
    builds = nw.coalesce(~kind.str.contains(_NOT_GROWTH), nw.lit(False))
    won = nw.col("status") == "won"
    following = (
        pipeline.deals.filter(~nw.col("follows").is_null())
        .group_by("follows")
        .agg(
            renewals_won=count_where(renews & won),
            renewals_open=count_where(renews & (nw.col("status") == "open")),
            renewals_lost=count_where(renews & (nw.col("status") == "lost")),
            renewed=amount_where(renews & won),
            built=amount_where(builds & won),
        )
    )
    joined = contracts.join(following, left_on="deal", right_on="follows", how="left")
    counts = ("renewals_won", "renewals_open", "renewals_lost", "renewed", "built")
    joined = joined.with_columns(**{name: nw.coalesce(nw.col(name), nw.lit(0)) for name in counts})
    joined = joined.with_columns(state=_state(pipeline))
    value = nw.coalesce(nw.col("value"), nw.lit(0))
    is_renewed = nw.col("state") == "renewed"
    less = nw.col("renewed") < value
    retained = nw.when(is_renewed & less).then(nw.col("renewed")).otherwise(nw.when(is_renewed).then(value))
    shrunk = nw.when(is_renewed & less).then(value - nw.col("renewed"))
    beyond = nw.when(is_renewed & ~less).then(nw.col("renewed") - value)
    return joined.with_columns(
        retained=nw.coalesce(retained, nw.lit(0)),
        shrunk=nw.coalesce(shrunk, nw.lit(0)),
        expanded=nw.coalesce(beyond, nw.lit(0)) + nw.col("built"),
    )


def _state(pipeline: Pipeline) -> nw.Expr:
    gone = nw.when(nw.col("renews_on") < pipeline.day).then(nw.lit("lapsed")).otherwise(nw.lit("awaited"))
    lost = nw.when(nw.col("renewals_lost") > 0).then(nw.lit("lost")).otherwise(gone)
    pending = nw.when(nw.col("renewals_open") > 0).then(nw.lit("open")).otherwise(lost)
    return nw.when(nw.col("renewals_won") > 0).then(nw.lit("renewed")).otherwise(pending)
