"""Filters of the deal lists: owner, team, source, period and risk, the same on every page and in saved views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import day_number
from stageproof.engine.hygiene.finding import kind_of
from stageproof.engine.period import Calendar, Period
from stageproof.web.deal_list import at_risk, holding, risk_codes

FIELDS = ("owner", "team", "source")
NONE = "(none)"
ANY_RISK = "any"


@dataclass(frozen=True)
class Choice:
    """One value that a filter may take, and whether it is taken."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Filter:
    """One filter with its choices; `chosen` is the label of the value taken, blank for all."""

    name: str
    label: str
    choices: list[Choice]

    @property
    def chosen(self) -> str:
        return next((each.label for each in self.choices if each.chosen), "")


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to."""

    owner: str = ""
    team: str = ""
    source: str = ""
    period: str = ""
    risk: str = ""
    text: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Filters:
        """The filters in a query string or a saved view; what they do not know is left out."""
        names = ("owner", "team", "source", "period", "risk", "text")
        return cls(**{name: str(given.get(name) or "")[:200] for name in names})

    @property
    def as_dict(self) -> dict[str, str]:
        return {name: value for name, value in self.__dict__.items() if value}

    def apply(self, pipeline: Pipeline, deals: pl.DataFrame) -> pl.DataFrame:
        """The deals that pass every filter; refused where the period is none."""
        tests = [
            pl.col(name).is_null() if value == NONE else pl.col(name) == value
            for name in FIELDS
            if (value := getattr(self, name))
        ]
        if self.period:
            tests.append(self._closing(pipeline.book.calendar.period(self.period)))
        if self.text:
            tests.append(holding(self.text, deals))
        narrowed = deals.filter(*tests) if tests else deals
        if not self.risk:
            return narrowed
        rows = at_risk(pipeline)
        wanted = rows if self.risk == ANY_RISK else rows.filter(pl.col("code") == self.risk)
        return narrowed.join(wanted.select("deal"), on="deal", how="semi")

    def _closing(self, period: Period) -> pl.Expr:
        return pl.col("close_on").is_between(day_number(period.starts_on), day_number(period.ends_on))

    def choices(self, pipeline: Pipeline, deals: pl.DataFrame, whose: str) -> list[Filter]:
        """Every filter with its choices among the deals given; `whose` names them, for all who see the same."""
        values = pipeline.remember(
            f"choices {whose}", lambda: {name: values_of_column(deals[name]) for name in FIELDS}
        )
        found = [self._of_field(name, values[name]) for name in FIELDS]
        return [*found, self._of_period(pipeline), self._of_risk(pipeline)]

    def _of_field(self, name: str, values: list[str | None]) -> Filter:
        labels = {value or NONE: value or f"no {name}" for value in values}
        if (chosen := getattr(self, name)) and chosen not in labels:
            labels[chosen] = chosen
        return Filter(name, name.capitalize(), [Choice(v, label, v == chosen) for v, label in labels.items()])

    def _of_period(self, pipeline: Pipeline) -> Filter:
        labels = {
            each.name: period_text(each.name) for each in periods_around(pipeline.book.calendar, pipeline)
        }
        if self.period:
            labels.setdefault(self.period, period_text(self.period))
        return Filter(
            "period", "Closing in", [Choice(v, label, v == self.period) for v, label in labels.items()]
        )

    def _of_risk(self, pipeline: Pipeline) -> Filter:
        codes = sorted(risk_codes(pipeline) | ({self.risk} - {"", ANY_RISK}))
        labels = {ANY_RISK: "Any risk", **{code: kind_of(code).says for code in codes}}
        return Filter("risk", "Risk", [Choice(v, label, v == self.risk) for v, label in labels.items()])


def values_of_column(column: pl.Series) -> list[str | None]:
    """The values of a column in their order, blank last where there are blanks."""
    values = column.unique()
    return [*sorted(values.drop_nulls().to_list()), *([None] if values.null_count() else [])]


def periods_around(calendar: Calendar, pipeline: Pipeline) -> list[Period]:
    """This month and the next, this quarter, the one before and the two after, and this year."""
    month = calendar.containing(pipeline.on, "month")
    quarter = calendar.containing(pipeline.on, "quarter")
    after = calendar.next(quarter)
    return [
        month, calendar.next(month), calendar.previous(quarter), quarter, after, calendar.next(after),
        calendar.containing(pipeline.on, "year"),
    ]  # fmt: skip
