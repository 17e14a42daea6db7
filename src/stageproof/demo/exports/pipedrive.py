"""Pipedrive: the deals as a list export with `Deal - ` headers, and the changelog as the API gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.exports.cells import date, money, number, numbered, present, utc

FIELDS = {
    "stage_id": "stage_id",
    "status": "status",
    "value": "value",
    "expected": "expected_close_date",
    "user_id": "user_id",
    "lost_reason": "lost_reason",
    "title": "title",
}
"""The fields whose changes are written, by the column they come from."""

SOURCES = {"page": "app", "automation": "automation", "api": "api", "import": "import"}
CLOCK = "%Y-%m-%d %H:%M:%S"


def write_pipedrive(tables: Tables, folder: Path) -> list[Path]:
    """The files written: deals.csv, changelog.json, stages.csv, users.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {"deals.csv": deals(tables), "stages.csv": stages(tables), "users.csv": users(tables)}
    for name, frame in frames.items():
        frame.write_csv(folder / name)
    changelog = folder / "changelog.json"
    with changelog.open("w", encoding="utf-8") as file:
        json.dump({"success": True, "data": list(changes_of_deals(tables))}, file, ensure_ascii=False)
    return [*(folder / name for name in frames), changelog]


def deals(tables: Tables) -> pl.DataFrame:
    """The list export: one row per deal, its expected close date as it was while open."""
    stage_since = (
        tables.deals.sort("deal", "valid_from")
        .filter(pl.col("stage").ne_missing(pl.col("stage").shift(1).over("deal")))
        .group_by("deal")
        .agg(stage_since=pl.col("valid_from").last())
    )
    frame = (
        present(tables)
        .join(stage_since, on="deal")
        .join(_expected(tables), on="deal", how="left")
        .sort("deal")
    )
    closed = utc("valid_from", CLOCK)
    columns = {
        "ID": number("deal"),
        "Title": pl.col("name"),
        "Owner": pl.col("owner"),
        "Value": money("amount"),
        "Currency of Value": pl.col("currency"),
        "Organization": pl.col("account"),
        "Pipeline": pl.col("pipeline"),
        "Stage": pl.col("stage"),
        "Status": pl.col("status").str.to_titlecase(),
        "Deal created": utc("created_at", CLOCK),
        "Update time": closed,
        "Last stage change": utc("stage_since", CLOCK),
        "Won time": pl.when(pl.col("status") == "won").then(closed),
        "Lost time": pl.when(pl.col("status") == "lost").then(closed),
        "Lost reason": pl.col("lost_reason"),
        "Expected close date": date("expected_on"),
        "Source channel": pl.col("source"),
        "Segment": pl.col("segment"),
        "Product name": pl.col("product"),
    }
    return frame.select(column.alias(f"Deal - {label}") for label, column in columns.items())


def _expected(tables: Tables) -> pl.DataFrame:
    """The close date of a deal when it was last open: deal, expected_on."""
    was_open = tables.deals.filter(pl.col("status") == "open").sort("deal", "valid_from")
    return was_open.group_by("deal").agg(expected_on=pl.col("close_on").last())


def stage_ids(tables: Tables) -> dict[str, int]:
    return {stage.name: place for place, stage in enumerate(tables.definitions[0].stages, start=1)}


def stages(tables: Tables) -> pl.DataFrame:
    """The pipeline's stages: id, name, order_nr, pipeline_id, pipeline_name."""
    definition = tables.definitions[0]
    return pl.DataFrame(
        [
            {"id": number, "name": name, "order_nr": number - 1, "pipeline_id": 1, "pipeline_name": definition.pipeline}
            for name, number in stage_ids(tables).items()
        ]
    )  # fmt: skip


def _user_ids(tables: Tables) -> pl.DataFrame:
    return numbered(tables.people, "name").select(
        pl.col("name").alias("owner"),
        (pl.col("number").cast(pl.Int64) + 11_884_000).cast(pl.String).alias("user_id"),
    )


def users(tables: Tables) -> pl.DataFrame:
    """The people: id, name, email, active_flag."""
    people = tables.people.join(_user_ids(tables).rename({"owner": "name"}), on="name")
    return people.select(id="user_id", name="name", email="email", active_flag=pl.col("until_on").is_null())


def changes_of_deals(tables: Tables) -> Iterator[dict[str, Any]]:
    """Every change of a followed field, oldest first, with the deal it is of."""
    sellers = _user_ids(tables)
    actors = sellers.rename({"owner": "actor", "user_id": "actor_id"})
    versions = (
        tables.deals.sort("deal", "valid_from")
        .join(sellers, on="owner", how="left", maintain_order="left")
        .join(actors, on="actor", how="left", maintain_order="left")
        .with_columns(
            number=number("deal"),
            stage_id=pl.col("stage").replace_strict(stage_ids(tables)).cast(pl.String),
            value=money("amount"),
            expected=pl.when(pl.col("status") == "open").then(date("close_on")),
            title=pl.col("name"),
            at=utc("valid_from", CLOCK),
        )
        .with_columns(expected=pl.col("expected").forward_fill().over("deal"))
    )  # fmt: skip
    rows = versions.to_dicts()
    for before, after in pairwise(rows):
        if before["deal"] == after["deal"]:
            yield from _entries(before, after)


def _entries(before: dict[str, Any], after: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for column, field in FIELDS.items():
        if before[column] != after[column]:
            yield {
                "deal_id": after["number"],
                "field_key": field,
                "old_value": before[column],
                "new_value": after[column],
                "actor_user_id": int(after["actor_id"]) if after["actor_id"] else None,
                "time": after["at"],
                "change_source": SOURCES.get(after["door"], "app"),
                "change_source_user_agent": None,
                "is_bulk_update_flag": False,
            }
