"""The walk: from the nominal pipeline down to what is expected and up to the forecast, line by line."""

from __future__ import annotations

from typing import Literal

import polars as pl

from stageproof.engine.qualification import QUALIFIED, UNQUALIFIED
from stageproof.engine.readings.cuts import whole
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Line

_LEFT_OUT = (
    (UNQUALIFIED, "Unqualified", "Deals that have not proven the stages behind them."),
    ("waived", "Waived", "Deals that pass only because a criterion was waived."),
    ("unverifiable", "Unverifiable", "Deals about which the book cannot tell."),
)


def walk(looked: Looked) -> tuple[Line, ...]:
    """The lines in order; those of sign 1 and -1 add up to each of sign 0 below them."""
    deals, base, found = looked.open, looked.base, looked.expectation
    qualified = deals.filter(pl.col("qualification") == QUALIFIED)
    outside = qualified.filter(~pl.col("due"))
    so_far = whole(looked.won)
    lines = [
        _line("nominal", "Nominal pipeline", 1, deals, "Everything that is open."),
        *(_line(name, title, -1, deals.filter(pl.col("qualification") == name), says)
          for name, title, says in _LEFT_OUT),
        _line(QUALIFIED, "Qualified pipeline", 0, qualified, "What has proven every stage behind it."),
        _line("outside", "Outside the period", -1, outside, "Qualified, but not dated in the period."),
        _line("base", "Base", 0, base, "Qualified deals whose close date lies in the period."),
        Line("unexpected", "Not expected", -1, None, whole(base) - found.amount,
             "Base × (1 − probability), deal by deal.", "base"),
        Line("expected", "Expected", 0, base.height, found.amount, "Base × probability.", "expected"),
        _line("won", "Won so far", 1, looked.won, "Won in the period by the instant."),
        Line("forecast", "Forecast", 0, None, so_far + found.amount, "Expected + won so far.", "forecast"),
    ]  # fmt: skip
    if looked.target is not None:
        gap = so_far + found.amount - looked.target
        lines += [
            Line("target", "Target", -1, None, looked.target, "The target of the period.", None),
            Line("gap", "Over or short", 0, None, gap, "Forecast − target.", None),
        ]
    return tuple(lines)


def per_currency(looked: Looked) -> pl.DataFrame:
    """One row per line and currency of the deals: line, currency, `count`, `amount` unconverted, `value` converted."""
    deals = looked.open
    qualified = deals.filter(pl.col("qualification") == QUALIFIED)
    parts = {
        "nominal": deals,
        **{name: deals.filter(pl.col("qualification") == name) for name, *_ in _LEFT_OUT},
        QUALIFIED: qualified,
        "outside": qualified.filter(~pl.col("due")),
        "base": looked.base,
        "won": looked.won,
    }
    tables = [_of_currencies(name, part, "amount", "value") for name, part in parts.items()]
    tables.insert(7, _of_currencies("expected", looked.base, "own_expected", "expected"))
    return pl.concat(tables)


def _of_currencies(line: str, deals: pl.DataFrame, own: str, value: str) -> pl.DataFrame:
    return (
        deals.group_by("currency")
        .agg(
            count=pl.len().cast(pl.Int64),
            amount=pl.col(own).fill_null(0).sum().cast(pl.Int64),
            value=pl.col(value).fill_null(0).sum().cast(pl.Int64),
        )
        .sort("currency", nulls_last=True)
        .select(pl.lit(line).alias("line"), "currency", "count", "amount", "value")
    )


def _line(name: str, title: str, sign: Literal[-1, 0, 1], deals: pl.DataFrame, says: str) -> Line:
    return Line(name, title, sign, deals.height, whole(deals), says, name)
