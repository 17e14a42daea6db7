"""Deals in several currencies: sheets of rates, Salesforce's conversion rates, and what no rate is known for."""

from __future__ import annotations

import polars as pl
import pytest

from stageproof.audit.audit import audit
from stageproof.audit.headline import headline
from stageproof.engine.templates import template
from stageproof.importers import Imported
from tests.importers.imported_books import Import, codes

DEALS = (
    "Id,Name,Stage,Amount,Currency,Close date,Created date\n"
    "1,A,Proposal,1000.00,USD,2025-12-01,2025-09-01\n"
    "2,B,Proposal,2000.00,EUR,2025-12-01,2025-09-01\n"
    "3,C,Closed Won,300.00,Euro,2025-03-01,2025-01-05\n"
    "4,D,Proposal,40000,¥,2025-12-01,2025-09-01\n"
)


def worth(found: Imported, currency: str | None = None) -> dict[str, int | None]:
    """Deal by deal, minor units of the reporting currency at the end of 2025-10-01."""
    pipeline = found.book.as_of("2025-10-01")
    assert currency is None or pipeline.currency == currency
    rows = pipeline.deals.to_native().select("deal", "value").collect()
    return dict(rows.sort("deal").rows())


# 2 is open: 2000 at 1.10 of the day asked about; 3 closed in March: 300 at 1.05; 4: 40000 x 0.0067.
@pytest.mark.parametrize(
    "rates",
    [
        'Currency,Date,Rate\nEUR,2025-01-01,"1,05"\nEUR,2025-09-01,1.10\nJPY,,0.0067',
        "From,To,Valid from,Exchange rate\nEUR,USD,2025-01-01,1.05\nEUR,USD,2025-09-01,1.1\nYen,USD,,0.0067\n"
        "EUR,GBP,2025-09-01,0.87",
        "IsoCode,StartDate,NextStartDate,ConversionRate\nUSD,2025-01-01,9999-12-31,1\n"
        "EUR,2025-01-01,2025-09-01,0.952380952380952\nEUR,2025-09-01,9999-12-31,0.909090909090909\n"
        "JPY,2025-01-01,9999-12-31,149.25373134328",
    ],
)
def test_amounts_at_the_rate_of_their_day(imported: Import, rates: str) -> None:
    found = imported({"deals.csv": DEALS, "rates.csv": rates}, currency="USD")
    assert worth(found) == {"1": 1000_00, "2": 2200_00, "3": 315_00, "4": 268_00}
    assert found.accounting.read == found.accounting.taken


def test_the_currency_that_rates_lead_to_is_the_reporting_one(imported: Import) -> None:
    rates = "From,To,Rate\nUSD,GBP,0.80\nEUR,GBP,0.85\nGBP,JPY,190"
    found = imported({"deals.csv": DEALS.replace("¥", "GBP"), "rates.csv": rates.rsplit("\n", 1)[0]})
    assert worth(found, "GBP") == {"1": 800_00, "2": 1700_00, "3": 255_00, "4": 40000_00}
    # Rates into two currencies decide nothing: most deals are in euros, and no rate leads there but the pound's own.
    assert imported({"deals.csv": DEALS, "rates.csv": rates}).book.currency == "EUR"


def test_rates_that_cannot_be_used_are_rejected(imported: Import) -> None:
    rates = (
        "Currency,Date,Rate\nEUR,2025-01-01,0\nGold,2025-01-01,2000\nEUR,2025-02-01,1.04\nEUR,2025-02-01,1.05\n"
        "EUR,x,1"
    )
    found = imported({"deals.csv": DEALS, "rates.csv": rates}, currency="USD")
    assert sorted((each.row, each.problem.code) for each in found.rejected) == [
        (2, "unreadable_rate"),
        (3, "unknown_currency"),
        (5, "same_rate"),
        (6, "unreadable_day"),
    ]


def test_what_has_no_rate_is_said_at_once(imported: Import) -> None:
    found = imported({"deals.csv": DEALS}, currency="USD")
    seen = audit(
        found.book.with_definitions([template("mid-market")]),
        as_of="2025-10-01",
        definition=template("mid-market"),
    )
    assert seen.open["open_amount"] == 1000_00
    assert headline(seen)[1] == "Not counted: 2.3k EUR and 40.0k JPY in 3 deals, for no rate to USD is known."
    told = {problem.value: problem for problem in seen.problems if problem.code == "no_rate"}
    assert told["EUR"].says == "2,300.00 EUR in 2 deals are in no sum: no rate to USD is known for the day."
    assert told["JPY"].says.startswith("40,000 JPY in 1 deal is in no sum")


def test_a_currency_that_is_none(imported: Import) -> None:
    found = imported({"deals.csv": DEALS + "5,E,Proposal,1,Doubloon,2025-12-01,2025-09-01\n"}, currency="USD")
    assert [each.row for each in found.rejected] == [6]
    assert "unknown_currency" in codes(found)
    assert found.book.table("deals").filter(pl.col("deal") == "3")["currency"].unique().to_list() == ["EUR"]
