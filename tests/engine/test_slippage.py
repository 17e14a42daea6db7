"""Slippage and push count, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from stageproof.engine.frames import number
from stageproof.engine.measures.slippage import OUTCOMES, push_count, slippage
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from tests.engine.history_books import at, book, day, path, rows_of

Q1 = Calendar().period("2025-Q1")
IN, AFTER, BEFORE = day("2025-02-28"), day("2025-04-15"), day("2024-12-15")
START = "2024-12-01"

DEALS = [
    *path("won", (START, "Proposal"), ("2025-02-10", "won"), close_on=IN, amount=100),
    *path("lost", (START, "Proposal"), ("2025-02-10", "lost"), close_on=IN, amount=200),
    *path("moved", (START, "Proposal"), ("2025-02-10", "Proposal", {"close_on": AFTER}), close_on=IN, amount=400),
    *path("stuck", (START, "Proposal"), close_on=IN, amount=800),
    *path("early", (START, "Proposal"), ("2025-02-10", "Proposal", {"close_on": BEFORE}), close_on=IN, amount=1600),
    *path("gone", (START, "Proposal"), ("2025-02-10", "deleted", {"close_on": IN}), close_on=IN, amount=3200),
    *path("later", (START, "Proposal"), ("2025-04-10", "won"), close_on=IN, amount=6400),
    # Not due: to close later, created in the quarter, closed before it.
    *path("next", (START, "Proposal"), ("2025-02-10", "won"), close_on=AFTER, amount=12800),
    *path("new", ("2025-01-02", "Proposal"), close_on=IN, amount=25600),
    *path("old", (START, "Proposal"), ("2024-12-20", "won"), close_on=IN, amount=51200),
]  # fmt: skip


def outcomes(on: str, **asked: Any) -> dict[str, tuple[int, int]]:
    row = slippage(book(DEALS).as_of(on), period=Q1, **asked).row(0, named=True)
    return {name: (row[f"{name}_count"], row[f"{name}_amount"]) for name in ("due", *OUTCOMES)}


def test_after_the_period_whatever_was_due_and_is_still_open_has_slipped() -> None:
    assert outcomes("2025-03-31") == {
        "due": (7, 12700),
        "won": (1, 100),
        "lost": (1, 200),
        "slipped": (4, 400 + 800 + 1600 + 6400),
        "pulled": (0, 0),
        "deleted": (1, 3200),
        "undecided": (0, 0),
    }


def test_what_happened_after_the_period_changes_nothing() -> None:
    assert outcomes("2025-12-31") == outcomes("2025-03-31")


def test_within_the_period_open_deals_are_undecided_unless_their_date_moved_out() -> None:
    assert outcomes("2025-02-15") == {
        "due": (7, 12700),
        "won": (1, 100),
        "lost": (1, 200),
        "slipped": (1, 400),
        "pulled": (1, 1600),
        "deleted": (1, 3200),
        "undecided": (2, 800 + 6400),
    }


def test_the_first_instant_after_a_period_is_not_in_it_and_its_first_day_is() -> None:
    moved = ("2025-02-10", "Proposal", {"close_on": day("2025-01-01")})
    deals = [
        *path("midnight", (START, "Proposal"), ("2025-04-01", "won"), close_on=IN, amount=1),
        *path("moved up", (START, "Proposal"), moved, close_on=IN, amount=10),
    ]
    over, within = (slippage(book(deals).as_of(on), period=Q1) for on in ("2025-12-31", "2025-02-15"))
    assert over.select("slipped_amount", "won_amount").rows() == [(11, 0)]
    assert within.select("undecided_amount", "pulled_amount").rows() == [(11, 0)]


def test_the_rates_are_of_what_was_due() -> None:
    row = slippage(book(DEALS).as_of("2025-03-31"), period=Q1).row(0, named=True)
    assert row["rate_by_count"] == pytest.approx(4 / 7)
    assert row["rate_by_amount"] == pytest.approx(9200 / 12700)


def test_groups_are_those_of_the_start() -> None:
    deals = path("a", (START, "Proposal"), ("2025-02-10", "Negotiation", {"owner": "Bob"}), close_on=IN)
    table = slippage(book(deals).as_of("2025-03-31"), period=Q1, by=["owner", "stage"])
    assert table.select("owner", "stage", "slipped_count").rows() == [("Ann", "Proposal", 1)]


def test_a_period_that_has_not_begun_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        slippage(book(DEALS).as_of("2024-12-20"), period=Q1)
    assert [problem.code for problem in refused.value.problems] == ["period_ahead"]


def test_late_knowledge_of_a_push_is_left_out() -> None:
    deals = path("a", (START, "Proposal"), ("2025-02-10", "Proposal", {"close_on": AFTER}), close_on=IN)
    deals[0]["recorded_at"], deals[1]["recorded_at"] = at(START), at("2025-03-20")
    then = book(deals).as_of("2025-03-01", known_at="2025-03-01")
    row = slippage(then, period=Q1).row(0, named=True)
    assert (row["slipped_count"], row["undecided_count"]) == (0, 1)
    assert rows_of(push_count(then), "deal", "pushes") == [("a", 0)]


def test_pushes_are_moves_to_a_later_day_while_open() -> None:
    def moved(when: str, to: str | None) -> tuple[str, str, dict[str, Any]]:
        return when, "Proposal", {"close_on": to and day(to)}

    deals = [
        *path("a", moved("2025-01-01", "2025-02-01"), moved("2025-01-05", "2025-03-01"),
              moved("2025-01-06", "2025-02-15"), moved("2025-01-07", None), moved("2025-01-08", "2025-02-25")),
        *path("b", moved("2025-01-01", "2025-02-01")),
        # Closing on another day is no push; a later date after reopening is one.
        *path("c", moved("2025-01-01", "2025-02-01"), ("2025-03-01", "lost"), moved("2025-03-05", "2025-02-11")),
        *path("d", moved("2025-01-01", "2025-02-01"), moved("2025-01-05", "2025-03-01"), ("2025-03-01", "won")),
    ]  # fmt: skip
    assert rows_of(push_count(book(deals).as_of("2025-06-30"))) == [
        ("a", 2, 28 + 10, number(at("2025-01-05")), number(at("2025-01-08"))),
        ("b", 0, 0, None, None),
        ("c", 1, 10, number(at("2025-03-05")), number(at("2025-03-05"))),
    ]
