"""Who at the buyer plays which role in a deal."""

from __future__ import annotations

import polars as pl

from stageproof.importers.days import coalesced, look_up
from stageproof.importers.deal_reference import referred_deal, reject_unknown_deals
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
    """deal, contact, role, title, engaged_at, valid_from: since when the role is on record, else the deal's creation."""
    number = intake.text("contact_id")
    deal = referred_deal(intake.text("deal"), deals)
    known = deal.to_frame("deal").join(
        deals.select("deal", "created_at"), on="deal", how="left", maintain_order="left"
    )
    contact = coalesced(look_up(number, lookups.contacts, "name"), intake.text("contact"), number)
    frame = pl.DataFrame(
        [
            deal.alias("deal"),
            contact.alias("contact"),
            coalesced(number, contact).alias("contact_id"),
            by_value(intake.text("role"), role_name).alias("role"),
            coalesced(look_up(number, lookups.contacts, "title"), intake.text("title")).alias("title"),
            intake.instant("engaged_at"),
            coalesced(intake.instant("created_at"), known["created_at"]).alias("valid_from"),
        ]
    )
    gone = intake.yes_no("is_deleted").fill_null(False)
    reject_unknown_deals(intake, deal, "deal")
    name = "contact" if intake.has("contact") else "contact_id"
    intake.reject(contact.is_null(), "no_contact", "The row names no contact.", "Fill it in.", name)
    return intake.settle(frame.with_columns(gone.alias("gone"))).filter(~pl.col("gone")).drop("gone")


def roles_table(parts: list[pl.DataFrame], begins: int) -> pl.DataFrame | None:
    """The `roles` table; None where nobody has a role, for then the book holds no such data.

    A role has a version from each day on which the person took part, so that an earlier day does not know of it.
    """
    if not parts:
        return None
    rows = pl.concat(parts).filter(pl.col("role").is_not_null())
    if rows.is_empty():
        return None
    keys = ["deal", "contact", "role"]
    ordered = rows.with_columns(pl.col("valid_from").fill_null(begins)).sort(
        *keys, "valid_from", "contact_id", "title", "engaged_at", nulls_last=True
    )
    first = ordered.unique(keys, keep="first", maintain_order=True)
    engaged = ordered.select(*keys, "engaged_at").drop_nulls().unique()
    of_first = first.drop("engaged_at").join(engaged, on=keys, how="inner")
    known = of_first.filter(pl.col("engaged_at") <= pl.col("valid_from"))
    before = known.group_by(keys).agg(pl.col("engaged_at").max())
    opening = first.drop("engaged_at").join(before, on=keys, how="left")
    later = of_first.filter(pl.col("engaged_at") > pl.col("valid_from"))
    later = later.with_columns(valid_from="engaged_at")
    return pl.concat([opening, later], how="diagonal").sort(*keys, "valid_from").drop("contact_id")
