"""Columns of money, in integer minor units; the decimal mark decided by the evidence of all cells."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stageproof.engine.money import CURRENCIES, LARGEST
from stageproof.importers.columns.blanks import value_text
from stageproof.importers.columns.distinct import by_distinct
from stageproof.importers.columns.number_text import amount_parts, currency_of

_CANONICAL = r"^-?\d{1,16}(?:\.\d{1,2})?$"


@dataclass(frozen=True)
class AmountColumn:
    """Minor units of `currency`, null where blank or bad.

    `bad` marks cells that are no amount, are beyond the limit, or whose currency is unknown or contradicts its
    column; `strange_currency` those of them where only the currency is at fault.
    """

    values: pl.Series
    currency: pl.Series
    bad: pl.Series
    note: str
    strange_currency: pl.Series


def read_amounts(
    column: pl.Series, *, currency_column: pl.Series | None, default_currency: str, zeros: int = 0
) -> AmountColumn:
    """The amount of each cell, rounded half-even to its currency's minor unit, without floats.

    A sign or code in the cell names the currency, else `currency_column` does, else the default. `zeros` are left out
    of every cell that doesn't say itself how large it is: 3 where the header says thousands.
    """
    text = value_text(column).alias("text")
    parts = _parts(text)
    comma, note = _decide(parts)
    number = parts.select(pl.col("comma" if comma else "point").alias("number")).to_series()
    if zeros:
        bare = ~parts["sized"].fill_null(False) & ~number.str.contains("(?i)e")
        number = number.zip_with(~bare, number + f"e{zeros}")
        note = " ".join(filter(None, (note, f"The header says that {10**zeros:,} is meant by 1.")))
    currency, strange = _currencies(parts["mark"], currency_column, default_currency)
    values = _minor_units(number.set(strange, None), currency)
    given = text.is_not_null()
    bad = given & values.is_null()
    sized = int((parts["sized"] & values.is_not_null()).sum() or 0)
    if sized:
        note = " ".join(filter(None, (note, f"{sized:,} amounts are written with k, M or B.")))
    return AmountColumn(values.alias(column.name), currency, bad, note, bad & strange & number.is_not_null())


def _parts(text: pl.Series) -> pl.DataFrame:
    """The parts of every cell; plain numbers such as 12500.00 go round the pattern."""
    plain = text.str.contains(_CANONICAL)
    pointed = text.str.contains(".", literal=True)
    quick = pl.select(
        pl.when(plain).then(text).alias("point"),
        pl.when(plain & ~pointed).then(text).alias("comma"),
        pl.when(plain).then(~pointed).alias("certain"),
        pl.lit(None, pl.String).alias("mark"),
        pl.when(plain).then(pl.lit(False)).alias("sized"),
    )
    if not (~plain).any():
        return quick
    others = pl.select(pl.when(~plain).then(text).alias("text"))
    slow = by_distinct(others, amount_parts)
    merged = (pl.when(plain).then(quick[name]).otherwise(slow[name]) for name in quick.columns)
    return pl.select(each.alias(name) for each, name in zip(merged, quick.columns, strict=True))


def _decide(parts: pl.DataFrame) -> tuple[bool, str]:
    """Whether the comma is the decimal mark, and what to say about it."""
    point, comma = pl.col("point").is_not_null(), pl.col("comma").is_not_null()
    either = point & comma & ~pl.col("certain")
    # In 1.234 read with a decimal comma nothing follows the comma: there the point would group thousands.
    dotted = pl.col("point").str.contains(".", literal=True)
    pointed, commaed, dots, commas = parts.select(
        (point & ~comma).sum().alias("pointed"),
        (comma & ~point).sum().alias("commaed"),
        (either & dotted).sum().alias("dots"),
        (either & ~dotted).sum().alias("commas"),
    ).row(0)
    if not pointed and not commaed:
        if not dots and not commas:
            return False, ""
        mark = "point" if dots > commas else "comma"
        return dots > commas, f"The {mark} was taken to group thousands; no amount of the column tells."
    decimal_comma = commaed > pointed
    note = "The comma was read as the decimal mark." if decimal_comma else ""
    if less := min(pointed, commaed):
        note += f" {less:,} amounts have the other decimal mark and were not read."
    return decimal_comma, note.strip()


def _currencies(marks: pl.Series, column: pl.Series | None, default: str) -> tuple[pl.Series, pl.Series]:
    """The currency of each row, and whether it is unknown or contradicts its column."""
    if column is None and not marks.is_not_null().any():
        rows = marks.len()
        return pl.repeat(default, rows, dtype=pl.String, eager=True), pl.repeat(False, rows, eager=True)
    given = value_text(column).str.to_uppercase() if column is not None else marks.clear(marks.len())
    pairs = pl.DataFrame([marks.alias("mark"), given.alias("given")])
    table = by_distinct(pairs, lambda distinct: _named(distinct, default))
    return table["currency"], table["strange"]


def _named(pairs: pl.DataFrame, default: str) -> pl.DataFrame:
    found = [_currency(mark, given, default) for mark, given in pairs.iter_rows()]
    currency = [each for each, _ in found]
    return pl.DataFrame(
        {"currency": currency, "strange": [strange for _, strange in found]},
        schema={"currency": pl.String, "strange": pl.Boolean},
    )


def _currency(mark: str | None, given: str | None, default: str) -> tuple[str | None, bool]:
    stated = given
    if given is not None and given not in CURRENCIES:
        stated = currency_of(given, default)
        if stated is None:
            return given, True
    if mark is None:
        return stated or default, False
    meant = currency_of(mark, stated or default)
    if meant is None:
        return mark.upper(), True
    if stated is not None and meant != stated:
        return stated, True
    return meant, False


def _minor_units(number: pl.Series, currency: pl.Series) -> pl.Series:
    """The number in minor units, rounded half-even by the decimal parser; null beyond the limit."""
    known = currency.unique()
    values = pl.lit(None, pl.Int64)
    for digits in sorted({CURRENCIES[code] for code in known if code in CURRENCIES}):
        exact = number.cast(pl.Decimal(38, digits), strict=False).to_physical()
        inside = exact.is_between(-LARGEST, LARGEST)
        whole = pl.select(pl.when(inside).then(exact)).to_series().cast(pl.Int64)
        of_these = currency.is_in([code for code, places in CURRENCIES.items() if places == digits])
        values = pl.when(of_these).then(whole).otherwise(values)
    return pl.select(values.alias("amount")).to_series() if number.len() else number.cast(pl.Int64)
