"""The bridge by its two ends: every deal compared as it was with as it is."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.measures.bridge_lines import regrouped, same_money, stays, way_in, way_out
from stageproof.engine.measures.bridge_rows import in_order, moves, standing
from stageproof.engine.measures.bridge_scope import Scope


def ends(first: Pipeline, last: Pipeline, scope: Scope) -> pl.DataFrame:
    """One row per deal and line: what left at its opening value, what came in at its closing value.

    A deal inside at both ends shows the effect of rates, and the change of its amount at the closing rates.
    """
    before = scope.states(first, in_force(first))
    before = scope.worth(first, before, "worth", nw.lit(first.day))
    before = scope.worth(last, before, "later", nw.lit(last.day))
    after = scope.worth(last, scope.states(last, in_force(last)), "worth", nw.lit(last.day))
    return compared(paired(before, after), scope, out=way_out(scope), into=way_in(scope))


def in_force(pipeline: Pipeline) -> Lazy:
    """The version of every deal that holds at the instant, deleted ones too."""
    return pipeline.versions.filter(nw.col("valid_to") > pipeline.at)


def paired(before: Lazy, after: Lazy) -> Lazy:
    """One row per deal that is inside before or after, with both states side by side."""
    both = named(before, "before").join(
        named(after, "after"), left_on="before_deal", right_on="after_deal", how="full"
    )
    return settled(both).filter(nw.col("before_inside") | nw.col("after_inside"))


def named(states: Lazy, side: str) -> Lazy:
    """The states with every column prefixed by the side."""
    return states.rename({name: f"{side}_{name}" for name in states.collect_schema().names()})


def settled(both: Lazy) -> Lazy:
    """With the deal, and a plain no where there is no state on a side."""
    sides = [f"{side}_{flag}" for side in ("before", "after") for flag in ("inside", "dated")]
    flags = {name: nw.coalesce(nw.col(name), nw.lit(False)) for name in sides}
    return both.with_columns(deal=nw.coalesce(nw.col("before_deal"), nw.col("after_deal")), **flags)


def compared(both: Lazy, scope: Scope, *, out: nw.Expr, into: nw.Expr) -> pl.DataFrame:
    """The rows of pairs that have `worth` on both sides and, before, what that is `later`."""
    opening, closing, later = nw.col("before_worth"), nw.col("after_worth"), nw.col("before_later")
    kept = stays() & same_money(scope)
    wide = both.with_columns(
        out=out,
        into=into,
        out_amount=opening,
        in_amount=nw.when(regrouped(scope) & same_money(scope)).then(opening).otherwise(closing),
        change=nw.when(kept).then(closing - later).otherwise(nw.lit(0)),
        exchange=nw.when(kept).then(later - opening).otherwise(nw.lit(0)),
    )
    table = collect(wide)
    held = [
        standing(table.filter("before_inside"), "opening", "before", "before_worth", scope),
        standing(table.filter(pl.col("exchange") != 0), "exchange", "after", "exchange", scope),
        standing(table.filter("after_inside"), "closing", "after", "after_worth", scope),
    ]
    return in_order([*held, *moves(table, scope, change_side="after")])
