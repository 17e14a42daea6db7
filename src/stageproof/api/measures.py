"""Measures: every figure by name, at any moment, over the deals that the caller may see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from ninja.responses import NinjaJSONEncoder
from pydantic import BaseModel, Field

from stageproof.actions.conflict import NotFound
from stageproof.api.auth import actor
from stageproof.api.moment import Moment, moment_of, seen, shown
from stageproof.api.paging import USUAL, cursor_of, place_of
from stageproof.api.shapes import Limit, answers, as_money
from stageproof.audit import document
from stageproof.audit.audit import Audit
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import instant_of, readable
from stageproof.engine.kept import Kept
from stageproof.engine.measures import MEASURES, Measure
from stageproof.engine.measures.asking import (
    MOST_DAYS,
    OF_EVERY_PIPELINE,
    STARTS,
    Kind,
    answer,
    arguments,
    kind_of,
    needs,
    takes,
)
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.problem import Problem, Refused
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Measures"])

BODIES = 32
"""How many answers a process keeps ready with a moment's pipeline: what is asked again has not changed since."""


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
    pipeline: str | None = Field(
        None, max_length=120, description="One pipeline; without it, all of new business."
    )
    by: str = Field("", max_length=200, description="Columns to group by, with commas: owner,quarter")
    as_of: str | None = Field(None, max_length=40)
    known_at: str | None = Field(None, max_length=40)
    start: str | None = Field(None, max_length=40, description="Of a bridge: the day or instant it begins.")
    start_known_at: str | None = Field(
        None, max_length=40, description="Of a bridge: until when what was known of its beginning counts."
    )
    mode: str | None = Field(None, max_length=20, description="Of a bridge: endpoints or events.")
    model: str | None = Field(
        None, max_length=20, description="Of attribution: first, last, linear, w_shaped."
    )
    of: str | None = Field(None, max_length=20, description="Of attribution: won, open, qualified.")
    view: str | None = Field(None, max_length=20, description="Of a funnel: period or cohort.")
    since: str | None = Field(
        None, max_length=20, description="Of a funnel or its leaks: arrival or first_touch."
    )
    outcomes: str | None = Field(None, max_length=40, description="Of cycle length: won,lost.")
    days: int | None = Field(
        None, ge=1, le=MOST_DAYS, description="Of the hand-over: within how many days a meeting is due; 7."
    )
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
    if found.name not in OF_EVERY_PIPELINE:
        pipeline = of_pipelines(pipeline, asked.pipeline)
    bodies: Kept[bytes] = pipeline.remember("measure bodies", lambda: Kept(BODIES))
    body = bodies.get(
        repr((found.name, asked.model_dump())),
        lambda: json.dumps(_body(found, pipeline, moment, asked, start), cls=NinjaJSONEncoder).encode(),
    )
    return HttpResponse(body, content_type="application/json; charset=utf-8")


def _body(
    found: Measure, pipeline: Pipeline, moment: Moment, asked: MeasureQuery, start: int
) -> dict[str, Any]:
    period = pipeline.book.calendar.period(asked.period) if asked.period else None
    table = _computed(found, pipeline, asked)
    part = readable(table.slice(start, asked.limit))
    following = None
    if table.height > start + asked.limit:
        # The instant up to which it was known is fixed, so that the parts fit together.
        known = pipeline.at if pipeline.known_at is None else pipeline.known_at
        following = cursor_of(pipeline.at, known, start + asked.limit)
    kinds = {column: kind_of(column, table.schema[column]) for column in table.columns}
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
    return {
        "name": each.name, "says": each.says, "formula": each.formula, "page": each.page, "takes": takes(each),
        "needs": needs(each),
    }  # fmt: skip


def _computed(found: Measure, pipeline: Pipeline, asked: MeasureQuery) -> pl.DataFrame:
    given = arguments(found, asked.model_dump(), pipeline.book.calendar)
    for start in STARTS:
        if start in given:
            given[start] = instant_of(moment_of(given[start]).pipeline.at)
    return answer(found, pipeline, given)


def _row(row: dict[str, Any], kinds: Mapping[str, Kind], currency: str) -> dict[str, Any]:
    return {
        name: as_money(value, currency) if kinds[name] == "money" else _plain(value)
        for name, value in row.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
