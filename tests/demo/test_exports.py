"""The exports have the shape of the systems they claim to be from, and hold what the tables hold."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stageproof.demo.book import Tables
from stageproof.demo.exports import write_hubspot, write_pipedrive, write_salesforce
from stageproof.demo.exports.salesforce import FOLLOWED
from stageproof.demo.scale import big_tables
from stageproof.engine.tables import FOREVER

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


@pytest.fixture(scope="module")
def present(company: Tables) -> dict[str, dict[str, Any]]:
    rows = company.deals.filter(pl.col("valid_to") == FOREVER)
    return {row["deal"]: row for row in rows.iter_rows(named=True)}


@pytest.fixture(scope="module")
def salesforce(company: Tables, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    files = write_salesforce(company, tmp_path_factory.mktemp("salesforce"))
    return {path.stem: rows_of(path) for path in files}


def test_salesforce_writes_its_objects(salesforce: dict[str, list[Row]], company: Tables) -> None:
    counts = {name: len(rows) for name, rows in salesforce.items()}
    of_someone = pl.col("deal").is_not_null() | pl.col("lead").is_not_null()
    activities = company.engine["activities"].filter(of_someone)
    assert counts["Opportunity"] == company.deals["deal"].n_unique()
    assert counts["Account"] == company.accounts.height
    assert counts["Contact"] == company.contacts.height
    assert counts["User"] == company.people.height
    assert counts["Lead"] == company.engine["leads"]["lead"].n_unique()
    assert counts["Task"] + counts["Event"] == activities.height
    assert counts["Event"] == activities.filter(pl.col("kind") == "meeting").height
    assert counts["OpportunityContactRole"] == company.engine["roles"].height


def test_salesforce_identifiers_are_of_eighteen_characters_unique_and_resolve(
    salesforce: dict[str, list[Row]],
) -> None:
    known = set()
    for name, rows in salesforce.items():
        identifiers = [row["Id"] for row in rows]
        assert {len(each) for each in identifiers} == {18}, name
        assert len(set(identifiers)) == len(identifiers), name
        known.update(identifiers)
    for rows in salesforce.values():
        for column in rows[0]:
            if column.endswith("Id") and column != "Id":
                named = {row[column] for row in rows} - {""}
                assert named, column
                assert named <= known, column


def test_salesforce_opportunities_hold_the_present_state(
    salesforce: dict[str, list[Row]], present: dict[str, dict[str, Any]]
) -> None:
    won = [row for row in salesforce["Opportunity"] if row["IsWon"] == "true"]
    still_open = [row for row in salesforce["Opportunity"] if row["IsClosed"] == "false"]
    assert {row["StageName"] for row in won} == {"Closed Won"}
    for status, rows in (("won", won), ("open", still_open)):
        mine = [deal for deal in present.values() if deal["status"] == status]
        assert len(rows) == len(mine)
        assert sum(cents(row["Amount"]) for row in rows) == sum(deal["amount"] for deal in mine)


def test_salesforce_history_ends_as_the_opportunity_stands(
    salesforce: dict[str, list[Row]], company: Tables
) -> None:
    last: dict[str, Row] = {}
    for row in salesforce["OpportunityHistory"]:
        assert row["CreatedDate"] > last.get(row["OpportunityId"], {"CreatedDate": ""})["CreatedDate"]
        last[row["OpportunityId"]] = row
    for row in salesforce["Opportunity"]:
        for column in ("StageName", "Amount", "CloseDate"):
            assert last[row["Id"]][column] == row[column]
    said = company.deals.sort("deal", "valid_from").select("deal", *FOLLOWED)
    before = said.shift(1)
    changed = sum(now != then for now, then in zip(said.iter_rows(), before.iter_rows(), strict=True))
    assert len(salesforce["OpportunityHistory"]) == changed


def test_salesforce_field_history_replays_to_the_present_owner_and_next_step(
    salesforce: dict[str, list[Row]],
) -> None:
    fields = {"Owner": "OwnerId", "NextStep": "NextStep", "Next_Step_Date__c": "Next_Step_Date__c"}
    state: dict[tuple[str, str], str] = {}
    for row in salesforce["OpportunityFieldHistory"]:
        key = (row["OpportunityId"], row["Field"])
        if key in state:
            assert row["OldValue"] == state[key]
        assert row["OldValue"] != row["NewValue"]
        state[key] = row["NewValue"]
    assert {field for _, field in state} == set(fields)
    present = {row["Id"]: row for row in salesforce["Opportunity"]}
    for (identifier, field), value in state.items():
        assert present[identifier][fields[field]] == value


def test_no_cell_of_the_exports_begins_like_a_formula(salesforce: dict[str, list[Row]]) -> None:
    for rows in salesforce.values():
        for row in rows:
            assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row.values())


def test_salesforce_histories_in_blocks_are_those_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = big_tables(250, 4)
    write_salesforce(tables, tmp_path / "one")
    monkeypatch.setattr("stageproof.demo.exports.salesforce.BLOCK", 60)
    write_salesforce(tables, tmp_path / "blocks")
    for name in ("OpportunityHistory.csv", "OpportunityFieldHistory.csv"):
        one, blocks = rows_of(tmp_path / "one" / name), rows_of(tmp_path / "blocks" / name)
        assert len(one) >= 50
        if name == "OpportunityHistory.csv":
            assert one == blocks
        drop = {"Id"}
        assert sorted(str({k: v for k, v in row.items() if k not in drop}) for row in one) == sorted(
            str({k: v for k, v in row.items() if k not in drop}) for row in blocks
        )


def test_hubspot_history_is_newest_first_and_ends_in_the_properties(company: Tables, tmp_path: Path) -> None:
    write_hubspot(company, tmp_path)
    deals = rows_of(tmp_path / "deals.csv")
    stages = {row["stage_id"]: row for row in rows_of(tmp_path / "deal_stages.csv")}
    results = json.loads((tmp_path / "deals_history.json").read_text(encoding="utf-8"))["results"]
    assert len(deals) == len(results) == company.deals["deal"].n_unique()
    labels = {row["Record ID"]: row for row in deals}
    for deal in results:
        for name, entries in deal["propertiesWithHistory"].items():
            times = [entry["timestamp"] for entry in entries]
            assert times == sorted(times, reverse=True)
            assert entries[0]["value"] == deal["properties"][name]
            values = [entry["value"] for entry in entries]
            assert all(new != old for new, old in pairwise(values))
        row = labels[deal["id"]]
        assert stages[deal["properties"]["dealstage"]]["label"] == row["Deal Stage"]
        assert deal["properties"]["amount"] == row["Amount"]
    entries = sum(len(deal["propertiesWithHistory"]["dealstage"]) for deal in results)
    moved = company.deals.sort("deal", "valid_from").with_columns(
        shown=pl.when(pl.col("status") == "open").then("stage").otherwise("status")
    )
    same = (pl.col("deal") == pl.col("deal").shift(1)) & (pl.col("shown") == pl.col("shown").shift(1))
    assert entries == moved.filter(~same.fill_null(False)).height


def test_pipedrive_changelog_replays_from_the_first_value_to_the_present(
    company: Tables, tmp_path: Path
) -> None:
    write_pipedrive(company, tmp_path)
    deals = {int(row["Deal - ID"]): row for row in rows_of(tmp_path / "deals.csv")}
    names = {row["id"]: row["name"] for row in rows_of(tmp_path / "users.csv")}
    stages = {row["id"]: row["name"] for row in rows_of(tmp_path / "stages.csv")}
    state: dict[tuple[int, str], str | None] = {}
    for entry in json.loads((tmp_path / "changelog.json").read_text(encoding="utf-8"))["data"]:
        key = (entry["deal_id"], entry["field_key"])
        if key in state:
            assert state[key] == entry["old_value"]
        state[key] = entry["new_value"]
    assert {field for _, field in state} >= {"stage_id", "status", "value", "expected_close_date", "user_id"}
    for (deal, field), value in state.items():
        row = deals[deal]
        shown = {
            "stage_id": stages.get(value or ""),
            "user_id": names.get(value or ""),
            "status": (value or "").title(),
        }.get(field, value or "")
        column = {
            "stage_id": "Stage", "user_id": "Owner", "status": "Status", "value": "Value",
            "expected_close_date": "Expected close date", "lost_reason": "Lost reason", "title": "Title",
        }[field]  # fmt: skip
        assert row[f"Deal - {column}"] == shown
