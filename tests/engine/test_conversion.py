"""Conversion, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from stageproof.engine.definition import Definition, Stage
from stageproof.engine.measures.conversion import conversion
from stageproof.engine.measures.interval import wilson
from stageproof.engine.period import Calendar
from tests.engine.history_books import STAGES, bare, book, path, rows

COUNTS = ("stage", "entered", "passed", "lost", "undecided")
Q1 = Calendar().period("2025-Q1")


def counted(deals: list[dict[str, Any]], on: str = "2025-06-30", **asked: Any) -> list[tuple[Any, ...]]:
    return rows(conversion(book(deals).as_of(on), **asked), *COUNTS)


def test_passed_lost_and_undecided_add_up_to_entered() -> None:
    deals = [
        *path("moved", ("2025-01-01", "Discovery"), ("2025-01-11", "Qualification")),
        *path("lost", ("2025-01-01", "Discovery"), ("2025-01-05", "lost")),
        *path("open", ("2025-01-01", "Discovery")),
        *path("won", ("2025-01-01", "Negotiation"), ("2025-01-21", "won")),
    ]
    assert counted(deals) == [
        ("Discovery", 3, 1, 1, 1),
        ("Qualification", 1, 0, 0, 1),
        ("Proposal", 0, 0, 0, 0),
        ("Negotiation", 1, 1, 0, 0),
    ]


def test_a_stage_jumped_over_counts_as_entered_and_passed() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal"))
    assert counted(deals) == [
        ("Discovery", 1, 1, 0, 0),
        ("Qualification", 1, 1, 0, 0),
        ("Proposal", 1, 0, 0, 1),
        ("Negotiation", 0, 0, 0, 0),
    ]


def test_winning_from_the_first_stage_passes_all_of_them() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "won"))
    assert counted(deals) == [(stage, 1, 1, 0, 0) for stage in STAGES]


def test_a_deal_that_began_further_on_has_not_jumped_what_lies_before() -> None:
    assert counted(path("a", ("2025-01-01", "Proposal")))[:2] == [
        ("Discovery", 0, 0, 0, 0),
        ("Qualification", 0, 0, 0, 0),
    ]


def test_moving_back_and_forth_enters_once_and_jumps_what_lies_between() -> None:
    deals = path("a", ("2025-01-01", "Proposal"), ("2025-02-01", "Discovery"), ("2025-03-01", "Proposal"))
    assert counted(deals) == [
        ("Discovery", 1, 1, 0, 0),
        ("Qualification", 1, 1, 0, 0),
        ("Proposal", 1, 0, 0, 1),
        ("Negotiation", 0, 0, 0, 0),
    ]


def test_what_was_passed_before_falling_back_counts_for_the_earlier_entry_only() -> None:
    deals = path(
        "a", ("2025-01-01", "Discovery"), ("2025-02-01", "Proposal"), ("2025-03-01", "Qualification")
    )
    # Qualification was jumped over in February, before Proposal was left.
    assert counted(deals)[1] == ("Qualification", 1, 1, 0, 0)
    back = path("b", ("2025-01-01", "Proposal"), ("2025-02-01", "Discovery"), ("2025-03-01", "lost"))
    assert counted(back)[0] == ("Discovery", 1, 0, 1, 0)


def test_the_window_holds_the_first_entry() -> None:
    deals = path(
        "a", ("2024-12-31", "Discovery"), ("2025-01-01", "Qualification"), ("2025-04-01", "Proposal"),
        ("2025-04-02", "Qualification"),
    )  # fmt: skip
    assert counted(deals, period=Q1) == [
        ("Discovery", 0, 0, 0, 0),
        ("Qualification", 1, 1, 0, 0),
        ("Proposal", 0, 0, 0, 0),
        ("Negotiation", 0, 0, 0, 0),
    ]


def test_the_window_follows_the_zone() -> None:
    deals = path("a", ("2025-03-31T23:30", "Discovery"))
    berlin = book(deals, zone="Europe/Berlin").as_of("2025-06-30")
    assert conversion(berlin, period=Q1)["entered"].sum() == 0
    assert conversion(book(deals).as_of("2025-06-30"), period=Q1)["entered"].sum() == 1


def test_aliases_are_their_stage_and_unknown_stages_stand_last() -> None:
    stages = (Stage("Discovery", aliases=("Disco",)), Stage("Proposal"))
    deals = [
        *path("a", ("2025-01-01", "disco"), ("2025-01-05", "Discovery"), ("2025-01-09", "Proposal")),
        *path("b", ("2025-01-01", "Parked"), ("2025-01-05", "Discovery")),
        *path("c", ("2025-01-01", "Discovery"), ("2025-01-05", "Parked"), ("2025-01-09", "Discovery")),
    ]
    table = conversion(book(deals, definitions=[Definition("All", "Ada", stages)]).as_of("2025-06-30"))
    assert rows(table, "position", *COUNTS) == [
        (0, "Discovery", 3, 1, 0, 2),
        (1, "Proposal", 1, 0, 0, 1),
        (-1, "Parked", 2, 1, 0, 1),
    ]


def test_deleted_deals_are_not_counted() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "deleted"))
    assert counted(deals)[0] == ("Discovery", 0, 0, 0, 0)


def test_by_owner_is_the_owner_at_the_instant() -> None:
    deals = [
        *path("a", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal", {"owner": "Bob"})),
        *path("b", ("2025-01-01", "Discovery")),
    ]
    table = conversion(book(deals).as_of("2025-06-30"), by=["owner"])
    found = rows(table.filter(pl.col("stage") == "Discovery"), "owner", "entered", "passed")
    assert found == [("Ann", 1, 0), ("Bob", 1, 1)]


def test_each_deal_is_measured_against_the_definition_of_its_pipeline() -> None:
    new = bare()
    renewal = Definition("Renewals", "Ada", (Stage("Proposal"), Stage("Discovery")))
    deals = [
        *path("n", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal"), pipeline="New business"),
        *path("r", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal"), pipeline="Renewals"),
        *path("x", ("2025-01-01", "Discovery"), ("2025-01-11", "Proposal"), pipeline="Other"),
    ]
    table = conversion(book(deals, definitions=[new, renewal]).as_of("2025-06-30"))
    found = table.filter(pl.col("entered") > 0)
    assert rows(found, "definition", "stage", "entered", "passed") == [
        ("New business", "Discovery", 1, 1),
        ("New business", "Qualification", 1, 1),
        ("New business", "Proposal", 1, 0),
        ("Renewals", "Proposal", 1, 0),
        ("Renewals", "Discovery", 1, 0),
        (None, "Discovery", 1, 1),
        (None, "Proposal", 1, 0),
    ]


def test_the_rates_and_their_interval() -> None:
    deals = [
        *(row for n in range(8) for row in path(f"p{n}", ("2025-01-01", "Discovery"), ("2025-01-11", "won"))),
        *path("l", ("2025-01-01", "Discovery"), ("2025-01-05", "lost")),
        *path("o", ("2025-01-01", "Discovery")),
    ]
    first = conversion(book(deals).as_of("2025-06-30")).row(0, named=True)
    assert first["rate"] == pytest.approx(0.8)
    assert first["rate_decided"] == pytest.approx(8 / 9)
    # 8 of 10: the textbook interval of Wilson is 49.0% to 94.3%.
    assert first["low"] == pytest.approx(0.4901625, abs=1e-6)
    assert first["high"] == pytest.approx(0.9433178, abs=1e-6)
    assert conversion(book(deals).as_of("2024-06-30")).row(0, named=True)["rate"] is None


@pytest.mark.parametrize(("passed", "count"), [(0, 5), (5, 5), (1, 3), (40, 100)])
def test_both_ends_of_the_interval_solve_the_equation_they_come_from(passed: int, count: int) -> None:
    low, high = pl.select(*(end.alias(name) for end, name in zip(
        wilson(pl.lit(passed / count), pl.lit(count)), ("low", "high"), strict=True
    ))).row(0)  # fmt: skip
    for end in (low, high):
        spread = 1.959963984540054 * math.sqrt(end * (1 - end) / count)
        assert abs(passed / count - end) == pytest.approx(spread, abs=1e-12)
