"""Columns of the table of leads."""

from __future__ import annotations

from stageproof.web.table_columns import Column

LEAD_COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("name", "Lead", "lead"),
        Column("account", "Company", edit="account"),
        Column("status", "Status", "lead_status"),
        Column("fit", "Fit", "fit", sort="fit_points"),
        Column("source", "Source", edit="source"),
        Column("campaign", "Campaign", edit="campaign"),
        Column("owner", "Owner", edit="owner"),
        Column("created_on", "Came in", "day"),
        Column("minutes", "Answered after", "wait"),
        Column("handover", "Hand-over", "handover"),
        Column("touches", "Touches", "whole"),
        Column("touched_on", "Last touch", "day"),
        Column("title", "Title", edit="title"),
        Column("email", "Mail", edit="email"),
        Column("phone", "Phone", edit="phone"),
        Column("industry", "Industry", edit="industry"),
        Column("employees", "Employees", "whole", edit="employees"),
        Column("country", "Country", edit="country"),
        Column("technology", "Technology", edit="technology"),
        Column("trigger", "Trigger", edit="trigger"),
        Column("qualification", "Qualified because"),
        Column("disqualified_reason", "Disqualified because"),
        Column("deal", "Deal", "lead_deal"),
        Column("lead", "Identifier"),
    )
}
LEAD_USUAL = (
    "name",
    "account",
    "status",
    "fit",
    "source",
    "campaign",
    "owner",
    "created_on",
    "minutes",
    "handover",
)
LEAD_EDITED = tuple(column.edit for column in LEAD_COLUMNS.values() if column.edit)
