"""Deal: everything known of one deal, now or at a past day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import NO_DEALS, create_deal, edit_deal, find_deal
from stageproof.actions.evidence import VERIFIES
from stageproof.actions.permission import forbid, may_edit
from stageproof.engine.frames import day_of, instant_of
from stageproof.engine.money import Money
from stageproof.engine.problem import Refused
from stageproof.engine.proof import ROLES
from stageproof.records.models import Account, Contact, Deal, Organisation, Person
from stageproof.records.models.accounts import HERE
from stageproof.records.models.deals import CATEGORIES
from stageproof.records.tables import book, definitions_in_force
from stageproof.web.answers import actor_of, in_dialog, wants_part
from stageproof.web.as_of import moment_of
from stageproof.web.cards import what_of
from stageproof.web.deal_history import drawings, timeline
from stageproof.web.fields import read_facts
from stageproof.web.mending import people_of
from stageproof.web.one_deal import DealAt, deal_at
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.score_cards import score_cards

FORM = (
    "name", "account", "amount", "currency", "close_on", "owner", "forecast_category", "next_step", "next_step_on",
    "source", "campaign", "segment", "product", "competitor", "deal_type", "renews_on",
)  # fmt: skip


@policy(*EVERYONE)
@require_safe
def deal(request: HttpRequest, key: str) -> HttpResponse:
    """The deal as a page."""
    return render(request, "deal.html", page_of(request, key))


def page_of(request: HttpRequest, key: str) -> dict[str, Any]:
    """What the page of a deal shows; NotFound where it did not exist at that moment."""
    request.place = "board"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    row = find_deal(actor, key)
    at = moment.pipeline.at
    shown = deal_at(book(), key, at)
    if shown is None:
        raise NotFound("deal", f"{key} on {moment.on.isoformat()}" if not moment.is_now else key)
    editable = moment.is_now and may_edit(actor, row)
    people = people_of(row)
    return {
        "deal": row,
        "shown": shown,
        "facts": facts_of(shown),
        "what": what_of(shown.row["name"] or key, shown.row["account"] or ""),
        "editable": editable,
        "verifies": editable and actor.role in VERIFIES,
        "committee": committee(shown, people),
        "evidence": evidence(shown),
        "scores": score_cards(shown),
        "timeline": timeline(row, moment, editor=actor if editable else None),
        "drawings": drawings(row, moment),
        "people": people if editable else [],
        "roles": ROLES,
        "heard_on": heard_on(shown),
    }


def facts_of(shown: DealAt) -> dict[str, Any]:
    """The facts of the deal at the moment, with real dates."""
    row = dict(shown.row)
    for name, value in shown.row.items():
        if value is None:
            continue
        if name.endswith("_on"):
            row[name] = day_of(value)
        elif name.endswith("_at"):
            row[name] = instant_of(value)
    return row


def committee(shown: DealAt, known_people: Sequence[Contact]) -> list[dict[str, Any]]:
    """The buying committee: who, in which roles, and when last seen; whoever took part last comes first."""
    people: dict[str, dict[str, Any]] = {}
    for role in shown.table("roles"):
        each = people.setdefault(
            role["contact"],
            {"name": role["contact"], "title": role["title"], "roles": [], "engaged_at": None},
        )
        each["roles"].append(role["role"])
        seen = role["engaged_at"]
        if seen is not None and (each["engaged_at"] is None or seen > each["engaged_at"]):
            each["engaged_at"] = seen
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
    now = shown.pipeline.on
    for each in people.values():
        each["days"] = None if each["engaged_at"] is None else (now - each["engaged_at"].date()).days
    known = {each.name: each.pk for each in known_people}
    for each in people.values():
        each["id"] = known.get(each["name"])
    return sorted(people.values(), key=lambda each: each["engaged_at"] or oldest, reverse=True)


def evidence(shown: DealAt) -> list[dict[str, Any]]:
    """The evidence in force, newest first; waivers are among it, marked."""
    rows = shown.table("evidence")
    return sorted(rows, key=lambda each: each["given_at"], reverse=True)


def heard_on(shown: DealAt) -> dt.datetime | None:
    """When the buyer last took part in anything."""
    times = [each["happened_at"] for each in shown.table("activities") if each["side"] == "buyer"]
    return max(times, default=None)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def deal_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new deal's facts, or creates it."""
    actor, problems = actor_of(request), []
    if actor.role in NO_DEALS:
        raise forbid("create deals")
    given = {**request.GET.dict(), **request.POST.dict()}
    if request.method == "POST":
        try:
            facts = read_facts(given, list(FORM), Organisation.objects.get().currency)
            facts = {name: value for name, value in facts.items() if value is not None}
            done = create_deal(actor, now=timezone.now(), facts={**_pipeline(given), "name": "", **facts})
            messages.success(request, f"{done.deal.name} is in {done.deal.stage}.")
            return redirect("deal", done.deal.key)
        except Refused as refused:
            problems = list(refused.problems)
    given.setdefault("owner", actor.person.name if actor.person and actor.role in ("rep", "manager") else "")
    context = form_context(given, problems) | {
        "pipelines": [each.pipeline for each in definitions_in_force(timezone.now().date())]
    }
    return render(request, "deal_new.html", context, status=422 if problems else 200)


def _pipeline(given: dict[str, str]) -> dict[str, str]:
    return {"pipeline": given["pipeline"]} if given.get("pipeline") else {}


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def deal_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Asks for other facts, or takes them."""
    actor = actor_of(request)
    row = find_deal(actor, key)
    if not may_edit(actor, row):
        raise forbid("change this deal")
    problems: list[Any] = []
    if request.method == "POST":
        try:
            return _edited(request, row)
        except Refused as refused:
            problems = list(refused.problems)
    given = request.POST.dict() or values_of(row)
    page = "partials/deal_edit.html" if wants_part(request) else "deal_edit.html"
    context = form_context(given, problems) | {
        "deal": row,
        "version": given.get("expected_version", row.version),
    }
    response = render(request, page, context, status=422 if problems else 200)
    if wants_part(request):
        return in_dialog(request, response)
    return response


def _edited(request: HttpRequest, row: Deal) -> HttpResponse:
    given = request.POST.dict()
    changes = read_facts(given, list(FORM), row.currency)
    expected = given.get("expected_version", "")
    before = {name: values_of(row)[name] for name in changes}
    done = edit_deal(
        actor_of(request), row.key, now=timezone.now(), changes=changes,
        expected_version=int(expected) if expected.isdigit() else None,
    )  # fmt: skip
    undo = {
        "url": reverse("deal_edit", args=[row.key]),
        "values": {**before, "expected_version": str(done.deal.version)},
    }
    return changed(request, row.key, f"{done.deal.name} is saved.", undo)


def values_of(row: Deal) -> dict[str, str]:
    """The facts of a deal as a form shows them."""
    values = {name: getattr(row, name) for name in FORM}
    values["amount"] = None if row.amount is None else f"{Money(row.amount, row.currency).decimal:f}"
    return {name: "" if value is None else str(value) for name, value in values.items()}


def form_context(given: dict[str, str], problems: list[Any]) -> dict[str, Any]:
    """What a form of a deal's facts needs: what was typed, what is wrong by field, and the choices."""
    return {
        "given": given,
        "problems": problems,
        "wrong": {problem.column: problem for problem in problems if problem.column},
        "owners": Person.objects.filter(is_active=True, role__in=("rep", "manager")).order_by("name"),
        "accounts": Account.objects.filter(HERE).order_by("name").values_list("name", flat=True)[:500],
        "categories": CATEGORIES,
    }


def changed(request: HttpRequest, key: str, text: str, undo: dict[str, Any] | None = None) -> HttpResponse:
    """The answer to a change of a deal: the page anew, with a toast where a script asked."""
    if not wants_part(request):
        # What takes values to undo is offered by the script alone; the form that was sent does as well.
        messages.success(request, text, extra_tags="" if not undo or undo["values"] else undo["url"])
        return redirect("deal", key)
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {"done": "", "toast": {"text": text, "undo": undo}, "deal-changed": {"key": key}}
    )
    return response
