"""The effect of a draft on the live pipeline, and its publication."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from stageproof.actions.definition_impact import Affected, Impact, impact_of_draft
from stageproof.actions.definitions import compare_versions, publish_definition, with_aliases
from stageproof.actions.permission import DEFINES
from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import collect
from stageproof.engine.measures.coverage import coverage
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.qualification import QUALIFICATIONS
from stageproof.records.models import DefinitionVersion, Organisation
from stageproof.records.tables import pipeline_now
from stageproof.web.answers import actor_of
from stageproof.web.board import whole_number
from stageproof.web.definition import row_of, who
from stageproof.web.definition_draft import published_address
from stageproof.web.fields import day
from stageproof.web.policy import policy

ROWS = 50
LISTS = (
    ("loses", "Lose their qualification"),
    ("gains", "Become qualified"),
    ("others", "Change otherwise"),
    ("without", "Lose their stage"),
)


@policy(*DEFINES)
@require_http_methods(["GET", "HEAD", "POST"])
def definition_effect(request: HttpRequest, version: int) -> HttpResponse:
    """Shows what the draft would do to the open deals, or publishes it."""
    request.place = "definition"  # type: ignore[attr-defined]
    row = row_of(version)
    if row.published_at is not None and request.method != "POST":
        return redirect(published_address(row))
    given = request.POST if request.method == "POST" else request.GET
    stages = _mapping(given)
    problems: Sequence[Problem] = ()
    if request.method == "POST":
        try:
            published = publish_definition(
                actor_of(request), row.pipeline, row.version, now=timezone.now(), stages=stages,
                effective_from=day(given.get("effective_from", ""), "effective_from"),
            )  # fmt: skip
        except Refused as refused:
            problems = refused.problems
        else:
            messages.success(request, f"Version {published.version} of {published.pipeline} is published.")
            return redirect(published_address(published))
    context = {
        **_effect(request, row, stages),
        "problems": problems,
        "effective_from": given.get("effective_from", ""),
    }
    return render(request, "definition_effect.html", context, status=422 if problems else 200)


def _effect(request: HttpRequest, row: DefinitionVersion, stages: Mapping[str, str]) -> dict[str, Any]:
    now = timezone.now()
    found = impact_of_draft(actor_of(request), row.pipeline, row.version, now=now, stages=stages)
    present, draft = pipeline_now(now), read_definition(row.toml)
    known = {old: new for old, new in stages.items() if draft.position(new) is not None}
    mapped = with_aliases(draft, known)
    lists: dict[str, Sequence[Affected]] = {
        "loses": found.loses, "gains": found.gains, "others": found.others,
        "without": _without_stage(present, mapped),
    }  # fmt: skip
    asked = request.GET.get("show", "")
    show = asked if asked in lists else next((name for name, each in lists.items() if each), "loses")
    ordered = sorted(lists[show], key=lambda each: (-(each.amount or 0), each.deal))
    page = max(whole_number(request, "page", 1), 1)
    before = (
        DefinitionVersion.objects.filter(pipeline=row.pipeline, published_at__isnull=False)
        .order_by("-effective_from", "-version")
        .first()
    )
    today = day_at(now, Organisation.objects.get().zone)
    return {
        "row": row, "before": before, "impact": found, "drafter": who(row.drafted_by),
        "lists": [(name, label, len(lists[name])) for name, label in LISTS],
        "show": show, "rows": ordered[(page - 1) * ROWS : page * ROWS], "count": len(ordered), "page_number": page,
        "pages": max((len(ordered) + ROWS - 1) // ROWS, 1), "first_row": (page - 1) * ROWS + 1,
        "last_row": min(page * ROWS, len(ordered)), "amounts": _amounts(found), "today": today,
        "coverages": _coverages(present, mapped, today), "moves": _moves(present, draft, stages), "draft": draft,
        "changes": compare_versions(row.pipeline, before.version, row.version) if before else None,
    }  # fmt: skip


def _amounts(found: Impact) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "before": found.before[name],
            "after": found.after[name],
            "by": found.after[name] - found.before[name],
        }
        for name in QUALIFICATIONS
    ]


def _coverages(present: Pipeline, draft: Definition, today: dt.date) -> list[dict[str, Any]]:
    """Qualified coverage of this quarter and the next, under the rules in force and under the draft."""
    others = [each for each in present.definitions if each.pipeline != draft.pipeline]
    after = present.under(draft, *others)
    calendar, found = present.book.calendar, []
    quarter = calendar.containing(today, "quarter")
    for period in (quarter, calendar.next(quarter)):
        was, becomes = (coverage(each, period=period).row(0, named=True) for each in (present, after))
        if was["target"]:
            found.append({"period": period, "target": was["target"], "nominal": was["nominal"],
                          "before": was["qualified"], "after": becomes["qualified"]})  # fmt: skip
    return found


def _standing(present: Pipeline, pipeline: str) -> pl.DataFrame:
    frame = collect(present.open.select("deal", "name", "stage", "owner", "pipeline", "value"))
    mine = pl.col("pipeline") == pipeline
    return frame.filter(mine if len(present.definitions) > 1 else mine | pl.col("pipeline").is_null())


def _without_stage(present: Pipeline, draft: Definition) -> list[Affected]:
    """The open deals whose stage the draft does not have."""
    rows = _standing(present, draft.pipeline).drop_nulls("stage").iter_rows(named=True)
    return [
        Affected(row["deal"], row["name"], row["stage"], row["owner"], row["value"], row["stage"], "no stage")
        for row in rows
        if draft.position(row["stage"]) is None
    ]


def _moves(present: Pipeline, draft: Definition, stages: Mapping[str, str]) -> list[dict[str, Any]]:
    """The stages that deals stand in and the draft lacks: how many deals, and which stage takes their place."""
    counted = _standing(present, draft.pipeline).drop_nulls("stage").group_by("stage").len().sort("stage")
    return [
        {"stage": stage, "count": count, "to": stages.get(stage, "")}
        for stage, count in counted.iter_rows()
        if draft.position(stage) is None
    ]


def _mapping(given: Any) -> dict[str, str]:
    """Which stage takes the place of which, as chosen."""
    return {name.removeprefix("to-"): given[name] for name in given if name.startswith("to-") and given[name]}
