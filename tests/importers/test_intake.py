"""What is said of cells that cannot be read: the fault itself, not its effect."""

from __future__ import annotations

import pytest

from stageproof.engine.problem import Refused
from tests.importers.imported_books import Import, versions

HEAD = "id,stage,amount,currency,created date\n"


def test_an_amount_in_another_currency_than_its_column(imported: Import) -> None:
    found = imported(
        {
            "d.csv": HEAD + "1,Proposal,€500,USD,2024-01-02\n2,Proposal,XQQ 500,,2024-01-02\n"
            "3,Proposal,abc,USD,2024-01-02\n4,Proposal,€500,EUR,2024-01-02\n"
        }
    )
    assert [
        (each.row, each.problem.code, each.problem.column, each.problem.value) for each in found.rejected
    ] == [
        (2, "unknown_currency", "amount", "€500"),
        (3, "unknown_currency", "amount", "XQQ 500"),
        (4, "unreadable_money", "amount", "abc"),
    ]
    assert found.rejected[0].problem.says == (
        "The currency of this amount is unknown, or another than its row says."
    )
    assert versions(found, "amount", "currency") == [("4", "2024-01-02 00:00", "open", 500_00, "EUR")]


def test_a_change_to_an_amount_of_a_strange_currency(imported: Import) -> None:
    found = imported(
        {
            "d.csv": HEAD + "1,Proposal,500,USD,2024-01-02\n",
            "h.csv": "deal,field,old value,new value,date\n1,Amount,XQQ 5,500,2024-02-01\n",
        }
    )
    [said] = [problem for problem in found.problems if problem.code == "unknown_currency"]
    assert said.says.endswith("The change is taken as one to nothing.")
    assert versions(found, "amount") == [
        ("1", "2024-01-02 00:00", "open", None),
        ("1", "2024-02-01 00:00", "open", 500_00),
    ]


CONTRADICTORY = HEAD + (
    "1,Proposal,1,USD,25/04/2024\n2,Proposal,1,USD,26/04/2024\n3,Proposal,1,USD,04/27/2024\n"
    "4,Proposal,1,USD,04/28/2024\n5,Proposal,1,USD,04/29/2024\n"
)


def test_dates_of_two_orders_are_refused_with_their_numbers(imported: Import) -> None:
    with pytest.raises(Refused) as refused:
        imported({"d.csv": CONTRADICTORY})
    [problem] = refused.value.problems
    assert (problem.code, problem.column) == ("ambiguous_dates", "created date")
    assert problem.says == "2 dates have the day first and 3 the month."


def test_dates_of_two_orders_beside_a_column_that_is_sure(imported: Import) -> None:
    found = imported(
        {"a.csv": "id,stage,amount,created date\n9,Proposal,1,25/04/2024\n", "d.csv": CONTRADICTORY}
    )
    [said] = [problem for problem in found.problems if problem.code == "dates_read"]
    assert (said.source, said.column) == ("d.csv", "created date")
    assert said.says == (
        "2 dates have the day first and 3 the month. They are read by the order of the other columns."
    )
    assert [(each.row, each.problem.code) for each in found.rejected] == [
        (4, "unreadable_instant"),
        (5, "unreadable_instant"),
        (6, "unreadable_instant"),
    ]
    assert [row[0] for row in versions(found)] == ["1", "2", "9"]


def test_dates_that_nothing_in_their_column_decides_are_read_by_others_without_a_note(
    imported: Import,
) -> None:
    found = imported(
        {
            "a.csv": "id,stage,amount,created date\n9,Proposal,1,25/04/2024\n",
            "d.csv": "id,stage,amount,created date\n1,Proposal,1,03/04/2024\n",
        }
    )
    assert versions(found)[0] == ("1", "2024-04-03 00:00", "open")
    assert [problem for problem in found.problems if problem.code == "dates_read"] == []
