"""Pipedrive: list exports, the API's deals, and their changelog."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from stageproof.importers import import_files
from tests.importers.imported_books import Import, versions

EXPORT = (
    "Deal - ID,Deal - Title,Deal - Owner,Deal - Value,Deal - Currency of Value,Deal - Organization,Deal - Pipeline,"
    "Deal - Stage,Deal - Status,Deal - Deal created,Deal - Won time,Deal - Lost time,Deal - Lost reason,"
    "Deal - Expected close date,Deal - Update time\n"
    "11,Acme,Ada Long,1500,EUR,Acme Ltd,Sales,Negotiation,Won,2024-01-02 09:00:00,2024-03-10 14:00:00,,,2024-04-30,"
    "2024-03-10 14:00:00\n"
    "12,Beta,Bo Chen,250,EUR,Beta Ltd,Sales,Qualified,Open,2024-02-01 08:00:00,,,,2024-06-30,2024-02-01 08:00:00\n"
    "13,Gamma,Bo Chen,90,EUR,Gamma Ltd,Sales,Qualified,Lost,2024-02-01 08:00:00,,2024-02-20 10:00:00,Too dear,"
    "2024-06-30,2024-02-20 10:00:00\n"
)


def entry(key: str, old: object, new: object, at: str, user: int = 7) -> dict[str, object]:
    return {
        "field_key": key,
        "old_value": old,
        "new_value": new,
        "actor_user_id": user,
        "time": at,
        "change_source": "app",
    }


LOG = [
    entry("stage_id", "1", "2", "2024-02-01 10:00:00"),
    entry("value", "1000", "1500", "2024-02-15 10:00:00"),
    entry("expected_close_date", "2024-03-31", "2024-04-30", "2024-02-15 10:00:00"),
    entry("status", "open", "won", "2024-03-10 14:00:00"),
]
STAGES = {
    "data": [
        {"id": 1, "order_nr": 1, "name": "Qualified", "deal_probability": 20, "pipeline_id": 1},
        {"id": 2, "order_nr": 2, "name": "Negotiation", "deal_probability": 80, "pipeline_id": 1},
    ]
}
USERS = {"data": [{"id": 7, "name": "Ada Long", "email": "a@x.example", "active_flag": True}]}


def test_export_without_history(imported: Import) -> None:
    found = imported({"deals.csv": EXPORT})
    assert found.shapes[0].system == "Pipedrive"
    assert versions(found, "stage", "amount", "currency", "close_on", "lost_reason") == [
        ("11", "2024-01-02 09:00", "open", None, None, "EUR", None, None),
        ("11", "2024-03-10 14:00", "won", "Negotiation", 150000, "EUR", dt.date(2024, 3, 10), None),
        ("12", "2024-02-01 08:00", "open", "Qualified", 25000, "EUR", dt.date(2024, 6, 30), None),
        ("13", "2024-02-01 08:00", "open", None, None, "EUR", None, None),
        ("13", "2024-02-20 10:00", "lost", "Qualified", 9000, "EUR", dt.date(2024, 2, 20), "Too dear"),
    ]


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("deal_11_changelog.json", {"success": True, "data": LOG}),
        ("changelog.json", {"11": LOG}),
        ("changelog.json", {"11": {"success": True, "data": LOG}}),
        ("changelog.json", [{"deal_id": 11, "changelog": LOG}]),
        ("changelog.json", [{"deal_id": 11, **each} for each in LOG]),
        ("flow.json", {"data": [{"object": "dealChange", "data": {"item_id": 11, **each}} for each in LOG]}),
    ],
)
def test_changelog(imported: Import, name: str, log: object) -> None:
    found = imported(
        {
            "deals.csv": EXPORT,
            name: json.dumps(log),
            "stages.json": json.dumps(STAGES),
            "users.json": json.dumps(USERS),
        }
    )
    assert [row for row in versions(found, "stage", "amount", "close_on", "actor") if row[0] == "11"] == [
        ("11", "2024-01-02 09:00", "open", "Qualified", 100000, dt.date(2024, 3, 31), None),
        ("11", "2024-02-01 10:00", "open", "Negotiation", 100000, dt.date(2024, 3, 31), "Ada Long"),
        ("11", "2024-02-15 10:00", "open", "Negotiation", 150000, dt.date(2024, 4, 30), "Ada Long"),
        ("11", "2024-03-10 14:00", "won", "Negotiation", 150000, dt.date(2024, 3, 10), "Ada Long"),
    ]
    assert found.accounting.balanced
    assert found.stage_order == ("Qualified", "Negotiation")


def test_api_deal() -> None:
    folder = Path(os.environ.get("STAGEPROOF_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / "pipedrive_shapes" / "api_deal_sample.json"
    if not path.exists():
        pytest.skip(f"No real data at {path}; set STAGEPROOF_DATA to read it.")
    found = import_files([path])
    assert versions(found, "name", "amount", "currency", "close_on", "owner", "account") == [
        (
            "11", "2023-02-22 08:27", "open", "Test Organization 2 deal", 150000, "USD", dt.date(2023, 2, 28),
            "Team Airbyte", "Test Organization 7",
        )
    ]  # fmt: skip


def test_activities(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": EXPORT,
            "activities.csv": "Activity - ID,Activity - Subject,Activity - Type,Activity - Due date,Activity - Deal,"
            "Activity - Contact person,Activity - Done,Activity - Assigned to user\n"
            "1,Kick-off,Meeting,2024-02-05,Acme,Eva Stone,Done,Ada Long\n"
            "2,Call,Call,2024-02-06,Beta,,Done,Bo Chen\n"
            "3,Offer,Task,2024-08-06,Beta,Otto Klein,To do,Bo Chen\n",
        }
    )
    rows = (
        found.book.table("activities")
        .sort("activity")
        .select("activity", "deal", "kind", "side", "owner")
        .rows()
    )
    assert rows == [
        ("1", "11", "meeting", "buyer", "Ada Long"),
        ("2", "12", "call", "seller", "Bo Chen"),
    ]
    assert found.accounting.balanced
