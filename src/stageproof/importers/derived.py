"""Rows of state that created and closed dates tell, where no history does, and what they leave unknown."""

from __future__ import annotations

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.frames import DAY
from stageproof.importers.days import days_of, starts_of_days

VOLATILE = ("amount", "close_on", "forecast_category", "next_step", "next_step_on", "competitor")
"""Fields that change while a deal is open, and often at its close: of closed deals only the end is known."""
_NEEDED = ("ix", "status", "ended", "stage", "created_at", "modified_at", "closing_at")


def derived_rows(
    present: pl.DataFrame,
    states: pl.DataFrame,
    changes: dict[str, pl.DataFrame],
    entries: pl.DataFrame,
    *,
    before_close: str | None,
    zone: str,
    undated_from: int,
) -> tuple[pl.DataFrame, list[str]]:
    """ix, at, stage and status, in no order; and in sentences what could not be known."""
    deals = _deals(present, states, changes)
    dated = [deals["created_at"], deals["closes_at"], states["at"], entries["at"]]
    dated += [frame["at"] for frame in changes.values()]
    begins = _begin_of_book(dated, zone, undated_from)
    entered = _entered(entries, deals)
    opening = _without_entered(_opening(deals, before_close), entered)
    undated = _undated(deals, entered, begins)
    closing = _closing(deals, begins)
    gone = deals.filter(_PLAIN, pl.col("status") == "deleted").select(
        "ix", at=pl.col("gone_at").fill_null(begins), stage="stage", status="status"
    )
    tracked = "stage" in changes or "status" in changes
    parts = (opening, entered, undated, closing, gone)
    texts = [pl.col(name).cast(pl.String) for name in ("stage", "status")]
    rows = pl.concat([part.select("ix", "at", *texts) for part in parts])
    gaps = _gaps(
        deals if not tracked else deals.filter(pl.col("status") != "open"),
        opening if "stage" not in changes else opening.clear(),
        undated,
        closing,
        valued="amount" in present.columns and "amount" not in changes,
    )
    return rows, gaps


_PLAIN = pl.col("first_at").is_null()
"""Whether no history tells the deal's stage or status."""


def _deals(present: pl.DataFrame, states: pl.DataFrame, changes: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The deals with the instants that matter: first known, closing, and deletion."""
    deals = present.select(_NEEDED).hstack(_first_known(states, changes, present.height).drop("ix"))
    closes = pl.max_horizontal(pl.min_horizontal("closing_at", "modified_at"), "created_at")
    return deals.with_columns(
        first_at=pl.min_horizontal("state_at", "change_at"),
        # A close without a date, and a deletion without an instant, are as old as the deal.
        closes_at=pl.when(pl.col("ended") != "open").then(pl.coalesce(closes, "created_at")),
        gone_at=pl.when(pl.col("status") == "deleted").then(pl.coalesce("modified_at", "created_at")),
    )


def _first_known(states: pl.DataFrame, changes: dict[str, pl.DataFrame], deals: int) -> pl.DataFrame:
    """Per deal: `state_at`, its first row of state; `change_at`, the first change of stage or status."""
    begun = states.filter((pl.col("ix") != pl.col("ix").shift(1)).fill_null(True))
    firsts = begun.select("ix", state_at="at", state_closed=pl.col("status") != "open")
    told = [
        changes[name].select("ix", "at", "old", "knows_old")
        for name in ("stage", "status")
        if name in changes
    ]
    frame = pl.DataFrame({"ix": pl.int_range(deals, dtype=pl.UInt32, eager=True)})
    frame = frame.join(firsts, on="ix", how="left", maintain_order="left")
    if told:
        by_deal = (
            pl.concat(told)
            .group_by("ix")
            .agg(change_at=pl.col("at").min(), knows_old=pl.col("knows_old").any())
        )
        return frame.join(by_deal, on="ix", how="left", maintain_order="left")
    return frame.with_columns(change_at=pl.lit(None, pl.Int64), knows_old=pl.lit(None, pl.Boolean))


def _opening(deals: pl.DataFrame, before_close: str | None) -> pl.DataFrame:
    """Each deal as it came into being: an open one without history in its present stage, else in an unknown one."""
    known_later = ~(_PLAIN | pl.col("state_closed").fill_null(False))
    return deals.filter(
        pl.col("created_at").is_not_null(),
        _PLAIN | _creation_apart(),
        (pl.col("ended") == "open") | (pl.col("created_at") < pl.col("closes_at")) | known_later,
        pl.col("gone_at").is_null() | (pl.col("created_at") < pl.col("gone_at")) | ~_PLAIN,
    ).select(
        "ix",
        at="created_at",
        stage=pl.when(_PLAIN & (pl.col("status") == "open"))
        .then("stage")
        .otherwise(pl.lit(before_close, pl.String)),
        status=pl.lit("open"),
        unknown=~_PLAIN | (pl.col("status") != "open"),
    )


def _creation_apart() -> pl.Expr:
    """Whether creation is an instant of its own, apart from the first row of history.

    Creation dates without a time are up to a day earlier than the history's first row. Where changes name the old
    value, the state between creation and the first change is known, so creation is always a row.
    """
    with_old = pl.col("knows_old").fill_null(False) & (pl.col("created_at") < pl.col("first_at"))
    return with_old | (pl.col("created_at") + DAY <= pl.col("first_at"))


def _entered(entries: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Entries of stages of deals without history, before they closed."""
    known = deals.select("ix", "first_at", "closes_at", "status")
    rows = entries.join(known, on="ix", how="inner").filter(
        pl.col("first_at").is_null(), pl.col("closes_at").is_null() | (pl.col("at") < pl.col("closes_at"))
    )
    return (
        rows.sort("ix", "at", "stage")
        .unique(["ix", "at"], keep="last", maintain_order=True)
        .select("ix", "at", "stage", status=pl.lit("open"))
    )


def _without_entered(opening: pl.DataFrame, entered: pl.DataFrame) -> pl.DataFrame:
    """Openings without a stage where stage dates tell when stages began, and none where one begins at once."""
    known = entered.select("ix").unique().with_columns(told=True)
    return (
        opening.join(known, on="ix", how="left")
        .with_columns(stage=pl.when(pl.col("told").is_null()).then("stage"))
        .join(entered.select("ix", "at"), on=["ix", "at"], how="anti")
    )


def _undated(deals: pl.DataFrame, entered: pl.DataFrame, begins: int) -> pl.DataFrame:
    """Open deals of which no date is known, as there from the beginning of the book."""
    rows = deals.filter(pl.col("created_at").is_null(), _PLAIN, pl.col("ended") == "open")
    rows = rows.filter(pl.col("status") == "open").join(entered, on="ix", how="anti")
    return rows.select("ix", at=pl.lit(begins, pl.Int64), stage="stage", status=pl.lit("open"))


def _closing(deals: pl.DataFrame, begins: int) -> pl.DataFrame:
    """Closed deals from the instant they closed, where that is before their history or they have none."""
    earlier = pl.col("state_closed") & (pl.col("closes_at") + DAY <= pl.col("state_at"))
    return deals.filter(
        pl.col("ended") != "open",
        _PLAIN | earlier,
        pl.col("gone_at").is_null() | (pl.col("closes_at") < pl.col("gone_at")) | ~_PLAIN,
    ).select(
        "ix",
        at=pl.col("closes_at").fill_null(begins),
        stage="stage",
        status="ended",
        dated=pl.col("created_at").is_not_null(),
    )


def _begin_of_book(instants: list[pl.Series], zone: str, undated_from: int) -> int:
    """The start of the earliest day on which anything is known to have happened."""
    firsts = [column.min() for column in instants]
    known = [first for first in firsts if isinstance(first, int)]
    day = days_of(pl.Series([min(known, default=undated_from)], dtype=pl.Int64), zone)
    return int(starts_of_days(day, zone)[0])


def _gaps(
    deals: pl.DataFrame, opening: pl.DataFrame, undated: pl.DataFrame, closing: pl.DataFrame, *, valued: bool
) -> list[str]:
    """In sentences, what the files could not tell."""
    plain = deals.filter(_PLAIN)
    closed = plain.filter(pl.col("status") != "open").height
    unknown = opening.filter(pl.col("unknown"), pl.col("stage").is_null(), pl.col("told").is_null()).height
    without = closing.filter(~pl.col("dated")).height
    said = (
        (
            plain.height,
            f"{plain.height:,} of {count_text(deals.height, 'deal')} had no history of changes: taken as open from the"
            " day of creation to the day of closing, and open ones as always in their present stage, with"
            " their present amount, close date and owner.",
        ),
        (
            closed if valued else 0,
            f"What {count_text(closed, 'closed deal was,closed deals were')} worth, and expected to close when, is not"
            " known for the time before: as of an earlier day such deals count as open without an amount.",
        ),
        (
            unknown,
            f"The stage of {count_text(unknown, 'deal')} before the history begins, or before the close, is not known.",
        ),
        (
            undated.height,
            f"{count_text(undated.height, 'open deal has,open deals have')} no date of creation: taken as open from the"
            " first day of the book.",
        ),
        (
            without,
            f"{without:,} closed deals have no date of creation: they are not counted as open before they closed.",
        ),
    )
    return [sentence for count, sentence in said if count]
