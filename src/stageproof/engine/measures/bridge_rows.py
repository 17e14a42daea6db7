"""The rows of a bridge: one per deal and line, with what was there before and after."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stageproof.engine.measures.bridge_lines import BALANCES, IN_ORDER, LINES
from stageproof.engine.measures.bridge_scope import Scope
from stageproof.engine.money import CURRENCIES

_WHO = ("changed_at", "actor", "door")


def standing(table: pl.DataFrame, line: str, side: str, amount: str, scope: Scope) -> pl.DataFrame:
    """What stood rather than moved: a row for each of the table's on one line."""
    return _part(table, pl.lit(line), pl.col(amount), side, scope)


def moves(table: pl.DataFrame, scope: Scope, *, change_side: str) -> list[pl.DataFrame]:
    """The rows of changes of amount, which fall to the group of `change_side`, of ways out and of ways in."""
    out, into, change = pl.col("out"), pl.col("into"), pl.col("change")
    grew = pl.when(change > 0).then(pl.lit("increased")).otherwise(pl.lit("decreased"))
    return [
        _part(table.filter(change != 0), grew, change, change_side, scope),
        _part(table.filter(out.is_not_null()), out, -pl.col("out_amount"), "before", scope),
        _part(table.filter(into.is_not_null()), into, pl.col("in_amount"), "after", scope),
    ]


def in_order(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows, by line, then by instant, then by deal."""
    rows = pl.concat(parts, how="diagonal")
    keys = ["changed_at", "deal"] if "changed_at" in rows.columns else ["deal"]
    place = pl.col("line").replace_strict({line: place for place, line in enumerate(IN_ORDER)})
    return rows.sort(place, *keys, nulls_last=True)


def led_up_by(steps: pl.DataFrame, line: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a bridge that opens where other steps ended, opened where those began, their moves on one line."""
    opening = steps.filter(pl.col("line") == BALANCES[0])
    moved = steps.filter(~pl.col("line").is_in(BALANCES)).with_columns(line=pl.lit(line))
    return in_order([rows.filter(pl.col("line") != BALANCES[0]), opening, moved]).select(rows.columns)


def lines_of(deals: pl.DataFrame, by: Sequence[str], names: Sequence[str] = LINES) -> pl.DataFrame:
    """Every line of every group in order, with `count` and `amount`, both zero where nothing is on it."""
    order = pl.DataFrame({"line": names, "place": range(len(names))})
    groups = deals.select(by).unique() if by else None
    frame = order if groups is None else groups.join(order, how="cross")
    sums = deals.group_by("line", *by).agg(
        count=pl.len().cast(pl.Int64), amount=pl.col("amount").sum().cast(pl.Int64)
    )
    full = frame.join(sums, on=["line", *by], how="left", nulls_equal=True).sort(
        *by, "place", nulls_last=True
    )
    return full.select("line", pl.col("count").fill_null(0), pl.col("amount").fill_null(0), *by)


def _part(table: pl.DataFrame, line: pl.Expr, amount: pl.Expr, side: str, scope: Scope) -> pl.DataFrame:
    who = [pl.col(name) for name in _WHO if name in table.columns]
    groups = [pl.col(f"{side}_{name}").alias(name) for name in scope.by]
    part = table.with_columns(line=line)
    return part.select(
        "deal",
        "line",
        *groups,
        *who,
        amount=amount.cast(pl.Int64),
        before=_fact(table, "before", scope),
        after=_fact(table, "after", scope),
    )


def _fact(table: pl.DataFrame, side: str, scope: Scope) -> pl.Expr:
    """In words, what the line is about: an amount, a close date, a place, a qualification, or the status."""
    line = pl.col("line")
    plain = pl.col(f"{side}_status")
    if f"{side}_qualification" in table.columns:
        own = line.is_in(["became_qualified", "lost_qualification", "definition"])
        plain = pl.when(own).then(pl.col(f"{side}_qualification")).otherwise(plain)
    return (
        pl.when(line.is_in(["increased", "decreased"]))
        .then(_money(table, side))
        .when(line.is_in(["pushed_out", "pulled_in"]))
        .then(pl.col(f"{side}_close_on").cast(pl.Int32).cast(pl.Date).cast(pl.String))
        .when(line.is_in(["transferred_out", "transferred_in"]))
        .then(_place(side, scope))
        .when(~line.is_in(["opening", "exchange", "closing"]))
        .then(plain)
    )


def _money(table: pl.DataFrame, side: str) -> pl.Expr:
    """The amount as written by people, in the deal's own currency."""
    amount, currency = pl.col(f"{side}_amount"), pl.col(f"{side}_currency")
    text = pl.lit(None, dtype=pl.String)
    codes = [code for code in table[f"{side}_currency"].unique().to_list() if code is not None]
    for digits in sorted({CURRENCIES.get(code, 2) for code in codes}):
        same = currency.is_in([code for code in codes if CURRENCIES.get(code, 2) == digits])
        unit = 10**digits
        number = (amount.abs() // unit).cast(pl.String)
        if digits:
            number = number + "." + (amount.abs() % unit).cast(pl.String).str.zfill(digits)
        sign = pl.when(amount < 0).then(pl.lit("\u2212")).otherwise(pl.lit(""))
        text = pl.when(same).then(sign + number + " " + currency).otherwise(text)
    return text


def _place(side: str, scope: Scope) -> pl.Expr:
    """The first of the scope's columns that differs."""
    place = pl.lit(None, dtype=pl.String)
    for name in reversed(scope.places):
        differs = pl.col(f"before_{name}").ne_missing(pl.col(f"after_{name}"))
        place = pl.when(differs).then(pl.col(f"{side}_{name}").cast(pl.String)).otherwise(place)
    return place
