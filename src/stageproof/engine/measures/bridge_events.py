"""The bridge by its events: every change between two instants, in order, at the rate of its own day."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.local_days import local_day
from stageproof.engine.measures.bridge_ends import named, settled
from stageproof.engine.measures.bridge_lines import same_money, way_in, way_out
from stageproof.engine.measures.bridge_rows import in_order, moves, standing
from stageproof.engine.measures.bridge_scope import Scope


def events(first: Pipeline, last: Pipeline, scope: Scope) -> pl.DataFrame:
    """One row per change and line, beside one per deal for its opening, closing, and each stretch revalued.

    A change of amount comes first, at the rates of its day; then the deal leaves or moves at the new amount.
    """
    stretches = in_memory(_stretches(first, last, scope))
    return in_order([*_held(stretches, first, last, scope), *_changes(stretches, first, last, scope)])


def _stretches(first: Pipeline, last: Pipeline, scope: Scope) -> Lazy:
    """The versions held since the start, worth `early` when they begin and `late` when they end."""
    versions = last.versions.filter(nw.col("valid_to") > first.at, nw.col("valid_to") > nw.col("valid_from"))
    states = scope.states(last, versions, "valid_from", "valid_to", "actor", "door")
    begun = nw.when(nw.col("valid_from") > first.at).then(nw.col("valid_from")).otherwise(nw.lit(first.at))
    ended = nw.when(nw.col("valid_to") > last.at).then(nw.lit(last.at)).otherwise(nw.col("valid_to"))
    states = scope.worth(last, states, "early", _day(last, scope, begun))
    return scope.worth(last, states, "late", _day(last, scope, ended))


def _day(last: Pipeline, scope: Scope, at: nw.Expr) -> nw.Expr:
    if not scope.converts(last):
        return nw.lit(last.day)
    return local_day(at, last.book.zone, last.at)


def _held(stretches: Lazy, first: Pipeline, last: Pipeline, scope: Scope) -> list[pl.DataFrame]:
    """What stood at the start and at the end, and what rates alone did in between."""
    opens, closes = nw.col("valid_from") <= first.at, nw.col("valid_to") > last.at
    revalued = nw.col("late") - nw.col("early")
    chosen = stretches.filter(nw.col("inside"), opens | closes | (revalued != 0)).with_columns(
        opens=opens, closes=closes, revalued=revalued
    )
    table = collect(named(chosen, "before"))
    text = pl.lit(None, dtype=pl.String)
    table = table.with_columns(
        *(pl.col(f"before_{name}").alias(f"after_{name}") for name in scope.carried),
        deal=pl.col("before_deal"),
        changed_at=pl.lit(None, dtype=pl.Int64),
        actor=text,
        door=text,
    )
    ended = pl.min_horizontal("before_valid_to", pl.lit(last.at))
    rated = table.filter(pl.col("before_revalued") != 0).with_columns(changed_at=ended)
    return [
        standing(table.filter("before_opens"), "opening", "before", "before_early", scope),
        standing(rated, "exchange", "before", "before_revalued", scope),
        standing(table.filter("before_closes"), "closing", "before", "before_late", scope),
    ]


def _changes(stretches: Lazy, first: Pipeline, last: Pipeline, scope: Scope) -> list[pl.DataFrame]:
    before = named(stretches.filter(nw.col("valid_to") <= last.at), "before")
    after = named(stretches.filter(nw.col("valid_from") > first.at), "after")
    # One version ends at the very instant at which the next begins; without a next one the deal is gone.
    both = settled(
        before.join(
            after,
            left_on=["before_deal", "before_valid_to"],
            right_on=["after_deal", "after_valid_from"],
            how="full",
        )
    )
    was, now = nw.col("before_late"), nw.col("after_early")
    # A blank amount on what is lost or gone says nothing about what it was worth.
    unstated = nw.col("after_amount").is_null() & (
        nw.col("after_status").is_null() | nw.col("after_status").is_in(["lost", "deleted"])
    )
    kept = nw.col("before_inside") & same_money(scope) & ~unstated
    wide = both.with_columns(
        out=way_out(scope),
        into=way_in(scope),
        out_amount=nw.when(kept).then(now).otherwise(was),
        in_amount=now,
        change=nw.when(kept).then(now - was).otherwise(nw.lit(0)),
        changed_at=nw.coalesce(nw.col("after_valid_from"), nw.col("before_valid_to")),
        actor=nw.col("after_actor"),
        door=nw.col("after_door"),
    )
    happened = ~nw.col("out").is_null() | ~nw.col("into").is_null() | (nw.col("change") != 0)
    return moves(collect(wide.filter(happened)), scope, change_side="before")
