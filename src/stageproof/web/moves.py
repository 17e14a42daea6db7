"""Moves: a deal to a stage, won, lost or open again, as the gate decides; and what a refusal asks for."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from stageproof.actions.deals import Done, find_deal, move_deal
from stageproof.actions.gate import decide, definition_of
from stageproof.actions.permission import forbid, may_edit
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.stage_moves import LOST, WON, Refusal
from stageproof.records.models import Deal, Organisation
from stageproof.web.answers import actor_of, came_from, in_dialog, wants_part
from stageproof.web.as_of import moment_of
from stageproof.web.board import board_shown
from stageproof.web.deal_list import totals
from stageproof.web.mending import lacks, latest_expiry, mend, people_of
from stageproof.web.policy import EVERYONE, policy

UNDONE = "Undone at once."


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def deal_move(request: HttpRequest, key: str) -> HttpResponse:
    """Asks where to, or moves the deal."""
    actor, now = actor_of(request), timezone.now()
    if request.method != "POST":
        deal = find_deal(actor, key)
        if not may_edit(actor, deal):
            raise forbid("change this deal")
        context = {"deal": deal, "definition": definition_of(deal, now), "to": request.GET.get("to", "")}
        page = "partials/move.html" if wants_part(request) else "move.html"
        return in_dialog(request, render(request, page, context))
    return _moved(request, key, now, version_given(request))


@policy(*EVERYONE)
@require_POST
def deal_mend(request: HttpRequest, key: str) -> HttpResponse:
    """Records what was missing as far as it was filled in, then tries the move again."""
    actor, now = actor_of(request), timezone.now()
    deal = find_deal(actor, key)
    done = mend(actor, deal, request.POST.dict(), now=now, expected_version=version_given(request))
    # The move is tried after everything recorded just before it.
    return _moved(request, key, timezone.now(), done.version, wrong=done.wrong, recorded=done.recorded)


def _moved(
    request: HttpRequest,
    key: str,
    now: dt.datetime,
    expected_version: int | None,
    *,
    wrong: Mapping[str, Sequence[Problem]] | None = None,
    recorded: int = 0,
) -> HttpResponse:
    actor, to = actor_of(request), request.POST.get("to", "")
    reason, lost_reason = request.POST.get("reason", ""), request.POST.get("lost_reason", "")
    before = find_deal(actor, key)
    try:
        if wrong:
            raise Refused([each for problems in wrong.values() for each in problems])
        done = move_deal(
            actor,
            key,
            to=to,
            now=now,
            expected_version=expected_version,
            reason=reason,
            lost_reason=lost_reason,
        )
    except Refused as refused:
        problems = refused.problems if not wrong else _still_unmet(request, key, now)
        return _refusal(request, key, to, problems, now=now, wrong=wrong or {}, recorded=recorded)
    return _answer(request, before, done)


def _still_unmet(request: HttpRequest, key: str, now: dt.datetime) -> Sequence[Problem]:
    """What the gate would still refuse, for a move that is held back because a field was wrong."""
    deal = find_deal(actor_of(request), key)
    answer = decide([deal], to=request.POST.get("to", ""), now=now, reason=request.POST.get("reason", ""),
                    lost_reason=request.POST.get("lost_reason", ""))[deal.key]  # fmt: skip
    return answer.problems if isinstance(answer, Refusal) else ()


def _refusal(
    request: HttpRequest,
    key: str,
    to: str,
    problems: Sequence[Problem],
    *,
    now: dt.datetime,
    wrong: Mapping[str, Sequence[Problem]],
    recorded: int,
) -> HttpResponse:
    actor = actor_of(request)
    deal = find_deal(actor, key)
    context = {
        "deal": deal,
        "to": to,
        "target": {WON: "Won", LOST: "Lost"}.get(to.lower(), to),
        "lacks": lacks(actor, deal, problems, now=now, typed=request.POST.dict(), wrong=wrong),
        "unmet": sum(problem.code.startswith("criterion_") for problem in problems),
        "people": people_of(deal),
        "latest_expiry": latest_expiry(deal, now),
        "today": day_at(now, Organisation.objects.get().zone),
        "recorded": recorded,
        "reason": request.POST.get("reason", ""),
        "lost_reason": request.POST.get("lost_reason", ""),
        "on_board": request.POST.get("on_board", ""),
        "back": came_from(request) if came_from(request) != "/" else reverse("deal", args=[key]),
    }
    page = "partials/refusal.html" if wants_part(request) else "refusal.html"
    return in_dialog(request, render(request, page, context, status=422))


def _answer(request: HttpRequest, before: Deal, done: Done) -> HttpResponse:
    text = f"{done.deal.name} is now {place_of(done.deal)}."
    if not wants_part(request):
        messages.success(request, text)
        following = came_from(request)
        return redirect(following if following != "/" else reverse("deal", args=[done.deal.key]))
    response = _on_board(request, before, done) if request.POST.get("on_board") else HttpResponse(status=204)
    events: dict[str, Any] = {"done": "", "toast": {"text": text, "undo": _undo(request, before, done)}}
    events["moved" if request.POST.get("on_board") else "deal-changed"] = {"key": done.deal.key}
    response["HX-Trigger-After-Settle" if request.POST.get("on_board") else "HX-Trigger"] = json.dumps(events)
    return response


def _undo(request: HttpRequest, before: Deal, done: Done) -> dict[str, Any] | None:
    """The move back; None where there is no way back to what was."""
    if before.status != "open":
        values = {"to": before.status, "lost_reason": before.lost_reason or UNDONE}
    elif before.stage:
        values = {"to": before.stage, "reason": UNDONE}
    else:
        return None
    values |= {"expected_version": str(done.deal.version), "on_board": request.POST.get("on_board", "")}
    return {"url": reverse("deal_move", args=[done.deal.key]), "values": values}


def _on_board(request: HttpRequest, before: Deal, done: Done) -> HttpResponse:
    """The parts of the board that a move changes: the card, both columns' totals, and the whole."""
    moment = moment_of(request)
    board = board_shown(request, moment)
    definition = board.definition
    touched = {
        place
        for place in (definition.position(before.stage), definition.position(done.deal.stage))
        if place is not None
    }
    whole = totals(board.deals).row(0, named=True)
    landed = done.deal.status == "open"
    context = {
        "board": board,
        "columns": board.columns(touched, first=0),
        "whole": whole,
        "share": round(100 * whole["qualified"] / whole["amount"]) if whole["amount"] else 0,
        "key": done.deal.key,
        "position": definition.position(done.deal.stage) if landed else None,
        "cards": board.card(done.deal.key) if landed else [],
    }
    response = render(request, "partials/moved.html", context)
    response["HX-Reswap"] = "none"
    return response


def place_of(deal: Deal) -> str:
    """Where a deal is, in words."""
    return f"in {deal.stage}" if deal.status == "open" else deal.status


def version_given(request: HttpRequest) -> int | None:
    """The version that the person saw; None where the form has none."""
    text = request.POST.get("expected_version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
