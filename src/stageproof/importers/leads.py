"""Leads, what campaigns touched them, and what those cost."""

from __future__ import annotations

import polars as pl

from stageproof.engine.frames import DAY
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
_FURTHER = (
    "email", "title", "phone", "industry", "country", "technology", "trigger", "qualification", "disqualified_reason",
)  # fmt: skip
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
            # What a file has no column for stays unknown to the book, which is not the same as blank.
            *(intake.text(name) for name in _FURTHER if intake.has(name)),
            *([intake.instant("responded_at")] if intake.has("responded_at") else []),
            *([_whole(intake, "employees")] if intake.has("employees") else []),
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
        **_before_conversion(leads),
        valid_from=pl.col("created_at"),
    )
    after = leads.filter("_is").with_columns(status=pl.lit("converted"), valid_from=pl.col("_when"))
    rows = pl.concat([before, after]).drop("converted", "converted_at", "_when", "_is")
    return rows.sort("lead", "valid_from").unique(["lead", "valid_from"], keep="last", maintain_order=True)


def _before_conversion(leads: pl.DataFrame) -> dict[str, pl.Expr]:
    """What a version before the conversion does not know yet: why it was qualified, and a later first response."""
    open_still = ~pl.col("_is")
    columns = {"qualification": open_still, "disqualified_reason": open_still}
    columns["responded_at"] = open_still | (pl.col("responded_at") <= pl.col("created_at"))
    return {name: pl.when(test).then(name) for name, test in columns.items() if name in leads.columns}


def _whole(intake: Intake, name: str) -> pl.Series:
    """The field as whole numbers; null where it is none."""
    digits = intake.text(name).str.replace_all(r"[,\s'’]", "")
    whole = digits.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    bad = digits.is_not_null() & (whole.is_null() | (whole < 0))
    intake.trouble(
        bad, "unreadable_number", "This is not a number of people. It is left out.", "Write 250.", name
    )
    return whole.set(bad, None).alias(name)


def read_campaigns(intake: Intake) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What campaigns are called, by id; and campaigns with their days and cost, of those that have a name.

    `source` is the campaign's type. Where a file does not say since when, the cost is known from its first day.
    """
    cost = intake.money("cost", intake.text("currency") if intake.has("currency") else None)
    frame = pl.DataFrame(
        [
            intake.text("campaign").alias("key"),
            intake.text("name"),
            intake.text("type"),
            intake.day("starts_on"),
            intake.day("ends_on"),
            cost["amount"].alias("cost"),
            cost["currency"],
            intake.instant("created_at"),
        ]
    )
    turned = frame["ends_on"] < frame["starts_on"]
    intake.trouble(
        turned,
        "days_turned",
        "The campaign ends before it begins. Its days are left out.",
        "Correct them.",
        "ends_on",
    )
    taken = intake.settle(
        frame.with_columns(pl.when(~turned.fill_null(False)).then(pl.col("starts_on", "ends_on")))
    )
    began = pl.coalesce("created_at", pl.col("starts_on") * DAY, pl.lit(0, pl.Int64))
    campaigns = taken.filter(pl.col("name").is_not_null()).select(
        campaign="name",
        source=pl.coalesce("type", "name"),
        starts_on="starts_on",
        ends_on="ends_on",
        cost="cost",
        currency="currency",
        valid_from=began,
    )
    return taken.select("key", "name", "type"), campaigns.unique("campaign", keep="last", maintain_order=True)


def read_touches(intake: Intake, lookups: Lookups) -> pl.DataFrame:
    """Touches of leads by campaigns; `source` is the campaign's type, else its name."""
    number = intake.text("campaign_id")
    name = coalesced(look_up(number, lookups.campaigns, "name"), number)
    kind = look_up(number, lookups.campaigns, "type")
    frame = pl.DataFrame(
        [
            intake.text("lead").alias("lead"),
            coalesced(kind, name).alias("source"),
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
