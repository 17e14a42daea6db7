"""Salesforce: the sample, warehouse tables, reports, and histories written for a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from stageproof.importers import import_files
from stageproof.importers.files import recognised_sheet
from stageproof.importers.mapping import Mapping
from tests.importers.imported_books import Import, codes, versions

Files = Callable[[str], list[Path]]

OPPORTUNITY = (
    "Id,Name,StageName,Amount,CloseDate,IsClosed,IsWon,OwnerId,CreatedDate,LastModifiedDate,"
    "ForecastCategoryName\n"
)
HISTORY = "Id,OpportunityId,StageName,Amount,CloseDate,ForecastCategory,CreatedDate,CreatedById,IsDeleted\n"
CHANGES = "Id,OpportunityId,Field,OldValue,NewValue,CreatedDate,CreatedById\n"
USERS = "Id,Name,Username,IsActive,UserRoleId\n005A,Ada Long,ada@x.example,true,R1\n005B,Bo Chen,bo@x.example,false,R2\n"
ROLES = "Id,Name,ParentRoleId\nR1,East,\nR2,West,\n"


def test_sample_keeps_each_row_of_history(real_data: Files) -> None:
    found = import_files(real_data("salesforce_sample"))
    deals = found.book.table("deals")
    assert deals.height == 48
    assert deals["deal"].n_unique() == 36
    assert {file.source: (file.read, file.taken) for file in found.accounting.files} == {
        "Account.csv": (18, 18),
        "Contact.csv": (25, 25),
        "Lead.csv": (22, 22),
        "Opportunity.csv": (36, 36),
        "OpportunityHistory.csv": (48, 48),
        "OpportunityHistoryGroup.csv": (10, 0),
    }
    now = deals.filter(pl.col("valid_to").is_null())
    assert dict(now.group_by("status").len().rows()) == {"won": 12, "lost": 8, "open": 16}


def test_sample_history_of_one_deal(real_data: Files) -> None:
    found = import_files(real_data("salesforce_sample"))
    deal = found.book.table("deals").filter(pl.col("deal") == "006bm00000LKgOnAAL").sort("valid_from")
    assert deal.select("valid_from", "status", "stage", "close_on", "forecast_category").rows() == [
        (
            dt.datetime(2026, 2, 24, 2, 18, tzinfo=dt.UTC),
            "open",
            "Prospecting",
            dt.date(2026, 3, 31),
            "pipeline",
        ),
        (
            dt.datetime(2026, 2, 24, 2, 20, tzinfo=dt.UTC),
            "won",
            "Prospecting",
            dt.date(2026, 2, 23),
            "closed",
        ),
        (
            dt.datetime(2026, 3, 7, 20, 59, tzinfo=dt.UTC),
            "lost",
            "Prospecting",
            dt.date(2026, 2, 23),
            "omitted",
        ),
    ]


def test_sample_disagrees_with_its_history(real_data: Files) -> None:
    """25 deals that were never changed again have another close date in the file than in the history."""
    found = import_files(real_data("salesforce_sample"))
    [said] = [problem for problem in found.problems if problem.code == "history_disagrees"]
    assert said.count == 25
    deal = found.book.table("deals").filter(pl.col("deal") == "006bm00000LKJNNAA5")
    assert deal.select("close_on", "stage", "amount", "account").rows() == [
        (dt.date(2024, 2, 3), "Qualification", 15000_00, "Dickenson plc")
    ]


def test_sample_leads(real_data: Files) -> None:
    found = import_files(real_data("salesforce_sample"))
    leads = found.book.table("leads")
    assert leads["lead"].n_unique() == 22
    one = leads.filter(pl.col("lead") == "00Qbm00000Orxk5EAB").sort("valid_from")
    assert one.select("status", "deal", "valid_from").rows() == [
        ("converted", "006bm00000LKgOnAAL", dt.datetime(2026, 2, 24, tzinfo=dt.UTC))
    ]


def test_warehouse_history(real_data: Files) -> None:
    found = import_files(real_data("fivetran_salesforce_seeds"))
    deals = found.book.table("deals").filter(pl.col("deal") == "006q000000HK8jdAAD").sort("valid_from")
    assert deals.select("valid_from", "status", "amount", "close_on").rows() == [
        (dt.datetime(2018, 11, 14, 19, 12, 53, tzinfo=dt.UTC), "open", None, None),
        (dt.datetime(2018, 11, 21, tzinfo=dt.UTC), "lost", 200_000_00, dt.date(2018, 11, 21)),
        (dt.datetime(2019, 4, 4, 18, 36, 8, tzinfo=dt.UTC), "deleted", 200_000_00, dt.date(2018, 11, 21)),
    ]
    assert found.book.table("deals")["deal"].n_unique() == 10
    assert found.book.as_of("2020-01-01").deals.collect().to_native().height == 0


def test_a_row_that_ceases_without_another_is_a_deletion(imported: Import) -> None:
    head = (
        "id,name,stage_name,amount,close_date,created_date,is_closed,is_won,_fivetran_start,_fivetran_end\n"
    )
    found = imported(
        {
            "opportunity_history.csv": head
            + "D1,One,Discovery,10,2024-06-30,2024-01-02 09:00:00,false,false,2024-01-02 09:00:00,"
            + "2024-02-01 09:59:59.999\n"
            + "D1,One,Proposal,20,2024-06-30,2024-01-02 09:00:00,false,false,2024-02-01 10:00:00,2024-03-01 08:00:00\n"
            + "D2,Two,Discovery,5,2024-06-30,2024-01-03 09:00:00,false,false,2024-01-03 09:00:00,9999-12-31 23:59:59\n"
        }
    )
    assert versions(found, "stage", "amount") == [
        ("D1", "2024-01-02 09:00", "open", "Discovery", 1000),
        ("D1", "2024-02-01 10:00", "open", "Proposal", 2000),
        ("D1", "2024-03-01 08:00", "deleted", "Proposal", 2000),
        ("D2", "2024-01-03 09:00", "open", "Discovery", 500),
    ]


def test_history_with_owners_from_field_history(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": OPPORTUNITY
            + "D1,One,Closed Won,900.50,2024-03-10,true,true,005B,2024-01-02T09:00:00Z,2024-03-10T12:00:00Z,Closed\n"
            + "D2,Two,Proposal,50,2024-09-30,false,false,005A,2024-02-01T08:00:00Z,2024-02-01T08:00:00Z,Pipeline\n",
            "OpportunityHistory.csv": HISTORY
            + "h3,D1,Closed Won,900.50,2024-03-10,Closed,2024-03-10T12:00:00Z,005B,false\n"
            + "h1,D1,Discovery,1000,2024-06-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n"
            + "h2,D1,Proposal,1000,2024-03-31,Best Case,2024-02-05T10:00:00Z,005A,false\n"
            + "h4,D2,Proposal,50,2024-09-30,Pipeline,2024-02-01T08:00:00Z,005A,false\n",
            "OpportunityFieldHistory.csv": CHANGES
            + "f1,D1,Owner,005A,005B,2024-02-20T15:30:00Z,005A\n"
            + "f2,D1,StageName,Discovery,Proposal,2024-02-05T10:00:00Z,005A\n"
            + "f3,D1,Favourite__c,red,blue,2024-02-21T15:30:00Z,005A\n",
            "User.csv": USERS,
            "UserRole.csv": ROLES,
        }
    )
    assert versions(found, "stage", "amount", "owner", "forecast_category", "actor") == [
        ("D1", "2024-01-02 09:00", "open", "Discovery", 100000, "Ada Long", "pipeline", "Ada Long"),
        ("D1", "2024-02-05 10:00", "open", "Proposal", 100000, "Ada Long", "best case", "Ada Long"),
        ("D1", "2024-02-20 15:30", "open", "Proposal", 100000, "Bo Chen", "best case", "Ada Long"),
        ("D1", "2024-03-10 12:00", "won", "Proposal", 90050, "Bo Chen", "closed", "Bo Chen"),
        ("D2", "2024-02-01 08:00", "open", "Proposal", 5000, "Ada Long", "pipeline", "Ada Long"),
    ]
    assert found.accounting.rejected == 0
    assert "unfollowed_changes" in codes(found)


def test_a_change_after_the_history_ends_is_a_version_from_then_on(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": OPPORTUNITY
            + "D1,One,Proposal,75,2024-09-30,false,false,005A,2024-01-02T09:00:00Z,2024-05-01T12:00:00Z,Pipeline\n",
            "OpportunityHistory.csv": HISTORY
            + "h1,D1,Discovery,50,2024-06-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n",
        }
    )
    assert versions(found, "stage", "amount") == [
        ("D1", "2024-01-02 09:00", "open", "Discovery", 5000),
        ("D1", "2024-05-01 12:00", "open", "Proposal", 7500),
    ]
    assert "history_disagrees" not in codes(found)
    assert any("1 deal is not as the history ends" in gap for gap in found.gaps)


def test_history_of_unknown_deals_is_rejected_row_by_row(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": OPPORTUNITY
            + "D1,One,Proposal,75,2024-09-30,false,false,005A,2024-01-02T09:00:00Z,2024-01-02T09:00:00Z,Pipeline\n",
            "OpportunityHistory.csv": HISTORY
            + "h1,D1,Proposal,75,2024-09-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n"
            + "h2,D9,Proposal,50,2024-06-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n",
        }
    )
    [rejected] = found.rejected
    assert (rejected.source, rejected.row, rejected.problem.code) == (
        "OpportunityHistory.csv",
        3,
        "unknown_deal",
    )
    assert rejected.cells[:3] == ("h2", "D9", "Proposal")
    assert [(f.read, f.taken, f.rejected) for f in found.accounting.files] == [(1, 1, 0), (2, 1, 1)]


def test_history_alone_makes_deals(imported: Import) -> None:
    found = imported(
        {
            "OpportunityHistory.csv": HISTORY
            + "h1,D1,Discovery,75,2024-09-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n"
            + "h2,D1,Closed Lost,75,2024-02-03,Omitted,2024-02-03T09:00:00Z,005A,false\n"
        }
    )
    assert versions(found, "stage", "amount", "created_on") == [
        ("D1", "2024-01-02 09:00", "open", "Discovery", 7500, dt.date(2024, 1, 2)),
        ("D1", "2024-02-03 09:00", "lost", "Discovery", 7500, dt.date(2024, 1, 2)),
    ]
    assert any("No file holds the deals themselves" in gap for gap in found.gaps)


def test_rows_of_one_instant_leave_the_later_one(imported: Import) -> None:
    """Two rows of one minute: the one with the greater id holds; a third that is the same cell for cell is rejected."""
    found = imported(
        {
            "OpportunityHistory.csv": HISTORY
            + "h2,D1,Proposal,80,2024-09-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n"
            + "h1,D1,Discovery,75,2024-09-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n"
            + "h2,D1,Proposal,80,2024-09-30,Pipeline,2024-01-02T09:00:00Z,005A,false\n"
        }
    )
    assert versions(found, "stage", "amount") == [("D1", "2024-01-02 09:00", "open", "Proposal", 8000)]
    assert found.accounting.files[0].duplicates == 1
    assert [each.row for each in found.rejected] == [4]


def test_report_with_labels_in_any_order_and_footer(imported: Import) -> None:
    found = imported(
        {
            "report.csv": "Close Date,Stage,Amount Currency,Amount,Opportunity Owner,Account Name,Opportunity Name,"
            "Created Date,Next Step,Lead Source\n"
            '3/31/2024,Proposal,EUR,"1,250.00",Ada Long,Acme,Acme renewal,1/15/2024,Send order form,Web\n'
            '2/20/2024,Closed Won,USD,"900.00",Bo Chen,Beta,Beta start,1/10/2024,,Partner\n'
            '"Grand Totals (2 records)",,,,,,,,,\n'
            '"Confidential Information - Do Not Distribute",,,,,,,,,\n'
        }
    )
    assert versions(found, "name", "stage", "amount", "currency", "close_on") == [
        (
            "Acme renewal",
            "2024-01-15 00:00",
            "open",
            "Acme renewal",
            "Proposal",
            125000,
            "EUR",
            dt.date(2024, 3, 31),
        ),
        ("Beta start", "2024-01-10 00:00", "open", "Beta start", None, None, "USD", None),
        ("Beta start", "2024-02-20 00:00", "won", "Beta start", None, 90000, "USD", dt.date(2024, 2, 20)),
    ]
    [account] = found.accounting.files
    assert (account.read, account.taken, account.rejected) == (4, 2, 2)
    assert {each.problem.code for each in found.rejected} == {"footer"}
    assert "no_ids" in codes(found)


def test_committee_and_activities(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": OPPORTUNITY
            + "006X,One,Proposal,75,2024-09-30,false,false,005A,2024-01-02T09:00:00Z,2024-01-02T09:00:00Z,Pipeline\n",
            "Contact.csv": "Id,AccountId,FirstName,LastName,Title\n003A,001A,Eva,Stone,CFO\n",
            "OpportunityContactRole.csv": "Id,OpportunityId,ContactId,Role,IsPrimary,CreatedDate\n"
            "00K1,006X,003A,Economic Buyer,true,2024-01-05T10:00:00Z\n"
            "00K2,006Q,003A,Champion,false,2024-01-05T10:00:00Z\n",
            "Event.csv": "Id,WhatId,WhoId,Subject,StartDateTime,EndDateTime,OwnerId,CreatedDate\n"
            "00U1,006X,003A,Kick-off,2024-01-20T10:00:00Z,2024-01-20T11:00:00Z,005A,2024-01-10T10:00:00Z\n"
            "00U2,006X,,Internal review,2024-01-21T10:00:00Z,2024-01-21T11:00:00Z,005A,2024-01-10T10:00:00Z\n"
            "00U3,006X,003A,Canceled: demo,2024-01-22T10:00:00Z,2024-01-22T11:00:00Z,005A,2024-01-10T10:00:00Z\n",
            "Task.csv": "Id,WhatId,WhoId,Subject,ActivityDate,Status,TaskSubtype,CallType,OwnerId,CreatedDate\n"
            "00T1,006X,003A,Email: offer,2024-01-15,Completed,Email,,005A,2024-01-15T10:00:00Z\n"
            "00T2,006X,003A,Called back,2024-01-16,Completed,Call,Inbound,005A,2024-01-16T10:00:00Z\n"
            "00T3,006X,003A,Prepare order,2024-02-16,Not Started,Task,,005A,2024-01-16T10:00:00Z\n",
            "User.csv": USERS,
        }
    )
    roles = found.book.table("roles")
    assert roles.select("deal", "contact", "role", "title").rows() == [
        ("006X", "Eva Stone", "economic_buyer", "CFO")
    ]
    assert roles["valid_from"][0] == dt.datetime(2024, 1, 5, 10, tzinfo=dt.UTC)
    assert found.accounting.rejected == 1
    activities = found.book.table("activities").sort("activity")
    assert activities.select("activity", "deal", "kind", "side", "contact", "owner").rows() == [
        ("00T1", "006X", "email", "seller", "Eva Stone", "Ada Long"),
        ("00T2", "006X", "call", "buyer", "Eva Stone", "Ada Long"),
        ("00U1", "006X", "meeting", "buyer", "Eva Stone", "Ada Long"),
        ("00U2", "006X", "meeting", "seller", None, "Ada Long"),
        ("00U3", "006X", "meeting", "seller", "Eva Stone", "Ada Long"),
    ]
    assert "1 tasks and meetings are plans that have not happened; they count as no activity." in found.gaps


def test_what_happened_with_a_lead_is_on_the_lead(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": OPPORTUNITY
            + "006X,One,Proposal,75,2024-09-30,false,false,005A,2024-01-02T09:00:00Z,2024-01-02T09:00:00Z,Pipeline\n",
            "Lead.csv": "Id,LastName,Company,Status,IsConverted,CreatedDate\n"
            "00Q1,Dorn,Delta,Working - Contacted,false,2024-01-02T10:00:00Z\n",
            "Event.csv": "Id,WhatId,WhoId,Subject,StartDateTime,EndDateTime,OwnerId,CreatedDate\n"
            "00U1,,00Q1,First meeting,2024-01-20T10:00:00Z,2024-01-20T11:00:00Z,005A,2024-01-10T10:00:00Z\n",
            "Task.csv": "Id,WhatId,WhoId,Subject,ActivityDate,Status,TaskSubtype,CallType,CallDisposition,CreatedDate\n"
            "00T1,,00Q1,Call,2024-01-03,Completed,Call,Outbound,Left voicemail,2024-01-03T10:00:00Z\n"
            "00T2,,00Q1,Call,2024-01-04,Completed,Call,Outbound,Connected,2024-01-04T10:00:00Z\n",
        }
    )
    activities = found.book.table("activities").sort("activity")
    assert activities.select("activity", "deal", "lead", "contact", "kind", "side").rows() == [
        ("00T1", None, "00Q1", None, "call", "seller"),
        ("00T2", None, "00Q1", None, "call", "buyer"),
        ("00U1", None, "00Q1", None, "meeting", "buyer"),
    ]


@pytest.mark.parametrize(
    ("headers", "table"),
    [
        ("Id,Name,StageName,CloseDate", "deals"),
        ("ID,NAME,STAGENAME,CLOSEDATE", "deals"),
        ("id,name,stage_name,close_date", "deals"),
        ("Opportunity ID,Opportunity Name,Stage,Created Date", "deals"),
        ("OpportunityId,StageName,CreatedDate,CreatedById,Amount", "history"),
        ("ParentId,Field,OldValue,NewValue,CreatedDate", "field_history"),
        ("Id,Name,Industry", "accounts"),
        ("Id,LastName,FirstName,AccountId,Email", "contacts"),
        ("Id,LastName,Company,Status,IsConverted", "leads"),
        ("Id,Username,Name,IsActive,ProfileId", "users"),
        ("OpportunityId,ContactId,Role", "roles"),
        ("Id,WhatId,WhoId,ActivityDate,Subject,Status", "activities"),
        ("Id,Name,BudgetedCost,ActualCost", "campaigns"),
    ],
)
def test_recognised_by_headers(headers: str, table: str) -> None:
    found = recognised_sheet("export.csv", headers.split(","), Mapping())
    assert found is not None
    assert found.table == table
    again = recognised_sheet("export.csv", headers.split(",")[::-1], Mapping())
    assert again is not None
    assert again.table == table
    assert {name: again.header(name) for name in again.columns} == {
        name: found.header(name) for name in found.columns
    }


def test_field_history_of_the_stage_alone(imported: Import) -> None:
    """Old values tell the state since creation, and the stage tells the status at every change."""
    found = imported(
        {
            "Opportunity.csv": OPPORTUNITY
            + "D1,One,Closed Won,90,2024-03-10,true,true,005A,2024-01-02T09:00:00Z,2024-03-10T12:00:00Z,Closed\n"
            + "D2,Two,Proposal,50,2024-09-30,false,false,005A,2024-01-05T08:00:00Z,2024-02-01T08:00:00Z,Pipeline\n",
            "OpportunityFieldHistory.csv": CHANGES
            + "f1,D1,StageName,Discovery,Proposal,2024-02-05T10:00:00Z,005A\n"
            + "f2,D1,StageName,Proposal,Closed Won,2024-03-10T12:00:00Z,005A\n"
            + "f3,D1,Amount,100,90,2024-02-06T10:00:00Z,005A\n",
        }
    )
    assert versions(found, "stage", "amount") == [
        ("D1", "2024-01-02 09:00", "open", "Discovery", 10000),
        ("D1", "2024-02-05 10:00", "open", "Proposal", 10000),
        ("D1", "2024-02-06 10:00", "open", "Proposal", 9000),
        ("D1", "2024-03-10 12:00", "won", "Proposal", 9000),
        ("D2", "2024-01-05 08:00", "open", "Proposal", 5000),
    ]


def test_fields_that_an_organisation_added_stand_in(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": "Id,Name,StageName,Amount__c,Amount,CloseDate,Next_Step_Date__c,Competitor__c\n"
            "D1,One,Proposal,7,5,2024-06-30,2024-02-01,Rival\n"
        }
    )
    assert versions(found, "amount", "next_step_on", "competitor") == [
        ("D1", "1970-01-01 00:00", "open", 500, dt.date(2024, 2, 1), "Rival")
    ]


def test_ids_of_15_characters_join_those_of_18(imported: Import) -> None:
    # 006bm00000LKgOn is 006bm00000LKgOnAAL in the sample above; the case of letters tells ids apart.
    deals = "Opportunity ID,Opportunity Name,Stage,Amount,Created Date,Owner ID\n"
    deals += "006bm00000LKgOn,A,Proposal,10,2024-01-02,005bm00000LKgOn\n"
    deals += "006bm00000LKgON,B,Proposal,20,2024-01-02,005bm00000LKgOn\n"
    history = HISTORY + "1,006bm00000LKgOnAAL,Proposal,7,2024-05-01,Pipeline,2024-01-02T00:00:00Z,x,false\n"
    history += "2,006bm00000LKgOnAAL,Proposal,10,2024-05-01,Pipeline,2024-01-09T00:00:00Z,x,false\n"
    users = "Id,Name,Username\n005bm00000LKgOnAAL,Ada Long,ada@x.example\n"
    found = imported({"report.csv": deals, "OpportunityHistory.csv": history, "User.csv": users})
    rows = versions(found, "amount", "owner")
    assert rows[0] == ("006bm00000LKgONAA1", "2024-01-02 00:00", "open", 20_00, "Ada Long")
    assert [(row[0], row[3]) for row in rows[1:]] == [
        ("006bm00000LKgOnAAL", 7_00),
        ("006bm00000LKgOnAAL", 10_00),
    ]
    assert found.accounting.rejected == 0
    assert "long_ids" in codes(found)
