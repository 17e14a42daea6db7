"""Salesforce: objects by API name, with the history of opportunities and of their tracked fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.company import MANAGERS
from stageproof.demo.exports.cells import (
    changed,
    changes,
    date,
    day_of,
    first_name,
    last_name,
    money,
    number,
    numbered,
    present,
    present_leads,
    stage_label,
    utc,
    yes_no,
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
    objects = {
        "Opportunity": opportunities(tables),
        "Account": accounts(tables),
        "Contact": contacts(tables),
        "OpportunityContactRole": contact_roles(tables),
        "Task": tasks(tables),
        "Event": events(tables),
        "User": users(tables),
        "Lead": leads(tables),
        "Campaign": campaigns(tables),
        "CampaignMember": campaign_members(tables),
    }
    written = []
    for name, frame in objects.items():
        written.append(folder / f"{name}.csv")
        frame.write_csv(written[-1])
    histories = {"OpportunityHistory": opportunity_history, "OpportunityFieldHistory": field_history}
    for name, rows_of in histories.items():
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


def identifier(prefix: str, numbers: pl.Expr) -> pl.Expr:
    """An 18-character identifier of an object; null where there is no number."""
    return pl.lit(f"{prefix}DC") + numbers.cast(pl.String).str.zfill(10) + pl.lit("AAA")


def _joined(frame: pl.DataFrame, keys: pl.DataFrame, key: str, prefix: str, name: str) -> pl.DataFrame:
    """The frame with the identifier `name` of what its column `key` names."""
    wanted = numbered(keys, key).select(pl.col(key), identifier(prefix, pl.col("number")).alias(name))
    return frame.join(wanted, on=key, how="left", maintain_order="left")


def _with_user(frame: pl.DataFrame, tables: Tables, column: str, name: str) -> pl.DataFrame:
    people = tables.people.select(pl.col("name").alias(column))
    return _joined(frame, people, column, "005", name)


def opportunities(tables: Tables) -> pl.DataFrame:
    frame = _with_user(present(tables), tables, "owner", "OwnerId")
    frame = _joined(frame, tables.accounts, "account", "001", "AccountId")
    frame = _joined(frame, tables.campaigns, "campaign", "701", "CampaignId")
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
    versions = _with_user(versions, tables, "actor", "CreatedById").with_row_index("row", offset=first)
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
    versions = _with_user(versions, tables, "owner", "OwnerId").with_columns(owner="OwnerId").drop("OwnerId")
    rows = _with_user(changes(versions, list(TRACKED)), tables, "actor", "CreatedById")
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


def accounts(tables: Tables) -> pl.DataFrame:
    frame = tables.accounts.with_columns(key=pl.col("account"))
    return _joined(frame, tables.accounts, "account", "001", "Id").select(
        "Id",
        Name="account",
        Type=pl.lit("Prospect"),
        Industry="industry",
        Segment__c="segment",
        NumberOfEmployees="employees",
        BillingCountry="country",
        Website=pl.lit("https://") + pl.col("domain"),
    )


def contacts(tables: Tables) -> pl.DataFrame:
    frame = _joined(tables.contacts, tables.accounts, "account", "001", "AccountId")
    return frame.select(
        Id=identifier("003", number("contact")),
        AccountId="AccountId",
        LastName=last_name("name"),
        FirstName=first_name("name"),
        Name="name",
        Email="email",
        Title="title",
    )


def _with_contact(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """With ContactId: a person is named within an account."""
    people = tables.contacts.select(
        "account", pl.col("name").alias("contact"), identifier("003", number("contact")).alias("ContactId")
    )
    return frame.join(people, on=["account", "contact"], how="left", maintain_order="left")


def contact_roles(tables: Tables) -> pl.DataFrame:
    names = tables.deals.select("deal", "account").unique()
    roles = tables.engine["roles"].join(names, on="deal", how="left", maintain_order="left")
    label = pl.col("role").str.replace_all("_", " ").str.to_titlecase()
    return (
        _with_contact(roles, tables)
        .with_row_index("row", offset=1)
        .select(
            Id=identifier("00K", pl.col("row")),
            OpportunityId=identifier("006", number("deal")),
            ContactId="ContactId",
            Role=label,
            IsPrimary=yes_no(pl.col("role") == "champion"),
            CreatedDate=utc("valid_from"),
        )
    )


def _activities(tables: Tables, kinds: list[str]) -> pl.DataFrame:
    rows = tables.engine["activities"].filter(pl.col("kind").is_in(kinds))
    return _with_user(_with_contact(rows, tables), tables, "owner", "OwnerId")


def tasks(tables: Tables) -> pl.DataFrame:
    return _activities(tables, ["email", "call", "task"]).select(
        Id=identifier("00T", number("activity")),
        WhatId=identifier("006", number("deal")),
        WhoId="ContactId",
        OwnerId="OwnerId",
        Subject=pl.when(pl.col("kind") == "email")
        .then(pl.lit("Email: ") + pl.col("subject"))
        .otherwise("subject"),
        ActivityDate=day_of("happened_at"),
        CompletedDateTime=utc("happened_at"),
        Status=pl.lit("Completed"),
        IsClosed=pl.lit("true"),
        TaskSubtype=pl.col("kind").str.to_titlecase(),
        CallType=pl.when(pl.col("side") == "buyer").then(pl.lit("Inbound")).otherwise(pl.lit("Outbound")),
        CreatedDate=utc("recorded_at"),
    )


def events(tables: Tables) -> pl.DataFrame:
    return _activities(tables, ["meeting"]).select(
        Id=identifier("00U", number("activity")),
        WhatId=identifier("006", number("deal")),
        WhoId="ContactId",
        OwnerId="OwnerId",
        Subject="subject",
        StartDateTime=utc("happened_at"),
        ActivityDate=day_of("happened_at"),
        EventSubtype=pl.lit("Event"),
        CreatedDate=utc("recorded_at"),
    )


def users(tables: Tables) -> pl.DataFrame:
    managers = pl.col("team").replace_strict(MANAGERS, default=None, return_dtype=pl.String)
    frame = tables.people.with_columns(
        manager=pl.when(pl.col("job") == "account executive").then(managers), user=pl.col("name")
    )
    frame = _with_user(_with_user(frame, tables, "user", "Id"), tables, "manager", "ManagerId")
    return frame.select(
        "Id",
        Username="email",
        LastName=last_name("name"),
        FirstName=first_name("name"),
        Name="name",
        Email="email",
        Title="job",
        Department="team",
        ManagerId="ManagerId",
        IsActive=yes_no(pl.col("until_on").is_null()),
    )


def leads(tables: Tables) -> pl.DataFrame:
    frame = _with_user(present_leads(tables), tables, "owner", "OwnerId")
    converted = pl.col("status") == "converted"
    return frame.select(
        Id=identifier("00Q", number("lead")),
        LastName=last_name("name"),
        FirstName=first_name("name"),
        Name="name",
        Company="account",
        LeadSource="source",
        Status=pl.col("status").replace_strict(_LEAD_STATUS),
        OwnerId="OwnerId",
        IsConverted=yes_no(converted),
        ConvertedDate=pl.when(converted).then(day_of("valid_from")),
        ConvertedOpportunityId=identifier("006", number("deal")),
        CreatedDate=utc("created_at"),
        LastModifiedDate=utc("valid_from"),
    )


_LEAD_STATUS = {
    "new": "Open - Not Contacted",
    "working": "Working - Contacted",
    "qualified": "Qualified",
    "converted": "Closed - Converted",
    "disqualified": "Closed - Not Converted",
}


def campaigns(tables: Tables) -> pl.DataFrame:
    frame = tables.campaigns.with_columns(key=pl.col("campaign"))
    return _joined(frame, tables.campaigns, "campaign", "701", "Id").select(
        "Id",
        Name="campaign",
        Type="source",
        StartDate=pl.col("starts_on").dt.strftime("%Y-%m-%d"),
        EndDate=pl.col("ends_on").dt.strftime("%Y-%m-%d"),
        ActualCost="cost",
    )


def campaign_members(tables: Tables) -> pl.DataFrame:
    """One row per lead touched by a campaign, the first time."""
    touches = tables.engine["touches"].drop_nulls(["lead", "campaign"]).sort("touched_at")
    touches = touches.unique(["lead", "campaign"], keep="first", maintain_order=True)
    frame = _joined(touches, tables.campaigns, "campaign", "701", "CampaignId")
    return frame.with_row_index("row", offset=1).select(
        Id=identifier("00v", pl.col("row")),
        CampaignId="CampaignId",
        LeadId=identifier("00Q", number("lead")),
        Status=pl.lit("Responded"),
        FirstRespondedDate=day_of("touched_at"),
        CreatedDate=utc("touched_at"),
    )
