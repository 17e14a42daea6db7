"""The audit: everything one look at a book has to say, computed once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, collect
from stageproof.engine.hygiene.monday import MondayRun, monday
from stageproof.engine.measures.average_deal_size import average_deal_size
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.coverage import coverage, target_of
from stageproof.engine.measures.cycle_length import cycle_length
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.measures.stage_visits import stage_visits
from stageproof.engine.measures.velocity import velocity
from stageproof.engine.measures.win_rate import win_rate
from stageproof.engine.money import Money
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem
from stageproof.engine.qualification import qualified_deals

DEAL_COLUMNS = (
    "deal",
    "name",
    "account",
    "owner",
    "team",
    "stage",
    "status",
    "value",
    "close_on",
    "created_on",
    "source",
    "next_step",
    "next_step_on",
)


@dataclass(frozen=True)
class Audit:
    """The figures, breakdowns, findings and deals of a book as of one instant.

    Tables hold engine integers: minor units of `pipeline.currency`, days since 1970. `target` is in minor units.
    """

    pipeline: Pipeline
    definition: Definition
    definition_given: bool
    period: Period | None = None
    target: int | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    rows: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def open(self) -> dict[str, Any]:
        """The open pipeline: count, amount, and the same for each qualification."""
        return open_pipeline(self.pipeline).row(0, named=True)

    @cached_property
    def bookings(self) -> dict[str, Any]:
        """Won and lost, ever."""
        return bookings(self.pipeline).row(0, named=True)

    @cached_property
    def win_rate(self) -> dict[str, Any]:
        return win_rate(self.pipeline).row(0, named=True)

    @cached_property
    def average_deal_size(self) -> int | None:
        """Minor units; null where nothing was won."""
        size: int | None = average_deal_size(self.pipeline)["average_amount"][0]
        return size

    @cached_property
    def cycle_length(self) -> dict[str, Any]:
        """Days from created to won: mean, median, p90."""
        return cycle_length(self.pipeline).row(0, named=True)

    @cached_property
    def velocity_per_day(self) -> int | None:
        """Minor units per day; null where a lever is unknown."""
        per_day: int | None = velocity(self.pipeline)["per_day"][0]
        return per_day

    @cached_property
    def coverage(self) -> dict[str, Any]:
        """The four coverage ratios for the period; without a period only what is needed."""
        if self.period is None:
            rate = self.win_rate["by_count"]
            return {
                "target": None, "nominal": None, "qualified": None, "remaining": None,
                "needed": 1 / rate if rate else None,
            }  # fmt: skip
        return coverage(self.pipeline, period=self.period, target=self.target).row(0, named=True)

    @cached_property
    def period_open(self) -> dict[str, Any] | None:
        """The open deals that close in the period."""
        if self.period is None:
            return None
        return open_pipeline(self.pipeline, period=self.period).row(0, named=True)

    @cached_property
    def period_bookings(self) -> dict[str, Any] | None:
        """What was won and lost in the period so far."""
        if self.period is None:
            return None
        return bookings(self.pipeline, period=self.period).row(0, named=True)

    @cached_property
    def by_owner(self) -> pl.DataFrame:
        """One row per owner, the most open amount first."""
        goals: dict[str | None, int | None] = {}
        if self.period is not None:
            owners = self.pipeline.targets["owner"].drop_nulls().unique().to_list()
            goals = {owner: target_of(self.pipeline, self.period, owner=owner) for owner in owners}
        table = self._by("owner")
        targets = pl.Series([goals.get(owner) for owner in table["owner"]], dtype=pl.Int64)
        return table.with_columns(target=targets)

    @cached_property
    def by_source(self) -> pl.DataFrame:
        """One row per source, the most open amount first."""
        return self._by("source")

    @cached_property
    def by_stage(self) -> pl.DataFrame:
        """One row per open stage in the definition's order: open deals, and days since they entered it."""
        opened = open_pipeline(self.pipeline, by=["stage"])
        position = {stage.name: index for index, stage in enumerate(self.definition.stages)}
        places = [
            self.definition.position(name) if name is not None else None for name in opened["stage"].to_list()
        ]
        table = opened.with_columns(position=pl.Series(places, dtype=pl.Int64)).join(
            self._ages(), on="stage", how="left", nulls_equal=True
        )
        norms = {stage.name: stage.norm_days for stage in self.definition.stages}
        names = [None if place is None else self.definition.stages[place].name for place in places]
        norm = pl.Series([norms.get(name) if name else None for name in names], dtype=pl.Int64)
        missing = [name for name in position if name not in names]
        absent = pl.DataFrame(
            {"stage": missing, "position": [position[name] for name in missing],
             "norm_days": [norms[name] for name in missing]},
            schema={"stage": pl.String, "position": pl.Int64, "norm_days": pl.Int64},
        )  # fmt: skip
        whole = pl.concat([table.with_columns(norm_days=norm), absent], how="diagonal")
        counts = [name for name in whole.columns if name.endswith(("_count", "_amount"))]
        return whole.with_columns(pl.col(counts).fill_null(0)).sort("position", "stage", nulls_last=True)

    @cached_property
    def by_period(self) -> pl.DataFrame:
        """One row per quarter: won, lost, win rate, and the open deals that close in it."""
        won = bookings(self.pipeline, by=["quarter"])
        rate = win_rate(self.pipeline, by=["quarter"]).select("quarter", "by_count", "by_amount")
        opened = open_pipeline(self.pipeline, by=["quarter"])
        table = won.join(rate, on="quarter", how="left", nulls_equal=True).join(
            opened, on="quarter", how="full", coalesce=True, nulls_equal=True
        )
        counts = [
            name for name in table.columns if name.endswith(("_count", "_amount")) and name[:3] != "by_"
        ]
        return table.with_columns(pl.col(counts).fill_null(0)).sort("quarter", nulls_last=True)

    @cached_property
    def monday(self) -> MondayRun:
        """The four checks."""
        return monday(self.pipeline)

    @cached_property
    def without_rate(self) -> pl.DataFrame:
        """What no rate is known for: currency, deals and amount in its own minor units, open and closed."""
        return without_rate(self.pipeline)

    @cached_property
    def deals(self) -> pl.DataFrame:
        """The open deals, largest first, with qualification and criteria counts."""
        kept = [*DEAL_COLUMNS, "qualification", "position", "criteria_met", "criteria_waived",
                "criteria_unverifiable", "criteria_unmet"]  # fmt: skip
        table = collect(qualified_deals(self.pipeline).select(*kept))
        return table.sort(["value", "deal"], descending=[True, False], nulls_last=True)

    @cached_property
    def closed(self) -> pl.DataFrame:
        """The won and lost deals, last closed first."""
        table = collect(self.pipeline.closed.select(*DEAL_COLUMNS))
        return table.sort(["close_on", "deal"], descending=[True, False], nulls_last=True)

    def _by(self, key: str) -> pl.DataFrame:
        table = open_pipeline(self.pipeline, by=[key])
        cycle = cycle_length(self.pipeline, by=[key]).select(key, "mean", "median", "p90")
        size = average_deal_size(self.pipeline, by=[key]).select(key, "average_amount")
        rate = win_rate(self.pipeline, by=[key]).select(key, "by_count", "by_amount")
        for part in (bookings(self.pipeline, by=[key]), rate, size, cycle):
            table = table.join(part, on=key, how="full", coalesce=True, nulls_equal=True)
        sums = [name for name in table.columns if name.endswith(("_count", "_amount", "_priced"))]
        sums = [name for name in sums if name not in ("by_count", "by_amount", "average_amount")]
        return table.with_columns(pl.col(sums).fill_null(0)).sort(
            ["open_amount", "won_amount", "open_count", key],
            descending=[True, True, True, False],
            nulls_last=True,
        )

    def _ages(self) -> pl.DataFrame:
        """Days since the open deals entered their stage: median and longest."""
        here = stage_visits(self.pipeline).filter(nw.col("left_at").is_null())
        days = (nw.lit(self.pipeline.at) - nw.col("entered_at")) // DAY
        aged = here.with_columns(age=days).group_by("stage")
        return collect(aged.agg(age_median=nw.col("age").median(), age_longest=nw.col("age").max()))


def without_rate(pipeline: Pipeline) -> pl.DataFrame:
    """The deals whose amount is in no sum, for want of a rate: currency, deals, amount; the most deals first."""
    lost = pipeline.deals.filter(~nw.col("amount").is_null(), nw.col("value").is_null())
    counted = lost.group_by("currency").agg(deals=nw.len(), amount=nw.col("amount").sum())
    return collect(counted).sort(["deals", "currency"], descending=[True, False])


def _no_rates(pipeline: Pipeline) -> list[Problem]:
    own = pipeline.currency
    return [
        Problem(
            "no_rate",
            f"{Money(row['amount'], row['currency']).exact()} in {row['deals']:,} deal{'s' if row['deals'] > 1 else ''}"
            f" {'are' if row['deals'] > 1 else 'is'} in no sum: no rate to {own} is known for the day.",
            f"Add a sheet of rates with the columns currency, date and rate: what 1 {row['currency']} is in {own}.",
            value=row["currency"],
            count=row["deals"],
        )
        for row in without_rate(pipeline).iter_rows(named=True)
    ]


def audit(
    book: Book,
    *,
    as_of: dt.date | dt.datetime | str | None = None,
    known_at: dt.date | dt.datetime | str | None = None,
    definition: Definition,
    definition_given: bool = True,
    period: Period | None = None,
    target: int | None = None,
    problems: Sequence[Problem] = (),
    notes: Sequence[str] = (),
    rows: dict[str, Any] | None = None,
) -> Audit:
    """The audit of a book as of a day or instant; of the last day on which anything changed where none is given."""
    pipeline = book.as_of(as_of if as_of is not None else book.span()[1], known_at).kept()
    return Audit(
        pipeline=pipeline,
        definition=definition,
        definition_given=definition_given,
        period=period,
        target=target,
        problems=(*problems, *_no_rates(pipeline)),
        notes=tuple(notes),
        rows=rows or {},
    )
