"""Columns of the pipeline table: what each is called, how it sorts, and whether it is edited in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column: `sort` is what it sorts by, `edit` the fact edited in it, `kind` how it is shown, `hint` what it says."""

    name: str
    label: str
    kind: str = "text"
    sort: str = ""
    edit: str = ""
    hint: str = ""

    @property
    def by(self) -> str:
        return self.sort or self.name

    @property
    def number(self) -> bool:
        return self.kind in ("money", "age", "whole", "wait")


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("name", "Deal", "deal"),
        Column("account", "Account"),
        Column("stage", "Stage", "stage", sort="position"),
        Column("amount", "Amount", "money", sort="value", edit="amount"),
        Column("close_on", "Closes", "day", edit="close_on"),
        Column("owner", "Owner", "text", edit="owner"),
        Column("forecast_category", "Category", "text", edit="forecast_category"),
        Column("next_step", "Next step", "text", edit="next_step"),
        Column("next_step_on", "Due", "day", edit="next_step_on"),
        Column("qualification", "Proof", "proof", sort="qualification"),
        Column("days_in_stage", "In stage", "age"),
        Column("team", "Team"),
        Column("source", "Source"),
        Column("campaign", "Campaign"),
        Column("segment", "Segment"),
        Column("product", "Product"),
        Column("competitor", "Competitor"),
        Column("deal_type", "Type"),
        Column("renews_on", "Renews", "day"),
        Column("created_on", "Created", "day"),
        Column("status", "Status", "text"),
        Column("lost_reason", "Lost because", "text"),
        Column("deal", "Identifier"),
    )
}
USUAL = (
    "name", "account", "stage", "amount", "close_on", "owner", "forecast_category", "next_step", "next_step_on",
    "qualification", "days_in_stage",
)  # fmt: skip
EDITED = tuple(column.edit for column in COLUMNS.values() if column.edit)


def chosen(
    text: str | Sequence[str], columns: Mapping[str, Column] = COLUMNS, usual: Sequence[str] = USUAL
) -> list[Column]:
    """The columns that a query names, in their order; the usual ones where it names none. The name always leads."""
    names = text.split(",") if isinstance(text, str) else list(text)
    known = [name for name in names if name in columns and name != "name"]
    return [columns[name] for name in (["name", *known] if known else usual)]
