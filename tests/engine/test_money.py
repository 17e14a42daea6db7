"""Money, against exact fractions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import ibis
import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.money import (
    CURRENCIES,
    LARGEST,
    LARGEST_RATE,
    SCALE,
    Money,
    allocate,
    convert,
    converted,
    exponent,
    is_currency,
    minor_rate,
    minor_units,
    total,
)
from stageproof.engine.problem import Refused
from tests.engine.engines import spark

amounts = st.integers(-LARGEST, LARGEST)
codes = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(
    ("digits", "currencies"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (2, "USD EUR GBP CHF INR CNY HUF IDR COP ZAR MXN BRL XCG ZWG SLE VES"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ],
)
def test_exponents_are_those_of_iso_4217(digits: int, currencies: str) -> None:
    assert {code: exponent(code) for code in currencies.split()} == dict.fromkeys(currencies.split(), digits)


def test_only_two_digits_is_common() -> None:
    odd = {code for code, digits in CURRENCIES.items() if digits != 2}
    assert len(odd) == 17 + 7 + 2 + 1  # the parametrised ones and the withdrawn Belarusian rouble
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CURRENCIES)


@pytest.mark.parametrize("code", ["", "usd", "US$", "XXX", "XAU", "BTC", "EURO"])
def test_other_codes_are_no_currency(code: str) -> None:
    assert not is_currency(code)
    with pytest.raises(Refused) as refused:
        exponent(code)
    assert refused.value.problems[0].code == "currency_unknown"
    assert refused.value.problems[0].value == code


def test_the_likely_currency_is_named() -> None:
    with pytest.raises(Refused, match=r"did you mean EUR\?"):
        exponent("euro")


@pytest.mark.parametrize(
    ("amount", "currency", "exact", "text"),
    [
        (1_000_553_400, "USD", "10,005,534.00 USD", "10005534.00"),
        (-5, "USD", "−0.05 USD", "-0.05"),
        (0, "EUR", "0.00 EUR", "0.00"),
        (1_234_567, "JPY", "1,234,567 JPY", "1234567"),
        (1_234_567, "KWD", "1,234.567 KWD", "1234.567"),
        (1_234_567, "CLF", "123.4567 CLF", "123.4567"),
        (LARGEST, "USD", "10,000,000,000,000.00 USD", "10000000000000.00"),
    ],
)
def test_every_digit_is_written(amount: int, currency: str, exact: str, text: str) -> None:
    money = Money(amount, currency)
    assert money.exact() == exact
    assert money.as_dict() == {"amount": text, "currency": currency}
    assert money.decimal == Decimal(text)


@pytest.mark.parametrize(
    ("amount", "short"),
    [
        (0, "0"),
        (1, "0.01"),
        (99, "0.99"),
        (100, "1"),
        (99_949, "999"),
        (99_951, "1.0k"),
        (1_234_500, "12.3k"),
        (9_994_900, "99.9k"),
        (9_995_100, "100k"),
        (95_000_000, "950k"),
        (99_994_999, "1.0M"),
        (820_000_000, "8.2M"),
        (-820_000_000, "−8.2M"),
        (1_000_553_400, "10.0M"),
        (12_345_678_901_234, "123bn"),
        (LARGEST, "10,000bn"),
    ],
)
def test_headlines_have_about_three_digits(amount: int, short: str) -> None:
    assert Money(amount, "USD").short() == f"{short} USD"


def test_sums_stay_within_one_currency() -> None:
    assert Money(5, "USD") + Money(7, "USD") == Money(12, "USD")
    assert Money(5, "USD") - Money(7, "USD") == -Money(2, "USD")
    assert total([Money(1, "EUR"), Money(2, "EUR")], "EUR") == Money(3, "EUR")
    assert total([], "EUR") == Money(0, "EUR")
    for wrong in (lambda: Money(1, "USD") + Money(1, "EUR"), lambda: Money(1, "USD") - Money(1, "EUR")):
        with pytest.raises(ValueError, match="convert one of them"):
            wrong()
    with pytest.raises(ValueError, match="convert one of them"):
        total([Money(1, "USD")], "EUR")


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("12500", "USD", 1_250_000),
        (" 12500.5 ", "USD", 1_250_050),
        ("0.005", "USD", 0),
        ("0.015", "USD", 2),
        ("0.025", "USD", 2),
        ("-0.015", "USD", -2),
        ("0.0150000000000000000000000000000000000000001", "USD", 2),
        ("0.0249999999999999999999999999999999999999999", "USD", 2),
        ("0.0050000000000000000000000000000000000000001", "USD", 1),
        ("2.5", "JPY", 2),
        ("3.5", "JPY", 4),
        ("1.2345", "KWD", 1_234),
        ("1e5", "USD", 10_000_000),
        ("1e-400", "USD", 0),
        ("1e-99999999", "USD", 0),
        ("0e999999", "USD", 0),
        ("-0", "USD", 0),
        ("10000000000000", "USD", LARGEST),
        ("-10000000000000", "USD", -LARGEST),
        ("10000000000000.005", "USD", LARGEST),
    ],
)
def test_minor_units_round_half_even_once(value: str, currency: str, expected: int) -> None:
    assert minor_units(value, currency) == expected
    assert minor_units(Decimal(value.strip()), currency) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "amount_not_a_number"),
        ("ten", "amount_not_a_number"),
        ("1_000", "amount_not_a_number"),
        ("1,000", "amount_not_a_number"),
        ("١٢", "amount_not_a_number"),
        ("nan", "amount_not_a_number"),
        ("sNaN", "amount_not_a_number"),
        ("-inf", "amount_not_a_number"),
        ("1e309", "amount_too_large"),
        ("-1e999999999", "amount_too_large"),
        ("10000000000000.01", "amount_too_large"),
        ("10000000000000.0051", "amount_too_large"),
    ],
)
def test_what_is_no_amount_is_refused(value: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        minor_units(value, "USD")
    (problem,) = refused.value.problems
    assert (problem.code, problem.value) == (code, value)


@given(amount=amounts, currency=codes)
def test_written_amounts_read_back(amount: int, currency: str) -> None:
    assert minor_units(Money(amount, currency).as_dict()["amount"], currency) == amount


@pytest.mark.parametrize(
    ("rate", "source", "target", "nano"),
    [
        ("1", "USD", "USD", SCALE),
        ("1.0865", "EUR", "USD", 1_086_500_000),
        ("0.0067", "JPY", "USD", 670_000_000),
        ("149.25", "USD", "JPY", 1_492_500_000),
        ("3.26", "KWD", "USD", 326_000_000),
        ("0.000061", "IDR", "USD", 61_000),
        ("0.0000000015", "USD", "EUR", 2),
        ("0.0000000025", "USD", "EUR", 2),
    ],
)
def test_rates_between_minor_units(rate: str, source: str, target: str, nano: int) -> None:
    assert minor_rate(Decimal(rate), source=source, target=target) == nano


@pytest.mark.parametrize("rate", ["0", "-1", "1e-12", "1e999999", "1000000001", "-1e999999"])
def test_rates_that_cannot_be_used_are_refused(rate: str) -> None:
    with pytest.raises(Refused) as refused:
        minor_rate(Decimal(rate), source="EUR", target="USD")
    assert refused.value.problems[0].code == "rate_out_of_range"


@pytest.mark.parametrize("rate", ["NaN", "Infinity"])
def test_rates_that_are_no_numbers_are_refused(rate: str) -> None:
    with pytest.raises(Refused) as refused:
        minor_rate(Decimal(rate), source="EUR", target="USD")
    assert refused.value.problems[0].code == "rate_not_a_number"


@given(amount=amounts, nano=st.integers(1, LARGEST_RATE * SCALE))
def test_conversion_is_the_exact_product_rounded_half_even(amount: int, nano: int) -> None:
    # Python rounds fractions half-even.
    assert convert(amount, nano) == round(Fraction(amount * nano, SCALE))


def _by_polars(frame: pl.DataFrame) -> Any:
    return frame.lazy()


def _by_duckdb(frame: pl.DataFrame) -> Any:
    return duckdb.connect().from_arrow(frame.to_arrow())


def _by_ibis(frame: pl.DataFrame) -> Any:
    return ibis.memtable(frame.to_arrow())


def _results(engine: Callable[[pl.DataFrame], Any], pairs: list[tuple[int | None, int | None]]) -> list[Any]:
    frame = pl.DataFrame(
        [(row, *pair) for row, pair in enumerate(pairs)],
        schema={"row": pl.Int64, "amount": pl.Int64, "nano": pl.Int64},
        orient="row",
    )
    native = nw.from_native(engine(frame))
    answer = native.with_columns(result=converted(nw.col("amount"), nw.col("nano"))).sort("row")
    result = answer.collect("polars").to_native()["result"]
    assert result.dtype == pl.Int64
    return result.to_list()


def _converts(amount: int, nano: int) -> bool:
    return abs(amount) * nano < 9 * 10**27


EDGES = [
    (amount * sign, nano)
    for amount in (0, 1, 2, 3, 5, 15, 25, 10**9 - 1, 10**9, 10**9 + 1, LARGEST - 1, LARGEST)
    for sign in (1, -1)
    for nano in (1, 499_999_999, 500_000_000, 500_000_001, 10**9 - 1, 10**9, 1_500_000_000, 8_999_999_999_999)
]


@pytest.mark.parametrize("engine", [_by_polars, _by_duckdb, _by_ibis])
def test_columns_convert_like_single_amounts(engine: Callable[[pl.DataFrame], Any]) -> None:
    assert _results(engine, list(EDGES)) == [convert(amount, nano) for amount, nano in EDGES]
    assert _results(engine, [(None, SCALE), (1, None), (7, SCALE)]) == [None, None, 7]


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(amounts, st.integers(1, 10**16)).filter(lambda pair: _converts(*pair)),
        min_size=1,
        max_size=200,
    )
)
def test_columns_convert_like_single_amounts_anywhere(pairs: list[tuple[int, int]]) -> None:
    expected = [convert(amount, nano) for amount, nano in pairs]
    assert _results(_by_polars, list(pairs)) == expected
    assert _results(_by_duckdb, list(pairs)) == expected


@pytest.mark.spark
def test_columns_convert_like_single_amounts_on_spark() -> None:
    session = spark()
    found = _results(lambda frame: session.createDataFrame(frame.rows(), frame.columns), list(EDGES))
    assert found == [convert(amount, nano) for amount, nano in EDGES]


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (1, [1, 1], [1, 0]),
        (10, [0, 5, 0], [0, 10, 0]),
        (101, [40, 20, 40], [41, 20, 40]),
        (10, [1, 2, 4], [1, 3, 6]),
        (0, [3, 4], [0, 0]),
    ],
)
def test_shares_go_to_the_largest_remainder(amount: int, weights: list[int], shares: list[int]) -> None:
    assert allocate(amount, weights) == shares


@given(
    amount=amounts,
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(lambda each: sum(each) > 0),
)
def test_shares_sum_to_the_whole_and_are_within_one_of_fair(amount: int, weights: list[int]) -> None:
    shares = allocate(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_shares_need_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(10, weights)
