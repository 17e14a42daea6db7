"""The deals of an imported book in the words of this deployment: stages by name, texts that fit, one row per version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from stageproof.actions.gate import definition_for
from stageproof.engine.book import Book
from stageproof.engine.counted import count_text
from stageproof.engine.definition import Definition
from stageproof.engine.frames import collect, instant_number
from stageproof.engine.problem import Problem
from stageproof.engine.tables import DEALS
from stageproof.records.models import Deal
from stageproof.records.models.deals import CATEGORIES

TEXTS = ("name", "pipeline", "stage", "source", "campaign", "segment", "product", "next_step", "lost_reason",
         "competitor", "deal_type", "follows")  # fmt: skip
LIMITS = {
    **{name: int(getattr(Deal._meta.get_field(name), "max_length", 255)) for name in TEXTS},
    "account": 255,
    "owner": 150,
    "team": 120,
    "actor": 254,
}
LONGEST_KEY = 120


@dataclass(frozen=True)
class Incoming:
    """Every version of every deal of the files, in order, and the present one of each; `custom` are further columns.

    `said_name` is the name as the file has it; `name` is never blank.
    """

    versions: pl.DataFrame
    present: pl.DataFrame
    custom: tuple[str, ...]
    problems: tuple[Problem, ...]


def incoming(book: Book, definitions: Sequence[Definition], *, pipeline: str, now: dt.datetime) -> Incoming:
    """What the files say of deals; nothing lies after `now`."""
    frame = collect(book.tables["deals"])
    custom = tuple(name for name in frame.columns if name not in DEALS.names)
    problems: list[Problem] = []
    frame = _without_long_keys(frame, problems)
    frame = _fitting(frame, custom, problems)
    at = instant_number(now)
    later = frame.filter(pl.col("valid_from") > at)["deal"].n_unique()
    if later:
        says = f"{count_text(later, 'deal has,deals have')} changes that lie in the future; these are taken as made now."
        problems.append(
            Problem("change_in_future", says, "Check the clock or the zone of the export.", count=later)
        )
    frame = (
        frame.with_columns(
            said_name=pl.col("name"),
            valid_from=pl.min_horizontal(pl.col("valid_from"), pl.lit(at)),
            pipeline=pl.col("pipeline").fill_null(pipeline),
            currency=pl.col("currency").fill_null(book.currency),
            forecast_category=pl.when(pl.col("forecast_category").is_in(CATEGORIES)).then(
                "forecast_category"
            ),
        )
        .sort("deal", "valid_from", maintain_order=True)
        .unique(["deal", "valid_from"], keep="last", maintain_order=True)
    )
    frame = _staged(frame, definitions).with_columns(
        name=pl.coalesce("name", pl.concat_str("account", "product", separator=" "), "account", "deal"),
        created_at=pl.min_horizontal(
            pl.coalesce("created_at", pl.col("valid_from").first().over("deal")), pl.lit(at)
        ),
    )
    # A deal goes on from where it changed last.
    first = pl.col("deal") != pl.col("deal").shift(1)
    entered = first.fill_null(True) | (pl.col("stage").ne_missing(pl.col("stage").shift(1)))
    frame = frame.with_columns(
        valid_to=pl.when(pl.col("deal") == pl.col("deal").shift(-1)).then(pl.col("valid_from").shift(-1)),
        number=pl.int_range(1, pl.len() + 1).over("deal"),
        entered_at=pl.when(entered).then("valid_from").forward_fill(),
    )
    return Incoming(frame, frame.filter(pl.col("valid_to").is_null()), custom, tuple(problems))


def _without_long_keys(frame: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    long = frame["deal"].str.len_chars() > LONGEST_KEY
    if not long.any():
        return frame
    count = frame.filter(long)["deal"].n_unique()
    says = (
        f"{count_text(count, 'deal has,deals have')} an id of more than {LONGEST_KEY} characters and "
        f"{'is' if count == 1 else 'are'} not taken."
    )
    remedy = "Give shorter ids."
    problems.append(
        Problem("id_too_long", says, remedy, value=frame.filter(long)["deal"][0][:80], count=count)
    )
    return frame.filter(~long)


def _fitting(frame: pl.DataFrame, custom: Sequence[str], problems: list[Problem]) -> pl.DataFrame:
    """Texts without NUL, and no longer than there is room for."""
    texts = [name for name in (*LIMITS, *custom) if name in frame.columns and frame[name].dtype == pl.String]
    frame = frame.with_columns(pl.col(texts).str.replace_all("\x00", "", literal=True))
    for name in texts:
        limit = LIMITS.get(name)
        if limit is None:
            continue
        long = frame[name].str.len_chars() > limit
        if (count := int(long.sum() or 0)) > 0:
            says = f"{count_text(count, 'text is longer,texts are longer')} than {limit} characters and cut."
            problems.append(Problem("text_cut", says, "Shorten them.", column=name, count=count))
    cut = [pl.col(name).str.slice(0, LIMITS[name]) for name in texts if name in LIMITS]
    return frame.with_columns(cut)


def _staged(frame: pl.DataFrame, definitions: Sequence[Definition]) -> pl.DataFrame:
    """Stages by the names of the definition where it knows them."""
    pairs = frame.select("pipeline", "stage").unique().drop_nulls("stage")
    named = []
    for pipeline, stage in pairs.iter_rows():
        definition = definition_for(definitions, pipeline)
        found = None if definition is None else definition.stage(stage)
        named.append(stage if found is None else found.name)
    pairs = pairs.with_columns(named=pl.Series(named, dtype=pl.String))
    joined = frame.join(pairs, on=["pipeline", "stage"], how="left", maintain_order="left")
    return joined.with_columns(stage=pl.coalesce("named", "stage")).drop("named")
