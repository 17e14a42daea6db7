"""Pipeline: every deal as a table to sort, narrow, edit in place and take away."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import edit_deal, find_deal
from stageproof.actions.permission import forbid, may_edit
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import day_of
from stageproof.engine.money import Money
from stageproof.engine.narrowing import expansion_pipelines
from stageproof.records.models import Deal, Person
from stageproof.records.models.deals import CATEGORIES
from stageproof.web.answers import actor_of, came_from, wants_part
from stageproof.web.as_of import Moment, asked_day, moment_of, past
from stageproof.web.board import whole_number
from stageproof.web.deal import values_of
from stageproof.web.deal_list import deal_list, scope, totals, visible
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.fields import read_facts
from stageproof.web.filters import Choice, Filter, Filters
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
        return (
            self.moment.is_now
            and self.actor.may_write
            and self.actor.role in ("rep", "manager", "pipeline owner", "admin")
        )

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
            marks[name] = day_of(was).isoformat() if name.endswith("_on") else str(was)
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
        deals = deal_list(pipeline).deals
        with_status = deals if status == "all" else deals.filter(pl.col("status") == status)
        return _of_pipelines(pipeline, with_status, of)

    return found() if of or status not in STATUSES else pipeline.remember(f"{status} deals", found)


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
        "owners": Person.objects.filter(is_active=True, role__in=("rep", "manager")).order_by("name")
        if table.editable
        else [],
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
    context = {
        "deal": row, "field": field, "column": COLUMNS[field], "value": values_of(row)[field], "categories": CATEGORIES,
        "owners": Person.objects.filter(is_active=True, role__in=("rep", "manager")).order_by("name"),
        "back": came_from(request),
    }  # fmt: skip
    return render(request, "partials/cell_edit.html" if wants_part(request) else "cell_edit.html", context)


def _edited(request: HttpRequest, actor: Actor, row: Deal, field: str) -> HttpResponse:
    given, before = request.POST, values_of(row)[field]
    changes = read_facts({field: given.get("value", "")}, [field], row.currency)
    expected = given.get("expected_version", "")
    done = edit_deal(
        actor, row.key, now=timezone.now(), changes=changes,
        expected_version=int(expected) if expected.isdigit() else None,
    )  # fmt: skip
    label = COLUMNS[field].label.lower()
    text = f"{row.name}: {label} is {values_of(done.deal)[field] or 'blank'}."
    if not wants_part(request):
        messages.success(request, text)
        return redirect(came_from(request) if came_from(request) != "/" else "pipeline")
    undo = {
        "url": reverse("pipeline_cell", args=[row.key, field]),
        "values": {"value": before, "expected_version": str(done.deal.version)},
    }
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {"toast": {"text": text, "undo": undo}, "row-changed": {"key": row.key}}
    )
    return response


def _row(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The row of a deal in the table that is open in the browser, and the totals."""
    query = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    asked = {name: ",".join(values) for name, values in query.items() if name != "as_of"}
    table = table_of(actor, moment_of(request), asked)
    rows = table.row(key)
    context = {"table": table, "rows": rows, "whole": table.whole, "fresh": True}
    return render(request, "partials/rows.html", context)


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
