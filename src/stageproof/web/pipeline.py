"""Pipeline: every deal as a table to sort, narrow, edit in place and take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import edit_deal, find_deal
from stageproof.actions.permission import forbid, may_edit, may_edit_any
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import day_of
from stageproof.engine.money import Money
from stageproof.engine.narrowing import expansion_pipelines
from stageproof.records.models import Deal, Person
from stageproof.records.models.deals import CATEGORIES
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, asked_day, moment_of, past
from stageproof.web.board import whole_number
from stageproof.web.cell_edit import CellField, asked_by_table, edited, field_page
from stageproof.web.deal import values_of
from stageproof.web.deal_list import deal_list, open_deals, scope, totals, visible
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.fields import read_facts
from stageproof.web.filters import Choice, Filter, Filters
from stageproof.web.formats import fact_text
from stageproof.web.moves import version_given
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.saved_views import views_of
from stageproof.web.table_columns import COLUMNS, EDITED, Column, chosen

ROWS = 100
USUAL_SORT = "-amount"
"""The order in which the list of deals is."""
EVERY = "all"
STATUSES = ("open", "won", "lost", "all")
COMPARED = (
    "stage",
    "status",
    "amount",
    "close_on",
    "owner",
    "forecast_category",
    "next_step",
    "next_step_on",
)


@dataclass(frozen=True)
class Table:
    """What a person sees of the pipeline at a moment: narrowed, sorted, with its columns and marks."""

    actor: Actor
    moment: Moment
    filters: Filters
    columns: list[Column]
    sort: str
    status: str
    of: str
    since: dt.date | None
    seen: pl.DataFrame
    deals: pl.DataFrame

    @cached_property
    def editable(self) -> bool:
        return self.moment.is_now and may_edit_any(self.actor)

    @property
    def whole(self) -> dict[str, Any]:
        """The totals of all rows, on this page or not."""
        return totals(self.deals).row(0, named=True)

    def rows(self, page: int) -> list[dict[str, Any]]:
        """The rows of one page, ready to show."""
        return self.shown(self.deals.slice((page - 1) * ROWS, ROWS))

    def row(self, key: str) -> list[dict[str, Any]]:
        """The row of one deal; none where the filters leave it out."""
        return self.shown(self.deals.filter(pl.col("deal") == key))

    def shown(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        """Rows with real dates, their versions, and what was different on the day compared with."""
        keys = frame["deal"].to_list()
        versions = (
            dict(Deal.objects.filter(key__in=keys).values_list("key", "version")) if self.editable else {}
        )
        before = self._before(keys)
        rows = []
        for row in frame.iter_rows(named=True):
            days = {
                name: day_of(value)
                for name, value in row.items()
                if name.endswith("_on") and value is not None
            }
            marks = None if before is None else _marks(row, before.get(row["deal"]))
            rows.append({**row, **days, "version": versions.get(row["deal"], 0), "marks": marks or {},
                         "is_new": before is not None and row["deal"] not in before})  # fmt: skip
        return rows

    def _before(self, keys: list[str]) -> dict[str, dict[str, Any]] | None:
        if self.since is None:
            return None
        then = deal_list(past(self.since)).deals.filter(pl.col("deal").is_in(keys))
        return {row["deal"]: row for row in then.iter_rows(named=True)}


def _marks(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, str]:
    """What each changed cell said before."""
    if before is None:
        return {}
    marks = {}
    for name in COMPARED:
        was = before[name]
        if was == row[name]:
            continue
        if was is None:
            marks[name] = "nothing"
        elif name == "amount":
            marks[name] = Money(was, before["currency"]).exact()
        else:
            marks[name] = fact_text(name, day_of(was) if name.endswith("_on") else was, None)
    return marks


def table_of(actor: Actor, moment: Moment, asked: Mapping[str, str]) -> Table:
    """The table that a query asks for."""
    status, of = asked.get("status") or "open", asked.get("pipeline", "")
    seen = visible(actor, moment, _listed(moment.pipeline, status, of))
    filters = Filters.of(asked)
    narrowed = filters.apply(moment.pipeline, seen)
    if asked.get("stage"):
        stage = asked["stage"]
        known = pl.col("position") == int(stage) if stage.lstrip("-").isdigit() else pl.col("stage") == stage
        narrowed = narrowed.filter(known)
    sort = asked.get("sort", "")
    if sort.removeprefix("-") not in COLUMNS:
        sort = USUAL_SORT
    ordered = narrowed if sort == USUAL_SORT else _sorted(narrowed, sort)
    since = asked_day(asked.get("since", ""), moment.on)
    columns = chosen(asked.get("columns", ""))
    return Table(actor, moment, filters, columns, sort, status, of, since, seen, ordered)


def _sorted(deals: pl.DataFrame, sort: str) -> pl.DataFrame:
    column = COLUMNS[sort.removeprefix("-")]
    by = column.by if column.by in deals.columns else "deal"
    return deals.sort(by, "deal", descending=[sort.startswith("-"), False], nulls_last=True)


def _listed(pipeline: Pipeline, status: str, of: str) -> pl.DataFrame:
    """The deals of a status and a pipeline; those that most people ask for are kept."""

    def found() -> pl.DataFrame:
        if status == "open":
            return _of_pipelines(pipeline, open_deals(pipeline), of)
        deals = deal_list(pipeline).deals
        with_status = deals if status == "all" else deals.filter(pl.col("status") == status)
        return _of_pipelines(pipeline, with_status, of)

    return found() if of or status not in STATUSES else pipeline.remember(f"{status} deals listed", found)


def _of_pipelines(pipeline: Pipeline, deals: pl.DataFrame, of: str) -> pl.DataFrame:
    """The deals of new business, of the pipeline of a name, or of every one: what follows a sale is not added to it."""
    if of == EVERY:
        return deals
    if of:
        return deals.filter(pl.col("pipeline") == of)
    expansions = expansion_pipelines(pipeline)
    return deals.filter(~pl.col("pipeline").is_in(expansions).fill_null(value=False)) if expansions else deals


def _choice_of_pipeline(table: Table) -> list[Filter]:
    """The choice of the pipeline, where there is another than new business."""
    if not (names := expansion_pipelines(table.moment.pipeline)):
        return []
    labels = {**{name: name for name in names}, EVERY: "Every pipeline"}
    return [
        Filter("pipeline", "New business", [Choice(v, says, v == table.of) for v, says in labels.items()])
    ]


def query_of(request: HttpRequest) -> dict[str, str]:
    """The query of a request, several values of the same name joined by commas."""
    return {name: ",".join(request.GET.getlist(name)) for name in request.GET}


@policy(*EVERYONE)
@require_safe
def pipeline(request: HttpRequest) -> HttpResponse:
    """The table as a page."""
    request.place = "pipeline"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    table = table_of(actor, moment, query_of(request))
    page = max(whole_number(request, "page", 1), 1)
    last = max((table.deals.height + ROWS - 1) // ROWS, 1)
    page = min(page, last)
    context = {
        "table": table,
        "rows": table.rows(page),
        "whole": table.whole,
        "page_number": page,
        "pages": last,
        "first_row": (page - 1) * ROWS + 1,
        "last_row": min(page * ROWS, table.deals.height),
        "filters": [
            *_choice_of_pipeline(table),
            *table.filters.choices(
                moment.pipeline, table.seen, f"pipeline {scope(actor)} {table.status} {table.of}"
            ),
        ],
        "filtered": bool(table.filters.as_dict or table.of or request.GET.get("stage")),
        "all_columns": COLUMNS.values(),
        "statuses": STATUSES,
        "views": views_of(actor, "pipeline"),
        "stages": [stage.name for each in moment.pipeline.definitions for stage in each.stages],
        "owners": sellers() if table.editable else [],
        "week_before": moment.on - dt.timedelta(days=7),
    }
    return render(request, "pipeline.html", context)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def cell(request: HttpRequest, key: str, field: str) -> HttpResponse:
    """One cell: its row as it stands, the field to edit it, or the edit."""
    actor = actor_of(request)
    if field == "row":
        return _row(request, actor, key)
    if field not in EDITED:
        raise NotFound("column", field)
    row = find_deal(actor, key)
    if not may_edit(actor, row):
        raise forbid("change this deal")
    if request.method == "POST":
        return _edited(request, actor, row, field)
    return field_page(request, _field(row, field))


def _field(row: Deal, field: str) -> CellField:
    address, column = reverse("pipeline_cell", args=[row.key, field]), COLUMNS[field]
    owners = sellers() if field == "owner" else []
    choices = CATEGORIES if field == "forecast_category" else ()
    return CellField(
        row.name, row.key, address, "pipeline", row.version, column, values_of(row)[field], owners, choices
    )


def _edited(request: HttpRequest, actor: Actor, row: Deal, field: str) -> HttpResponse:
    before = _field(row, field)
    changes = read_facts({field: request.POST.get("value", "")}, [field], row.currency)
    done = edit_deal(
        actor, row.key, now=timezone.now(), changes=changes, expected_version=version_given(request)
    )
    return edited(request, before, values_of(done.deal)[field], done.deal.version)


def _row(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The row of a deal in the table that is open in the browser, and the totals."""
    table = table_of(actor, moment_of(request), asked_by_table(request))
    rows = table.row(key)
    context = {"table": table, "rows": rows, "whole": table.whole, "fresh": True}
    return render(request, "partials/rows.html", context)


def sellers() -> list[Person]:
    """Whoever may own a deal."""
    return list(Person.objects.filter(is_active=True, role__in=("rep", "manager")).order_by("name"))


@policy(*EVERYONE)
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered table, all rows of it, as CSV or XLSX that no spreadsheet runs."""
    table = table_of(actor_of(request), moment_of(request), query_of(request))
    frame = table.deals.select(
        "deal",
        *[
            column.name
            for column in table.columns
            if column.name in table.deals.columns and column.name != "deal"
        ],
        "currency",
    )
    name = f"pipeline-{table.moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)
