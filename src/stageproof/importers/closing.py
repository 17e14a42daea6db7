"""Deals that are closed by their own row, while their history only knows their stages."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.problem import Problem
from stageproof.importers.carry import first_of_deal
from stageproof.importers.days import days_of
from stageproof.importers.header import header_key
from stageproof.importers.outcome import UNKNOWN, Stages

_CLOSED = ("won", "lost")
_CLOSED_WITH = ("amount", "close_on", "owner")
_SHOWN = 5


@dataclass(frozen=True)
class Closings:
    """How many deals closed on the day that only their row tells, and which contradict their history."""

    by_row: int = 0
    contradicted: tuple[str, ...] = ()

    def gaps(self) -> list[str]:
        """What the histories left open, in sentences."""
        if not self.by_row:
            return []
        return [
            f"The history of {self.by_row:,} closed deals does not tell that they closed: they are taken as closed"
            " from the close date of their row on."
        ]

    def problems(self) -> list[Problem]:
        """The contradictions, in one problem."""
        if not self.contradicted:
            return []
        count = len(self.contradicted)
        more = f" and {count - _SHOWN:,} more" if count > _SHOWN else ""
        return [
            Problem(
                "closed_against_history",
                f"{count_text(count, 'deal is,deals are')} closed by a row, while the history tells another day or"
                " outcome. The row counts.",
                "Correct the close date or the history of these deals.",
                value=", ".join(self.contradicted[:_SHOWN]) + more,
                count=count,
            )
        ]


def closed_as_stated(
    timeline: pl.DataFrame, present: pl.DataFrame, stages: Stages, zone: str
) -> tuple[pl.DataFrame, Closings]:
    """The timeline with every deal closed that its row says is closed, from the instant at which it closed.

    That is the last change into a stage that means closed; without one the close date, where the history does not go on
    after it; else the last change of stage, or of the deal where that is later.
    """
    if timeline.is_empty() or "from_history" in present.columns:
        return timeline, Closings()
    ends = timeline.filter((pl.col("ix") != pl.col("ix").shift(-1)).fill_null(True))
    now = present.select(pl.all().gather(ends["ix"]))
    closed = now["status"].is_in(_CLOSED)
    otherwise = closed & (ends["status"] != now["status"]) & ends["status"].is_in(_CLOSED)
    known = [*now["deal"].filter(otherwise)]
    wants = closed & (ends["status"] == "open")
    if not wants.any():
        return timeline, Closings(contradicted=tuple(known))
    moves = _moves(timeline, ends["ix"].filter(wants), stages)
    found = _instants(moves, present, zone)
    told = found.select("deal", "against", "by_row")
    doubted = sorted([*known, *told.filter("against")["deal"]])
    return _closed(timeline, found, present, stages), Closings(int(told["by_row"].sum()), tuple(doubted))


def _moves(timeline: pl.DataFrame, wanted: pl.Series, stages: Stages) -> pl.DataFrame:
    """Per deal: the last instant at which its stage changed, and `entered`, that into a stage meaning closed."""
    names = timeline["stage"].drop_nulls().unique()
    closing = [name for name in names if stages.outcome(name) in (UNKNOWN, *_CLOSED)]
    rows = timeline.select("ix", "at", "stage", first=first_of_deal(timeline["ix"]))
    begins = pl.col("first") != pl.col("first").shift(1)
    moved = pl.col("stage").ne_missing(pl.col("stage").shift(1)) | begins.fill_null(True)
    return (
        rows.with_columns(moved=moved)
        .filter("moved", pl.col("ix").is_in(wanted.implode()))
        .group_by("ix", maintain_order=True)
        .agg(moved_at=pl.col("at").last(), stage=pl.col("stage").last())
        .with_columns(entered=pl.col("stage").is_in(closing).fill_null(False))
    )


def _instants(moves: pl.DataFrame, present: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Per deal the instant `from_at` at which it closed, and how that was told."""
    now = present.select("ix", "deal", "status", "closing_at", "modified_at", here="stage")
    frame = moves.join(now, on="ix", how="left", maintain_order="left").with_columns(
        # A close date that has not come yet says when it was expected.
        closes=pl.min_horizontal("closing_at", "modified_at"),
    )
    days = [days_of(frame[name], zone).alias(f"{name}_on") for name in ("moved_at", "closing_at")]
    frame = frame.hstack(days)
    entered, stated = pl.col("entered"), pl.col("closing_at").is_not_null()
    same_day = (pl.col("moved_at_on") == pl.col("closing_at_on")).fill_null(False)
    later = (~entered & (pl.col("closes") > pl.col("moved_at"))).fill_null(False)
    return frame.with_columns(
        from_at=pl.when(later)
        .then("closes")
        .when(entered | same_day)
        .then("moved_at")
        .otherwise(pl.max_horizontal("moved_at", "modified_at")),
        against=stated & ~same_day & ~later,
        by_row=stated & ~entered & (same_day | later),
    )


def _closed(
    timeline: pl.DataFrame, found: pl.DataFrame, present: pl.DataFrame, stages: Stages
) -> pl.DataFrame:
    """The timeline closed from `from_at` on, with a row for that instant where there is none."""
    with_rows = _with_rows(timeline, found)
    shut = found.select("ix", "from_at", "entered", "here", shut="status")
    joined = with_rows.select("ix", "at", "stage").join(shut, on="ix", how="left", maintain_order="left")
    after = (joined["at"] >= joined["from_at"]).fill_null(False)
    unknown = ~joined["stage"].is_in(_open_stages(present, stages)).fill_null(False)
    # A stage that only closed deals have, and that this one entered as it closed, was never an open one.
    shed = after & (joined["entered"] | (unknown & (joined["stage"] == joined["here"]).fill_null(False)))
    blank = pl.Series([None], dtype=pl.String).new_from_index(0, joined.height)
    shut_rows = with_rows.with_columns(
        with_rows["status"].zip_with(~after, joined["shut"]).alias("status"),
        with_rows["stage"].zip_with(~shed, blank).alias("stage"),
    )
    is_last = (joined["ix"] != joined["ix"].shift(-1)).fill_null(True)
    by_row = (
        is_last & (joined["at"] == joined["from_at"]).fill_null(False) & ~joined["entered"].fill_null(True)
    )
    return shut_rows.with_columns(_as_stated(shut_rows, present, by_row))


def _as_stated(timeline: pl.DataFrame, present: pl.DataFrame, rows: pl.Series) -> list[pl.Series]:
    """What a deal was closed with, on the rows at which only its own row closed it."""
    columns = []
    for name in _CLOSED_WITH:
        if name in timeline.columns and name in present.columns:
            now = present[name].gather(timeline["ix"])
            columns.append(now.zip_with(rows & now.is_not_null(), timeline[name]).alias(name))
    return columns


def _open_stages(present: pl.DataFrame, stages: Stages) -> list[str]:
    named = {header_key(name) for name in (*stages.mapping.order, *stages.order)}
    opened = set(present.filter(pl.col("status") == "open")["stage"].drop_nulls().unique())
    return sorted(
        opened | {name for name in present["stage"].drop_nulls().unique() if header_key(name) in named}
    )


def _with_rows(timeline: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The timeline with a row for each instant of closing: the one in force, by nobody known."""
    lacking = found.select("ix", at="from_at").join(timeline.select("ix", "at"), on=["ix", "at"], how="anti")
    if lacking.is_empty():
        return timeline
    before = timeline.filter(pl.col("ix").is_in(lacking["ix"].implode()))
    rows = lacking.sort("ix", "at").join_asof(
        before.with_columns(_at="at").drop("at"),
        left_on="at",
        right_on="_at",
        by="ix",
        check_sortedness=False,
    )
    rows = rows.with_columns(
        pl.lit(None, timeline[name].dtype).alias(name) for name in ("actor", "door") if name in rows.columns
    )
    return pl.concat([timeline, rows.select(timeline.columns)]).sort("ix", "at", maintain_order=True)
