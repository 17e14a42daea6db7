"""Salesforce's objects around the opportunity: companies, people, what happened, leads and campaigns."""

from __future__ import annotations

import polars as pl

from stageproof.demo.book import Tables
from stageproof.demo.company import MANAGERS
from stageproof.demo.exports.cells import day_of, first_name, last_name, number, present_leads, utc, yes_no
from stageproof.demo.exports.salesforce_ids import identifier, joined, with_contact, with_user


def accounts(tables: Tables) -> pl.DataFrame:
    frame = tables.accounts.with_columns(key=pl.col("account"))
    return joined(frame, tables.accounts, "account", "001", "Id").select(
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
    frame = joined(tables.contacts, tables.accounts, "account", "001", "AccountId")
    return frame.select(
        Id=identifier("003", number("contact")),
        AccountId="AccountId",
        LastName=last_name("name"),
        FirstName=first_name("name"),
        Name="name",
        Email="email",
        Title="title",
    )


def contact_roles(tables: Tables) -> pl.DataFrame:
    names = tables.deals.select("deal", "account").unique()
    roles = tables.engine["roles"].join(names, on="deal", how="left", maintain_order="left")
    label = pl.col("role").str.replace_all("_", " ").str.to_titlecase()
    return (
        with_contact(roles, tables)
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
    """With WhoId: the contact, or the lead where there is no deal yet."""
    rows = tables.engine["activities"].filter(pl.col("kind").is_in(kinds))
    found = with_user(with_contact(rows, tables), tables, "owner", "OwnerId")
    lead = pl.when(pl.col("deal").is_null()).then(identifier("00Q", number("lead")))
    return found.with_columns(WhoId=pl.coalesce(lead, "ContactId"))


def tasks(tables: Tables) -> pl.DataFrame:
    return _activities(tables, ["email", "call", "task"]).select(
        Id=identifier("00T", number("activity")),
        WhatId=identifier("006", number("deal")),
        WhoId="WhoId",
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
        CallDisposition=pl.when(pl.col("kind") == "call").then(
            pl.when(pl.col("side") == "buyer").then(pl.lit("Connected")).otherwise(pl.lit("Left voicemail"))
        ),
        CreatedDate=utc("recorded_at"),
    )


def events(tables: Tables) -> pl.DataFrame:
    return _activities(tables, ["meeting"]).select(
        Id=identifier("00U", number("activity")),
        WhatId=identifier("006", number("deal")),
        WhoId="WhoId",
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
    frame = with_user(with_user(frame, tables, "user", "Id"), tables, "manager", "ManagerId")
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
    frame = with_user(present_leads(tables), tables, "owner", "OwnerId")
    unknown = [name for name in _LEAD_FACTS if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in unknown)
    converted = pl.col("status") == "converted"
    return frame.select(
        Id=identifier("00Q", number("lead")),
        LastName=last_name("name"),
        FirstName=first_name("name"),
        Name="name",
        Company="account",
        Email="email",
        Title="title",
        Phone="phone",
        Industry="industry",
        NumberOfEmployees=pl.col("employees").cast(pl.String),
        Country="country",
        LeadSource="source",
        Status=pl.col("status").replace_strict(_LEAD_STATUS),
        OwnerId="OwnerId",
        IsConverted=yes_no(converted),
        ConvertedDate=pl.when(converted).then(day_of("valid_from")),
        ConvertedOpportunityId=identifier("006", number("deal")),
        CreatedDate=utc("created_at"),
        LastModifiedDate=utc("valid_from"),
    )


_LEAD_FACTS = ("email", "title", "phone", "industry", "employees", "country")

_LEAD_STATUS = {
    "new": "Open - Not Contacted",
    "working": "Working - Contacted",
    "qualified": "Qualified",
    "converted": "Closed - Converted",
    "disqualified": "Closed - Not Converted",
}


def campaigns(tables: Tables) -> pl.DataFrame:
    frame = tables.campaigns.with_columns(key=pl.col("campaign"))
    return joined(frame, tables.campaigns, "campaign", "701", "Id").select(
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
    frame = joined(touches, tables.campaigns, "campaign", "701", "CampaignId")
    return frame.with_row_index("row", offset=1).select(
        Id=identifier("00v", pl.col("row")),
        CampaignId="CampaignId",
        LeadId=identifier("00Q", number("lead")),
        Status=pl.lit("Responded"),
        FirstRespondedDate=day_of("touched_at"),
        CreatedDate=utc("touched_at"),
    )
