"""Expansion: what is up for renewal, what became of it, and what was built on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from stageproof.actions.deals import NO_DEALS
from stageproof.actions.expansion import TYPES, open_expansion
from stageproof.actions.seeing import seen
from stageproof.charts.render import Drawing
from stageproof.charts.retention import KEY, retention_chart
from stageproof.engine.book import Pipeline
from stageproof.engine.definition import EXPANSION
from stageproof.engine.frames import collect, day_of
from stageproof.engine.kept import Kept
from stageproof.engine.measures.retention import STATES, contracts_due, retention
from stageproof.engine.money import exponent
from stageproof.engine.period import Period
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.figures import why
from stageproof.web.policy import EVERYONE, policy

ROWS = 100
WORDS = {
    "renewed": "renewed",
    "open": "renewal open",
    "awaited": "not begun",
    "lapsed": "lapsed",
    "lost": "lost",
}
"""What a contract's state is called on the page."""
_URGENCY = {"lapsed": 0, "awaited": 1, "open": 1, "lost": 2, "renewed": 2}
"""How soon a contract in each state needs work, the most urgent first; the choices stand in this order, too."""

_COLUMNS = (
    "deal", "name", "account", "owner", "team", "renews_on", "amount", "currency", "value", "state", "renewed",
    "retained", "shrunk", "expanded",
)  # fmt: skip
_MONEY = ("value", "renewed", "retained", "shrunk", "expanded")

_drawn: Kept[Drawing | None] = Kept(64)


@dataclass(frozen=True)
class Contracts:
    """What a request asks for: the contracts of a period, in one state or in all."""

    moment: Moment
    pipeline: Pipeline
    period: Period
    state: str

    @property
    def rows(self) -> pl.DataFrame:
        """One row per contract, those that need work first, then by the day on which they are up."""
        found = collect(contracts_due(self.pipeline, self.period).select(*_COLUMNS))
        if self.state:
            found = found.filter(pl.col("state") == self.state)
        order = pl.col("state").replace_strict(_URGENCY, default=9)
        return found.sort(order, "renews_on", "deal")


@policy(*EVERYONE)
@require_safe
def expansion(request: HttpRequest) -> HttpResponse:
    """The renewals of a year or quarter as a page."""
    request.place = "expansion"  # type: ignore[attr-defined]
    actor, asked = actor_of(request), asked_of(request)
    pipeline = asked.pipeline
    (figures,) = retention(pipeline, period=asked.period).to_dicts()
    quarters = retention(pipeline, by=["quarter"]).to_dicts()
    rows = asked.rows
    without_day = nw.col("renews_on").is_null() & nw.col("follows").is_null()
    undated = collect(pipeline.deals.filter(nw.col("status") == "won", without_day).select("deal")).height
    page = max(int(request.GET.get("page", "1")) if request.GET.get("page", "1").isdigit() else 1, 1)
    shown = [
        {**row, "day": day_of(row["renews_on"]), "word": WORDS[row["state"]]}
        for row in rows.slice((page - 1) * ROWS, ROWS).to_dicts()
    ]
    context = {
        "asked": asked, "figures": figures, "rows": shown, "count": rows.height, "page_number": page,
        "pages": -(-rows.height // ROWS), "undated": undated, "states": [(name, WORDS[name]) for name in _URGENCY],
        "quarters": quarters, "drawing": _drawing(quarters, asked), "key": KEY, "types": TYPES,
        "periods": periods(asked), "has_pipeline": any(each.kind == EXPANSION for each in pipeline.definitions),
        "may_open": asked.moment.is_now and actor.may_write and actor.role not in NO_DEALS,
    }  # fmt: skip
    return render(request, "expansion.html", context)


@policy(*EVERYONE)
@require_safe
def expansion_export(request: HttpRequest) -> HttpResponseBase:
    """The contracts as CSV or XLSX, amounts in major units."""
    asked = asked_of(request)
    places = exponent(asked.pipeline.currency)
    exact = [
        pl.col(name).cast(pl.Decimal(38, places)) / pl.lit(10**places).cast(pl.Decimal(38, 0))
        for name in _MONEY
    ]
    frame = asked.rows.drop("amount").with_columns(*exact, reporting_currency=pl.lit(asked.pipeline.currency))
    name = f"expansion-{asked.period.name}-{asked.moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


@policy(*EVERYONE)
@require_POST
def expansion_open(request: HttpRequest, key: str) -> HttpResponse:
    """Opens what follows a won deal, and goes to it."""
    kind = request.POST.get("deal_type", "renewal")
    opened = open_expansion(actor_of(request), key, deal_type=kind, now=timezone.now())
    return redirect("deal", opened.deal.key)


def asked_of(request: HttpRequest) -> Contracts:
    """What a request asks for; refused where the period is none."""
    moment = moment_of(request)
    pipeline = seen(actor_of(request), moment.pipeline)
    calendar, text = pipeline.book.calendar, request.GET.get("period", "")
    period = calendar.period(text) if text else calendar.containing(pipeline.on, "year")
    state = request.GET.get("state", "")
    return Contracts(moment, pipeline, period, state if state in STATES else "")


def periods(asked: Contracts) -> list[str]:
    """The years and quarters around the moment, and the one asked for."""
    calendar, on = asked.pipeline.book.calendar, asked.pipeline.on
    years = [calendar.containing(on.replace(year=on.year + step, day=1), "year") for step in (-1, 0, 1)]
    quarters = calendar.between(years[0].starts_on, years[-1].ends_on, "quarter")
    names = [each.name for each in (*years, *quarters)]
    return names if asked.period.name in names else [*names, asked.period.name]


def _drawing(quarters: list[dict[str, Any]], asked: Contracts) -> Drawing | None:
    currency, as_of = asked.pipeline.currency, None if asked.moment.is_now else asked.moment.on.isoformat()
    shown = [
        {**row, "href": why("retention", "due_amount", by="quarter", quarter=row["quarter"], as_of=as_of)}
        for row in quarters
    ]
    key = json.dumps([shown, currency])
    return _drawn.get(key, lambda: retention_chart(shown, currency=currency))
