"""Readings: the four of one moment, the statement that ties them, and the deals behind each figure."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from stageproof.actions.freeze_reading import frozen_readings
from stageproof.actions.permission import SEES_ALL
from stageproof.charts.wording import percent_text
from stageproof.engine.money import Money
from stageproof.engine.period import Calendar, day_at
from stageproof.engine.readings import Reading, Statement, Where
from stageproof.records.models import Deal, Organisation
from stageproof.web.board import whole_number
from stageproof.web.cards import what_of
from stageproof.web.exports import as_csv
from stageproof.web.figures import why
from stageproof.web.filters import ANY_RISK
from stageproof.web.paper import Paper
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.reading_controls import Look, look_of
from stageproof.web.reading_drawings import draw, leading, only, ready, without
from stageproof.web.reading_papers import ASKS, SHOWN, TITLES, paper_of
from stageproof.web.reading_pdf import SIZES, pdf_of

ROWS = 100
ALIKE = ("team", "pipeline", "status", "currency", "qualification")
"""The facts that need no column of their own where every row has the same."""
MOVES = "board"
"""The reading that says what moved, which takes a bridge."""
OVERVIEW = {
    "sales": ("nominal", "qualified", "closing_soon"),
    "marketing": ("qualified_leads", "created", "qualified"),
    "finance": ("expected", "won", "forecast"),
    "board": ("forecast", "target", "qualified_share"),
}
"""The figures of each reading that stand at a glance."""

WHY = {
    "nominal": ("open_pipeline", "open_amount", False),
    "qualified": ("open_pipeline", "qualified_amount", False),
    "waived": ("open_pipeline", "waived_amount", False),
    "unverifiable": ("open_pipeline", "unverifiable_amount", False),
    "unqualified": ("open_pipeline", "unqualified_amount", False),
    "won": ("bookings", "won_amount", True),
    "target": ("coverage", "target", True),
    "coverage_nominal": ("coverage", "nominal", True),
    "coverage_qualified": ("coverage", "qualified", True),
    "coverage_remaining": ("coverage", "remaining", True),
}
"""The measure that each figure is, its column, and whether it is asked for the period."""


@policy(*EVERYONE)
@require_safe
def readings(request: HttpRequest) -> HttpResponse:
    """The four readings at a glance, and the frozen ones."""
    request.place = "readings"  # type: ignore[attr-defined]
    look = look_of(request)
    body, scope = look.body(), look.scope
    papers = [paper_of(body, reader, without, scope=scope) for reader in SHOWN]
    glances = [
        {"paper": each, "figures": [figure for figure in (*each.large, *each.small)
                                    if figure.name in OVERVIEW.get(each.reader, ())],
         "url": reverse("reading", args=[each.reader]) + look.query}
        for each in papers
    ]  # fmt: skip
    context = {
        **shell(look),
        "glances": glances,
        "head": papers[0].head,
        "frozen": frozen_readings(look.actor),
    }
    return render(request, "readings.html", context)


@policy(*EVERYONE)
@require_safe
def reading(request: HttpRequest, reader: str) -> HttpResponse:
    """One reading, or the statement, with its drawings and tables."""
    request.place = "readings"  # type: ignore[attr-defined]
    if reader not in SHOWN:
        raise Http404
    look = look_of(request)
    deals, carry = reverse("reading_deals", args=[reader]), look.query[1:]
    drawn = leading(draw if "charts" in request.GET else ready, deals, carry)
    paper = paper_of(look.body(moved=reader == MOVES), reader, drawn, scope=look.scope)
    narrowed = {name: look.given[name] for name in ("owner", "team", "as_of") if name in look.given}
    risky = urlencode([("risk", ANY_RISK), *narrowed.items()])
    context = {
        **shell(look), "paper": paper, "tabs": tabs("reading", (), look.query),
        "at_risk": f"{reverse('pipeline')}?{risky}",
        "deals": deals, "carry": carry,
        "whys": whys(look, paper), "drawings": reverse("reading_drawing", args=[reader, "-"])[:-1],
        "pdf": reverse("reading_pdf", args=[reader]) + look.query,
    }  # fmt: skip
    return render(request, "reading.html", context)


@policy(*EVERYONE)
@require_safe
def reading_drawing(request: HttpRequest, reader: str, drawing: str) -> HttpResponse:
    """One drawing of a reading, which its page asks for once it is open."""
    if reader not in SHOWN:
        raise Http404
    look = look_of(request)
    drawn = leading(only(drawing), reverse("reading_deals", args=[reader]), look.query[1:])
    paper = paper_of(look.body(moved=reader == MOVES), reader, drawn, scope=look.scope)
    section = next((each for each in paper.sections if each.drawing is not None), None)
    if section is None:
        raise Http404
    return render(request, "partials/reading_drawing.html", {"section": section})


@policy(*EVERYONE)
@require_safe
def reading_deals(request: HttpRequest, reader: str) -> HttpResponseBase:
    """The deals behind a figure of a reading, or behind one row of a table, as a list or as CSV."""
    request.place = "readings"  # type: ignore[attr-defined]
    if reader not in SHOWN:
        raise Http404
    look = look_of(request)
    behind, chosen = request.GET.get("behind", ""), chosen_of(request)
    found = rows_behind(look.reading(reader), behind, chosen, look.pipeline.book.calendar)
    if request.GET.get("format") == "csv":
        return as_csv(
            in_major(found, look.pipeline.currency), f"{reader}-{behind}-{look.moment.on.isoformat()}"
        )
    title = title_of(look.body(moved=reader == MOVES), reader, behind)
    context = {
        **shell(look), **listed(request, found, look.pipeline.currency), "title": title, "chosen": chosen,
        "reader": TITLES[reader], "back": reverse("reading", args=[reader]) + look.query,
    }  # fmt: skip
    return render(request, "reading_deals.html", context)


@policy(*EVERYONE)
@require_safe
def reading_pdf(request: HttpRequest, reader: str) -> HttpResponse:
    """One reading, or the statement, as PDF on A4 or Letter."""
    if reader not in SHOWN:
        raise Http404
    look = look_of(request)
    body = look.body(moved=reader == MOVES)
    name = f"{reader}-{look.moment.on.isoformat()}"
    return as_pdf(
        request, paper_of(body, reader, draw, scope=look.scope), body["head"], look.moment.now, name=name
    )


def as_pdf(
    request: HttpRequest, paper: Paper, head: Any, now: Any, *, name: str, frozen: str = ""
) -> HttpResponse:
    """The paper as a PDF download; a frozen one says its name on every page."""
    organisation = Organisation.objects.get()
    size: Any = request.GET.get("paper", "a4")
    stamp = f"As of {head['on']}" + (f", frozen as {frozen}" if frozen else "")
    foot = f"{organisation.name}, made {day_at(now, organisation.zone).isoformat()}"
    pdf = pdf_of(
        paper, organisation=organisation.name, stamp=stamp, foot=foot, at=now, size=size if size in SIZES else "a4"
    )  # fmt: skip
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def shell(look: Look) -> dict[str, Any]:
    """What every page of readings has around it."""
    return {
        "look": look, "filters": look.filters, "filtered": bool(set(look.given) - {"as_of"}),
        "may_freeze": look.actor.role in SEES_ALL and look.actor.may_write,
    }  # fmt: skip


def tabs(name: str, given: tuple[Any, ...], query: str) -> list[dict[str, str]]:
    """The five papers to go to."""
    return [
        {"reader": reader, "title": TITLES[reader].removesuffix(" reading"), "asks": ASKS[reader],
         "url": reverse(name, args=[*given, reader]) + query}
        for reader in SHOWN
    ]  # fmt: skip


def whys(look: Look, paper: Paper) -> dict[str, str]:
    """The pages that explain the figures of a paper, by name, for those that are a measure of their own."""
    found = {}
    for each in (*paper.large, *paper.small):
        if each.name in WHY and look.pipelines is None:
            measure, column, of_period = WHY[each.name]
            asked: dict[str, Any] = {name: values[0] for name, values in look.where.items()}
            if of_period:
                asked["period"] = look.period
            moment = {name: look.given.get(name) for name in ("as_of", "known_at")}
            found[each.name] = why(measure, column, **asked, **moment)
    return found


def chosen_of(request: HttpRequest) -> Where:
    """Which rows of a table are meant: `of.owner=Ann`, blank for those without."""
    return {
        name.removeprefix("of."): [value or None for value in request.GET.getlist(name)]
        for name in request.GET
        if name.startswith("of.")
    }


def rows_behind(reading: Reading | Statement, behind: str, chosen: Where, calendar: Calendar) -> pl.DataFrame:
    """The deals behind a figure, those of the chosen rows of a table alone; of a month by their close date."""
    if "month" not in chosen or "close_on" not in reading.deals(behind).columns:
        return named(reading.deals(behind, chosen or None))
    found = reading.deals(behind, {name: values for name, values in chosen.items() if name != "month"})
    return named(found.filter(pl.any_horizontal([_closing_in(each, calendar) for each in chosen["month"]])))


def _closing_in(month: str | None, calendar: Calendar) -> pl.Expr:
    if month is None:
        return pl.col("close_on").is_null()
    period = calendar.period(month)
    return pl.col("close_on").is_between(period.starts_on, period.ends_on)


def listed(request: HttpRequest, found: pl.DataFrame, currency: str) -> dict[str, Any]:
    """A page of a list of deals, with the sums of all of it."""
    pages = max(1, -(-found.height // ROWS))
    page = min(max(whole_number(request, "page", 1), 1), pages)
    rows = list(found.slice((page - 1) * ROWS, ROWS).iter_rows(named=True))
    alike = same_in_all(found, currency)
    for row in rows:
        if row.get("deal") and row.get("name"):
            row["name"] = what_of(row["name"], row.get("account") or "")
        if "probability" in row:
            row["probability"] = percent_text(row["probability"])
    sums = {
        name: int(found[name].fill_null(0).sum()) for name in ("value", "expected", "amount")
        if name in found.columns and (name != "amount" or "value" not in found.columns)
    }  # fmt: skip
    return {
        "rows": rows, "columns": [name for name in found.columns if name not in alike],
        "alike": [str(value) for value in alike.values() if value is not None],
        "noun": "deal" if "deal" in found.columns and found["deal"].is_unique().all() else "row",
        "count": found.height, "page_number": page, "pages": pages, "sums": sums, "list_currency": currency,
        "csv": f"?{urlencode([*_pairs(request), ('format', 'csv')])}",
    }  # fmt: skip


def same_in_all(found: pl.DataFrame, currency: str) -> dict[str, Any]:
    """The facts that every row has alike, which are said once; None for those that say nothing at all.

    Converted amounts say nothing where all are in the currency of the list already.
    """
    alike = {name: found[name][0] for name in ALIKE if name in found.columns and found[name].n_unique() == 1}
    if alike.get("currency") == currency and {"amount", "value"} <= set(found.columns):
        alike["value"] = None
    return alike


def named(found: pl.DataFrame) -> pl.DataFrame:
    """The deals by name too, where a list has only their keys."""
    if "name" in found.columns or "deal" not in found.columns:
        return found
    rows = Deal.objects.filter(key__in=found["deal"].unique().to_list()).values_list("key", "name")
    names = pl.DataFrame(list(rows), schema={"deal": pl.String, "name": pl.String}, orient="row")
    joined = found.join(names, on="deal", how="left", maintain_order="left")
    return joined.select("deal", "name", *found.columns[1:])


def in_major(found: pl.DataFrame, currency: str) -> pl.DataFrame:
    """The deals with what is converted in major units too, and with the currency of lists that have none."""
    whole = [name for name in ("value", "expected") if name in found.columns]
    table = found.with_columns(
        pl.Series(
            name,
            [None if each is None else str(Money(each, currency).decimal) for each in found[name]],
            pl.String,
        )
        for name in whole
    )
    return table if "currency" in table.columns else table.with_columns(currency=pl.lit(currency))


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name in request.GET
        if name not in ("page", "format")
        for value in request.GET.getlist(name)
    ]


def title_of(body: Any, reader: str, behind: str) -> str:
    """What the deals behind a figure are called."""
    figures = {} if reader == "reconciliation" else body["readings"][reader]["figures"]
    for each in (*figures.values(), *body["statement"]["lines"]):
        if each["name"] == behind or each["behind"] == behind:
            return str(each["title"])
    return behind.replace("_", " ").capitalize()
