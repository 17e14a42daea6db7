"""Exchange: amounts in the reporting currency at dated rates, exact to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import narwhals as nw

from stageproof.engine.frames import Lazy, collect
from stageproof.engine.money import converted

if TYPE_CHECKING:
    from stageproof.engine.book import Book


def valued(
    frame: Lazy, book: Book, rate_on: nw.Expr, *, amount: str = "amount", rates: Lazy | None = None
) -> Lazy:
    """With `value`: `amount` in the reporting currency's minor units at the rate of the day `rate_on`.

    Half-even per row, so that totals are exact. Null where the amount is blank or no rate is known by that day.
    `rates` are those of the book as known now unless given.
    """
    own = nw.col("currency") == book.currency
    if not book.holds("rates") or book.currencies == {book.currency}:
        return frame.with_columns(value=nw.when(own).then(nw.col(amount)).otherwise(nw.lit(None)))
    dated = frame.with_columns(rate_on=nw.when(own).then(nw.lit(0)).otherwise(rate_on))
    # Few distinct days, many deals: range-join the days, then join the deals by equality.
    ranges = book.rates() if rates is None else rates
    rated_days = (
        dated.filter(~own)
        .select("currency", "rate_on")
        .unique()
        .join(ranges.select("currency", "from_on", "until_on", "nano"), on="currency")
        .filter(nw.col("from_on") <= nw.col("rate_on"), nw.col("rate_on") < nw.col("until_on"))
        .select("currency", "rate_on", "nano")
    )
    rated = dated.join(rated_days, on=["currency", "rate_on"], how="left")
    value = nw.when(own).then(nw.col(amount)).otherwise(converted(nw.col(amount), nw.col("nano")))
    return rated.with_columns(value=value).drop("rate_on", "nano")


def day_rates(rates: Lazy | None, currencies: Iterable[str], day: int) -> dict[str, int]:
    """The rate of each currency on the day, as `money.convert` takes it; without those of which none is known."""
    if rates is None:
        return {}
    named = nw.col("currency").is_in(sorted(currencies))
    found = rates.filter(named, nw.col("from_on") <= day, nw.col("until_on") > day)
    return dict(collect(found.select("currency", "nano")).iter_rows())
