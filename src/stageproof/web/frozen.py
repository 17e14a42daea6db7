"""Frozen readings: kept under a name, opened as they were, compared with now, and shared."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from stageproof.actions.freeze_reading import (
    body_as_frozen,
    compared,
    freeze_reading,
    frozen_reading,
    reading_then,
    recomputed,
)
from stageproof.actions.permission import SEES_ALL
from stageproof.actions.share_reading import SHARES, links_of, revoke_share, share_reading
from stageproof.charts.wording import listed as listed_words
from stageproof.charts.wording import short_text
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings.frozen import CAUSES
from stageproof.records.models import FrozenReading, Organisation, Person
from stageproof.records.tables import calendar_of
from stageproof.web.answers import actor_of
from stageproof.web.as_of import moment_of
from stageproof.web.beside import Beside
from stageproof.web.exports import as_csv
from stageproof.web.organisation import whole
from stageproof.web.paper import Cell, Line, Table, cell
from stageproof.web.policy import policy
from stageproof.web.reading_controls import look_of
from stageproof.web.reading_drawings import draw, leading
from stageproof.web.reading_papers import SHOWN, TITLES, paper_of
from stageproof.web.readings import as_pdf, chosen_of, in_major, listed, rows_behind, tabs, title_of

LASTS = [(7, "a week"), (14, "two weeks"), (30, "30 days"), (90, "90 days")]
CAUSED = {
    "altered": "Altered history", "late_arrivals": "Late arrivals", "rates": "Exchange rates",
    "definition": "Definition", "events": "Events since",
}  # fmt: skip
"""The causes for which a figure is not what it was, as people call them."""
CHOICES = [
    (reader, TITLES[reader]) for reader in ("board", "finance", "sales", "marketing", "reconciliation")
]


@policy(*SEES_ALL)
@require_POST
def reading_freeze(request: HttpRequest) -> HttpResponse:
    """Freezes what the address asks for, under the name given."""
    look = look_of(request)
    name = request.POST.get("name", "")
    row = freeze_reading(actor_of(request), name=name, asked=look.asked, now=timezone.now())
    messages.success(request, f"“{row.name}” is frozen. It will show these figures whenever it is opened.")
    return redirect("frozen_reading", row.pk, request.POST.get("reader") or "board")


@policy(*SEES_ALL)
@require_safe
def frozen(request: HttpRequest, number: int, reader: str) -> HttpResponse:
    """One reading of a frozen one, as it was shown."""
    row = _row(request, number, reader)
    return render(request, "frozen.html", _context(request, row, reader))


@policy(*SEES_ALL)
@require_safe
def frozen_check(request: HttpRequest, number: int) -> HttpResponse:
    """Whether the history still gives the same figures to the cent, as a part of the page."""
    request.place = "readings"  # type: ignore[attr-defined]
    row = frozen_reading(actor_of(request), number)
    same = recomputed(row) == row.body_digest
    return render(request, "partials/frozen_check.html", {"row": row, "same": same})


@policy(*SEES_ALL)
@require_safe
def frozen_deals(request: HttpRequest, number: int, reader: str) -> HttpResponseBase:
    """The deals behind a figure of a frozen reading, from the history as it was known then."""
    row = _row(request, number, reader)
    behind, chosen = request.GET.get("behind", ""), chosen_of(request)
    calendar = calendar_of(Organisation.objects.get())
    found = rows_behind(reading_then(row, reader), behind, chosen, calendar)
    if request.GET.get("format") == "csv":
        return as_csv(in_major(found, row.currency), f"{reader}-{behind}-frozen-{row.pk}")
    context = {
        **listed(request, found, row.currency), "title": title_of(body_as_frozen(row), reader, behind),
        "chosen": chosen, "reader": f"{TITLES[reader]}, frozen as “{row.name}”",
        "back": reverse("frozen_reading", args=[row.pk, reader]),
    }  # fmt: skip
    return render(request, "reading_deals.html", context)


@policy(*SEES_ALL)
@require_safe
def frozen_pdf(request: HttpRequest, number: int, reader: str) -> HttpResponse:
    """One reading of a frozen one as PDF."""
    row = _row(request, number, reader)
    body = body_as_frozen(row)
    paper = paper_of(body, reader, draw)
    return as_pdf(
        request, paper, body["head"], timezone.now(), name=f"{reader}-frozen-{row.pk}", frozen=row.name
    )


@policy(*SEES_ALL)
@require_safe
def frozen_compare(request: HttpRequest, number: int) -> HttpResponse:
    """Why each line of a frozen reading is not what it was: late arrivals, rates, definition, events."""
    row = _row(request, number, "reconciliation")
    now = moment_of(request)
    found = compared(row, now.pipeline)
    line, cause = request.GET.get("line", ""), request.GET.get("cause", "")
    context = {
        **comparison(found.lines, row.currency), "row": row, "who": frozen_by(row), "moment": now,
        "carry": f"&as_of={now.on.isoformat()}" if not now.is_now else "",
    }  # fmt: skip
    if line or cause:
        deals = found.deals(line, cause)  # type: ignore[arg-type]
        rows = found.lines.filter(pl.col("line") == line)
        context |= {**listed(request, deals, row.currency), "line": rows["title"][0], "cause": CAUSED[cause]}
    return render(request, "frozen_compare.html", context)


def comparison(lines: pl.DataFrame, currency: str) -> dict[str, Any]:
    """The comparison as a table, and the forecast's as a drawing and in a sentence."""
    causes = [cause for cause in CAUSES if cause != "altered" or any(lines["altered"].fill_null(0))]
    labels = [("Line", False), ("Then", True), *((CAUSED[each], True) for each in causes), ("Now", True)]
    told = []
    for each in lines.iter_rows(named=True):
        moved = [_moved(each, cause, currency) for cause in causes]
        ends = [cell(each[end], "money", currency) for end in ("then", "now")]
        told.append(Line([Cell(each["title"]), ends[0], *moved, ends[1]], strong=each["line"] == "forecast"))
    forecast = lines.filter(pl.col("line") == "forecast").row(0, named=True)
    steps = [
        {"line": "opening", "amount": forecast["then"]},
        *({"line": cause, "amount": forecast[cause]} for cause in causes),
        {"line": "closing", "amount": forecast["now"]},
    ]
    parts = [
        f"{CAUSED[cause].lower()} {'+' if forecast[cause] > 0 else ''}{short_text(forecast[cause], currency)}"
        for cause in causes
        if forecast[cause]
    ]
    before, after = (short_text(forecast[end], currency) for end in ("then", "now"))
    answer = (
        f"The forecast was {before} {currency} and is {after}: {listed_words(parts)}."
        if parts
        else f"The forecast is {after} {currency}, as it was."
    )
    return {
        "answer": answer, "drawing": draw("bridge", steps, currency),
        "same": not any(each[cause] for each in lines.iter_rows(named=True) for cause in causes),
        "table": Table("comparison", "Line by line", labels, told),
    }  # fmt: skip


def _moved(row: dict[str, Any], cause: str, currency: str) -> Cell:
    found = cell(row[cause], "money", currency)
    if not row[cause]:
        return found
    sign = "+" if row[cause] > 0 else ""
    return Cell(
        f"{sign}{found.text}", found.exact, True, f"?{urlencode({'line': row['line'], 'cause': cause})}"
    )


@policy(*SHARES)
@never_cache
@require_POST
@sensitive_variables("text", "link")
def frozen_share(request: HttpRequest, number: int) -> HttpResponse:
    """Makes a link to one of the readings, which is shown this once."""
    actor, now = actor_of(request), timezone.now()
    given, problems, link = request.POST.dict(), [], ""
    reader = given.get("reader", "")
    try:
        days = dt.timedelta(days=min(whole(given.get("days", "")), 1000))
        _, text = share_reading(actor, number, reader=reader, now=now, expires_at=now + days)
        link = request.build_absolute_uri(reverse("shared", args=[text]))
    except Refused as refused:
        problems = [
            Problem(each.code, each.says, each.remedy, column="days") if each.column == "expires_at" else each
            for each in refused.problems
        ]
    page = reader if reader in SHOWN else "board"
    row = _row(request, number, page)
    beside = Beside(problems, ("reader", "days"))
    context = {**_context(request, row, page), "link": link, "given": given, "wrong": beside}
    return render(request, "frozen.html", context, status=beside.status)


@policy(*SHARES)
@require_POST
def share_revoke(request: HttpRequest, link: int) -> HttpResponse:
    """Ends a link at once."""
    row = revoke_share(actor_of(request), link, now=timezone.now())
    messages.success(request, "The link is revoked: it leads nowhere any more.")
    return redirect("frozen_reading", row.frozen_id, row.reader)


def _row(request: HttpRequest, number: int, reader: str) -> FrozenReading:
    request.place = "readings"  # type: ignore[attr-defined]
    if reader not in SHOWN:
        raise Http404
    return frozen_reading(actor_of(request), number)


def _context(request: HttpRequest, row: FrozenReading, reader: str) -> dict[str, Any]:
    body = body_as_frozen(row)
    shares = actor_of(request).role in SHARES
    deals = reverse("frozen_deals", args=[row.pk, reader])
    return {
        "row": row, "paper": paper_of(body, reader, leading(draw, deals)), "who": frozen_by(row),
        "tabs": tabs("frozen_reading", (row.pk,), ""), "deals": deals,
        "pdf": reverse("frozen_pdf", args=[row.pk, reader]), "shares": shares, "now": timezone.now(),
        "links": [{"row": each, "title": TITLES[each.reader]} for each in links_of(row.pk)] if shares else [],
        "choices": CHOICES, "lasts": LASTS, "given": {"reader": reader, "days": "14"}, "wrong": Beside([], ()),
    }  # fmt: skip


def frozen_by(row: FrozenReading) -> str:
    """Who froze it, by name."""
    return Person.objects.filter(email=row.actor).values_list("name", flat=True).first() or row.actor
