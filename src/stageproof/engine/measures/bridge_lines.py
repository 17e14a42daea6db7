"""The lines of a bridge: their order, and which of them a deal's way in or out is."""

from __future__ import annotations

import narwhals as nw

from stageproof.engine.measures.bridge_scope import Scope, changed
from stageproof.engine.measures.grouping import GRAINS

QUALIFIED_LINES = (
    "opening",
    "new",
    "reopened",
    "pulled_in",
    "transferred_in",
    "became_qualified",
    "increased",
    "decreased",
    "lost_qualification",
    "pushed_out",
    "transferred_out",
    "won",
    "lost",
    "deleted",
    "definition",
    "exchange",
    "closing",
)
"""In the order they are shown; amounts are signed, so that all but the last add up to the last."""

LATE, DEFINITION = "late_arrivals", "definition"

LINES = tuple(
    line for line in QUALIFIED_LINES if line not in ("became_qualified", "lost_qualification", "definition")
)

BALANCES = ("opening", "closing")


def led_up(lines: tuple[str, ...], *, late: bool, rules: bool) -> tuple[str, ...]:
    """The lines with those of what led up to the opening: what was learned since, and what new rules made of it."""
    found = lines
    if rules and DEFINITION not in found:
        place = found.index("exchange")
        found = (*found[:place], DEFINITION, *found[place:])
    return (found[0], LATE, *found[1:]) if late else found


IN_ORDER = led_up(QUALIFIED_LINES, late=True, rules=True)
"""Every line that a bridge can have."""


def stays() -> nw.Expr:
    """Whether a deal is inside before and after."""
    return nw.col("before_inside") & nw.col("after_inside")


def same_money(scope: Scope) -> nw.Expr:
    """Whether the amounts before and after may be subtracted."""
    return ~changed("currency") if scope.own_currency else nw.lit(True)


def regrouped(scope: Scope) -> nw.Expr:
    """Whether a deal that stays inside is in another group afterwards."""
    differs: nw.Expr = nw.lit(False)
    for name in scope.by:
        differs = differs | changed(name)
    return stays() & differs


def way_out(scope: Scope) -> nw.Expr:
    """The line on which a deal leaves, or leaves its group; blank where it does neither.

    Closing comes before moving, and the close date before the place: a deal pushed out of the period and
    handed over at once is pushed out, for its new owner's period never holds it.
    """
    status = nw.col("after_status")
    line = _by_date_or_place(nw.col("after_dated"), "pushed_out", "transferred_out")
    for outcome in ("won", "lost"):
        line = nw.when(status == outcome).then(nw.lit(outcome)).otherwise(line)
    line = nw.when(status.is_null() | (status == "deleted")).then(nw.lit("deleted")).otherwise(line)
    leaves = nw.col("before_inside") & ~nw.col("after_inside")
    return nw.when(leaves).then(line).otherwise(_between_groups(scope, "pushed_out", "transferred_out"))


def way_in(scope: Scope) -> nw.Expr:
    """The line on which a deal comes in, or comes into its group; blank where it does neither.

    New where no version held before; reopened where it was won, lost or deleted; pulled in where its close
    date was outside the period; else transferred in. Every deal that comes in has exactly one.
    """
    status = nw.col("before_status")
    line = _by_date_or_place(nw.col("before_dated"), "pulled_in", "transferred_in")
    line = nw.when(status != "open").then(nw.lit("reopened")).otherwise(line)
    line = nw.when(status.is_null()).then(nw.lit("new")).otherwise(line)
    enters = ~nw.col("before_inside") & nw.col("after_inside")
    return nw.when(enters).then(line).otherwise(_between_groups(scope, "pulled_in", "transferred_in"))


def _by_date_or_place(dated: nw.Expr, by_date: str, by_place: str) -> nw.Expr:
    return nw.when(~dated).then(nw.lit(by_date)).otherwise(nw.lit(by_place))


def _between_groups(scope: Scope, by_date: str, by_place: str) -> nw.Expr:
    """Between months or quarters a deal is pushed or pulled, between owners or stages transferred."""
    moved: nw.Expr = nw.lit(False)
    for name in scope.by:
        if name not in GRAINS:
            moved = moved | changed(name)
    line = nw.when(moved).then(nw.lit(by_place)).otherwise(nw.lit(by_date))
    return nw.when(regrouped(scope)).then(line).otherwise(nw.lit(None).cast(nw.String))
