"""The deals of all files that hold some, and their histories."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from stageproof.engine.definition import Definition
from stageproof.engine.problem import Problem
from stageproof.importers.deals import read_deals
from stageproof.importers.history import Histories, read_changes, read_states
from stageproof.importers.intake import Intake, Settings
from stageproof.importers.lookups import Lookups
from stageproof.importers.stage_entries import SCHEMA
from stageproof.importers.stage_odds import stages_by_odds

_SOME = 3
"""From so many deals on it is remarkable that none has closed."""
_STAGES_SHOWN = 12
_BARE = {
    "deal": pl.String,
    "status": pl.String,
    "ended": pl.String,
    "stage": pl.String,
    "created_at": pl.Int64,
    "modified_at": pl.Int64,
    "close_on": pl.Int64,
    "closing_at": pl.Int64,
    "closes_apart": pl.Boolean,
}


class DealFiles:
    """Collects present states and histories; `number` fixes the deals, histories refer to them by `ix`."""

    def __init__(self, lookups: Lookups, definition: Definition | None) -> None:
        self._lookups = lookups
        self._definition = definition
        self._parts: list[pl.DataFrame] = []
        self._entries: list[pl.DataFrame] = []
        self.histories = Histories()
        self.present = pl.DataFrame(schema=_BARE)
        self.entries = pl.DataFrame(schema={"ix": pl.UInt32, "at": pl.Int64, "stage": pl.String})
        self.currency_assumed = True
        self._from_history = False
        self._settings: Settings | None = None

    def read(self, intake: Intake) -> None:
        """The deals of one file."""
        frame, entries = read_deals(intake, self._lookups, self._definition, self._taken())
        apart = any(intake.has(name) for name in ("closed_at", "won_at", "lost_at", "expected_on"))
        self._parts.append(frame.with_columns(pl.lit(apart).alias("closes_apart")))
        self._entries.append(entries)
        if intake.has("currency") or intake.names_currency("amount"):
            self.currency_assumed = False

    def _taken(self) -> pl.Series:
        return (
            pl.concat([part["deal"] for part in self._parts])
            if self._parts
            else pl.Series([], dtype=pl.String)
        )

    def number(self, settings: Settings) -> None:
        """Puts the deals of all files together in the order of their ids."""
        self._settings = settings
        if not self._parts:
            self._from_history = True
            return
        whole = pl.concat(self._parts, how="diagonal").drop("row", strict=False)
        self._parts = []
        self.present = whole.sort("deal").with_row_index("ix")
        if "currency" in self.present.columns and self.present["currency"].n_unique() > 1:
            self.currency_assumed = False
        entries = pl.concat([pl.DataFrame(schema=SCHEMA).drop("_at"), *self._entries])
        self.entries = entries.join(self.present.select("deal", "ix"), on="deal", how="inner").select(
            "ix", "at", "stage"
        )

    def merge(self, intake: Intake) -> None:
        """Marks deals that were merged into others as deleted."""
        merged = intake.settle(pl.DataFrame([intake.text("merged")]))["merged"].drop_nulls()
        gone = pl.col("deal").is_in(merged.implode())
        self.present = self.present.with_columns(
            status=pl.when(gone).then(pl.lit("deleted")).otherwise("status"),
        )

    def read_states(self, intake: Intake) -> None:
        """A file of states; where no file holds the deals themselves, they are those of their histories."""
        if self._from_history:
            self._add_unknown(intake)
        frame = read_states(intake, self.present, self._lookups)
        if frame.height:
            self.histories.states.append(frame)

    def read_changes(self, intake: Intake) -> None:
        """A file of changes of fields."""
        if self._from_history:
            self._add_unknown(intake)
        for name, frame in read_changes(intake, self.present, self._lookups).items():
            self.histories.changes.setdefault(name, []).append(frame)

    def _add_unknown(self, intake: Intake) -> None:
        """Deals of which only history is known."""
        numbers = intake.text("deal").drop_nulls().unique().sort()
        more = numbers.filter(~numbers.is_in(self.present["deal"].implode()))
        blank = [name for name in _BARE if name not in ("deal", "status", "ended", "closes_apart")]
        bare = pl.DataFrame({"deal": more}, schema={"deal": pl.String}).with_columns(
            pl.lit("open").alias("status"),
            pl.lit("open").alias("ended"),
            *(pl.lit(None, _BARE[name]).alias(name) for name in blank),
            closes_apart=pl.lit(False),
            from_history=pl.lit(True),
        )
        parts = [self.present.drop("ix", strict=False), bare] if self.present.height else [bare]
        self.present = pl.concat(parts, how="diagonal").with_row_index("ix")
        said = "No file holds the deals themselves: their names, accounts, owners and sources are not known."
        if said not in self._lookups.gaps:
            self._lookups.gaps.append(said)

    def known(self) -> pl.DataFrame:
        """deal, name, owner and created_at of every deal."""
        names = [name for name in ("deal", "name", "owner", "created_at") if name in self.present.columns]
        return self.present.select(names)

    def without_outcomes(self) -> list[Problem]:
        """That no deal is won or lost, which may be so, or be what its stages are called."""
        present = self.present
        if self._from_history or present.height < _SOME or present["ended"].is_in(["won", "lost"]).any():
            return []
        stages = present["stage"].drop_nulls().unique().sort().to_list()
        named = f": the stages are {', '.join(stages[:_STAGES_SHOWN])}" if stages else ""
        return [
            Problem(
                "no_outcomes",
                f"No deal is won or lost{named}. Win rate, cycle and velocity are unknown.",
                "Export closed deals too; if a stage means won or lost, say [stages] won = [...] in the mapping file.",
            )
        ]

    def stage_order(self, used: Collection[str]) -> tuple[str, ...]:
        """The open stages early to late: as the mapping or the system's own table has them, else by probability.

        `used` are those that deals were ever in; probabilities count only where they tell of all of them.
        """
        mapped = self._lookups.stages.mapping.order or tuple(self._lookups.stages.order)
        odds = () if mapped else stages_by_odds(self.present)
        return mapped or (odds if set(used) <= set(odds) else ())
