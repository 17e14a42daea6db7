"""Asking: a measure by its name, with words that become what it takes; the same for pages, API and commands."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import narwhals as nw
import polars as pl

from stageproof.engine.book import Instant, Pipeline
from stageproof.engine.frames import Lazy, collect, instant_of
from stageproof.engine.measures import MEASURES, Measure
from stageproof.engine.measures.bridge import Bridge
from stageproof.engine.measures.grouping import same_as
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Problem, Refused

Kind = Literal["text", "whole", "number", "money", "day", "instant", "yes_no"]
PARAMETERS = (
    "period",
    "by",
    "as_of",
    "known_at",
    "start",
    "start_known_at",
    "mode",
    "model",
    "of",
    "view",
    "since",
    "outcomes",
    "days",
)
"""What a measure can be asked with in words; `as_of` and `known_at` are of the pipeline."""

Given: TypeAlias = Mapping[str, Any]
"""What a measure is asked with, as it takes it."""

STARTS = ("start", "start_known_at")
"""The instants of a bridge's start."""

MOST_DAYS = 366
"""The longest that may be asked for in `days`."""

WORDS = ("mode", "model", "of", "view", "since")
OF_EVERY_PIPELINE = ("retention",)
"""What follows contracts from new business into what comes after it."""

MONEY = (
    "amount",
    "cost",
    "spent",
    "cost_per_won",
    "target",
    "value",
    "per_day",
    "moved",
    "velocity_before",
    "velocity_after",
)
ROWS: dict[str, tuple[str, ...]] = {
    "attribution": ("source", "campaign"),
    "bridge": ("line",),
    "conversion": ("definition", "stage"),
    "coverage_ahead": ("closing_in",),
    "cycle_distribution": ("took",),
    "campaign_costs": ("campaign",),
    "funnel": ("definition", "step"),
    "leaks": ("definition", "step", "reason"),
    "qualified_bridge": ("line",),
    "sources": ("source", "campaign"),
    "velocity_change": ("lever",),
    "stage_visits": ("deal",),
    "stage_win_rate": ("definition", "stage"),
    "push_count": ("deal",),
    "time_in_stage": ("definition", "stage"),
}
"""What tells the rows of a measure's table apart beside the groups that were asked for."""


def find_measure(name: str) -> Measure | None:
    """The measure of this name; None where there is none."""
    return MEASURES.get(name)


def takes(measure: Measure) -> list[str]:
    """What a measure can be asked with, by name."""
    return [name for name in _parameters(measure) if name in PARAMETERS]


def needs(measure: Measure) -> list[str]:
    """What a measure has to be asked with."""
    return [
        name for name, parameter in _parameters(measure).items()
        if parameter.default is inspect.Parameter.empty and name not in ("book", "pipeline", "end")
    ]  # fmt: skip


def narrows_itself(measure: Measure) -> bool:
    """Whether a measure takes what to narrow to, and need not be asked of a narrowed pipeline."""
    return "where" in _parameters(measure)


def arguments(measure: Measure, asked: Mapping[str, str | None], calendar: Calendar) -> dict[str, Any]:
    """What is asked for in words, as the measure takes it; refused where it takes no such thing, or lacks one.

    The instants of a bridge's start stay as they were written, for only whoever asks knows which may be asked for.
    """
    possible = _parameters(measure)
    given: dict[str, Any] = {}
    if asked.get("period"):
        given["period"] = calendar.period(str(asked["period"]))
    if asked.get("by"):
        names = tuple(name.strip() for name in str(asked["by"]).split(",") if name.strip())
        given["by"] = names[0] if measure.name in ("attribution", "sources") else names
    if asked.get("outcomes"):
        given["outcomes"] = tuple(str(asked["outcomes"]).split(","))
    if asked.get("days") is not None:
        given["days"] = _days(str(asked["days"]))
    for name in (*STARTS, *WORDS):
        if (value := asked.get(name)) is not None:
            given[name] = value
    problems = [_takes_no(measure, name) for name in given if name not in possible]
    problems += [
        Problem("missing_value", f"The measure {measure.name} needs '{name}'.", _such_as(name), column=name)
        for name in needs(measure)
        if name not in given
    ]
    for name, value in given.items():
        choices = choices_of(measure, name)
        if choices and value not in choices:
            says = f"'{str(value)[:40]}' is not one of {', '.join(choices)}."
            problems.append(
                Problem("wrong_value", says, "Choose one of these.", column=name, value=str(value)[:40])
            )
    if problems:
        raise Refused(problems)
    return given


def answer(measure: Measure, pipeline: Pipeline, given: Mapping[str, Any]) -> pl.DataFrame:
    """The measure's table with the arguments given; of a bridge its lines."""
    if "book" in _parameters(measure):
        return bridged(measure, pipeline, given).lines
    found = measure.compute(pipeline, **given)
    table: pl.DataFrame = collect(found) if isinstance(found, nw.LazyFrame) else found
    # Rows of single deals come in no order of their own.
    order = [name for name in ("deal", "entered_at") if name in table.columns]
    return table.sort(order) if "deal" in table.columns else table


def bridged(measure: Measure, pipeline: Pipeline, given: Mapping[str, Any]) -> Bridge:
    """The bridge that ends with the pipeline and begins at `start`, a day or an instant."""
    rest = dict(given)
    start: Instant = rest.pop("start")
    known = None if pipeline.known_at is None else instant_of(pipeline.known_at)
    bridge: Bridge = measure.compute(pipeline.book, start, instant_of(pipeline.at), known_at=known, **rest)
    return bridge


def choices_of(measure: Measure, name: str) -> list[str]:
    """The words that a parameter may be; none where it is not one of a few."""
    parameter = _parameters(measure).get(name)
    written = getattr(inspect.getmodule(measure.compute), str(parameter and parameter.annotation), None)
    return [choice for choice in get_args(written) if isinstance(choice, str)]


def kind_of(name: str, dtype: Any) -> Kind:
    """What a column of a measure's table holds."""
    if dtype == pl.Boolean:
        return "yes_no"
    if dtype == pl.String:
        return "text"
    if dtype.is_float():
        return "number"
    if dtype.is_integer():
        if name.endswith("_on"):
            return "day"
        if name.endswith("_at") or name in ("valid_from", "valid_to"):
            return "instant"
        return "money" if name in MONEY or name.endswith("_amount") else "whole"
    return "text"


@dataclass(frozen=True)
class Asked:
    """A figure: of which measure, asked with what, in which row of its table, in which column."""

    measure: str
    given: Given
    row: Given
    column: str

    @property
    def by(self) -> tuple[str, ...]:
        by = self.given.get("by", ())
        return (by,) if isinstance(by, str) else tuple(by)

    @property
    def period(self) -> Any:
        return self.given.get("period")

    def here(self, deals: Lazy) -> Lazy:
        """The deals that are in the row's groups."""
        return deals.filter(*(same_as(name, self.row[name]) for name in self.by)) if self.by else deals


def _days(text: str) -> int:
    """A number of days; refused where it is none, or more than a year."""
    if text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST_DAYS:
        return int(text)
    says = f"'{text[:40]}' is not a number of days."
    remedy = f"Give one from 1 to {MOST_DAYS}."
    raise Refused([Problem("wrong_days", says, remedy, column="days", value=text[:40])])


def _parameters(measure: Measure) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(measure.compute).parameters


def _such_as(name: str) -> str:
    given = {"period": "2026-Q2", "start": "2026-03-31"}.get(name, "...")
    return f"Say {name}={given}; at the command line --{name.replace('_', '-')} {given}."


def _takes_no(measure: Measure, name: str) -> Problem:
    can = ", ".join(takes(measure)) or "nothing"
    return Problem(
        "unknown_field", f"The measure {measure.name} takes no '{name}'.", f"It takes: {can}.", column=name
    )
