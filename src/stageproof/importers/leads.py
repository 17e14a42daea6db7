"""Leads, and what campaigns touched them."""

from __future__ import annotations

import polars as pl

from stageproof.importers.days import coalesced, look_up
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake, by_value
from stageproof.importers.lookups import Lookups

_STATUSES = (
    ("converted", ("converted",)),
    (
        "disqualified",
        ("notconverted", "unqualified", "disqualified", "bad", "rejected", "recycled", "dead", "junk"),
    ),
    ("qualified", ("qualified", "mql", "sql", "sal")),
    ("working", ("working", "contacted", "inprogress", "attempted", "nurtur", "engaged", "connected")),
)
_NEW = ("notcontacted", "new", "open")


def lead_status(text: str) -> str:
    """new, working, qualified, converted or disqualified."""
    key = header_key(text)
    if any(word in key for word in _NEW):
        return "new"
    if any(word in key for word in _STATUSES[1][1]):
        return "disqualified"
    return next((status for status, words in _STATUSES if any(word in key for word in words)), "working")


def read_leads(intake: Intake, lookups: Lookups, begins: int) -> pl.DataFrame:
    """Versions of leads: as they came in, and as they were converted."""
    converted = intake.yes_no("is_converted").fill_null(False)
    converted_at = intake.instant("converted_at")
    modified = intake.instant("modified_at")
    created = intake.instant("created_at")
    both = pl.DataFrame([intake.text("first_name"), intake.text("last_name")]).select(
        pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)
    )
    owner = coalesced(intake.text("owner"), intake.text("owner_id"))
    lead = intake.text("lead")
    intake.reject(lead.is_null(), "no_id", "The lead has no id.", "Fill it in, or remove the row.", "lead")
    undated = created.is_null()
    intake.trouble(
        undated,
        "no_created_date",
        "The lead has no date of creation.",
        "It is taken as there from its first known date.",
        "created_at",
    )
    # The earliest date that the row itself has; a lead was there by then.
    earliest = pl.DataFrame([converted_at, modified]).select(pl.min_horizontal(pl.all())).to_series()
    frame = pl.DataFrame(
        [
            lead,
            coalesced(intake.text("name"), both.to_series()).alias("name"),
            intake.text("account"),
            intake.text("source"),
            intake.text("campaign"),
            by_value(intake.text("status"), lead_status).alias("status"),
            coalesced(look_up(owner, lookups.users, "name"), owner).alias("owner"),
            intake.text("deal"),
            coalesced(created, earliest).fill_null(begins).alias("created_at"),
            converted.alias("converted"),
            coalesced(converted_at, modified).alias("converted_at"),
        ]
    )
    gone = intake.yes_no("is_deleted").fill_null(False)
    taken = intake.settle(frame.with_columns(gone.alias("gone"))).filter(~pl.col("gone")).drop("gone")
    return _versions(taken)


def _versions(leads: pl.DataFrame) -> pl.DataFrame:
    """A lead before its conversion, when its status is not known any more, counts as working."""
    when = pl.max_horizontal(pl.coalesce("converted_at", "created_at"), "created_at")
    is_converted = pl.col("converted") | (pl.col("status") == "converted").fill_null(False)
    leads = leads.with_columns(_when=when, _is=is_converted)
    before = leads.filter(~pl.col("_is") | (pl.col("created_at") < pl.col("_when"))).with_columns(
        status=pl.when("_is").then(pl.lit("working")).otherwise(pl.col("status").fill_null("new")),
        deal=pl.when(~pl.col("_is")).then("deal"),
        valid_from=pl.col("created_at"),
    )
    after = leads.filter("_is").with_columns(status=pl.lit("converted"), valid_from=pl.col("_when"))
    rows = pl.concat([before, after]).drop("converted", "converted_at", "_when", "_is")
    return rows.sort("lead", "valid_from").unique(["lead", "valid_from"], keep="last", maintain_order=True)


def read_touches(intake: Intake, lookups: Lookups) -> pl.DataFrame:
    """Touches of leads by campaigns; `source` is the campaign's type, else its name."""
    number = intake.text("campaign_id")
    name = coalesced(look_up(number, lookups.campaigns, "name"), number)
    frame = pl.DataFrame(
        [
            intake.text("lead").alias("lead"),
            name.alias("source"),
            name.alias("campaign"),
            intake.instant("happened_at").alias("touched_at"),
        ]
    )
    intake.reject(
        frame["touched_at"].is_null(),
        "no_instant",
        "The row does not say when.",
        "Fill in its date.",
        "happened_at",
    )
    return intake.settle(frame)
