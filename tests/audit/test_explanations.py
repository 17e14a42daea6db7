"""Formulas with the numbers in them, against a book worked out by hand."""

from __future__ import annotations

import re

import pytest

from stageproof.audit.explanations import explanations
from tests.audit.small_books import ALPHA, DEALS_ROWS, small_audit

FORMULAS = {
    "period_open": "800,000.00 USD qualified + 0.00 USD waived + 0.00 USD unverifiable + 1,400,000.00 USD "
    "unqualified = 2,200,000.00 USD",
    "period_qualified": "2 deals with 800,000.00 USD in all, 36% of the 2,200,000.00 USD open",
    "period_won": "1 deal with 900,000.00 USD in all",
    "period_lost": "1 deal with 100,000.00 USD in all",
    "coverage_nominal": "2,200,000.00 USD open closing in 2024-Q3 / 2,500,000.00 USD target = 0.88x",
    "coverage_qualified": "800,000.00 USD qualified closing in 2024-Q3 / 2,500,000.00 USD target = 0.32x",
    "coverage_remaining": "2,200,000.00 USD open closing in 2024-Q3 / (2,500,000.00 USD target − "
    "900,000.00 USD won so far) = 1.38x",
    "coverage_needed": "1 / 33.3% win rate by count = 3.00x",
    "open": "800,000.00 USD qualified + 0.00 USD waived + 0.00 USD unverifiable + 1,700,000.00 USD "
    "unqualified = 2,500,000.00 USD",
    "lost": "2 deals with 600,000.00 USD in all",
    "win_rate_by_count": "1 won / (1 won + 2 lost) = 33.3%",
    "win_rate_by_amount": "900,000.00 USD won / (900,000.00 USD won + 600,000.00 USD lost) = 60.0%",
    "average_deal_size": "900,000.00 USD won / 1 deal = 900,000.00 USD",
    "cycle_length_days": "100 days / 1 won deal = 100.00 days",
    "velocity_per_day": "4 open deals × 900,000.00 USD × 33.3% / 100.0 days = 12,000.00 USD per day",
}


def test_each_formula_shows_its_numbers() -> None:
    found = {each.name: each.formula for each in explanations(small_audit())}
    assert {name: found[name] for name in FORMULAS} == FORMULAS


def test_names_are_unique_and_every_figure_is_defined() -> None:
    found = explanations(small_audit())
    assert len({each.name for each in found}) == len(found) == 23
    assert all(each.says.endswith(".") and each.title and each.deals for each in found)


def test_values_are_short_and_exact() -> None:
    found = {each.name: each for each in explanations(small_audit())}
    assert (found["period_open"].value, found["period_open"].exact) == ("2.2M", "2,200,000.00 USD")
    assert (found["coverage_qualified"].value, found["coverage_qualified"].exact) == ("0.3x", "0.3200x")
    assert found["period_qualified"].note == "2 deals · 36%"
    assert found["waived"].note == "no deals"


@pytest.mark.parametrize("name", ["win_rate_by_count", "average_deal_size", "cycle_length_days",
                                  "velocity_per_day", "coverage_needed"])  # fmt: skip
def test_what_is_unknown_says_why(name: str) -> None:
    found = {each.name: each for each in explanations(small_audit([ALPHA], period=None, target=None))}
    assert found[name].value == "–"
    assert re.match(r"Unknown: (nothing has closed|no won deal|deal size)", found[name].formula)


def test_no_target_is_given_as_the_reason() -> None:
    found = {each.name: each for each in explanations(small_audit(target=None))}
    assert found["coverage_nominal"].formula == "Unknown: no target is set"
    assert found["coverage_nominal"].note == "no target is set"


def test_a_target_that_is_reached_leaves_nothing_to_cover() -> None:
    found = {each.name: each for each in explanations(small_audit(target=900_000_00))}
    assert found["coverage_remaining"].formula == "Unknown: the target is reached"


def test_unpriced_deals_are_named() -> None:
    found = {
        each.name: each for each in explanations(small_audit([ALPHA, {**ALPHA, "deal": "H", "amount": None}]))
    }
    assert found["open"].formula.endswith("; 1 deal without an amount or a rate adds nothing")


def test_lost_deals_without_amounts_do_not_flatter_the_win_rate() -> None:
    rows = [{**row, "amount": None if row["deal"] in "FG" else row["amount"]} for row in DEALS_ROWS]
    found = {each.name: each for each in explanations(small_audit(rows))}
    assert found["win_rate_by_amount"].value == "100.0%"
    assert found["win_rate_by_amount"].note == "no lost deal has an amount"
    assert found["win_rate_by_count"].note == "of 3 closed"
