"""Attribution: what each source or campaign brought and cost, under the model that is chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, get_args

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.actions.seeing import seen
from stageproof.charts.render import Drawing
from stageproof.charts.sources import sources_chart
from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.kept import Kept
from stageproof.engine.measures.attribution import By, Model
from stageproof.engine.measures.campaign_costs import unrated_costs
from stageproof.engine.measures.sources import sources
from stageproof.engine.money import exponent
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.period import Period
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.figures import why
from stageproof.web.lead_list import came_in_periods
from stageproof.web.measure_controls import elsewhere
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.usual_period import Usual, usual_period

MODELS = {
    "first": ("First touch", "Each deal counts whole for the first touch of its lead."),
    "last": ("Last touch", "Each deal counts whole for the last touch before it closed."),
    "linear": ("Linear", "Each deal is split evenly over all touches before it closed."),
    "w_shaped": (
        "W-shaped",
        "30% each to the first touch, the last before the lead came in, and the last before the deal; 10% to the rest.",
    ),
}
BYS = {"source": "By source", "campaign": "By campaign"}
MONEY = ("open_amount", "qualified_amount", "won_amount", "cost", "cost_per_won")

PAGES = 16
"""How many tables of a moment a process keeps ready."""

_drawn: Kept[Drawing | None] = Kept(64)


@dataclass(frozen=True)
class AttributionAsked:
    """What the page of attribution is asked for; `period` is None for all time."""

    moment: Moment
    pipeline: Pipeline
    period: Period | None
    model: Model
    by: By
    instead_of: Period | None = None
    """The present period, where an earlier one is shown because nobody asked for one."""

    @property
    def table(self) -> pl.DataFrame:
        """What each source or campaign brought and cost."""
        tables: Kept[pl.DataFrame] = self.pipeline.remember("sources", lambda: Kept(PAGES))
        asked: Any = {"model": self.model, "period": self.period, "by": self.by}
        return tables.get(tuple(asked.values()), lambda: sources(self.pipeline, **asked))

    @property
    def during(self) -> str:
        """The period in words."""
        return f"during {period_text(self.period.name)}" if self.period else "so far"


@policy(*EVERYONE)
@require_safe
def attribution_page(request: HttpRequest) -> HttpResponse:
    """The attribution as a page."""
    request.place = "attribution"  # type: ignore[attr-defined]
    asked = asked_of(request)
    rows = [{"name": row[asked.by], **row} for row in asked.table.to_dicts()]
    rows = [row for row in rows if any(row[name] for name in (*MONEY, "leads", "qualified_leads", "deals"))]
    names = [each.name for each in came_in_periods(asked.pipeline)]
    if asked.period:
        names.append(asked.period.name)
    context = {
        "asked": asked, "rows": rows, "whole": whole_of(rows), "drawing": _drawing(asked, rows),
        "models": [(name, label) for name, (label, _) in MODELS.items()], "says": MODELS[asked.model][1],
        "bys": BYS.items(), "periods": list(dict.fromkeys(names)), "unrated": unrated_costs(asked.pipeline),
        "elsewhere": elsewhere(asked.pipeline, asked.moment),
    }  # fmt: skip
    return render(request, "attribution.html", context)


@policy(*EVERYONE)
@require_safe
def attribution_export(request: HttpRequest) -> HttpResponseBase:
    """The table as CSV or XLSX, amounts in major units."""
    asked = asked_of(request)
    places = exponent(asked.pipeline.currency)
    exact = [
        pl.col(name).cast(pl.Decimal(38, places)) / pl.lit(10**places).cast(pl.Decimal(38, 0))
        for name in MONEY
    ]
    frame = asked.table.with_columns(*exact, currency=pl.lit(asked.pipeline.currency))
    name = f"attribution-{asked.model}-{asked.moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


def asked_of(request: HttpRequest) -> AttributionAsked:
    """What a request asks for; refused where the period is none."""
    moment = moment_of(request)
    pipeline = of_pipelines(seen(actor_of(request), moment.pipeline))
    calendar, given = pipeline.book.calendar, request.GET
    text = given.get("period", "")
    usual = Usual(calendar.period(text)) if text not in ("", "all") else usual_period(pipeline, "year")
    period, instead_of = (None, None) if text == "all" else usual
    model = given.get("model", "")
    chosen: Model = model if model in get_args(Model) else "first"  # type: ignore[assignment]
    by: By = "campaign" if given.get("by") == "campaign" else "source"
    return AttributionAsked(moment, pipeline, period, chosen, by, instead_of)


def whole_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums of all rows, and the ratios of the sums; null where there is nothing to divide by."""
    counted = ("leads", "qualified_leads", "deals", "won_deals", "lost_deals", *MONEY[:4])
    whole: dict[str, Any] = {
        name: sum(row[name] or 0 for row in rows) if any(row[name] is not None for row in rows) else None
        for name in counted
    }
    won, lost, cost = round(whole["won_deals"] or 0, 6), round(whole["lost_deals"] or 0, 6), whole["cost"]
    whole["cost_per_won"] = round(cost / won) if cost is not None and won else None
    whole["return_on_cost"] = whole["won_amount"] / cost if cost else None
    whole["win_rate"] = won / (won + lost) if won + lost else None
    timed = [(row["cycle_days"], row["won_deals"]) for row in rows if row["cycle_days"] is not None]
    shares = sum(share for _, share in timed)
    whole["cycle_days"] = sum(days * share for days, share in timed) / shares if shares else None
    return whole


def _drawing(asked: AttributionAsked, rows: list[dict[str, Any]]) -> Drawing | None:
    label, currency = MODELS[asked.model][0].lower(), asked.pipeline.currency
    measure = f"Won {asked.during} and open qualified pipeline, {label}, {currency}"
    as_of = None if asked.moment.is_now else asked.moment.on.isoformat()
    given: dict[str, Any] = {"period": asked.period, "model": asked.model, "by": asked.by, "as_of": as_of}
    shown = [
        {**{name: row[name] for name in (asked.by, "won_amount", "qualified_amount")},
         "href": why("sources", "won_amount", **given, **{asked.by: row[asked.by]})}
        for row in rows
    ]  # fmt: skip
    others = why("sources", "won_amount", **given)
    key = json.dumps([shown, measure])
    return _drawn.get(
        key, lambda: sources_chart(shown, by=asked.by, measure=measure, currency=currency, others=others)
    )
