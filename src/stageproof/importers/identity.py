"""Which rows are the same deal: ids, names where there are none, and repeated rows."""

from __future__ import annotations

import polars as pl

from stageproof.engine.problem import Problem, Refused
from stageproof.importers.days import coalesced
from stageproof.importers.intake import Intake


def identify(intake: Intake, frame: pl.DataFrame) -> pl.Series:
    """The id of each deal; made of name and account, told apart by content, where the file has no ids."""
    if intake.has("deal"):
        found, given = intake.text("deal"), intake.raw("deal")
        if given is not None and not found.equals(given):
            says = "Salesforce ids of 15 characters are taken in their form of 18, in which data exports have them."
            intake.note("long_ids", says, "deal")
        intake.reject(
            found.is_null(), "no_id", "The deal has no id.", "Fill it in, or remove the row.", "deal"
        )
        return found
    naming = [frame[each] for each in ("name", "account") if each in frame.columns]
    if not naming:
        says = "The file has no column for an id, a name or an account of a deal."
        raise Refused(
            [Problem("no_deals", says, "Say which of its columns one of them is.", source=intake.source)]
        )
    name = coalesced(*naming)
    intake.reject(
        name.is_null(), "no_id", "The deal has neither an id nor a name.", "Fill in one of them.", "name"
    )
    if "name" in frame.columns and "account" in frame.columns:
        parted = pl.DataFrame([name.alias("name"), frame["account"].alias("account")]).select(
            pl.when(pl.col("name") == pl.col("account"))
            .then("name")
            .otherwise(pl.concat_str("name", "account", separator=" · ", ignore_nulls=True))
        )
        name = pl.select(pl.when(name.is_duplicated()).then(parted.to_series()).otherwise(name)).to_series()
    intake.note(
        "no_ids",
        "The file has no ids of deals; they are told apart by name and account.",
        remedy="Add the id to the export, so that a renamed deal stays the same deal.",
    )
    return _numbered(name, frame)


def _numbered(name: pl.Series, frame: pl.DataFrame) -> pl.Series:
    """Names made unique by a number given in the order of the rows' content, not of the rows."""
    if not name.drop_nulls().is_duplicated().any():
        return name
    content = frame.drop("row").columns
    ranked = (
        frame.with_columns(name.alias("_name"), pl.int_range(pl.len()).alias("_at"))
        .sort(["_name", *content], nulls_last=True)
        .with_columns(
            pl.struct(content).rle_id().over("_name").alias("_number"),
        )
        .sort("_at")
    )
    return ranked.select(
        pl.when(pl.col("_number") > 0)
        .then(pl.concat_str("_name", (pl.col("_number") + 1).cast(pl.String), separator=" #"))
        .otherwise("_name")
    ).to_series()


def without_repeats(intake: Intake, frame: pl.DataFrame, taken: pl.Series) -> None:
    """Rejects rows whose deal is there already: the same row again, or the same id with another content.

    Of rows with one id the one changed last is taken; of those changed together the one whose content sorts last, so
    that the order of the rows decides nothing.
    """
    elsewhere = frame["deal"].is_in(taken.implode()) & frame["deal"].is_not_null()
    name = "deal" if intake.has("deal") else "name"
    intake.reject(
        elsewhere,
        "same_deal",
        "The deal was taken from another file.",
        "Give each deal in one file only.",
        name,
    )
    repeated = frame["deal"].is_duplicated() & frame["deal"].is_not_null()
    if not repeated.any():
        return
    content = [name for name in intake.cells.columns if name != "row"]
    rows = (
        intake.cells.with_columns(
            frame["deal"].alias("_deal"),
            frame["modified_at"].alias("_modified"),
            pl.int_range(pl.len()).alias("_at"),
        )
        .filter(repeated)
        .sort(
            ["_deal", "_modified", *content, "row"],
            descending=[False, True, *([True] * len(content)), False],
            nulls_last=True,
        )
        .with_columns(
            pl.int_range(pl.len()).over("_deal").alias("_place"),
            pl.int_range(pl.len()).over(["_deal", *content]).alias("_copy"),
        )
    )
    again = rows.filter(pl.col("_copy") > 0)
    other = rows.filter(pl.col("_copy") == 0, pl.col("_place") > 0)
    for group, code, says, remedy in (
        (again, "same_row", "The same row is there already.", "Remove it."),
        (
            other,
            "same_deal",
            "Another row with this id was taken: the one changed last.",
            "Keep one row per deal; a history of changes belongs in a file of its own.",
        ),
    ):
        if group.height:
            mask = pl.int_range(frame.height, eager=True).is_in(group["_at"].implode())
            intake.reject(mask, code, says, remedy, name)
