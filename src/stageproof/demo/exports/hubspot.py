"""HubSpot: the deals as a CSV with labels, and their property history as the API gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.exports.cells import (
    LOST_STAGE,
    WON_STAGE,
    date,
    money,
    number,
    numbered,
    present,
    stage_label,
    utc,
    yes_no,
)

PROPERTIES = {
    "stage_id": "dealstage",
    "amount_text": "amount",
    "closes_at": "closedate",
    "owner_id": "hubspot_owner_id",
    "next_step": "hs_next_step",
    "next_step_day": "next_step_date",
    "category": "hs_manual_forecast_category",
    "lost_reason": "closed_lost_reason",
    "name": "dealname",
}
"""The properties whose history is written, by the column it comes from."""

SOURCES = {"page": "CRM_UI", "automation": "AUTOMATION_PLATFORM", "api": "API", "import": "IMPORT"}


def write_hubspot(tables: Tables, folder: Path) -> list[Path]:
    """The files written: deals.csv, deals_history.json, deal_stages.csv, owners.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {"deals.csv": deals(tables), "deal_stages.csv": stages(tables), "owners.csv": owners(tables)}
    for name, frame in frames.items():
        frame.write_csv(folder / name)
    history = folder / "deals_history.json"
    with history.open("w", encoding="utf-8") as file:
        json.dump({"results": list(deal_objects(tables))}, file, ensure_ascii=False)
    return [*(folder / name for name in frames), history]


def record_id(column: str = "deal") -> pl.Expr:
    return number(column) + 9_100_000_000


def deals(tables: Tables) -> pl.DataFrame:
    last = (
        tables.engine["activities"]
        .filter(pl.col("deal").is_not_null())
        .group_by("deal")
        .agg(last=pl.col("happened_at").max())
        .with_columns(last=utc("last", "%Y-%m-%d %H:%M"))
    )
    columns = {
        "Record ID": record_id(),
        "Deal Name": pl.col("name"),
        "Deal Stage": stage_label(),
        "Pipeline": pl.col("pipeline"),
        "Amount": money("amount"),
        "Deal Currency Code": pl.col("currency"),
        "Close Date": pl.when(pl.col("status") == "open")
        .then(date("close_on") + pl.lit(" 12:00"))
        .otherwise(utc("valid_from", "%Y-%m-%d %H:%M")),
        "Create Date": utc("created_at", "%Y-%m-%d %H:%M"),
        "Deal owner": pl.col("owner"),
        "HubSpot Team": pl.col("team"),
        "Associated Company": pl.col("account"),
        "Last Activity Date": pl.col("last"),
        "Next step": pl.col("next_step"),
        "Next step date": date("next_step_on"),
        "Forecast category": pl.col("forecast_category").str.to_titlecase(),
        "Deal source": pl.col("source"),
        "Campaign": pl.col("campaign"),
        "Segment": pl.col("segment"),
        "Product": pl.col("product"),
        "Closed Lost Reason": pl.col("lost_reason"),
        "Competitor": pl.col("competitor"),
        "Is Closed Won": yes_no(pl.col("status") == "won"),
        "Is closed lost": yes_no(pl.col("status") == "lost"),
        "Last Modified Date": utc("valid_from", "%Y-%m-%d %H:%M"),
    }
    joined = present(tables).join(last, on="deal", how="left", maintain_order="left")
    return joined.select(column.alias(label) for label, column in columns.items())


def stage_ids(tables: Tables) -> dict[str, str]:
    """The internal value of each stage label, as HubSpot numbers stages of one's own making."""
    labels = [*(stage.name for stage in tables.definitions[0].stages), WON_STAGE, LOST_STAGE]
    return {label: str(970_001 + place) for place, label in enumerate(labels)}


def stages(tables: Tables) -> pl.DataFrame:
    """The pipeline's stages: label, internal value, order, probability, and whether it is closed."""
    identifiers = stage_ids(tables)
    last = len(identifiers) - 2
    rows = [
        {
            "pipeline_id": "970000",
            "stage_id": identifier,
            "label": label,
            "display_order": place,
            "probability": {WON_STAGE: 1.0, LOST_STAGE: 0.0}.get(label, round(0.1 + 0.8 * place / last, 2)),
            "is_closed": str(label in (WON_STAGE, LOST_STAGE)).lower(),
            "closed_won": str(label == WON_STAGE).lower(),
        }
        for place, (label, identifier) in enumerate(identifiers.items())
    ]  # fmt: skip
    return pl.DataFrame(rows)


def _owner_ids(tables: Tables) -> pl.DataFrame:
    return numbered(tables.people, "name").select(
        pl.col("name").alias("owner"),
        (pl.col("number").cast(pl.Int64) + 55_200_000).cast(pl.String).alias("owner_id"),
    )


def owners(tables: Tables) -> pl.DataFrame:
    """The people who own deals: owner_id, email, first_name, last_name, team."""
    people = tables.people.join(_owner_ids(tables).rename({"owner": "name"}), on="name")
    parts = pl.col("name").str.splitn(" ", 2).struct
    return people.select(
        "owner_id", "email", first_name=parts.field("field_0"), last_name=parts.field("field_1"), team="team"
    )


def deal_objects(tables: Tables) -> Iterator[dict[str, Any]]:
    """The deals as the API gives them with `propertiesWithHistory`: newest entry first."""
    sellers = _owner_ids(tables)
    actors = sellers.rename({"owner": "actor", "owner_id": "actor_id"})
    versions = (
        tables.deals.sort("deal", "valid_from")
        .join(sellers, on="owner", how="left", maintain_order="left")
        .join(actors, on="actor", how="left", maintain_order="left")
        .with_columns(
            id=record_id().cast(pl.String),
            stage_id=stage_label().replace_strict(stage_ids(tables)),
            amount_text=money("amount"),
            closes_at=date("close_on") + pl.lit("T12:00:00Z"),
            next_step_day=date("next_step_on"),
            category=pl.col("forecast_category").str.replace(" ", "_").str.to_uppercase(),
            at=utc("valid_from", "%Y-%m-%dT%H:%M:%S.%3fZ"),
            created=utc("created_at", "%Y-%m-%dT%H:%M:%S.%3fZ"),
        )
    )  # fmt: skip
    for (_,), rows in versions.group_by("deal", maintain_order=True):
        yield _deal_object(rows.to_dicts())


def _deal_object(versions: list[dict[str, Any]]) -> dict[str, Any]:
    histories: dict[str, list[dict[str, Any]]] = {}
    for column, label in PROPERTIES.items():
        entries: list[dict[str, Any]] = []
        for version in versions:
            value = version[column] or ""
            if (entries and entries[-1]["value"] != value) or (not entries and value):
                entries.append(_entry(version, value))
        if entries:
            histories[label] = entries[::-1]
    last = versions[-1]
    return {
        "id": last["id"],
        "properties": {label: entries[0]["value"] for label, entries in histories.items()}
        | {"createdate": last["created"], "pipeline": "970000", "deal_currency_code": last["currency"]},
        "propertiesWithHistory": histories,
        "createdAt": last["created"],
        "updatedAt": last["at"],
        "archived": False,
    }


def _entry(version: dict[str, Any], value: str) -> dict[str, Any]:
    entry = {
        "value": value,
        "timestamp": version["at"],
        "sourceType": SOURCES.get(version["door"], "INTEGRATION"),
    }
    if version["actor_id"]:
        entry |= {"sourceId": f"userId:{version['actor_id']}", "updatedByUserId": int(version["actor_id"])}
    return entry
