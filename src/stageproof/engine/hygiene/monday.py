"""Monday's routine: all four checks over the open deals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect
from stageproof.engine.hygiene.alive import activities_have_sides, alive, longest_cycle, stage_norms
from stageproof.engine.hygiene.close_date import close_date, days_after_stage
from stageproof.engine.hygiene.facts import facts
from stageproof.engine.hygiene.finding import Context, kind_of, remedy, seen
from stageproof.engine.hygiene.stage_earned import stage_earned
from stageproof.engine.hygiene.subjects import FINDING, Checked, Usual

TITLES = {
    1: "Is the close date real?",
    2: "Is the stage earned?",
    3: "Is the deal alive?",
    4: "Are the facts right?",
}
CHECKS = {1: close_date, 2: stage_earned, 3: alive, 4: facts}
_SCHEMA = pl.Schema(
    {
        "deal": pl.String,
        "check": pl.Int64,
        "code": pl.String,
        "detail": pl.String,
        "since_on": pl.Int64,
        "value": pl.Float64,
        "limit": pl.Float64,
        "amount": pl.Int64,
        "definition": pl.String,
    }
)


@dataclass(frozen=True)
class Counted:
    """How many deals a check or a kind of finding concerns, and their open amount in minor units."""

    check: int
    code: str
    says: str
    deals: int
    amount: int


@dataclass(frozen=True)
class MondayRun:
    """What the four checks found as of the pipeline's instant; nothing is computed before it is asked for."""

    pipeline: Pipeline
    checked: Mapping[int, Checked]

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding: deal, check, code, detail, since_on, value, limit, amount, definition."""
        frames = [frame for each in self.checked.values() for frame in each.findings]
        if not frames:
            return _SCHEMA.to_frame()
        table = collect(nw.concat(frames, how="vertical")).select(FINDING).cast(dict(_SCHEMA))  # type: ignore[arg-type]
        return table.sort("check", "code", "detail", "deal")

    @cached_property
    def counts(self) -> pl.DataFrame:
        """One row per check and code: `findings`, `deals`, `amount`; most deals first within a check."""
        rows = [
            self._counted(list(each.findings), ["check", "code"])
            for each in self.checked.values()
            if each.findings
        ]
        empty = pl.DataFrame(
            schema={"check": pl.Int64, "code": pl.String, "deals": pl.Int64, "amount": pl.Int64}
        )
        return pl.concat([empty, *rows]).sort(["check", "deals", "code"], descending=[False, True, False])

    def by_check(self, check: int) -> Counted:
        """The deals that the check found anything about, each once."""
        found = self.checked[check].findings
        table = self._counted(list(found), ["check"]) if found else pl.DataFrame()
        deals, amount = table.select("deals", "amount").row(0) if table.height else (0, 0)
        return Counted(check, "", TITLES[check], deals, amount)

    def by_code(self, check: int) -> list[Counted]:
        """The kinds of finding of the check, most deals first."""
        return [
            Counted(check, code, kind_of(code).says, deals, amount)
            for number, code, deals, amount in self.counts.iter_rows()
            if number == check
        ]

    @cached_property
    def unchecked(self) -> tuple[str, ...]:
        """What could not be checked, and which data the book lacks for it."""
        return tuple(dict.fromkeys(note for each in self.checked.values() for note in each.unchecked))

    @cached_property
    def context(self) -> Context:
        return Context(self.pipeline.on, self.pipeline.currency, self.pipeline.definitions)

    def seen(self, row: Mapping[str, Any]) -> str:
        """What was seen, in a sentence, for a row of `findings`."""
        return seen(row, self.context)

    def remedy(self, row: Mapping[str, Any]) -> str:
        """What to do about a row of `findings`."""
        return remedy(row, self.context)

    def _counted(self, frames: list[nw.LazyFrame[Any]], keys: list[str]) -> pl.DataFrame:
        whole = nw.concat(frames, how="vertical") if len(frames) > 1 else frames[0]
        once = whole.select(*keys, "deal", "amount").unique()
        counted = once.group_by(*keys).agg(
            deals=nw.len(), amount=nw.coalesce(nw.col("amount").sum(), nw.lit(0))
        )
        return collect(counted).select(*keys, "deals", "amount")


def usual(pipeline: Pipeline) -> Usual:
    """What the history of all deals tells at the instant, for checking a few of them."""
    # Each of these asks for a few columns of all deals, which is less than to hold them whole.
    asked = Pipeline(pipeline.book, pipeline.at, pipeline.known_at, rates_on=pipeline.rates_on)
    return pipeline.remember(
        "usual",
        lambda: Usual(
            days_after_stage(asked) if "close_on" in asked.book.fields else {},
            stage_norms(asked),
            longest_cycle(asked),
            activities_have_sides(asked),
        ),
    )


def monday(pipeline: Pipeline) -> MondayRun:
    """The four checks, ready to be asked."""
    return MondayRun(pipeline, {number: check(pipeline) for number, check in CHECKS.items()})
