"""Evidence that buyers gave, from a sheet that somebody keeps beside the deals."""

from __future__ import annotations

import re

import polars as pl

from stageproof.importers.days import days_of, look_up
from stageproof.importers.deal_reference import referred_deal, reject_unknown_deals
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake, by_value
from stageproof.importers.lookups import Lookups

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_A_WORD = re.compile(r"[\W_]+")
_SIDES = {
    "buyer": ("buyer", "customer", "client", "prospect", "account", "them", "external", "kunde"),
    "seller": ("seller", "sales", "vendor", "supplier", "us", "we", "ours", "internal", "verkauf"),
}
_WAIVER = "waiver"


def evidence_kind(text: str) -> str:
    """The kind as definitions write it: `Close date` and `closeDate` are close_date."""
    return _NOT_A_WORD.sub("_", _HUMP.sub(" ", text).casefold()).strip("_")


def side_of(text: str) -> str | None:
    """buyer or seller; None where the text is neither."""
    key = header_key(text)
    return next((side for side, words in _SIDES.items() if key.removesuffix("side") in words), None)


def read_evidence(intake: Intake, deals: pl.DataFrame, lookups: Lookups) -> pl.DataFrame:
    """Rows of the `evidence` table; `evidence` is null where the file gives its pieces no ids.

    What somebody gave counts as the buyer's where no side is said, unless the giver is one of our own people.
    """
    deal = referred_deal(intake.text("deal"), deals)
    given_at, expires_on = intake.instant("given_at"), intake.day("expires_on")
    frame = pl.DataFrame(
        [
            intake.text("evidence"),
            deal.alias("deal"),
            by_value(intake.text("criterion"), evidence_kind).alias("criterion"),
            by_value(intake.text("kind"), evidence_kind).alias("kind"),
            intake.text("what"),
            intake.text("given_by"),
            _sides(intake, deals, lookups),
            given_at.alias("given_at"),
            expires_on.alias("expires_on"),
            intake.text("located_at"),
            intake.text("verified_by"),
        ]
    )
    reject_unknown_deals(intake, deal, "deal")
    _check(intake, frame)
    _reject_repeats(intake, frame)
    return intake.settle(frame)


def _sides(intake: Intake, deals: pl.DataFrame, lookups: Lookups) -> pl.Series:
    said, giver = intake.text("side"), intake.text("given_by")
    side = by_value(said, side_of)
    intake.trouble(
        said.is_not_null() & side.is_null(),
        "unknown_side",
        "This is neither buyer nor seller; the evidence counts for neither side.",
        "Write buyer or seller.",
        "side",
    )
    own = look_up(giver, lookups.users, "name").is_not_null()
    if "owner" in deals.columns:
        own = own | giver.is_in(deals["owner"].drop_nulls().implode()).fill_null(False)
    assumed = pl.select(
        pl.when(giver.is_not_null()).then(pl.when(own).then(pl.lit("seller")).otherwise(pl.lit("buyer")))
    )
    return side.zip_with(said.is_not_null(), assumed.to_series()).alias("side")


def _check(intake: Intake, frame: pl.DataFrame) -> None:
    intake.reject(
        frame["kind"].is_null() | (frame["kind"] == "").fill_null(False),
        "no_kind",
        "The row does not say what kind of evidence it is.",
        "Write the kind as the definition has it, such as budget.",
        "kind",
    )
    intake.reject(
        frame["given_at"].is_null(),
        "no_instant",
        "The row does not say when the evidence was given.",
        "Fill in its date.",
        "given_at",
    )
    intake.reject(
        (frame["expires_on"] < days_of(frame["given_at"], intake.settings.zone)).fill_null(False),
        "expired_when_given",
        "The evidence expires before it was given.",
        "Correct one of the two dates.",
        "expires_on",
    )
    intake.reject(
        (frame["kind"] == _WAIVER).fill_null(False) & frame["criterion"].is_null(),
        "waiver_of_nothing",
        "A waiver names no criterion.",
        "Write the id of the exit criterion that is waived.",
        "criterion",
    )


def _reject_repeats(intake: Intake, frame: pl.DataFrame) -> None:
    """Rejects the same piece again, and other pieces under an id that is taken."""
    rows = frame.with_columns(_row=intake.cells["row"]).filter(pl.col("deal").is_not_null())
    again = rows.sort("_row").filter(pl.int_range(pl.len()).over(frame.columns) > 0)["_row"]
    row = intake.cells["row"]
    intake.reject(
        row.is_in(again.implode()), "same_row", "The same row is there already.", "Remove it.", "deal"
    )
    same = rows.filter(~pl.col("_row").is_in(again.implode()), pl.col("evidence").is_not_null())
    others = same.sort("evidence", *frame.columns[1:], nulls_last=True).filter(
        pl.int_range(pl.len()).over("evidence") > 0
    )["_row"]
    intake.reject(
        row.is_in(others.implode()),
        "same_evidence",
        "Another piece of evidence has this id.",
        "Give each piece an id of its own, or leave the ids out.",
        "evidence",
    )


def evidence_table(parts: list[pl.DataFrame]) -> pl.DataFrame | None:
    """The `evidence` table; None where no piece was taken, for then the book holds no such data.

    Pieces without an id get one of deal, kind and place among their like, whatever the order of the rows.
    """
    rows = pl.concat(parts) if parts else pl.DataFrame()
    if rows.is_empty():
        return None
    rows = rows.unique().sort("deal", "kind", "given_at", *rows.columns, nulls_last=True)
    place = (pl.int_range(pl.len()).over("deal", "kind") + 1).cast(pl.String)
    made = pl.concat_str("deal", "kind", place, separator=" · ")
    named = rows.with_columns(evidence=pl.coalesce("evidence", made), valid_from=pl.col("given_at"))
    return named.unique("evidence", keep="first", maintain_order=True)
