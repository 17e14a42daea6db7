"""Columns of money, against values worked out by hand and against decimal arithmetic."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.money import CURRENCIES, LARGEST
from stageproof.importers.columns import AmountColumn, read_amounts


def read(
    cells: list[str | None], *, currencies: list[str | None] | None = None, default: str = "USD"
) -> AmountColumn:
    column = None if currencies is None else pl.Series(currencies, dtype=pl.String)
    amounts = pl.Series("Amount", cells, dtype=pl.String)
    return read_amounts(amounts, currency_column=column, default_currency=default)


def minor(cells: list[str | None], **options: object) -> list[int | None]:
    column = read(cells, **options)  # type: ignore[arg-type]
    assert column.bad.to_list() == [
        cell is not None and value is None for cell, value in zip(cells, column.values, strict=True)
    ]
    values: list[int | None] = column.values.to_list()
    return values


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1234", 123_400),
        ("1234.5", 123_450),
        ("1,234.50", 123_450),
        ("1,234,567.89", 123_456_789),
        ("12,34,567.50", 123_456_750),
        ("1 234.50", 123_450),
        ("1\u00a0234.50", 123_450),
        ("1\u202f234.50", 123_450),
        ("1'234.50", 123_450),
        ("1’234.50", 123_450),
        ("$5.25", 525),
        ("$ 5.25", 525),
        ("US$5.25", 525),
        ("USD 1,234.50", 123_450),
        ("1,234.50 usd", 123_450),
        ("-5.25", -525),
        ("\u22125.25", -525),
        ("-$5.25", -525),
        ("$-5.25", -525),
        ("5.25-", -525),
        ("(5.25)", -525),
        ("($1,005.25)", -100_525),
        ("+5.25", 525),
        (".5", 50),
        ("5.", 500),
        ("0.005", 0),
        ("0.015", 2),
        ("0.025", 2),
        ("0.0250000000000000000000000001", 3),
        ("-0.015", -2),
        ("1.2k", 120_000),
        ("1.2K USD", 120_000),
        ("3M", 300_000_000),
        ("2.5bn", 250_000_000_000),
        ("1e5", 10_000_000),
        ("1.5E+3", 150_000),
        ("1e-2", 1),
        ("00012.00", 1_200),
        ("10000000000000.00", LARGEST),
        ("-1e13", -LARGEST),
        ("5 MUSD", 500_000_000),
        ("1.2 million", 120_000_000),
        ("USD 45 thousand", 4_500_000),
        ("1.5 lakh", 15_000_000),
        ("2 Cr", 2_000_000_000),
        ("12万", 12_000_000),
        ("1.5億", 15_000_000_000),
        ("CHF 500.-", 50_000),
        ("1'234.–", 123_400),
        ("45 T€", 4_500_000),
        ("45 TEUR", 4_500_000),
        ("500.--", 50_000),
    ],
)
def test_every_way_to_write_an_amount(text: str, cents: int) -> None:
    assert minor([text, "0.5"]) == [cents, 50]


@pytest.mark.parametrize(
    "text",
    [
        "5%", "12.5 %", "1e309", "1e13000", "nan", "NaN", "inf", "-inf", "Infinity", "TBD", "five", "1,23,4.00",
        "1,2345.00", "12.34.56", "1.2.3", "--5", "(5", "5)", "-(5)", "-5-", "$5€", "USD 5 EUR", "1e5k", "0x10",
        "1_000", "=5", "5 5 5", "10000000000000.01", "-1e14", "9" * 400, "1,234,56", "5 apples", "ABC 5", "\u0665",
        "$", "-", "1/2",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_bad(text: str) -> None:
    column = read([text, "1,234.50"])
    expected_bad = text != "-"
    assert column.values.to_list() == [None, 123_450]
    assert column.bad.to_list() == [expected_bad, False]


@pytest.mark.parametrize(
    "text", ["", " ", "-", "--", "N/A", "na", "None", "null", "#N/A", "Select", "unknown"]
)
def test_words_for_blank_are_not_bad(text: str) -> None:
    assert read([text]).bad.to_list() == [False]
    assert read([text]).values.to_list() == [None]


def test_one_comma_amount_decides_the_column() -> None:
    column = read(["1.234,50", "1.234", "12,5", "1 234,50 €", "2.000.000"], default="EUR")
    assert column.values.to_list() == [123_450, 123_400, 1_250, 123_450, 200_000_000]
    assert column.note == "The comma was read as the decimal mark."
    assert not column.bad.any()


def test_one_point_amount_decides_the_column() -> None:
    column = read(["1,234", "1.5"])
    assert (column.values.to_list(), column.note) == ([123_400, 150], "")


def test_without_evidence_three_digits_are_a_thousand() -> None:
    points, commas = read(["1.234", "12.500"]), read(["1,234", "12,500"])
    assert points.values.to_list() == commas.values.to_list() == [123_400, 1_250_000]
    assert points.note == "The point was taken to group thousands; no amount of the column tells."
    assert commas.note == "The comma was taken to group thousands; no amount of the column tells."
    assert read(["0.123", "1.234"]).values.to_list() == [12, 123]


def test_amounts_that_contradict_the_column_are_bad() -> None:
    column = read(["1,234.50", "2.50", "3,50", "1.234,50"])
    assert column.bad.to_list() == [False, False, True, True]
    assert column.note == "2 amounts have the other decimal mark and were not read."


def test_amounts_with_k_or_m_are_noted() -> None:
    assert read(["1.5k", "2M", "3"]).note == "2 amounts are written with k, M or B."


def test_currencies_of_signs_codes_and_columns() -> None:
    column = read(
        ["€5", "5 GBP", "¥500", "5", "5", "$5", "5 kr", "R$ 5", None, "R 5", "5 BAM"],
        currencies=[None, None, None, "EUR", "jpy", "CAD", "NOK", "BRL", "CHF", None, None],
    )
    assert column.currency.to_list() == [
        "EUR",
        "GBP",
        "JPY",
        "EUR",
        "JPY",
        "CAD",
        "NOK",
        "BRL",
        "CHF",
        "ZAR",
        "BAM",
    ]
    assert column.values.to_list() == [500, 500, 500, 500, 5, 500, 500, 500, None, 500, 500]
    assert not column.bad.any()
    assert not column.strange_currency.any()


def test_a_currency_unknown_or_contradicted_is_bad() -> None:
    column = read(["5", "€5", "$5", "5 ABC", None, "x"], currencies=["XXZ", "USD", "EUR", None, "XXZ", "XXZ"])
    assert column.values.to_list() == [None] * 6
    assert column.bad.to_list() == [True, True, True, True, False, True]
    assert column.strange_currency.to_list() == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("currency", "minor_units"), [("JPY", 2), ("USD", 150), ("KWD", 1_500), ("CLF", 15_000)]
)
def test_minor_units_follow_the_currency(currency: str, minor_units: int) -> None:
    assert minor(["1.5"], default=currency) == [minor_units]
    assert minor(["1.5", "0.5"], currencies=[currency, "JPY"]) == [minor_units, 0]


def test_a_column_of_nothing() -> None:
    for cells in ([], [None, ""]):
        column = read(list(cells))
        assert column.values.to_list() == [None] * len(cells)
        assert column.values.dtype == pl.Int64
        assert column.bad.to_list() == [False] * len(cells)
    assert read(["1"]).values.name == "Amount"


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6)


@settings(max_examples=120, deadline=None)
@given(
    numbers=st.lists(st.tuples(NUMBERS, st.sampled_from(sorted(CURRENCIES))), min_size=1, max_size=6),
    style=st.sampled_from([(",", "."), (".", ","), ("", "."), ("'", "."), ("\u00a0", ",")]),
)
def test_rounding_is_half_even_to_the_minor_unit(
    numbers: list[tuple[Decimal, str]], style: tuple[str, str]
) -> None:
    group, mark = style
    swap = {",": group, ".": mark}
    cells = ["".join(swap.get(letter, letter) for letter in f"{number:,f}") for number, _ in numbers]
    column = read(list(cells), currencies=[currency for _, currency in numbers])
    exact = Context(prec=60, rounding=ROUND_HALF_EVEN)
    for number, currency, value in zip(*zip(*numbers, strict=True), column.values, strict=True):
        expected = int(exact.to_integral_value(number.scaleb(CURRENCIES[currency], exact)))
        assert value == (expected if abs(expected) <= LARGEST else None)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("0123456789.,-+()$€ ekKM%'\u00a0USDR"), max_size=12), max_size=6))
def test_any_text_is_a_value_or_blank_or_bad(cells: list[str]) -> None:
    column = read(list(cells))
    assert not (column.values.is_not_null() & column.bad).any()
    for cell, value, bad in zip(cells, column.values, column.bad, strict=True):
        # The zero day of some databases stands for "nothing" in any column.
        assert value is not None or bad or cell.strip() in ("", "-", "--", "---", "0000-00-00")


def test_many_rows_read_as_few() -> None:
    cells = [f"{at % 97}.{at % 10}0" for at in range(5_000)] + ["1,234.50", "€7", "x"]
    column = read(list(cells))
    assert column.values.to_list() == [at % 97 * 100 + at % 10 * 10 for at in range(5_000)] + [
        123_450,
        700,
        None,
    ]
    assert column.currency.to_list() == ["USD"] * 5_001 + ["EUR", "USD"]
    assert column.bad.sum() == 1


def test_dashes_for_no_cents_are_no_minus_and_tell_the_decimal_mark() -> None:
    assert minor(["1.234,-", "500,--", "1.500,–"]) == [123_400, 50_000, 150_000]
    assert read(["1.234,-"]).note == "The comma was read as the decimal mark."
    assert minor(["5.25-"]) == [-525]
