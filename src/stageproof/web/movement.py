"""Movement: how the open pipeline of one instant became that of another, line by line, deal by deal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import narwhals as nw
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.charts.bridge import Group, bridge_chart, bridges_chart, largest
from stageproof.charts.wording import day_text, period_text
from stageproof.engine.frames import collect, instant_of
from stageproof.engine.kept import Kept
from stageproof.engine.measures import MEASURES
from stageproof.engine.measures.asking import bridged
from stageproof.engine.measures.bridge import Bridge
from stageproof.engine.measures.figures import LINE_SAYS
from stageproof.engine.problem import Problem, Refused
from stageproof.web.as_of import asked_day
from stageproof.web.drawings import Sketch, asked_for, by_name
from stageproof.web.figures import why
from stageproof.web.measure_controls import MeasureLook, choices, exported, look_at
from stageproof.web.policy import EVERYONE, policy

OF = {"bridge": "All that is open", "qualified_bridge": "What is qualified"}
MODES = {"endpoints": "By endpoints: one line per deal", "events": "By events: every change"}
BYS = {"": "Not cut", "team": "By team", "owner": "By owner", "source": "By source", "stage": "By stage"}
BRIDGES = 8
"""How many bridges of a moment a process keeps ready."""


@dataclass(frozen=True)
class Movement:
    """A bridge as it is asked for: from when, of what, how, cut by what."""

    look: MeasureLook
    start_on: dt.date
    of: str
    mode: str
    by: str
    late: bool

    @property
    def given(self) -> dict[str, Any]:
        """The bridge's arguments."""
        look = self.look
        start = instant_of(look.whole.book.instant(self.start_on))
        given: dict[str, Any] = {"start": start, "mode": self.mode}
        if look.period is not None:
            given["period"] = look.period
        if look.where:
            given["where"] = look.where
        if self.by:
            given["by"] = (self.by,)
        if self.late:
            given["start_known_at"] = start
        return given

    @cached_property
    def bridge(self) -> Bridge:
        """The bridge, kept with the moment."""
        kept: Kept[Bridge] = self.look.whole.remember("bridges", lambda: Kept(BRIDGES))
        key = (self.of, repr(sorted(self.given.items())))
        return kept.get(key, lambda: bridged(MEASURES[self.of], self.look.whole, self.given))

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the whole that moved anything, each with the address of its deals."""
        whole = self._whole()
        return [
            {
                **row,
                "says": LINE_SAYS.get(row["line"], ""),
                "href": self.why(row["line"]),
                "count_href": self.why(row["line"], figure="count"),
            }
            for row in whole
        ]

    def _whole(self) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for row in self.bridge.lines.iter_rows(named=True):
            line = found.setdefault(row["line"], {"line": row["line"], "count": 0, "amount": 0})
            line["count"] += row["count"]
            line["amount"] += row["amount"]
        return [line for line in found.values() if line["count"] or line["line"] in ("opening", "closing")]

    @cached_property
    def groups(self) -> list[dict[str, Any]]:
        """One row per group with its amount on each line."""
        found: dict[Any, dict[str, Any]] = {}
        for row in self.bridge.lines.iter_rows(named=True):
            group = row[self.by]
            cells = found.setdefault(group, {"group": group, "cells": {}})["cells"]
            cells[row["line"]] = {"amount": row["amount"], "count": row["count"],
                                  "href": self.why(row["line"], **{self.by: group}) if row["count"] else ""}  # fmt: skip
        return list(found.values())

    @cached_property
    def drawn(self) -> tuple[list[Group], list[Group]]:
        """The groups that are drawn, and the others, each as its name and the lines that moved anything."""
        moved = [row["line"] for row in self.lines]
        return largest([
            (each["group"] or f"no {self.by}", [{"line": line, **each["cells"][line]} for line in moved])
            for each in self.groups
        ])  # fmt: skip

    @property
    def others(self) -> dict[str, int]:
        """What the groups that are not drawn come to together: how many, at the opening and at the closing."""
        _, rest = self.drawn
        lines = [line for _, found in rest for line in found]
        ends = {
            name: sum(each["amount"] for each in lines if each["line"] == name)
            for name in ("opening", "closing")
        }
        return {"count": len(rest), **ends}

    @property
    def currencies(self) -> list[dict[str, Any]]:
        """One row per currency of the deals, in that currency; none where there is only the organisation's."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.bridge.per_currency.iter_rows(named=True):
            found.setdefault(row["currency"], {})[row["line"]] = row["amount"]
        shown = [
            {"currency": name, "cells": cells} for name, cells in sorted(found.items()) if any(cells.values())
        ]
        return shown if {each["currency"] for each in shown} - {self.bridge.currency} else []

    @property
    def lines_of_currencies(self) -> list[str]:
        """The lines on which any currency moved."""
        moved = {line for each in self.currencies for line, amount in each["cells"].items() if amount}
        return [line for line in self.bridge.names if line in moved]

    def why(self, line: str, figure: str = "amount", **group: Any) -> str:
        """The page with the deals of a line, and their changes."""
        late = {"start_known_at": self.start_on.isoformat()} if self.late else {}
        whole = {} if group else {"by": ""}
        as_of = None if self.look.moment.is_now else self.look.moment.on.isoformat()
        asked = {"start": self.start_on.isoformat(), "mode": self.mode, "period": self.look.period, "by": self.by,
                 "as_of": as_of, **self.look.links, **late}  # fmt: skip
        return why(self.of, figure, **{**asked, **whole, "line": line, **group})

    @property
    def sketches(self) -> list[Sketch]:
        """The bridge as a waterfall, and where it is cut a small one per group."""
        first, last = day_text(self.start_on), day_text(self.look.moment.on)
        of = "pipeline" if self.of == "bridge" else "qualified pipeline"
        within = f" closing in {period_text(self.look.period.name)}" if self.look.period else ""
        measure = f"Open amount{within} from the end of {first} to {last}, {self.look.currency}"
        currency, lines, by = self.look.currency, self.lines, self.by
        whole = Sketch(
            "bridge", [lines, measure, of],
            lambda: bridge_chart(lines, measure=measure, currency=currency, of=of),
        )  # fmt: skip
        if not by:
            return [whole]
        groups, _ = self.drawn
        cut = f"{measure}, by {by}, the largest first; all on one scale"
        small = Sketch(
            "bridges", [groups, cut], lambda: bridges_chart(groups, measure=cut, currency=currency, by=by)
        )
        return [whole, small]


@policy(*EVERYONE)
@require_safe
def movement(request: HttpRequest) -> HttpResponseBase:
    """The bridge as a page: its chart, its lines, cut by what is chosen, and per currency."""
    request.place = "movement"  # type: ignore[attr-defined]
    shown = movement_of(request)
    look, form = shown.look, request.GET.get("format", "csv")
    if what := request.GET.get("export"):
        return exported(
            look, shown.bridge.deals if what == "deals" else shown.bridge.lines, f"movement-{what}", form
        )
    if (part := asked_for(request, shown.sketches)) is not None:
        return part
    controls = [
        choices("of", "Of", OF, shown.of), choices("mode", "Mode", MODES, shown.mode),
        choices("by", "Cut", BYS, shown.by),
        replace(look.periods(ever="Closing at any time"), label="Closing in"),
    ]  # fmt: skip
    context = {
        "look": look, "shown": shown, "controls": controls, "dates": True, "start_on": shown.start_on,
        "presets": presets(look), "exports": [("lines", "Lines"), ("deals", "Deals and changes")],
        "moved": [row["line"] for row in shown.lines],
        **by_name(request, shown.sketches),
    }  # fmt: skip
    return render(request, "movement.html", context)


def movement_of(request: HttpRequest) -> Movement:
    """What a request asks for; refused where it begins after it ends."""
    look = look_at(request, ("start", "of", "mode", "by"), ever=True)
    on = look.moment.on
    start_on = asked_day(look.given.get("start", ""), on) or on - dt.timedelta(days=7)
    if start_on >= on:
        says = f"{start_on.isoformat()} is not before {on.isoformat()}, so nothing can have moved."
        raise Refused(
            [Problem("bridge_backwards", says, "Choose an earlier day to start from.", column="start")]
        )
    of, mode = look.one_of("of", tuple(OF), "bridge"), look.one_of("mode", tuple(MODES), "endpoints")
    return Movement(look, start_on, of, mode, look.one_of("by", tuple(BYS)), _known(look, start_on))


def presets(look: MeasureLook) -> list[dict[str, Any]]:
    """The usual stretches: a week, the month and the quarter to date, a quarter."""
    on, calendar, day = look.moment.on, look.whole.book.calendar, dt.timedelta(days=1)
    quarter, month = calendar.containing(on, "quarter"), calendar.containing(on, "month")
    starts = {
        "Week over week": on - 7 * day,
        "Month to date": month.starts_on - day,
        "Quarter to date": quarter.starts_on - day,
        "Since last quarter began": calendar.previous(quarter).starts_on - day,
        "Year to date": calendar.containing(on, "year").starts_on - day,
    }
    asked = asked_day(look.given.get("start", ""), on) or on - 7 * day
    return [
        {"label": label, "query": look.query(start=start.isoformat()), "chosen": start == asked}
        for label, start in starts.items()
        if start < on
    ]


def _known(look: MeasureLook, start_on: dt.date) -> bool:
    """Whether anything was known at the start, so that what was learned later can be told apart."""
    recorded = look.whole.book.tables["deals"].select(first=nw.col("recorded_at").min())
    first = look.whole.remember("known since", lambda: collect(recorded)["first"].item())
    return first is not None and first <= look.whole.book.instant(start_on)
