"""Measures: every figure by name, at any moment, over the deals that the caller may see."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import narwhals as nw
import polars as pl
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from stageproof.actions.conflict import NotFound
from stageproof.api.auth import actor
from stageproof.api.moment import moment_of, seen, shown
from stageproof.api.paging import USUAL, cursor_of, place_of
from stageproof.api.shapes import Limit, answers, as_money
from stageproof.audit import document
from stageproof.audit.audit import Audit
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, instant_of, readable
from stageproof.engine.measures import MEASURES, Measure
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Measures"])
MONEY = ("amount", "target", "value", "per_day")
Kind = Literal["text", "whole", "number", "money", "day", "instant", "yes_no"]


class MeasureOf(BaseModel):
    """A measure: what it says, how it is computed, and what it can be asked with."""

    name: str
    says: str
    formula: str
    page: str
    takes: list[str]
    needs: list[str]


class MeasureList(BaseModel):
    """Every measure."""

    items: list[MeasureOf]
    next: str | None = None


class ColumnOf(BaseModel):
    """A column of a table and what is in it."""

    name: str
    kind: Kind


class Table(BaseModel):
    """A measure's table: money with its currency, ratios as numbers, unknown as null."""

    measure: str
    says: str
    formula: str
    as_of: str
    known_at: str | None
    definitions: list[str]
    currency: str
    period: str | None
    columns: list[ColumnOf]
    rows: list[dict[str, Any]]
    next: str | None


class MeasureQuery(BaseModel):
    """What a measure is asked with; which of it a measure takes is in the list of measures."""

    period: str | None = Field(
        None, max_length=40, description="2026-Q1, 2026-03, FY2026, 2026-01-01..2026-02-15"
    )
    by: str = Field("", max_length=200, description="Columns to group by, with commas: owner,quarter")
    as_of: str | None = Field(None, max_length=40)
    known_at: str | None = Field(None, max_length=40)
    start: str | None = Field(None, max_length=40, description="Of a bridge: the day or instant it begins.")
    mode: str | None = Field(None, max_length=20, description="Of a bridge: endpoints or events.")
    model: str | None = Field(
        None, max_length=20, description="Of attribution: first, last, linear, w_shaped."
    )
    of: str | None = Field(None, max_length=20, description="Of attribution: won, open, qualified.")
    view: str | None = Field(None, max_length=20, description="Of a funnel: period or cohort.")
    outcomes: str | None = Field(None, max_length=40, description="Of cycle length: won,lost.")
    cursor: str | None = Field(None, max_length=500)
    limit: Limit = USUAL


class Summary(BaseModel):
    """The audit of the live pipeline, as `stageproof audit --json` has it; see its schema."""

    as_of: str
    as_of_instant: str
    known_at: str | None
    zone: str
    currency: str
    headline: list[str]
    definition: dict[str, Any]
    period: dict[str, Any] | None
    figures: dict[str, Any]
    by_owner: list[dict[str, Any]]
    by_stage: list[dict[str, Any]]
    by_source: list[dict[str, Any]]
    by_period: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    explanations: dict[str, Any]


class SummaryQuery(BaseModel):
    """Of which pipeline, when, and for which period."""

    pipeline: str | None = Field(None, max_length=120)
    period: str | None = Field(None, max_length=40)
    as_of: str | None = Field(None, max_length=40)
    known_at: str | None = Field(None, max_length=40)


@router.get("/measures", response=answers(MeasureList))
@policy(*EVERYONE)
def measures(request: HttpRequest) -> Any:
    """Every measure by name, with what it takes."""
    return {"items": [_described(each) for each in MEASURES.values()]}


@router.get("/measures/{name}", response=answers(Table))
@policy(*EVERYONE)
def measure(request: HttpRequest, name: str, asked: Query[MeasureQuery]) -> Any:
    """One measure as a table; following parts are of the very same instant."""
    found = MEASURES.get(name)
    if found is None:
        raise NotFound("measure", name[:80])
    moment, start = moment_of(asked.as_of, asked.known_at), 0
    if asked.cursor:
        at, known, start = place_of(asked.cursor, [int, int, int])
        moment = replace(moment, pipeline=Pipeline(moment.pipeline.book, at, known))
    pipeline = seen(actor(request), moment.pipeline)
    period = pipeline.book.calendar.period(asked.period) if asked.period else None
    table = _computed(found, pipeline, asked, period)
    part = readable(table.slice(start, asked.limit))
    following = None
    if table.height > start + asked.limit:
        # The instant up to which it was known is fixed, so that the parts fit together.
        known = pipeline.at if pipeline.known_at is None else pipeline.known_at
        following = cursor_of(pipeline.at, known, start + asked.limit)
    kinds = {column: _kind(column, table.schema[column]) for column in table.columns}
    return {
        "measure": found.name,
        "says": found.says,
        "formula": found.formula,
        **shown(moment),
        "definitions": [f"{each.pipeline} {each.version}" for each in pipeline.definitions],
        "currency": pipeline.currency,
        "period": period.name if period else None,
        "columns": [{"name": column, "kind": kind} for column, kind in kinds.items()],
        "rows": [_row(row, kinds, pipeline.currency) for row in part.iter_rows(named=True)],
        "next": following,
    }


@router.get("/pipeline", response=answers(Summary))
@policy(*EVERYONE)
def pipeline_summary(request: HttpRequest, asked: Query[SummaryQuery]) -> Any:
    """The whole pipeline at a moment: figures, breakdowns, findings, each explained."""
    moment = moment_of(asked.as_of, asked.known_at)
    pipeline = seen(actor(request), moment.pipeline)
    period = pipeline.book.calendar.period(asked.period) if asked.period else None
    chosen = [each for each in pipeline.definitions if asked.pipeline in (None, each.pipeline)]
    if not chosen:
        known = ", ".join(each.pipeline for each in pipeline.definitions) or "none is in force"
        says = f"There is no pipeline '{asked.pipeline}' at this moment."
        raise Refused([Problem("unknown_pipeline", says, f"Use one of: {known}.", column="pipeline")])
    body = document.document(Audit(pipeline, chosen[0], True, period))
    return {**body, "known_at": shown(moment)["known_at"]}


def _described(each: Measure) -> dict[str, Any]:
    parameters = _parameters(each)
    needs = [
        name for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in ("book", "pipeline", "end")
    ]  # fmt: skip
    takes = [name for name in parameters if name in MeasureQuery.model_fields]
    return {
        "name": each.name, "says": each.says, "formula": each.formula, "page": each.page, "takes": takes,
        "needs": needs,
    }  # fmt: skip


def _computed(found: Measure, pipeline: Pipeline, asked: MeasureQuery, period: Period | None) -> pl.DataFrame:
    given = _arguments(found, asked, period)
    if "book" in _parameters(found):
        start = instant_of(moment_of(given.pop("start")).pipeline.at)
        known = None if pipeline.known_at is None else instant_of(pipeline.known_at)
        lines: pl.DataFrame = found.compute(
            pipeline.book, start, instant_of(pipeline.at), known_at=known, **given
        ).lines
        return lines
    answer = found.compute(pipeline, **given)
    table = collect(answer) if isinstance(answer, nw.LazyFrame) else answer
    # Rows of single deals come in no order of their own.
    order = [name for name in ("deal", "entered_at") if name in table.columns]
    return table.sort(order) if "deal" in table.columns else table


def _arguments(found: Measure, asked: MeasureQuery, period: Period | None) -> dict[str, Any]:
    """What is asked for, as the measure takes it; refused where it takes no such thing, or lacks one."""
    takes = _parameters(found)
    given: dict[str, Any] = {"period": period} if period else {}
    if asked.by:
        names = tuple(name.strip() for name in asked.by.split(",") if name.strip())
        given["by"] = names[0] if found.name == "attribution" else names
    if asked.outcomes:
        given["outcomes"] = tuple(asked.outcomes.split(","))
    for name in ("start", "mode", "model", "of", "view"):
        if (value := getattr(asked, name)) is not None:
            given[name] = value
    problems = [_takes_no(found.name, name, takes) for name in given if name not in takes]
    problems += [
        Problem("missing_value", f"The measure {found.name} needs '{name}'.", "Give it.", column=name)
        for name in _described(found)["needs"]
        if name not in given
    ]
    for name, value in given.items():
        choices = _choices(found, name)
        if choices and value not in choices:
            says = f"'{str(value)[:40]}' is not one of {', '.join(choices)}."
            problems.append(
                Problem("wrong_value", says, "Choose one of these.", column=name, value=str(value)[:40])
            )
    if problems:
        raise Refused(problems)
    return given


def _parameters(found: Measure) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(found.compute).parameters


def _choices(found: Measure, name: str) -> list[str]:
    """The words that a parameter may be; none where it is not one of a few."""
    parameter = _parameters(found).get(name)
    written = getattr(inspect.getmodule(found.compute), str(parameter and parameter.annotation), None)
    return [choice for choice in get_args(written) if isinstance(choice, str)]


def _takes_no(measure: str, name: str, takes: Mapping[str, Any]) -> Problem:
    can = ", ".join(each for each in takes if each in MeasureQuery.model_fields) or "nothing"
    return Problem(
        "unknown_field", f"The measure {measure} takes no '{name}'.", f"It takes: {can}.", column=name
    )


def _kind(name: str, dtype: Any) -> Kind:
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


def _row(row: dict[str, Any], kinds: Mapping[str, Kind], currency: str) -> dict[str, Any]:
    return {
        name: as_money(value, currency) if kinds[name] == "money" else _plain(value)
        for name, value in row.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
