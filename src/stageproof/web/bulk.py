"""Bulk: one change for many deals, each through its own verb and the same gate."""

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
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.deals import edit_deal, find_deal, move_deal
from stageproof.actions.permission import Forbidden
from stageproof.engine.problem import Problem, Refused
from stageproof.web.answers import actor_of, came_from
from stageproof.web.fields import read_facts
from stageproof.web.policy import policy

CHANGES = ("owner", "close_on", "forecast_category", "move")
MOST = 500
"""How many deals one bulk change takes, so that nobody waits for a page that never comes."""


@dataclass(frozen=True)
class Outcome:
    """What became of one deal in a bulk change."""

    key: str
    name: str
    text: str
    problems: tuple[Problem, ...] = ()


@policy("rep", "manager", "pipeline owner", "admin")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """The same change for several deals, each decided on its own; the outcome is told per deal."""
    actor, given = actor_of(request), request.POST
    outcomes = change_all(actor, given.getlist("deal"), given.get("what", ""), given.get(given.get("what", ""), ""),
                          lost_reason=given.get("lost_reason", ""), now=timezone.now())  # fmt: skip
    context = {
        "outcomes": outcomes,
        "done": sum(not each.problems for each in outcomes),
        "refused": sum(bool(each.problems) for each in outcomes),
        "back": came_from(request) if came_from(request) != "/" else reverse("pipeline"),
    }
    return render(request, "bulk.html", context)


def change_all(
    actor: Actor, keys: Sequence[str], what: str, value: str, *, lost_reason: str, now: dt.datetime
) -> list[Outcome]:
    """What became of each deal; refused as a whole where nothing is chosen or the value cannot be read."""
    problems = []
    if not keys:
        problems.append(
            Problem("no_deals", "No deal is selected.", "Tick the deals that are to change.", column="deal")
        )
    if len(keys) > MOST:
        problems.append(
            Problem(
                "too_many_deals",
                f"{len(keys)} deals are too many at once.",
                f"Take up to {MOST}.",
                column="deal",
            )
        )
    if what not in CHANGES:
        problems.append(
            Problem(
                "wrong_what", "It is not said what is to change.", "Choose one of the actions.", column="what"
            )
        )
    if problems:
        raise Refused(problems)
    changes = {} if what == "move" else read_facts({what: value}, [what], "USD")
    return [_one(actor, key, what, value, changes, lost_reason, now) for key in dict.fromkeys(keys)]


def _one(
    actor: Actor,
    key: str,
    what: str,
    value: str,
    changes: dict[str, object],
    lost_reason: str,
    now: dt.datetime,
) -> Outcome:
    name = key
    try:
        name = find_deal(actor, key).name
        if what == "move":
            done = move_deal(actor, key, to=value, now=now, lost_reason=lost_reason)
            place = done.deal.stage if done.deal.status == "open" else done.deal.status
            return Outcome(key, name, f"Now {'in ' if done.deal.status == 'open' else ''}{place}.")
        edit_deal(actor, key, now=now, changes=changes)
    except Refused as refused:
        return Outcome(key, name, "Not changed.", tuple(refused.problems))
    except (Forbidden, NotFound, Conflict) as raised:
        return Outcome(key, name, "Not changed.", (raised.problem,))
    return Outcome(key, name, "Changed.")
