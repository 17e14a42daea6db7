"""Funnel: from first touch to won, where it leaks, how soon leads are answered, and whether sales took them up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.actions.seeing import seen
from stageproof.charts.funnel import funnel_chart
from stageproof.charts.render import Drawing
from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.kept import Kept
from stageproof.engine.measures.first_response import first_response
from stageproof.engine.measures.funnel import Since, View, funnel
from stageproof.engine.measures.handover import handover
from stageproof.engine.measures.leaks import leaks
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.period import Period
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.figures import why
from stageproof.web.lead_list import DAYS, came_in_periods
from stageproof.web.measure_controls import elsewhere
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.usual_period import Usual, usual_period

VIEWS = {"cohort": "By cohort", "period": "By period"}
SINCES = {"first_touch": "From first touch", "arrival": "From coming in"}
BY = ("source", "campaign", "owner")

PAGES = 16
"""How many pages of a moment a process keeps ready."""

_drawn: Kept[Drawing | None] = Kept(64)


@dataclass(frozen=True)
class FunnelAsked:
    """What the page of the funnel is asked for."""

    moment: Moment
    pipeline: Pipeline
    period: Period
    view: View
    since: Since
    by: str
    instead_of: Period | None = None
    """The present period, where an earlier one is shown because nobody asked for one."""

    @property
    def links(self) -> dict[str, Any]:
        """What the link of a figure carries on so that it is of the same deals: of all of them."""
        return {}

    @property
    def measure(self) -> str:
        """What is counted, in words."""
        who = "first touched" if self.since == "first_touch" else "that came in"
        during = f"during {period_text(self.period.name)}"
        if self.view == "cohort":
            return f"Leads and deals {who} {during}, by the furthest step they reached so far"
        return f"What happened {during}: the first time of each step"


@policy(*EVERYONE)
@require_safe
def funnel_page(request: HttpRequest) -> HttpResponse:
    """The funnel as a page."""
    request.place = "funnel"  # type: ignore[attr-defined]
    asked = asked_of(request)
    pages: Kept[dict[str, Any]] = asked.pipeline.remember("funnel pages", lambda: Kept(PAGES))
    key = (asked.period, asked.view, asked.since, asked.by)
    context = {
        "asked": asked, "views": VIEWS.items(), "sinces": SINCES.items(), "bys": BY, "periods": _periods(asked),
        "elsewhere": elsewhere(asked.pipeline, asked.moment),
        "days": DAYS, **pages.get(key, lambda: _computed(asked)),
    }  # fmt: skip
    return render(request, "funnel.html", context)


def _computed(asked: FunnelAsked) -> dict[str, Any]:
    """Everything that the page shows of what is asked."""
    pipeline, period = asked.pipeline, asked.period
    steps = _steps(asked)
    names = [each["definition"] for each in steps if each["unit"] == "deal"]
    leaking = leaks(pipeline, period=period, since=asked.since).to_dicts() if asked.view == "cohort" else []
    found: dict[str, Any] = {
        "steps": steps, "several": len(set(names)) > 1, "drawing": _drawing(asked, steps), "leaks": _by_step(leaking),
        "has_leads": pipeline.leads is not None, "anything": any(each["count"] for each in steps),
    }  # fmt: skip
    if not found["has_leads"]:
        return found
    return found | {
        "handover": handover(pipeline, period=period, days=DAYS).row(0, named=True),
        "handover_by": _named(handover(pipeline, period=period, days=DAYS, by=[asked.by]), asked.by),
        "response": first_response(pipeline, period=period).row(0, named=True),
        "response_by": _named(first_response(pipeline, period=period, by=[asked.by]), asked.by),
        "conversions": _conversions(asked),
    }


@policy(*EVERYONE)
@require_safe
def funnel_export(request: HttpRequest) -> HttpResponseBase:
    """The funnel as CSV or XLSX, whole and by what is chosen."""
    asked = asked_of(request)
    frame = funnel(asked.pipeline, period=asked.period, view=asked.view, since=asked.since)
    frame = frame.with_columns(currency=pl.lit(asked.pipeline.currency))
    name = f"funnel-{asked.period.name}-{asked.moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


def asked_of(request: HttpRequest) -> FunnelAsked:
    """What a request asks for; refused where the period is none."""
    moment = moment_of(request)
    pipeline = of_pipelines(seen(actor_of(request), moment.pipeline))
    calendar, given = pipeline.book.calendar, request.GET
    text = given.get("period", "")
    period, instead_of = Usual(calendar.period(text)) if text else usual_period(pipeline, "quarter")
    view: View = "period" if given.get("view") == "period" else "cohort"
    since: Since = "arrival" if given.get("since") == "arrival" else "first_touch"
    by = given.get("by", "")
    return FunnelAsked(moment, pipeline, period, view, since, by if by in BY else "source", instead_of)


def _steps(asked: FunnelAsked) -> list[dict[str, Any]]:
    """The steps with how many left at each; null where a period does not follow anyone."""
    table = funnel(asked.pipeline, period=asked.period, view=asked.view, since=asked.since)
    rows = table.to_dicts()
    # Deals of no definition are shown only where there are any.
    rows = [each for each in rows if each["definition"] or each["unit"] == "lead" or _any(rows, None)]
    return [
        {**row, "out": row["lost"] + row["disqualified"] if asked.view == "cohort" else None} for row in rows
    ]


def _any(rows: Sequence[dict[str, Any]], definition: str | None) -> bool:
    return any(row["count"] for row in rows if row["definition"] == definition and row["unit"] == "deal")


def _drawing(asked: FunnelAsked, steps: list[dict[str, Any]]) -> Drawing | None:
    """The chart of the leads and of the pipeline with the most deals."""
    deals = [each for each in steps if each["unit"] == "deal" and each["position"] == 0]
    main = max(deals, key=lambda each: int(each["count"]), default={"definition": None})["definition"]
    shown = [each for each in steps if each["unit"] == "lead" or each["definition"] == main]
    as_of = None if asked.moment.is_now else asked.moment.on.isoformat()
    rows = [
        {**{name: each[name] for name in ("step", "unit", "count", "rate", "out")},
         "href": why("funnel", "count", period=asked.period, view=asked.view, since=asked.since, as_of=as_of,
                     definition=each["definition"], step=each["step"])}
        for each in shown
    ]  # fmt: skip
    key = json.dumps([rows, asked.measure])
    return _drawn.get(key, lambda: funnel_chart(rows, measure=asked.measure) if rows else None)


def _by_step(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The leaks with their reasons, step by step."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["definition"], row["unit"], row["position"])
        step = found.setdefault(key, {**row, "count": 0, "amount": None, "reasons": []})
        step["count"] += row["count"]
        if row["amount"] is not None:
            step["amount"] = (step["amount"] or 0) + row["amount"]
        step["reasons"].append({"reason": row["reason"], "count": row["count"]})
    return list(found.values())


def _conversions(asked: FunnelAsked) -> list[dict[str, Any]]:
    """Per group: leads, and how many of them were qualified, converted and won, of the same cohort or period."""
    table = funnel(asked.pipeline, period=asked.period, view=asked.view, since=asked.since, by=[asked.by])
    found: dict[Any, dict[str, Any]] = {}
    for row in table.iter_rows(named=True):
        group = found.setdefault(
            row[asked.by],
            {"name": row[asked.by], "leads": 0, "qualified": 0, "converted": 0, "deals": 0, "won": 0},
        )
        name = "leads" if row["unit"] == "lead" and row["position"] == 0 else row["step"]
        if name in group and (row["unit"] == "lead" or name in ("deals", "won")):
            group[name] += row["count"]
    for group in found.values():
        group["to_qualified"] = group["qualified"] / group["leads"] if group["leads"] else None
        group["to_won"] = group["won"] / group["deals"] if group["deals"] else None
    return sorted(found.values(), key=lambda each: (-each["leads"], -each["deals"], str(each["name"])))


def _named(table: pl.DataFrame, by: str) -> list[dict[str, Any]]:
    """The rows of a table with their group as `name`, the largest first."""
    size = "leads" if "leads" in table.columns else "qualified"
    rows = table.sort([size, by], descending=[True, False], nulls_last=True).to_dicts()
    return [{"name": row[by], **row} for row in rows]


def _periods(asked: FunnelAsked) -> list[str]:
    return list(dict.fromkeys([*(each.name for each in came_in_periods(asked.pipeline)), asked.period.name]))
