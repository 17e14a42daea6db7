"""Exchange: several currencies at dated rates, exact to the cent against the decimals of the standard library."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.book import Book
from stageproof.engine.exchange import valued
from stageproof.engine.frames import collect, from_rows
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.money import exponent
from stageproof.engine.problem import Refused
from stageproof.engine.tables import DEALS
from tests.engine.engines import OTHERS, on_engine, rates, table

RATES = """
EUR 2025-01-01 1.10
EUR 2025-02-01 1.25
JPY 2025-01-10 0.0065
BHD 2025-01-01 2.6525
GBP 2025-03-01 1.30
"""
TEXT = """
deal      valid_from  status  amount    currency  close_on
own       2025-01-01  open    12345     USD       2025-06-30
euro      2025-01-01  open    1001      EUR       2025-06-30
yen       2025-01-01  open    1000001   JPY       2025-06-30
dinar     2025-01-01  open    123457    BHD       2025-06-30
too_early 2025-01-01  open    5000      GBP       2025-06-30
unknown   2025-01-01  open    5000      XXX       2025-06-30
blank     2025-01-01  open    -         EUR       2025-06-30
sold      2025-01-01  won     1001      EUR       2025-01-20
undated   2025-01-01  lost    1001      EUR       -
refund    2025-01-01  open    -1002     EUR       2025-06-30
"""


def book_of(text: str) -> Book:
    return Book.build(deals=table("deals", text), rates=rates(RATES), currency="USD")


def values(book: Book, as_of: str) -> dict[str, int | None]:
    table = collect(book.as_of(as_of).deals.select("deal", "value"))
    return dict(table.iter_rows())


@pytest.mark.parametrize("engine", ["polars", *OTHERS])
def test_open_deals_take_the_rate_of_the_day_and_closed_ones_that_of_their_own(engine: str) -> None:
    assert values(on_engine(engine, book_of(TEXT)), "2025-02-15") == {
        "own": 12345,
        "euro": 1251,  # 10.01 x 1.25 = 12.5125
        "yen": 650001,  # 1,000,001 x 0.0065 = 6,500.0065: yen have no cents
        "dinar": 32747,  # 123.457 x 2.6525 = 327.4696925: dinars have a thousand fils
        "too early": None,
        "unknown": None,
        "blank": None,
        "sold": 1101,  # 10.01 x 1.10 = 11.011, the rate of 20 January
        "undated": 1251,
        "refund": -1252,  # 10.02 x 1.25 = 12.525, half to even
    }


def test_a_rate_holds_from_its_day_until_the_next() -> None:
    book = book_of(TEXT)
    assert values(book, "2025-01-31")["euro"] == 1101
    assert values(book, "2025-02-01")["euro"] == 1251
    assert values(book, "2025-01-09")["yen"] is None
    assert values(book, "2025-01-10")["yen"] == 650001
    assert values(book, "2025-03-01")["too early"] == 6500


def test_without_rates_only_the_own_currency_counts() -> None:
    book = Book.build(deals=table("deals", TEXT), currency="USD")
    assert {deal for deal, value in values(book, "2025-02-15").items() if value is not None} == {"own"}
    counted = open_pipeline(book.as_of("2025-02-15")).select("open_count", "open_amount", "unpriced_count")
    assert counted.row(0) == (8, 12345, 7)


def test_a_rate_that_is_none_is_refused() -> None:
    for rate in ("0", "-1.1", "much"):
        with pytest.raises(Refused):
            Book.build(deals=table("deals", TEXT), rates=rates(f"EUR 2025-01-01 {rate}"), currency="USD")


CODES = ("USD", "EUR", "JPY", "BHD", "CLF")
dated = st.lists(
    st.tuples(
        st.sampled_from(CODES[1:]),
        st.integers(0, 40),
        st.decimals(Decimal("0.0001"), Decimal("900"), places=4),
    ),
    unique_by=lambda row: row[:2],
    max_size=12,
)
priced = st.lists(
    st.tuples(st.sampled_from(CODES), st.one_of(st.none(), st.integers(-(10**12), 10**12))),
    min_size=1,
    max_size=25,
)


def expected(
    currency: str, amount: int | None, day: int, known: Sequence[tuple[str, int, Decimal]]
) -> int | None:
    if amount is None or currency == "USD":
        return amount
    rates = {from_on: rate for code, from_on, rate in known if code == currency and from_on <= day}
    if not rates:
        return None
    exact = Decimal(amount) * rates[max(rates)] * Decimal(10) ** (2 - exponent(currency))
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def deals_of(rows: Sequence[tuple[str, int | None]]) -> pl.LazyFrame:
    return from_rows(
        DEALS,
        [
            {"deal": str(number), "status": "open", "currency": currency, "amount": amount, "valid_from": 0}
            for number, (currency, amount) in enumerate(rows)
        ],
    )


def rates_of(known: Sequence[tuple[str, int, Decimal]]) -> pl.DataFrame:
    schema = {"currency": pl.String, "from_on": pl.Int64, "rate": pl.String}
    return pl.DataFrame(
        [(currency, day, str(rate)) for currency, day, rate in known], schema=schema, orient="row"
    )


@given(priced, dated, st.integers(0, 45))
@settings(max_examples=60, deadline=None)
def test_totals_are_exact_to_the_cent(
    rows: list[tuple[str, int | None]], known: list[tuple[str, int, Decimal]], day: int
) -> None:
    book = Book.build(deals=deals_of(rows), rates=rates_of(known), currency="USD")
    found = collect(valued(book.tables["deals"], book, nw.lit(day)).select("deal", "value"))
    wanted = {str(number): expected(*row, day, known) for number, row in enumerate(rows)}
    assert dict(found.iter_rows()) == wanted
    assert found["value"].sum() == sum(value or 0 for value in wanted.values())


@pytest.mark.parametrize("engine", OTHERS)
def test_the_largest_amounts_and_rates_are_exact_on_every_engine(engine: str) -> None:
    known: list[tuple[str, int, Decimal]] = [
        ("EUR", 0, Decimal("1.234567891")),
        ("JPY", 0, Decimal("0.0065432")),
        ("BHD", 0, Decimal("2.65")),
        ("CLF", 0, Decimal("899.9999")),
    ]
    sizes = [1, 5, 999_999_999, 10**12 + 7, 8 * 10**14 + 3]
    rows: list[tuple[str, int | None]] = [
        (code, sign * size) for code in CODES for size in sizes for sign in (1, -1)
    ]
    book = on_engine(engine, Book.build(deals=deals_of(rows), rates=rates_of(known), currency="USD"))
    found: dict[str, Any] = dict(
        collect(valued(book.tables["deals"], book, nw.lit(3)).select("deal", "value")).iter_rows()
    )
    assert found == {str(number): expected(*row, 3, known) for number, row in enumerate(rows)}
