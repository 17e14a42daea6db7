"""What happened between us and a buyer, and on whose side.

The buyer acted or took part (`side` is buyer) where
- an e-mail or a call came in;
- a meeting was held with a contact or a lead: not cancelled, not a no-show, and somebody of the buyer's is named;
- a call reached a contact or a lead: somebody is named, and the outcome is not one of being unreachable.
Everything else, such as an e-mail of ours, a task or a note, is the seller's. A column that says whose side it was
counts before all this. Tasks not yet done are plans, and have not happened.
"""

from __future__ import annotations

import polars as pl

from stageproof.importers.days import coalesced, look_up
from stageproof.importers.deal_reference import referred_deal, reject_unknown_deals
from stageproof.importers.evidence import side_of
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake, by_value
from stageproof.importers.lookups import Lookups

_KINDS = (
    ("email", ("email", "mail")),
    ("meeting", ("meeting", "event", "demo", "lunch", "visit", "webmeeting", "workshop", "appointment")),
    ("call", ("call", "phone", "telefon")),
    ("note", ("note", "comment")),
)
LEAD_IDS = "00Q"
"""How the identifier of a lead begins at Salesforce."""

_INBOUND = ("incoming", "inbound", "received", "reply")
_UNREACHED = (
    "noanswer", "leftvoicemail", "voicemail", "busy", "wrongnumber", "leftlivemessage", "leftmessage", "noshow",
    "canceled", "cancelled", "rescheduled", "notheld", "unreachable", "notreached",
)  # fmt: skip
_DONE = ("completed", "complete", "done", "closed", "sent", "held", "erledigt", "true", "yes", "1")


def kind_of(text: str) -> str:
    """email, meeting, call, note or task."""
    key = header_key(text)
    return next((kind for kind, words in _KINDS if any(word in key for word in words)), "task")


def direction_of(text: str) -> str:
    """inbound or outbound."""
    key = header_key(text)
    return "inbound" if key == "buyer" or any(word in key for word in _INBOUND) else "outbound"


def read_activities(
    intake: Intake,
    deals: pl.DataFrame,
    lookups: Lookups,
    contacts: pl.DataFrame | None,
    links: pl.DataFrame | None,
) -> tuple[pl.DataFrame, int]:
    """Rows of the `activities` table, and how many were plans.

    `contacts` and `links` give the contact and the deal of an activity where files of their own do.
    """
    activity = intake.text("activity")
    deal = _deal_of(intake, deals, look_up(activity, links, "deal"))
    who = coalesced(intake.text("contact_id"), look_up(activity, contacts, "contact_id"))
    is_lead = _of_leads(intake, who)
    lead, number = who.zip_with(is_lead, _nobody(who)), who.zip_with(~is_lead, _nobody(who))
    contact = coalesced(look_up(number, lookups.contacts, "name"), intake.text("contact"), number)
    owner = coalesced(intake.text("owner"), intake.text("owner_id"))
    account = coalesced(look_up(intake.text("account_id"), lookups.accounts, "name"), intake.text("account"))
    happened = intake.instant("happened_at")
    frame = pl.DataFrame(
        [
            activity.alias("activity"),
            deal.alias("deal"),
            lead.alias("lead"),
            account.alias("account"),
            contact.alias("contact"),
            _kinds(intake),
            by_value(coalesced(intake.text("direction"), intake.text("side")), direction_of).alias(
                "direction"
            ),
            happened.alias("happened_at"),
            intake.text("subject").alias("subject"),
            coalesced(look_up(owner, lookups.users, "name"), owner).alias("owner"),
            intake.instant("recorded_at").alias("recorded_at"),
            _reached(intake).alias("reached"),
            _happened(intake).alias("done"),
            by_value(intake.text("side"), side_of).alias("stated"),
        ]
    )
    if intake.recognised.shape.system == "spreadsheet":
        # A CRM's activities may be of accounts or cases as well; those of a sheet are of deals.
        reject_unknown_deals(intake, deal, "deal_id")
    gone = intake.yes_no("is_deleted").fill_null(False)
    intake.reject(
        happened.is_null() & frame["done"] & ~gone,
        "no_instant",
        "The row does not say when it happened.",
        "Fill in its date.",
        "happened_at",
    )
    taken = intake.settle(frame.with_columns(gone.alias("gone"))).filter(~pl.col("gone"))
    done = taken.filter("done").with_columns(side=_side())
    return done.drop("reached", "done", "gone", "stated"), taken.height - done.height


def _deal_of(intake: Intake, deals: pl.DataFrame, linked: pl.Series) -> pl.Series:
    """The deal by its id, by the file that links them, or by its name where that is of one deal only."""
    by_said = referred_deal(coalesced(linked, intake.text("deal_id")), deals)
    if not intake.has("deal_name"):
        return by_said
    return coalesced(by_said, referred_deal(intake.text("deal_name"), deals))


def _of_leads(intake: Intake, who: pl.Series) -> pl.Series:
    """Which of these identifiers are of leads: at Salesforce people of both kinds stand in one column."""
    at_salesforce = intake.recognised.shape.system == "Salesforce"
    return who.str.starts_with(LEAD_IDS).fill_null(False) & at_salesforce


def _nobody(who: pl.Series) -> pl.Series:
    return pl.Series(who.name, [None], dtype=pl.String).new_from_index(0, who.len())


def _kinds(intake: Intake) -> pl.Series:
    kinds = by_value(intake.text("type"), kind_of)
    plain = "meeting" if intake.recognised.shape.name == "Event" else "task"
    # An event of the calendar is a meeting unless it says that it was a call.
    if plain == "meeting":
        kinds = by_value(kinds, lambda kind: kind if kind == "call" else "meeting")
    return kinds.fill_null(plain).alias("kind")


def _reached(intake: Intake) -> pl.Series:
    words = coalesced(intake.text("outcome"), intake.text("subject"))
    missed = by_value(
        words, lambda text: "x" if any(word in header_key(text) for word in _UNREACHED) else None
    )
    return missed.is_null()


def _happened(intake: Intake) -> pl.Series:
    """Whether it is done: as its flag says, else its status; what has neither has happened."""
    status = by_value(intake.text("status"), lambda text: "x" if header_key(text) in _DONE else "")
    by_status = status.is_null() | (status == "x")
    done = intake.yes_no("is_done")
    return done.zip_with(done.is_not_null(), by_status)


def _side() -> pl.Expr:
    inbound = (pl.col("direction") == "inbound").fill_null(False)
    named = pl.col("contact").is_not_null() | pl.col("lead").is_not_null()
    took_part = pl.col("kind").is_in(["meeting", "call"]) & named & pl.col("reached")
    by_rule = pl.when(inbound | took_part).then(pl.lit("buyer")).otherwise(pl.lit("seller"))
    return pl.coalesce("stated", by_rule)
