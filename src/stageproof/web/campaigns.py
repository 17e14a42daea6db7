"""Campaigns: what each cost and brought."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.campaigns import (
    FIELDS,
    KEEPS_CAMPAIGNS,
    campaign_history,
    create_campaign,
    edit_campaign,
    find_campaign,
    remove_campaign,
)
from stageproof.actions.seeing import seen
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import day_of, readable
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.engine.measures.sources import sources
from stageproof.engine.money import Money, is_currency
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import CampaignVersion
from stageproof.web.answers import actor_of
from stageproof.web.as_of import moment_of
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.fields import amount, day
from stageproof.web.lead_list import lead_list
from stageproof.web.policy import EVERYONE, policy

HEADS = (
    ("campaign", "Campaign", False), ("source", "Source", False), ("starts_on", "Days", False), ("cost", "Cost", True),
    ("spent", "So far", True), ("leads", "Leads", True), ("qualified_leads", "Qualified", True),
    ("won_amount", "Won", True), ("cost_per_won", "Per won deal", True),
)  # fmt: skip
SORTS = tuple(key for key, *_ in HEADS)


SHOWN = 50


@policy(*EVERYONE)
@require_safe
def campaigns(request: HttpRequest) -> HttpResponse:
    """The campaigns as a page, the latest first."""
    request.place = "campaigns"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    sort = request.GET.get("sort", "")
    rows = _table(of_pipelines(seen(actor, moment.pipeline)), sort).to_dicts()
    for row in rows:
        row |= {name: None if row[name] is None else day_of(row[name]) for name in ("starts_on", "ends_on")}
    known = [row["spent"] for row in rows if row["spent"] is not None]
    context = {
        "rows": rows, "sort": sort, "heads": HEADS,
        "spent": sum(known) if known else None,
        "may_edit": moment.is_now and actor.may_write and actor.role in KEEPS_CAMPAIGNS,
    }  # fmt: skip
    return render(request, "campaigns.html", context)


@policy(*EVERYONE)
@require_safe
def campaigns_export(request: HttpRequest) -> HttpResponseBase:
    """The campaigns as CSV or XLSX."""
    actor, moment = actor_of(request), moment_of(request)
    pipeline = of_pipelines(seen(actor, moment.pipeline))
    frame = _table(pipeline, request.GET.get("sort", ""))
    scale = Money(10**6, pipeline.currency).decimal / 10**6
    in_major = [
        (pl.col(name) * float(scale)).round(2).alias(name) for name in ("cost", "spent", "won_amount")
    ]
    frame = readable(frame).with_columns(*in_major, currency=pl.lit(pipeline.currency)).drop("cost_per_won")
    name = f"campaigns-{moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


def _table(pipeline: Pipeline, sort: str) -> pl.DataFrame:
    """One row per campaign: its days and cost, and what it brought by first touch."""
    brought = pipeline.remember("campaigns brought", lambda: sources(pipeline, by="campaign")).select(
        "campaign", "leads", "qualified_leads", "won_deals", "won_amount", "cost_per_won"
    )
    table = campaign_costs(pipeline).join(brought, on="campaign", how="left", maintain_order="left")
    by = sort.removeprefix("-")
    if by not in SORTS:
        sort, by = "-starts_on", "starts_on"
    return table.sort(by, "campaign", descending=[sort.startswith("-"), False], nulls_last=True)


@policy(*KEEPS_CAMPAIGNS)
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new campaign's facts, or creates it."""
    request.place = "campaigns"  # type: ignore[attr-defined]
    problems: list[Problem] = []
    if request.method == "POST":
        try:
            made = create_campaign(
                actor_of(request),
                name=request.POST.get("name", ""),
                now=timezone.now(),
                facts=_typed(request),
            )
            messages.success(request, f"{made.name} is in the campaigns.")
            return redirect("campaign", made.name)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, None, problems)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def campaign(request: HttpRequest, name: str) -> HttpResponse:
    """One campaign: what it cost over time, its leads, and its facts to change."""
    request.place = "campaigns"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    problems: list[Problem] = []
    if request.method == "POST":
        try:
            return _changed(request, name)
        except Refused as refused:
            problems = list(refused.problems)
    rows = _table(of_pipelines(seen(actor, moment.pipeline)), "").filter(campaign=name).to_dicts()
    listed = lead_list(moment.pipeline)
    leads = [] if listed is None else readable(listed.filter(campaign=name).head(SHOWN)).to_dicts()
    history = [each for each in campaign_history(name) if not each.removed]
    if not rows and not leads:
        find_campaign(name)
    months = _months(moment.pipeline, name, rows[0]) if rows else []
    context = {
        "name": name, "row": rows[0] if rows else None, "leads": leads,
        "history": history, "months": months, "problems": problems,
        "wrong": {problem.column: problem for problem in problems if problem.column},
        "given": request.POST.dict() or (_facts_of(history[0]) if history else {}),
        "version": history[0].version if history else "",
        "may_edit": moment.is_now and actor.may_write and actor.role in KEEPS_CAMPAIGNS and bool(rows),
    }  # fmt: skip
    return render(request, "campaign.html", context, status=422 if problems else 200)


def _months(pipeline: Pipeline, name: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    """What was spent month by month; none where the campaign has no days."""
    if row["starts_on"] is None or row["cost"] is None:
        return []
    first = day_of(row["starts_on"])
    last = min(day_of(row["ends_on"] if row["ends_on"] is not None else row["starts_on"]), pipeline.on)
    found = []
    for period in pipeline.book.calendar.between(first, last, "month") if last >= first else []:
        spent = campaign_costs(pipeline, period=period).filter(campaign=name)["spent"].item()
        found.append({"month": period.name, "spent": spent})
    return found


def _changed(request: HttpRequest, name: str) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    expected = request.POST.get("expected_version", "")
    version = int(expected) if expected.isdigit() and len(expected) < 19 else None
    if "remove" in request.POST:
        remove_campaign(actor, name, now=now, expected_version=version)
        messages.success(request, f"{name} is out of the campaigns; its history stays.")
        return redirect("campaigns")
    edit_campaign(actor, name, now=now, changes=_typed(request), expected_version=version)
    messages.success(request, f"{name} is saved.")
    return redirect("campaign", name)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """The facts that the form gives; refused with every one that cannot be read."""
    given = request.POST.dict()
    facts: dict[str, Any] = {"source": given.get("source", "").strip()}
    currency = given.get("currency", "").strip().upper()
    problems: list[Problem] = []
    for name in ("starts_on", "ends_on"):
        try:
            facts[name] = day(given[name].strip(), name) if given.get(name, "").strip() else None
        except Refused as refused:
            problems += refused.problems
    if currency:
        facts["currency"] = currency
    text = given.get("cost", "").strip()
    try:
        facts["cost"] = amount(text, currency if is_currency(currency) else "USD") if text else None
    except Refused as refused:
        problems += [
            Problem(each.code, each.says, each.remedy, column="cost", value=each.value)
            for each in refused.problems
        ]
    if problems:
        raise Refused(problems)
    return facts


def _facts_of(row: CampaignVersion) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in FIELDS}
    facts["cost"] = None if row.cost is None else f"{Money(row.cost, row.currency).decimal:f}"
    return {name: "" if value is None else _text(value) for name, value in facts.items()}


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _form(request: HttpRequest, name: str | None, problems: list[Problem]) -> HttpResponse:
    context = {
        "given": request.POST.dict(), "problems": problems, "name": name,
        "wrong": {problem.column: problem for problem in problems if problem.column},
    }  # fmt: skip
    return render(request, "campaign_new.html", context, status=422 if problems else 200)
