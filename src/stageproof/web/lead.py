"""Lead: everything known of one lead, now or at a past day, and what is done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.lead_facts import likely_leads
from stageproof.actions.leads import (
    MERGES_LEADS,
    WORKS_LEADS,
    create_lead,
    disqualify_lead,
    edit_lead,
    find_lead,
    log_on_lead,
    merge_leads,
    qualify_lead,
    reopen_lead,
    touch_lead,
)
from stageproof.actions.seeing import seen
from stageproof.engine.frames import instant_of
from stageproof.engine.frameworks import FRAMEWORKS
from stageproof.engine.ideal_customer import Fit, fit_of
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import LeadVersion
from stageproof.records.models.marketing import LEAD_FACTS
from stageproof.web.answers import actor_of, in_dialog, wants_part
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.fields import instant_on
from stageproof.web.lead_fields import read_lead, values_of_lead
from stageproof.web.lead_history import lead_timeline, noted_span, touches_of
from stageproof.web.lead_list import lead_list, profile_of
from stageproof.web.leads import campaign_names, lead_owners
from stageproof.web.moves import version_given
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.undo import merged, toast_undo

FORM = (*LEAD_FACTS, "owner")


@dataclass(frozen=True)
class LeadAt:
    """A lead at an instant: its row in the list, and how well it fits."""

    row: dict[str, Any]
    fit: Fit | None


@policy(*EVERYONE)
@require_safe
def lead(request: HttpRequest, lead_id: str) -> HttpResponse:
    """The lead as a page; a merged one leads to the lead that took it in."""
    request.place = "leads"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    present = find_lead(lead_id)
    if present.lead != lead_id:
        return redirect("lead", present.lead)
    shown = lead_at(actor, moment, lead_id)
    editable = moment.is_now and actor.may_write and actor.role in WORKS_LEADS
    likely = likely_leads(values_of_lead(present), lead_id) if editable and actor.role in MERGES_LEADS else []
    frameworks = [name for each in moment.pipeline.definitions for name in each.frameworks] or list(
        FRAMEWORKS
    )
    context = {
        "lead": present, "shown": shown.row, "fit": shown.fit, "profile": profile_of(moment.pipeline),
        "editable": editable, "touches": touches_of(lead_id, instant_of(moment.pipeline.at)),
        "timeline": lead_timeline(lead_id, moment, editor=actor if editable else None), "likely": likely,
        "frameworks": [(name, FRAMEWORKS[name]) for name in dict.fromkeys(frameworks)],
        "reasons": _reasons(moment) if editable else [],
    }  # fmt: skip
    return render(request, "lead.html", context)


def lead_at(actor: Actor, moment: Moment, lead_id: str) -> LeadAt:
    """The lead as it was at the moment; NotFound where it had not come in, or is a deal that the actor may not see."""
    listed = lead_list(seen(actor, moment.pipeline))
    rows = [] if listed is None else listed.filter(lead=lead_id).to_dicts()
    if not rows:
        raise NotFound("lead", lead_id if moment.is_now else f"{lead_id} on {moment.on.isoformat()}")
    row = {
        **rows[0],
        **{name: None if rows[0][name] is None else instant_of(rows[0][name])
           for name in ("created_at", "answered_at", "qualified_at", "converted_at", "met_at")},
    }  # fmt: skip
    profile = profile_of(moment.pipeline)
    return LeadAt(row, fit_of(rows[0], profile) if profile else None)


def _reasons(moment: Moment) -> list[str]:
    """The reasons for which leads were disqualified so far, the most frequent first."""
    listed = lead_list(moment.pipeline)
    if listed is None:
        return []
    counted = listed["disqualified_reason"].drop_nulls().value_counts()
    ordered = counted.sort(["count", "disqualified_reason"], descending=[True, False])
    return list(ordered["disqualified_reason"].head(12))


@policy(*WORKS_LEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def lead_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new lead's facts, or creates it; a likely duplicate is shown before."""
    request.place = "leads"  # type: ignore[attr-defined]
    problems: list[Problem] = []
    if request.method == "POST":
        try:
            facts = {
                name: value for name, value in read_lead(request.POST.dict()).items() if value is not None
            }
            similar = request.POST.get("even_if_similar") == "on"
            made = create_lead(
                actor_of(request), now=timezone.now(), facts={"name": "", **facts}, even_if_similar=similar
            )
            messages.success(request, f"{made.name} is in the leads.")
            return redirect("lead", made.lead)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, None, problems)


@policy(*WORKS_LEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def lead_edit(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Asks for other facts of a lead, or takes them."""
    request.place = "leads"  # type: ignore[attr-defined]
    found, problems = find_lead(lead_id), []
    if request.method == "POST":
        before = values_of_lead(found)
        try:
            changes = read_lead(request.POST.dict())
            done = edit_lead(
                actor_of(request), lead_id, now=timezone.now(), changes=changes,
                expected_version=version_given(request),
            )  # fmt: skip
            undo = {
                "url": reverse("lead_edit", args=[lead_id]),
                "values": {**{name: before[name] for name in changes}, "expected_version": str(done.version)},
            }
            return changed(request, lead_id, f"{done.name} is saved.", undo)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, found, problems)


@policy(*WORKS_LEADS)
@require_POST
def lead_touch(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Notes a touch."""
    given, now = request.POST, timezone.now()
    noted = touch_lead(
        actor_of(request), lead_id, source=given.get("source", ""), campaign=given.get("campaign"), now=now,
        touched_at=instant_on(given.get("touched_on", ""), "touched_on", now),
    )  # fmt: skip
    return changed(request, lead_id, "The touch is noted.", toast_undo(noted.seq))


@policy(*WORKS_LEADS)
@require_POST
def lead_activity(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Logs something that happened; the first of ours is the first response."""
    given, now = request.POST, timezone.now()
    logged = log_on_lead(
        actor_of(request), lead_id, kind=given.get("kind", ""), side=given.get("side", "seller"),
        subject=given.get("subject", ""), now=now,
        happened_at=instant_on(given.get("happened_on", ""), "happened_on", now),
    )  # fmt: skip
    return changed(request, lead_id, "It is on the timeline.", toast_undo(*noted_span(logged)))


@policy(*WORKS_LEADS)
@require_POST
def lead_qualify(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Qualifies the lead, for a reason or by a framework's answers."""
    given = request.POST
    framework = given.get("framework", "")
    answers = {each.name: given.get(f"answer {each.name}", "") for each in FRAMEWORKS.get(framework, ())}
    return _stated(
        request, lead_id,
        lambda: qualify_lead(
            actor_of(request), lead_id, now=timezone.now(), reason=given.get("reason", ""), framework=framework,
            answers=answers, expected_version=version_given(request),
        ),
        "is qualified",
    )  # fmt: skip


@policy(*WORKS_LEADS)
@require_POST
def lead_disqualify(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Disqualifies the lead with its reason."""
    return _stated(
        request, lead_id,
        lambda: disqualify_lead(
            actor_of(request), lead_id, reason=request.POST.get("reason", ""), now=timezone.now(),
            expected_version=version_given(request),
        ),
        "is disqualified",
    )  # fmt: skip


@policy(*WORKS_LEADS)
@require_POST
def lead_reopen(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Takes back that the lead is qualified or disqualified."""
    done = reopen_lead(
        actor_of(request), lead_id, now=timezone.now(), expected_version=version_given(request)
    )
    return changed(request, lead_id, f"{done.name} is worked on again.")


@policy(*MERGES_LEADS)
@require_POST
def lead_merge(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Takes another lead, which is the same, into this one."""
    kept = merge_leads(
        actor_of(request), winner=lead_id, loser=request.POST.get("loser", ""), now=timezone.now()
    )
    return merged(request, "lead", kept.lead, f"{kept.name} is one lead now; the history of both stays.")


def changed(
    request: HttpRequest, lead_id: str, text: str, undo: dict[str, Any] | None = None
) -> HttpResponse:
    """The answer to a change of a lead: the page anew, with a toast where a script asked."""
    if not wants_part(request):
        messages.success(request, text, extra_tags="" if not undo or undo["values"] else undo["url"])
        return redirect("lead", lead_id)
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {"done": "", "toast": {"text": text, "undo": undo}, "deal-changed": {"key": lead_id}}
    )
    return response


def _stated(request: HttpRequest, lead_id: str, verb: Callable[[], LeadVersion], says: str) -> HttpResponse:
    """The answer to another status, which may be taken back."""
    done = verb()
    undo = {"url": reverse("lead_reopen", args=[lead_id]), "values": {"expected_version": str(done.version)}}
    return changed(request, lead_id, f"{done.name} {says}.", undo)


def _form(request: HttpRequest, found: LeadVersion | None, problems: list[Problem]) -> HttpResponse:
    given: dict[str, Any] = request.POST.dict() or (values_of_lead(found) if found else {})
    listed = lead_list(moment_of(request).pipeline)
    context = {
        "lead": found, "given": given, "problems": problems, "owners": lead_owners(),
        "wrong": {problem.column: problem for problem in problems if problem.column},
        "version": given.get("expected_version", found.version if found else ""),
        "similar": [each for each in problems if each.code == "likely_duplicate"],
        "campaigns": [] if listed is None else campaign_names(listed),
        "sources": [] if listed is None else listed["source"].drop_nulls().unique().sort().to_list(),
    }  # fmt: skip
    page = "partials/lead_form.html" if wants_part(request) else "lead_form.html"
    response = render(request, page, context, status=422 if problems else 200)
    return in_dialog(request, response)
