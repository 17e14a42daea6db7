"""Check 4, finding by finding."""

from __future__ import annotations

from typing import Any

from stageproof.engine.definition import HygieneRules
from stageproof.engine.frames import day_number
from stageproof.engine.hygiene.monday import monday
from tests.engine.history_books import at, bare, book, day, path

ON = "2025-03-31"
FULL: dict[str, Any] = {"account": "Acme"}
BEGAN = "2025-01-01"


def number(text: str) -> int:
    return day_number(day(text))


def found(deals: list[dict[str, Any]], on: str = ON, **others: Any) -> list[tuple[Any, ...]]:
    table = monday(book(deals, **others).as_of(on)).findings
    return (
        table.filter(table["check"] == 4)
        .select("deal", "code", "detail", "since_on", "value", "limit")
        .rows()
    )


def test_missing_facts_since_they_went_missing() -> None:
    deals = path(
        "a", (BEGAN, "Discovery"), ("2025-02-10", "Discovery", {"owner": None, "source": ""}), account=None
    )
    assert found(deals) == [
        ("a", "no_account", "account", number(BEGAN), None, None),
        ("a", "no_owner", "owner", number("2025-02-10"), None, None),
        ("a", "no_source", "source", number("2025-02-10"), None, None),
    ]


def test_an_amount_of_nothing_is_missing() -> None:
    deals = [
        *path("a", (BEGAN, "Discovery"), amount=0, **FULL),
        *path("b", (BEGAN, "Discovery"), amount=None, **FULL),
    ]
    assert [row[:2] for row in found(deals)] == [("a", "no_amount"), ("b", "no_amount")]


def test_what_is_required_is_the_owners_to_say() -> None:
    rules = bare(HygieneRules(required_facts=("segment", "owner")))
    deals = path("a", (BEGAN, "Discovery"), segment=None, account=None)
    assert [row[:3] for row in found(deals, definitions=[rules])] == [("a", "no_segment", "segment")]


def test_a_column_that_the_book_does_not_hold_is_noted_once() -> None:
    run = monday(book(path("a", (BEGAN, "Discovery"))).as_of(ON))
    assert run.by_code(4) == []
    assert "The account: the book holds no column 'account'." in run.unchecked
    assert "Contacts and the economic buyer: the book holds no roles." in run.unchecked


def role(contact: str, role: str = "champion", **changes: Any) -> dict[str, Any]:
    return {"deal": "a", "contact": contact, "role": role, "valid_from": at("2025-01-05"), **changes}


def test_contacts_and_the_economic_buyer() -> None:
    deals = path("a", (BEGAN, "Proposal"), amount=5_000_000, **FULL)
    both = [role("Bo"), role("Cy", "economic_buyer")]
    assert found(deals, roles=both) == []
    assert found(deals, roles=[{**role("Bo"), "deal": "b"}]) == [
        ("a", "no_contacts", None, number(BEGAN), None, None)
    ]
    left = [role("Bo"), role("Cy", "economic_buyer", valid_to=at("2025-02-20"))]
    assert found(deals, roles=left) == [
        ("a", "no_economic_buyer", None, number("2025-02-20"), None, None),
        ("a", "one_contact", None, None, 5_000_000.0, 5_000_000.0),
    ]
    early = path("a", (BEGAN, "Qualification"), amount=5_000_000, **FULL)
    assert [row[1] for row in found(early, roles=left)] == ["one_contact"]
    alone = [role("Cy"), role("Cy", "economic_buyer")]
    assert [row[1] for row in found(deals, roles=alone)] == ["one_contact"]
    assert found(path("a", (BEGAN, "Discovery"), amount=4_999_999, **FULL), roles=alone) == []


def won(*amounts: int | None) -> list[dict[str, Any]]:
    return [
        row
        for index, amount in enumerate(amounts)
        for row in path(
            f"w{index}", ("2024-01-01", "Discovery"), ("2024-02-01", "won"), amount=amount, **FULL
        )
    ]


def test_amounts_far_from_what_was_won() -> None:
    # Ten wins of 100 to 1,000: the first decile is 190, the ninth 910, by linear interpolation.
    history = won(*range(100, 1100, 100), None)
    deals = [
        row
        for name, amount in {"high": 2731, "top": 2730, "bottom": 64, "low": 63}.items()
        for row in path(name, (BEGAN, "Discovery"), amount=amount, account=name)
    ]
    assert found([*deals, *history]) == [
        ("high", "amount_high", None, None, 2731.0, 2730.0),
        ("low", "amount_low", None, None, 63.0, 190 / 3),
    ]
    assert found([*deals, *won(*range(100, 1000, 100))]) == []


def test_likely_twins_name_each_other() -> None:
    deals = [
        *path("a", (BEGAN, "Discovery"), account="Acme", product="Box"),
        *path("b", ("2025-02-01", "Proposal"), account="ACME", product="Box"),
        *path("c", (BEGAN, "Discovery"), account="Acme", product="Bag"),
        *path("d", (BEGAN, "Discovery"), account="Acme", product="Box", amount=1001),
        *path("e", (BEGAN, "Discovery"), ("2025-02-01", "lost"), account="Acme", product="Box"),
    ]
    assert found(deals) == [
        ("b", "twin", "a", number("2025-02-01"), 2.0, None),
        ("a", "twin", "b", number(BEGAN), 2.0, None),
    ]


def test_deals_without_an_account_or_amount_are_nobodys_twins() -> None:
    deals = [
        row
        for name in "ab"
        for account, amount, suffix in ((None, 5, "x"), ("", 6, "w"), ("Acme", 0, "y"), ("Acme", None, "z"))
        for row in path(name + suffix, (BEGAN, "Discovery"), account=account, amount=amount)
    ]
    assert {row[1] for row in found(deals)} == {"no_account", "no_amount"}
