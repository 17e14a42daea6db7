"""A file of deals as their present state: one row per deal, every field a value."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.definition import Definition
from stageproof.engine.tables import DEALS
from stageproof.importers.currency_names import currency_named
from stageproof.importers.days import coalesced, days_of, look_up, starts_of_days
from stageproof.importers.header import header_key, nearest
from stageproof.importers.identity import identify, without_repeats
from stageproof.importers.intake import Intake, by_value
from stageproof.importers.lookups import Lookups
from stageproof.importers.outcome import UNKNOWN
from stageproof.importers.stage_entries import stage_entries

MAX_CUSTOM = 50
"""Columns that are no field of a deal are kept as they are where there are at most this many."""
_TEXTS = (
    "name",
    "source",
    "segment",
    "product",
    "next_step",
    "lost_reason",
    "competitor",
    "deal_type",
    "follows",
)
_CATEGORIES = {
    "commit": "commit",
    "committed": "commit",
    "bestcase": "best case",
    "upside": "best case",
    "mostlikely": "best case",
    "pipeline": "pipeline",
    "omitted": "omitted",
    "omit": "omitted",
    "notforecasted": "omitted",
    "closed": "closed",
    "closedwon": "closed",
}
_ENOUGH = 3
"""Of so few columns one may well be all that is filled in."""
_RESERVED = frozenset(DEALS.names) | {"value", "qualification", "position", "row"}


def forecast_category(text: str) -> str:
    """The forecast category in our words; one that is none of them in small letters."""
    return _CATEGORIES.get(header_key(text), text.casefold())


def read_deals(
    intake: Intake, lookups: Lookups, definition: Definition | None, taken: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The deals of a file, and what its columns of stage dates say: deal, at, stage.

    `stage` is the one the file gives, also on closed deals; `closing_at` the instant at which a closed one closed;
    columns that the file doesn't have are left out. Deals that are in `taken` already are rejected.
    """
    frame = pl.DataFrame([intake.cells.get_column("row"), *_plain(intake, lookups)])
    frame = frame.with_columns(_outcomes(intake, lookups))
    frame = frame.hstack(_amounts(intake, frame["ended"])).with_columns(_dates(intake, frame["ended"]))
    frame = frame.hstack(_custom(intake))
    frame = frame.with_columns(identify(intake, frame).alias("deal"))
    entries = stage_entries(intake, frame, lookups.stages)
    _check(intake, frame, lookups, definition)
    without_repeats(intake, frame, pl.Series([], dtype=pl.String) if _with_history(intake) else taken)
    known = _known_with_history(intake, frame, taken)
    kept = intake.settle(frame.with_columns(pl.int_range(pl.len()).alias("_at")))
    kept = kept.filter(~pl.col("deal").is_in(known.implode()))
    entries = entries.join(kept.select("_at"), on="_at", how="semi").drop("_at")
    _doubts(intake, kept)
    return kept.drop("_at"), entries


def _with_history(intake: Intake) -> bool:
    """Whether the file brings the history of its deals along, as the JSON of an API does."""
    return f"{intake.source}#history" in intake.settings.sources


def _known_with_history(intake: Intake, frame: pl.DataFrame, taken: pl.Series) -> pl.Series:
    """Deals that another file has already, where this one is given for their history."""
    if not _with_history(intake):
        return pl.Series([], dtype=pl.String)
    known = frame["deal"].filter(frame["deal"].is_in(taken.implode())).drop_nulls()
    if len(known):
        intake.note(
            "history_taken",
            f"{count_text(len(known), 'deal is,deals are')} in another file too; of this one the history is taken.",
        )
    return known


def _plain(intake: Intake, lookups: Lookups) -> list[pl.Series]:
    """Fields that need no more than reading and looking up."""
    columns = [intake.text(name).alias(name) for name in _TEXTS if intake.has(name)]
    columns.append(intake.text("stage"))
    if "product" not in intake.recognised.columns and lookups.products is not None:
        columns.append(look_up(intake.text("deal"), lookups.products, "product"))
    columns += _owners(intake, lookups) + _accounts(intake, lookups)
    if intake.has("pipeline"):
        pipeline = intake.text("pipeline")
        columns.append(coalesced(look_up(pipeline, lookups.pipelines, "name"), pipeline).alias("pipeline"))
    if intake.has("campaign") or intake.has("campaign_id"):
        number = intake.text("campaign_id")
        named = look_up(number, lookups.campaigns, "name")
        columns.append(coalesced(intake.text("campaign"), named, number).alias("campaign"))
    if intake.has("forecast_category"):
        columns.append(
            by_value(intake.text("forecast_category"), forecast_category).alias("forecast_category")
        )
    return columns


def _owners(intake: Intake, lookups: Lookups) -> list[pl.Series]:
    columns = []
    if intake.has("owner") or intake.has("owner_id"):
        said = coalesced(intake.text("owner"), intake.text("owner_id"))
        columns.append(coalesced(look_up(said, lookups.users, "name"), said).alias("owner"))
    if intake.has("team") or (columns and lookups.users is not None and lookups.users["team"].count()):
        owners = columns[0] if columns else intake.nothing()
        columns.append(coalesced(intake.text("team"), look_up(owners, lookups.users, "team")).alias("team"))
    return columns


def _accounts(intake: Intake, lookups: Lookups) -> list[pl.Series]:
    columns: list[pl.Series] = []
    number = intake.text("account_id")
    if lookups.deal_accounts is not None:
        number = coalesced(number, look_up(intake.text("deal"), lookups.deal_accounts, "account_id"))
    if not (intake.has("account") or number.count()):
        return columns
    said = coalesced(intake.text("account"), number)
    account = coalesced(
        look_up(number, lookups.accounts, "name"), look_up(said, lookups.accounts, "name"), said
    )
    columns.append(account.alias("account"))
    if not intake.has("segment") and lookups.accounts is not None and lookups.accounts["segment"].count():
        by_key = coalesced(
            look_up(number, lookups.accounts, "segment"), look_up(said, lookups.accounts, "segment")
        )
        columns.append(by_key.alias("segment"))
    return columns


def _outcomes(intake: Intake, lookups: Lookups) -> list[pl.Series]:
    """`stage` by its name, `status`, and `ended`, the status but for a deletion; decided once per combination."""
    flags = [intake.yes_no(name) for name in ("is_closed", "is_won", "is_lost", "is_deleted")]
    by_date = not intake.has("status") and not intake.has("is_won")
    ended = [
        (intake.text(name).is_not_null() if by_date else intake.nothing(pl.Boolean)).alias(name)
        for name in ("won_at", "lost_at")
    ]
    parts = pl.DataFrame([intake.text("stage"), intake.text("status"), *flags, *ended])
    distinct = parts.unique()
    stages = lookups.stages
    decided: dict[str, list[str]] = {"status": [], "ended": []}
    for stage, status, closed, won, lost, deleted, on_won, on_lost in distinct.iter_rows():
        flagged = {"closed": closed, "won": on_won or won, "lost": on_lost or lost}
        kept = stages.decide(stage, status, **flagged)
        decided["ended"].append(kept)
        decided["status"].append("deleted" if deleted else kept)
    # Where the status stands beside the stage, a deal is won in any stage, which says nothing about the stage.
    if (intake.has("is_closed") or intake.has("is_won")) and not intake.has("status"):
        seen = zip(distinct["stage"], decided["ended"], strict=True)
        stages.learn((stage, outcome) for stage, outcome in seen if outcome in ("open", "won", "lost"))
    found = parts.join(
        distinct.with_columns(
            pl.Series(f"_{name}", values, dtype=pl.String) for name, values in decided.items()
        ),
        on=parts.columns,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    stage = by_value(parts["stage"], stages.name)
    return [stage.alias("stage"), found["_status"].alias("status"), found["_ended"].alias("ended")]


def _currency(intake: Intake) -> pl.Series | None:
    if not intake.has("currency"):
        return None
    text = intake.text("currency")
    codes = by_value(text, lambda each: currency_named(each, intake.settings.currency))
    intake.reject(
        codes.is_null() & text.is_not_null(),
        "unknown_currency",
        "This is not a currency.",
        "Write its ISO 4217 code, such as EUR.",
        "currency",
    )
    return codes


def _amounts(intake: Intake, status: pl.Series) -> list[pl.Series]:
    """`amount` and `currency`; of won deals the amount won, where the system keeps that apart from the estimate."""
    currency = _currency(intake)
    if not (intake.has("amount") or intake.has("won_amount")):
        return [] if currency is None else [currency.alias("currency")]
    read = intake.money("amount", currency)
    if intake.has("won_amount"):
        won = intake.money("won_amount", currency)
        better = (status == "won") & won["amount"].is_not_null()
        read = won.select(each.zip_with(better, read[each.name]) for each in won)
    if not intake.settings.mapping.take_negative:
        intake.reject(
            read["amount"] < 0,
            "negative_amount",
            "The amount is negative.",
            'Correct it, or say [amount] negative = "take" in the mapping file.',
            "amount",
        )
    return list(read)


def _dates(intake: Intake, status: pl.Series) -> list[pl.Series]:
    """`created_at`, `modified_at`, `close_on`, `closing_at`: expected while open, actual once closed."""
    zone = intake.settings.zone
    created, modified = intake.instant("created_at"), intake.instant("modified_at")
    closed_at = _closed_at(intake, status)
    closed_on = days_of(closed_at, zone)
    stated, expected = intake.day("close_on"), intake.day("expected_on")
    is_open = status == "open"
    close_on = pl.DataFrame([is_open.alias("open"), stated, expected, closed_on.alias("closed_on")]).select(
        pl.when("open")
        .then(pl.coalesce("expected_on", "close_on"))
        .otherwise(pl.coalesce("closed_on", "close_on", "expected_on"))
        .alias("close_on")
    )
    columns = [created, modified, close_on.to_series()]
    if intake.has("expected_on"):
        columns.append(expected)
    closing = coalesced(closed_at, starts_of_days(close_on.to_series(), zone))
    columns.append(closing.set(is_open, None).alias("closing_at"))
    if intake.has("next_step_on"):
        columns.append(intake.day("next_step_on"))
    if intake.has("renews_on"):
        columns.append(intake.day("renews_on"))
    return columns


def _closed_at(intake: Intake, status: pl.Series) -> pl.Series:
    """The instant at which a deal closed, by the columns for its own outcome first."""
    frame = pl.DataFrame(
        [status.alias("status"), *(intake.instant(name) for name in ("won_at", "lost_at", "closed_at"))]
    )
    return frame.select(
        pl.when(pl.col("status") == "won")
        .then(pl.coalesce("won_at", "closed_at"))
        .when(pl.col("status") == "lost")
        .then(pl.coalesce("lost_at", "closed_at"))
        .alias("closed_at")
    ).to_series()


def _custom(intake: Intake) -> list[pl.Series]:
    others = intake.recognised.others
    if len(others) > MAX_CUSTOM:
        intake.note(
            "columns_left_out",
            f"{count_text(len(others), 'column is,columns are')} no field of a deal and left out:"
            f" {_listed(list(others))}.",
            remedy="Name those that are needed in the mapping file, or export fewer columns.",
        )
        return []
    columns = []
    others = {header: position for header, position in others.items() if header}
    for header, position in others.items():
        name = header if header not in _RESERVED and not header.startswith("_") else f"custom {header}"
        columns.append(intake.column(position).alias(name))
    if columns:
        intake.note("custom_columns", f"Kept as they are, as fields of your own: {_listed(list(others))}.")
    return columns


def _listed(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _check(intake: Intake, frame: pl.DataFrame, lookups: Lookups, definition: Definition | None) -> None:
    _reject_headings(intake)
    intake.reject(
        frame["status"] == UNKNOWN,
        "unknown_outcome",
        "The deal is closed, but nothing says whether it was won or lost.",
        "Say [stages] won = [...] and lost = [...] in the mapping file.",
        "status" if intake.has("status") else "stage",
    )
    known = list(lookups.stages.mapping.order)
    if definition is not None and not known:
        known = [name for stage in definition.stages for name in (stage.name, *stage.aliases)]
    if not known:
        return
    keys = {header_key(name) for name in known}
    is_open = frame["status"] == "open"
    strange = [
        stage
        for stage in frame["stage"].filter(is_open).drop_nulls().unique().sort()
        if header_key(stage) not in keys
    ]
    if len(strange) == frame["stage"].filter(is_open).n_unique():
        # A definition that knows none of the stages was not written for this pipeline; rejecting all would say less.
        intake.trouble(
            is_open,
            "unknown_stage",
            f"None of the open stages is known: {_listed(strange)}.",
            _stage_remedy(strange, known),
            "stage",
        )
        return
    for stage in strange:
        intake.reject(
            is_open & (frame["stage"] == stage),
            "unknown_stage",
            f"'{stage}' is not a stage of the pipeline.",
            _stage_remedy([stage], known),
            "stage",
        )


def _reject_headings(intake: Intake) -> None:
    """Rejects rows with nothing but one cell: the headings of groups, which people write into the column of names."""
    cells = [name for name in intake.cells.columns if name != "row"]
    if len(cells) < _ENOUGH:
        return
    filled = pl.sum_horizontal((pl.col(name).str.strip_chars() != "").cast(pl.Int32) for name in cells)
    intake.reject(
        intake.cells.select(filled == 1).to_series(),
        "heading",
        "The row has but one cell filled: it is taken for a heading.",
        "If it is a deal, fill in its stage.",
        "name" if intake.has("name") else "deal",
    )


def _stage_remedy(stages: Sequence[str], known: Sequence[str]) -> str:
    near = nearest(stages[0], known) if len(stages) == 1 else None
    hint = f"Did you mean '{near}'? " if near else ""
    return f"{hint}Known are {_listed(known)}; add it to the definition, or map it under [stages.names]."


def _doubts(intake: Intake, taken: pl.DataFrame) -> None:
    """What is doubtful about rows that were taken."""
    if not (intake.has("amount") or intake.has("won_amount")):
        intake.note(
            "no_amounts",
            "No column was taken for the amount: deals are counted, and their money is unknown.",
            remedy=f"If one of {_listed(list(intake.recognised.others))} is it, say so in the mapping file."
            if intake.recognised.others
            else "Add the amount to the export.",
        )
    status, close_on, created = taken["status"], taken["close_on"], taken["created_at"]
    closed = status.is_in(["won", "lost"])
    if intake.has("amount"):
        blank = taken["amount"].is_null()
        intake.trouble(
            (status == "won") & blank,
            "won_without_amount",
            "A won deal has no amount; it counts as a deal, not as money.",
            "Fill in what it was won for.",
            "amount",
        )
        intake.trouble(
            (status == "open") & blank,
            "blank_amount",
            "The amount of an open deal is blank; it adds nothing to any sum.",
            "Fill it in, or name a price list in the mapping file.",
            "amount",
        )
    intake.trouble(
        closed & close_on.is_null(),
        "closed_without_date",
        "A closed deal has no close date; it counts in no period.",
        "Fill in the day on which it closed.",
        "close_on",
    )
    if intake.has("stage"):
        intake.trouble(
            (status == "open") & taken["stage"].is_null(),
            "no_stage",
            "The deal has no stage, and nothing says that it was won or lost; it counts as open.",
            "Fill in its stage.",
            "stage",
        )
    ended = intake.raw("closed_at")
    if ended is not None:
        intake.trouble(
            (status == "open") & ended.is_not_null(),
            "open_with_closing_day",
            "The deal has a day on which it closed, while nothing says that it was won or lost; it counts as open.",
            "Say which stages mean won and lost: [stages] won = [...] in the mapping file.",
            "closed_at",
        )
    early = closed & (close_on < days_of(created, intake.settings.zone))
    intake.trouble(
        early,
        "closed_before_created",
        "The deal closed before it was created.",
        "Correct one of the two dates.",
        "close_on",
    )
    intake.trouble(
        closed & (taken["closing_at"] > taken["modified_at"]),
        "closed_in_future",
        "The deal is closed, with a close date later than its last change.",
        "Correct the close date; the deal counts as closed from its last change on.",
        "close_on",
    )
    if intake.has("created_at"):
        intake.trouble(
            created.is_null(),
            "no_created_date",
            "The deal has no date of creation.",
            "It is taken as there from the beginning of the book.",
            "created_at",
        )
