"""Exchange rates: sheets of currency, day and rate, and what Salesforce keeps of its conversion rates."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import polars as pl

from stageproof.importers.currency_names import currency_named
from stageproof.importers.intake import Intake, by_value

_RATE = r"^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$"
_DIGITS = 15
_ALWAYS = 0
"""The first day of a rate that names none: no deal is older."""


def read_rates(intake: Intake) -> pl.DataFrame:
    """currency, into, rate, from_on: what one unit of `currency` is in units of `into`.

    `into` is null where a sheet names one currency alone: then it is the reporting one. A rate without a day has
    always held. Salesforce's conversion rates say it the other way round: units of the currency for one of ours.
    """
    currency, into = (by_value(intake.text(name), currency_named) for name in ("currency", "into"))
    given = [_decimals(intake.text(name)) for name in ("rate", "conversion_rate")]
    frame = pl.DataFrame(
        [
            currency.alias("currency"),
            into.alias("into"),
            given[0].alias("rate"),
            given[1].alias("conversion_rate"),
            intake.day("from_on").fill_null(_ALWAYS).alias("from_on"),
            intake.yes_no("is_ours").alias("is_ours"),
        ]
    )
    unknown = {
        "currency": frame["currency"].is_null(),
        "into": frame["into"].is_null() & intake.text("into").is_not_null(),
    }
    for name, mask in unknown.items():
        says, remedy = "This is not a currency.", "Write its ISO 4217 code, such as EUR."
        intake.reject(mask, "unknown_currency", says, remedy, name)
    intake.reject(
        frame["rate"].is_null() & frame["conversion_rate"].is_null(),
        "unreadable_rate",
        "This is not a rate of exchange.",
        "Write a number above zero, such as 1.0845.",
        "rate" if intake.has("rate") else "conversion_rate",
    )
    intake.reject(
        frame.select(pl.struct("currency", "into", "from_on").is_first_distinct().not_()).to_series(),
        "same_rate",
        "There is a rate of this currency from this day already.",
        "Keep one rate for a currency and day.",
        "currency",
    )
    return intake.settle(frame)


def reporting_currency(parts: Sequence[pl.DataFrame], deals: pl.DataFrame) -> str | None:
    """The one currency into which all rates lead, where they name it; else the one of most deals."""
    if parts:
        rates = pl.concat(parts)
        ours = rates.filter(pl.col("is_ours").fill_null(False))
        named = {*rates["into"].drop_nulls(), *ours["currency"]}
        if len(named) == 1:
            return str(named.pop())
    if "currency" not in deals.columns:
        return None
    counted = deals.unique("deal", keep="last", maintain_order=True)["currency"].drop_nulls().value_counts()
    common = counted.sort("count", "currency", descending=[True, False])
    return None if common.is_empty() else str(common["currency"][0])


def rates_table(parts: Sequence[pl.DataFrame], reporting: str | None) -> pl.DataFrame | None:
    """The `rates` of a book: currency, from_on, rate into the reporting currency; None where no file has any."""
    if not parts or reporting is None:
        return None
    found: dict[tuple[str, int], str] = {}
    for currency, into, rate, conversion, from_on, _ in (
        pl.concat(parts).sort(pl.all(), nulls_last=True).rows()
    ):
        known = _into(reporting, currency, into, rate, conversion)
        if known is not None:
            found.setdefault((known[0], from_on), known[1])
    rows = [(currency, from_on, rate) for (currency, from_on), rate in found.items()]
    schema = {"currency": pl.String, "from_on": pl.Int64, "rate": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("currency", "from_on")


def _into(
    reporting: str, currency: str, into: str | None, rate: str | None, conversion: str | None
) -> tuple[str, str] | None:
    """The currency that a row converts and its rate; None for one that leads elsewhere."""
    if rate is None:
        return None if currency == reporting or conversion is None else (currency, _inverse(conversion))
    if into == reporting or into is None:
        return None if currency == reporting else (currency, rate)
    return (into, _inverse(rate)) if currency == reporting else None


def _inverse(rate: str) -> str:
    return f"{Decimal(1) / Decimal(rate):.{_DIGITS}f}"


def _decimals(texts: pl.Series) -> pl.Series:
    """Decimal numbers above zero as text; null for all else. A lone comma is a decimal mark: no rate has thousands."""
    plain = texts.str.replace(r"^(\d+),(\d+)$", "$1.$2")
    return by_value(plain.set(~plain.str.contains(_RATE), None), _above_zero)


def _above_zero(text: str) -> str | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return f"{value:f}" if value > 0 else None
