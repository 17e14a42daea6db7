"""Bulk changes of the pipeline table: one change for many deals, and what became of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from stageproof.actions.actor import Actor
from stageproof.actions.bulk import Outcome, bulk_edit, bulk_move
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Deal, Organisation
from stageproof.web.answers import actor_of, came_from
from stageproof.web.fields import read_facts
from stageproof.web.moves import UNDONE
from stageproof.web.policy import policy
from stageproof.web.undo import undo_url

CHANGES = ("owner", "close_on", "forecast_category", "move")
SAID = {"done": "Changed.", "unchanged": "Was so already."}


@dataclass(frozen=True)
class Line:
    """What became of one deal, in words."""

    key: str
    name: str
    text: str
    problems: tuple[Problem, ...]


@policy("rep", "manager", "pipeline owner", "admin")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """The same change for several deals, each decided on its own; the outcome is told per deal."""
    actor, given = actor_of(request), request.POST
    keys, what = given.getlist("deal"), given.get("what", "")
    problems = []
    if not keys:
        problems.append(
            Problem("no_deals", "No deal is selected.", "Tick the deals that are to change.", column="deal")
        )
    if what not in CHANGES:
        problems.append(
            Problem("wrong_what", "It is not said what is to change.", "Choose one.", column="what")
        )
    if problems:
        raise Refused(problems)
    before = {each.key: each for each in Deal.objects.filter(key__in=keys)}
    outcomes = _outcomes(actor, keys, what, given.get(what, ""), given.get("lost_reason", ""), timezone.now())
    moved = [before[each.deal] for each in outcomes if what == "move" and each.seq is not None]
    places = [(each.key, place) for each in moved if (place := _place(each))]
    return _told(request, outcomes, undo=_way_back(outcomes, what), moved=places)


@policy("rep", "manager", "pipeline owner", "admin")
@require_POST
def bulk_back(request: HttpRequest) -> HttpResponse:
    """Several deals back to where each was, as far as the gate lets them; the outcome is told per deal."""
    actor, now = actor_of(request), timezone.now()
    keys, places = request.POST.getlist("deal"), request.POST.getlist("to")
    theirs: dict[str, list[str]] = {}
    for key, place in zip(keys, places, strict=False):
        theirs.setdefault(place, []).append(key)
    found = {
        each.deal: each
        for place, deals in theirs.items()
        for each in bulk_move(actor, deals, to=place, now=now, reason=UNDONE, lost_reason=UNDONE)
    }
    return _told(request, [found[key] for key in keys if key in found])


def _told(
    request: HttpRequest,
    outcomes: Sequence[Outcome],
    *,
    undo: str = "",
    moved: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    lines = lines_of(outcomes)
    context = {
        "outcomes": lines,
        "noun": "deal",
        "done": sum(not each.problems for each in lines),
        "refused": sum(bool(each.problems) for each in lines),
        "undo": undo,
        "moved": moved,
        "back": came_from(request) if came_from(request) != "/" else reverse("pipeline"),
    }
    return render(request, "bulk.html", context)


def _place(deal: Deal) -> str:
    """Where a move leads back to: a stage, or won or lost; blank where the deal was in no stage."""
    return deal.stage or "" if deal.status == "open" else deal.status


def _way_back(outcomes: Sequence[Outcome], what: str) -> str:
    """Where an edit of many is undone; moves go back through the gate."""
    seqs = [each.seq for each in outcomes if each.seq is not None]
    return undo_url(min(seqs), max(seqs)) if seqs and what != "move" else ""


def _outcomes(
    actor: Actor, keys: Sequence[str], what: str, value: str, lost_reason: str, now: dt.datetime
) -> list[Outcome]:
    if what == "move":
        return bulk_move(actor, keys, to=value, now=now, lost_reason=lost_reason)
    changes = read_facts({what: value}, [what], Organisation.objects.get().currency)
    return bulk_edit(actor, keys, changes=changes, now=now)


def lines_of(outcomes: Sequence[Outcome]) -> list[Line]:
    """The outcomes with the names of the deals that the person may see."""
    seen = [each.deal for each in outcomes if each.status != "not_found"]
    names = dict(Deal.objects.filter(key__in=seen).values_list("key", "name"))
    return [
        Line(each.deal, names.get(each.deal, each.deal), SAID.get(each.status, "Not changed."), each.problems)
        for each in outcomes
    ]
