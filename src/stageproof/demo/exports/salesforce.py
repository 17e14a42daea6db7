"""Salesforce: objects by API name, with the history of opportunities and of their tracked fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.exports.cells import (
    changed,
    changes,
    date,
    money,
    number,
    present,
    stage_label,
    utc,
    yes_no,
)
from stageproof.demo.exports.salesforce_ids import identifier, joined, with_user
from stageproof.demo.exports.salesforce_people import (
    accounts,
    campaign_members,
    campaigns,
    contact_roles,
    contacts,
    events,
    leads,
    tasks,
    users,
)

BLOCK = 100_000

FOLLOWED = ("stage", "status", "amount", "close_on", "forecast_category")
"""What a row of OpportunityHistory is written for."""

TRACKED = {"owner": "Owner", "next_step": "NextStep", "next_step_on": "Next_Step_Date__c"}
"""Fields whose history is tracked because OpportunityHistory does not hold them."""

_FORECAST = {"commit": "Commit", "best case": "Best Case", "pipeline": "Pipeline", "omitted": "Omitted"}


def write_salesforce(tables: Tables, folder: Path) -> list[Path]:
    """The files written: one CSV per object, named as the object."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in OBJECTS.items():
        written.append(folder / f"{name}.csv")
        rows(tables).write_csv(written[-1])
    for name, rows_of in HISTORIES.items():
        written.append(folder / f"{name}.csv")
        _write_by_blocks(tables, written[-1], rows_of)
    return written


def _write_by_blocks(tables: Tables, path: Path, rows_of: Callable[[Tables, int], pl.DataFrame]) -> None:
    """Histories are long: so many deals are written at a time, numbered on."""
    deals = tables.deals["deal"].unique().sort()
    first = 1
    with path.open("wb") as file:
        for start in range(0, len(deals), BLOCK):
            block = deals.slice(start, BLOCK)
            among = pl.col("deal").is_between(pl.lit(block[0]), pl.lit(block[-1]))
            rows = rows_of(replace(tables, engine={"deals": tables.deals.filter(among)}), first)
            rows.write_csv(file, include_header=start == 0)
            first += rows.height


def opportunities(tables: Tables) -> pl.DataFrame:
    frame = with_user(present(tables), tables, "owner", "OwnerId")
    frame = joined(frame, tables.accounts, "account", "001", "AccountId")
    frame = joined(frame, tables.campaigns, "campaign", "701", "CampaignId")
    return frame.select(
        Id=identifier("006", number("deal")),
        IsDeleted=pl.lit("false"),
        AccountId="AccountId",
        Name="name",
        StageName=stage_label(),
        Amount=money("amount"),
        CurrencyIsoCode="currency",
        Probability=_probability(tables),
        CloseDate=date("close_on"),
        NextStep="next_step",
        Next_Step_Date__c=date("next_step_on"),
        LeadSource="source",
        IsClosed=yes_no(pl.col("status") != "open"),
        IsWon=yes_no(pl.col("status") == "won"),
        ForecastCategoryName=_forecast("Closed"),
        CampaignId="CampaignId",
        OwnerId="OwnerId",
        CreatedDate=utc("created_at"),
        LastModifiedDate=utc("valid_from"),
        Loss_Reason__c="lost_reason",
        Competitor__c="competitor",
        Segment__c="segment",
        Product__c="product",
    )


def opportunity_history(tables: Tables, first: int = 1) -> pl.DataFrame:
    versions = changed(tables.deals.sort("deal", "valid_from"), FOLLOWED)
    versions = with_user(versions, tables, "actor", "CreatedById").with_row_index("row", offset=first)
    return versions.select(
        Id=identifier("008", pl.col("row")),
        OpportunityId=identifier("006", number("deal")),
        StageName=stage_label(),
        Amount=money("amount"),
        Probability=_probability(tables),
        CloseDate=date("close_on"),
        ForecastCategory=_forecast("Closed").str.replace(" ", ""),
        CreatedDate=utc("valid_from"),
        CreatedById="CreatedById",
        IsDeleted=pl.lit("false"),
    )


def field_history(tables: Tables, first: int = 1) -> pl.DataFrame:
    versions = tables.deals.sort("deal", "valid_from").with_columns(date("next_step_on"))
    versions = with_user(versions, tables, "owner", "OwnerId").with_columns(owner="OwnerId").drop("OwnerId")
    rows = with_user(changes(versions, list(TRACKED)), tables, "actor", "CreatedById")
    return rows.with_row_index("row", offset=first).select(
        Id=identifier("017", pl.col("row")),
        OpportunityId=identifier("006", number("deal")),
        Field=pl.col("field").replace_strict(TRACKED),
        OldValue="old",
        NewValue="new",
        CreatedDate=utc("valid_from"),
        CreatedById="CreatedById",
    )


def _probability(tables: Tables) -> pl.Expr:
    stages = tables.definitions[0].stages
    chances = {stage.name: round(10 + 80 * place / len(stages)) for place, stage in enumerate(stages)}
    still_open = pl.col("stage").replace_strict(chances, default=None, return_dtype=pl.Int64)
    return (
        pl.when(pl.col("status") == "won")
        .then(pl.lit(100))
        .otherwise(pl.when(pl.col("status") == "lost").then(pl.lit(0)).otherwise(still_open))
    )


def _forecast(closed: str) -> pl.Expr:
    named = pl.col("forecast_category").replace_strict(_FORECAST, default=None, return_dtype=pl.String)
    return pl.when(pl.col("status") == "won").then(pl.lit(closed)).otherwise(named)


OBJECTS: dict[str, Callable[[Tables], pl.DataFrame]] = {
    "Opportunity": opportunities,
    "Account": accounts,
    "Contact": contacts,
    "OpportunityContactRole": contact_roles,
    "Task": tasks,
    "Event": events,
    "User": users,
    "Lead": leads,
    "Campaign": campaigns,
    "CampaignMember": campaign_members,
}
HISTORIES: dict[str, Callable[[Tables, int], pl.DataFrame]] = {
    "OpportunityHistory": opportunity_history,
    "OpportunityFieldHistory": field_history,
}
