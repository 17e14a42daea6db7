"""Check 1, finding by finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stageproof.engine.definition import HygieneRules
from stageproof.engine.frames import day_number
from stageproof.engine.hygiene.monday import monday
from tests.engine.history_books import at, bare, book, day, path

ON = "2025-03-31"
HELD: dict[str, Any] = {"close_on": day("2025-09-30")}


def found(deals: list[dict[str, Any]], on: str = ON, **others: Any) -> list[tuple[Any, ...]]:
    table = monday(book(deals, **others).as_of(on)).findings
    return table.filter(table["check"] == 1).select("deal", "code", "since_on", "value", "limit").rows()


def number(text: str) -> int:
    return day_number(day(text))


def test_a_past_date_is_found_from_the_day_after() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), close_on=day("2025-03-20"))
    assert found(deals) == [("a", "past", number("2025-03-21"), 11.0, None)]
    assert found(deals, "2025-03-20") == []
    assert found(deals, "2025-03-21") == [("a", "past", number("2025-03-21"), 1.0, None)]


def test_a_missing_date_is_found_since_it_went_missing() -> None:
    deals = [
        *path("never", ("2025-01-01", "Discovery"), ("2025-01-20", "Proposal"), close_on=None),
        *path("lost", ("2025-01-01", "Discovery"), ("2025-02-10", "Discovery", {"close_on": None}), **HELD),
    ]
    assert found(deals) == [
        ("lost", "no_close_date", number("2025-02-10"), None, None),
        ("never", "no_close_date", number("2025-01-01"), None, None),
    ]


def test_two_pushes_are_one_too_many_unless_the_rules_say_otherwise() -> None:
    deals = path(
        "a",
        ("2025-01-01", "Discovery", {"close_on": day("2025-07-01")}),
        ("2025-01-10", "Discovery", {"close_on": day("2025-08-01")}),
        ("2025-02-10", "Discovery", {"close_on": day("2025-09-01")}),
    )
    assert found(deals) == [("a", "pushed", number("2025-02-10"), 2.0, 1.0)]
    assert found(deals, "2025-01-31") == []
    assert found(deals, definitions=[bare(HygieneRules(pushes_allowed=2))]) == []


def test_the_day_of_a_push_is_that_of_the_zone() -> None:
    rules = bare(HygieneRules(pushes_allowed=0))
    deals = path(
        "a",
        ("2025-01-01", "Discovery", {"close_on": day("2025-07-01")}),
        ("2025-01-10T23:30", "Discovery", {"close_on": day("2025-08-01")}),
    )
    assert found(deals, definitions=[rules], zone="Europe/Berlin")[0][2] == number("2025-01-11")
    assert found(deals, definitions=[rules])[0][2] == number("2025-01-10")


def confirmation(given: str, **changes: Any) -> dict[str, Any]:
    return {"evidence": given, "deal": "a", "kind": "close_date", "side": "buyer", "given_at": at(given),
            "valid_from": at(given), **changes}  # fmt: skip


def test_a_date_that_comes_near_needs_the_buyers_word() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), close_on=day("2025-04-20"))
    unconfirmed = [("a", "unconfirmed", number("2025-03-21"), 20.0, 30.0)]
    other = [{**confirmation("2025-03-20"), "deal": "b"}]
    assert found(deals, evidence=other) == unconfirmed
    assert found(deals, evidence=[confirmation("2025-03-20")]) == []
    assert found(deals, evidence=[confirmation("2025-03-20", side="seller")]) == unconfirmed
    assert found(deals, evidence=[confirmation("2025-03-20", kind="budget")]) == unconfirmed
    assert found(deals, "2025-03-21", evidence=other) == [
        ("a", "unconfirmed", number("2025-03-21"), 30.0, 30.0)
    ]
    # Thirty-one days ahead it need not be confirmed yet.
    assert found(deals, "2025-03-20", evidence=other) == []


def test_the_buyers_word_ages() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), close_on=day("2025-04-20"))
    old = confirmation("2025-02-10")  # counts for 45 days, until 26 March
    assert found(deals, "2025-03-25", evidence=[old]) == []
    assert found(deals, evidence=[old]) == [("a", "unconfirmed", number("2025-03-27"), 20.0, 30.0)]


def test_without_evidence_it_cannot_be_checked_and_says_so() -> None:
    run = monday(book(path("a", ("2025-01-01", "Discovery"), close_on=day("2025-04-20"))).as_of(ON))
    assert run.by_check(1).deals == 0
    assert "Whether the buyer confirmed the close date: the book holds no evidence." in run.unchecked


def won(count: int, days_after_discovery: int) -> list[dict[str, Any]]:
    end = f"2024-02-{days_after_discovery + 1:02}"
    return [
        row
        for index in range(count)
        for row in path(f"w{index}", ("2024-01-01", "Discovery"), ("2024-02-01", "Proposal"), (end, "won"))
    ]


def test_sooner_than_the_stages_after_this_one_took() -> None:
    soon = path("soon", ("2025-03-01", "Discovery"), close_on=day("2025-04-19"))
    late = path("late", ("2025-03-01", "Discovery"), close_on=day("2025-04-20"))
    last = path("last", ("2025-03-01", "Proposal"), close_on=day("2025-04-01"))
    # Ten deals took 20 days from leaving Discovery to the win; none took any after Proposal.
    assert found([*soon, *late, *last, *won(10, 20)]) == [
        ("soon", "too_soon", number("2025-03-31"), 19.0, 20.0)
    ]
    assert found([*soon, *won(9, 20)]) == []


def test_a_book_without_close_dates_says_so_once() -> None:
    deals = path("a", ("2025-01-01", "Discovery"))
    for row in deals:
        del row["close_on"]
    run = monday(book(deals).as_of(ON))
    assert run.by_code(1) == []
    assert run.checked[1].unchecked == ("Close dates: the book holds none.",)


def test_deals_that_no_definition_rules_are_checked_by_the_usual_rules() -> None:
    other = replace(bare(), pipeline="Other")
    deals = path("a", ("2025-01-01", "Discovery"), close_on=day("2025-03-20"), pipeline="Elsewhere")
    assert [row[1] for row in found(deals, definitions=[bare(), other])] == ["past"]
    assert [row[1] for row in found(deals, definitions=[])] == ["past"]


def test_closed_and_deleted_deals_are_left_alone() -> None:
    deals = [
        *path("w", ("2025-01-01", "Discovery"), ("2025-02-01", "won")),
        *path("l", ("2025-01-01", "Discovery"), ("2025-02-01", "lost")),
        *path("d", ("2025-01-01", "Discovery"), ("2025-02-01", "deleted")),
    ]
    assert found(deals) == []
