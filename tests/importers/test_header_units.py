"""Headers that say more than a name: the currency of amounts, thousands, the order of dates, a zone."""

from __future__ import annotations

import datetime as dt

import pytest

from stageproof.importers.header_units import HeaderUnit, header_unit
from tests.importers.imported_books import Import, codes, versions


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Amount (USD)", HeaderUnit("Amount", "usd")),
        ("Betrag in T€", HeaderUnit("Betrag", "€", 3)),
        ("Value [$000s]", HeaderUnit("Value", "$", 3)),
        ("TCV (in millions of EUR)", HeaderUnit("TCV", "eur", 6)),
        ("amount_gbp", HeaderUnit("amount", "gbp")),
        ("Umsatz TEUR", HeaderUnit("Umsatz", "eur", 3)),
        ("Close date (MM/DD/YYYY)", HeaderUnit("Close date", order="mdy")),
        ("Abschluss (TT.MM.JJJJ)", HeaderUnit("Abschluss", order="dmy")),
        ("Created (UTC)", HeaderUnit("Created", zone="UTC")),
        ("Probability (%)", None),
        ("Amount (converted)", None),
        ("Owner Try", None),
        ("Lead Time", None),
    ],
)
def test_what_a_header_says(header: str, unit: HeaderUnit | None) -> None:
    assert header_unit(header) == unit


def test_thousands_of_a_currency(imported: Import) -> None:
    found = imported(
        {"d.csv": "Id,Stage,Amount (k€),Created\n1,Proposal,12.5,2025-01-02\n2,Proposal,3M,2025-01-02"}
    )
    assert [row[3:] for row in versions(found, "amount", "currency")] == [
        (12_500_00, "EUR"),
        (3_000_000_00, "EUR"),
    ]
    [note] = [each.says for each in found.problems if each.code == "amounts_read"]
    assert "The header says that 1,000 is meant by 1." in note
    assert not any("names a currency" in gap for gap in found.gaps)


def test_amounts_converted_to_the_currency_of_their_header(imported: Import) -> None:
    text = "Id,Stage,Amount (USD),Currency,Created\n1,Proposal,100,EUR,2025-01-02"
    assert versions(imported({"d.csv": text}), "amount", "currency")[0][3:] == (100_00, "USD")
    # Many dollars share the sign: there the column of currencies tells.
    shared = text.replace("(USD)", "($)").replace("EUR", "CAD")
    assert versions(imported({"d.csv": shared}), "amount", "currency")[0][3:] == (100_00, "CAD")


def test_two_columns_with_units_are_not_chosen_between(imported: Import) -> None:
    found = imported({"d.csv": "Id,Stage,Amount (USD),Amount (EUR),Created\n1,Proposal,1,2,2025-01-02"})
    assert "no_amounts" in codes(found)


def test_the_format_of_dates_and_their_zone(imported: Import) -> None:
    head = "Id,Stage,Close date (MM/DD/YYYY),Created (UTC)\n"
    found = imported({"d.csv": head + "1,Proposal,03/04/2025,2025-01-02 23:30"}, zone="Europe/Vienna")
    assert versions(found, "close_on") == [("1", "2025-01-02 23:30", "open", dt.date(2025, 3, 4))]
