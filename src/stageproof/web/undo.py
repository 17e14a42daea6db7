"""Undo: the way back from what was done by mistake, offered with the notice of it and in the history."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.directory import KEEPS, MERGES
from stageproof.actions.leads import MERGES_LEADS
from stageproof.actions.merges import last_merge
from stageproof.actions.permission import may_edit, visible_deals
from stageproof.actions.take_out import TAKEN_OUT
from stageproof.actions.undo_change import undo_changes, undoes
from stageproof.actions.undo_merge import undo_merge
from stageproof.records.models import AccountVersion, ContactVersion, Deal, DealVersion, Merge
from stageproof.web.answers import actor_of, came_from, wants_part
from stageproof.web.policy import EVERYONE, policy

SHOWN = 200


@policy(*EVERYONE)
@require_POST
def merge_undo(request: HttpRequest, merge: int) -> HttpResponse:
    """Makes two of what was made one."""
    done = undo_merge(actor_of(request), merge, now=timezone.now())
    return _undone(request, f"{done.loser_name} and {done.winner_name} are two again.", page_of(done))


@policy(*EVERYONE)
@require_POST
def change_undo(request: HttpRequest, first: int, last: int) -> HttpResponse:
    """Undoes changes that were made together."""
    count = undo_changes(actor_of(request), first, last, now=timezone.now())
    text = "Undone." if count == 1 else f"Undone; {count} are as they were."
    return _undone(request, text, reverse("home"))


@policy(*EVERYONE)
@require_safe
def taken_out(request: HttpRequest) -> HttpResponse:
    """What is no longer listed: what was taken out, and what became part of another; each with the way back."""
    request.place = "pipeline"  # type: ignore[attr-defined]
    actor = actor_of(request)
    context = {
        "deals": _deals_out(actor), "entries": _entries_out(actor), "merges": _merges_of(actor), "shown": SHOWN,
    }  # fmt: skip
    return render(request, "taken_out.html", context)


def _deals_out(actor: Actor) -> list[dict[str, Any]]:
    """The deals that the actor sees and that were taken out by hand, the last one first."""
    seen = Deal.objects.filter(visible_deals(actor), status="deleted")
    out = DealVersion.objects.filter(deal__in=seen, valid_to__isnull=True, change="deleted")
    rows = out.select_related("deal", "deal__owner").order_by("-seq")[:SHOWN]
    return [
        {
            "version": each,
            "undo": undo_url(each.seq) if may_edit(actor, each.deal) and undoes(actor, each.actor) else "",
        }
        for each in rows
    ]


def _entries_out(actor: Actor) -> list[dict[str, Any]]:
    """The accounts and contacts that were taken out, the last one first."""
    kept = actor.role in KEEPS
    out: list[tuple[AccountVersion | ContactVersion, str]] = []
    for model, word in ((AccountVersion, "account"), (ContactVersion, "contact")):
        rows = model._default_manager.filter(valid_to__isnull=True, change=TAKEN_OUT)
        out += [(each, word) for each in rows.order_by("-seq")[:SHOWN]]
    out.sort(key=lambda each: -each[0].seq)
    return [
        {
            "version": each,
            "word": word,
            "undo": undo_url(each.seq) if kept and undoes(actor, each.actor) else "",
        }
        for each, word in out[:SHOWN]
    ]


def _merges_of(actor: Actor) -> list[dict[str, Any]]:
    """The merges that were not undone, of deals those that the actor sees, the last one first."""
    rows = list(Merge.objects.filter(undone_at__isnull=True).order_by("-last_seq")[: SHOWN * 2])
    keys = {key for each in rows if each.word == "deal" for key in (each.winner, each.loser)}
    seen = {each.key: each for each in Deal.objects.filter(visible_deals(actor), key__in=keys)}
    found = []
    for each in rows:
        both = [seen.get(key) for key in (each.winner, each.loser)] if each.word == "deal" else []
        if None not in both:
            allowed = all(deal is not None and may_edit(actor, deal) for deal in both)
            may = allowed if both else actor.role in (MERGES_LEADS if each.word == "lead" else MERGES)
            url = reverse("merge_undo", args=[each.pk]) if may and actor.may_write else ""
            found.append({"merge": each, "page": page_of(each), "undo": url})
    return found[:SHOWN]


def undo_url(first: int, last: int | None = None) -> str:
    """Where a change is undone, or all up to another."""
    return reverse("change_undo", args=[first, last or first])


def toast_undo(first: int, last: int | None = None) -> dict[str, Any]:
    """The way back from a change as a toast offers it, or from all up to another."""
    return {"url": undo_url(first, last), "values": {}}


def offered(request: HttpRequest, text: str, url: str) -> None:
    """Says on the next page what was done, with a button that undoes it."""
    messages.success(request, text, extra_tags=url)


def merged(request: HttpRequest, word: str, winner: str | int, text: str) -> HttpResponse:
    """The page of the one of both, with what was done and the way back."""
    offered(request, text, reverse("merge_undo", args=[last_merge(word, winner).pk]))
    return redirect(word, winner)


def page_of(merge: Merge) -> str:
    """The page of the one that went on."""
    return reverse(merge.word, args=[merge.winner])


def _undone(request: HttpRequest, text: str, page: str) -> HttpResponse:
    if wants_part(request):
        events = {"done": "", "toast": {"text": text}, "deal-changed": {}, "list-changed": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(events)})
    messages.success(request, text)
    back = came_from(request)
    return redirect(page if back == "/" else back)
