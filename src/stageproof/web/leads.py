"""Leads: everyone who came in, as a table to sort, narrow, change in bulk and take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.bulk import Outcome
from stageproof.actions.bulk_leads import bulk_leads
from stageproof.actions.conflict import NotFound
from stageproof.actions.leads import WORKS_LEADS, edit_lead, find_lead
from stageproof.actions.seeing import seen
from stageproof.engine.frames import readable
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import LeadVersion, Person
from stageproof.web.answers import actor_of, came_from
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.board import whole_number
from stageproof.web.bulk import SAID, Line
from stageproof.web.cell_edit import CellField, asked_by_table, edited, field_page
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.lead_columns import LEAD_COLUMNS, LEAD_EDITED, LEAD_USUAL
from stageproof.web.lead_fields import read_lead, values_of_lead
from stageproof.web.lead_list import OPEN, STATUSES, LeadFilters, lead_list
from stageproof.web.moves import version_given
from stageproof.web.pipeline import ROWS, query_of
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.saved_views import views_of
from stageproof.web.table_columns import Column, chosen


@dataclass(frozen=True)
class LeadTable:
    """What a person sees of the leads at a moment: narrowed, sorted, with its columns."""

    actor: Actor
    moment: Moment
    filters: LeadFilters
    columns: list[Column]
    sort: str
    status: str
    all_leads: pl.DataFrame
    leads: pl.DataFrame

    @property
    def editable(self) -> bool:
        """Whether rows may be ticked and changed."""
        return self.moment.is_now and self.actor.may_write and self.actor.role in WORKS_LEADS

    def rows(self, page: int) -> list[dict[str, Any]]:
        """The rows of one page with real dates."""
        return readable(self.leads.slice((page - 1) * ROWS, ROWS)).to_dicts()


def table_of(actor: Actor, moment: Moment, asked: Mapping[str, str]) -> LeadTable:
    """The table that a query asks for."""
    listed = lead_list(seen(actor, moment.pipeline))
    every = pl.DataFrame() if listed is None else listed
    status = asked.get("status") or "open"
    filters = LeadFilters.of(asked)
    leads = every
    if not every.is_empty():
        if status != "all":
            wanted = OPEN if status == "open" else (status,)
            leads = leads.filter(pl.col("status").is_in(wanted))
        leads = filters.apply(moment.pipeline, leads)
    sort = asked.get("sort", "")
    if sort.removeprefix("-") not in LEAD_COLUMNS:
        sort = "-created_on"
    by = LEAD_COLUMNS[sort.removeprefix("-")].by
    by = "created_at" if by == "created_on" else by
    if by in leads.columns:
        leads = leads.sort(by, "lead", descending=[sort.startswith("-"), False], nulls_last=True)
    columns = chosen(asked.get("columns", ""), LEAD_COLUMNS, LEAD_USUAL)
    return LeadTable(actor, moment, filters, columns, sort, status, every, leads)


def _telling(table: LeadTable) -> list[tuple[int, str]]:
    """How many of the listed leads nobody has answered, and how many fit; nothing of what none is."""
    if table.leads.is_empty():
        return []
    open_ones = table.leads.filter(pl.col("status").is_in(OPEN))
    unanswered = int(open_ones["minutes"].is_null().sum())
    fitting = int((table.leads["fit"] == "fits").sum())
    return [
        (number, what) for number, what in ((unanswered, "without an answer"), (fitting, "fit")) if number
    ]


@policy(*EVERYONE)
@require_safe
def leads(request: HttpRequest) -> HttpResponse:
    """The table as a page."""
    request.place = "leads"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    table = table_of(actor, moment, query_of(request))
    count = table.leads.height
    last = max((count + ROWS - 1) // ROWS, 1)
    page = min(max(whole_number(request, "page", 1), 1), last)
    context = {
        "table": table, "rows": table.rows(page) if count else [], "page_number": page, "pages": last,
        "first_row": (page - 1) * ROWS + 1, "last_row": min(page * ROWS, count), "count": count,
        "telling": _telling(table),
        "anything": not table.all_leads.is_empty(),
        "filters": table.filters.choices(moment.pipeline, table.all_leads) if table.all_leads.height else [],
        "filtered": bool(table.filters.as_dict), "all_columns": LEAD_COLUMNS.values(), "statuses": STATUSES,
        "views": views_of(actor, "leads"), "may_create": table.editable,
        "owners": lead_owners() if table.editable else [],
        "campaigns": campaign_names(table.all_leads) if table.editable else [],
    }  # fmt: skip
    return render(request, "leads.html", context)


@policy(*WORKS_LEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def lead_cell(request: HttpRequest, lead_id: str, field: str) -> HttpResponse:
    """One cell: its row as it stands, the field to edit it, or the edit."""
    actor = actor_of(request)
    if field == "row":
        return _row(request, actor, lead_id)
    if field not in LEAD_EDITED:
        raise NotFound("column", field)
    before = _field(find_lead(lead_id), field, moment_of(request))
    if request.method != "POST":
        return field_page(request, before)
    changes = read_lead({field: request.POST.get("value", "")})
    done = edit_lead(
        actor, lead_id, now=timezone.now(), changes=changes, expected_version=version_given(request)
    )
    return edited(request, before, values_of_lead(done)[field], done.version)


def _field(row: LeadVersion, field: str, moment: Moment) -> CellField:
    listed = lead_list(moment.pipeline) if field in ("source", "campaign") else None
    hints = [] if listed is None else listed[field].drop_nulls().unique().sort().to_list()
    address = reverse("lead_cell", args=[row.lead, field])
    value, owners = values_of_lead(row)[field], lead_owners() if field == "owner" else []
    return CellField(
        row.name, row.lead, address, "leads", row.version, LEAD_COLUMNS[field], value, owners, hints=hints
    )


def _row(request: HttpRequest, actor: Actor, lead_id: str) -> HttpResponse:
    """The row of a lead in the table that is open in the browser; none where the filters leave it out."""
    table = table_of(actor, moment_of(request), asked_by_table(request))
    rows = table.leads.filter(lead=lead_id) if table.leads.width else table.leads
    context = {"table": table, "rows": readable(rows).to_dicts()}
    return render(request, "partials/lead_rows.html", context)


@policy(*EVERYONE)
@require_safe
def leads_export(request: HttpRequest) -> HttpResponseBase:
    """The filtered table, all rows of it, as CSV or XLSX that no spreadsheet runs."""
    table = table_of(actor_of(request), moment_of(request), query_of(request))
    names = [each.name for each in table.columns if each.name in table.leads.columns and each.name != "lead"]
    frame = table.leads.select("lead", *names) if names else pl.DataFrame(schema={"lead": pl.String})
    name = f"leads-{table.moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


@policy(*WORKS_LEADS)
@require_POST
def leads_bulk(request: HttpRequest) -> HttpResponse:
    """The same change for several leads, each decided on its own; the outcome is told per lead."""
    given = request.POST
    keys, what = given.getlist("lead"), given.get("what", "")
    if not keys:
        says = "No lead is selected."
        raise Refused([Problem("no_leads", says, "Tick the leads that are to change.", column="lead")])
    value = given.get("reason" if what in ("qualified", "disqualified") else what, "")
    outcomes = bulk_leads(actor_of(request), keys, what=what, value=value, now=timezone.now())
    lines = _lines(outcomes)
    context = {
        "outcomes": lines, "noun": "lead",
        "done": sum(not each.problems for each in lines), "refused": sum(bool(each.problems) for each in lines),
        "back": came_from(request) if came_from(request) != "/" else reverse("leads"),
    }  # fmt: skip
    return render(request, "bulk.html", context)


def _lines(outcomes: Sequence[Outcome]) -> list[Line]:
    keys = [each.deal for each in outcomes]
    names = dict(LeadVersion.objects.filter(lead__in=keys, valid_to__isnull=True).values_list("lead", "name"))
    return [
        Line(each.deal, names.get(each.deal, each.deal), SAID.get(each.status, "Not changed."), each.problems)
        for each in outcomes
    ]


def lead_owners() -> list[Person]:
    """Whoever may work leads."""
    return list(Person.objects.filter(is_active=True, role__in=WORKS_LEADS).order_by("name"))


def campaign_names(leads: pl.DataFrame) -> list[str]:
    """The campaigns that leads came from."""
    if "campaign" not in leads.columns:
        return []
    return leads["campaign"].drop_nulls().unique().sort().to_list()
