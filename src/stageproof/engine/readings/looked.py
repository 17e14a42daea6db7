"""What a reading looks at: the deals in question at the instant, collected once and cut in many ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import EXPANSION
from stageproof.engine.frames import DAY, Lazy, collect, day_number, readable
from stageproof.engine.measures.bridge_scope import matches
from stageproof.engine.measures.coverage import target_of
from stageproof.engine.measures.grouping import closing_in, with_groups
from stageproof.engine.measures.placing import placed
from stageproof.engine.measures.stage_visits import stage_visits
from stageproof.engine.money import Money
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.qualification import QUALIFICATIONS, QUALIFIED, qualified_deals
from stageproof.engine.readings.expectation import Expectation, expected
from stageproof.engine.readings.reading import Deals, Head, Where

SHOWN = (
    "deal", "name", "account", "owner", "team", "pipeline", "stage", "status", "close_on", "amount", "currency",
    "value", "qualification", "source", "campaign", "segment", "age",
)  # fmt: skip
LEAD_COLUMNS = ("owner", "source", "campaign", "account")
"""What leads and deals have in common."""
_LEADS: dict[str, Any] = {
    **dict.fromkeys(("lead", "name", "account", "source", "campaign", "status", "owner", "deal"), pl.String),
    **dict.fromkeys(("created_at", "qualified_at"), pl.Int64),
}


@dataclass(frozen=True)
class Looked:
    """The deals of some pipelines that match `where`, and what of them falls into the period.

    Frames hold engine integers. `pipelines` None means all of new business.
    """

    pipeline: Pipeline
    period: Period
    where: Where = field(default_factory=dict)
    pipelines: Sequence[str] | None = None

    @cached_property
    def head(self) -> Head:
        """What all readings of this moment share."""
        names, _ = self._chosen
        several = len(self.pipeline.definitions) > 1
        return Head(
            as_of=self.pipeline.at,
            known_at=self.pipeline.known_at,
            zone=self.pipeline.book.zone,
            currency=self.pipeline.currency,
            definitions=tuple(
                each for each in self.pipeline.definitions if not several or each.pipeline in names
            ),
            pipelines=names,
            period=self.period,
            where=dict(self.where),
        )

    @cached_property
    def matching(self) -> dict[str, list[str | None]]:
        """`where` with the pipelines in it, as a bridge takes it."""
        _, values = self._chosen
        found = {name: list(chosen) for name, chosen in self.where.items()}
        if values is not None:
            asked = found.get("pipeline", values)
            found["pipeline"] = [value for value in values if value in asked]
        return found

    @cached_property
    def open(self) -> pl.DataFrame:
        """The open deals, one row each, with definition, position, place (the stage), `age` (days in it), `due`."""
        held = self.pipeline.remember("reading_deals", lambda: _placed_and_aged(self.pipeline))
        frame = self._matched(nw.from_native(held.lazy())) if self.matching else held
        return frame.with_columns(due=self._due())

    @cached_property
    def base(self) -> pl.DataFrame:
        """The qualified deals that close in the period, with `probability`, `expected`, and `own_expected`."""
        return self.expectation.deals

    @cached_property
    def expectation(self) -> Expectation:
        """What is expected of the base."""
        qualified = self.open.filter(pl.col("due"), pl.col("qualification") == QUALIFIED)
        return expected(self.pipeline, qualified)

    @cached_property
    def won(self) -> pl.DataFrame:
        """The deals won in the period by the instant, at the rate of the day they closed."""
        closed = closing_in(self.pipeline.closed.filter(nw.col("status") == "won"), self.period)
        return self._matched(closed).with_columns(
            qualification=pl.lit(None, dtype=pl.String), age=pl.lit(None, dtype=pl.Int64)
        )

    @cached_property
    def created(self) -> pl.DataFrame:
        """The deals that came into being in the period, whatever became of them."""
        first, last = day_number(self.period.starts_on), day_number(self.period.ends_on)
        deals = self.pipeline.deals.filter(nw.col("created_on") >= first, nw.col("created_on") <= last)
        return self._matched(deals).with_columns(
            qualification=pl.lit(None, dtype=pl.String), age=pl.lit(None, dtype=pl.Int64)
        )

    @cached_property
    def leads(self) -> pl.DataFrame:
        """The leads that match, with `qualified_at`, when they were first qualified or further.

        A lead matches by what it shares with deals; by anything else it does by its deal alone.
        """
        found = self.pipeline.remember("reading_leads", lambda: _ripened(self.pipeline))
        for name, values in self.where.items():
            if name in LEAD_COLUMNS:
                found = found.filter(pl.col(name).is_in(list(values), nulls_equal=True))
        if set(self.where) <= set(LEAD_COLUMNS):
            return found
        theirs = pl.concat([self.open["deal"], self.won["deal"], self.created["deal"]]).unique()
        return found.filter(pl.col("deal").is_in(theirs.implode()))

    @cached_property
    def closed(self) -> tuple[int, int]:
        """How many deals were ever won, and how many lost."""
        statuses = collect(self._filtered(self.pipeline.closed).select("status"))["status"]
        return int((statuses == "won").sum()), int((statuses == "lost").sum())

    @cached_property
    def target(self) -> int | None:
        """The target of those looked at: a person's, a team's or the whole's; null where none is set for them."""
        asked = [name for name, values in self.where.items() if values]
        if not asked:
            return target_of(self.pipeline, self.period)
        if len(asked) > 1 or asked[0] not in ("owner", "team"):
            return None
        found = [
            None if value is None else target_of(self.pipeline, self.period, **{asked[0]: value})
            for value in dict.fromkeys(self.where[asked[0]])
        ]
        known = [amount for amount in found if amount is not None]
        return sum(known) if known and len(known) == len(found) else None

    def money(self, amount: int | float | None) -> str:
        """The amount in the reporting currency with every digit; "unknown" where it is."""
        return "unknown" if amount is None else Money(round(amount), self.pipeline.currency).exact()

    def behind(self) -> dict[str, Deals]:
        """The deals behind each line, by its name."""
        one = {
            each: (lambda each=each: self.shown(self.open.filter(pl.col("qualification") == each)))
            for each in QUALIFICATIONS
        }
        return {
            "nominal": lambda: self.shown(self.open),
            **one,
            "outside": lambda: self.shown(
                self.open.filter(pl.col("qualification") == QUALIFIED, ~pl.col("due"))
            ),
            "due": lambda: self.shown(self.open.filter("due")),
            "due_qualified": lambda: self.shown(self.base),
            "base": lambda: self.shown(self.base, "probability", "expected"),
            "expected": lambda: self.shown(self.base, "probability", "expected"),
            "won": lambda: self.shown(self.won),
            "forecast": lambda: self.shown(self._landing(), "probability", "expected"),
            "created": lambda: self.shown(self.created),
        }

    def shown(self, deals: pl.DataFrame, *also: str) -> pl.DataFrame:
        """The deals as readers see them, the largest first, with real dates."""
        names = [name for name in SHOWN if name in deals.columns]
        table = deals.sort(["value", "deal"], descending=[True, False], nulls_last=True)
        return readable(table.select(*names, *also))

    def _landing(self) -> pl.DataFrame:
        """The base and what was won, which is as certain as can be."""
        names = [*(name for name in SHOWN if name in self.base.columns), "probability", "expected"]
        won = self.won.with_columns(probability=pl.lit(1.0), expected=pl.col("value").fill_null(0))
        return pl.concat([self.base.select(names), won.select(names)])

    @cached_property
    def _chosen(self) -> tuple[tuple[str, ...], list[str | None] | None]:
        """The names of the pipelines, and the values of the column that are theirs; None for any value."""
        usual, values = self._usual()
        asked = tuple(dict.fromkeys(self.pipelines or usual))
        if set(asked) == set(usual):
            return usual, values
        known = {*(each.pipeline for each in self.pipeline.definitions), *self._values()}
        problems = [
            Problem("unknown_pipeline", f"There is no pipeline '{name[:80]}' at this moment.",
                    f"Use one of: {', '.join(sorted(each for each in known if each))}.", column="pipelines",
                    value=name[:80])
            for name in asked if name not in known
        ]  # fmt: skip
        if problems:
            raise Refused(problems)
        return asked, list(asked)

    def _usual(self) -> tuple[tuple[str, ...], list[str | None] | None]:
        """All but expansion, unless there is nothing else; the only definition there is serves every pipeline."""
        names = tuple(each.pipeline for each in self.pipeline.definitions)
        expansions = [each.pipeline for each in self.pipeline.definitions if each.kind == EXPANSION]
        if not expansions or len(expansions) == len(names):
            return names, None
        values = [value for value in self._values() if value not in expansions]
        return tuple(name for name in names if name not in expansions), values

    def _values(self) -> list[str | None]:
        """Every pipeline that a deal was ever in by the instant."""

        def found() -> list[str | None]:
            unique = collect(self.pipeline.versions.select("pipeline").unique())["pipeline"]
            return [*sorted(unique.drop_nulls().to_list()), *([None] if unique.null_count() else [])]

        return self.pipeline.remember("pipelines", found)

    def _matched(self, deals: Lazy) -> pl.DataFrame:
        return collect(self._filtered(deals))

    def _filtered(self, deals: Lazy) -> Lazy:
        if not self.matching:
            return deals
        return with_groups(self.pipeline, deals, list(self.matching)).filter(matches(self.matching))

    def _due(self) -> pl.Expr:
        first, last = day_number(self.period.starts_on), day_number(self.period.ends_on)
        return pl.col("close_on").is_between(first, last).fill_null(False)


def _ripened(pipeline: Pipeline) -> pl.DataFrame:
    leads, versions = pipeline.leads, pipeline.lead_versions
    if leads is None or versions is None:
        return pl.DataFrame(schema=_LEADS)
    ripe = versions.filter(
        nw.col("valid_to") > nw.col("valid_from"), nw.col("status").is_in(["qualified", "converted"])
    )
    first = ripe.group_by("lead").agg(qualified_at=nw.col("valid_from").min())
    return collect(leads.join(first, on="lead", how="left").select(*_LEADS)).sort("lead")


def _placed_and_aged(pipeline: Pipeline) -> pl.DataFrame:
    here = (
        stage_visits(pipeline)
        .filter(nw.col("left_at").is_null())
        .group_by("deal")
        .agg(entered_at=nw.col("entered_at").max())
    )
    aged = placed(pipeline, qualified_deals(pipeline)).join(here, on="deal", how="left")
    return collect(aged.with_columns(age=(nw.lit(pipeline.at) - nw.col("entered_at")) // DAY)).sort("deal")


__all__ = ["LEAD_COLUMNS", "Looked"]
