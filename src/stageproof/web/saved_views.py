"""Saved views: filters, columns and order under a name, one's own or shared with everyone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import SavedView
from stageproof.web.answers import actor_of
from stageproof.web.policy import EVERYONE, policy

PAGES = ("board", "pipeline", "leads")
LEFT_OUT = ("page", "as_of")


@dataclass(frozen=True)
class View:
    """A saved view as a link."""

    id: int
    name: str
    url: str
    own: bool
    shared: bool


def views_of(actor: Actor, page: str) -> list[View]:
    """The views of a page that the actor may use: the own and the shared ones."""
    mine = Q(person=actor.person) if actor.person else Q(pk__in=[])
    saved = SavedView.objects.filter(mine | Q(shared=True), page=page).order_by("name")
    return [
        View(each.pk, each.name, f"{reverse(page)}?{urlencode(each.query)}",
             each.person_id == (actor.person.pk if actor.person else None), each.shared)
        for each in saved
    ]  # fmt: skip


@policy(*EVERYONE)
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keeps the query of a page under a name; the same name again replaces it."""
    page, name = request.POST.get("page", ""), request.POST.get("name", "").strip()
    problems = []
    if page not in PAGES:
        problems.append(
            Problem(
                "wrong_page",
                "Views are saved of the board, the pipeline and the leads.",
                "Start there.",
                value=page,
            )
        )
    if not name or len(name) > 120:
        problems.append(
            Problem(
                "missing_name", "A view needs a name of up to 120 characters.", "Give it one.", column="name"
            )
        )
    if problems:
        raise Refused(problems)
    kept = {key: value for key, value in parse_qsl(request.POST.get("query", "")) if key not in LEFT_OUT}
    SavedView.objects.update_or_create(
        person=actor_of(request).person,
        page=page,
        name=name,
        defaults={"query": kept, "shared": request.POST.get("shared") == "on"},
    )
    return redirect(f"{reverse(page)}?{urlencode(kept)}")


@policy(*EVERYONE)
@require_POST
def forget_view(request: HttpRequest, view: int) -> HttpResponse:
    """Removes one of the person's own views."""
    found = SavedView.objects.filter(pk=view, person=actor_of(request).person).first()
    if found is None:
        raise NotFound("view", str(view))
    page = found.page
    found.delete()
    return redirect(page)
