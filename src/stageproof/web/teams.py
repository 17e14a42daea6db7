"""Teams: the tree of them, and who manages each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from stageproof.actions.conflict import NotFound
from stageproof.actions.people import TEAM, save_team
from stageproof.actions.permission import ADMINISTERS
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Person, Team
from stageproof.web.answers import actor_of
from stageproof.web.beside import Beside
from stageproof.web.organisation import small
from stageproof.web.policy import policy
from stageproof.web.settings_frame import show
from stageproof.web.sign_in import confirmed

DEEPEST = 4


@policy(*ADMINISTERS)
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def teams(request: HttpRequest) -> HttpResponse:
    """The tree of teams, or a new team."""
    return _form(request, None)


@policy(*ADMINISTERS)
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def team(request: HttpRequest, team_id: int) -> HttpResponse:
    """One team's name, place and manager as a form, or changes them."""
    held = Team.objects.filter(pk=team_id).first()
    if held is None:
        raise NotFound("team", str(team_id))
    return _form(request, held)


def _form(request: HttpRequest, held: Team | None) -> HttpResponse:
    given: dict[str, Any] = {"name": "", "parent": "", "manager": ""}
    if held is not None:
        given = {"name": held.name, "parent": held.parent_id or "", "manager": held.manager_id or ""}
    problems: list[Problem] = []
    if request.method == "POST":
        given |= {name: request.POST[name] for name in TEAM if name in request.POST}
        try:
            saved = save_team(
                actor_of(request), held.pk if held else None, facts=read(given), now=timezone.now()
            )
            messages.success(request, f"{saved.name} is saved.")
            return redirect("teams")
        except Refused as refused:
            problems = list(refused.problems)
    beside = Beside(problems, TEAM)
    everyone = Person.objects.filter(is_active=True).order_by("name")
    context = {
        "team": held, "tree": tree(), "given": given, "wrong": beside,
        "parents": [(each.pk, each.name) for each in Team.objects.order_by("name") if each != held],
        "managers": [(each.pk, each.name) for each in everyone],
    }  # fmt: skip
    return show(request, "teams.html", "teams", context, beside.status)


def read(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed, as the verb takes it; refused where a choice is none of the list."""
    found: dict[str, Any] = {"name": given["name"]}
    problems = []
    for name, model in (("parent", Team), ("manager", Person)):
        text = str(given[name])
        found[name] = model._default_manager.filter(pk=text).first() if small(text) else None
        if text and found[name] is None:
            says = f"There is no such {'team' if name == 'parent' else 'person'}."
            problems.append(Problem(f"wrong_{name}", says, "Choose one of the list.", column=name))
    if problems:
        raise Refused(problems)
    return found


def tree() -> list[dict[str, Any]]:
    """The teams in the order of the tree, each with its depth and how many people are in it."""
    below: dict[int | None, list[Team]] = {}
    for each in Team.objects.select_related("manager").order_by("name"):
        below.setdefault(each.parent_id, []).append(each)
    sizes: dict[int | None, int] = {}
    for place in Person.objects.filter(is_active=True).values_list("team_id", flat=True):
        sizes[place] = sizes.get(place, 0) + 1
    found: list[dict[str, Any]] = []

    def walk(parent: int | None, depth: int) -> None:
        for each in below.get(parent, []):
            found.append({"team": each, "depth": min(depth, DEEPEST), "people": sizes.get(each.pk, 0)})
            walk(each.pk, depth + 1)

    walk(None, 0)
    return found
