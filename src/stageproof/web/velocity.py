"""Velocity: what the pipeline yields per day, and which of its four levers moved it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.charts.bridge import bridge_chart
from stageproof.charts.wording import period_text
from stageproof.engine.frames import instant_of
from stageproof.engine.period import Period
from stageproof.web.drawings import Sketch, asked_for, by_name
from stageproof.web.figures import why
from stageproof.web.measure_controls import MeasureLook, choices, exported, look_at
from stageproof.web.policy import EVERYONE, policy

BYS = {"team": "By team", "owner": "By owner", "source": "By source", "segment": "By segment"}
LEVERS = {
    "open_deals": ("Open deals", "count", "open_count"),
    "deal_size": ("Average deal size", "money", "average_amount"),
    "win_rate": ("Win rate", "share", "win_rate"),
    "cycle_length": ("Cycle length", "days", "cycle_days"),
}
FEW = 20
"""Below so many closed deals a group's velocity says little, and says so."""


@policy(*EVERYONE)
@require_safe
def velocity(request: HttpRequest) -> HttpResponseBase:
    """Velocity as a page: its levers now and a period before, what each moved, and by group."""
    request.place = "velocity"  # type: ignore[attr-defined]
    look = look_at(request, ("by",), back=True)
    period = look.period
    assert period is not None
    by = look.one_of("by", tuple(BYS), "team")
    start_on = _start(look, period)
    start = instant_of(look.whole.book.instant(start_on))
    moved = look.rows("velocity_change", period=period, start=start)
    groups = look.rows("velocity", period=period, by=(by,))
    form, what = request.GET.get("format", "csv"), request.GET.get("export", "")
    if what == "levers":
        table = look.table("velocity_change", period=period, start=start)
        return exported(look, table, "velocity-levers", form)
    if what == "groups":
        return exported(look, look.table("velocity", period=period, by=(by,)), f"velocity-by-{by}", form)
    sketches = [_levers(look, period, start_on, moved)]
    if (part := asked_for(request, sketches)) is not None:
        return part
    closed = {row[by]: row for row in look.rows("win_rate", period=period, by=(by,))}
    context = {
        "look": look, "period": period, "by": by, "start_on": start_on,
        "before": look.whole.book.calendar.previous(period),
        "now": look.row("velocity", period=period), "levers": [_named(row) for row in moved], "whole": moved[0],
        "change": _change(moved),
        "groups": [{**row, **_closed(closed.get(row[by]))} for row in groups],
        "controls": [look.periods(), choices("by", "Groups", BYS, by)],
        "exports": [("levers", "What moved it"), ("groups", BYS[by])], "few": FEW,
        **by_name(request, sketches),
    }  # fmt: skip
    return render(request, "velocity.html", context)


def _start(look: MeasureLook, period: Period) -> dt.date:
    """The moment to compare with: as far into the period before as this one is, at the latest its end."""
    before = look.whole.book.calendar.previous(period)
    into = (min(look.moment.on, period.ends_on) - period.starts_on).days
    return min(before.starts_on + dt.timedelta(days=max(into, 0)), before.ends_on)


def _closed(rates: dict[str, Any] | None) -> dict[str, Any]:
    """How many deals of a group were won and lost, and whether they are few."""
    won, lost = (rates["won_count"], rates["lost_count"]) if rates else (0, 0)
    return {"won_count": won, "lost_count": lost, "few": won + lost < FEW}


def _named(row: dict[str, Any]) -> dict[str, Any]:
    label, unit, column = LEVERS[row["lever"]]
    whole = unit in ("count", "money")
    ends = {
        name: None if row[name] is None else round(row[name]) if whole else row[name]
        for name in ("before", "after")
    }
    return {**row, **ends, "label": label, "unit": unit, "column": column}


def _change(moved: list[dict[str, Any]]) -> int | None:
    first, last = moved[0]["velocity_before"], moved[0]["velocity_after"]
    return None if first is None or last is None else last - first


def _levers(look: MeasureLook, period: Period, start_on: dt.date, moved: list[dict[str, Any]]) -> Sketch:
    """From the velocity before to that of now, lever by lever."""
    as_of = None if look.moment.is_now else look.moment.on.isoformat()
    asked = {"period": period, "start": start_on.isoformat(), "as_of": as_of, **look.links}
    ends = [("opening", moved[0]["velocity_before"]), ("closing", moved[0]["velocity_after"])]
    lines = [
        {
            "line": row["lever"],
            "amount": row["moved"],
            "href": why("velocity_change", "moved", lever=row["lever"], **asked),
        }
        for row in moved
    ]
    before = look.whole.book.calendar.previous(period)
    moments = [(before, start_on.isoformat()), (period, as_of)]
    first, last = (
        {
            "line": line,
            "amount": amount,
            "href": why("velocity", "per_day", period=of, as_of=at, **look.links),
        }
        for (line, amount), (of, at) in zip(ends, moments, strict=True)
    )
    steps = [first, *lines, last]
    known = all(each["amount"] is not None for each in steps)
    currency = look.currency
    measure = f"Velocity per day of deals closed in {period_text(period.name)} against the period before, {currency}"
    return Sketch(
        "levers", [steps, measure],
        lambda: bridge_chart(steps, measure=measure, currency=currency, of="velocity", name="levers") if known else None,
    )  # fmt: skip
