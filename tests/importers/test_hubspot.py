"""HubSpot: labels, the API's JSON with history, and warehouse tables."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from stageproof.engine.problem import Refused
from stageproof.importers import import_files
from tests.importers.imported_books import Import, codes, versions

Files = Callable[[str], list[Path]]

EXPORT = (
    "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,Associated Company,"
    "Last Modified Date,Favourite colour\n"
    '101,Acme start,Closed won,Sales,"1,000",2024-03-10 14:00,2024-01-02 09:00,Ada Long,Acme,2024-03-10 14:00,red\n'
    "102,Beta start,Proposal sent,Sales,250,2024-06-30 00:00,2024-02-01 08:00,Bo Chen,Beta,2024-02-01 08:00,\n"
    "103,Gone,Closed lost,Sales,,2024-02-15 10:00,2024-02-01 08:00,Bo Chen,,2024-02-15 10:00,\n"
)


def test_export_without_history(imported: Import) -> None:
    found = imported({"hubspot.csv": EXPORT})
    assert versions(found, "stage", "amount", "close_on", "owner", "pipeline") == [
        ("101", "2024-01-02 09:00", "open", None, None, None, "Ada Long", "Sales"),
        ("101", "2024-03-10 00:00", "won", None, 100000, dt.date(2024, 3, 10), "Ada Long", "Sales"),
        ("102", "2024-02-01 08:00", "open", "Proposal sent", 25000, dt.date(2024, 6, 30), "Bo Chen", "Sales"),
        ("103", "2024-02-01 08:00", "open", None, None, None, "Bo Chen", "Sales"),
        ("103", "2024-02-15 00:00", "lost", None, None, dt.date(2024, 2, 15), "Bo Chen", "Sales"),
    ]
    assert found.shapes[0].system == "HubSpot"


def change(value: str, at: str, source: str = "CRM_UI", user: int | None = 7) -> dict[str, object]:
    return {"value": value, "timestamp": at, "sourceType": source, "sourceId": "x", "updatedByUserId": user}


API = {
    "results": [
        {
            "id": "101",
            "archived": False,
            "properties": {
                "dealname": "Acme start",
                "dealstage": "closedwon",
                "amount": "1200",
                "closedate": "2024-03-10T14:00:00Z",
                "createdate": "2024-01-02T09:00:00.000Z",
                "hs_lastmodifieddate": "2024-03-10T14:00:00.000Z",
                "hubspot_owner_id": "8",
            },
            "propertiesWithHistory": {
                "dealstage": [
                    change("closedwon", "2024-03-10T14:00:00Z"),
                    change("contractsent", "2024-02-10T10:00:00Z", "API", None),
                    change("appointmentscheduled", "2024-01-02T09:00:00.000Z"),
                ],
                "amount": [
                    change("1200", "2024-02-20T12:00:00Z", "AUTOMATION_PLATFORM", None),
                    change("1000", "2024-01-02T09:00:00.000Z"),
                ],
                "hubspot_owner_id": [
                    change("8", "2024-02-10T10:00:00Z", "API", None),
                    change("7", "2024-01-02T09:00:00.000Z"),
                ],
                "closedate": [change("2024-03-10T14:00:00Z", "2024-03-10T14:00:00Z")],
            },
            "associations": {
                "companies": {"results": [{"id": "55", "type": "deal_to_company"}]},
                "contacts": {"results": [{"id": "66", "type": "deal_to_contact"}]},
            },
        },
        {
            "id": "102",
            "archived": False,
            "properties": {
                "dealname": "Beta",
                "dealstage": "contractsent",
                "amount": None,
                "createdate": "2024-01-05T09:00:00Z",
            },
        },
    ]
}
STAGES = (
    "stage_id,label,pipeline_id,display_order,probability,closed_won,is_closed\n"
    "appointmentscheduled,Appointment Scheduled,default,0,0.2,FALSE,FALSE\n"
    "contractsent,Contract Sent,default,1,0.9,FALSE,FALSE\n"
    "closedwon,Closed Won,default,2,1.0,TRUE,TRUE\n"
)
OWNERS = (
    "owner_id,email,first_name,last_name,active_user_id\n7,a@x.example,Ada,Long,7\n8,b@x.example,Bo,Chen,8\n"
)
COMPANIES = "id,property_name,property_industry,property_domain\n55,Acme,Retail,acme.example\n"


def test_api_with_history(imported: Import) -> None:
    found = imported(
        {
            "deals.json": json.dumps(API),
            "stages.csv": STAGES,
            "owners.csv": OWNERS,
            "companies.csv": COMPANIES,
        }
    )
    assert versions(found, "stage", "amount", "owner", "close_on", "actor", "door") == [
        ("101", "2024-01-02 09:00", "open", "Appointment Scheduled", 100000, "Ada Long", None, "Ada Long", "page"),
        ("101", "2024-02-10 10:00", "open", "Contract Sent", 100000, "Bo Chen", None, None, "api"),
        ("101", "2024-02-20 12:00", "open", "Contract Sent", 120000, "Bo Chen", None, None, "automation"),
        (
            "101", "2024-03-10 14:00", "won", "Contract Sent", 120000, "Bo Chen", dt.date(2024, 3, 10),
            "Ada Long", "page",
        ),
        ("102", "2024-01-05 09:00", "open", "Contract Sent", None, None, None, None, None),
    ]  # fmt: skip
    first = found.book.table("deals").filter(pl.col("deal") == "101").row(0, named=True)
    assert (first["account"], first["segment"], first["name"]) == ("Acme", "Retail", "Acme start")
    assert found.stage_order == ("Appointment Scheduled", "Contract Sent")
    assert not found.book.holds("roles")
    assert found.accounting.balanced


def test_stage_history_of_a_warehouse(imported: Import) -> None:
    found = imported(
        {
            "deal.csv": "deal_id,deal_pipeline_stage_id,property_dealname,property_createdate,portal_id,is_deleted\n"
            "1,s2,One,2024-01-02 09:00:00,9,false\n2,s1,Two,2024-01-03 09:00:00,9,true\n",
            "deal_stage.csv": "deal_id,value,date_entered,source\n1,s1,2024-01-02 09:00:00,CRM_UI\n"
            "1,s2,2024-02-02 09:00:00,CRM_UI\n2,s1,2024-01-03 09:00:00,API\n",
            "deal_pipeline_stage.csv": "stage_id,label,pipeline_id,probability,closed_won\n"
            "s1,First,p,0.1,false\ns2,Second,p,0.5,false\n",
            "merged_deal.csv": "deal_id,merged_deal_id\n5,6\n",
        }
    )
    assert versions(found, "stage", "door") == [
        ("1", "2024-01-02 09:00", "open", "First", "page"),
        ("1", "2024-02-02 09:00", "open", "Second", "page"),
        ("2", "2024-01-03 09:00", "deleted", "First", "api"),
    ]


def test_seeds(real_data: Files) -> None:
    """The seeds' histories are of other deals than their deals: each such row is rejected by name, none is lost."""
    files = [
        path
        for path in real_data("fivetran_hubspot_seeds")
        if path.name.startswith(("deal_", "merged", "owner"))
    ]
    found = import_files(files)
    account = {file.source: (file.read, file.taken, file.rejected) for file in found.accounting.files}
    assert account["deal_data.csv"] == (44, 44, 0)
    assert account["deal_stage_data.csv"] == (14, 0, 14)
    assert account["deal_property_history_data.csv"] == (100, 0, 100)
    assert account["merged_deal_data.csv"] == (14, 14, 0)
    deals = found.book.table("deals")
    assert (deals.height, deals["status"].unique().to_list()) == (44, ["open"])
    [first] = deals.filter(pl.col("deal") == "1075671446")["valid_from"].to_list()
    assert first == dt.datetime(2019, 10, 7, 20, 36, 5, tzinfo=dt.UTC)


def test_seeds_of_stage_history_alone(real_data: Files) -> None:
    files = [path for path in real_data("fivetran_hubspot_seeds") if path.name == "deal_stage_data.csv"]
    found = import_files(files)
    deals = found.book.table("deals")
    assert deals.height == deals["deal"].n_unique() == 14
    at = deals.filter(pl.col("deal") == "3964747459")["valid_from"][0]
    assert at == dt.datetime(2021, 1, 9, 8, 7, 7, tzinfo=dt.UTC)


def test_close_days_are_those_of_the_zone(imported: Import) -> None:
    export = {
        "results": [
            {
                "id": "1",
                "properties": {
                    "dealname": "One", "dealstage": "closedwon", "amount": "1",
                    "closedate": "2024-04-01T01:30:00Z", "createdate": "2024-01-02T09:00:00Z",
                },
            }
        ]
    }  # fmt: skip
    found = imported({"deals.json": json.dumps(export)}, zone="America/New_York")
    assert versions(found, "close_on")[-1] == ("1", "2024-03-31 04:00", "won", dt.date(2024, 3, 31))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '"deal"', "[1, 2]", '{"results": []}'])
def test_json_without_deals_is_refused(imported: Import, text: str) -> None:
    with pytest.raises(Refused) as refused:
        imported({"deals.json": text})
    assert refused.value.problems[0].source == "deals.json"
    assert refused.value.problems[0].remedy


def test_note_on_columns_of_ones_own(imported: Import) -> None:
    found = imported({"hubspot.csv": EXPORT})
    assert "Favourite colour" in found.shapes[0].custom
    assert found.book.table("deals").filter(pl.col("deal") == "101")["Favourite colour"].to_list() == [
        "red",
        "red",
    ]
    assert "custom_columns" in codes(found)


def test_a_file_given_for_its_history_does_not_repeat_the_deals(imported: Import) -> None:
    export = (
        "Record ID,Deal Name,Deal Stage,Amount,Close Date,Create Date,Deal owner,Last Modified Date\n"
        "101,Acme start,Closed won,1200,2024-03-10 14:00,2024-01-02 09:00,Bo Chen,2024-03-10 14:00\n"
    )
    found = imported(
        {"a.json": json.dumps(API), "deals.csv": export, "owners.csv": OWNERS, "stages.csv": STAGES}
    )
    first = [row[1:4] for row in versions(found, "amount") if row[0] == "101"]
    assert first == [
        ("2024-01-02 09:00", "open", 100000),
        ("2024-02-10 10:00", "open", 100000),
        ("2024-02-20 12:00", "open", 120000),
        ("2024-03-10 14:00", "won", 120000),
    ]
    assert found.rejected == ()
    assert found.accounting.balanced
    assert "history_taken" in codes(found)


def test_stage_dates_by_the_ids_of_stages(imported: Import) -> None:
    deals = (
        "hs_object_id,dealname,dealstage,amount,createdate,hs_v2_date_entered_77,hs_v2_date_entered_78\n"
        "1,A,78,10,2024-01-02,2024-01-02,2024-02-03\n"
    )
    stages = "stageId,label,pipelineId,displayOrder,isClosed\n77,Scoping,p,0,false\n78,Proposal,p,1,false\n"
    found = imported({"deals.csv": deals, "stages.csv": stages})
    assert versions(found, "stage") == [
        ("1", "2024-01-02 00:00", "open", "Scoping"),
        ("1", "2024-02-03 00:00", "open", "Proposal"),
    ]
