"""Deals whose row says won or lost, while a history holds nothing but their stages."""

from __future__ import annotations

import datetime as dt

import pytest

from stageproof.engine import measures
from stageproof.engine.period import Calendar
from tests.importers.imported_books import Import, codes, versions

DEALS = "id,name,stage,status,amount,close date,created date\n"
CHANGES = "id,field,old value,new value,date\n"
FERRY = DEALS + "5,Barge,Proposal,Open,100,2025-12-01,2025-06-01\n6,Ferry,{},42000,2025-08-22,2025-06-02\n"
JUNE, AUGUST = dt.date(2025, 6, 30), dt.date(2025, 8, 22)


def of(found: object, deal: str, *names: str) -> list[tuple[object, ...]]:
    return [row[1:] for row in versions(found, *names) if row[0] == deal]  # type: ignore[arg-type]


@pytest.mark.parametrize(("word", "status"), [("Won", "won"), ("Lost", "lost")])
def test_the_row_closes_its_deal_at_the_change_into_the_closing_stage(
    imported: Import, word: str, status: str
) -> None:
    found = imported(
        {
            "deals.csv": FERRY.format(f"Closed,{word}"),
            "changes.csv": CHANGES + "6,Stage,Proposal,Closed,2025-08-22\n",
        }
    )
    assert of(found, "6", "stage", "amount", "close_on") == [
        ("2025-06-02 00:00", "open", "Proposal", None, None),
        ("2025-08-22 00:00", status, "Proposal", 42_000_00, AUGUST),
    ]
    assert of(found, "5", "stage", "amount") == [("2025-06-01 00:00", "open", "Proposal", 100_00)]
    assert "closed_against_history" not in codes(found)


def test_the_figures_of_a_deal_closed_by_its_row(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": FERRY.format("Closed,Won"),
            "changes.csv": CHANGES + "6,Stage,Proposal,Closed,2025-08-22\n",
        }
    )
    before, after = found.book.as_of("2025-08-21"), found.book.as_of("2025-08-31")
    assert sorted(before.open.collect().to_native()["deal"]) == ["5", "6"]
    assert after.open.collect().to_native()["deal"].to_list() == ["5"]
    [won] = measures.bookings(after, period=Calendar().period("2025-Q3")).rows(named=True)
    assert (won["won_count"], won["won_amount"]) == (1, 42_000_00)


def test_without_a_closing_stage_it_closes_on_its_close_day(imported: Import) -> None:
    """As Pipedrive and many sheets have it: a deal is won in any stage."""
    found = imported(
        {
            "deals.csv": FERRY.format("Proposal,Won"),
            "changes.csv": CHANGES
            + "6,Stage,Discovery,Proposal,2025-07-01\n6,Next step,,Send invoice,2025-09-01\n",
        }
    )
    assert of(found, "6", "stage", "amount", "next_step") == [
        ("2025-06-02 00:00", "open", "Discovery", None, None),
        ("2025-07-01 00:00", "open", "Proposal", None, None),
        ("2025-08-22 00:00", "won", "Proposal", 42_000_00, None),
        ("2025-09-01 00:00", "won", "Proposal", 42_000_00, "Send invoice"),
    ]
    assert "closed_against_history" not in codes(found)
    assert any("does not tell that they closed" in gap for gap in found.gaps)


@pytest.mark.parametrize(
    ("row", "change", "ends"),
    [
        ("Closed,Won", "6,Stage,Proposal,Closed,2025-09-03", ("2025-09-03 00:00", "won", "Proposal")),
        ("Proposal,Won", "6,Stage,Discovery,Proposal,2025-09-03", ("2025-09-03 00:00", "won", "Proposal")),
        ("Closed,Won", "6,Stage,Proposal,Closed Lost,2025-08-22", ("2025-08-22 00:00", "won", "Proposal")),
    ],
)
def test_a_contradiction_is_named(imported: Import, row: str, change: str, ends: tuple[object, ...]) -> None:
    found = imported({"deals.csv": FERRY.format(row), "changes.csv": f"{CHANGES}{change}\n"})
    assert of(found, "6", "stage", "amount", "close_on")[-1] == (*ends, 42_000_00, AUGUST)
    [said] = [problem for problem in found.problems if problem.code == "closed_against_history"]
    assert (said.value, said.count) == ("6", 1)


def test_a_deleted_deal_is_deleted_whatever_its_stages_say(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": "id,stage,amount,created date,last modified,is deleted\n"
            "1,Proposal,5,2025-01-01,2025-03-01,true\n2,Proposal,6,2025-01-01,2025-01-01,false\n",
            "changes.csv": CHANGES + "1,Stage,Discovery,Proposal,2025-02-01\n",
        }
    )
    assert of(found, "1") == [
        ("2025-01-01 00:00", "open"),
        ("2025-02-01 00:00", "open"),
        ("2025-03-01 00:00", "deleted"),
    ]


SALESFORCE = (
    "Id,Name,StageName,Amount,CloseDate,IsClosed,IsWon,CreatedDate,LastModifiedDate\n"
    "1,One,Closed,500,2025-06-30,true,true,2025-01-01T00:00:00Z,2025-07-02T09:00:00Z\n"
    "2,Two,Closed,700,2025-06-30,true,false,2025-01-01T00:00:00Z,2025-07-02T09:00:00Z\n"
)


def test_salesforce_stage_history_of_a_stage_for_won_and_lost(imported: Import) -> None:
    """`Closed` is seen beside won and lost deals, so that no stage alone tells the outcome."""
    rows = "".join(
        f"{deal}a,{deal},Talk,{amount},2025-07-31,2025-01-01T00:00:00Z,u\n"
        f"{deal}b,{deal},Closed,{amount},2025-06-30,2025-06-30T15:00:00Z,u\n"
        for deal, amount in ((1, 500), (2, 700))
    )
    head = "Id,OpportunityId,StageName,Amount,CloseDate,CreatedDate,CreatedById\n"
    found = imported({"Opportunity.csv": SALESFORCE, "OpportunityHistory.csv": head + rows})
    assert versions(found, "stage", "amount", "close_on") == [
        ("1", "2025-01-01 00:00", "open", "Talk", 500_00, dt.date(2025, 7, 31)),
        ("1", "2025-06-30 15:00", "won", "Talk", 500_00, JUNE),
        ("2", "2025-01-01 00:00", "open", "Talk", 700_00, dt.date(2025, 7, 31)),
        ("2", "2025-06-30 15:00", "lost", "Talk", 700_00, JUNE),
    ]
    assert codes(found).isdisjoint({"closed_against_history", "history_disagrees"})


def test_salesforce_stage_history_that_ends_before_the_close(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": SALESFORCE,
            "OpportunityHistory.csv": "Id,OpportunityId,StageName,Amount,CloseDate,CreatedDate,CreatedById\n"
            "a,1,Talk,400,2025-07-31,2025-01-01T00:00:00Z,u\nb,2,Talk,700,2025-07-31,2025-01-01T00:00:00Z,u\n",
        }
    )
    assert versions(found, "stage", "amount", "close_on") == [
        ("1", "2025-01-01 00:00", "open", "Talk", 400_00, dt.date(2025, 7, 31)),
        ("1", "2025-06-30 00:00", "won", "Talk", 500_00, JUNE),
        ("2", "2025-01-01 00:00", "open", "Talk", 700_00, dt.date(2025, 7, 31)),
        ("2", "2025-06-30 00:00", "lost", "Talk", 700_00, JUNE),
    ]


def test_salesforce_field_history(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": SALESFORCE,
            "OpportunityFieldHistory.csv": "Id,OpportunityId,Field,OldValue,NewValue,CreatedDate,CreatedById\n"
            "a,1,StageName,Talk,Closed,2025-06-30T15:00:00Z,u\nb,2,StageName,Talk,Closed,2025-06-30T16:00:00Z,u\n",
        }
    )
    assert versions(found, "stage", "amount", "close_on") == [
        ("1", "2025-01-01 00:00", "open", "Talk", None, None),
        ("1", "2025-06-30 15:00", "won", "Talk", 500_00, JUNE),
        ("2", "2025-01-01 00:00", "open", "Talk", None, None),
        ("2", "2025-06-30 16:00", "lost", "Talk", 700_00, JUNE),
    ]


def test_hubspot_property_history(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date,Is Closed Won,Is closed lost\n"
            "1,One,Closed,500,2025-06-30,2025-01-01,true,false\n2,Two,Closed,700,2025-06-30,2025-01-01,false,true\n",
            "deal_property_history.csv": "deal_id,name,value,timestamp,source\n"
            "1,dealstage,Talk,2025-01-01T00:00:00Z,CRM_UI\n1,dealstage,Closed,2025-06-30T15:00:00Z,CRM_UI\n"
            "2,dealstage,Talk,2025-01-01T00:00:00Z,CRM_UI\n2,dealstage,Closed,2025-06-30T16:00:00Z,CRM_UI\n",
        }
    )
    assert versions(found, "stage", "amount", "close_on", "door") == [
        ("1", "2025-01-01 00:00", "open", "Talk", None, None, "page"),
        ("1", "2025-06-30 15:00", "won", "Talk", 500_00, JUNE, "page"),
        ("2", "2025-01-01 00:00", "open", "Talk", None, None, "page"),
        ("2", "2025-06-30 16:00", "lost", "Talk", 700_00, JUNE, "page"),
    ]


def test_pipedrive_changelog_of_stages_alone(imported: Import) -> None:
    """Won five hours after its last change of stage, on the same day; lost a month later."""
    found = imported(
        {
            "deals.csv": "Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Stage,Deal - Status,"
            "Deal - Deal created,Deal - Won time,Deal - Lost time,Deal - Expected close date,Deal - Update time\n"
            "1,One,500,USD,Talk,Won,2025-01-01 00:00:00,2025-06-30 15:00:00,,2025-07-31,2025-07-02 09:00:00\n"
            "2,Two,700,USD,Talk,Lost,2025-01-01 00:00:00,,2025-07-30 15:00:00,2025-07-31,2025-07-30 15:00:00\n",
            "changelog.csv": "deal_id,field_key,old_value,new_value,time\n"
            "1,stage_id,Meet,Talk,2025-06-30 10:00:00\n2,stage_id,Meet,Talk,2025-06-30 10:00:00\n",
        }
    )
    assert versions(found, "stage", "amount", "close_on") == [
        ("1", "2025-01-01 00:00", "open", "Meet", None, None),
        ("1", "2025-06-30 10:00", "open", "Talk", None, None),
        ("1", "2025-06-30 15:00", "won", "Talk", 500_00, JUNE),
        ("2", "2025-01-01 00:00", "open", "Meet", None, None),
        ("2", "2025-06-30 10:00", "open", "Talk", None, None),
        ("2", "2025-07-30 15:00", "lost", "Talk", 700_00, dt.date(2025, 7, 30)),
    ]
