"""Columns of the table of leads."""

from __future__ import annotations

from stageproof.web.table_columns import Column

LEAD_COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("name", "Lead", "lead"),
        Column("account", "Company"),
        Column("status", "Status", "lead_status"),
        Column("fit", "Fit", "fit", sort="fit_points"),
        Column("source", "Source"),
        Column("campaign", "Campaign"),
        Column("owner", "Owner"),
        Column("created_on", "Came in", "day"),
        Column("minutes", "Answered after", "wait"),
        Column("handover", "Hand-over", "handover"),
        Column("touches", "Touches", "whole"),
        Column("touched_on", "Last touch", "day"),
        Column("title", "Title"),
        Column("email", "Mail"),
        Column("phone", "Phone"),
        Column("industry", "Industry"),
        Column("employees", "Employees", "whole"),
        Column("country", "Country"),
        Column("technology", "Technology"),
        Column("trigger", "Trigger"),
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
