"""Who at the buyer plays which role in a deal."""

from __future__ import annotations

import polars as pl

from stageproof.importers.days import coalesced, look_up
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake, by_value
from stageproof.importers.lookups import Lookups

_ROLES = {
    "economicbuyer": "economic_buyer",
    "economicdecisionmaker": "economic_buyer",
    "budgetholder": "economic_buyer",
    "champion": "champion",
    "internalchampion": "champion",
    "decisionmaker": "decision_maker",
    "businessdecisionmaker": "decision_maker",
    "technicalevaluator": "technical_evaluator",
    "technicalbuyer": "technical_evaluator",
    "technicaldecisionmaker": "technical_evaluator",
    "evaluator": "technical_evaluator",
    "legal": "legal",
    "legalandcompliance": "legal",
    "procurement": "procurement",
    "coach": "coach",
    "blocker": "blocker",
}


def role_name(text: str) -> str:
    """The role in our words; one that is none of them in small letters with underscores."""
    return _ROLES.get(header_key(text)) or "_".join(text.casefold().replace("/", " ").split())


def read_roles(intake: Intake, deals: pl.DataFrame, lookups: Lookups) -> pl.DataFrame:
    """deal, contact, role, title, valid_from: since when the role is on record, else since the deal is there."""
    number = intake.text("contact_id")
    deal = intake.text("deal")
    known = deal.to_frame("deal").join(
        deals.select("deal", "created_at", known=pl.lit(True)), on="deal", how="left", maintain_order="left"
    )
    contact = coalesced(look_up(number, lookups.contacts, "name"), number)
    frame = pl.DataFrame(
        [
            deal.alias("deal"),
            contact.alias("contact"),
            number.alias("contact_id"),
            by_value(intake.text("role"), role_name).alias("role"),
            look_up(number, lookups.contacts, "title").alias("title"),
            coalesced(intake.instant("created_at"), known["created_at"]).alias("valid_from"),
        ]
    )
    gone = intake.yes_no("is_deleted").fill_null(False)
    _reject_unknown(intake, known["known"], number)
    return intake.settle(frame.with_columns(gone.alias("gone"))).filter(~pl.col("gone")).drop("gone")


def _reject_unknown(intake: Intake, known: pl.Series, number: pl.Series) -> None:
    intake.reject(
        known.is_null(),
        "unknown_deal",
        "The row is of a deal that no file of deals has.",
        "Export the deals again together with their contacts.",
        "deal",
    )
    intake.reject(number.is_null(), "no_contact", "The row names no contact.", "Fill it in.", "contact_id")


def roles_table(parts: list[pl.DataFrame], begins: int) -> pl.DataFrame | None:
    """The `roles` table; None where nobody has a role, for then the book holds no such data."""
    if not parts:
        return None
    rows = pl.concat(parts).filter(pl.col("role").is_not_null())
    if rows.is_empty():
        return None
    return (
        rows.with_columns(pl.col("valid_from").fill_null(begins))
        .sort("deal", "contact", "role", "valid_from", "contact_id", "title", nulls_last=True)
        .unique(["deal", "contact", "role"], keep="first", maintain_order=True)
        .drop("contact_id")
    )
