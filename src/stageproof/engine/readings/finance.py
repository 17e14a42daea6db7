"""The reading of finance: what of the pipeline lands in the period, by probability and with an interval."""

from __future__ import annotations

import polars as pl

from stageproof.engine.frames import day_number
from stageproof.engine.qualification import QUALIFIED
from stageproof.engine.readings import figures
from stageproof.engine.readings.cuts import STAGE, counted, grouped, in_months, joined, whole
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Figure, Line, Reading
from stageproof.engine.readings.walk import per_currency, walk


def finance(looked: Looked) -> Reading:
    """The way from what is open to what is expected, and where the period then stands."""
    shown = (
        figures.nominal(looked),
        *(figures.of_qualification(looked, each) for each in ("unqualified", "waived", "unverifiable")),
        _outside(looked),
        figures.base(looked),
        figures.expected(looked),
        figures.won(looked),
        figures.forecast(looked),
        figures.target(looked),
        figures.gap(looked),
    )
    return Reading("finance", looked.head, shown, _tables(looked), behind=looked.behind())


def _tables(looked: Looked) -> dict[str, pl.DataFrame]:
    lines = walk(looked)
    return {
        "walk": _table(lines),
        "by_month": _by_month(looked),
        "by_stage": _expected_by(looked.base, STAGE).rename({"place": "stage"}),
        "by_owner": _expected_by(looked.base, ["owner"]),
        "probabilities": _probabilities(looked),
        "outside": _where_outside(looked),
        "per_currency": per_currency(looked),
    }


def _table(lines: tuple[Line, ...]) -> pl.DataFrame:
    rows = [(each.name, each.title, each.sign, each.count, each.amount) for each in lines]
    schema = {"line": pl.String, "title": pl.String, "sign": pl.Int64, "count": pl.Int64, "amount": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _expected_by(deals: pl.DataFrame, by: tuple[str, ...] | list[str]) -> pl.DataFrame:
    """One row per group: `count`, `amount` of the base, `expected_amount`."""
    return grouped(
        deals,
        by,
        count=pl.len().cast(pl.Int64),
        amount=pl.col("value").fill_null(0).sum().cast(pl.Int64),
        expected_amount=pl.col("expected").sum().cast(pl.Int64),
    )


def _by_month(looked: Looked) -> pl.DataFrame:
    """One row per month of the period: the base, what is expected of it, and what was won."""
    calendar = looked.pipeline.book.calendar
    won = counted(in_months(looked.won, calendar), ["month"], "won")
    return joined(["month"], _expected_by(in_months(looked.base, calendar), ["month"]), won)


def _probabilities(looked: Looked) -> pl.DataFrame:
    """One row per stage: closed, won, rate, probability, and the base and expectation it was used for."""
    names = [each.pipeline for each in looked.head.definitions]
    used = _expected_by(looked.base, ["definition", "position"])
    rates = looked.expectation.rates.filter(pl.col("definition").is_in(names))
    table = rates.join(used, on=["definition", "position"], how="left")
    return table.with_columns(pl.col("count", "amount", "expected_amount").fill_null(0))


def _where_outside(looked: Looked) -> pl.DataFrame:
    """The qualified deals outside the period: before it, after it, and without a close date."""
    first = day_number(looked.period.starts_on)
    side = (
        pl.when(pl.col("close_on").is_null())
        .then(pl.lit("undated"))
        .when(pl.col("close_on") < first)
        .then(pl.lit("before"))
        .otherwise(pl.lit("after"))
    )
    deals = looked.open.filter(pl.col("qualification") == QUALIFIED, ~pl.col("due"))
    return grouped(
        deals.with_columns(when=side),
        ["when"],
        count=pl.len().cast(pl.Int64),
        amount=pl.col("value").fill_null(0).sum().cast(pl.Int64),
    )


def _outside(looked: Looked) -> Figure:
    deals = looked.open.filter(pl.col("qualification") == QUALIFIED, ~pl.col("due"))
    sides = {row["when"]: row["amount"] for row in _where_outside(looked).iter_rows(named=True)}
    parts = [f"{looked.money(sides[side])} {says}" for side, says in
             (("before", "dated before the period"), ("after", "after it"), ("undated", "without a date"))
             if side in sides]  # fmt: skip
    formula = f"{' + '.join(parts) or looked.money(0)} = {looked.money(whole(deals))}"
    says = "Qualified deals whose close date does not lie in the period."
    return figures.figure("outside", "Outside the period", "money", whole(deals), says, formula,
                          "open_pipeline", count=deals.height, behind="outside")  # fmt: skip
