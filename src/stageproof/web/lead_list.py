"""The list of leads as of an instant: how well each fits, how soon it was answered, whether sales took it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, day_number
from stageproof.engine.ideal_customer import IdealCustomer, with_fit
from stageproof.engine.measures.handover import audited_leads
from stageproof.records.models.marketing import LEAD_STATUSES
from stageproof.web.filters import NONE, Choice, Filter, periods_around, values_of_column

DAYS = 7
"""Within how many days of being qualified a lead should get a meeting."""

STATUSES = ("open", *LEAD_STATUSES, "all")
OPEN = ("new", "working", "qualified")
FINDINGS = {
    "never_met": "Qualified, never met",
    "met_late": f"Met after more than {DAYS} days",
    "waiting": "Qualified, meeting to come",
    "met_in_time": "Met in time",
    "untouched": "Nobody looked at it",
    "converted_unqualified": "Converted unqualified",
}
DATED = {"qualified": "qualified_on", "converted": "converted_on"}
"""What a period may be of, beside the day on which leads came in."""

_TEXTS = ("name", "account", "email", "lead")


def profile_of(pipeline: Pipeline) -> IdealCustomer | None:
    """The ideal customer that a definition in force declares; the first one's where several do."""
    return next((each.ideal_customer for each in pipeline.definitions if each.ideal_customer), None)


def lead_list(pipeline: Pipeline) -> pl.DataFrame | None:
    """The list, built once per instant; None where there are no leads to list."""
    return pipeline.remember("lead list", lambda: _built(pipeline))


def _built(pipeline: Pipeline) -> pl.DataFrame | None:
    if pipeline.leads is None:
        return None
    leads = collect(audited_leads(pipeline, days=DAYS)).drop("valid_to", "recorded_at", strict=False)
    zone = pipeline.book.zone
    came = pl.from_epoch("created_at", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    finding = (
        pl.when("untouched")
        .then(pl.lit("untouched"))
        .when("skipped")
        .then(pl.lit("converted_unqualified"))
        .otherwise(pl.col("handover"))
    )
    reached = {
        f"{name}_on": pl.from_epoch(f"{name}_at", time_unit="us").dt.replace_time_zone("UTC")
        .dt.convert_time_zone(zone).dt.date().cast(pl.Int32).cast(pl.Int64)
        for name in ("qualified", "converted")
    }  # fmt: skip
    leads = leads.with_columns(
        **reached,
        created_on=came.dt.date().cast(pl.Int32).cast(pl.Int64), minutes=pl.col("minutes").floor().cast(pl.Int64),
        handover=finding,
    )  # fmt: skip
    return with_fit(leads.join(_touches(pipeline), on="lead", how="left"), profile_of(pipeline)).sort(
        "created_at", "lead", descending=[True, False]
    )


def _touches(pipeline: Pipeline) -> pl.DataFrame:
    """How often each lead was touched, and when last."""
    if pipeline.touches is None:
        return pl.DataFrame(schema={"lead": pl.String, "touches": pl.Int64, "touched_on": pl.Int64})
    touched = collect(
        pipeline.touches.filter(~nw.col("lead").is_null())
        .group_by("lead")
        .agg(touches=nw.len(), touched_at=nw.col("touched_at").max())
    )
    local = pl.from_epoch("touched_at", time_unit="us").dt.replace_time_zone("UTC")
    day = local.dt.convert_time_zone(pipeline.book.zone).dt.date().cast(pl.Int32).cast(pl.Int64)
    return touched.select("lead", "touches", touched_on=day)


@dataclass(frozen=True)
class LeadFilters:
    """What the list of leads is narrowed to."""

    owner: str = ""
    source: str = ""
    campaign: str = ""
    fit: str = ""
    finding: str = ""
    period: str = ""
    dated: str = ""
    text: str = ""

    FIELDS = ("owner", "source", "campaign")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> LeadFilters:
        """The filters in a query string or a saved view; what they do not know is left out."""
        names = ("owner", "source", "campaign", "fit", "finding", "period", "dated", "text")
        return cls(**{name: str(given.get(name) or "")[:200] for name in names})

    @property
    def as_dict(self) -> dict[str, str]:
        return {name: value for name, value in self.__dict__.items() if value}

    def apply(self, pipeline: Pipeline, leads: pl.DataFrame) -> pl.DataFrame:
        """The leads that pass every filter; refused where the period is none."""
        tests = [
            pl.col(name).is_null() if value == NONE else pl.col(name) == value
            for name in self.FIELDS
            if (value := getattr(self, name))
        ]
        if self.fit:
            tests.append(pl.col("fit") == self.fit)
        if self.finding:
            tests.append(pl.col("handover") == self.finding)
        if self.period:
            period = pipeline.book.calendar.period(self.period)
            dated = pl.col(DATED.get(self.dated, "created_on"))
            tests.append(dated.is_between(day_number(period.starts_on), day_number(period.ends_on)))
        if self.text:
            words = self.text.casefold()
            tests.append(
                pl.any_horizontal(
                    pl.col(name).str.to_lowercase().str.contains(words, literal=True).fill_null(value=False)
                    for name in _TEXTS
                )
            )
        return leads.filter(*tests) if tests else leads

    def choices(self, pipeline: Pipeline, leads: pl.DataFrame) -> list[Filter]:
        """Every filter with its choices among all leads of the instant."""
        found = [self._field(pipeline, name, leads) for name in self.FIELDS]
        fits = {each: each.capitalize() for each in ("fits", "unclear", "does not fit")}
        if profile_of(pipeline) is not None:
            found.append(_filter("fit", "Fit", fits, self.fit))
        found.append(_filter("finding", "Hand-over", FINDINGS, self.finding))
        periods = {each.name: period_text(each.name) for each in came_in_periods(pipeline)}
        if self.period:
            periods.setdefault(self.period, period_text(self.period))
        return [*found, _filter("period", "Came in during", periods, self.period)]

    def _field(self, pipeline: Pipeline, name: str, leads: pl.DataFrame) -> Filter:
        values = pipeline.remember(f"lead choices {name}", lambda: values_of_column(leads[name]))
        labels = {value or NONE: value or f"no {name}" for value in values}
        if chosen := getattr(self, name):
            labels.setdefault(chosen, chosen)
        return _filter(name, name.capitalize(), labels, getattr(self, name))


def came_in_periods(pipeline: Pipeline) -> list[Any]:
    """The periods around the instant that have begun, the latest first."""
    calendar, on = pipeline.book.calendar, pipeline.on
    begun = [each for each in periods_around(calendar, pipeline) if each.starts_on <= on]
    year = calendar.containing(on, "year")
    begun.append(calendar.previous(year))
    return sorted({each.name: each for each in begun}.values(), key=lambda each: each.starts_on, reverse=True)


def _filter(name: str, label: str, labels: Mapping[str, str], chosen: str) -> Filter:
    return Filter(name, label, [Choice(value, text, value == chosen) for value, text in labels.items()])
