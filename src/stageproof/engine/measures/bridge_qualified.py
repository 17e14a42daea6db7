"""The bridge of the qualified pipeline: with what became qualified, what ceased to be, and what new rules did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import get_args

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book, Instant, Pipeline
from stageproof.engine.frames import Lazy
from stageproof.engine.measures.bridge import Bridge, Mode, instants, unknown
from stageproof.engine.measures.bridge_ends import compared, in_force, paired
from stageproof.engine.measures.bridge_lines import BALANCES, LATE, QUALIFIED_LINES, led_up, way_in, way_out
from stageproof.engine.measures.bridge_rows import in_order, led_up_by
from stageproof.engine.measures.bridge_scope import Scope
from stageproof.engine.period import Period
from stageproof.engine.problem import Refused
from stageproof.engine.qualification import QUALIFIED, qualified_deals


def qualified_bridge(
    book: Book,
    start: Instant,
    end: Instant,
    *,
    mode: Mode = "endpoints",
    period: Period | None = None,
    where: Mapping[str, Sequence[str | None]] | None = None,
    by: Sequence[str] = (),
    known_at: Instant | None = None,
    start_known_at: Instant | None = None,
) -> Bridge:
    """The bridge of the qualified deals, with lines of its own for deals that stay in scope.

    `became_qualified` and `lost_qualification` are what happened to the deals; `definition` is what the rules in
    force at the end alone have changed. Evidence ages by the day, so by events each day is compared with the next.
    With `start_known_at` it opens as it was known then, and `late_arrivals` are what was learned since.
    """
    first, last = instants(book, start, end, known_at)
    if mode not in get_args(Mode):
        raise Refused([unknown("mode", mode, get_args(Mode))])
    scope = Scope(where or {}, period, tuple(by))
    then = None if start_known_at is None else book.as_of(start, start_known_at)

    def compute(scope: Scope) -> pl.DataFrame:
        rows = _ends(first, last, scope) if mode == "endpoints" else _days(first, last, scope)
        return rows if then is None else led_up_by(_ends(then, first, scope), LATE, rows)

    own = replace(scope, by=("currency",), own_currency=True)
    names = led_up(QUALIFIED_LINES, late=then is not None, rules=True)
    return Bridge(
        first.at, last.at, mode, scope.by, book.currency, compute(scope), names, lambda: compute(own)
    )


def _days(first: Pipeline, last: Pipeline, scope: Scope) -> pl.DataFrame:
    """The rows of every day; `changed_at` is the instant at which a change was first seen."""
    stops = [first, *_day_ends(first, last), last]
    parts = []
    for before, after in pairwise(stops):
        rows = _ends(before, after, scope)
        kept = pl.lit(False)
        for line, here in zip(BALANCES, (before is first, after is last), strict=True):
            kept = kept | ((pl.col("line") == line) & here)
        flows = ~pl.col("line").is_in(BALANCES)
        seen_at = pl.when(flows).then(pl.lit(after.at))
        parts.append(rows.filter(kept | flows).with_columns(changed_at=seen_at))
    return in_order(parts)


def _day_ends(first: Pipeline, last: Pipeline) -> list[Pipeline]:
    days = [first.on + timedelta(days=number) for number in range((last.on - first.on).days + 1)]
    stops = [Pipeline(first.book, first.book.instant(day), first.known_at) for day in days]
    return [stop for stop in stops if first.at < stop.at < last.at]


def _ends(first: Pipeline, last: Pipeline, scope: Scope) -> pl.DataFrame:
    before = _judged(first, scope.states(first, in_force(first)))
    before = scope.worth(first, before, "worth", nw.lit(first.day))
    before = scope.worth(last, before, "later", nw.lit(last.day))
    after = scope.worth(last, _judged(last, scope.states(last, in_force(last))), "worth", nw.lit(last.day))
    after = _under_rules_of(first, last, after)
    both = paired(before, after)
    flags = ("before_eligible", "after_eligible", "after_formerly")
    both = both.with_columns(**{flag: nw.coalesce(nw.col(flag), nw.lit(False)) for flag in flags})
    return compared(both, scope, out=_way_out(scope), into=_way_in(scope))


def _judged(pipeline: Pipeline, states: Lazy) -> Lazy:
    """The states with `eligible`, inside whatever their qualification, and `inside`, where they are qualified."""
    judged = qualified_deals(pipeline).select("deal", "qualification")
    qualified = nw.coalesce(nw.col("qualification") == QUALIFIED, nw.lit(False))
    return states.join(judged, on="deal", how="left").with_columns(
        eligible=nw.col("inside"), inside=nw.col("inside") & qualified
    )


def _under_rules_of(first: Pipeline, last: Pipeline, after: Lazy) -> Lazy:
    """With `formerly`: whether the deal would still, or already, be qualified under the rules of the start."""
    if first.definitions == last.definitions:
        return after.with_columns(formerly=nw.col("inside"))
    judged = qualified_deals(last.under(*first.definitions)).filter(nw.col("qualification") == QUALIFIED)
    return after.join(judged.select("deal", formerly=nw.lit(True)), on="deal", how="left")


def _way_out(scope: Scope) -> nw.Expr:
    ceases = nw.col("before_inside") & ~nw.col("after_inside") & nw.col("after_eligible")
    return _own_line(ceases, nw.col("after_formerly"), "lost_qualification", way_out(scope))


def _way_in(scope: Scope) -> nw.Expr:
    becomes = ~nw.col("before_inside") & nw.col("after_inside") & nw.col("before_eligible")
    return _own_line(becomes, ~nw.col("after_formerly"), "became_qualified", way_in(scope))


def _own_line(differs: nw.Expr, by_rules: nw.Expr, line: str, otherwise: nw.Expr) -> nw.Expr:
    own = nw.when(by_rules).then(nw.lit("definition")).otherwise(nw.lit(line))
    return nw.when(differs).then(own).otherwise(otherwise)
