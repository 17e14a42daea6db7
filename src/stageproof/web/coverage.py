"""Coverage: targets, progress and gap, whether what is open is enough, and what still has to be created."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.permission import SETS_TARGETS, visible_teams
from stageproof.charts.coverage import coverage_chart
from stageproof.charts.coverage_ahead import coverage_ahead_chart
from stageproof.charts.wording import period_text
from stageproof.engine.frames import instant_of
from stageproof.engine.period import Period
from stageproof.records.models import TargetVersion
from stageproof.web.drawings import Sketch, asked_for, by_name
from stageproof.web.figures import why
from stageproof.web.measure_controls import MeasureLook, choices, exported, look_at
from stageproof.web.policy import EVERYONE, policy

BYS = {"team": "Targets by team", "owner": "Targets by person"}
HISTORY = 30


@policy(*EVERYONE)
@require_safe
def coverage(request: HttpRequest) -> HttpResponseBase:
    """The coverage of a period as a page."""
    request.place = "coverage"  # type: ignore[attr-defined]
    look = look_at(request, ("by",))
    period = look.period
    assert period is not None
    by = look.one_of("by", tuple(BYS), "team")
    form, what = request.GET.get("format", "csv"), request.GET.get("export", "")
    tables: dict[str, tuple[str, dict[str, Any]]] = {
        "coverage": ("coverage", {"period": period}),
        "required": ("required_creation", {"period": period}),
        "targets": ("required_creation", {"period": period, "by": (by,)}),
        "bands": ("coverage", {"period": period, "by": ("band",)}),
        "ahead": ("coverage_ahead", {"period": period}),
    }
    if what in tables:
        measure, given = tables[what]
        return exported(look, look.table(measure, **given), f"coverage-{what}", form)
    cover, required = look.row("coverage", period=period), look.row("required_creation", period=period)
    ahead = look.rows("coverage_ahead", period=period)
    sketches = [_covered(look, period, cover), _periods(look, period, ahead)]
    if (part := asked_for(request, sketches)) is not None:
        return part
    targets = look.rows("required_creation", period=period, by=(by,))
    context = {
        "look": look, "period": period, "by": by, "cover": cover, "required": required,
        "targets": [row for row in targets if row["target"] is not None or row["open_amount"] or row["won_amount"]],
        "bands": look.rows("coverage", period=period, by=("band",)), "ahead": ahead,
        "history": history(look.actor, period, instant_of(look.whole.at)),
        "sets_targets": look.actor.role in SETS_TARGETS,
        "controls": [look.periods(), choices("by", "Targets", BYS, by)],
        "exports": [("coverage", "Coverage"), ("required", "Required creation"), ("targets", BYS[by]),
                    ("bands", "By stage band"), ("ahead", "Periods ahead")],
        **by_name(request, sketches),
    }  # fmt: skip
    return render(request, "coverage.html", context)


def history(actor: Actor, period: Period, at: dt.datetime) -> list[TargetVersion]:
    """Who had set which target of the period when by an instant, of those that the actor may see, the latest first."""
    rows = TargetVersion.objects.filter(
        starts_on__lte=period.ends_on, ends_on__gte=period.starts_on, valid_from__lte=at
    )
    teams = visible_teams(actor)
    if teams is not None:
        of_all = Q(owner__isnull=True, team__isnull=True)
        rows = rows.filter(of_all | Q(owner=actor.person) | Q(team__in=teams) | Q(owner__team__in=teams))
    found = list(rows.select_related("owner", "team").order_by("-seq")[:HISTORY])
    for row in found:
        # What was changed later still held then.
        row.valid_to = None if row.valid_to is not None and row.valid_to > at else row.valid_to
    return found


def _covered(look: MeasureLook, period: Period, cover: dict[str, Any]) -> Sketch:
    opened, said = look.row("open_pipeline", period=period), period_text(period.name)
    currency = look.currency
    return Sketch(
        "coverage", [opened, cover, said],
        lambda: coverage_chart(opened, cover, won_amount=cover["won_amount"], period=said, currency=currency),
    )  # fmt: skip


def _periods(look: MeasureLook, period: Period, ahead: list[dict[str, Any]]) -> Sketch:
    as_of = None if look.moment.is_now else look.moment.on.isoformat()
    linked = [
        {**row, "href": why("coverage_ahead", "open_amount", period=period, closing_in=row["closing_in"], as_of=as_of,
                            **look.links)}
        for row in ahead
    ]  # fmt: skip
    currency = look.currency
    return Sketch(
        "ahead", linked, lambda: coverage_ahead_chart(linked, currency=currency),
        f"Nothing is open for {period_text(period.name)} or the periods after it. {look.elsewhere}",
    )  # fmt: skip
