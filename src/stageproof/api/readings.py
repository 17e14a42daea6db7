"""Readings: the pipeline as sales, marketing, finance and the board read it, and what ties the four."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from stageproof.actions.conflict import NotFound
from stageproof.api.auth import actor
from stageproof.api.moment import moment_of, seen
from stageproof.api.paging import USUAL, cursor_of, place_of
from stageproof.api.shapes import Limit, answers
from stageproof.engine.book import Pipeline
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings import READERS, Reader, Where, read, reconciliation
from stageproof.engine.readings.document import head_document, reading_document, rows, statement_document
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Readings"])
COLUMNS = ("owner", "team", "source", "campaign", "stage", "segment")


class HeadShown(BaseModel):
    """What all readings of a moment share: the instant, what was known, the rules, what is looked at."""

    as_of: str
    known_at: str | None
    zone: str
    currency: str
    definitions: list[dict[str, Any]]
    pipelines: list[str]
    period: dict[str, str]
    where: dict[str, list[str | None]]


class FigureShown(BaseModel):
    """A figure that explains itself: money with its currency, and an 80% interval where it has one."""

    name: str
    title: str
    unit: str
    value: Any
    count: int | None
    low: Any
    high: Any
    says: str
    formula: str
    measure: str
    behind: str | None


class ReadingShown(BaseModel):
    """One reader's reading."""

    reader: str
    head: HeadShown
    figures: list[FigureShown]
    tables: dict[str, list[dict[str, Any]]]


class LineShown(BaseModel):
    """A line of the statement: `sign` 1 adds, -1 takes away, 0 is what the lines above come to."""

    name: str
    title: str
    sign: int
    count: int | None
    amount: dict[str, str] | None
    says: str
    behind: str | None


class CheckShown(BaseModel):
    """Two ways to the same amount, and by how much they differ."""

    name: str
    says: str
    left: dict[str, str]
    right: dict[str, str]
    difference: dict[str, str]


class StatementShown(BaseModel):
    """What ties the four readings, line by line."""

    head: HeadShown
    lines: list[LineShown]
    per_currency: list[dict[str, Any]]
    checks: list[CheckShown]
    ties: bool


class BehindShown(BaseModel):
    """The deals behind a figure, the largest first."""

    head: HeadShown
    behind: str
    items: list[dict[str, Any]]
    next: str | None


class ReadingQuery(BaseModel):
    """Which readings: of which moment, period, pipelines and deals."""

    period: str | None = Field(
        None, max_length=40, description="2026-Q1; the quarter of the day unless given."
    )
    as_of: str | None = Field(None, max_length=40)
    known_at: str | None = Field(None, max_length=40)
    pipeline: list[str] = Field([], max_length=20, description="Pipelines; new business unless given.")
    owner: list[str] = Field([], max_length=100)
    team: list[str] = Field([], max_length=100)
    source: list[str] = Field([], max_length=100)
    campaign: list[str] = Field([], max_length=100)
    stage: list[str] = Field([], max_length=100)
    segment: list[str] = Field([], max_length=100)


class SinceQuery(ReadingQuery):
    """The same, and since when the board's reading tells what moved."""

    since: str | None = Field(None, max_length=40, description="Of the board's: the earlier moment.")
    since_known_at: str | None = Field(None, max_length=40)


class BehindQuery(ReadingQuery):
    """The same, in parts."""

    cursor: str | None = Field(None, max_length=500)
    limit: Limit = USUAL


@router.get("/readings/{reader}", response=answers(ReadingShown))
@policy(*EVERYONE)
def reading(request: HttpRequest, reader: str, asked: Query[SinceQuery]) -> Any:
    """The reading of a reader: sales, marketing, finance or board."""
    whose = _reader(reader)
    pipeline = _pipeline(request, asked.as_of, asked.known_at)
    since = None
    if asked.since is not None:
        if reader != "board":
            says = "Only the board's reading tells what moved since a moment."
            raise Refused(
                [Problem("takes_no_since", says, "Leave it out, or read the board's.", column="since")]
            )
        since = _pipeline(request, asked.since, asked.since_known_at or asked.known_at)
        if since.at >= pipeline.at:
            says = "What moved is asked for since a moment that is not before the reading's."
            raise Refused([Problem("since_not_before", says, "Choose an earlier day.", column="since")])
    found = read(
        pipeline, whose, period=_period(pipeline, asked), where=_where(asked), pipelines=asked.pipeline,
        since=since,
    )  # fmt: skip
    return reading_document(found)


@router.get("/readings/{reader}/deals/{behind}", response=answers(BehindShown))
@policy(*EVERYONE)
def reading_deals(request: HttpRequest, reader: str, behind: str, asked: Query[BehindQuery]) -> Any:
    """The deals behind a figure; following parts are of the very same instant."""
    whose = _reader(reader)
    pipeline, start = _pipeline(request, asked.as_of, asked.known_at), 0
    if asked.cursor:
        at, known, start = place_of(asked.cursor, [int, int, int])
        pipeline = seen(actor(request), Pipeline(pipeline.book, at, known))
    found = read(
        pipeline, whose, period=_period(pipeline, asked), where=_where(asked), pipelines=asked.pipeline
    )
    deals = found.deals(behind)
    following = None
    if deals.height > start + asked.limit:
        known = pipeline.at if pipeline.known_at is None else pipeline.known_at
        following = cursor_of(pipeline.at, known, start + asked.limit)
    return {
        "head": head_document(found.head),
        "behind": behind,
        "items": rows(deals.slice(start, asked.limit), pipeline.currency),
        "next": following,
    }


@router.get("/reconciliation", response=answers(StatementShown))
@policy(*EVERYONE)
def reconciled(request: HttpRequest, asked: Query[ReadingQuery]) -> Any:
    """The statement that ties the four readings, with every check."""
    pipeline = _pipeline(request, asked.as_of, asked.known_at)
    found = reconciliation(
        pipeline, period=_period(pipeline, asked), where=_where(asked), pipelines=asked.pipeline
    )
    return statement_document(found)


def _pipeline(request: HttpRequest, as_of: str | None, known_at: str | None) -> Pipeline:
    return seen(actor(request), moment_of(as_of, known_at).pipeline)


def _reader(name: str) -> Reader:
    for each in READERS:
        if each == name:
            return each
    raise NotFound("reading", name[:80])


def _period(pipeline: Pipeline, asked: ReadingQuery) -> Period:
    calendar = pipeline.book.calendar
    return calendar.period(asked.period) if asked.period else calendar.containing(pipeline.on, "quarter")


def _where(asked: ReadingQuery) -> Where:
    """What deals are narrowed to; an empty text stands for a blank."""
    chosen = {name: getattr(asked, name) for name in COLUMNS}
    return {name: [value or None for value in values] for name, values in chosen.items() if values}
